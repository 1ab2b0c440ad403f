"""Events made to tell a query that is right from one that is wrong.

For each leaf of a rule an event on which the rule's verdict hangs on the leaf, and near misses that
differ in that leaf's field alone. Made by rules and a seed, the same on any machine; each is named
by what it tests.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sigmaglot import ir
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.ir import Leaf, Node
from sigmaglot.verify.witnesses.events import form_of, usual_event
from sigmaglot.verify.witnesses.following import settled
from sigmaglot.verify.witnesses.misses import MISSING, SPECIAL, changes
from sigmaglot.verify.witnesses.neighbours import exchanged, strangers
from sigmaglot.verify.witnesses.solve import (
    KEYWORD_FIELD,
    Path,
    Values,
    Want,
    contexts,
    event_for,
    is_leaf,
    replaced,
)

FULL, SHORT = 1, 5
"""Of leaves that are alike: how many get every near miss, and how many the most telling ones.

The last of them is always among the latter.
"""


@dataclass(frozen=True, slots=True)
class Witness:
    """One event, what it tests, and the leaf that it is about (none for a whole event).

    ``category`` is that of an event which is not of the rule's log source, and is empty otherwise:
    whatever such an event holds, the rule does not mean it.
    """

    name: str
    values: dict[str, Any]
    leaf: Leaf | None = None
    category: str = ""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The witnesses of a rule, and the leaves that no possible event was found for."""

    events: tuple[Witness, ...]
    untold: tuple[Leaf, ...]


def make_witnesses(condition: Node, category: str, seed: int = 0) -> Witnesses:
    """Return the events that tell about a rule's condition, each different from the others."""
    events: dict[tuple[tuple[str, Any], ...], Witness] = {}
    untold: list[Leaf] = []
    for witness in _plain(category):
        events.setdefault(_key(witness), witness)
    for path, leaf, short in _chosen(condition, seed):
        found = list(_about(condition, path, leaf, category, short=short))
        if not found:
            untold.append(leaf)
        for witness in found:
            events.setdefault(_key(witness), witness)
    for category_of_it, values in strangers(
        condition, category, [one.values for one in events.values()]
    ):
        named = Witness(f"an event of {category_of_it}", values, category=category_of_it)
        events.setdefault(_key(named), named)
    return Witnesses(tuple(events.values()), tuple(untold))


def _key(witness: Witness) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(witness.values.items()))


def _plain(category: str) -> Iterator[Witness]:
    usual: Values = dict(usual_event(category))
    yield Witness("an event that rules seldom ask for", usual)
    kept = {field: value for field, value in usual.items() if form_of(category, field).is_fixed}
    yield Witness("an event without any optional field", kept)


def _chosen(root: Node, seed: int) -> Iterator[tuple[Path, Leaf, bool]]:
    """Yield the leaves to tell about with their paths, and whether a few near misses will do."""
    groups: dict[object, list[tuple[Path, Leaf]]] = {}
    for path, leaf in _paths(root):
        groups.setdefault((path[:-1], _likeness(leaf)), []).append((path, leaf))
    draw = random.Random(seed)  # noqa: S311 - a choice that can be repeated, not a secret
    for group in groups.values():
        rest = group[FULL:]
        inner = range(len(rest) - 1)
        picked = sorted(draw.sample(inner, min(SHORT, len(inner))))
        picked += [len(rest) - 1] if rest else []  # the ends of a list are lost most easily
        for path, leaf in group[:FULL]:
            yield path, leaf, False
        for at in picked:
            yield *rest[at], True


def _likeness(leaf: Leaf) -> object:
    """Return what like leaves share: field, kind, shape, and special characters of the value."""
    special = frozenset(char for char in ir.value_text(leaf) if char in SPECIAL)
    shape = ir.shape_of(leaf.pattern)[0] if isinstance(leaf, (ir.StringMatch, ir.Keyword)) else ""
    return ir.field_name(leaf), type(leaf), shape, getattr(leaf, "cased", False), special


def _paths(node: Node, above: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    if is_leaf(node):
        yield above, node
        return
    for at, child in enumerate(ir.children(node)):
        yield from _paths(child, (*above, at))


def _about(root: Node, path: Path, leaf: Leaf, category: str, *, short: bool) -> Iterator[Witness]:
    """Yield a leaf's witness and its near misses; nothing where no event was found."""
    values = _telling(root, path, leaf, category)
    if values is None:
        return
    yield Witness("the leaf holds", values, leaf)
    form = form_of(category, ir.field_name(leaf) or KEYWORD_FIELD)
    for change in changes(leaf, values, form, short=short):
        changed = {**values, change.field: change.value}
        if change.value is MISSING:
            del changed[change.field]
        if change.field == "EventType":
            changed.pop("EventID", None)
        yield Witness(change.name, settled(category, changed), leaf)
    if not short:
        for other, changed in exchanged(leaf, values, category):
            yield Witness(f"its value exchanged with that of {other}", changed, leaf)


def _telling(root: Node, path: Path, leaf: Leaf, category: str) -> Values | None:
    """Return an event on which the leaf holds and the rule hangs on it, or the leaf only holds."""
    hangs = [compile_predicate(replaced(root, path, by)) for by in (ir.TRUE, ir.FALSE)]
    fallback = None
    for beside in contexts(root, path):
        values = event_for((Want(leaf, holds=True), *beside), category)
        if values is None:
            continue
        event = Event(values)
        if hangs[0](event) is not hangs[1](event):
            return values
        fallback = fallback or values
    return fallback or event_for((Want(leaf, holds=True),), category)
