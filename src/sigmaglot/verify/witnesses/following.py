"""What follows from other fields of an event: ids, booleans, names that stand in two fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Values = dict[str, Any]


def settled(category: str, values: Values) -> Values:
    """Return an event with what follows from other fields put right."""
    settle = SETTLE.get(category)
    return settle(dict(values)) if settle else values


def alike(field: str, values: Values) -> tuple[str, ...]:
    """Return the fields of an event that have the value of one of them, itself among them.

    They name the computer. A network connection names both of its ends; the one that opened it is
    the source.
    """
    if field not in {"Computer", "ComputerName"}:
        return (field,)
    accepted = str(values.get("Initiated", "")).lower() == "false"
    local = "DestinationHostname" if accepted else "SourceHostname"
    return (field, *sorted({"Computer", local} & values.keys() - {field}))


ALWAYS = frozenset({"Channel", "Provider_Name", "EventID", "SourceHostname", "DestinationHostname"})
"""Fields that no event lacks which can have them: Sysmon writes `-` for a host without a name."""


_REGISTRY_IDS = {"SetValue": "13", "RenameKey": "14", "RenameValue": "14"}
_WMI = {
    "WmiFilterEvent": ("19", ("EventNamespace", "Name", "Query")),
    "WmiConsumerEvent": ("20", ("Name", "Type", "Destination")),
    "WmiBindingEvent": ("21", ("Consumer", "Filter")),
}
_PIPE_IDS = {"CreatePipe": "17", "ConnectPipe": "18"}


def _settle_registry(values: Values) -> Values:
    kind = values.get("EventType")
    if kind == "SetValue" and values.get("EventID") in {"12", "14"}:
        kind = "CreateKey" if values["EventID"] == "12" else "RenameKey"
        values["EventType"] = kind
    values["EventID"] = _REGISTRY_IDS.get(str(kind), "12")
    if kind != "SetValue":
        values.pop("Details", None)
    if kind not in {"RenameKey", "RenameValue"}:
        values.pop("NewName", None)
    return values


def _settle_wmi(values: Values) -> Values:
    by_id = {number: kind for kind, (number, _) in _WMI.items()}
    if values.get("EventType") == "WmiConsumerEvent" and values.get("EventID") in by_id:
        values["EventType"] = by_id[values["EventID"]]
    number, kept = _WMI.get(str(values.get("EventType")), ("20", ()))
    values["EventID"] = number
    own = {name for _, names in _WMI.values() for name in names} - set(kept)
    return {name: value for name, value in values.items() if name not in own}


def _settle_pipe(values: Values) -> Values:
    return {**values, "EventID": _PIPE_IDS.get(str(values.get("EventType")), "17")}


def _settle_network(values: Values) -> Values:
    for side in ("Source", "Destination"):
        is_ipv6 = ":" in str(values.get(f"{side}Ip") or "")
        values[f"{side}IsIpv6"] = "true" if is_ipv6 else "false"
    return values


SETTLE: Mapping[str, Callable[[Values], Values]] = {
    "registry_event": _settle_registry,
    "pipe_created": _settle_pipe,
    "wmi_event": _settle_wmi,
    "network_connection": _settle_network,
}
"""How what follows from other fields is put right, for categories where something does."""
