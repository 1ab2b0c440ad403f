"""The smallest stream of events that shows a broken claim about a correlation."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sigmaglot.explain import leaf_label
from sigmaglot.linking import bases
from sigmaglot.targets import Target
from sigmaglot.verify.engines.model import CannotRunError, Engine, RefusedError
from sigmaglot.verify.engines.streams import Asked, find_in_stream
from sigmaglot.verify.sightings import Meaning, Store
from sigmaglot.verify.verdict import Counterexample
from sigmaglot.verify.witnesses.stream_events import Sighting
from sigmaglot.verify.witnesses.streams import Stream
from sigmaglot.watch import TIMES

_OF_THE_LOG = frozenset({"Channel", "Provider_Name", "EventID"})
"""Fields that tell which log source an event is of, where there are several."""

Events = tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A stream that breaks a claim: ``missed`` or ``extra`` events."""

    stream: Stream
    kind: str


@dataclass(frozen=True, slots=True)
class StreamCase:
    """A correlation's queries, and all that is needed to run them again."""

    meaning: Meaning
    target: Target
    claim: str
    engine: Engine
    store: Store
    asked: Asked

    def wrong(self, events: Events, kind: str) -> frozenset[int]:
        """Return the events of a stream that the queries miss, or find beside those meant."""
        stored = self.store.store(events)
        if stored is None or not events:
            return frozenset()
        try:
            found = find_in_stream(self.engine, self.asked, stored)
        except (CannotRunError, RefusedError):
            return frozenset()
        meant = self.meaning.of(events)
        return meant - found if kind == "missed" else found - meant


def smallest_stream(case: StreamCase, suspects: Sequence[Suspect]) -> Counterexample:
    """Return the counterexample of the stream with the fewest events and fields that shows it."""
    suspect = min(suspects, key=lambda one: len(one.stream.events))
    events = _fewer_events(case, suspect.stream.events, suspect.kind)
    events = _fewer_fields(case, events, suspect.kind)
    at = min(case.wrong(events, suspect.kind))
    stored = case.store.store(events)
    records = tuple(dict(record) for record in stored.records) if stored else ()
    leaf = suspect.stream.leaf
    return Counterexample(
        kind=suspect.kind,
        tests=suspect.stream.name,
        event=events[at].values,
        record=records[at],
        leaf=leaf_label(leaf) if leaf is not None else "",
        query="\n\n".join(case.asked.queries),
        reproduce=_reproduce(case, events),
        stream=tuple(one.values for one in events),
        records=records,
    )


def _fewer_events(case: StreamCase, events: Events, kind: str) -> Events:
    """Return the stream without events that are not needed, tried half by half, then one by one."""
    size = max(len(events) // 2, 1)
    while size:
        at = 0
        while at < len(events):
            fewer = events[:at] + events[at + size :]
            if case.wrong(fewer, kind):
                events = fewer
            else:
                at += size
        size //= 2
    return events


def _fewer_fields(case: StreamCase, events: Events, kind: str) -> Events:
    """Return the stream without fields that are not needed, which go from all events at once."""
    categories = {*case.meaning.categories, *(one.category for one in events)}
    kept = {*TIMES, *(_OF_THE_LOG if len(categories) > 1 else ())}
    names = {name for one in events for name in one.values} - kept
    for name in sorted(names):
        fewer = _without(events, name)
        if case.wrong(fewer, kind):
            events = fewer
    return events


def _without(events: Events, field: str) -> Events:
    return tuple(
        replace(one, values={name: value for name, value in one.values.items() if name != field})
        for one in events
    )


def _reproduce(case: StreamCase, events: Events) -> str:
    linked = case.meaning.linked
    filters = (one for rule in case.meaning.rules for one in rule.filters)
    documents = (linked.document, *bases(linked), *filters)
    paths = dict.fromkeys(document.path for document in documents)
    words = ("sigmaglot", "verify", *paths, "-t", case.target.name, "--engine", case.engine.name)
    given = (
        word for one in events for word in ("--event", json.dumps(one.values, ensure_ascii=False))
    )
    return shlex.join((*words, *given))
