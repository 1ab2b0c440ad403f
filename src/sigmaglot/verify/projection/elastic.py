"""Elastic: documents of Winlogbeat and of the Sysmon integration, in ECS.

Sources: the ingest pipelines that Elastic publishes for Sysmon and for the Security log, and the
field reference of Winlogbeat. They move fields, lower-case hashes, drop hashes of zeros, split
accounts, and delete what they moved from ``winlog.event_data``; what they do not know stays there.
"""

from __future__ import annotations

from sigmaglot.verify.projection.common import (
    Event,
    Projection,
    Record,
    account,
    as_security,
    base_name,
    hash_of,
    number,
    present,
)
from sigmaglot.verify.projection.elastic_logs import LOGS
from sigmaglot.verify.projection.elastic_powershell import POWERSHELL
from sigmaglot.verify.projection.elastic_sysmon import SYSMON
from sigmaglot.verify.projection.elastic_types import ELASTIC_TYPES

_MOVED = frozenset(
    [
        "Image",
        "CommandLine",
        "CurrentDirectory",
        "ParentImage",
        "ParentCommandLine",
        "OriginalFileName",
        "Company",
        "Description",
        "FileVersion",
        "Product",
        "Hashes",
        "User",
        "RuleName",
        "UtcTime",
        "ProcessId",
        "ProcessGuid",
        "ParentProcessId",
        "ParentProcessGuid",
        "Computer",
        "Provider_Name",
        "Channel",
        "EventID",
    ]
)
"""Fields of a process creation that no longer stand in ``winlog.event_data``."""


def process_creation(event: Event) -> Record:
    """Return the document of Sysmon's event 1."""
    user = event.get("User")
    domain, name = account(user) if user and user.count("\\") == 1 else (None, None)
    lowered = {
        algorithm: (hash_of(event, algorithm) or "").lower()
        for algorithm in ("MD5", "SHA1", "SHA256", "IMPHASH")
    }
    hashes = {algorithm: value for algorithm, value in lowered.items() if value.strip("0")}
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
            "@timestamp": event.get("UtcTime"),
            **_event_data(event),
        }
    )


def _event_data(event: Event) -> Record:
    return {
        f"winlog.event_data.{key}": value
        for key, value in event.items()
        if key not in _MOVED and not key.startswith("_")
    }


def security_process_creation(event: Event) -> Record:
    """Return the document of Security event 4688; its time is that of the record."""
    time, event = event.get("UtcTime"), as_security(event)
    return present(
        {
            "@timestamp": time,
            "winlog.channel": "Security",
            "winlog.provider_name": "Microsoft-Windows-Security-Auditing",
            "winlog.computer_name": event.get("Computer"),
            "event.code": "4688",
            "user.domain": event.get("SubjectDomainName"),
            "user.name": event.get("SubjectUserName"),
            "process.executable": event.get("NewProcessName"),
            "process.name": base_name(event.get("NewProcessName")),
            "process.command_line": event.get("CommandLine"),
            "process.pid": number(event.get("NewProcessId"), 16),
            "process.parent.executable": event.get("ParentProcessName"),
            "process.parent.name": base_name(event.get("ParentProcessName")),
            "process.parent.pid": number(event.get("ProcessId"), 16),
            **{
                f"winlog.event_data.{key}": event.get(key)
                for key in ("MandatoryLabel", "TokenElevationType", "SubjectLogonId")
            },
        }
    )


ELASTIC = Projection(
    {**LOGS, **SYSMON, **POWERSHELL, "process_creation": process_creation}, ELASTIC_TYPES
)
ELASTIC_SECURITY = Projection({"process_creation": security_process_creation}, ELASTIC_TYPES)
