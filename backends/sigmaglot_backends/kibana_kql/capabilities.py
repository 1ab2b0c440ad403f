r"""What Kibana KQL can say about ECS fields.

A ``keyword`` or ``wildcard`` field compares with letter case; its ``match_only_text`` sub-field
compares tokens without it. Kibana hands a wildcard value to ``query_string``, which splits it at
white space into alternatives, so no wildcard value here ever holds white space; and Kibana 8.5 and
later read a backslash in a wildcard on a keyword field as an escape, so none holds a backslash
there either (elastic/kibana issues 23001, 255223 and 169709).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Bound, Column, Node, Shape, StringMatch
from sigmaglot.language import (
    ALL,
    GONE,
    STRING_KINDS,
    Capabilities,
    approx,
    exact,
    has_letters,
    note,
    regex_by_literals,
    rows,
    single_as_run,
)
from sigmaglot_backends.kibana_kql.spelling import spelled_out, widened
from sigmaglot_backends.kibana_kql.tokens import Piece, is_one_run, pieces

NAME = "Kibana KQL"
_KEYWORDS = ("keyword", "wildcard")
_SPELLED_OUT = "keyword, spelled out"
"""The type of a keyword column in a match that is legal already."""
_SPACE = re.compile(r"\s")


@lru_cache(maxsize=256)
def _text_column(column: Column) -> Column:
    return Column(column.text, "text", caveat=column.caveat)


@lru_cache(maxsize=256)
def _cased_column(column: Column) -> Column:
    """Return the column for matches that are spelled out in the case they compare with."""
    return replace(column, type=_SPELLED_OUT)


@lru_cache(maxsize=256)
def _base_column(column: Column) -> Column:
    return Column(column.base, _SPELLED_OUT, caveat=column.caveat)


def _string(leaf: StringMatch) -> Node:
    """Bound a match without letter case by tokens above and by spellings below."""
    if leaf.pattern == () or not has_letters(leaf) or _column(leaf).canonical:
        return _with_case(leaf)
    column = _column(leaf)
    shape, text = ir.shape_of(leaf.pattern)
    if column.text and shape is Shape.CONTAINS and is_one_run(text):
        return StringMatch(_text_column(column), leaf.pattern, place=leaf.place)
    if not column.text and (exactly := _every_spelling(leaf, column)) is not None:
        return exactly
    upper, lower = _upper(leaf, column), _lower(leaf, column)
    if column.text:
        why = note(
            "SG304",
            f"`{column.text}` is matched token by token, `{column.name}` with letter case",
            leaf,
        )
    else:
        why = note("SG303", f"`{column.name}` is matched with letter case", leaf)
    return ir.Approx(leaf, Bound(*upper, why), Bound(*lower, why))


def _column(leaf: StringMatch) -> Column:
    if isinstance(leaf.field, str):
        raise TypeError(leaf)
    return leaf.field


def _with_case(leaf: StringMatch) -> Node:
    """Return the match on the keyword, or its bounds where it cannot be written there."""
    column = _column(leaf)
    if can_write(leaf.pattern, column):
        return _spelled(leaf, column, leaf.pattern)
    why = note("SG301", "a wildcard value cannot hold white space or a backslash here", leaf)
    return ir.Approx(leaf, Bound(*_upper(leaf, column), why), Bound(*GONE, why))


def can_write(pattern: ir.Pattern, column: Column) -> bool:
    """Return whether the keyword form of a match is safe in every Kibana: see the module."""
    if ir.AnyRun not in pattern:
        return True
    text = "".join(ir.texts_of(pattern))
    backslash = column.type == "keyword" and "\\" in text
    return not backslash and not _SPACE.search(text)


def _upper(leaf: StringMatch, column: Column) -> tuple[Node, float]:
    """Return the tokens that every match contains, and what that loses.

    A field without a text sub-field is bound by a part of the value in every letter case.
    """
    if not column.text:
        wide = [_spelled(leaf, column, pattern) for pattern in widened(leaf.pattern)]
        return (ir.any_of(list(wide)), 0.2) if wide else ALL
    tests = _token_tests(leaf, _text_column(column))
    if not tests:
        return ALL
    size = sum(len(piece.strip("*")) for piece in _texts(tests))
    return ir.all_of(tests), 0.1 if size >= 4 else 0.3


def _every_spelling(leaf: StringMatch, column: Column) -> Node | None:
    """Return the match in every letter case, None where it has too many or cannot be written."""
    if not can_write(leaf.pattern, column):
        return None
    patterns = spelled_out(leaf.pattern)
    return ir.any_of([_spelled(leaf, column, one) for one in patterns]) if patterns else None


def _spelled(leaf: StringMatch, column: Column, pattern: ir.Pattern) -> StringMatch:
    return StringMatch(_cased_column(column), pattern, cased=True, place=leaf.place)


def _texts(tests: list[Node]) -> list[str]:
    return [ir.value_text(test) for test in tests if isinstance(test, StringMatch)]


def _token_tests(leaf: StringMatch, column: Column) -> list[Node]:
    tests: list[Node] = []
    last = len(leaf.pattern) - 1
    for index, part in enumerate(leaf.pattern):
        if isinstance(part, ir.Literal):
            found = pieces(part.text, at_start=index == 0, at_end=index == last)
            tests += [_token_test(group, column, leaf) for group in _phrases(found)]
    telling = [test for test in tests if len(ir.value_text(test).strip("*")) > 1]  # type: ignore[arg-type]
    return list(dict.fromkeys(telling or tests))


def _phrases(found: list[Piece]) -> list[list[Piece]]:
    """Return neighbouring whole tokens together, as phrases; parts of tokens stand alone."""
    groups: list[list[Piece]] = []
    for piece in found:
        if piece.whole and piece.follows and groups[-1][-1].whole:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return groups


def _token_test(group: list[Piece], column: Column, leaf: StringMatch) -> Node:
    text = " ".join(piece.text for piece in group)
    if group[0].whole:
        return StringMatch(column, ir.pattern(Shape.EQUALS, text), place=leaf.place)
    shapes = {
        (True, False): Shape.STARTSWITH,
        (False, True): Shape.ENDSWITH,
        (False, False): Shape.CONTAINS,
    }
    shape = shapes[group[0].starts, group[0].ends]
    return StringMatch(column, ir.pattern(shape, text), place=leaf.place)


def _lower(leaf: StringMatch, column: Column) -> tuple[Node, float]:
    """Return the likely spellings, with letter case, on the keyword or the base name."""
    name = _base_name(leaf, column)
    if not name and not can_write(leaf.pattern, column):
        return GONE
    target = _base_column(column) if name else _cased_column(column)
    patterns = [_respell(name or leaf.pattern, spelling) for spelling in _SPELLINGS]
    spelled = [
        StringMatch(target, pattern, cased=True, place=leaf.place)
        for index, pattern in enumerate(patterns)
        if pattern not in patterns[:index]
    ]
    return ir.any_of(spelled), 0.3


def _base_name(leaf: StringMatch, column: Column) -> ir.Pattern:
    r"""Return the base name that ``|endswith '\x.exe'`` asks for, nothing for any other match."""
    shape, text = ir.shape_of(leaf.pattern)
    fits = shape is Shape.ENDSWITH and text.startswith("\\") and text.count("\\") == 1
    return ir.pattern(Shape.EQUALS, text[1:]) if column.base and fits else ()


_SPELLINGS = (str, str.lower, str.upper, str.capitalize)
"""As the rule has it, and how Windows programs usually write it."""


def _respell(pattern: ir.Pattern, spelling: Any) -> ir.Pattern:
    return tuple(
        ir.Literal(spelling(part.text)) if isinstance(part, ir.Literal) else part
        for part in pattern
    )


def _number_exists(leaf: Any) -> Node:
    return ir.IsNull(leaf.field, leaf.place)


_MAPPED = ipaddress.ip_network("::ffff:0:0/96")
"""Where an ``ip`` field keeps IPv4 addresses (Lucene's encoding of addresses)."""


def _network_of_version_6(leaf: ir.CidrMatch) -> Node:
    if not ipaddress.ip_network(leaf.network).overlaps(_MAPPED):
        return leaf
    message = "the network also holds the mapped form in which IPv4 addresses are stored"
    return approx(leaf, note("SG205", message, leaf), (leaf, 0.1), GONE)


_PLAIN = tuple(kind for kind in STRING_KINDS if kind != "single")
_CASED = tuple(f"{kind}_cased" for kind in _PLAIN)
_NUMBERS = ("long", "date")

CAPABILITIES = Capabilities(
    NAME,
    {
        **rows(_PLAIN, _string, *_KEYWORDS),
        **rows(_CASED, _with_case, *_KEYWORDS),
        **rows(_CASED, exact, _SPELLED_OUT),
        **rows(_PLAIN, exact, "text"),
        **rows(("single", "single_cased"), single_as_run(NAME), *_KEYWORDS),
        **rows(("regex",), regex_by_literals(NAME), *_KEYWORDS),
        **rows(("exists", "null", "null_or_empty"), exact, *_KEYWORDS),
        **rows(("exists", "null", "compare"), exact, *_NUMBERS),
        **rows(("null_or_empty",), _number_exists, *_NUMBERS),
        **rows(("cidr4", "exists", "null"), exact, "ip"),
        **rows(("cidr6",), _network_of_version_6, "ip"),
    },
)
