"""Elasticsearch's part of a Kibana KQL query: what a value means for a field of a type.

Facts: Elastic's guide (the pages of the field types; the match, match_phrase, query_string, range
and exists queries); Kibana's kbn-es-query for which of them a value becomes; Lucene's classic query
parser. Nothing was run in Elasticsearch.

Decisions:
    - keyword, constant_keyword and wildcard hold the whole value, with its case. Text and
      match_only_text hold its tokens (`uax29`): a value is any of its tokens (match), in quotes all
      of them in a row (match_phrase), and with `*` a search inside single tokens.
    - A wildcard value becomes a query_string: split at blanks into alternatives; neighbours without
      a wildcard make one phrase-less term. `AND`, `OR`, `NOT` would be operators there: they raise,
      and so does a wildcard on any other type.
    - Numbers compare as numbers, whatever the width of the type.
    - An ip value may be a network. IPv4 addresses are stored as IPv6 ones (`::ffff:0:0/96`), so a
      wide IPv6 network holds them, and they order among the others.
    - A date is `strict_date_optional_time` (stored, also with the blank that Sysmon writes) or
      milliseconds since 1970, in UTC (Kibana would send the browser's time zone). A value is from
      its first to its last millisecond, and a range begins or ends there; a missing part is filled
      as "Missing date components" of the range query says: `2026-02` ends with its first day.
    - A boolean is true, false or, stored, the empty text (false).
    - A range on keyword and wildcard compares code points; on text, constant_keyword and boolean it
      raises.
    - Not modelled, and raising: `null` as a value, date math, numbers with an exponent. Not
      modelled, in silence: `ignore_above`, normalizers, the truncation of stored numbers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import methodcaller
from typing import Any, NoReturn

from .base import ReadError, Record, text_of
from .uax29 import BREAK, analysed, lowered, tokens

RUN = "\ue000"
"""A wildcard inside a value: a private-use character stands for it."""

_WHOLE = {"long", "integer", "short", "byte", "unsigned_long"}
NUMBERS = _WHOLE | {"double", "float", "half_float", "scaled_float"}
EXACT = {"keyword", "constant_keyword", "wildcard"}
TEXT = {"text", "match_only_text"}
KNOWN = NUMBERS | EXACT | TEXT | {"ip", "date", "boolean"}
_ORDERED = NUMBERS | {"keyword", "wildcard", "ip", "date"}

ElementTest = Callable[[object], bool]
"""A test of one element of a field, as the record has it."""

StoredTest = Callable[[Any], bool]
"""A test of what a type stores of an element."""

_Part = tuple[str, Any]
_REMEMBERED = 1 << 16
_MANY = 300
_LUCENE_BLANK = re.compile("[ \t\n\r\u3000]+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})"
    r"(?:[.,]([0-9]{1,9}))?)?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?"
)
_FIRST = ("", "01", "01", "00", "00", "00", "000")
_LAST = ("", "01", "01", "23", "59", "59", "999")
_MAPPED = 0xFFFF << 32


@dataclass(frozen=True, slots=True)
class Value:
    """A value as the query has it.

    Attributes:
        text: A text, in which `RUN` stands for a wildcard; or one of KQL's constants.
        quoted: Whether it was written in quotes, where nothing is a wildcard.
        offset: Where it starts in the query.
    """

    text: str | bool | None
    quoted: bool
    offset: int

    @property
    def wild(self) -> bool:
        """Whether the value holds a wildcard."""
        return isinstance(self.text, str) and not self.quoted and RUN in self.text

    @property
    def is_lone_wildcard(self) -> bool:
        """Whether the value is a wildcard alone: it asks that the field exists."""
        return self.text == RUN and not self.quoted


# -- Fields of a record ---------------------------------------------------------------------------


def element_test(kind: str, value: Value, *, split_keywords: bool) -> ElementTest:
    """Return the test of one element of a field of a type against one value.

    Raises:
        ReadError: As `stored_test` does.
    """
    return of_elements(kind, stored_test(kind, [value], split_keywords=split_keywords))


def of_elements(kind: str, test: StoredTest | None) -> ElementTest:
    """Return the test of an element as the record has it; without a test any element passes."""
    stored = _STORED[kind]
    if test is None:
        return lambda _element: True

    def run(element: object) -> bool:
        found = stored(element)
        return found is not None and test(found)

    return run


def elements(row: Record, name: str, kind: str) -> list[object]:
    """Return what a field of a record holds, none where it is absent."""
    base = base_of(name, kind)
    value = row.get(base if base and name not in row else name)
    found = value if isinstance(value, list | tuple) else [value]
    return [element for element in found if element is not None]


def base_of(name: str, kind: str) -> str | None:
    """Return the field that a text sub-field is made of; None where it is no sub-field."""
    return name.removesuffix(".text") if kind in TEXT and name.endswith(".text") else None


def _fail(message: str, offset: int) -> NoReturn:
    raise ReadError(message, offset)


# -- What a type stores ---------------------------------------------------------------------------


def _text(element: object) -> str:
    return element if isinstance(element, str) else text_of(element)


def _number(element: object) -> float | int | None:
    if isinstance(element, int | float) and not isinstance(element, bool):
        return element
    text = _text(element)
    if not _NUMBER.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _address(element: object) -> int | None:
    return _addresses(_text(element))[0] if "/" not in _text(element) else None


@lru_cache(maxsize=_REMEMBERED)
def _addresses(text: str) -> tuple[int, int] | tuple[None, None]:
    """Return the first and the last address of an address or a network, as IPv6 numbers."""
    address, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit()):
        return None, None
    try:
        network = ipaddress.ip_network((address, int(length)) if slash else address, strict=False)
    except ValueError:
        return None, None
    offset = _MAPPED if network.version == 4 else 0
    return offset + int(network.network_address), offset + int(network.broadcast_address)


def _date(element: object) -> int | None:
    return _moments(_text(element))[0]


@lru_cache(maxsize=_REMEMBERED)
def _moments(text: str) -> tuple[int, int] | tuple[None, None]:
    """Return the first and the last millisecond since 1970 that a date stands for."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return (int(text), int(text)) if re.fullmatch("-?[0-9]{1,18}", text) else (None, None)
    *given, zone = match.groups()
    try:
        return _millisecond(given, _FIRST, zone), _millisecond(given, _LAST, zone)
    except ValueError:
        return None, None


def _millisecond(given: Sequence[str | None], missing: Sequence[str], zone: str | None) -> int:
    filled = [part or other for part, other in zip(given, missing, strict=True)]
    moment = datetime.fromisoformat("{}-{}-{}T{}:{}:{}.{}".format(*filled) + (zone or "Z"))
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _truth(element: object) -> bool | None:
    return {"true": True, "false": False, "": False}.get(_text(element))


_STORED: dict[str, Callable[[object], Any]] = {
    **dict.fromkeys(EXACT, _text),
    **dict.fromkeys(TEXT, lambda element: analysed(_text(element))),
    **dict.fromkeys(NUMBERS, _number),
    "ip": _address,
    "date": _date,
    "boolean": _truth,
}


def _span(kind: str, text: str) -> tuple[Any, Any]:
    """Return the lowest and the highest stored value that a text stands for; Nones without any."""
    if kind == "ip":
        return _addresses(text)
    if kind == "date":  # a blank is only in what was stored
        return (None, None) if " " in text else _moments(text)
    if kind == "boolean" and not text:
        return None, None
    value = _STORED[kind](text)
    return value, value


# -- What a value asks of what is stored ----------------------------------------------------------


def stored_test(kind: str, values: Sequence[Value], *, split_keywords: bool) -> StoredTest | None:
    """Return a test that what a type stores is one of some values; None where any element is.

    Args:
        kind: The type, one of `KNOWN`.
        values: The values, of which one is enough.
        split_keywords: Whether a wildcard value on a keyword field is split at blanks.

    Raises:
        ReadError: A value cannot stand for the type, or this model lacks what it asks.
    """
    parts = [part for value in values for part in _parts(kind, value, split_keywords)]
    return None if any(value.is_lone_wildcard for value in values) else _one_of(parts)


def order_test(kind: str, operator: str, value: Value) -> StoredTest:
    """Return a test that what a type stores stands so (`<`, `<=`, `>`, `>=`) to a value.

    Raises:
        ReadError: As `stored_test` does.
    """
    if kind not in _ORDERED or not isinstance(value.text, str) or value.wild:
        _fail(f"a range on a {kind} field, which this reader does not model", value.offset)
    low, high = _span(kind, value.text)
    if low is None or (kind == "ip" and "/" in value.text):
        _fail(f"{value.text!r} as a bound on a {kind} field", value.offset)
    return _ORDERS[operator](low, high)


def _parts(kind: str, value: Value, split_keywords: bool) -> list[_Part]:
    """Return the alternatives of a value: a kind of test of `_TESTS`, and what it looks for."""
    if value.text is None:
        _fail("null as a value", value.offset)
    if value.is_lone_wildcard:
        return []
    text = _text(value.text)
    if value.wild:
        return _wildcard(kind, text, value.offset, split_keywords)
    if kind in EXACT:
        return [("equals", text)]
    if kind in TEXT:
        return _phrase(text) if value.quoted else _words(text)
    low, high = _span(kind, text)
    if low is None:
        _fail(f"{text!r} on a {kind} field", value.offset)
    return [("equals", low) if low == high else ("between", (low, high))]


def _words(text: str) -> list[_Part]:
    return [("holds", BREAK + token + BREAK) for token in tokens(text)]


def _phrase(text: str) -> list[_Part]:
    found = analysed(text)
    return [("holds", found)] if found else []


def _wildcard(kind: str, text: str, offset: int, split_keywords: bool) -> list[_Part]:
    if kind not in EXACT | TEXT:
        _fail(f"a wildcard on a {kind} field", offset)
    if kind == "keyword" and not split_keywords:
        return [_glob(text)]
    terms = [term for term in _LUCENE_BLANK.split(text) if term]
    if {"AND", "OR", "NOT"} & set(terms):
        _fail("AND, OR or NOT in a wildcard value: an operator of query_string", offset)
    return [part for term in _merge(terms) for part in _term(kind, term)]


def _merge(terms: Iterable[str]) -> list[str]:
    """Lucene's parser joins neighbouring terms without a wildcard before it analyses them."""
    out: list[str] = []
    plain_before = False
    for term in terms:
        plain = RUN not in term
        if plain and plain_before:
            out[-1] += f" {term}"
        else:
            out.append(term)
        plain_before = plain
    return out


def _term(kind: str, term: str) -> list[_Part]:
    if RUN in term:
        return [_token_glob(lowered(term)) if kind in TEXT else _glob(term)]
    return _words(term) if kind in TEXT else [("equals", term)]


def _glob(pattern: str) -> _Part:
    """Return the test of a whole value; the simple shapes need no regular expression."""
    first, *between, last = pattern.split(RUN)
    inner = [text for text in between if text]
    if not inner and not (first and last):
        return ("starts", first) if first else ("ends", last) if last else ("any", None)
    if len(inner) == 1 and not first and not last:
        return "holds", inner[0]
    return "matches", re.compile(_in_order(first, inner, last, "."), re.DOTALL).fullmatch


def _token_glob(pattern: str) -> _Part:
    """Return the test of one token among those of `analysed`."""
    first, *between, last = pattern.split(RUN)
    inner = [text for text in between if text]
    if len(inner) + bool(first) + bool(last) < 2:  # one text at most
        before, after = BREAK * bool(first), BREAK * bool(last)
        text = before + first + "".join(inner) + last + after
        return ("holds", text) if text else ("any", None)
    body = _in_order(first, inner, last, f"[^{BREAK}]")
    return "matches", re.compile(BREAK + body + BREAK).search


def _in_order(first: str, inner: Iterable[str], last: str, char: str) -> str:
    """Return a regular expression that finds each text at its earliest and never goes back."""
    groups = (f"(?>{char}*?{re.escape(text)})" for text in inner)
    return f"{re.escape(first)}{''.join(groups)}{char}*{re.escape(last)}"


# -- Tests of what is stored ----------------------------------------------------------------------


def _one_of(parts: Iterable[_Part]) -> StoredTest:
    """Return a test that one of the parts holds, each kind of them tested together."""
    grouped: dict[str, list[Any]] = {}
    for kind, wanted in parts:
        grouped.setdefault(kind, []).append(wanted)
    tests = [_TESTS[kind](wanted) for kind, wanted in grouped.items()]
    return tests[0] if len(tests) == 1 else lambda stored: any(test(stored) for test in tests)


def _holds(wanted: list[str]) -> StoredTest:
    if len(wanted) == 1:
        only = wanted[0]
        return lambda stored: only in stored
    if len(wanted) < _MANY:
        return lambda stored: any(text in stored for text in wanted)
    return _holds_one_of_many(wanted)


def _holds_one_of_many(wanted: list[str]) -> StoredTest:
    """Look the start of a wanted text up at every place, instead of looking for each text."""
    width = min(map(len, wanted))
    by_start: dict[str, list[str]] = {}
    for text in wanted:
        by_start.setdefault(text[:width], []).append(text)
    starts = {start: tuple(texts) for start, texts in by_start.items()}

    def run(stored: str) -> bool:
        for place in range(len(stored) - width + 1):
            found = starts.get(stored[place : place + width])
            if found and stored.startswith(found, place):
                return True
        return False

    return run


_TESTS: dict[str, Callable[[list[Any]], StoredTest]] = {
    "any": lambda _wanted: lambda _stored: True,
    "equals": lambda wanted: frozenset(wanted).__contains__,
    "between": lambda spans: lambda stored: any(low <= stored <= high for low, high in spans),
    "starts": lambda wanted: methodcaller("startswith", tuple(wanted)),
    "ends": lambda wanted: methodcaller("endswith", tuple(wanted)),
    "holds": _holds,
    "matches": lambda wanted: lambda stored: any(match(stored) for match in wanted),
}

_ORDERS: dict[str, Callable[[Any, Any], StoredTest]] = {
    "<": lambda low, _high: lambda stored: stored < low,
    "<=": lambda _low, high: lambda stored: stored <= high,
    ">": lambda _low, high: lambda stored: stored > high,
    ">=": lambda low, _high: lambda stored: stored >= low,
}
