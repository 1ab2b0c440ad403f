"""Elastic: documents of Sysmon's events other than process creations.

Source: the ingest pipeline of Winlogbeat's Sysmon module (x-pack/winlogbeat/module/sysmon), which
Elastic's Windows integration shares. It deletes fields that say nothing, renames or converts the
rest in a fixed order, and deletes what it converted. What it does not name stays in
``winlog.event_data``. Not modelled: the parts of a DNS answer, ``process.args``, ``related.*``.
"""

from __future__ import annotations

import re
from functools import partial

from sigmaglot.verify.projection.common import Event, Project, Record, base_name, hash_of, number

SYSTEM = frozenset(
    [
        "Channel",
        "Provider_Name",
        "Computer",
        "EventID",
        "EventRecordID",
        "SystemTime",
        "Level",
        "Task",
        "Opcode",
        "Keywords",
        "Version",
    ]
)
"""Fields of an event's header, as flat events have them; they are no event data."""
_NOTHING = (None, "", "-", "{00000000-0000-0000-0000-000000000000}")
_RENAMED = {
    "RuleName": "rule.name",
    "ProcessGuid": "process.entity_id",
    "Image": "process.executable",
    "SourceProcessGuid": "process.entity_id",
    "SourceProcessGUID": "process.entity_id",
    "SourceImage": "process.executable",
    "Destination": "process.executable",
    "CommandLine": "process.command_line",
    "CurrentDirectory": "process.working_directory",
    "ParentProcessGuid": "process.parent.entity_id",
    "ParentImage": "process.parent.executable",
    "ParentCommandLine": "process.parent.command_line",
    "TargetFilename": "file.path",
    "Device": "file.path",
    "PipeName": "file.name",
    "ImageLoaded": "file.path",
    "Protocol": "network.transport",
    "DestinationPortName": "network.protocol",
    "SourcePortName": "network.protocol",
    "SourceHostname": "source.domain",
    "DestinationHostname": "destination.domain",
    "QueryName": "dns.question.name",
    "UtcTime": "@timestamp",
}
"""Renamed in this order; a field whose new name is taken stays where it is."""
_NUMBERS = {
    "ProcessId": "process.pid",
    "SourceProcessId": "process.pid",
    "ParentProcessId": "process.parent.pid",
    "SourceThreadId": "process.thread.id",
    "SourcePort": "source.port",
    "DestinationPort": "destination.port",
}
_ADDRESSES = {"SourceIp": "source.ip", "DestinationIp": "destination.ip"}
_COPIED = {"Signature": "subject_name", "SignatureStatus": "status"}
_VERSION = {
    "Company": "company",
    "Description": "description",
    "FileVersion": "file_version",
    "Product": "product",
}
_WORDS: dict[str, tuple[str, dict[str, str | bool]]] = {
    "Initiated": ("network.direction", {"true": "egress", "false": "ingress"}),
    "SourceIsIpv6": ("network.type", {"true": "ipv6", "false": "ipv4"}),
    "IsExecutable": ("sysmon.file.is_executable", {"true": True, "false": False}),
    "Archived": ("sysmon.file.archived", {"true": True, "false": False}),
}
_STATUS = {"0": "SUCCESS", "5": "ERROR_ACCESS_DENIED", "9003": "DNS_ERROR_RCODE_NAME_ERROR"}
_DELETED = frozenset(
    [
        "ProcessId",
        "ParentProcessId",
        "SourceProcessId",
        "SourceThreadId",
        "SourceIp",
        "SourcePort",
        "SourcePortName",
        "DestinationIp",
        "DestinationPort",
        "DestinationPortName",
        "RuleName",
        "User",
        "Initiated",
        "SourceIsIpv6",
        "DestinationIsIpv6",
        "QueryStatus",
        "Archived",
        "IsExecutable",
        "QueryResults",
        "UtcTime",
        "Hash",
        "Hashes",
        "TargetObject",
        "Details",
    ]
)
_HASHED_PROCESS = {"1", "23", "24", "25", "26"}
_HASHED_FILE = {"6", "7", "15", "29"}
_HIVES = {
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKEY_CURRENT_CONFIG": "HKCC",
    "HKEY_CURRENT_USER": "HKCU",
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKEY_USERS": "HKU",
    **{hive: hive for hive in ("HKCR", "HKCC", "HKCU", "HKLM", "HKU")},
}
_QWORD = re.compile(r"QWORD \(0x([0-9A-F]{8})-0x([0-9A-F]{8})\)", re.IGNORECASE)
_DWORD = re.compile(r"DWORD \(0x([0-9A-F]{8})\)", re.IGNORECASE)


def sysmon_event(event: Event, code: str) -> Record:
    """Return the document of an event; ``code`` is its id where the event has none."""
    code = str(event.get("EventID") or code)
    data = {
        key: value
        for key, value in event.items()
        if key not in SYSTEM and not key.startswith("_") and value not in _NOTHING
    }
    record: Record = _header(event, code)
    for step in (_moved, _hashes, _version, _signature, _network, _user, _registry, _others):
        record.update(step(data, code))
    record.update(_names(record))
    kept = {key: value for key, value in data.items() if key not in _DELETED}
    return record | {f"winlog.event_data.{key}": value for key, value in kept.items()}


def _header(event: Event, code: str) -> Record:
    return {
        "winlog.channel": "Microsoft-Windows-Sysmon/Operational",
        "winlog.provider_name": event.get("Provider_Name") or "Microsoft-Windows-Sysmon",
        **({"winlog.computer_name": event["Computer"]} if event.get("Computer") else {}),
        **({"event.code": code} if code else {}),
    }


def _moved(data: Record, code: str) -> Record:
    """Take the fields that are renamed out of the event data."""
    record: Record = {"network.protocol": "dns"} if code == "22" else {}
    for field, column in _RENAMED.items():
        if field in data and column not in record:
            record[column] = data.pop(field)
    return record


def _hashes(data: Record, code: str) -> Record:
    text = data.get("Hash") or data.get("Hashes")
    place = "process" if code in _HASHED_PROCESS else "file" if code in _HASHED_FILE else ""
    found = {
        name: (hash_of({"Hashes": text}, name) or "").lower()
        for name in ("MD5", "SHA1", "SHA256", "IMPHASH")
    }
    return {
        f"{place}.pe.imphash" if name == "IMPHASH" else f"{place}.hash.{name.lower()}": value
        for name, value in found.items()
        if place and value.strip("0")
    }


def _version(data: Record, code: str) -> Record:
    """Return what tells the version of a file: copied, but for the name, which is renamed."""
    place = "file" if code == "7" else "process"
    record = {f"{place}.pe.{new}": data[field] for field, new in _VERSION.items() if field in data}
    if "OriginalFileName" in data:
        record[f"{place}.pe.original_file_name"] = data.pop("OriginalFileName")
    return record


def _signature(data: Record, _: str) -> Record:
    return {f"file.code_signature.{new}": data[old] for old, new in _COPIED.items() if old in data}


def _network(data: Record, _: str) -> Record:
    record: Record = {
        column: found
        for field, column in _NUMBERS.items()
        if (found := number(data.get(field))) is not None
    }
    record.update({column: data[field] for field, column in _ADDRESSES.items() if field in data})
    for field, (column, words) in _WORDS.items():
        if data.get(field) in words:
            record[column] = words[data[field]]
    return record


def _user(data: Record, _: str) -> Record:
    parts = str(data.get("User", "")).split("\\")
    return {"user.domain": parts[0], "user.name": parts[1]} if len(parts) == 2 else {}


def _registry(data: Record, code: str) -> Record:
    path = data.get("TargetObject")
    if path is None or code not in {"12", "13", "14"}:
        return {}
    first, _, key = path.partition("\\")
    record: Record = {"registry.path": path, "registry.value": path.rstrip("\\").split("\\")[-1]}
    if first in _HIVES:
        record |= {"registry.hive": _HIVES[first], **({"registry.key": key} if key else {})}
    return record | (_registry_data(data["Details"]) if "Details" in data else {})


def _registry_data(text: str) -> Record:
    qword, dword = _QWORD.fullmatch(text), _DWORD.fullmatch(text)
    if qword:
        value, kind = str((int(qword[1], 16) << 8) + int(qword[2], 16)), "SZ_QWORD"
    elif dword:
        value, kind = str(int(dword[1], 16)), "SZ_DWORD"
    else:
        value, kind = text, "REG_BINARY" if text == "Binary Data" else "REG_SZ"
    return {"registry.data.strings": [value], "registry.data.type": kind}


def _others(data: Record, code: str) -> Record:
    record: Record = {}
    if "QueryStatus" in data:
        record["sysmon.dns.status"] = _STATUS.get(str(data["QueryStatus"]), data["QueryStatus"])
    if code == "25" and "Type" in data and "Message" not in data:
        record["message"] = data.pop("Type")
    if code == "255" and "ID" in data:
        record["error.code"] = data.pop("ID")
    if "TargetProcessGuid" in data:
        data["TargetProcessGUID"] = data.pop("TargetProcessGuid")
    if "Message" in data:
        record["message"] = data.pop("Message")
    return record


def _names(record: Record) -> Record:
    """Return the last components of paths; a path without a backslash has none."""
    names: Record = {}
    for process in ("process", "process.parent"):
        executable = str(record.get(f"{process}.executable", ""))
        if "\\" in executable and base_name(executable):
            names[f"{process}.name"] = base_name(executable)
    path = str(record.get("file.path", ""))
    if len(path) > 1 and "\\" in path:
        names["file.name"] = base_name(path)
        names["file.directory"] = path.rpartition("\\")[0]
    return names


_CODES = {
    "file_change": "2",
    "network_connection": "3",
    "sysmon_status": "",
    "process_termination": "5",
    "driver_load": "6",
    "image_load": "7",
    "create_remote_thread": "8",
    "raw_access_thread": "9",
    "process_access": "10",
    "file_event": "11",
    "registry_add": "12",
    "registry_delete": "12",
    "registry_set": "13",
    "registry_rename": "14",
    "registry_event": "",
    "create_stream_hash": "15",
    "pipe_created": "",
    "wmi_event": "",
    "dns_query": "22",
    "file_delete": "23",
    "clipboard_capture": "24",
    "process_tampering": "25",
    "file_delete_detected": "26",
    "file_block_executable": "27",
    "file_block_shredding": "28",
    "file_executable_detected": "29",
    "sysmon_error": "255",
    "service:sysmon": "",
}
"""The event id of each category, empty where it has several."""
SYSMON: dict[str, Project] = {
    category: partial(sysmon_event, code=code) for category, code in _CODES.items()
}
"""What makes the document of each category."""
