"""Fields that one log keeps in another column for each kind of event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.pipelines.rewrites.plain import on

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_OTHERS, _ALONE, _WITHOUT = "others", "alone", "without"


def by_event(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test to one of the column that the event's id decides.

    Columns: ``event`` the event id, ``others`` the column of events that are not listed, and one of
    any other role. ``values``: such a role to the event ids that use its column; ``alone`` the
    roles whose column holds nothing else in this log, so that no id need be asked; ``without`` the
    events that keep another field in the column ``others``.
    """
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return _absent(leaf, entry)
    alone = entry.values.get(_ALONE, ())
    branches = [
        on(leaf, entry.columns[role])
        if role in alone
        else ir.all_of([_is_one(leaf, entry, ids), on(leaf, entry.columns[role])])
        for role, ids in _listed(entry).items()
    ]
    rest: Node = on(leaf, entry.columns[_OTHERS])
    if without := entry.values.get(_WITHOUT, ()):
        rest = ir.all_of([ir.negate(_is_one(leaf, entry, without)), rest])
    return ir.any_of([*branches, rest])


def _absent(leaf: ir.IsNull | ir.IsEmpty, entry: Entry) -> Node:
    """Return whether the event's own column is absent; no other column tells."""
    listed = _listed(entry)
    own = [identifier for ids in listed.values() for identifier in ids]
    bare = [one for one in entry.values.get(_WITHOUT, ()) if one not in own]
    branches: list[Node] = [
        ir.all_of([_is_one(leaf, entry, ids), on(leaf, entry.columns[role])])
        for role, ids in listed.items()
    ]
    branches += [_is_one(leaf, entry, bare)] if bare else []
    rest = [ir.negate(_is_one(leaf, entry, [*own, *bare])), on(leaf, entry.columns[_OTHERS])]
    return ir.any_of([*branches, ir.all_of(rest)])


def _listed(entry: Entry) -> dict[str, tuple[str, ...]]:
    return {role: ids for role, ids in entry.values.items() if role in entry.columns}


def _is_one(leaf: FieldLeaf, entry: Entry, ids: Iterable[str]) -> Node:
    """Return whether an event has one of some ids."""
    column = entry.columns["event"]
    tests = (ir.pattern(Shape.EQUALS, identifier) for identifier in ids)
    return ir.any_of([ir.StringMatch(column, test, place=leaf.place) for test in tests])
