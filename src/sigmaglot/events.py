"""Read recorded events: newline-delimited JSON, plain or gzip, and EVTX."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigmaglot.errors import Diagnostic

ID_FIELD = "_id"
"""The field that names an event, unless the user says another."""

_GZIP_MAGIC = b"\x1f\x8b"
_SYSTEM = ("Channel", "Computer", "EventRecordID", "Level", "Task", "Opcode", "Keywords", "Version")
_ALIASES = {
    "NewProcessName": "Image",
    "ParentProcessName": "ParentImage",
    "SubjectLogonId": "LogonId",
}
"""Sysmon's names, which rules use, for what Security event 4688 records under names of its own."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event: its id, its fields by Sigma name, and the line of its file (0 for EVTX)."""

    id: str
    values: dict[str, Any]
    path: str
    line: int = 0


def read_events(path: str, id_field: str = ID_FIELD) -> Iterator[Recorded | Diagnostic]:
    """Yield the events of a file in order, or a diagnostic in the place of one that is broken.

    The suffix ``.evtx`` tells a Windows event log; all else is NDJSON, gzip or not. An event
    without ``id_field`` is named by its file and line, or by its file and record number.
    """
    read = _read_evtx(path) if path.lower().endswith(".evtx") else _read_ndjson(path, id_field)
    try:
        yield from read
    except (OSError, EOFError, zlib.error, RuntimeError) as error:  # the last from the evtx library
        reason = getattr(error, "strerror", None) or str(error)
        yield Diagnostic(
            "SG502",
            f"the events cannot be read: {reason[:1].lower() + reason[1:]}",
            hint="give NDJSON, gzip-compressed NDJSON or EVTX",
        ).at(path)


def _read_ndjson(path: str, id_field: str) -> Iterator[Recorded | Diagnostic]:
    with Path(path).open("rb") as raw:
        compressed = raw.peek(2)[:2] == _GZIP_MAGIC
        file: Iterable[bytes] = gzip.GzipFile(fileobj=raw) if compressed else raw
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _read_line(path, number, line.rstrip(b"\r\n"), id_field)


def _read_line(path: str, number: int, line: bytes, id_field: str) -> Recorded | Diagnostic:
    try:
        values = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _broken(path, number, f"not UTF-8: byte 0x{line[error.start]:02x}", error.start + 1)
    except json.JSONDecodeError as error:
        return _broken(path, number, f"not JSON: {error.msg.lower()}", error.colno)
    except (RecursionError, ValueError) as error:
        return _broken(path, number, f"not readable: {error}")
    if not isinstance(values, dict):
        return _broken(path, number, f"a {type(values).__name__}, not a JSON object")
    name = values.get(id_field)
    return Recorded(f"{path}:{number}" if name is None else str(name), values, path, number)


def _broken(path: str, number: int, reason: str, column: int | None = None) -> Diagnostic:
    return Diagnostic(
        "SG501", f"the line is {reason}", hint="one JSON object a line; the other lines count"
    ).at(path, number, column)


def _read_evtx(path: str) -> Iterator[Recorded | Diagnostic]:
    from evtx import PyEvtxParser  # noqa: PLC0415 - a native library, only for event logs

    with Path(path).open("rb"):  # a missing file is an OSError here, whatever the library raises
        parser = PyEvtxParser(path)
    records = parser.records_json()
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except (RuntimeError, OSError, ValueError) as error:
            yield Diagnostic("SG501", f"a record is broken: {error}").at(path)
            continue
        yield _evtx_record(path, record)


def _evtx_record(path: str, record: Any) -> Recorded:
    name = f"{Path(path).stem}/{record['event_record_id']}"
    return Recorded(name, flatten(json.loads(record["data"])), path)


def flatten(record: dict[str, Any]) -> dict[str, Any]:
    """Return a Windows event, as the ``evtx`` library decodes it, as fields by Sigma's names."""
    event = record.get("Event") or {}
    system = event.get("System") or {}
    provider = _attributes(system.get("Provider"))
    values = {
        "Provider_Name": provider.get("Name") or provider.get("EventSourceName"),
        "EventID": _integer(_plain(system.get("EventID"))),
        **{name: _plain(system[name]) for name in _SYSTEM if name in system},
        "SystemTime": _attributes(system.get("TimeCreated")).get("SystemTime"),
        **_data(event),
    }
    if values["EventID"] == 4688:
        found = {alias: values[name] for name, alias in _ALIASES.items() if name in values}
        values = {**found, **values}
    return values


def _data(event: dict[str, Any]) -> dict[str, Any]:
    """Return the named values of EventData, or of the one element in UserData."""
    data = dict(event.get("EventData") or {})
    for element in (event.get("UserData") or {}).values():
        data.update(element if isinstance(element, dict) else {})
    return {name: _plain(value) for name, value in data.items() if not name.startswith("#")}


def _attributes(element: Any) -> dict[str, Any]:
    return element.get("#attributes") or {} if isinstance(element, dict) else {}


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _plain(value: Any) -> Any:
    """Return the text of an element that has attributes too; several texts become one."""
    if isinstance(value, dict) and "#text" in value:
        value = value["#text"]
    if isinstance(value, list):
        return "\n".join("" if item is None else str(item) for item in value)
    return value
