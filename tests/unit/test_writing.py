"""Trees reshaped and written for a language: where NOT, stages, lists and parentheses go."""

from __future__ import annotations

import pytest
from hypothesis import given
from unit_helpers import EVENTS, LEAVES, trees

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import FALSE, TRUE, And, IsNull, Node, Not, Or, Shape, StringMatch, TimePart
from sigmaglot.language import (
    TooManyQueriesError,
    Writer,
    conjuncts,
    disjuncts,
    group_of,
    has_letters,
    kind_of,
    leaf_column,
    push_not,
    single_as_run,
    split_stages,
)
from sigmaglot.lower import (
    Alternatives,
    Cidr,
    Group,
    Item,
    Name,
    Null,
    Number,
    Text,
    is_keyword,
    lower,
)


def on(field: str, text: str) -> StringMatch:
    return StringMatch(ir.Column(field), ir.pattern(Shape.EQUALS, text))


A1, A2, B1, B2, C1, C2 = (on(name[0], name[1]) for name in ("a1", "a2", "b1", "b2", "c1", "c2"))


@given(trees(LEAVES), EVENTS)
def test_pushing_not_down_keeps_the_meaning(tree: Node, event: dict[str, object]) -> None:
    found = push_not(tree)
    assert evaluate(found, event) is evaluate(tree, event)
    waiting = [found]
    while waiting:
        node = waiting.pop()
        assert not isinstance(node, Not) or not isinstance(node.child, (And, Or, Not))
        waiting.extend(ir.children(node))


def test_not_is_pushed_down_by_de_morgan() -> None:
    tree = Not(And((A1, Or((B1, Not(C1))))))
    assert push_not(tree) == Or((Not(A1), And((Not(B1), C1))))
    assert push_not(Not(TRUE)) == FALSE


def test_only_whole_conjuncts_move_to_a_later_stage() -> None:
    late, mixed = ir.RegexMatch("F", "a"), Or((A1, Not(ir.RegexMatch("F", "b"))))
    tree = And((A1, late, mixed, B1))
    assert split_stages(tree, lambda leaf: isinstance(leaf, ir.RegexMatch)) == (
        (A1, B1),
        (late, mixed),
    )
    assert conjuncts(A1) == (A1,)


def column_of(node: Node) -> str | None:
    return leaf_column(node) if isinstance(node, StringMatch) else None


@given(trees(LEAVES), EVENTS)
def test_alternatives_together_mean_the_tree(tree: Node, event: dict[str, object]) -> None:
    try:
        found = disjuncts(push_not(tree), 64, lambda _: None)
    except TooManyQueriesError:
        return
    assert len(found) <= 64
    together = any(all(evaluate(term, event) for term in terms) for terms in found)
    assert together is evaluate(tree, event)


def test_alternatives_by_example() -> None:
    tree = And((Or((A1, B1)), C1, Or((B2, And((A2, C2))))))
    assert disjuncts(tree, 4, lambda _: None) == [
        [A1, C1, B2],
        [A1, C1, A2, C2],
        [B1, C1, B2],
        [B1, C1, A2, C2],
    ]
    # operands of one column stay one term, as a list
    listed = And((Or((A1, B1, A2)), C1))
    assert disjuncts(listed, 2, column_of) == [[Or((A1, A2)), C1], [B1, C1]]
    assert group_of(Or((A1, A2))) == (A1, A2)
    assert group_of(C1) == (C1,)


@pytest.mark.parametrize(
    ("tree", "needed"), [(Or((A1, B1, C1)), 3), (And((Or((A1, B1)), Or((A2, C1)))), 4)]
)
def test_too_many_alternatives_are_refused(tree: Node, needed: int) -> None:
    assert len(disjuncts(tree, needed, lambda _: None)) == needed
    with pytest.raises(TooManyQueriesError) as caught:
        disjuncts(tree, needed - 1, lambda _: None)
    assert (caught.value.needed, caught.value.limit) == (needed, needed - 1)
    assert str(caught.value) == f"{needed} queries are needed, {needed - 1} is the limit"


def leaf(node: ir.Leaf, under_not: bool) -> str:
    return f"{ir.field_name(node)}={ir.value_text(node)}{'!' if under_not else ''}"


def listing(found: list[ir.Leaf]) -> str:
    return f"{ir.field_name(found[0])} in ({','.join(ir.value_text(one) for one in found)})"


def negated(text: str, plain: bool) -> str:
    return f"-{text}" if plain else f"-({text})"


def key(node: ir.Leaf) -> str | None:
    return ir.field_name(node) if isinstance(node, StringMatch) else None


PLAIN = Writer(leaf, " & ", " | ", negated)
LISTS = Writer(leaf, " & ", " | ", negated, key, listing)


@pytest.mark.parametrize(
    ("tree", "plain", "lists"),
    [
        (A1, "a=1", "a=1"),
        (And((A1, Or((B1, C1)))), "a=1 & (b=1 | c=1)", "a=1 & (b=1 | c=1)"),
        (Or((A1, And((B1, C1)))), "a=1 | (b=1 & c=1)", "a=1 | (b=1 & c=1)"),
        (Or((A1, B1, A2)), "a=1 | b=1 | a=2", "a in (1,2) | b=1"),
        (And((C1, Or((A1, A2)))), "c=1 & (a=1 | a=2)", "c=1 & a in (1,2)"),
        (Not(A1), "-a=1!", "-a=1!"),
        (Not(Or((A1, B1))), "-(a=1! | b=1!)", "-(a=1! | b=1!)"),
        (Not(Or((A1, A2))), "-(a=1! | a=2!)", "-a in (1,2)"),
        (Not(Not(A1)), "-(-a=1!)", "-(-a=1!)"),
        (Or((A1, IsNull(ir.Column("a")))), "a=1 | a=null", "a=1 | a=null"),
        (
            Or((And((A1, B1)), And((A2, B2)))),
            "(a=1 & b=1) | (a=2 & b=2)",
            "(a=1 & b=1) | (a=2 & b=2)",
        ),
    ],
)
def test_precedence_and_lists(tree: Node, plain: str, lists: str) -> None:
    assert PLAIN.write(tree) == plain
    assert LISTS.write(tree) == lists


def test_an_operand_beside_an_and_is_in_parentheses_where_it_must_be() -> None:
    assert LISTS.operand(Or((A1, B1))) == "(a=1 | b=1)"
    assert LISTS.operand(Or((A1, A2))) == "a in (1,2)"
    assert LISTS.operand(A1) == "a=1"


def test_a_wide_or_is_nested() -> None:
    narrow = Writer(leaf, " & ", " | ", negated, width=2)
    assert narrow.write(Or((A1, B1))) == "a=1 | b=1"
    assert narrow.write(Or((A1, B1, C1))) == "(a=1 | b=1) | (c=1)"
    five = narrow.write(Or((A1, B1, C1, A2, B2)))
    assert five == "((a=1 | b=1) | (c=1 | a=2)) | ((b=2))"


NOTE = ir.Note("SG301", "why")
APPROX = ir.Approx(A1, ir.Bound(TRUE, 1.0, NOTE), ir.Bound(FALSE, 1.0, NOTE))


@pytest.mark.parametrize("node", [TRUE, APPROX])
def test_what_is_not_legal_cannot_be_written(node: Node) -> None:
    with pytest.raises(TypeError, match="cannot be written"):
        PLAIN.write(node)


@pytest.mark.parametrize("node", [ir.Keyword(()), StringMatch("F", ())])
def test_a_leaf_without_a_column_has_no_name(node: ir.Leaf) -> None:
    with pytest.raises(TypeError, match="is not bound to a column"):
        leaf_column(node)


@pytest.mark.parametrize(
    ("node", "kind", "text"),
    [
        (StringMatch("F", (ir.AnyRun, ir.Literal("a*"))), "endswith", "*a\\*"),
        (StringMatch("F", (ir.AnyOne,), cased=True), "single_cased", "?"),
        (ir.RegexMatch("F", "a+"), "regex", "a+"),
        (ir.CidrMatch("F", "10.0.0.0/8"), "cidr4", "10.0.0.0/8"),
        (ir.CidrMatch("F", "fe80::/10"), "cidr6", "fe80::/10"),
        (ir.Compare("F", ir.Op.EQ, 5), "compare", "5"),
        (ir.Compare("F", ir.Op.LTE, 5), "compare", "<= 5"),
        (ir.FieldMatch("F", "G"), "field", "G"),
        (ir.FieldMatch("F", ir.Column("G")), "field", "G"),
        (ir.Exists("F"), "exists", "exists"),
        (ir.IsNull("F"), "null", "null"),
        (ir.IsEmpty("F"), "null_or_empty", "null"),
        (ir.TimeMatch("F", TimePart.HOUR, ir.Op.GT, 5), "time", "> 5"),
        (ir.Placeholder("F", "list"), "placeholder", "%list%"),
        (ir.Keyword((ir.Literal("a"),)), "keyword", "a"),
        (ir.KeywordRegex("a"), "keyword_regex", "a"),
    ],
)
def test_kinds_of_match_and_their_values(node: ir.Leaf, kind: str, text: str) -> None:
    assert kind_of(node) == kind
    assert ir.value_text(node) == text
    assert ir.field_name(node) == ("" if kind.startswith("keyword") else "F")


def test_the_leaves_of_a_tree_are_in_order() -> None:
    assert ir.leaves(And((A1, Not(Or((B1, TRUE))), APPROX, C1))) == [A1, B1, C1]
    assert ir.leaves(
        ir.Approx(A1, ir.Bound(And((B1, C1)), 0.1, NOTE), ir.Bound(A2, 0.1, NOTE))
    ) == [
        B1,
        C1,
        A2,
    ]


def test_a_single_character_becomes_a_run_above() -> None:
    found = single_as_run("Test")(
        StringMatch("F", (ir.Literal("a"), ir.AnyOne, ir.AnyRun, ir.AnyOne), cased=True)
    )
    assert isinstance(found, ir.Approx)
    assert found.upper.node == StringMatch("F", (ir.Literal("a"), ir.AnyRun), cased=True)
    assert found.lower.node == FALSE
    assert has_letters(found.leaf)
    assert not has_letters(StringMatch("F", (ir.Literal("1-"), ir.AnyRun)))


def test_what_can_be_a_keyword() -> None:
    text = Text((ir.Literal("a"),))
    assert is_keyword(text)
    assert is_keyword(Alternatives((text, Number(5))))
    assert not is_keyword(Alternatives((text, Null())))
    assert not is_keyword(Number(5, ir.Op.GT))
    assert not is_keyword(Cidr("10.0.0.0/8"))


def test_a_selection_that_is_used_twice_is_built_once() -> None:
    group = Group((Item("F", ((Number(1), ()),)), Item("G", ((Number(2), ()),))), every=True)
    built = lower({"sel": group}, Name("sel"))
    assert built == And((ir.Compare("F", ir.Op.EQ, 1), ir.Compare("G", ir.Op.EQ, 2)))
