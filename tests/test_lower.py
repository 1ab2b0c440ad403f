"""What becomes of a rule's YAML: the tree over Sigma fields, each leaf with its place."""

from __future__ import annotations

from typing import Any

import pytest

from sigmaglot import ir
from sigmaglot.errors import RuleError
from sigmaglot.frontend import parse
from sigmaglot.ir import AnyOne, AnyRun, Literal, Node, Op, Shape
from sigmaglot.source import Document


def tree_of(selection: Any, condition: Any = "selection", **others: Any) -> Node:
    detection = {"selection": selection, **others, "condition": condition}
    data = {
        "title": "Any",
        "logsource": {"category": "process_creation"},
        "detection": detection,
    }
    return parse(Document("any.yml", 0, data, "title: Any\n")).condition


def equals(field: str, text: str) -> ir.StringMatch:
    return ir.StringMatch(field, ir.pattern(Shape.EQUALS, text))


A, B, C = equals("A", "1x"), equals("B", "2x"), equals("C", "3x")


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("cmd", (Literal("cmd"),)),
        ("", ()),
        ("*", (AnyRun,)),
        ("c*d?", (Literal("c"), AnyRun, Literal("d"), AnyOne)),
        (r"c\*d\?", (Literal("c*d?"),)),
        (r"c\\*", (Literal("c\\"), AnyRun)),
        (r"C:\Windows\cmd", (Literal(r"C:\Windows\cmd"),)),
        (r"\\host\\share", (Literal(r"\host\share"),)),
        ("ends\\", (Literal("ends\\"),)),
    ],
)
def test_a_text_has_wildcards_and_escapes_of_them_only(value: str, pattern: ir.Pattern) -> None:
    assert tree_of({"F": value}) == ir.StringMatch("F", pattern)


@pytest.mark.parametrize(
    ("modifier", "pattern"),
    [
        ("contains", (AnyRun, Literal("a\\"), AnyRun)),
        ("startswith", (Literal("a\\"), AnyRun)),
        ("endswith", (AnyRun, Literal("a\\"))),
    ],
)
def test_a_backslash_at_the_end_of_a_value_escapes_no_added_wildcard(
    modifier: str, pattern: ir.Pattern
) -> None:
    assert tree_of({f"F|{modifier}": "a\\"}) == ir.StringMatch("F", pattern)


def test_lines_of_a_map_hold_together_and_values_of_a_list_are_alternatives() -> None:
    found = tree_of({"A": "1x", "B": ["2x", "3x"]})
    assert found == ir.And((A, ir.Or((B, equals("B", "3x")))))


def test_maps_of_a_list_are_alternatives() -> None:
    assert tree_of([{"A": "1x"}, {"B": "2x"}]) == ir.Or((A, B))


def test_all_links_the_values_of_a_list() -> None:
    found = tree_of({"F|contains|all": ["a", "b"]})
    pattern = [(AnyRun, Literal(text), AnyRun) for text in "ab"]
    assert found == ir.And(tuple(ir.StringMatch("F", one) for one in pattern))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("selection and b or c", ir.Or((ir.And((A, B)), C))),
        ("selection or b and c", ir.Or((A, ir.And((B, C))))),
        ("not selection and b", ir.And((ir.Not(A), B))),
        ("not (selection or b)", ir.Not(ir.Or((A, B)))),
        ("1 of them", ir.Or((A, B, C))),
        ("all of them", ir.And((A, B, C))),
        ("not 1 of b*", ir.Not(B)),
        (["selection", "b"], ir.Or((A, B))),
    ],
)
def test_conditions(condition: Any, expected: Node) -> None:
    assert tree_of({"A": "1x"}, condition, b={"B": "2x"}, c={"C": "3x"}) == expected


@pytest.mark.parametrize(
    ("regex", "flags", "lifted"),
    [
        ("(?i)cmd", "", ("cmd", "i")),
        ("(?i)(?s)cmd", "|m", ("cmd", "ims")),
        ("(?i)cmd", "|i", ("cmd", "i")),
        ("a(?i:b)", "", ("a(?i:b)", "")),
    ],
)
def test_flags_at_the_start_of_a_regex_are_flags_of_the_leaf(
    regex: str, flags: str, lifted: tuple[str, str]
) -> None:
    assert tree_of({f"F|re{flags}": regex}) == ir.RegexMatch("F", *lifted)


@pytest.mark.parametrize(
    ("line", "value", "leaf"),
    [
        ("F", 5, ir.Compare("F", Op.EQ, 5)),
        ("F|gte", 5, ir.Compare("F", Op.GTE, 5)),
        ("F", None, ir.IsNull("F")),
        ("F", True, equals("F", "true")),
        ("F|exists", True, ir.Exists("F")),
        ("F|exists", False, ir.Not(ir.Exists("F"))),
        ("F|cidr", "10.0.0.0/8", ir.CidrMatch("F", "10.0.0.0/8")),
        ("F|fieldref", "G", ir.FieldMatch("F", "G")),
        ("F|fieldref|endswith", "G", ir.FieldMatch("F", "G", Shape.ENDSWITH)),
        ("F|hour", 5, ir.TimeMatch("F", ir.TimePart.HOUR, Op.EQ, 5)),
        ("F|hour|lt", 5, ir.TimeMatch("F", ir.TimePart.HOUR, Op.LT, 5)),
        ("F|cased", "Ab", ir.StringMatch("F", (Literal("Ab"),), cased=True)),
        ("F|neq", "1x", ir.Not(equals("F", "1x"))),
    ],
)
def test_kinds_of_value(line: str, value: Any, leaf: Node) -> None:
    assert tree_of({line: value}) == leaf


def test_keywords_may_stand_anywhere_in_a_field() -> None:
    found = tree_of(["net user", 5])
    texts = [(AnyRun, Literal(text), AnyRun) for text in ("net user", "5")]
    assert found == ir.Or(tuple(ir.Keyword(pattern) for pattern in texts))


def test_keywords_under_all_hold_together() -> None:
    found = tree_of({"|all": ["a", "b"]})
    texts = [(AnyRun, Literal(text), AnyRun) for text in "ab"]
    assert found == ir.And(tuple(ir.Keyword(pattern) for pattern in texts))


@pytest.mark.parametrize(
    ("modifier", "value"), [("lt", 5), ("exists", True), ("cidr", "10.0.0.0/8"), ("fieldref", "A")]
)
def test_a_keyword_cannot_be_compared(modifier: str, value: Any) -> None:
    with pytest.raises(RuleError, match="SG130"):
        tree_of({f"|{modifier}": value})


def test_windash_makes_alternatives_that_stay_together_under_all() -> None:
    found = tree_of({"F|windash|contains|all": ["-a", "b"]})
    assert isinstance(found, ir.And)
    dashes, plain = found.children
    assert isinstance(dashes, ir.Or)
    written = {ir.shape_of(leaf.pattern)[1] for leaf in ir.leaves(dashes)}  # type: ignore[union-attr]
    assert written == {"-a", "/a", "\u2013a", "\u2014a", "\u2015a"}
    assert plain == ir.StringMatch("F", (AnyRun, Literal("b"), AnyRun))


def test_a_leaf_has_the_place_of_its_value() -> None:
    found = tree_of({"A": ["1x", "3x"], "B": "2x"})
    places = [leaf.place for leaf in ir.leaves(found)]
    base = ("detection", "selection")
    assert places == [(*base, "A", 0), (*base, "A", 1), (*base, "B")]
