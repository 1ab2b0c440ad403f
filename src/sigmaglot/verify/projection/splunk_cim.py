"""Splunk's data models: what the rows of their datasets hold of an event of Sysmon.

Sources: the data model Endpoint of CIM 4.20, whose calculations write ``unknown`` where a field is
missing or empty and integrity levels in small letters; Splunk's security content, on which raw
field becomes which, and the forms of registry data and actions. Hashes are stored as the digits
alone, one after the other, as a public add-on does; whether Splunk's own does is not documented.
Not here: deletes by Sysmon's event 26, whose rows are those of event 23, and the other events that
are in Endpoint.Processes with process creations. No field of a row tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sigmaglot.verify.projection.common import (
    Event,
    Project,
    Projection,
    Record,
    base_name,
    hash_of,
    number,
    present,
)

UNKNOWN = "unknown"
_ACTIONS = {
    "CreateKey": "created",
    "DeleteKey": "deleted",
    "DeleteValue": "deleted",
    "SetValue": "modified",
}
_NUMBER = re.compile(r"(DWORD|QWORD) \((0x[0-9a-f]{8}(?:-0x[0-9a-f]{8})?)\)")
_FILLED = {
    "Processes": ("user", "process", "parent_process"),
    "Registry": ("user", "registry_path", "registry_value_data", "registry_value_type"),
    "Filesystem": ("user", "file_path", "file_name", "file_hash"),
}
"""Fields in which a dataset says ``unknown``; for a name, see ``_name``.

``dest`` is one too, but every event of Windows names its computer: nothing is said of one without.
"""


def _row(dataset: str, record: Record) -> Record:
    """Return a row with the dataset's name before its fields, nothing missing that it fills."""
    filled = {name: UNKNOWN for name in _FILLED.get(dataset, ()) if not record.get(name)}
    return {f"{dataset}.{name}": value for name, value in present({**record, **filled}).items()}


def _digits(event: Event) -> str | None:
    names: Iterable[str] = ("MD5", "SHA1", "SHA256", "IMPHASH")
    found = (hash_of(event, name) for name in names)
    return " ".join(one for one in found if one) or None


def _name(event: Event, path: str, command: str) -> str:
    """Return the name that the model finds: of the path, else the command's first word."""
    words = str(event.get(command) or "").split()
    return base_name(event.get(path)) or next(iter(words), UNKNOWN)


def process_creation(event: Event) -> Record:
    """Return the row of Sysmon's event 1 in Endpoint.Processes."""
    level = event.get("IntegrityLevel")
    return _row(
        "Processes",
        {
            "dest": event.get("Computer"),
            "user": event.get("User"),
            "process": event.get("CommandLine"),
            "process_path": event.get("Image"),
            "process_name": _name(event, "Image", "CommandLine"),
            "process_guid": event.get("ProcessGuid"),
            "process_id": number(event.get("ProcessId")),
            "process_hash": _digits(event),
            "process_integrity_level": level.lower() if level else level,
            "process_current_directory": event.get("CurrentDirectory"),
            "original_file_name": event.get("OriginalFileName"),
            "parent_process": event.get("ParentCommandLine"),
            "parent_process_path": event.get("ParentImage"),
            "parent_process_name": _name(event, "ParentImage", "ParentCommandLine"),
            "parent_process_guid": event.get("ParentProcessGuid"),
            "parent_process_id": number(event.get("ParentProcessId")),
        },
    )


def _registry(usual: str) -> Project:
    def project(event: Event) -> Record:
        details = event.get("Details")
        found = _NUMBER.fullmatch(details or "")
        kind = str(event.get("EventType") or usual)
        return _row(
            "Registry",
            {
                "dest": event.get("Computer"),
                "user": event.get("User"),
                "action": _ACTIONS.get(kind, UNKNOWN),
                "process_guid": event.get("ProcessGuid"),
                "process_id": event.get("ProcessId"),
                "registry_path": event.get("TargetObject"),
                "registry_value_data": found[2] if found else details,
                "registry_value_type": f"REG_{found[1]}" if found else details and "REG_SZ",
            },
        )

    return project


def _file(action: str) -> Project:
    return lambda event: _row(
        "Filesystem",
        {
            "dest": event.get("Computer"),
            "user": event.get("User"),
            "action": action,
            "process_guid": event.get("ProcessGuid"),
            "process_id": event.get("ProcessId"),
            "file_path": event.get("TargetFilename"),
            "file_name": base_name(event.get("TargetFilename")),
            "file_hash": _digits(event),
        },
    )


def network_connection(event: Event) -> Record:
    """Return the row of Sysmon's event 3 in Network_Traffic.All_Traffic."""
    directions = {"true": "outbound", "false": "inbound"}
    versions = {"true": "ipv6", "false": "ipv4"}
    return _row(
        "All_Traffic",
        {
            "dvc": event.get("Computer"),
            "user": event.get("User"),
            "app": event.get("Image"),
            "direction": directions.get(str(event.get("Initiated")).lower()),
            "transport": event.get("Protocol"),
            "protocol_version": versions.get(str(event.get("SourceIsIpv6")).lower()),
            "process_id": event.get("ProcessId"),
            "src_ip": event.get("SourceIp"),
            "src_port": number(event.get("SourcePort")),
            "dest_ip": event.get("DestinationIp"),
            "dest_port": number(event.get("DestinationPort")),
        },
    )


def dns_query(event: Event) -> Record:
    """Return the row of Sysmon's event 22 in Network_Resolution.DNS."""
    return _row(
        "DNS",
        {
            "src": event.get("Computer"),
            "query": event.get("QueryName"),
            "answer": event.get("QueryResults"),
            "reply_code_id": event.get("QueryStatus"),
        },
    )


_DATASETS: dict[str, dict[str, Project]] = {
    "Endpoint.Processes": {"process_creation": process_creation},
    "Endpoint.Registry": {
        "registry_set": _registry("SetValue"),
        "registry_add": _registry("CreateKey"),
        "registry_delete": _registry("DeleteValue"),
        "registry_rename": _registry("RenameKey"),
        "registry_event": _registry(""),
    },
    "Endpoint.Filesystem": {
        "file_event": _file("created"),
        "file_delete": _file("deleted"),
        "file_delete_detected": _file("deleted"),
    },
    "Network_Traffic.All_Traffic": {"network_connection": network_connection},
    "Network_Resolution.DNS": {"dns_query": dns_query},
}
SPLUNK_CIM = Projection(
    {name: project for made in _DATASETS.values() for name, project in made.items()},
    {},
    {name: dataset for dataset, made in _DATASETS.items() for name in made},
)
