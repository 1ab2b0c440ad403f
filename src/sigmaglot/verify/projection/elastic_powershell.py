"""Elastic: documents of PowerShell's logs.

Source: the ingest pipelines of Winlogbeat's module (x-pack/winlogbeat/module/powershell) and its
field list. They take ``ContextInfo`` and the classic log's data apart at line ends and ``=``, and
``Payload`` at line ends; what they took apart is deleted. Events of PowerShell 7 are in a channel
that no pipeline takes; as its log source counts as met, such an event is stored as one of Windows
PowerShell. Not modelled: connected users.
"""

from __future__ import annotations

import re
from functools import partial

from sigmaglot.verify.projection.common import Event, Project, Record, base_name, number, present
from sigmaglot.verify.projection.elastic_sysmon import SYSTEM

_OPERATIONAL = ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell")
_CLASSIC = ("Windows PowerShell", "PowerShell")
_PARTS = {
    "HostID": "process.entity_id",
    "HostId": "process.entity_id",
    "HostApplication": "process.command_line",
    "HostName": "process.title",
    "HostVersion": "powershell.process.executable_version",
    "ShellID": "powershell.id",
    "EngineVersion": "powershell.engine.version",
    "PipelineID": "powershell.pipeline_id",
    "PipelineId": "powershell.pipeline_id",
    "RunspaceID": "powershell.runspace_id",
    "RunspaceId": "powershell.runspace_id",
    "CommandLine": "powershell.command.value",
    "CommandPath": "powershell.command.path",
    "CommandName": "powershell.command.name",
    "CommandType": "powershell.command.type",
    "ScriptBlockId": "powershell.file.script_block_id",
    "ScriptBlockText": "powershell.file.script_block_text",
    "ScriptName": "file.path",
    "NewEngineState": "powershell.engine.new_state",
    "PreviousEngineState": "powershell.engine.previous_state",
    "NewProviderState": "powershell.provider.new_state",
    "ProviderName": "powershell.provider.name",
}
_NUMBERS = {
    "MessageNumber": "powershell.sequence",
    "MessageTotal": "powershell.total",
    "SequenceNumber": "event.sequence",
}
_DELETED = {"Severity", "User", "UserId", "ConnectedUser", "Data", "Payload", "ContextInfo"}
_DETAIL = re.compile(r"(.+)\((.+)\):\s*(.+)?", re.DOTALL)
_BINDING = re.compile(r"name=(.+);\s*value=(.+)", re.DOTALL)
_DETAILS = "powershell.command.invocation_details"


def powershell_event(event: Event, code: str, log: tuple[str, str]) -> Record:
    """Return the document of an event; ``code`` is its id where the event has none."""
    data = {
        key: str(value).replace("\r\n", "\n")
        for key, value in event.items()
        if value not in (None, "") and key not in SYSTEM and not key.startswith("_")
    }
    data |= _pairs(data.get("Data", ""))
    for key, value in _pairs(data.get("ContextInfo", "")).items():
        data[re.sub(r"\s", "", key)] = value
    data["ScriptName"] = data.pop("Path", data.get("ScriptName", ""))
    record: Record = {column: data[field] for field, column in _PARTS.items() if data.get(field)}
    record |= {column: number(data.get(field)) for field, column in _NUMBERS.items()}
    gone = {*_PARTS, *_NUMBERS, *_DELETED, "Message"}
    record |= {f"winlog.event_data.{k}": v for k, v in data.items() if k not in gone}
    return present(
        {
            **record,
            **_user(data),
            **_file(record.get("file.path")),
            **_details(data.get("Payload", "")),
            "winlog.channel": log[0],
            "winlog.provider_name": event.get("Provider_Name") or log[1],
            "winlog.computer_name": event.get("Computer"),
            "event.code": str(event.get("EventID") or code),
            "message": data.get("Message"),
        }
    )


def _pairs(text: str) -> dict[str, str]:
    """Return the values of ``key=value`` lines."""
    found = (line.partition("=") for line in text.split("\n"))
    pairs = ((key.strip(" \t"), value.strip(" \n\t")) for key, is_pair, value in found if is_pair)
    return {key: value for key, value in pairs if key and value}


def _user(data: dict[str, str]) -> Record:
    parts = (data.get("User") or data.get("UserId") or "").split("\\")
    return {"user.domain": parts[0], "user.name": parts[1]} if len(parts) == 2 else {}


def _file(path: str | None) -> Record:
    return {"file.name": base_name(path)} if path and "\\" in path else {}


def _details(payload: str) -> Record:
    """Return the invocation details of all lines: what stands in an array of objects, by field."""
    found: dict[str, list[str]] = {}
    for line in payload.split("\n") if payload else []:
        for field, value in _detail(line).items():
            found.setdefault(f"{_DETAILS}.{field}", []).append(value)
    return dict(found)


def _detail(line: str) -> dict[str, str]:
    match = _DETAIL.fullmatch(line)
    if match is None:
        return {"value": line}
    kind, command, value = match[1], match[2], match[3] or ""
    parts = {"type": kind, "related_command": command, "value": value}
    binding = _BINDING.fullmatch(value) if kind == "ParameterBinding" else None
    if binding:
        parts |= {"name": binding[1], "value": binding[2]}
    return {field: text for field, text in parts.items() if text}


def _of(code: str, log: tuple[str, str]) -> Project:
    return partial(powershell_event, code=code, log=log)


POWERSHELL: dict[str, Project] = {
    "ps_script": _of("4104", _OPERATIONAL),
    "ps_module": _of("4103", _OPERATIONAL),
    "ps_classic_start": _of("400", _CLASSIC),
    "ps_classic_provider_start": _of("600", _CLASSIC),
    "ps_classic_script": _of("800", _CLASSIC),
    "service:powershell": _of("4104", _OPERATIONAL),
    "service:powershell-classic": _of("400", _CLASSIC),
}
"""What makes the document of each log source."""
