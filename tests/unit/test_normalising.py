"""Simplifying keeps the meaning of every tree, and leaves it in the shape that it promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit_helpers import EVENTS, LEAVES, trees

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import FALSE, TRUE, And, IsEmpty, IsNull, Node, Not, Or, StringMatch
from sigmaglot.passes.normalise import (
    conjunction,
    deduplicate,
    disjunction,
    join_all,
    join_any,
    normalise,
)

TREES = trees(LEAVES | st.sampled_from([TRUE, FALSE]))

EMPTY, ANYTHING = StringMatch("A", ()), StringMatch("A", (ir.AnyRun,))
X, Y, Z = (StringMatch("A", (ir.Literal(text),)) for text in "xyz")


def below(node: Node) -> list[Node]:
    """Return a node and everything below it."""
    return [node, *(found for child in ir.children(node) for found in below(child))]


@given(TREES, EVENTS)
def test_normalising_keeps_the_meaning(tree: Node, event: dict[str, object]) -> None:
    assert evaluate(normalise(tree), event) is evaluate(tree, event)


@given(TREES, EVENTS)
def test_dropping_repetitions_keeps_the_meaning(tree: Node, event: dict[str, object]) -> None:
    assert evaluate(deduplicate(tree), event) is evaluate(tree, event)


@given(TREES)
def test_a_normal_tree_is_flat_folded_and_without_repetition(tree: Node) -> None:
    found = normalise(tree)
    for node in below(found):
        assert node is found or not isinstance(node, ir.Const)
        if isinstance(node, (And, Or)):
            assert len(node.children) > 1
            assert len(set(node.children)) == len(node.children)
            assert not any(isinstance(child, type(node)) for child in node.children)
        if isinstance(node, Not):
            assert not isinstance(node.child, Not)
        assert node != StringMatch("A", (ir.AnyRun,))
        if isinstance(node, Or):
            nulls = {child.field for child in node.children if isinstance(child, IsNull)}
            empties = {
                child.field
                for child in node.children
                if isinstance(child, StringMatch) and not child.pattern
            }
            assert not nulls & empties


@given(TREES)
def test_normalising_twice_changes_nothing_more(tree: Node) -> None:
    once = normalise(tree)
    assert normalise(once) == once


@given(TREES)
def test_deduplicating_makes_no_new_leaves(tree: Node) -> None:
    found = deduplicate(tree)
    assert set(ir.leaves(found)) <= set(ir.leaves(tree))
    for node in below(found):
        assert node is found or not isinstance(node, ir.Const)
        assert not isinstance(node, (And, Or)) or len(node.children) > 1


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (And((X, And((Y, And((X, Z)))))), And((X, Y, Z))),
        (Or((X, Or((Y, X)))), Or((X, Y))),
        (And((X, Or((Y,)))), And((X, Y))),
        (And((X, TRUE)), X),
        (And((X, FALSE)), FALSE),
        (Or((X, FALSE)), X),
        (Or((X, TRUE)), TRUE),
        (And(()), TRUE),
        (Or(()), FALSE),
        (Not(Not(X)), X),
        (Not(And((TRUE,))), FALSE),
        (Not(Or((X, And((FALSE, Y))))), Not(X)),
        (ANYTHING, Not(IsNull("A"))),
        (Not(ANYTHING), IsNull("A")),
        (Or((IsNull("A"), EMPTY)), IsEmpty("A")),
        (Or((EMPTY, X, IsNull("A"))), Or((X, IsEmpty("A")))),
        (Or((IsNull("A"), IsNull("B"), EMPTY)), Or((IsEmpty("A"), IsNull("B")))),
        (Or((IsNull("B"), EMPTY)), Or((IsNull("B"), EMPTY))),
        (And((IsNull("A"), EMPTY)), And((IsNull("A"), EMPTY))),
        (Or((Not(ANYTHING), EMPTY)), IsEmpty("A")),
        (Or((IsNull("A"), X)), Or((IsNull("A"), X))),
    ],
)
def test_examples(tree: Node, expected: Node) -> None:
    assert normalise(tree) == expected


def test_places_do_not_make_leaves_differ() -> None:
    here, there = (
        StringMatch("A", (ir.Literal("x"),), place=("detection", place)) for place in "ab"
    )
    found = normalise(Or((here, there)))
    assert found == X
    assert isinstance(found, StringMatch)
    assert found.place == ("detection", "a")


def test_joining_flattens_and_folds_but_keeps_repetitions() -> None:
    assert join_all([X, And((Y, X)), TRUE]) == And((X, Y, X))
    assert join_any([X, Or((Y, X)), FALSE]) == Or((X, Y, X))
    assert join_all([X, FALSE]) == FALSE
    assert join_any([X, TRUE]) == TRUE
    assert join_all([]) == TRUE
    assert join_any([]) == FALSE
    assert conjunction([X, And((Y, X))]) == And((X, Y))
    assert disjunction([X, Or((Y, X))]) == Or((X, Y))
