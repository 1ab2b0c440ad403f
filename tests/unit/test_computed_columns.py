"""Columns that a pipeline computes by an expression, and how Kusto writes them."""

from __future__ import annotations

from typing import Any

import pytest

from sigmaglot import ir
from sigmaglot.ir import And, Column, Node, Not, Or, Shape, StringMatch
from sigmaglot.language import Hunt, Plan, Selector, Source
from sigmaglot.pipelines import parse_pipeline
from sigmaglot.targets import load_language

KUSTO = load_language("kusto")
WHOLE = Column("Whole", "computed string")
ACTION = Column("Action", canonical=True)
SOURCE = Source(
    "T",
    (Selector("Action", ("A", "B", "C")),),
    "When",
    computed=(("Whole", "strcat(Key, Name)"), ("Other", "tolong(Name)")),
)


def equals(column: Column, text: str) -> Node:
    return StringMatch(column, ir.pattern(Shape.EQUALS, text))


def lines(node: Node, hunt: Hunt | None = None) -> list[str]:
    return KUSTO.render(Plan(SOURCE, node, hunt))[0].splitlines()


DATA: dict[str, Any] = {
    "title": "Test",
    "product": "windows",
    "recordings": {
        "process_creation": {
            "table": "T",
            "columns": {"Key": "string", "Whole": {"type": "string", "expression": "f(Key)"}},
            "fields": {"A": "Key", "B": "Whole"},
        }
    },
}


def test_a_computed_column_is_declared_with_its_expression() -> None:
    recording = parse_pipeline("test", DATA).recordings["process_creation"]
    assert recording.source.computed == (("Whole", "f(Key)"),)
    assert recording.entries["A"].column == Column("Key", "string")
    assert recording.entries["B"].column == Column("Whole", "computed string")
    assert recording.columns == {"Key", "Whole"}


def test_what_a_query_uses_is_computed_between_its_scope_and_its_conditions() -> None:
    assert lines(equals(WHOLE, "x")) == [
        "T",
        '| where Action in ("A", "B", "C")',
        "| extend Whole = strcat(Key, Name)",
        '| where Whole =~ "x"',
    ]


def test_what_a_query_shows_is_computed_too() -> None:
    found = lines(equals(Column("Key"), "x"), Hunt(("When", "Other")))
    assert "| extend Other = tolong(Name)" in found
    assert not any("Whole" in line for line in found)


@pytest.mark.parametrize(
    ("node", "scope"),
    [
        (equals(ACTION, "A"), '== "A"'),
        (Or((equals(ACTION, "A"), equals(ACTION, "C"))), 'in ("A", "C")'),
    ],
)
def test_a_condition_on_the_scope_takes_its_place(node: Node, scope: str) -> None:
    found = lines(And((node, equals(Column("Key"), "x"))))
    assert found == ["T", f"| where Action {scope}", '| where Key =~ "x"']


def test_two_conditions_on_the_scope_narrow_it_together() -> None:
    wide = Or((equals(ACTION, "A"), equals(ACTION, "B")))
    assert lines(And((wide, equals(ACTION, "A")))) == ["T", '| where Action == "A"']


@pytest.mark.parametrize(
    "node",
    [
        equals(ACTION, "D"),
        equals(Column("Action"), "A"),
        Not(equals(ACTION, "A")),
        Or((equals(ACTION, "A"), equals(Column("Key"), "A"))),
        StringMatch(ACTION, ir.pattern(Shape.STARTSWITH, "A")),
    ],
)
def test_any_other_condition_stays_beside_the_scope(node: Node) -> None:
    found = lines(node)
    assert found[1] == '| where Action in ("A", "B", "C")'
    assert len(found) == 3


def test_a_condition_that_contradicts_another_stays() -> None:
    found = lines(And((equals(ACTION, "A"), equals(ACTION, "B"))))
    assert found == ["T", '| where Action == "A"', '| where Action =~ "B"']


@pytest.mark.parametrize("name", ["car", "dnif_dql", "kibana_kql", "logpoint", "spl"])
def test_no_other_language_says_anything_of_a_computed_column(name: str) -> None:
    bound = load_language(name).capabilities.handle(equals(WHOLE, "x"))  # type: ignore[arg-type]
    assert isinstance(bound, ir.Approx)
    assert (bound.upper.node, bound.lower.node) == (ir.TRUE, ir.FALSE)
