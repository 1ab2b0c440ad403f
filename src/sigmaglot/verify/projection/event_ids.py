"""The ids of the events of each category, for schemas that keep them.

Source: Sysmon's event manifest, and the events of PowerShell's logs.
"""

from __future__ import annotations

from collections.abc import Mapping

from sigmaglot.verify.projection.common import Event

SYSMON_IDS: Mapping[str, str] = {
    "process_creation": "1",
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
    "registry_event": "",
    "registry_set": "13",
    "registry_rename": "14",
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
}
"""Sysmon's event id by category, empty where a category has several."""

SCRIPT_IDS: Mapping[str, tuple[str, str]] = {
    "ps_script": ("Microsoft-Windows-PowerShell/Operational", "4104"),
    "ps_module": ("Microsoft-Windows-PowerShell/Operational", "4103"),
    "ps_classic_start": ("Windows PowerShell", "400"),
    "ps_classic_provider_start": ("Windows PowerShell", "600"),
    "ps_classic_script": ("Windows PowerShell", "800"),
}
"""The usual channel and the id of PowerShell's events, by category."""

_TELLING = {
    "Details": "13",
    "NewName": "14",
    "TargetObject": "12",
    "PipeName": "17",
    "Query": "19",
    "EventNamespace": "19",
    "Destination": "20",
    "Type": "20",
    "Consumer": "21",
    "Filter": "21",
    "Configuration": "16",
    "State": "4",
}
"""Data that only events of one id have, for an event that does not name its own."""


def sysmon_id(category: str, event: Event) -> str | None:
    """Return the id of an event of a category; None where a bare event does not tell which."""
    known = SYSMON_IDS[category]
    if known:
        return known
    if event.get("EventID") is not None:
        return str(event["EventID"])
    return next((number for field, number in _TELLING.items() if event.get(field)), None)
