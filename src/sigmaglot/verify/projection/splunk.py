"""Splunk: events of the Sysmon add-on and of the Windows add-on, with the event's own field names.

Sources: Splunk's security content (the fields that its data sources list, and their example logs)
and the field extractions of the add-ons. Named data becomes fields; data without a name and the
binary element stay in ``EventData_Xml``; blanks in a name become underscores; the provider is
``Name``. That XML entities are decoded in fields is assumed: the sources do not say so of all.
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

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

_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_DEFENDER = "Microsoft-Windows-Windows Defender/Operational"
_XML, _RENDERED = "XmlWinEventLog", "WinEventLog"

_BLANKS = {
    "NewValue": "New_Value",
    "OldValue": "Old_Value",
    "ProcessName": "Process_Name",
    "SourceName": "Source_Name",
    "ThreatName": "Threat_Name",
}
"""Data of Defender's log that has a blank in its name, which Sigma leaves out."""
_UNNAMED = ("Data", "Binary")
_HEADER = frozenset({"Provider_Name", "EventID", *_UNNAMED})


def _sysmon(category: str, kind: str = _XML) -> Project:
    """Return what stores a category's events; the add-on also extracts each hash."""
    source = f"{kind}:{_SYSMON}"
    return lambda event: _stored(event, source, sysmon_id(category, event)) | _hashes(event)


def _hashes(event: Event) -> Record:
    joined = {"Hashes": event.get("Hashes") or event.get("Hash")}
    return present({name: hash_of(joined, name) for name in ("MD5", "SHA1", "SHA256", "IMPHASH")})


def _script(category: str, kind: str = _XML) -> Project:
    """Return what stores PowerShell's events of a category."""
    usual, number = SCRIPT_IDS[category]
    return lambda event: _stored(event, f"{kind}:{event.get('Channel') or usual}", number)


def _service(kind: str = _XML) -> Project:
    """Return what stores the events of a log, by the channel that each event names."""

    def project(event: Event) -> Record:
        channel = str(event.get("Channel") or "")
        number = event.get("EventID")
        known = event
        if channel == _DEFENDER:
            known = {_BLANKS.get(name, name): value for name, value in event.items()}
        stored = _stored(known, f"{kind}:{channel}", None if number is None else str(number))
        return stored | (_hashes(event) if channel == _SYSMON else {})

    return project


def security_process_creation(event: Event) -> Record:
    """Return the event of Security event 4688; its time is that of the record."""
    stored = _stored(as_security(event), f"{_XML}:Security", "4688")
    return present({**stored, "_time": _epoch(event)})


def _stored(event: Event, source: str, number: str | None) -> Record:
    """Return the fields of an event that is stored as XML."""
    named = {
        name.replace(" ", "_"): str(value)
        for name, value in event.items()
        if value is not None and name[0] != "_" and name not in _HEADER
    }
    system = {"source": source, "EventCode": number, "_time": _epoch(event)}
    provider = {} if "Name" in named else {"Name": event.get("Provider_Name")}
    return present({**named, **provider, **system, "EventData_Xml": _event_data(event)})


def _epoch(event: Event) -> float | None:
    """Return an event's time as Splunk holds it, in seconds since 1970."""
    try:
        found = datetime.fromisoformat(str(event.get("UtcTime")))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC).timestamp()


def _event_data(event: Event) -> str | None:
    """Return the XML of the data without names; what has a name is not needed for any query."""
    found = [(name, event[name]) for name in _UNNAMED if event.get(name) is not None]
    return "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in found) or None


def _categories(kind: str) -> dict[str, Project]:
    return {
        **{category: _sysmon(category, kind) for category in SYSMON_IDS},
        **{category: _script(category, kind) for category in SCRIPT_IDS},
        "service:*": _service(kind),
    }


SPLUNK = Projection(_categories(_XML), {})
SPLUNK_CLASSIC = Projection(_categories(_RENDERED), {})
"""Events as the inputs that MITRE CAR and pySigma's pipeline know store them: another source."""
SPLUNK_SECURITY = Projection({"process_creation": security_process_creation}, {})
