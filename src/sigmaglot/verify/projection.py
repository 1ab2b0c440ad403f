"""What each SIEM stores for a Sysmon process creation, written from the vendors' ingest facts.

Apart from the mapping files on purpose: an error in either shows as a query that finds other
events than its rule. A record is a mapping from column to value; what is not stored is absent,
except in Defender, where an empty string stands for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Record = dict[str, Any]
Event = Mapping[str, Any]


def base_name(path: str | None) -> str | None:
    return None if path is None else path.rpartition("\\")[2]


def account(user: str | None) -> tuple[str | None, str | None]:
    if user is None or user.count("\\") != 1:
        return None, user
    domain, name = user.split("\\")
    return domain, name


def hash_of(event: Event, algorithm: str) -> str | None:
    pairs = (item.partition("=") for item in (event.get("Hashes") or "").split(","))
    return next((value for name, _, value in pairs if name.upper() == algorithm), None)


def number(text: str | None, base: int = 10) -> int | None:
    try:
        return int(text, base) if text is not None else None
    except ValueError:
        return None


def present(record: Record) -> Record:
    return {key: value for key, value in record.items() if value is not None}


def defender(event: Event) -> Record:
    domain, name = account(event.get("User"))
    parent_domain, parent_name = account(event.get("ParentUser"))
    strings = {
        "ActionType": "ProcessCreated",
        "DeviceName": event.get("Computer"),
        "FileName": base_name(event.get("Image")),
        "FolderPath": event.get("Image"),
        "ProcessCommandLine": event.get("CommandLine"),
        "InitiatingProcessFileName": base_name(event.get("ParentImage")),
        "InitiatingProcessFolderPath": event.get("ParentImage"),
        "InitiatingProcessCommandLine": event.get("ParentCommandLine"),
        "AccountDomain": domain,
        "AccountName": name,
        "InitiatingProcessAccountDomain": parent_domain,
        "InitiatingProcessAccountName": parent_name,
        "ProcessVersionInfoOriginalFileName": event.get("OriginalFileName"),
        "ProcessVersionInfoFileDescription": event.get("Description"),
        "ProcessVersionInfoProductName": event.get("Product"),
        "ProcessVersionInfoCompanyName": event.get("Company"),
        "ProcessVersionInfoProductVersion": event.get("FileVersion"),
        "ProcessIntegrityLevel": event.get("IntegrityLevel"),
        "InitiatingProcessParentFileName": None,
        **{name: hash_of(event, name) for name in ("MD5", "SHA1", "SHA256")},
    }
    numbers = {
        "LogonId": number(event.get("LogonId"), 16),
        "ProcessId": number(event.get("ProcessId")),
        "InitiatingProcessId": number(event.get("ParentProcessId")),
        "CreatedProcessSessionId": number(event.get("TerminalSessionId")),
    }
    return {key: value or "" for key, value in strings.items()} | present(numbers)


DEFENDER_TYPES = {
    **dict.fromkeys(
        "ActionType DeviceName DeviceId FileName FolderPath ProcessCommandLine InitiatingProcessFileName "
        "InitiatingProcessFolderPath InitiatingProcessCommandLine AccountDomain AccountName "
        "InitiatingProcessAccountDomain InitiatingProcessAccountName ProcessVersionInfoOriginalFileName "
        "ProcessVersionInfoFileDescription ProcessVersionInfoProductName ProcessVersionInfoCompanyName "
        "ProcessVersionInfoProductVersion ProcessIntegrityLevel InitiatingProcessParentFileName "
        "AccountSid ProcessTokenElevation MD5 SHA1 SHA256".split(),
        "string",
    ),
    **dict.fromkeys(
        ("LogonId", "ProcessId", "InitiatingProcessId", "CreatedProcessSessionId", "ReportId"),
        "long",
    ),
    "Timestamp": "datetime",
}


def elastic(event: Event) -> Record:
    user = event.get("User")
    domain, name = account(user) if user and user.count("\\") == 1 else (None, None)
    lowered = {
        name: (hash_of(event, name) or "").lower() for name in ("MD5", "SHA1", "SHA256", "IMPHASH")
    }
    hashes = {name: value for name, value in lowered.items() if value.strip("0")}
    kept = ("ParentUser", "IntegrityLevel", "LogonId", "LogonGuid", "TerminalSessionId", "Foo")
    return present(
        {
            "winlog.channel": "Microsoft-Windows-Sysmon/Operational",
            "winlog.provider_name": "Microsoft-Windows-Sysmon",
            "winlog.computer_name": event.get("Computer"),
            "event.code": "1",
            "rule.name": event.get("RuleName"),
            "user.domain": domain,
            "user.name": name,
            "process.executable": event.get("Image"),
            "process.name": base_name(event.get("Image")),
            "process.command_line": event.get("CommandLine"),
            "process.working_directory": event.get("CurrentDirectory"),
            "process.entity_id": event.get("ProcessGuid"),
            "process.pid": number(event.get("ProcessId")),
            "process.parent.executable": event.get("ParentImage"),
            "process.parent.name": base_name(event.get("ParentImage")),
            "process.parent.command_line": event.get("ParentCommandLine"),
            "process.parent.entity_id": event.get("ParentProcessGuid"),
            "process.parent.pid": number(event.get("ParentProcessId")),
            "process.hash.md5": hashes.get("MD5"),
            "process.hash.sha1": hashes.get("SHA1"),
            "process.hash.sha256": hashes.get("SHA256"),
            "process.pe.imphash": hashes.get("IMPHASH"),
            "process.pe.original_file_name": event.get("OriginalFileName"),
            "process.pe.company": event.get("Company"),
            "process.pe.description": event.get("Description"),
            "process.pe.file_version": event.get("FileVersion"),
            "process.pe.product": event.get("Product"),
            **{f"winlog.event_data.{key}": event.get(key) for key in kept},
        }
    )


ELASTIC_TYPES = {
    **dict.fromkeys(
        "winlog.channel winlog.provider_name winlog.computer_name event.code rule.name user.domain "
        "user.name process.executable process.name process.working_directory process.entity_id "
        "process.parent.executable process.parent.name process.parent.entity_id process.hash.md5 "
        "process.hash.sha1 process.hash.sha256 process.pe.imphash process.pe.original_file_name "
        "process.pe.company process.pe.description process.pe.file_version process.pe.product "
        "winlog.event_data.ParentUser winlog.event_data.IntegrityLevel winlog.event_data.LogonId "
        "winlog.event_data.LogonGuid winlog.event_data.TerminalSessionId "
        "winlog.event_data.GrandParentImage winlog.event_data.Foo".split(),
        "keyword",
    ),
    **{
        f"{field}.text": "text"
        for field in (
            "user.name process.executable process.name process.working_directory process.command_line "
            "process.parent.executable process.parent.name process.parent.command_line"
        ).split()
    },
    "process.command_line": "wildcard",
    "process.parent.command_line": "wildcard",
    "process.pid": "long",
    "process.parent.pid": "long",
    "@timestamp": "date",
}


def splunk(event: Event) -> Record:
    raw = {key: str(value) for key, value in event.items() if value is not None and key[0] != "_"}
    hashes = {name: hash_of(event, name) for name in ("MD5", "SHA1", "SHA256", "IMPHASH")}
    source = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
    return present({**raw, **hashes, "EventCode": "1", "source": source})


_LOGPOINT = {
    "CommandLine": "command",
    "Company": "vendor",
    "CurrentDirectory": "path",
    "Description": "message",
    "FileVersion": "file_version",
    "Image": "process",
    "IntegrityLevel": "integrity_level",
    "LogonGuid": "logon_guid",
    "LogonId": "logon_id",
    "OriginalFileName": "file",
    "ParentCommandLine": "parent_command",
    "ParentImage": "parent_process",
    "ParentUser": "parent_user",
    "ProcessId": "process_id",
    "Product": "application",
    "Provider_Name": "event_source",
    "User": "user",
}


def logpoint(event: Event) -> Record:
    hashes = {
        "hash": hash_of(event, "MD5"),
        "hash_sha1": hash_of(event, "SHA1"),
        "hash_sha256": hash_of(event, "SHA256"),
        "hash_import": hash_of(event, "IMPHASH"),
    }
    mapped = {name: event.get(field) for field, name in _LOGPOINT.items()}
    return present({**mapped, **hashes, "label": ["Process", "Create"]})


def logpoint_sysmon(event: Event) -> Record:
    mapped = {name: event.get(field) for field, name in _LOGPOINT.items()}
    mapped.pop("process")
    mapped.pop("parent_process")
    paths = {"image": event.get("Image"), "parent_image": event.get("ParentImage")}
    return present(
        {
            **mapped,
            **paths,
            "hash": event.get("Hashes"),
            "norm_id": "WindowsSysmon",
            "event_id": "1",
        }
    )


def dnif(event: Event) -> Record:
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


def dnif_dql(event: Event) -> Record:
    names = "Image CommandLine ParentImage ParentCommandLine OriginalFileName User Company Description Product ParentUser RuleName"
    return present(
        {
            **{name.lower(): event.get(name) for name in names.split()},
            "hash": event.get("Hashes"),
            "system": event.get("Computer"),
            "eid": "1",
            "action": "PROCESS_ADDED",
        }
    )


def car(event: Event) -> Record:
    level = event.get("IntegrityLevel")
    return present(
        {
            "exe": base_name(event.get("Image")),
            "image_path": event.get("Image"),
            "command_line": event.get("CommandLine"),
            "parent_exe": base_name(event.get("ParentImage")),
            "parent_image_path": event.get("ParentImage"),
            "parent_command_line": event.get("ParentCommandLine"),
            "guid": event.get("ProcessGuid"),
            "pid": number(event.get("ProcessId")),
            "ppid": number(event.get("ParentProcessId")),
            "md5_hash": hash_of(event, "MD5"),
            "sha1_hash": hash_of(event, "SHA1"),
            "sha256_hash": hash_of(event, "SHA256"),
            "user": event.get("User"),
            "integrity_level": level.lower() if level else level,
            "current_working_directory": event.get("CurrentDirectory"),
            "fqdn": event.get("Computer"),
        }
    )


PROJECTIONS: dict[str, Callable[[Event], Record]] = {
    "defender": defender,
    "kibana": elastic,
    "splunk": splunk,
    "logpoint": logpoint,
    "logpoint-sysmon": logpoint_sysmon,
    "dnif": dnif,
    "dnif-dql": dnif_dql,
    "car": car,
}
