"""Splunk: events of the Sysmon add-on and of the Windows add-on, with the event's own field names.

Sources: Splunk's security content (data sources) and the field extractions of the add-ons.
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


def process_creation(event: Event) -> Record:
    """Return the event of Sysmon's event 1; the add-on also extracts each hash."""
    hashes = {
        algorithm: hash_of(event, algorithm) for algorithm in ("MD5", "SHA1", "SHA256", "IMPHASH")
    }
    source = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
    return {**_raw(event), **present({**hashes, "_time": event.get("UtcTime")})} | {
        "EventCode": "1",
        "source": source,
    }


def classic_process_creation(event: Event) -> Record:
    """Return Sysmon's event 1 as an input without XML rendering stores it."""
    return {
        **process_creation(event),
        "source": "WinEventLog:Microsoft-Windows-Sysmon/Operational",
    }


def security_process_creation(event: Event) -> Record:
    """Return the event of Security event 4688."""
    event = as_security(event)
    return {**_raw(event), "EventCode": "4688", "source": "XmlWinEventLog:Security"}


def _raw(event: Event) -> Record:
    return {key: str(value) for key, value in event.items() if value is not None and key[0] != "_"}


SPLUNK = Projection({"process_creation": process_creation}, {})
SPLUNK_CLASSIC = Projection({"process_creation": classic_process_creation}, {})
SPLUNK_SECURITY = Projection({"process_creation": security_process_creation}, {})
