"""What a Kibana KQL value means for one element of a field of a type: Elasticsearch's part of `kibana_kql.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from .base import ReadError, Record, in_network, number_of, text_of
from .uax29 import tokens

_LUCENE_BLANK = re.compile("[ \t\n\r\u3000]+")
RUN = "\ue000"  # a wildcard, inside a value: a private-use character stands for it
NUMBERS = {
    "long",
    "integer",
    "short",
    "byte",
    "unsigned_long",
    "double",
    "float",
    "half_float",
    "scaled_float",
}
EXACT = {"keyword", "constant_keyword", "wildcard"}
TEXT = {"text", "match_only_text"}
KNOWN = NUMBERS | EXACT | TEXT | {"ip", "date", "boolean"}

ElementTest = Callable[[object], bool]


@dataclass(frozen=True)
class Value:
    """A literal or, where it holds `RUN`, a wildcard."""

    text: str | bool | None
    quoted: bool
    offset: int

    @property
    def wild(self) -> bool:
        return isinstance(self.text, str) and not self.quoted and RUN in self.text


def fail(message: str, offset: int) -> NoReturn:
    raise ReadError(message, offset)


def element_test(kind: str, value: Value, *, split_keywords: bool) -> ElementTest:
    """The test of one element of a field against the value of an `is`."""
    if value.text is None:
        fail("null as a value", value.offset)
    if value.text == RUN and not value.quoted:
        return lambda element: True
    text = text_of(value.text)
    if value.wild:
        return wildcard(kind, text, value.offset, split_keywords)
    if kind in EXACT:
        return lambda element: text_of(element) == text
    if kind in TEXT:
        return _phrase(tokens(text)) if value.quoted else _words(tokens(text))
    return scalar_test(kind, text, value.offset)


def scalar_test(kind: str, text: str, offset: int) -> ElementTest:
    if kind == "ip":
        if in_network(text.partition("/")[0], text) is None:
            fail(f"{text!r} is no address or network", offset)
        return lambda element: in_network(element, text) is True
    if kind == "boolean":
        if text not in ("true", "false"):
            fail(f"{text!r} on a boolean field", offset)
        return lambda element: text_of(element) == text
    wanted = scalar_of(kind, text, offset)
    return lambda element: sign_of(kind, element, wanted) == 0


def scalar_of(kind: str, text: str, offset: int) -> float:
    scalar = _scalar(kind, text)
    if scalar is None:
        fail(f"{text!r} on a {kind} field", offset)
    return scalar


def wildcard(kind: str, text: str, offset: int, split_keywords: bool) -> ElementTest:
    if kind not in EXACT | TEXT:
        fail(f"a wildcard on a {kind} field", offset)
    if kind == "keyword" and not split_keywords:
        return _wild(text)
    terms = [term for term in _LUCENE_BLANK.split(text) if term]
    if {"AND", "OR", "NOT"} & set(terms):
        fail("AND, OR or NOT in a wildcard value: an operator of query_string", offset)
    tests = [term_test(kind, term) for term in _merge(terms)]
    return lambda element: any(test(element) for test in tests)


def term_test(kind: str, term: str) -> ElementTest:
    if set(term) == {RUN}:
        return lambda element: True
    if RUN not in term:
        return _words(tokens(term)) if kind in TEXT else lambda element: text_of(element) == term
    if kind in EXACT:
        return _wild(term)
    token_test = _wild(term.lower())
    return lambda element: any(token_test(token) for token in tokens(text_of(element)))


def elements(row: Record, name: str, kind: str) -> list[object]:
    base = name.rpartition(".")[0]
    key = base if kind in TEXT and name not in row and name.endswith(".text") else name
    value = row.get(key)
    elements = value if isinstance(value, list | tuple) else [value]
    return [element for element in elements if element is not None]


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


def _wild(pattern: str) -> ElementTest:
    body = ".*".join(re.escape(part) for part in pattern.split(RUN))
    compiled = re.compile(body, re.DOTALL)
    return lambda element: compiled.fullmatch(text_of(element)) is not None


def _words(wanted: list[str]) -> ElementTest:
    return lambda element: not set(wanted).isdisjoint(tokens(text_of(element)))


def _phrase(wanted: list[str]) -> ElementTest:
    def run(element: object) -> bool:
        found = tokens(text_of(element))
        starts = range(len(found) - len(wanted) + 1)
        return bool(wanted) and any(found[i : i + len(wanted)] == wanted for i in starts)

    return run


def _scalar(kind: str, value: object) -> float | None:
    """A number, or a date as seconds; None where the value is neither."""
    if kind in NUMBERS:
        return number_of(value)
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def sign_of(kind: str, element: object, wanted: float) -> float | None:
    found = _scalar(kind, element)
    return None if found is None else found - wanted
