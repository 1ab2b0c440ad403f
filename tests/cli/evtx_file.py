"""Write a small Windows event log: one chunk, binary XML without templates.

Source: libyal's "Windows XML Event Log (EVTX) format" documentation.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

Element = tuple[str, Mapping[str, str], "Sequence[Element] | str"]
"""Name, attributes, and children or text."""

CHUNK_SIZE = 65536
CHUNK_HEADER = 512
RECORD_HEADER = 24


def event(event_id: int, record: int, channel: str, data: Mapping[str, str]) -> Element:
    values = [("Data", {"Name": name}, value) for name, value in data.items()]
    system = [
        ("Provider", {"Name": "Microsoft-Windows-Sysmon"}, ""),
        ("EventID", {}, str(event_id)),
        ("TimeCreated", {"SystemTime": "2026-01-02T03:04:05.000000Z"}, ""),
        ("EventRecordID", {}, str(record)),
        ("Channel", {}, channel),
        ("Computer", {}, "WS-1"),
    ]
    return ("Event", {}, [("System", {}, system), ("EventData", {}, values)])


def event_log(events: Mapping[int, Element]) -> bytes:
    """Return the bytes of a log with these events by record number."""
    records, offset = b"", CHUNK_HEADER
    for number, element in events.items():
        record = _record(number, element, offset)
        last, offset = offset, offset + len(record)
        records += record
    numbers = list(events)
    chunk = _chunk(numbers[0], numbers[-1], last, offset, records)
    return _file_header(numbers[-1] + 1) + chunk


def _file_header(next_record: int) -> bytes:
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, next_record, 128, 1, 3, 4096, 1)
    head += bytes(76)
    return (head + struct.pack("<II", 0, zlib.crc32(head))).ljust(4096, b"\0")


def _chunk(first: int, last: int, last_offset: int, free: int, records: bytes) -> bytes:
    head = struct.pack("<8sQQQQ", b"ElfChnk\0", first, last, first, last)
    head += struct.pack("<IIII", 128, last_offset, free, zlib.crc32(records)) + bytes(64)
    tables = bytes(CHUNK_HEADER - 128)
    head += struct.pack("<II", 0, zlib.crc32(head + tables))
    return (head + tables + records).ljust(CHUNK_SIZE, b"\0")


def _record(number: int, element: Element, offset: int) -> bytes:
    body = b"\x0f\x01\x01\x00"
    body += _element(element, offset + RECORD_HEADER + len(body)) + b"\x00"
    size = RECORD_HEADER + len(body) + 4
    filetime = 134_000_000_000_000_000
    return (
        struct.pack("<4sIQQ", b"\x2a\x2a\0\0", size, number, filetime)
        + body
        + struct.pack("<I", size)
    )


def _element(element: Element, offset: int) -> bytes:
    """Return an element that starts at an offset of the chunk; names are kept where they are used."""
    name, attributes, content = element
    token = b"\x41" if attributes else b"\x01"
    name_offset = offset + 9  # behind the token, the size and the offset itself
    rest = _name(name)
    if attributes:
        listed = _attributes(attributes, name_offset + len(rest) + 4)
        rest += struct.pack("<I", len(listed)) + listed
    rest += b"\x02"
    if isinstance(content, str):
        rest += _text(content) if content else b""
    else:
        for child in content:
            rest += _element(child, name_offset + len(rest))
    rest += b"\x04"
    return token + struct.pack("<II", 4 + len(rest), name_offset) + rest


def _attributes(attributes: Mapping[str, str], offset: int) -> bytes:
    out = b""
    for index, (name, value) in enumerate(attributes.items(), 1):
        token = b"\x06" if index == len(attributes) else b"\x46"
        out += token + struct.pack("<I", offset + len(out) + 5) + _name(name) + _text(value)
    return out


def _name(name: str) -> bytes:
    return struct.pack("<IHH", 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"


def _text(text: str) -> bytes:
    return struct.pack("<BBH", 5, 1, len(text)) + text.encode("utf-16-le")
