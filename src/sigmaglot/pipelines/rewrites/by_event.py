"""Fields that one log keeps in another column for each kind of event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.pipelines.rewrites.plain import on

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

EVENT, OTHERS = "event", "others"
"""The roles of the column of the event id, and of the column for all ids that are not listed."""


def by_event(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test to one of the column that the event's id decides.

    Columns: ``event`` the event id, ``others`` the column of events that are not listed, and one of
    any other role. ``values``: such a role to the event ids that use its column.
    """
    event = entry.columns[EVENT]
    listed = [identifier for ids in entry.values.values() for identifier in ids]
    branches = [
        ir.all_of([_is_one(leaf, event, ids), on(leaf, entry.columns[role])])
        for role, ids in entry.values.items()
    ]
    rest = [ir.negate(_is_one(leaf, event, tuple(listed))), on(leaf, entry.columns[OTHERS])]
    return ir.any_of([*branches, ir.all_of(rest)])


def _is_one(leaf: FieldLeaf, event: Column, ids: tuple[str, ...]) -> Node:
    """Return whether an event has one of some ids."""
    tests = (ir.pattern(Shape.EQUALS, identifier) for identifier in ids)
    return ir.any_of([ir.StringMatch(event, test, place=leaf.place) for test in tests])
