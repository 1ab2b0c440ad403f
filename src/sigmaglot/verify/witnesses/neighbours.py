"""Events that differ from a witness in where a value stands, or in what kind of event it is.

A query that looks into the column of another field, or that forgets which events it is about, is
right about every change within the field itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sigmaglot import ir
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.ir import Leaf, Node
from sigmaglot.logsource import Test, logsource_test
from sigmaglot.rule import LogSource
from sigmaglot.verify.witnesses.events import (
    categories,
    fields_of,
    form_of,
    usual_event,
)
from sigmaglot.verify.witnesses.following import Values, settled

_SERVICE = "service:"
_OTHER_LOGS = ("service:application", "service:system")
"""What stands for all other logs: channels whose events have the same ids and any fields."""
_OF_THE_LOG = frozenset({"Channel", "Provider_Name", "EventID", "EventType"})
"""Fields that say what kind of event it is."""
_SAME = {
    "file_event": {"file_executable_detected"},
    "file_delete": {"file_delete_detected"},
    "file_delete_detected": {"file_delete"},
}
"""Category to others that Sysmon uses for what happens there too, by its configuration."""
_TRIED = 8
"""Events of a rule that are made into one of another kind before a kind is given up."""


def exchanged(leaf: Leaf, values: Values, category: str) -> Iterator[tuple[str, Values]]:
    """Yield the event with the leaf's value in another field, and that field's in its place.

    Only fields that are written alike are exchanged, such as the paths of two processes: in any
    other the value could not stand.
    """
    field = ir.field_name(leaf)
    for other in fields_of(category):
        if other != field and _can_exchange(category, values, field, other):
            both = {field: values[other], other: values[field]}
            yield other, settled(category, {**values, **both})


def _can_exchange(category: str, values: Values, one: str, other: str) -> bool:
    if not all(isinstance(values.get(field), str) for field in (one, other)):
        return False
    mine, its = form_of(category, one), form_of(category, other)
    alike = mine.elsewhere is its.elsewhere and not (mine.is_fixed or its.is_fixed)
    return alike and mine.accepts(values[other]) and its.accepts(values[one])


def strangers(
    condition: Node, category: str, own: Sequence[Values]
) -> Iterator[tuple[str, Values]]:
    """Yield events of other log sources that say what a rule asks for, with their categories.

    The rule's condition holds on each, so only the kind of event tells that it is not meant.
    """
    holds = compile_predicate(condition)
    meant = list(islice((one for one in own if holds(Event(one))), _TRIED))
    is_own = logsource_test(_source_of(category)) or (lambda _: True)
    for other in _others(category):
        for values in meant:
            found = _made_into(other, values)
            event = Event(found)
            if holds(event) and not is_own(event):
                yield other, found
                break


def stranger_of(values: Values, category: str) -> str:
    """Return the category of an event that says it is not of a category; empty for its own.

    An event without a channel says nothing, and is of the log source that is asked for.
    """
    test = logsource_test(_source_of(category))
    event = Event(values)
    if "Channel" not in values or test is None or test(event):
        return ""
    found = (one for one in _others(category) if _source_test(one)(event))
    return next(found, "")


def _source_test(category: str) -> Test:
    return logsource_test(_source_of(category)) or (lambda _: False)


def _source_of(category: str) -> LogSource:
    service = category.removeprefix(_SERVICE)
    if service != category:
        return LogSource(product="windows", service=service)
    return LogSource(category, "windows")


def _others(category: str) -> tuple[str, ...]:
    found = _OTHER_LOGS if category.startswith(_SERVICE) else (*categories(), *_OTHER_LOGS)
    same = {category} | _SAME.get(category, set())
    return tuple(other for other in found if other not in same)


def _made_into(other: str, values: Values) -> Values:
    """Return an event of another kind with those values that it can hold."""
    is_service = other.startswith(_SERVICE)
    kept = _OF_THE_LOG - {"EventID"} if is_service else _OF_THE_LOG
    known = fields_of(other)
    moved = {
        field: value
        for field, value in values.items()
        if field not in kept and (is_service or field in known) and _fits(other, field, value)
    }
    return settled(other, {**usual_event(other), **moved})


def _fits(category: str, field: str, value: Any) -> bool:
    return isinstance(value, str) and form_of(category, field).accepts(value)
