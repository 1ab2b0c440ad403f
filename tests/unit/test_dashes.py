"""A dash that a column does not hold: bounds that no event contradicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit_helpers import condition_of

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.passes.legalise import Fidelity, Policy, choose, take_side
from sigmaglot.pipelines.model import Entry
from sigmaglot.pipelines.rewrites.dashes import dashed

COLUMN = ir.Column("RemoteIP")
ENTRY = Entry("IpAddress", "dashed", {"column": COLUMN})
TESTS = (
    "IpAddress: '-'",
    "IpAddress: ['-', '::1']",
    "IpAddress|contains: '-'",
    "IpAddress|contains: '.'",
    "IpAddress|startswith: '10.'",
    "IpAddress|re: '^$|-'",
    "IpAddress|re: '.*'",
    "IpAddress|re: '^$'",
    "IpAddress: ''",
    "IpAddress: null",
    "IpAddress: ['', null]",
    "IpAddress|exists: true",
    "IpAddress|cidr: 10.0.0.0/8",
    "IpAddress|fieldref: Other",
)


def rewritten(node: ir.Node) -> ir.Node:
    match node:
        case ir.And(children):
            return ir.And(tuple(map(rewritten, children)))
        case ir.Or(children):
            return ir.Or(tuple(map(rewritten, children)))
        case ir.Not(child):
            return ir.Not(rewritten(child))
        case ir.Const():
            return node
        case _:
            return dashed(node, ENTRY)


def by_name(node: ir.Node) -> ir.Node:
    """Return a tree over columns as one over their names, for the evaluator."""
    match node:
        case ir.And(children):
            return ir.And(tuple(map(by_name, children)))
        case ir.Or(children):
            return ir.Or(tuple(map(by_name, children)))
        case ir.Not(child):
            return ir.Not(by_name(child))
        case ir.Const():
            return node
        case ir.StringMatch():
            return ir.StringMatch(node.field.name, node.pattern, node.cased)
        case _:
            return type(node)(
                node.field.name,
                *(getattr(node, name) for name in node.__slots__ if name not in {"field", "place"}),
            )


@pytest.mark.parametrize("test", TESTS)
@given(value=st.sampled_from([None, "", "-", "::1", "10.0.0.7", "a-b"]), is_there=st.booleans())
def test_the_bounds_hold_for_every_event(test: str, value: str | None, is_there: bool) -> None:
    event = {"IpAddress": value} if is_there else {}
    row = {"RemoteIP": "" if event.get("IpAddress") in {None, "-"} else event["IpAddress"]}
    condition = condition_of(f"selection: {{{test}}}")
    bound = rewritten(condition)
    meant = evaluate(condition, event)
    lower, upper = (by_name(take_side(bound, up=up).node) for up in (False, True))
    assert evaluate(lower, row) <= meant <= evaluate(upper, row)


def test_what_a_dash_does_not_meet_is_exact() -> None:
    (leaf,) = ir.leaves(condition_of("selection: {IpAddress|startswith: '10.'}"))
    assert dashed(leaf, ENTRY) == ir.StringMatch(COLUMN, leaf.pattern)


def test_a_dash_that_is_left_out_loses_the_events_without_the_field_at_most() -> None:
    (leaf,) = ir.leaves(condition_of("selection: {IpAddress: '-'}"))
    wanted, unwanted = dashed(leaf, ENTRY), ir.negate(dashed(leaf, ENTRY))
    assert choose(wanted, Policy.CLOSEST).fidelity is Fidelity.BROADER
    assert choose(unwanted, Policy.CLOSEST).fidelity is Fidelity.NARROWER


def test_no_field_stands_where_dashes_do_not() -> None:
    (leaf,) = ir.leaves(condition_of("selection: {IpAddress: null}"))
    bound = dashed(leaf, ENTRY)
    assert isinstance(bound, ir.Approx)
    assert (bound.upper.node, bound.lower.node) == (ir.IsEmpty(COLUMN), ir.FALSE)
