"""Elastic: documents of the Security log and of the other Windows logs.

Sources: Winlogbeat's reader (winlogbeat/sys/winevent: empty data is left out, data without a name
is ``param1`` and so on, the level is named in small letters), the ingest pipeline of its Security
module, and for Windows Defender that of Elastic's Windows integration. The pipeline takes events of
two providers only; here every event of the Security log counts as theirs. Not modelled: the many
fields that are copied and stay in ``winlog.event_data``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import partial

from sigmaglot.logsource import SERVICES
from sigmaglot.verify.projection.common import Event, Project, Record, base_name, number, present

_HEADER = frozenset(
    [
        "Channel",
        "Provider_Name",
        "Computer",
        "ComputerName",
        "EventID",
        "EventRecordID",
        "SystemTime",
        "Level",
        "Task",
        "Opcode",
        "Keywords",
        "Version",
        "Message",
        "Data",
    ]
)
_LEVELS = {
    "0": "information",
    "1": "critical",
    "2": "error",
    "3": "warning",
    "4": "information",
    "5": "verbose",
}
_AUDIT_FAILURE, _AUDIT_SUCCESS = 0x10000000000000, 0x20000000000000
_MOVING = frozenset(
    [
        "1100",
        "1102",
        "1104",
        "1105",
        "1108",
        "4624",
        "4648",
        "4625",
        "4670",
        "4673",
        "4674",
        "4689",
        "4697",
        "4719",
        "4720",
        "4722",
        "4723",
        "4724",
        "4725",
        "4726",
        "4727",
        "4728",
        "4729",
        "4730",
        "4731",
        "4732",
        "4733",
        "4734",
        "4735",
        "4737",
        "4738",
        "4740",
        "4741",
        "4742",
        "4743",
        "4744",
        "4745",
        "4746",
        "4747",
        "4748",
        "4749",
        "4750",
        "4751",
        "4752",
        "4753",
        "4754",
        "4755",
        "4756",
        "4757",
        "4758",
        "4759",
        "4760",
        "4761",
        "4762",
        "4763",
        "4764",
        "4767",
        "4768",
        "4769",
        "4770",
        "4771",
        "4798",
        "4799",
        "4817",
        "4904",
        "4905",
        "4907",
        "4912",
        "5140",
        "5145",
    ]
)
"""Events whose process, address and port are moved out of the event data."""
_LISTED = frozenset({"4672", "4673", "4674", "4741", "4742", "4743"})
"""Events whose privileges become a list."""
_WORDS = {"4417": "WriteData (or AddFile)", "1537": "DELETE", "1539": "WRITE_DAC"}
"""Some of the words for codes of accesses (msobjs.dll)."""
_USER_DATA = frozenset(
    {
        *("wmi", "applocker", "driver-framework", "printservice-admin", "printservice-operational"),
        *("smbclient-connectivity", "smbclient-security", "smbserver-connectivity"),
        "terminalservices-localsessionmanager",
    }
)
"""Services whose events have templates of their own; unconfirmed for those of SMB."""
_MAPPED = re.compile(r"\[?::ffff:([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)(?:\](?::[0-9]+)?)?")


def log_event(event: Event, channel: str, place: str = "winlog.event_data") -> Record:
    """Return the document of an event that no pipeline takes; ``place`` is where its data goes."""
    return {**_header(event, channel), **_data(event, place)}


def system_event(event: Event) -> Record:
    """Return the document of an event of the System log: its process is the one that logged it."""
    record = log_event(event, "System")
    process = number(record.pop("winlog.event_data.ProcessId", None))
    return {**record, "winlog.process.pid": process} if process else record


def security_event(event: Event) -> Record:
    """Return the document of an event of the Security log."""
    record = log_event(event, "Security")
    code = record.get("event.code")
    if code in _MOVING:
        record |= _moved(record)
    elif code == "4688":
        record |= _of_creation(record)
    if code in _LISTED:
        record |= _split(record, "PrivilegeList")
    return record | _split(record, "AccessMask") | _accesses(record)


def defender_event(event: Event) -> Record:
    """Return the document of an event of Windows Defender, whose data has names with blanks."""
    record = log_event(event, "Microsoft-Windows-Windows Defender/Operational")
    named = {_underscored(column): value for column, value in record.items()}
    process = named.pop("winlog.event_data.Process_Name", None)
    found = {"process.executable": process, "process.name": base_name(process)}
    return {**named, **present(found)}


def _underscored(column: str) -> str:
    """Return a column with ``_`` for the blank that the event's own name has."""
    head, _, name = column.rpartition(".")
    if not column.startswith("winlog.event_data."):
        return column
    return f"{head}.{re.sub('(?<=[a-z])(?=[A-Z])', '_', name)}"


def _header(event: Event, channel: str) -> Record:
    level = str(event.get("Level", ""))
    return present(
        {
            "winlog.channel": event.get("Channel") or channel,
            "winlog.provider_name": event.get("Provider_Name") or None,
            "winlog.computer_name": event.get("Computer") or event.get("ComputerName") or None,
            "event.code": None if event.get("EventID") is None else str(event["EventID"]),
            "log.level": _LEVELS.get(level, level.lower() or None),
            "event.outcome": _outcome(event.get("Keywords")),
            "message": event.get("Message") or None,
            "winlog.event_data.param1": event.get("Data") or None,
        }
    )


def _outcome(keywords: object) -> str | None:
    mask = number(keywords, 16)
    if mask is None:
        return None
    return "failure" if mask & _AUDIT_FAILURE else "success" if mask & _AUDIT_SUCCESS else None


def _data(event: Event, place: str) -> Record:
    return {
        f"{place}.{key}": str(value).replace("\r\n", "\n")
        for key, value in event.items()
        if value not in (None, "") and key not in _HEADER and not key.startswith("_")
    }


def _moved(record: Record) -> Record:
    """Take process, address, port and computer out of the event data.

    A text that is not what its field holds, such as an address that is none, stays: Elasticsearch
    would refuse the document.
    """
    taken: Record = {}
    for field, (column, convert) in _MOVES.items():
        found = convert(record.get(f"winlog.event_data.{field}", ""))
        if found is not None:
            taken[column] = found
            del record[f"winlog.event_data.{field}"]
    name = base_name(taken.get("process.executable"))
    return {**taken, "process.name": name} if name else taken


def _path(text: str) -> str | None:
    return text if "\\" in text else None


def _address(text: str) -> str | None:
    plain = _MAPPED.sub(r"\1", text)
    try:
        return plain if ipaddress.ip_address(plain) else None
    except ValueError:
        return None


def _decoded(text: str) -> int | None:
    """Return the number that Java's ``Long.decode`` makes of decimal or hexadecimal digits."""
    return number(text, 0) if re.fullmatch("0x[0-9a-fA-F]+|0|[1-9][0-9]*", text) else None


_MOVES: dict[str, tuple[str, Callable[[str], str | int | None]]] = {
    "ProcessId": ("process.pid", _decoded),
    "ProcessName": ("process.executable", _path),
    "IpAddress": ("source.ip", _address),
    "IpPort": ("source.port", _decoded),
    "WorkstationName": ("source.domain", lambda text: text or None),
}


def _of_creation(record: Record) -> Record:
    """Return the process of event 4688, and its parent."""
    name = record.pop("winlog.event_data.NewProcessName", None)
    parent = record.pop("winlog.event_data.ParentProcessName", None)
    return present(
        {
            "process.executable": name,
            "process.name": base_name(name),
            "process.pid": number(record.pop("winlog.event_data.NewProcessId", None), 0),
            "process.parent.executable": parent,
            "process.parent.name": base_name(parent),
            "process.command_line": record.get("winlog.event_data.CommandLine"),
        }
    )


def _split(record: Record, name: str) -> Record:
    column = f"winlog.event_data.{name}"
    return {column: str(record[column]).split()} if column in record else {}


def _accesses(record: Record) -> Record:
    """Return the codes of the accesses without their marks, and their words."""
    column = "winlog.event_data.AccessList"
    if column not in record:
        return {}
    codes = [part.replace("%%", "") for part in str(record[column]).split()]
    words = [_WORDS.get(code, code) for code in codes]
    return {column: [code for code in codes if code], f"{column}Description": words}


def _of(service: str) -> Project:
    place = "winlog.user_data" if service in _USER_DATA else "winlog.event_data"
    return partial(log_event, channel=SERVICES[service][0], place=place)


LOGS: dict[str, Project] = {
    **{f"service:{service}": _of(service) for service in SERVICES},
    "service:security": security_event,
    "service:system": system_event,
    "service:windefend": defender_event,
}
"""What makes the document of each service."""
