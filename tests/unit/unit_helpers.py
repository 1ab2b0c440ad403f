"""What the unit tests share: rules from a line of YAML, random trees and random events."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.frontend import parse
from sigmaglot.ir import Shape
from sigmaglot.source import Document

RULE = """\
title: t
logsource: {{category: process_creation, product: windows}}
detection:
  {selections}
  condition: {condition}
"""


def condition_of(selections: str, condition: str = "selection") -> ir.Node:
    """Return the tree of a rule with these selections, each a line of YAML."""
    text = RULE.format(selections="\n  ".join(selections.splitlines()), condition=condition)
    return parse(Document("t.yml", 0, yaml.safe_load(text), text)).condition


def matches(selection: str, event: dict[str, Any]) -> bool:
    """Return whether an event satisfies the one selection of a rule."""
    return evaluate(condition_of(f"selection: {selection}"), event)


FIELDS = ("A", "B", "C")
TEXTS = st.text("ab*\\ ", max_size=4)
PATTERNS = st.lists(
    st.sampled_from([ir.AnyRun, ir.AnyOne])
    | st.builds(ir.Literal, st.text("aAb", min_size=1, max_size=2)),
    max_size=3,
).map(lambda parts: ir.tidy(tuple(parts)))
NAMES = st.sampled_from(FIELDS)
LEAVES = st.one_of(
    st.builds(ir.StringMatch, NAMES, PATTERNS, st.booleans()),
    st.builds(ir.StringMatch, NAMES, st.sampled_from([(), (ir.AnyRun,)])),
    st.builds(ir.IsNull, NAMES),
    st.builds(ir.Exists, NAMES),
    st.builds(ir.IsEmpty, NAMES),
    st.builds(
        ir.RegexMatch, NAMES, st.sampled_from(["a", "^a", "b$", "a|b"]), st.sampled_from(["", "i"])
    ),
    st.builds(ir.Compare, NAMES, st.sampled_from(list(ir.Op)), st.integers(0, 2)),
    st.builds(ir.FieldMatch, NAMES, NAMES, st.just(Shape.EQUALS)),
    st.builds(ir.Keyword, PATTERNS, st.booleans()),
    st.builds(ir.KeywordRegex, st.sampled_from(["a", "b$"])),
)
VALUES = st.none() | st.text("aAb", max_size=4) | st.integers(0, 2)
EVENTS = st.dictionaries(NAMES, VALUES)


def trees(leaves: st.SearchStrategy[ir.Node]) -> st.SearchStrategy[ir.Node]:
    """Draw trees of these leaves, operators without operands or with a single one included."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda nodes: ir.And(tuple(nodes))),
            st.lists(inner, max_size=3).map(lambda nodes: ir.Or(tuple(nodes))),
            st.builds(ir.Not, inner),
        ),
        max_leaves=8,
    )
