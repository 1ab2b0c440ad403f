"""Events of streams: which rule each is of, when it was, and whose group and value it has.

An event is a witness on which its rule holds. The fields that a correlation groups by and measures
are set to values that a sensor could have written and on which the rule still holds; each event
has the fields of the other rules' aliases too, with a value of their own.

Of a correlation that another is over, all events that make it come true stand in the place of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, product
from typing import Any

from sigmaglot import ir
from sigmaglot.correlation import Correlation
from sigmaglot.evaluate import Event, Predicate, compile_predicate
from sigmaglot.ir import Leaf, Node
from sigmaglot.verify.witnesses import Witness, make_witnesses
from sigmaglot.verify.witnesses.events import fields_of, form_of, is_written
from sigmaglot.verify.witnesses.following import ALWAYS, alike, settled
from sigmaglot.verify.witnesses.misses import MISSING

START = datetime(2026, 1, 15, 10, 20, 7, tzinfo=UTC)
"""When streams begin: at no round hour or minute, so that windows which begin there cut them."""

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A rule of a correlation.

    Attributes:
        name: How the correlation refers to it.
        condition: Its tree.
        category: What its log source is called here.
        witnesses: Events that tell about it.
        untold: The leaves of it that none of them is about.
    """

    name: str
    condition: Node
    category: str
    witnesses: tuple[Witness, ...]
    untold: tuple[Leaf, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """A correlation that another one is over.

    Attributes:
        name: How the other refers to it.
        correlation: What it asks.
        parts: Its rules and correlations.
    """

    name: str
    correlation: Correlation
    parts: tuple[Part | Whole, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """A correlation that another one is over, with events.

    Attributes:
        name: How the other refers to it.
        cast: Makes them.
        items: The fewest that make it come true, the last one latest; none where none are found.
    """

    name: str
    cast: Cast
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event of a stream, and what its log source is called here."""

    values: dict[str, Any]
    category: str


@dataclass(frozen=True, slots=True)
class Group:
    """How an event's group or value differs from that of the others.

    Attributes:
        name: What is different.
        field: Which field, by the correlation's name for it.
        value: What it is, or ``MISSING``.
        is_crossed: Whether the other rules' fields of the alias have the group's value instead.
    """

    name: str
    field: str
    value: Any
    is_crossed: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An event to be made.

    Attributes:
        rule: Which rule it is of, by position.
        at: Seconds after the start of the stream.
        group: How its group differs; None for the group of all.
        value: The values of the measured fields; None for what the rule's event has.
        witness: The event that it is made from; None for one on which the rule holds.
        burst: Of a correlation, the events in the place of those that make it come true.
    """

    rule: int
    at: int = 0
    group: Group | None = None
    value: Texts | None = None
    witness: Witness | None = None
    burst: tuple[Item, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A rule, when it holds, and the event of it that most others are made from."""

    part: Part
    means: Predicate
    usual: dict[str, Any] | None

    def fits(self, field: str, value: str) -> bool:
        """Return whether an event of the rule may have a value, and is still one."""
        form = form_of(self.part.category, field)
        return form.accepts(value) and self.means(Event({**(self.usual or {}), field: value}))


class Cast:
    """The events of one correlation.

    Attributes:
        silent: The reference of a rule that no event is found for, empty where all have one.
        absent: What is said of a field that events of a rule do not have, empty where all do.
        witnesses: Of each rule, those that a stream can hold.
    """

    def __init__(self, correlation: Correlation, parts: Sequence[Part | Burst]) -> None:
        self._asked = correlation
        self._parts = parts
        self._leaves = [_leaves(part) for part in parts]
        self.witnesses = [part.witnesses if isinstance(part, Part) else () for part in parts]
        silent = (
            part.name
            for part, leaves in zip(parts, self._leaves, strict=True)
            if None in [leaf.usual for leaf in leaves]
            or (isinstance(part, Burst) and not part.items)
        )
        self.silent = next(silent, "")
        names = dict.fromkeys((*correlation.group_by, *correlation.condition.fields))
        self.absent = next(filter(None, map(self._absent, names)), "")
        self._texts = {name: list(islice(self._fitting(name), 3)) for name in names}

    @property
    def leaves(self) -> list[_Leaf]:
        """Return the rules, those of its correlations in their places."""
        return [leaf for leaves in self._leaves for leaf in leaves]

    def size(self, items: Iterable[Item]) -> int:
        """Return the number of events that are made of items."""
        parts = ((self._parts[item.rule], item) for item in items)
        return sum(
            part.cast.size(_burst(part, item)) if isinstance(part, Burst) else 1
            for part, item in parts
        )

    # -- values ---------------------------------------------------------------------------------

    def _fields(self, name: str) -> Iterator[tuple[_Leaf, str]]:
        """Yield the field that a name stands for in each rule, with the rule."""
        for part, leaves in zip(self._parts, self._leaves, strict=True):
            field = self._asked.field_of(name, part.name)
            yield from ((leaf, field) for leaf in leaves)

    def _absent(self, name: str) -> str:
        """Return what is said where events of a rule do not have a field, empty where all do."""
        for leaf, field in self._fields(name):
            if not is_written(leaf.part.category, field):
                return f"events of {leaf.part.category} have no `{field}`"
        return ""

    def _fit_all(self, name: str, value: str) -> bool:
        return all(leaf.fits(field, value) for leaf, field in self._fields(name))

    def _fitting(self, name: str) -> Iterator[str]:
        """Yield values that events of all rules may have: one, one that ends in another way, more.

        The third begins in another way, where there is one.
        """
        starts = [(leaf.usual or {}).get(field) for leaf, field in self._fields(name)]
        forms = [form_of(leaf.part.category, field) for leaf, field in self._fields(name)]
        usual = [text for form in forms for text in (form.usual, *form.others)]
        texts = [
            text for text in dict.fromkeys((*starts, *usual)) if isinstance(text, str) and text
        ]
        home = next((text for text in texts if self._fit_all(name, text)), None)
        if home is None:
            return
        late, early = _changed(home), _changed(home, backwards=False)
        ends = chain(islice(self._filtered(name, late), 1), islice(self._filtered(name, early), 1))
        yield from _unique(chain([home], ends, self._filtered(name, chain(_changed(home), texts))))

    def _filtered(self, name: str, values: Iterable[str]) -> Iterator[str]:
        return (value for value in values if self._fit_all(name, value))

    def groups(self) -> list[Group]:
        """Return the ways in which an event's group, or its value, can differ."""
        found: list[Group] = []
        for name in self._asked.group_by:
            texts = self._texts[name]
            found += [Group(f"another `{name}`, {text}", name, text) for text in texts[1:]]
            swapped = texts[0].swapcase() if texts else ""
            if texts and swapped != texts[0] and self._fit_all(name, swapped):
                found.append(Group(f"a `{name}` in other letter case", name, swapped))
            if texts[1:] and len({field for _, field in self._fields(name)}) > 1:
                what = f"the `{name}` of another rule's field"
                found.append(Group(what, name, texts[1], is_crossed=True))
        for name in self._texts:
            if not ALWAYS.intersection(field for _, field in self._fields(name)):
                found.append(Group(f"a missing `{name}`", name, MISSING))
        return found

    def distinct(self, count: int) -> list[Texts]:
        """Return different values of the measured fields, each field's taken several times.

        A field that makes groups too has one value only.
        """
        names = self._asked.condition.fields
        free = sum(name not in self._asked.group_by for name in names)
        each = 1
        while free and each**free < count:
            each += 1
        most = {name: 1 if name in self._asked.group_by else each for name in names}
        pools = [list(islice(self._fitting(name), most[name])) for name in names]
        return list(islice(product(*pools), count)) if names else []

    def number(self, number: int) -> Texts | None:
        """Return a number as the value of the measured field, None where it cannot be one."""
        (name, *_) = self._asked.condition.fields
        return (str(number),) if self._fit_all(name, str(number)) else None

    def alike(self, item: Item) -> Iterator[tuple[Texts, str]]:
        """Yield the values of an event in other letter case, one field after the other."""
        names = self._asked.condition.fields
        for at, name in enumerate(names if item.value else ()):
            value = item.value or ()
            swapped = value[at].swapcase()
            if swapped != value[at] and self._fit_all(name, swapped):
                yield (*value[:at], swapped, *value[at + 1 :]), f"the first in other case, {name}"

    def of_two_rules(self) -> Item | None:
        """Return an event that the first two rules match, None where none is found."""
        first, second = (*self._parts, None)[:2]
        if not isinstance(first, Part) or not isinstance(second, Part):
            return None
        if first.category != second.category:
            return None
        both = ir.all_of([first.condition, second.condition])
        for witness in make_witnesses(both, first.category).events:
            event = Event(witness.values)
            if not witness.category and all(leaf.means(event) for leaf in self.leaves[:2]):
                return Item(0, witness=witness)
        return None

    # -- events ---------------------------------------------------------------------------------

    def make(self, item: Item) -> tuple[Sighting, ...]:
        """Return the event of an item, or those of a correlation that end at its time."""
        return tuple(sighting for sighting, _ in self._make(item))

    def _make(self, item: Item) -> Iterator[tuple[Sighting, frozenset[str]]]:
        """Yield events, each with the fields of it that must stay as they are."""
        part = self._parts[item.rule]
        if isinstance(part, Burst):
            start = item.at - part.items[-1].at
            for one in _burst(part, item):
                for sighting, kept in part.cast._make(replace(one, at=one.at + start)):
                    found = self._set(item, sighting.values, sighting.category, kept)
                    yield found, kept | self._own(item)
            return
        witness = item.witness
        category = witness.category if witness and witness.category else part.category
        values = witness.values if witness else self._leaves[item.rule][0].usual or {}
        tested = ir.field_name(witness.leaf) if witness and witness.leaf else None
        kept = frozenset({tested} if tested else ())
        values = {**values, **time_fields(category, item.at)}
        yield self._set(item, values, category, kept), kept | self._own(item)

    def _own(self, item: Item) -> frozenset[str]:
        """Return the fields in which an event differs from the others."""
        reference = self._parts[item.rule].name
        names = self._asked.condition.fields if item.value else ()
        names = (*names, item.group.field) if item.group else names
        return frozenset(self._asked.field_of(name, reference) for name in names)

    def _set(
        self, item: Item, values: dict[str, Any], category: str, kept: frozenset[str]
    ) -> Sighting:
        """Return an event with the group and the values of an item."""
        found = dict(values)
        for field, value in self._settings(item):
            if field not in kept:
                _set(found, category, field, value)
        found |= {field: values[field] for field in time_fields(category, 0) if field in values}
        return Sighting(settled(category, found), category)

    def _settings(self, item: Item) -> Iterator[tuple[str, Any]]:
        """Yield fields with the values that they get, the last one of a field counts."""
        reference = self._parts[item.rule].name
        for name in self._asked.group_by:
            texts = self._texts[name]
            if texts:
                crossed = item.group and item.group.is_crossed and item.group.field == name
                others = texts[0] if crossed else texts[-1]
                yield from ((field, others) for _, field in self._fields(name))
                yield self._asked.field_of(name, reference), texts[0]
        for name, text in zip(self._asked.condition.fields, item.value or (), strict=False):
            yield self._asked.field_of(name, reference), text
        if item.group:
            yield self._asked.field_of(item.group.field, reference), item.group.value


def _leaves(part: Part | Burst) -> list[_Leaf]:
    if isinstance(part, Burst):
        return part.cast.leaves
    means = compile_predicate(part.condition)
    return [_Leaf(part, means, _usual(part, means))]


def _burst(part: Burst, item: Item) -> tuple[Item, ...]:
    return part.items if item.burst is None else item.burst


def _usual(part: Part, means: Predicate) -> dict[str, Any] | None:
    """Return the event of a rule that most others are made from."""
    own = (one for one in part.witnesses if not one.category and means(Event(one.values)))
    found = sorted(own, key=lambda one: one.name != "the leaf holds")
    return found[0].values if found else None


def _unique(values: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value not in seen:
            seen.add(value)
            yield value


def _set(values: dict[str, Any], category: str, field: str, value: Any) -> None:
    for name in alike(field, values):
        if value is MISSING:
            values.pop(name, None)
        elif form_of(category, name).accepts(value):
            values[name] = value


def _changed(text: str, *, backwards: bool = True) -> Iterator[str]:
    """Yield texts that differ in one letter or digit, from the last one on or from the first."""
    places = [at for at, char in enumerate(text) if char.isascii() and char.isalnum()]
    for at in reversed(places) if backwards else places:
        for char in _like(text[at]):
            yield text[:at] + char + text[at + 1 :]


_LIKE: tuple[tuple[Callable[[str], bool], str], ...] = (
    (str.isdigit, "1234567890"),
    (str.islower, "abcdefghijklmnopqrstuvwxyz"),
    (str.isupper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)


def _like(char: str) -> Iterator[str]:
    """Yield the other characters of a character's kind."""
    for is_kind, alphabet in _LIKE:
        if is_kind(char):
            yield from (one for one in alphabet if one != char)


def time_fields(category: str, seconds: int) -> Mapping[str, str]:
    """Return the field that says when an event was: Sysmon's own, or the log's."""
    moment = START + timedelta(seconds=seconds)
    if "UtcTime" in fields_of(category):
        return {"UtcTime": f"{moment:%Y-%m-%d %H:%M:%S}.000"}
    return {"SystemTime": f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z"}
