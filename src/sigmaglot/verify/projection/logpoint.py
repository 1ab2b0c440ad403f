"""LogPoint: records of the Windows Sysmon normaliser, under today's labels and under norm_id.

Sources: the Sigma pipeline that LogPoint maintains (its Sysmon and audit mappings), and the
queries that MITRE CAR publishes for LogPoint.
"""

from __future__ import annotations

from sigmaglot.verify.projection.common import (
    Event,
    Projection,
    Record,
    as_security,
    hash_of,
    present,
)

_SYSMON = {
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
    "ParentProcessGuid": "parent_process_guid",
    "ParentProcessId": "parent_process_id",
    "ParentUser": "parent_user",
    "ProcessGuid": "process_guid",
    "ProcessId": "process_id",
    "Product": "application",
    "Provider_Name": "event_source",
    "RuleName": "rule",
    "TerminalSessionId": "session_id",
    "User": "user",
    "UtcTime": "utc_ts",
}
_SECURITY = {
    "Computer": "host",
    "NewProcessName": "process",
    "CommandLine": "command",
    "ParentProcessName": "parent_process",
    "SubjectUserName": "user",
    "SubjectDomainName": "domain",
    "SubjectUserSid": "user_id",
    "SubjectLogonId": "logon_id",
    "NewProcessId": "target_process_id",
    "ProcessId": "parent_process_id",
    "MandatoryLabel": "integrity_sid",
    "TokenElevationType": "token_elevation_type",
}


def process_creation(event: Event) -> Record:
    """Return the record of Sysmon's event 1 under the labels of today's normaliser."""
    hashes = {
        "hash": hash_of(event, "MD5"),
        "hash_sha1": hash_of(event, "SHA1"),
        "hash_sha256": hash_of(event, "SHA256"),
        "hash_import": hash_of(event, "IMPHASH"),
    }
    mapped = {name: event.get(field) for field, name in _SYSMON.items()}
    labels = {"label": ["Process", "Create"], "event_id": "1", "norm_id": "WindowsSysmon"}
    return present({**mapped, **hashes, **labels})


def norm_id_process_creation(event: Event) -> Record:
    """Return the record of Sysmon's event 1 in the taxonomy of CAR's queries."""
    mapped = {name: event.get(field) for field, name in _SYSMON.items()}
    del mapped["process"], mapped["parent_process"]
    paths = {"image": event.get("Image"), "parent_image": event.get("ParentImage")}
    fixed = {"norm_id": "WindowsSysmon", "event_id": "1"}
    return present({**mapped, **paths, **fixed, "hash": event.get("Hashes")})


def security_process_creation(event: Event) -> Record:
    """Return the record of Security event 4688."""
    event = as_security(event)
    mapped = {name: event.get(field) for field, name in _SECURITY.items()}
    return present({**mapped, "norm_id": "WinServer", "event_id": "4688", "channel": "Security"})


LOGPOINT = Projection({"process_creation": process_creation}, {})
LOGPOINT_SYSMON = Projection({"process_creation": norm_id_process_creation}, {})
LOGPOINT_SECURITY = Projection({"process_creation": security_process_creation}, {})
