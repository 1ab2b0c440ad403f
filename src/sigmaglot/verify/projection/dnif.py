"""DNIF: records of the Sysmon parser, with the legacy ``$`` fields and with the names of version 9.

Sources: the queries that MITRE CAR publishes for DNIF, and an unofficial copy of DNIF's stream
definitions. Of events other than process creations, what the legacy store keeps under ``$`` names
is taken to be what the published queries show of process creations; no document confirms it. Nor
does one confirm the form of ``hash``, or that the other image of two processes is in ``image``.
"""

from __future__ import annotations

from collections.abc import Callable

from sigmaglot.verify.projection.common import (
    Event,
    Projection,
    Record,
    base_name,
    hash_of,
    present,
)

SYSMON_IDS = {
    "process_creation": "1",
    "file_change": "2",
    "network_connection": "3",
    "process_termination": "5",
    "driver_load": "6",
    "image_load": "7",
    "create_remote_thread": "8",
    "process_access": "10",
    "file_event": "11",
    "registry_event": "",
    "registry_add": "12",
    "registry_delete": "12",
    "registry_set": "13",
    "registry_rename": "14",
    "create_stream_hash": "15",
    "pipe_created": "",
    "wmi_event": "",
    "dns_query": "22",
    "file_delete": "23",
    "clipboard_capture": "24",
}
"""Event id of each category that DNIF parses; empty where the event itself says it."""


def process_creation(event: Event) -> Record:
    """Return the record of Sysmon's event 1 with the fields of ``_fetch`` queries."""
    return present(
        {
            "$LogName": "WINDOWS-SYSMON",
            "$EventID": "1",
            "$App": base_name(event.get("Image")),
            "$Process": event.get("CommandLine"),
            "$ParentProcess": event.get("ParentImage"),
            "$CPID": event.get("ProcessId"),
            "$PPID": event.get("ParentProcessId"),
            "$User": event.get("User"),
            "$HashMD5": hash_of(event, "MD5"),
            "$SystemName": event.get("Computer"),
        }
    )


def _legacy(event_id: str) -> Callable[[Event], Record]:
    def project(event: Event) -> Record:
        return present(
            {
                "$LogName": "WINDOWS-SYSMON",
                "$EventID": event_id or _id_of(event),
                "$App": base_name(event.get("Image")),
                "$User": event.get("User"),
                "$HashMD5": hash_of(event, "MD5"),
                "$SystemName": event.get("Computer"),
            }
        )

    return project


def security(event: Event) -> Record:
    """Return the record of an event of the Security log, which NXLog brings."""
    return present(
        {
            "$LogName": "WINDOWS-NXLOG-AUDIT",
            "$EventID": _id_of(event),
            "$SystemName": event.get("Computer"),
        }
    )


def _id_of(event: Event) -> str | None:
    found = event.get("EventID")
    return None if found is None else str(found)


_STREAM = [
    "Image",
    "CommandLine",
    "ParentImage",
    "ParentCommandLine",
    "OriginalFileName",
    "User",
    "Company",
    "Description",
    "Product",
    "ParentUser",
    "RuleName",
]
_OF_BOTH = ["TargetImage", "RuleName"]
_OF_SIGNATURES = ["ImageLoaded", "Signed", "Signature", "SignatureStatus"]
_OF_PROCESSES = ["Image", "User", "RuleName"]
_OF_FILES = [*_OF_PROCESSES, "TargetFilename", "CreationUtcTime"]
_COLUMNS = {
    "file_change": _OF_FILES,
    "network_connection": _OF_PROCESSES,
    "process_termination": _OF_PROCESSES,
    "driver_load": [*_OF_SIGNATURES, "RuleName"],
    "image_load": [
        *_OF_PROCESSES,
        *_OF_SIGNATURES,
        *("OriginalFileName", "Description", "Product", "Company"),
    ],
    "create_remote_thread": _OF_BOTH,
    "process_access": [*_OF_BOTH, "GrantedAccess", "CallTrace"],
    "file_event": _OF_FILES,
    "registry_event": [*_OF_PROCESSES, "TargetObject", "Details"],
    "registry_add": [*_OF_PROCESSES, "TargetObject"],
    "registry_delete": [*_OF_PROCESSES, "TargetObject"],
    "registry_set": [*_OF_PROCESSES, "TargetObject", "Details"],
    "registry_rename": [*_OF_PROCESSES, "TargetObject"],
    "create_stream_hash": [*_OF_FILES, "Hash"],
    "pipe_created": [*_OF_PROCESSES, "PipeName"],
    "wmi_event": [
        *("User", "RuleName", "Operation", "Name", "Type", "Destination", "Consumer", "Filter")
    ],
    "dns_query": [*_OF_PROCESSES, "QueryName", "QueryStatus", "QueryResults"],
    "file_delete": _OF_FILES,
    "clipboard_capture": _OF_PROCESSES,
}
"""Fields of each category that a stream keeps under their own names, in small letters."""

_STREAMS = {
    **dict.fromkeys(_COLUMNS, "ep-process"),
    "process_creation": "ep-process",
    "network_connection": "ep-network",
    "driver_load": "ep-driver-load",
    "image_load": "ep-image-load",
    "pipe_created": "ep-pipe",
    "wmi_event": "ep-wmi",
    "dns_query": "ep-dns",
    **dict.fromkeys(("file_event", "create_stream_hash", "file_delete"), "ep-file"),
    **dict.fromkeys((name for name in _COLUMNS if name.startswith("registry_")), "ep-registry"),
}
"""The stream of each category, as the unofficial copy of DNIF's data model lists them."""

_ACTIONS = {
    "file_change": "PROCESS_FILE_TIME_CHANGED",
    "network_connection": "NETWORK_CONNECTION",
    "process_termination": "PROCESS_REMOVED",
    "driver_load": "DRIVER_LOADED",
    "image_load": "PROCESS_ACCESSED",
    "create_remote_thread": "CREATE_REMOTE_THREAD",
    "process_access": "PROCESS_ACCESSED",
    "file_event": "FILE_CREATED",
    "dns_query": "DNS_QUERY",
    "file_delete": "FILE_DELETED",
    "clipboard_capture": "CLIPBOARD_CHANGED",
    **dict.fromkeys(
        [f"registry_{kind}" for kind in ("event", "add", "delete", "set", "rename")],
        "OBJECT_MODIFIED",
    ),
}
_ACTIONS_BY_ID = {
    "17": "PIPE_CREATED",
    "18": "PIPE_CONNECTED",
    "19": "FILTER_ACTIVITY",
    "20": "CONSUMER_ACTIVITY",
    "21": "CONSUMER_TO_FILTER_ACTIVITY",
}
_RENAMED = {
    "srcip": "SourceIp",
    "srcport": "SourcePort",
    "srchost": "SourceHostname",
    "dstip": "DestinationIp",
    "dstport": "DestinationPort",
    "dsthost": "DestinationHostname",
    "proto": "Protocol",
}
"""Columns of the stream of connections to Sysmon's names."""


def stream_process_creation(event: Event) -> Record:
    """Return the record of Sysmon's event 1 in the stream ``ep-process``."""
    named = {name.lower(): event.get(name) for name in _STREAM}
    fixed = {"eid": "1", "action": "PROCESS_ADDED"}
    return present({**named, **fixed, "hash": event.get("Hashes"), "system": event.get("Computer")})


def _stream(category: str) -> Callable[[Event], Record]:
    """Return what makes the record of a category's events in its stream."""

    def project(event: Event) -> Record:
        event_id = SYSMON_IDS[category] or _id_of(event)
        action = _ACTIONS.get(category) or _ACTIONS_BY_ID.get(event_id or "")
        named = {name.lower(): event.get(name) for name in _COLUMNS[category]}
        fixed = {"eid": event_id, "action": action, "system": event.get("Computer")}
        return present({**named, **_others(category, event), **fixed})

    return project


def _others(category: str, event: Event) -> Record:
    """Return the columns of a category that have other names than the fields."""
    if category == "network_connection":
        return {column: event.get(field) for column, field in _RENAMED.items()}
    if category in {"create_remote_thread", "process_access"}:
        return {"image": event.get("SourceImage")}
    if category == "image_load":
        names = ("MD5", "SHA1", "SHA256", "IMPHASH")
        return {name.lower(): hash_of(event, name) for name in names}
    if category in {"driver_load", "file_delete", "clipboard_capture"}:
        return {"hash": event.get("Hashes")}
    return {}


DNIF = Projection(
    {
        **{category: _legacy(event_id) for category, event_id in SYSMON_IDS.items()},
        "process_creation": process_creation,
        "service:sysmon": _legacy(""),
        "service:security": security,
    },
    {},
)
DNIF_DQL = Projection(
    {
        **{category: _stream(category) for category in _COLUMNS},
        "process_creation": stream_process_creation,
    },
    {},
    _STREAMS,
)
