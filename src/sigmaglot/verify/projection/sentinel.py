"""Microsoft Sentinel: Defender's rows under another time column, SecurityEvent and WindowsEvent.

Sources: the Azure Monitor Logs reference of the tables; the analytics rules and ASIM parsers that
Microsoft publishes for Sentinel, for the events that SecurityEvent takes apart into columns and
for the XML that EventData has of the others; a published row of event 4624. A text that is not
recorded is stored as an empty one, for Kusto's strings are never null; a number is null.

Which events are taken apart is not documented: those that Microsoft's rules read from columns are,
any other is left in EventData. What an event that is taken apart has beside its columns is taken
to be in EventData too. How WindowsEvent names data without names is not documented either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape

from sigmaglot.verify.projection.common import (
    TABLE,
    Event,
    Project,
    Projection,
    Record,
    number,
    present,
)
from sigmaglot.verify.projection.defender import DEFENDER
from sigmaglot.verify.schemas import sentinel_tables

_SECURITY, _WINDOWS = "SecurityEvent", "WindowsEvent"
_LOGS = ("service:security", "service:system")
"""What Defender records a part of, and Sentinel has the log of."""
_SYSTEM = frozenset(
    {"Channel", "Computer", "ComputerName", "EventID", "Keywords", "Level", "Message", "UtcTime"}
    | {"Provider_Name"}
)
"""Fields of an event's header, which are no data of it."""

_LOGONS = (4624, 4625, 4634, 4647, 4648, 4672)
_PROCESSES_AND_OBJECTS = (4662, 4663, 4688, 4689, 5140, 5145)
_ACCOUNTS = (*range(4720, 4768), 4781, 4794, 4798, 4799)
_TAKEN_APART = frozenset(map(str, (*_LOGONS, *_PROCESSES_AND_OBJECTS, *_ACCOUNTS)))
"""Events that Microsoft's rules read from columns."""
_CLEARED = "1102"
"""The event of a cleared log, whose data stand in an element of their own."""

_OF_DEFENDER = {
    "Feature_Name": "Feature Name",
    "NewValue": "New Value",
    "OldValue": "Old Value",
    "ProcessName": "Process Name",
    "SourceName": "Source Name",
    "ThreatName": "Threat Name",
}
"""Data of Windows Defender's log that have a blank in their names."""
_LEVELS = {
    "0": "Information",
    "1": "Critical",
    "2": "Error",
    "3": "Warning",
    "4": "Information",
    "5": "Verbose",
}
"""Names of the levels (Windows' standard levels; zero is shown as information)."""
_ANTIVIRUS = "Microsoft-Windows-Windows Defender/Operational"


def _copied(project: Project) -> Project:
    """Return what makes the row that the connector copies."""

    def copy(event: Event) -> Record:
        found = project(event)
        moment = {"TimeGenerated": found.pop("Timestamp")} if "Timestamp" in found else {}
        return found | moment

    return copy


def _header(event: Event, table: str) -> Record:
    """Return what both tables of logs have of an event."""
    known = {
        TABLE: table,
        "Channel": event.get("Channel") or "",
        "Computer": event.get("Computer") or event.get("ComputerName") or "",
        "EventID": number(event.get("EventID")),
        "TimeGenerated": event.get("UtcTime"),
    }
    return present(known)


def _data(event: Event) -> dict[str, str]:
    """Return an event's own data as texts."""
    return {
        name: str(value)
        for name, value in event.items()
        if value is not None and name not in _SYSTEM and not name.startswith("_")
    }


def security_event(event: Event) -> Record:
    """Return the row of an event of the Security log."""
    types = sentinel_tables()[_SECURITY]
    data = _data(event)
    is_apart = str(event.get("EventID")) in _TAKEN_APART
    columns = {name: text for name, text in data.items() if is_apart and name in types}
    rest = {name: text for name, text in data.items() if name not in columns}
    header = _header(event, _SECURITY)
    return {
        **header,
        "Channel": header["Channel"] or "Security",
        "EventSourceName": event.get("Provider_Name") or "",
        "EventData": _xml(str(event.get("EventID")), rest),
        **present({name: _typed(text, types[name]) for name, text in columns.items()}),
    }


def _typed(text: str, kind: str) -> str | int | None:
    return number(text) if kind == "int" else text


def _xml(event_id: str, data: Mapping[str, str]) -> str:
    """Return the XML of an event's data, with the characters that it escapes."""
    texts = {name: escape(text, {'"': "&quot;"}) for name, text in data.items()}
    if event_id == _CLEARED:
        inside = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
        return f"<UserData><LogFileCleared>{inside}</LogFileCleared></UserData>"
    inside = "".join(f'<Data Name="{name}">{text}</Data>' for name, text in texts.items())
    return f"<EventData>{inside}</EventData>"


def windows_event(event: Event) -> Record:
    """Return the row of an event of any other log."""
    data = _data(event)
    process = data.pop("ProcessId", None)
    if event.get("Channel") == _ANTIVIRUS:
        data = {_OF_DEFENDER.get(name, name): text for name, text in data.items()}
    level = str(event.get("Level") or "")
    return {
        **_header(event, _WINDOWS),
        "Provider": event.get("Provider_Name") or "",
        "EventData": json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        "EventLevelName": _LEVELS.get(level, level),
        **present({"SystemProcessId": number(process)}),
    }


SENTINEL = Projection(
    {
        **{
            category: _copied(project)
            for category, project in DEFENDER.categories.items()
            if category not in _LOGS
        },
        "service:security": security_event,
        "service:*": windows_event,
    },
    sentinel_tables()["DeviceProcessEvents"],
    DEFENDER.tables,
)
