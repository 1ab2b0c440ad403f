"""Fields of few words, values in two forms, and texts of which the schema keeps more or less."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import (
    FALSE,
    TRUE,
    Approx,
    Column,
    Compare,
    Exists,
    FieldLeaf,
    FieldMatch,
    IsEmpty,
    IsNull,
    Node,
    Op,
    RegexMatch,
    StringMatch,
)
from sigmaglot.passes.legalise import Fidelity, Policy, choose, take_side
from sigmaglot.pipelines import Entry
from sigmaglot.pipelines.rewrites import REWRITES

ACTION, NUMBER, TEXT = Column("Action"), Column("Number", "long"), Column("Text")
DIRECTIONS = {"Opened": ("true",), "Failed": ("true",), "Accepted": ("false",), "Found": ()}
WORD = Entry("F", "word", {"column": ACTION}, DIRECTIONS)
PROTOCOL = Entry("F", "word", {"column": ACTION}, {"Tcp*": ("tcp",), "Udp*": ("udp",)})
ACCESS = Entry("F", "number_or_text", {"column": NUMBER, "text": TEXT})
JSON = Entry("F", "json_text", {"column": TEXT})
NAME = Entry("F", "name_within", {"column": TEXT})
PROGRAM = Entry("F", "path_within", {"column": TEXT})


def text(written: str, *, cased: bool = False) -> StringMatch:
    wild = {"*": ir.AnyRun, "?": ir.AnyOne}
    pattern = tuple(wild.get(char, ir.Literal(char)) for char in written)
    return StringMatch("F", ir.tidy(pattern), cased)


def rewrite(leaf: FieldLeaf, entry: Entry) -> Node:
    return REWRITES[entry.rewrite](leaf, entry)


def stored_in(node: Node) -> list[str]:
    """Return the stored values that a disjunction of tests of one column asks for."""
    children = node.children if isinstance(node, ir.Or) else (node,)
    assert all(isinstance(one, StringMatch) and one.field.canonical for one in children)  # type: ignore[union-attr]
    return [ir.wildcard_text(one.pattern) for one in children]  # type: ignore[union-attr]


def sides(node: Node) -> tuple[Node, Node]:
    return take_side(node, up=True).node, take_side(node, up=False).node


@pytest.mark.parametrize(
    ("leaf", "entry", "stored"),
    [
        (text("true"), WORD, ["Opened", "Failed"]),
        (text("TRUE"), WORD, ["Opened", "Failed"]),
        (text("f*"), WORD, ["Accepted"]),
        (text("*e"), WORD, ["Opened", "Failed", "Accepted"]),
        (RegexMatch("F", "^f"), WORD, ["Accepted"]),
        (IsNull("F"), WORD, ["Found"]),
        (IsEmpty("F"), WORD, ["Found"]),
        (Exists("F"), WORD, ["Opened", "Failed", "Accepted"]),
        (text("tcp"), PROTOCOL, ["Tcp*"]),
        (
            Compare("F", Op.GTE, 13),
            Entry("F", "word", {"column": ACTION}, {"Set": ("13",), "Key": ("12",)}),
            ["Set"],
        ),
    ],
    ids=str,
)
def test_a_word_is_looked_for_as_the_values_that_stand_for_it(
    leaf: FieldLeaf, entry: Entry, stored: list[str]
) -> None:
    assert stored_in(rewrite(leaf, entry)) == stored


def test_a_field_that_every_event_has_is_never_missing() -> None:
    assert rewrite(IsNull("F"), PROTOCOL) == FALSE


def test_a_word_of_no_recorded_event_leaves_no_query_alone_and_a_narrower_one_beside_others() -> (
    None
):
    unknown = rewrite(text("listening"), WORD)
    assert isinstance(unknown, Approx)
    assert "no such value in any event that the schema records" in unknown.upper.note.message
    assert choose(unknown, Policy.CLOSEST).fidelity is Fidelity.UNSUPPORTED
    beside = ir.Or((unknown, rewrite(text("true"), WORD)))
    assert choose(beside, Policy.CLOSEST).fidelity is Fidelity.NARROWER


def test_a_field_cannot_be_held_against_a_word() -> None:
    assert sides(rewrite(FieldMatch("F", "G"), WORD)) == (TRUE, FALSE)


# -- numbers with hexadecimal text --------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaf", "bound"),
    [
        (text("0x1410"), Compare(NUMBER, Op.EQ, 0x1410)),
        (text("0X1FFFFF"), Compare(NUMBER, Op.EQ, 0x1FFFFF)),
        (text("1410"), FALSE),
        (text("*10"), StringMatch(TEXT, text("*10").pattern)),
        (text("0x14*"), StringMatch(TEXT, text("0x14*").pattern)),
        (text("*10", cased=True), StringMatch(TEXT, text("*10").pattern, cased=True)),
        (RegexMatch("F", "10$"), RegexMatch(TEXT, "10$")),
        (Compare("F", Op.EQ, 5136), FALSE),
        (IsNull("F"), IsNull(NUMBER)),
        (Exists("F"), Exists(NUMBER)),
    ],
    ids=str,
)
def test_a_mask_is_a_number_as_a_whole_and_text_in_parts(leaf: FieldLeaf, bound: Node) -> None:
    assert rewrite(leaf, ACCESS) == bound


def test_the_letter_case_of_a_mask_is_not_stored() -> None:
    upper, lower = sides(rewrite(text("0x1FFFFF", cased=True), ACCESS))
    assert (upper, lower) == (Compare(NUMBER, Op.EQ, 0x1FFFFF), FALSE)


# -- texts inside JSON --------------------------------------------------------------------------


def searched(written: str) -> str:
    upper, lower = sides(rewrite(text(written), JSON))
    assert lower == FALSE
    return "" if upper == TRUE else ir.wildcard_text(upper.pattern)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("*Get-Thing*", "*Get-Thing*"),
        ("Get-Thing", "*Get-Thing*"),
        ('*\\"*', '*\\\\\\"*'),
        ("*a&b*", "*a*b*"),
        ("*a/b*", "*a*b*"),
        ("*é*", ""),
        ("a?b", "*a*b*"),
    ],
)
def test_a_text_is_searched_in_json_as_json_writes_it(written: str, expected: str) -> None:
    assert searched(written) == expected


def test_an_expression_is_searched_by_its_literals() -> None:
    upper, _ = sides(rewrite(RegexMatch("F", r"iex\s+\\abc", "i"), JSON))
    assert evaluate(upper, {"Text": json.dumps({"Content": "x IEX  \\abc"})})
    assert not evaluate(upper, {"Text": json.dumps({"Content": "x iex abc"})})


@pytest.mark.parametrize("leaf", [IsNull("F"), Exists("F"), text(""), RegexMatch("F", "[a-z]+")])
def test_what_names_no_text_cannot_be_searched(leaf: FieldLeaf) -> None:
    assert sides(rewrite(leaf, JSON)) == (TRUE, FALSE)


@given(
    st.text('ab\\"/&é \n', max_size=6),
    st.text('ab\\"/&é *?', min_size=1, max_size=5),
    st.booleans(),
)
def test_what_a_text_holds_is_found_in_any_writing_of_json(
    value: str, written: str, ascii_only: bool
) -> None:
    leaf = text(written)
    upper, _ = sides(rewrite(leaf, JSON))
    for dumped in (json.dumps({"K": value}, ensure_ascii=ascii_only), _html_safe(value)):
        assert evaluate(leaf, {"F": value}) <= evaluate(upper, {"Text": dumped})


def _html_safe(value: str) -> str:
    """Return JSON as writers do that keep it safe inside HTML."""
    escaped = json.dumps({"K": value})
    return escaped.replace("&", "\\u0026").replace("/", "\\/")


# -- a part of a text ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaf", "entry", "is_kept"),
    [
        (text("*Get-Clipboard*"), NAME, True),
        (text("*iex (*"), NAME, False),
        (text("Get-Clipboard"), NAME, False),
        (text("*\\Temp\\x.exe*"), PROGRAM, True),
        (text("*&&*"), PROGRAM, False),
        (text("*\\x.exe"), PROGRAM, False),
        (RegexMatch("F", "a"), PROGRAM, False),
        (IsNull("F"), NAME, False),
    ],
    ids=str,
)
def test_a_part_of_a_text_is_a_lower_bound_of_what_it_can_hold(
    leaf: Any, entry: Entry, is_kept: bool
) -> None:
    upper, lower = sides(rewrite(leaf, entry))
    assert upper == TRUE
    assert lower == (StringMatch(TEXT, leaf.pattern) if is_kept else FALSE)
