"""Events on which a rule's verdict hangs on one leaf: the rule is true or false as the leaf is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Any, TypeGuard

from sigmaglot import ir
from sigmaglot.evaluate import Event, Predicate, compile_predicate
from sigmaglot.ir import Leaf, Node
from sigmaglot.verify.witnesses.events import fields_of, form_of, usual_event
from sigmaglot.verify.witnesses.following import settled
from sigmaglot.verify.witnesses.values import VARIANTS, value_for

COMBINATIONS = 24
"""Ways to make the rest of a rule true that are tried for one leaf."""

KEYWORD_FIELD = "CommandLine"
"""Where a keyword is put: a field that every schema stores."""

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Want:
    """What must become of a part of a rule."""

    node: Node
    holds: bool


Way = tuple[Want, ...]


def predicate(node: Node) -> Predicate:
    """Return the predicate of a tree; the last ones asked for are kept."""
    return _predicate(node)


@lru_cache(maxsize=2048)
def _predicate(node: Node) -> Predicate:
    return compile_predicate(node)


def ways(node: Node, *, holds: bool) -> Iterator[Way]:
    """Yield ways to make a tree true, or false: what must become of which leaf."""
    match node:
        case ir.Not(child):
            yield from ways(child, holds=not holds)
        case ir.And(children) | ir.Or(children):
            if isinstance(node, ir.And) == holds:
                yield from _all(children, holds=holds)
            else:
                for child in children:
                    yield from ways(child, holds=holds)
        case _:
            yield (Want(node, holds),)


def _all(children: tuple[Node, ...], *, holds: bool) -> Iterator[Way]:
    """Yield ways to decide every child alike; leaves that need not hold are one want."""
    leaves = [child for child in children if not holds and is_leaf(child)]
    rest = [child for child in children if holds or not is_leaf(child)]
    fixed = (Want(ir.any_of(leaves), holds=False),) if leaves else ()
    choices = [list(islice(ways(child, holds=holds), COMBINATIONS)) for child in rest]
    for chosen in _combinations(choices):
        yield (*fixed, *(want for way in chosen for want in way))


def _combinations(choices: list[list[Way]]) -> Iterator[tuple[Way, ...]]:
    """Yield the first way of all, then each other way of one, then pairs, as far as allowed."""
    first = tuple(found[0] for found in choices if found)
    if len(first) < len(choices):
        return
    yield first
    for at, found in enumerate(choices):
        for other in found[1:]:
            yield (*first[:at], other, *first[at + 1 :])
    yield from islice(product(*choices), 1, COMBINATIONS)


def is_leaf(node: Node) -> TypeGuard[Leaf]:
    """Return whether a node is a leaf, which has a place in the rule."""
    return not isinstance(node, (ir.And, ir.Or, ir.Not, ir.Const, ir.Approx))


Path = tuple[int, ...]
"""The index of a child at each operator, from the root of a tree."""


def contexts(root: Node, path: Path) -> Iterator[Way]:
    """Yield ways to decide what stands beside a leaf so that the rule hangs on the leaf.

    After those that also deny every alternative of the leaf come some that leave them alone: a
    value often holds the shorter one of a list too.
    """
    for strict in (True, False):
        beside = list(_beside(root, path, strict=strict))
        for chosen in islice(_combinations(beside), COMBINATIONS):
            yield tuple(want for way in chosen for want in way)


def _beside(root: Node, path: Path, *, strict: bool) -> Iterator[list[Way]]:
    node = root
    for step in path:
        others = tuple(child for at, child in enumerate(ir.children(node)) if at != step)
        if isinstance(node, ir.And):
            for child in others:
                yield list(islice(ways(child, holds=True), COMBINATIONS))
        elif others and strict:
            yield list(islice(ways(ir.Or(others), holds=False), COMBINATIONS))
        node = ir.children(node)[step]


def replaced(node: Node, path: Path, by: Node) -> Node:
    """Return a tree with another node at a path."""
    if not path:
        return by
    step, rest = path[0], path[1:]
    below = tuple(
        replaced(child, rest, by) if at == step else child
        for at, child in enumerate(ir.children(node))
    )
    match node:
        case ir.And():
            return ir.And(below)
        case ir.Or():
            return ir.Or(below)
        case _:
            return ir.Not(below[0])


def event_for(wants: Iterable[Want], category: str) -> Values | None:
    """Return an event on which everything wanted is so, None where none was found."""
    wanted = tuple(dict.fromkeys(wants))
    positive = [want.node for want in wanted if want.holds and is_leaf(want.node)]
    for variant in range(VARIANTS):
        values = _propose(positive, wanted, category, variant)
        if values is not None:
            event = Event(values)
            if all(predicate(want.node)(event) is want.holds for want in wanted):
                return values
    return None


def _propose(
    positive: list[Any], wanted: tuple[Want, ...], category: str, variant: int
) -> Values | None:
    values: Values = dict(usual_event(category))
    values.update({field: field.lower() for field in _unknown_fields(wanted, category)})
    for field, leaves in _by_field(positive).items():
        form = form_of(category, field)
        value = value_for(leaves, form, variant)
        if value is None or not form.accepts(value):
            return None
        values[field] = value
    for leaf in positive:
        _decide_presence(values, leaf)
    for want in wanted:
        if isinstance(want.node, ir.Exists) and not want.holds:
            values.pop(ir.field_name(want.node), None)
    values = settled(category, values)
    for want in wanted:
        if not want.holds:
            values = _without(want.node, values, category)
    return values if _is_possible(values, category) else None


def _without(node: Node, values: Values, category: str) -> Values:
    """Return the event with another of a field's few values where an unwanted part holds."""
    test = predicate(node)
    if not test(Event(values)):
        return values
    for leaf in ir.leaves(node):
        field = ir.field_name(leaf)
        for other in form_of(category, field).others if field else ():
            changed = settled(category, {**values, field: other})
            if not test(Event(changed)):
                return changed
    return values


def _unknown_fields(wanted: Iterable[Want], category: str) -> Iterator[str]:
    """Yield the free fields that a rule names and the category's own event lacks."""
    for want in wanted:
        for leaf in ir.leaves(want.node):
            field = ir.field_name(leaf)
            if field and field not in fields_of(category) and form_of(category, field).accepts("x"):
                yield field


def _by_field(leaves: Iterable[Leaf]) -> dict[str, list[Leaf]]:
    found: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        if isinstance(leaf, (ir.Exists, ir.IsNull, ir.IsEmpty, ir.FieldMatch, ir.TimeMatch)):
            continue
        found.setdefault(ir.field_name(leaf) or KEYWORD_FIELD, []).append(leaf)
    return found


def _decide_presence(values: Values, leaf: Leaf) -> None:
    """Make a leaf true that looks at more than the text of one field."""
    field = ir.field_name(leaf)
    match leaf:
        case ir.IsNull() | ir.IsEmpty():
            values.pop(field, None)
        case ir.FieldMatch(other=other):
            values[field] = values.get(str(other), "")
        case ir.TimeMatch(part=part, number=number):
            values[field] = time_with(part, number)
        case _:
            pass


def time_with(part: ir.TimePart, number: int) -> str:
    """Return a timestamp as Sysmon writes it, with one part of a value."""
    parts = {"year": 2026, "month": 1, "day": 15, "hour": 10, "minute": 20}
    if part is ir.TimePart.WEEK:
        parts["day"] = max(1, min(31, (number - 1) * 7 + 1)) if number < 5 else 15
    else:
        parts[str(part)] = number
    return "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:30.456".format(**parts)


def _is_possible(values: Mapping[str, Any], category: str) -> bool:
    return all(
        form_of(category, field).accepts(value)
        for field, value in values.items()
        if isinstance(value, str)
    )
