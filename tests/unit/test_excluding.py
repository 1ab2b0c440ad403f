"""Two conditions that exclude each other are met by no event."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.passes.exclude import MOST, exclude

IMAGE = "Image"


def text(shape: ir.Shape, value: str, field: str = IMAGE) -> ir.Node:
    return ir.StringMatch(field, ir.pattern(shape, value))


def ends(value: str) -> ir.Node:
    return text(ir.Shape.ENDSWITH, value)


def starts(value: str) -> ir.Node:
    return text(ir.Shape.STARTSWITH, value)


def number(value: int, op: ir.Op = ir.Op.EQ) -> ir.Node:
    return ir.Compare("EventID", op, value)


LINE = text(ir.Shape.CONTAINS, "x", "CommandLine")
EXCLUDING = {
    "two ends": (ends("\\cmd.exe"), ends("\\net.exe")),
    "two beginnings": (starts("C:\\a"), starts("C:\\b")),
    "a whole text and an end": (text(ir.Shape.EQUALS, "C:\\cmd.exe"), ends("\\net.exe")),
    "two numbers": (number(1), number(3)),
    "a part of each": (ir.all_of([LINE, ends("\\cmd.exe")]), ir.all_of([ends("\\net.exe"), LINE])),
    "every alternative": (ir.any_of([ends("\\a.exe"), ends("\\b.exe")]), ends("\\c.exe")),
    "nothing": (ir.Or(()), LINE),
}
MEETING = {
    "one end is the end of the other": (ends("cmd.exe"), ends("\\CMD.exe")),
    "a beginning and an end": (starts("C:\\a"), ends("\\cmd.exe")),
    "two contained texts": (text(ir.Shape.CONTAINS, "a"), text(ir.Shape.CONTAINS, "b")),
    "different fields": (ends("\\cmd.exe"), text(ir.Shape.ENDSWITH, "\\net.exe", "ParentImage")),
    "one alternative meets it": (ir.any_of([ends("a.exe"), ends("b.exe")]), ends("b.exe")),
    "no equality": (number(1), number(3, ir.Op.GTE)),
    "a negation": (ir.Not(ends("\\cmd.exe")), ends("\\net.exe")),
    "letters outside ASCII, which have several small ones": (ends("ſ"), ends("S")),
}


@pytest.mark.parametrize("case", EXCLUDING)
def test_what_one_field_cannot_be_twice_excludes(case: str) -> None:
    one, other = EXCLUDING[case]
    assert exclude(one, other)
    assert exclude(other, one)


@pytest.mark.parametrize("case", MEETING)
def test_what_may_hold_together_does_not_exclude(case: str) -> None:
    one, other = MEETING[case]
    assert not exclude(one, other)
    assert not exclude(other, one)


def test_large_conditions_are_not_looked_into() -> None:
    many = ir.any_of([ends(f"\\{n}.exe") for n in range(MOST // 2)])
    assert exclude(many, ends("\\cmd.exe"))
    assert not exclude(many, ir.any_of([ends("\\cmd.exe"), ends("\\net.exe"), ends("\\a.exe")]))


TEXTS = st.text("aAbß", min_size=1, max_size=2)
SHAPES = [ir.Shape.EQUALS, ir.Shape.STARTSWITH, ir.Shape.ENDSWITH, ir.Shape.CONTAINS]
LEAVES = st.one_of(
    st.builds(
        ir.StringMatch,
        st.just(IMAGE),
        st.builds(ir.pattern, st.sampled_from(SHAPES), TEXTS),
        st.booleans(),
    ),
    st.builds(number, st.integers(0, 2), st.sampled_from([ir.Op.EQ, ir.Op.LT])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(ir.all_of),
        st.lists(inner, min_size=1, max_size=3).map(ir.any_of),
        inner.map(ir.negate),
    ),
    max_leaves=3,
)
EVENTS = st.fixed_dictionaries({}, optional={IMAGE: TEXTS, "EventID": st.integers(0, 2)})


@settings(max_examples=100, deadline=None)
@given(st.lists(TREES, min_size=8, max_size=16), st.lists(EVENTS, min_size=5, max_size=20))
def test_no_event_meets_both(trees: list[ir.Node], events: list[dict[str, object]]) -> None:
    met = [
        {at for at, one in enumerate(events) if compile_predicate(tree)(Event(one))}
        for tree in trees
    ]
    for (one, mine), (other, its) in combinations(zip(trees, met, strict=True), 2):
        if exclude(one, other):
            assert not mine & its
