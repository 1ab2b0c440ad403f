"""LogPoint: records of its Windows normalisers, under today's labels and under norm_id.

Sources: the Sigma pipeline that LogPoint maintains (labels by category, and see
``logpoint_names``), and the queries that MITRE CAR publishes for LogPoint.
"""

from __future__ import annotations

from collections.abc import Mapping

from sigmaglot.verify.projection.common import (
    Event,
    Project,
    Projection,
    Record,
    as_security,
    hash_of,
    present,
)
from sigmaglot.verify.projection.event_ids import SCRIPT_IDS, SYSMON_IDS, sysmon_id
from sigmaglot.verify.projection.logpoint_names import (
    COMMON,
    HEADER,
    SYSMON,
    Names,
    audit_names,
    manager_names,
    snake_case,
)

_LABELS = {
    "process_creation": "Process Create",
    "file_change": "File Create Time Change",
    "network_connection": "Network Connection Detect",
    "sysmon_status": "Service State Change",
    "process_termination": "Process Terminate",
    "driver_load": "Driver Load",
    "image_load": "Image Load",
    "create_remote_thread": "Remote Thread Create",
    "raw_access_thread": "Raw Access Read",
    "process_access": "Process Access",
    "registry_set": "Registry Value Set",
    "registry_add": "Registry Key Map",
    "registry_delete": "Registry Key Map",
    "registry_rename": "Registry Key Map",
    "create_stream_hash": "File Create Stream Hash",
    "dns_query": "DNS Query Execute",
    "file_delete": "File Delete",
    "clipboard_capture": "Clipboard Change Detect",
    "process_tampering": "Process Tamper",
    "file_block_executable": "File Block Executable",
    "sysmon_error": "Service Error",
    "file_event": "File Create Overwrite",
}
"""The labels of a category's events, where the vendor's pipeline selects by labels."""

_SOURCE_IMAGE = frozenset({"file_change", "create_stream_hash", "pipe_created"})
"""Categories in which the acting process is the source image."""
_FILES = frozenset(
    {
        "file_change",
        "file_event",
        "file_delete",
        "file_delete_detected",
        "file_block_executable",
        "file_block_shredding",
        "file_executable_detected",
    }
)
_SYSMON_CHANNEL = "Microsoft-Windows-Sysmon/Operational"
_BY_ID = {number: category for category, number in SYSMON_IDS.items() if number} | {
    **dict.fromkeys(("17", "18"), "pipe_created"),
    **dict.fromkeys(("19", "20", "21"), "wmi_event"),
    **dict.fromkeys(("4", "16"), "sysmon_status"),
}
_ALGORITHMS = {
    "MD5": "hash",
    "SHA1": "hash_sha1",
    "SHA256": "hash_sha256",
    "IMPHASH": "hash_import",
}
_CAR = {
    "Image": "image",
    "ImageLoaded": "image_loaded",
    "ParentImage": "parent_image",
    "SourceImage": "source_image",
}
"""Names of the queries that MITRE CAR publishes, where today's differ."""


def _named(event: Event, names: Names) -> Record:
    """Return an event's fields by these names, and by their own in snake case."""
    known = {**names, **HEADER}
    return {
        known.get(field) or snake_case(field): value
        for field, value in event.items()
        if value is not None and not field.startswith("_")
    }


def _sysmon(category: str) -> Project:
    """Return what stores a category's events under today's labels."""
    own = {"Image": "source_image"} if category in _SOURCE_IMAGE else {}
    labels = _LABELS.get(category, "").split()

    def project(event: Event) -> Record:
        rest = {field: value for field, value in event.items() if field not in {"Hash", "Hashes"}}
        joined = {"Hashes": event.get("Hashes") or event.get("Hash")}
        hashes = {column: hash_of(joined, name) for name, column in _ALGORITHMS.items()}
        fixed = {"norm_id": "WindowsSysmon", "event_id": sysmon_id(category, event)}
        known = {**_named(rest, {**SYSMON, **own}), **hashes, **fixed}
        return present({**known, "label": labels or None})

    return project


def _car_sysmon(category: str) -> Project:
    """Return what stores a category's events in the taxonomy of CAR's queries."""
    is_file = category in _FILES
    own = {"Image": "source_image"} if is_file else {}

    def project(event: Event) -> Record:
        names = {**SYSMON, **_CAR, **own, "Hashes": "hash", "Hash": "hash"}
        whole = event.get("TargetFilename")
        rest = {field: value for field, value in event.items() if field != "TargetFilename"}
        split: Mapping[str, str | None] = {}
        if whole is not None:
            folder, separator, name = str(whole).rpartition("\\")
            split = {"path": folder if separator else None, "file": name}
        fixed = {"norm_id": "WindowsSysmon", "event_id": sysmon_id(category, event)}
        return present({**_named(rest, names), **split, **fixed})

    return project


def _server(event: Event, names: Names, channel: object, number: object) -> Record:
    """Return an event of another Windows log."""
    fixed = {"norm_id": "WinServer", "channel": channel, "event_id": number}
    return present({**_named(event, names), **fixed})


def _script(category: str) -> Project:
    """Return what stores PowerShell's events of a category."""
    usual, number = SCRIPT_IDS[category]
    names = {**COMMON, "Data": "msg"} if category.startswith("ps_classic") else COMMON
    return lambda event: _server(event, names, event.get("Channel") or usual, number)


def _service(sysmon: Mapping[str, Project], manager: Names) -> Project:
    """Return what stores the events of any log, by the channel that each event names.

    ``manager`` names what the taxonomy calls otherwise in the System log.
    """

    def project(event: Event) -> Record:
        channel, number = event.get("Channel"), str(event.get("EventID", ""))
        if channel == _SYSMON_CHANNEL:
            category = _BY_ID.get(number)
            bare = {"norm_id": "WindowsSysmon", "event_id": number or None}
            return (sysmon[category](event) if category else _named(event, SYSMON)) | bare
        names: Names = COMMON
        if channel == "Security":
            names = audit_names(number)
        elif channel == "System":
            names = {**manager_names(number), **manager}
        elif channel == "Windows PowerShell":
            names = {**COMMON, "Data": "msg"}
        return _server(event, names, channel, number or None)

    return project


def security_process_creation(event: Event) -> Record:
    """Return the record of Security event 4688; its own process id is the parent's."""
    names = {**audit_names("4688"), "ProcessId": "parent_process_id"}
    stored = _server(as_security(event), names, "Security", "4688")
    return present({**stored, "log_ts": event.get("UtcTime")})


_CAR_MANAGER = {"param1": "param1", "param2": "param2", "ImagePath": "file"}


def _categories(sysmon: Mapping[str, Project], manager: Names) -> dict[str, Project]:
    scripts = {category: _script(category) for category in SCRIPT_IDS}
    return {**sysmon, **scripts, "service:*": _service(sysmon, manager)}


LOGPOINT = Projection(_categories({name: _sysmon(name) for name in SYSMON_IDS}, {}), {})
LOGPOINT_SYSMON = Projection(
    _categories({name: _car_sysmon(name) for name in SYSMON_IDS}, _CAR_MANAGER), {}
)
LOGPOINT_SECURITY = Projection({"process_creation": security_process_creation}, {})
