"""Splunk's search terms: comparisons of fields, lists, keywords.

The decisions are stated in `spl`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lark import Token

from .base import (
    ReadError,
    Record,
    Test,
    all_of,
    any_of,
    compares,
    in_network,
    negate,
    number_of,
    raw_of,
    text_of,
)
from .spl_eval import offset_of, unquoted

_CASE = re.compile(r'CASE\(\s*"?([^"]+?)"?\s*\)')
_TIME = {"earliest", "latest", "_index_earliest", "_index_latest", "index_earliest", "index_latest"}
_ORDERS = {"<", "<=", ">", ">="}


def rules(star_matches_empty: bool) -> Mapping[str, Callable[..., Test]]:
    """Return what each rule of the grammar's searches makes of its parts.

    Args:
        star_matches_empty: Whether `f=*` finds an empty value.
    """

    def comparison(field: Token, operator: Token, token: Token) -> Test:
        if operator in _ORDERS:
            return _order(_name(field), operator, token)
        return _equality(_name(field), operator == "=", _value_test(token, star_matches_empty))

    def membership(field: Token, *tokens: Token) -> Test:
        tests = [_value_test(token, star_matches_empty) for token in tokens]
        return _equality(_name(field), True, lambda found: any(test(found) for test in tests))

    return {
        "conjunction": lambda *tests: all_of(list(tests)),
        "disjunction": lambda *tests: any_of(list(tests)),
        "negation": _negation,
        "comparison": comparison,
        "membership": membership,
        "keyword": _keyword,
    }


def _negation(*parts: Any) -> Test:
    """Return the term under its NOTs, of which two are none."""
    *nots, term = parts
    test: Test = term
    return negate(test) if len(nots) % 2 else test


def _name(field: Token) -> str:
    if field in _TIME or field in ("AND", "OR", "NOT"):
        raise ReadError(f"{field}, which this reader does not model", offset_of(field))
    return str(field)


def _equality(field: str, wanted: bool, test: Callable[[object], bool]) -> Test:
    def run(row: Record) -> bool:
        found = row.get(field)
        return found is not None and test(found) is wanted

    return run


def _order(field: str, operator: str, token: Token) -> Test:
    text, _ = _text(token)
    bound = number_of(text)
    if bound is None:
        raise ReadError(f"{operator} {text!r}: no number", offset_of(token))
    return compares(field, operator, bound)


def _text(token: Token) -> tuple[str, bool]:
    """Return what a value says, and whether case counts."""
    if token.type == "QUOTED":
        return unquoted(token), False
    case = _CASE.fullmatch(token) if token.type == "CASE" else None
    return (case[1], True) if case else (token.replace("\\\\", "\\"), False)


def _value_test(token: Token, star_matches_empty: bool) -> Callable[[object], bool]:
    text, cased = _text(token)
    matches, network = _pattern(text, cased, r"\A", r"\Z").match, _network(text)
    stars_only = text != "" and set(text) == {"*"}

    def run(found: object) -> bool:
        stored = text_of(found)
        if stars_only and not stored:
            return star_matches_empty
        return matches(stored) is not None or (
            network is not None and in_network(stored, network) is True
        )

    return run


def _network(text: str) -> str | None:
    """Return the text if it is a network."""
    is_one = "/" in text and in_network(text.partition("/")[0], text) is not None
    return text if is_one else None


def _pattern(text: str, cased: bool, before: str, after: str) -> re.Pattern[str]:
    body = ".*".join(map(re.escape, text.split("*")))
    return re.compile(before + body + after, re.DOTALL | (0 if cased else re.IGNORECASE))


def _keyword(token: Token) -> Test:
    text, cased = _text(token)
    stripped = text.strip("*")
    before = "" if text.startswith("*") or not stripped[:1].isalnum() else r"(?<![^\W_])"
    after = "" if text.endswith("*") or not stripped[-1:].isalnum() else r"(?![^\W_])"
    search = _pattern(stripped, cased, before, after).search
    return lambda row: search(raw_of(row)) is not None
