"""How results are written: bare queries, queries for a hunt, JSON records."""

from collections.abc import Mapping

from sigmaglot.formats.hunt import hunt
from sigmaglot.formats.model import Format, Setting
from sigmaglot.formats.query import query
from sigmaglot.formats.record import record, to_record

FORMATS: Mapping[str, Format] = {
    "query": Format("query", query),
    "hunt": Format("hunt", hunt, is_hunt=True),
    "jsonl": Format("jsonl", record, extension="jsonl", separator="", writes_failures=True),
}
"""Formats by the name that ``-f`` takes."""

__all__ = ["FORMATS", "Format", "Setting", "to_record"]
