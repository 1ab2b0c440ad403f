"""What a stream of events means, and how a schema stores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.evaluate_correlation import Happening
from sigmaglot.frontend import Rule
from sigmaglot.linking import Linked
from sigmaglot.logsource import logsource_test
from sigmaglot.verify.engines.model import Record
from sigmaglot.verify.engines.streams import Stored
from sigmaglot.verify.names import category_of
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.projection.times import seconds_column
from sigmaglot.verify.witnesses.neighbours import stranger_of
from sigmaglot.verify.witnesses.stream_events import Sighting
from sigmaglot.watch import find_linked, time_of_event

_TIMES = {"defender_xdr": "Timestamp", "sentinel": "TimeGenerated"}
"""The column of an event's time in schemas that have tables."""
_ECS = "@timestamp"


class Meaning:
    """A correlation over its rules, to be asked about streams.

    Attributes:
        linked: The correlation.
        rules: Its rules, those of the correlations that it is over in their places.
        categories: What the log source of each rule is called here.
    """

    def __init__(self, linked: Linked, rules: Sequence[Rule]) -> None:
        self.linked = linked
        self.rules = tuple(rules)
        self.categories = tuple(category_of(rule.info.logsource) for rule in rules)
        self._means = [compile_predicate(rule.condition) for rule in rules]
        self._tests = [logsource_test(rule.info.logsource) for rule in rules]

    def of(self, stream: Sequence[Sighting]) -> frozenset[int]:
        """Return the positions of the events at which the correlation comes true."""
        seen: list[list[Happening]] = [[] for _ in self.rules]
        for number, one in enumerate(stream):
            event, time = Event(one.values), time_of_event(one.values)
            for at, happenings in enumerate(seen):
                if time is not None and self._is_of(at, one, event) and self._means[at](event):
                    happenings.append(Happening(number, time, one.values))
        return frozenset(one.number for one in find_linked(self.linked, iter(seen)))

    def _is_of(self, rule: int, sighting: Sighting, event: Event) -> bool:
        """Return whether an event is of a rule's log source."""
        test = self._tests[rule]
        return sighting.category == self.categories[rule] or (test is not None and test(event))

    def sighting(self, values: dict[str, Any], event: Event) -> Sighting | None:
        """Return an event of one of the log sources, None for any other.

        An event without a channel is of the log source of the rules, if they all have the same.
        """
        for category, test in zip(self.categories, self._tests, strict=True):
            if test is not None and test(event):
                return Sighting(values, category)
        if "Channel" not in values and len(set(self.categories)) == 1:
            return Sighting(values, self.categories[0])
        return None

    def given(self, values: dict[str, Any]) -> Sighting | None:
        """Return an event that a user gives, of another log source too, None where none is told."""
        own = self.sighting(values, Event(values))
        other = "" if own else stranger_of(values, self.categories[0])
        return Sighting(values, other) if other else own


@dataclass(frozen=True, slots=True)
class Store:
    """Where a target stores events: a schema."""

    schema: str

    def lacking(self, categories: Sequence[str]) -> str:
        """Return the first category that it is not modelled for, empty where it is for all."""
        return next((one for one in categories if PROJECTIONS[self.schema].of(one) is None), "")

    def store(self, stream: Sequence[Sighting]) -> Stored | None:
        """Return a stream as it is stored, None where an event of it is not stored."""
        records: list[Record] = []
        times: list[float] = []
        for one in stream:
            project = PROJECTIONS[self.schema].of(one.category)
            record = project(one.values) if project else {}
            time = time_of_event(one.values)
            if not record or time is None:
                return None
            records.append({**record, **self._stamp(record, time)})
            times.append(time)
        return Stored(tuple(records), tuple(times))

    def join(self, streams: Sequence[Stored], gap: float) -> Stored:
        """Return streams one after the other, so far apart in time that none sees another.

        Raises:
            OverflowError, ValueError: They do not fit into the years that can be written.
        """
        records: list[Record] = []
        times: list[float] = []
        start = min(min(one.times) for one in streams)
        for one in streams:
            shift = start - min(one.times)
            for record, time in zip(one.records, one.times, strict=True):
                moved = {name: text for name, text in record.items() if name != _ECS}
                records.append({**moved, **self._stamp(moved, time + shift)})
                times.append(time + shift)
            start = max(times) + gap
        return Stored(tuple(records), tuple(times))

    def _stamp(self, record: Mapping[str, Any], time: float) -> Mapping[str, Any]:
        """Return the column of an event's time."""
        moment = datetime.fromtimestamp(time, UTC)
        if self.schema.startswith("elastic"):
            return {_ECS: record.get(_ECS, moment.isoformat())}
        if self.schema in _TIMES:
            return {_TIMES[self.schema]: moment.isoformat()}
        return seconds_column(self.schema, time)
