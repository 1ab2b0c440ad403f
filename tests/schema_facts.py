"""What the facts of `shared/schemas` say about the columns of each log source, target by target.

Each function returns the checker of one target: a log source and a query to what the facts
contradict. Names are held against lists by event where the facts have such lists. Types are known
of Kusto's tables, of ECS and of Splunk's data models; Splunk's raw fields, LogPoint's, DNIF's and
CAR's have none in the facts, so only their names are checked. No facts file has Sentinel's tables:
those of `sigmaglot.verify.schemas` stand for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from query_columns import COLUMNS, car_objects, cim_comparisons, cim_dataset, dql_stream
from sigmaglot.verify.readers import kibana_kql, kusto
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.schemas import sentinel_tables

Checker = Callable[[str, str], list[str]]

SCHEMAS = Path(__file__).resolve().parents[2] / "shared" / "schemas"


@cache
def facts(name: str) -> Any:
    path = SCHEMAS / name
    if not path.is_file():
        pytest.skip("the schema facts are not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def texts(value: Any) -> Iterator[str]:
    """Return every text inside a value of JSON."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value or ():
        if not isinstance(value, str):
            yield from texts(one)


def beyond(columns: Iterable[str], known: Iterable[str]) -> list[str]:
    return [f"no column {name}" for name in sorted(set(columns) - set(known))]


def of_rules(source: str) -> set[str]:
    """Return the fields that the corpus' rules use for a log source: what its events may hold."""
    return set(facts("sigma_usage.json").get(source, {"fields": {}})["fields"])


# -- Kusto: columns and types, by table ---------------------------------------------------------

_ACTIONS = re.compile(r'\bActionType (?:==|=~|in~?) (?:\((?P<list>[^)]*)\)|(?P<one>"[^"]*"))')
_STRING = re.compile(r'"([^"]*)"')


def of_tables(tables: Mapping[str, Mapping[str, str]]) -> Checker:
    actions = {
        name: set(table.get("action_types", ()))
        for name, table in facts("defender_tables.json")["tables"].items()
    }

    def check(_source: str, text: str) -> list[str]:
        table = text.split(None, 1)[0]
        if table not in tables:
            return [f"no table {table}"]
        try:
            kusto.read(text, tables[table])
        except ReadError as error:
            return [str(error)]
        named = {
            value
            for found in _ACTIONS.finditer(text)
            for value in _STRING.findall(found["list"] or found["one"])
        }
        return [
            f"no action {name} in {table}" for name in sorted(named - actions.get(table, named))
        ]

    return check


def defender() -> Checker:
    tables = facts("defender_tables.json")["tables"]
    return of_tables(
        {
            name: {column: one["type"] for column, one in table["columns"].items()}
            for name, table in tables.items()
        }
    )


def sentinel() -> Checker:
    return of_tables(sentinel_tables())


# -- Kibana: fields and types, by event ---------------------------------------------------------

_EVENT_DATA = ("winlog.event_data.", "winlog.user_data.")
_SELECTORS = {
    "winlog.channel": "keyword",
    "event.code": "keyword",
    "winlog.provider_name": "keyword",
}
_BEYOND_ECS = {
    "event.outcome": "keyword",
    "log.level": "keyword",
    "process.name": "keyword",
    "process.parent.name": "keyword",
    "registry.data.type": "keyword",
    "registry.value": "keyword",
    "winlog.process.pid": "long",
    "powershell.command.value": "text",
}
"""Fields that the facts name in notes or not at all; types of the ECS and Winlogbeat references."""
_DERIVED = {
    "process.executable": {"process.name"},
    "process.parent.executable": {"process.parent.name"},
    "file.path": {"file.name", "file.directory", "file.extension"},
    "registry.path": {"registry.hive", "registry.key", "registry.value"},
    "registry.data.strings": {"registry.data.type"},
}
"""What the ingest pipeline makes of a field beside it; the facts' notes say so of the last three."""


_RENAMED = {
    name + suffix
    for name in ("process.command_line", "process.parent.command_line", "process.parent.executable")
    for suffix in ("", ".text")
}
"""What the pipeline renames whatever the event is, as the facts say of events that lack the field."""


class Fields(dict[str, str]):
    """The type of each field; any name below the event's own data is a keyword there."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)
        self.named: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.named.add(str(name))
        return super().__contains__(name) or str(name).startswith(_EVENT_DATA)

    def __missing__(self, _name: str) -> str:
        return "keyword"


def _ecs_types() -> dict[str, str]:
    types = {}
    for name, one in facts("ecs_sysmon.json")["field_types"].items():
        types[name] = one["type"]
        types.update({f"{name}.{sub}": kind for sub, kind in one["multi_fields"].items()})
    return {name: kind for name, kind in types.items() if kind != "object"}


def _ecs_scope(source: str) -> set[str] | None:
    """Return the fields of a log source's events, None where the facts have no list."""
    mapped = facts("ecs_sysmon.json")["field_map"].get(source)
    if mapped is None:
        return None
    fields = [field for entry in mapped.values() for field in entry["fields"]]
    names = {one["name"] for one in fields}
    names |= {f"{one['name']}.{sub}" for one in fields for sub in one.get("multi_fields", ())}
    return names.union(_SELECTORS, _RENAMED, *(_DERIVED.get(name, ()) for name in names))


def kibana() -> Checker:
    types = {**_BEYOND_ECS, **_ecs_types(), **_SELECTORS}
    deleted = {
        _EVENT_DATA[0] + one for one in facts("ecs_sysmon.json")["event_data_deleted_by_pipeline"]
    }

    def check(source: str, text: str) -> list[str]:
        fields = Fields(types)
        try:
            kibana_kql.read(text, fields)
        except ReadError as error:
            return [str(error)]
        of_sysmon = "Microsoft-Windows-Sysmon/Operational" in text
        gone = [f"{name} is deleted" for name in sorted(fields.named & deleted) if of_sysmon]
        scope = _ecs_scope(source)
        return gone if scope is None else gone + beyond(fields.named, scope)

    return check


# -- Splunk: raw fields by event, and data models with types ------------------------------------

_HEADER = {"source", "EventCode", "Name", "Channel", "EventData_Xml"}
"""What Splunk's add-on for Windows extracts of any event, `Name` being the provider's."""
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def splunk() -> Checker:
    known = facts("splunk_sysmon_cim.json")

    def check(source: str, text: str) -> list[str]:
        columns = COLUMNS["spl"](text)
        mapped = known["category_map"].get(source)
        names = of_rules(source) | _HEADER
        if source == "service:windefend":  # its data have names with blanks, which become `_`
            names |= {_CAPITAL.sub("_", name) for name in names}
        if mapped and any(one["raw_field"] for one in mapped["fields"].values()):
            names = {one["raw_field"] for one in mapped["fields"].values()} | _HEADER
            names.update(
                *(known["observed_fields_per_event"].get(str(i), ()) for i in mapped["event_id"])
            )
        return beyond(columns, names)

    return check


_VALUES = {
    "number": re.compile(r"-?\d+(\.\d+)?|unknown"),
    "boolean": re.compile(r"true|false|[01]|unknown", re.IGNORECASE),
}
"""How a value of a type is written in a search; a data model has `unknown` for nothing."""


def splunk_cim() -> Checker:
    known = facts("splunk_sysmon_cim.json")
    models = {name.split(".")[1]: one["fields"] for name, one in known["cim_endpoint"].items()}

    def check(source: str, text: str) -> list[str]:
        dataset = cim_dataset(text).split(".")[1]
        mapped = known["category_map"][source]["fields"].values()
        named = {name for one in mapped for name in one["cim_field"]}
        types = models.get(dataset, {})
        found = beyond(COLUMNS["spl"](text), named | {f"{dataset}.{name}" for name in types})
        for name, value in cim_comparisons(text):
            kind = _VALUES.get(types.get(name.removeprefix(f"{dataset}."), ""))
            if kind and not kind.fullmatch(value):
                found.append(f"{name} is no text, and is compared with {value!r}")
        return found

    return check


# -- LogPoint: names of either taxonomy ---------------------------------------------------------

_BEYOND_LOGPOINT = set(
    "additional_information audit_source caller_service class computer computer_id configuration"
    " content context control count driver duration event_data filter function layer_id ldap_display"
    " msg new_user registry registry_key target".split()
)
"""Names of services' fields: the facts have the vendor's mapping of some event ids alone."""
_LOGPOINT_CAVEATS = {
    ("logpoint", "raw_access_thread"): {"process"},
    ("logpoint", "create_stream_hash"): {"hash_sha1", "hash_sha256", "hash_import"},
    ("logpoint-sysmon", "image_load"): {"image_loaded", "hash"},
    ("logpoint-sysmon", "driver_load"): {"image_loaded", "hash"},
    ("logpoint-sysmon", "process_creation"): {"hash"},
    ("logpoint-sysmon", "create_stream_hash"): {"path", "file"},
}
"""Names that the facts have for other events; the pipelines state each as unconfirmed."""


def logpoint(target: str) -> Checker:
    known = facts("logpoint_sysmon.json")
    services = set(texts([known["common_taxonomy"], known["sysmon_mapping"]]))
    services |= set(texts(known["security_audit_mapping_selected"])) | _BEYOND_LOGPOINT

    def names(source: str) -> set[str]:
        mapped = known["category_map"].get(source)
        if mapped is None:
            return services | {snake(name) for name in of_rules(source)} | {"channel"}
        found = _LOGPOINT_CAVEATS.get((target, source), set())
        for one in mapped["fields"].values():
            old = one.get("old_car") if target == "logpoint-sysmon" else None
            found = found.union(texts(old or one["new"]))
        return found

    def check(source: str, text: str) -> list[str]:
        return beyond(COLUMNS["logpoint"](text), names(source) | {"label", "norm_id", "event_id"})

    return check


def snake(name: str) -> str:
    """Return a field's name as LogPoint's mapping writes one that it does not list."""
    return _CAPITAL.sub("_", name).lower()


# -- DNIF and CAR -------------------------------------------------------------------------------


def dnif() -> Checker:
    known = facts("dnif.json")["legacy_fields"]
    return lambda _source, text: beyond(COLUMNS["dnif_fetch"](text), known)


def dnif_dql() -> Checker:
    known = facts("dnif.json")

    def check(source: str, text: str) -> list[str]:
        stream = known["category_map"][source]["stream_v9"]
        if dql_stream(text) != stream:
            return [f"the stream {dql_stream(text)} of {source}"]
        listed = known["ddm_2026_ep_streams"][stream.upper()]["sysmon_fields"]
        registry = source.startswith("registry_")
        mapped = known["dql_v9_field_map"].get("registry_*" if registry else source, {})
        names = {name.lower() for name in listed} | set(texts(mapped)) | {"action", "eid"}
        return beyond(COLUMNS["dnif_dql"](text), names)

    return check


def car() -> Checker:
    model = {
        name.replace(" ", ""): one for name, one in facts("car_model.json")["data_model"].items()
    }

    def check(_source: str, text: str) -> list[str]:
        found: list[str] = []
        for one in car_objects(text):
            name, _, actions = one.partition(":")
            known = (
                {action.title() for action in model[name]["actions"]} if name in model else set()
            )
            found += [
                f"no action {action} of {name}" for action in {*actions.title().split(",")} - known
            ]
            found += beyond(COLUMNS["car"](text), model[name]["fields"]) if name in model else []
        return found

    return check


CHECKERS: dict[str, Callable[[], Checker]] = {
    "defender": defender,
    "sentinel": sentinel,
    "kibana": kibana,
    "splunk": splunk,
    "splunk-cim": splunk_cim,
    "logpoint": lambda: logpoint("logpoint"),
    "logpoint-sysmon": lambda: logpoint("logpoint-sysmon"),
    "dnif": dnif,
    "dnif-dql": dnif_dql,
    "car": car,
}
