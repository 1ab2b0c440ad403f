"""One-sided queries: a bound of every leaf is a bound of the tree, and the policy picks the side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit_helpers import EVENTS, LEAVES, trees

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import (
    FALSE,
    TRUE,
    And,
    Approx,
    Bound,
    IsNull,
    Node,
    Not,
    Note,
    Or,
    Shape,
    StringMatch,
)
from sigmaglot.language import Capabilities, approx, cannot_say, drop, exact, rows, without_case
from sigmaglot.passes.legalise import (
    Choice,
    Fidelity,
    Policy,
    choose,
    is_approximate,
    legalise,
    take_side,
)

WHY = Note("SG301", "why")
OTHER_WHY = Note("SG303", "another reason")


def equals(field: str, text: str) -> StringMatch:
    return StringMatch(field, ir.pattern(Shape.EQUALS, text))


X, Y, Z = equals("A", "x"), equals("B", "y"), equals("C", "z")


def between(leaf: ir.Leaf, above: Node, below: Node, *losses: float) -> Approx:
    """Return an approximation whose bounds are bounds whatever the two trees mean."""
    upper, lower = Or((leaf, above)), And((leaf, below))
    return Approx(leaf, Bound(upper, losses[0], WHY), Bound(lower, losses[1], OTHER_WHY))


LOSS = st.floats(0, 1)
APPROXIMATIONS = st.one_of(
    st.builds(between, LEAVES, LEAVES, LEAVES, LOSS, LOSS), LEAVES.map(lambda leaf: drop(leaf, WHY))
)
TREES = trees(st.one_of(APPROXIMATIONS, LEAVES, st.sampled_from([TRUE, FALSE])))


def exactly(node: Node) -> Node:
    """Return the tree that is meant: each approximation gives way to its leaf."""
    match node:
        case And(children):
            return And(tuple(map(exactly, children)))
        case Or(children):
            return Or(tuple(map(exactly, children)))
        case Not(child):
            return Not(exactly(child))
        case Approx(leaf):
            return leaf
        case _:
            return node


@given(TREES, EVENTS)
def test_the_upper_side_is_implied_and_the_lower_side_implies(
    tree: Node, event: dict[str, object]
) -> None:
    upper, lower = (take_side(tree, up=up).node for up in (True, False))
    meant = evaluate(exactly(tree), event)
    assert evaluate(lower, event) <= meant <= evaluate(upper, event)


@given(TREES, EVENTS, st.sampled_from(Policy))
def test_the_claim_of_a_choice_is_true(
    tree: Node, event: dict[str, object], policy: Policy
) -> None:
    choice = choose(tree, policy)
    found, meant = evaluate(choice.node, event), evaluate(exactly(tree), event)
    if choice.fidelity is Fidelity.EXACT:
        assert found is meant
        assert not is_approximate(tree)
    if choice.fidelity is Fidelity.BROADER:
        assert found >= meant
    if choice.fidelity is Fidelity.NARROWER:
        assert found <= meant
    if choice.fidelity is not Fidelity.UNSUPPORTED:
        assert not isinstance(choice.node, ir.Const)
        assert str(choice.fidelity) in {"exact", *([] if policy is Policy.EXACT else [policy])} or (
            policy is Policy.CLOSEST
        )


@given(TREES)
def test_a_loss_is_at_most_one_a_leaf(tree: Node) -> None:
    for up in (True, False):
        side = take_side(tree, up=up)
        assert -1e-9 <= side.loss <= side.leaves + 1e-9


def test_a_hash_without_a_column_in_a_list_keeps_the_other_hashes() -> None:
    imphash = drop(equals("Hashes", "IMPHASH=A"), WHY)
    choice = choose(Or((X, imphash, Y)), Policy.CLOSEST)
    assert choice == Choice(Or((X, Y)), Fidelity.NARROWER, (WHY,))


def test_a_hash_without_a_column_beside_an_and_is_left_out() -> None:
    imphash = drop(equals("Hashes", "IMPHASH=A"), WHY)
    assert choose(And((X, imphash)), Policy.CLOSEST) == Choice(X, Fidelity.BROADER, (WHY,))


def test_under_not_the_sides_swap() -> None:
    gone = drop(X, WHY)
    assert choose(And((Y, Not(gone))), Policy.CLOSEST) == Choice(Y, Fidelity.BROADER, (WHY,))
    assert choose(Or((Y, Not(gone))), Policy.CLOSEST) == Choice(Y, Fidelity.NARROWER, (WHY,))
    filtered = And((Y, Not(Or((Z, gone)))))
    assert choose(filtered, Policy.CLOSEST).node == And((Y, Not(Z)))
    assert choose(filtered, Policy.CLOSEST).fidelity is Fidelity.BROADER


def small(leaf: ir.Leaf, up: float, down: float) -> Approx:
    return Approx(leaf, Bound(IsNull("U"), up, WHY), Bound(IsNull("L"), down, OTHER_WHY))


@pytest.mark.parametrize(
    ("tree", "up", "loss", "leaves"),
    [
        (X, True, 0.0, 1),
        (small(X, 0.25, 0.5), True, 0.25, 1),
        (small(X, 0.25, 0.5), False, 0.5, 1),
        (Not(small(X, 0.25, 0.5)), True, 0.5, 1),
        (And((X, small(Y, 0.25, 0.5), small(Z, 0.5, 0.25))), True, 0.75, 3),
        (And((X, Y, drop(Z, WHY))), True, 1.0, 3),
        (And((X, Y, drop(Z, WHY))), False, 3.0, 3),  # False absorbs: every leaf is gone
        (Or((X, Y, drop(Z, WHY))), False, 1.0, 3),
        (Or((X, Y, drop(Z, WHY))), True, 3.0, 3),  # True absorbs
        (Or((And((X, drop(Y, WHY))), Z)), False, 2.0, 3),  # only the AND is gone
        (TRUE, True, 0.0, 0),
    ],
)
def test_losses_add_up_and_constants_absorb(tree: Node, up: bool, loss: float, leaves: int) -> None:
    side = take_side(tree, up=up)
    assert (side.loss, side.leaves) == (loss, leaves)


def test_a_bound_of_a_bound_costs_both_but_never_more_than_the_leaf() -> None:
    inner = small(Y, 0.5, 0.5)
    outer = Approx(X, Bound(And((Z, inner)), 0.25, OTHER_WHY), Bound(FALSE, 1.0, OTHER_WHY))
    side = take_side(outer, up=True)
    assert side.node == And((Z, IsNull("U")))
    assert side.loss == 0.5  # 0.25, and a half of one of two leaves
    assert side.leaves == 1
    assert side.notes == (OTHER_WHY, WHY)
    much = Approx(X, Bound(drop(Y, WHY), 0.75, OTHER_WHY), Bound(FALSE, 1.0, OTHER_WHY))
    assert take_side(much, up=True).loss == 1.0


@pytest.mark.parametrize(
    ("policy", "up", "down", "expected"),
    [
        (Policy.CLOSEST, 0.1, 0.5, Fidelity.BROADER),
        (Policy.CLOSEST, 0.5, 0.1, Fidelity.NARROWER),
        (Policy.CLOSEST, 0.5, 0.5, Fidelity.BROADER),  # a tie: nothing is missed
        (Policy.BROADER, 0.9, 0.1, Fidelity.BROADER),
        (Policy.NARROWER, 0.1, 0.9, Fidelity.NARROWER),
        (Policy.EXACT, 0.1, 0.1, Fidelity.UNSUPPORTED),
    ],
)
def test_policies(policy: Policy, up: float, down: float, expected: Fidelity) -> None:
    choice = choose(And((X, small(Y, up, down))), policy)
    assert choice.fidelity is expected
    nodes = {
        Fidelity.BROADER: And((X, IsNull("U"))),
        Fidelity.NARROWER: And((X, IsNull("L"))),
        Fidelity.UNSUPPORTED: FALSE,
    }
    assert choice.node == nodes[expected]
    assert choice.notes == ((OTHER_WHY,) if expected is Fidelity.NARROWER else (WHY,))


@pytest.mark.parametrize("policy", list(Policy))
def test_an_exact_tree_is_exact_under_every_policy(policy: Policy) -> None:
    assert choose(And((X, Or((Y, Z, Y)))), policy) == Choice(And((X, Or((Y, Z)))), Fidelity.EXACT)


@pytest.mark.parametrize(
    ("tree", "policy"),
    [
        (drop(X, WHY), Policy.CLOSEST),  # True above, False below
        (And((X, drop(Y, WHY))), Policy.NARROWER),
        (Or((X, drop(Y, WHY))), Policy.BROADER),
        (Not(drop(X, WHY)), Policy.BROADER),
        (Or((And((X, drop(Y, WHY))), drop(Z, WHY))), Policy.BROADER),
    ],
)
def test_what_folds_to_a_constant_is_unsupported_and_says_why(tree: Node, policy: Policy) -> None:
    assert choose(tree, policy) == Choice(FALSE, Fidelity.UNSUPPORTED, (WHY,))


@pytest.mark.parametrize("tree", [TRUE, FALSE, And((X, FALSE)), Or((X, TRUE)), Not(And(()))])
def test_a_tree_without_a_leaf_left_is_unsupported(tree: Node) -> None:
    assert choose(tree, Policy.CLOSEST).fidelity is Fidelity.UNSUPPORTED


KINDS = frozenset({"A", "EventID"})
NOTHING_LEFT = Note(
    "SG208",
    f"nothing of the rule is left but a kind of event: {WHY.message}",
    WHY.field,
    WHY.value,
)


@pytest.mark.parametrize("policy", [Policy.CLOSEST, Policy.BROADER])
@pytest.mark.parametrize(
    "tree",
    [
        And((X, drop(Y, WHY))),
        And((X, Not(drop(Y, WHY)))),
        And((Or((X, equals("A", "z"))), drop(Y, WHY))),
        And((Or((X, Z)), drop(Y, WHY))),  # one branch finds every event of a kind
    ],
)
def test_a_query_that_asks_for_a_kind_of_event_alone_says_so_first(
    tree: Node, policy: Policy
) -> None:
    choice = choose(tree, policy, KINDS)
    assert choice.fidelity is Fidelity.BROADER
    assert choice.notes == (NOTHING_LEFT, WHY)
    assert choice.node == take_side(tree, up=True).node


@pytest.mark.parametrize(
    ("tree", "node"),
    [
        (And((X, Z, drop(Y, WHY))), And((X, Z))),  # something else is left
        (Or((X, And((equals("A", "z"), drop(Y, WHY))))), Or((X, equals("A", "z")))),  # X is asked
    ],
)
def test_a_query_is_kept_where_the_kind_is_not_all_or_is_what_the_rule_asks_for(
    tree: Node, node: Node
) -> None:
    assert choose(tree, Policy.BROADER, KINDS) == Choice(node, Fidelity.BROADER, (WHY,))


def test_a_rule_of_kinds_alone_may_lose_one_of_them() -> None:
    provider = drop(equals("EventID", "7"), WHY)
    assert choose(And((X, provider)), Policy.BROADER, KINDS).node == X
    assert choose(X, Policy.BROADER, KINDS) == Choice(X, Fidelity.EXACT)


def test_where_a_kind_alone_would_be_left_the_narrower_side_is_taken() -> None:
    tree = And((X, Or((Z, drop(Y, WHY)))))
    assert choose(tree, Policy.CLOSEST, KINDS) == Choice(And((X, Z)), Fidelity.NARROWER, (WHY,))
    assert choose(tree, Policy.BROADER, KINDS) == Choice(X, Fidelity.BROADER, (NOTHING_LEFT, WHY))


def test_the_reason_names_what_is_lost_beyond_the_kind_of_event() -> None:
    of_kind = small(equals("EventID", "7"), 0.1, 0.1)
    lost = drop(Y, Note("SG204", "gone", "B"))
    tree = And((Approx(X, Bound(X, 0.1, Note("SG303", "cased", "A")), of_kind.lower), lost))
    found = choose(tree, Policy.BROADER, KINDS)
    left = "nothing of the rule is left but a kind of event: gone"
    assert [note.message for note in found.notes] == [left, "cased", "gone"]
    assert found.notes[0].field == "B"


def test_a_side_that_folds_leaves_the_other_one_to_choose() -> None:
    tree = And((X, small(Y, 0.9, 0.1), drop(Z, WHY)))
    assert choose(tree, Policy.CLOSEST).fidelity is Fidelity.BROADER


def test_a_note_stands_once() -> None:
    assert choose(And((X, drop(Y, WHY), drop(Z, WHY))), Policy.CLOSEST).notes == (WHY,)


COLUMN = ir.Column("Name", "string")
LANGUAGE = Capabilities(
    "Test",
    {
        **rows(("equals",), exact, "string"),
        **rows(("equals_cased",), without_case("Test"), "string"),
        **rows(("null",), lambda leaf: Not(ir.Exists(leaf.field)), "string"),
        **rows(("exists",), lambda leaf: approx(leaf, WHY, (leaf, 0.1), (FALSE, 1.0))),
    },
)


def test_legalising_asks_the_language_about_every_leaf() -> None:
    plain, cased = (
        StringMatch(COLUMN, ir.pattern(Shape.EQUALS, "a"), one) for one in (False, True)
    )
    digits = StringMatch(COLUMN, ir.pattern(Shape.EQUALS, "1"), cased=True)
    regex = ir.RegexMatch(COLUMN, "a+")
    assert legalise(plain, LANGUAGE) is plain
    assert legalise(TRUE, LANGUAGE) == TRUE
    assert legalise(digits, LANGUAGE) == StringMatch(COLUMN, digits.pattern)
    found = legalise(And((plain, Or((cased, regex)), TRUE)), LANGUAGE)
    assert isinstance(found, And)
    assert found.children[0] is plain
    assert isinstance(found.children[1], Or)
    first, second = found.children[1].children
    assert isinstance(first, Approx)
    assert (first.leaf, first.upper.node, first.upper.loss) == (cased, plain, 0.1)
    assert first.lower.node == FALSE
    assert second == cannot_say(regex, "Test")


def test_a_leaf_that_is_its_own_bound_is_legal_there_and_not_asked_for_again() -> None:
    exists = ir.Exists(COLUMN)
    found = legalise(Not(IsNull(COLUMN)), LANGUAGE)
    assert found == approx(exists, WHY, (exists, 0.1), (FALSE, 1.0))


def test_a_type_that_the_table_lacks_cannot_be_said() -> None:
    leaf = StringMatch(ir.Column("N", "long"), ir.pattern(Shape.EQUALS, "a"))
    found = legalise(leaf, LANGUAGE)
    assert isinstance(found, Approx)
    assert found.upper == Bound(
        TRUE, 1.0, Note("SG301", "Test cannot say a `equals` match on `N`", "N", "a")
    )
    assert cannot_say(ir.Keyword(leaf.pattern), "Test", "there is no text").upper.note.message == (
        "Test cannot say a `keyword` match: there is no text"
    )


def test_a_keyword_is_handled_whatever_its_type() -> None:
    keyword = ir.Keyword((ir.Literal("a"),))
    language = Capabilities("Test", rows(("keyword",), exact))
    assert legalise(keyword, language) is keyword
    assert legalise(ir.KeywordRegex("a"), language) == cannot_say(ir.KeywordRegex("a"), "Test")
