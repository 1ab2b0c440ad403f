"""Run the queries of correlations over streams of events, and hold them against the correlations.

What a correlation means is a set of events: those at which it comes true. So a query must return
the rows of these, neither more nor fewer than its claim allows, event by event as for a rule. A
stream with an event that a schema does not store is left out for that schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sigmaglot.compiler import Result, compile_correlation
from sigmaglot.errors import Diagnostic
from sigmaglot.evaluate import Event
from sigmaglot.events import Recorded
from sigmaglot.explain import leaf_label
from sigmaglot.frontend import Rule
from sigmaglot.linking import Linked
from sigmaglot.targets import Target
from sigmaglot.verify.claims import breaks, finds_nothing, has_keywords
from sigmaglot.verify.engines.model import Binder, CannotRunError, Engine, RefusedError
from sigmaglot.verify.engines.registry import binder_of, engines_of
from sigmaglot.verify.engines.streams import SLOW, Asked, Stored, find_in_stream
from sigmaglot.verify.names import info_of, problems_of
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.request import Request
from sigmaglot.verify.sightings import Meaning, Store
from sigmaglot.verify.stream_example import StreamCase, Suspect, smallest_stream
from sigmaglot.verify.targets import Ground, ground_of
from sigmaglot.verify.verdict import Status, Tally, Verdict
from sigmaglot.verify.witnesses import make_witnesses
from sigmaglot.verify.witnesses.events import is_known
from sigmaglot.verify.witnesses.stream_events import Part, Whole
from sigmaglot.verify.witnesses.streams import Stream, make_streams
from sigmaglot.watch import TIMES, time_of_event

APART = 100
"""Time spans between two streams that are run together."""
TOGETHER = 400
"""Events that are run together: each is joined with each of its group."""
NEVER = "the correlation: it comes true on no stream that was made"
"""What is untold where every claim would be kept by a query that finds nothing."""
_RECORDED = "the recorded events"
_GIVEN = "the given events"


def verify_correlation(
    linked: Linked,
    rules: Sequence[Rule | Diagnostic],
    request: Request,
    recorded: Sequence[tuple[Recorded, Event]] = (),
) -> Iterator[Verdict]:
    """Yield the verdicts of a correlation: one an engine and target."""
    trial: _Trial | None = None
    for target in request.targets:
        result = compile_correlation(linked, rules, target, request.options)
        if not result.ok:
            said = result.diagnostics
            yield Verdict(linked.info, target.name, Status.UNSUPPORTED, diagnostics=said)
            continue
        if trial is None:
            known = [rule for rule in rules if isinstance(rule, Rule)]
            trial = _make_trial(Meaning(linked, known), request, recorded)
        yield from _Task(trial, target, result).run(request.engines)


@dataclass(frozen=True, slots=True)
class _Trial:
    """The streams that a correlation is held against, with what it means on each.

    Attributes:
        meaning: The correlation.
        made: Streams that were made, or the one that was given.
        recorded: The stream of recorded events; empty without any.
        meant: The events of each stream, the made ones first, at which it comes true.
        untold: Leaves of its rules that no event was found for; the whole, if it never comes true.
        lacking: Why nothing was made.
    """

    meaning: Meaning
    made: tuple[Stream, ...]
    recorded: tuple[Stream, ...]
    meant: tuple[frozenset[int], ...]
    untold: tuple[str, ...] = ()
    lacking: str = ""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Return all streams."""
        return (*self.made, *self.recorded)


def _make_trial(
    meaning: Meaning, request: Request, recorded: Sequence[tuple[Recorded, Event]]
) -> _Trial:
    untold: tuple[str, ...] = ()
    if request.given is not None:
        made, lacking = _given(meaning, request.given)
    else:
        parts = _parts(meaning, meaning.linked, count(), request.seed)
        found = make_streams(meaning.linked.correlation, parts, request.seed)
        made, lacking = found.streams, found.lacking
        untold = tuple(dict.fromkeys(leaf_label(leaf) for leaf in found.untold))
    seen = (meaning.sighting(one.values, event) for one, event in recorded)
    timed = tuple(one for one in seen if one and time_of_event(one.values) is not None)
    whole = (Stream(_RECORDED, timed),) if timed else ()
    meant = tuple(meaning.of(one.events) for one in (*made, *whole))
    if request.given is None and made and not any(meant[: len(made)]):
        untold = (*untold, NEVER)
    return _Trial(meaning, made, whole, meant, untold, lacking)


def _given(meaning: Meaning, events: Sequence[dict[str, Any]]) -> tuple[tuple[Stream, ...], str]:
    """Return the one stream of events that were given, or why there is none."""
    if any(time_of_event(values) is None for values in events):
        return (), f"an event has no time: give it one of {', '.join(TIMES)}"
    found = [meaning.given(values) for values in events]
    if None in found:
        return (), "an event does not tell which rule's log source it is of: give its Channel"
    sightings = tuple(one for one in found if one)
    return ((Stream(_GIVEN, sightings),) if sightings else ()), ""


def _parts(meaning: Meaning, linked: Linked, rules: Iterator[int], seed: int) -> list[Part | Whole]:
    """Return what a correlation is over; ``rules`` are the positions of the rules to come."""
    return [
        Whole(name, part.correlation, tuple(_parts(meaning, part, rules, seed)))
        if isinstance(part, Linked)
        else _part(meaning, name, next(rules), seed)
        for name, part in zip(linked.correlation.rules, linked.parts, strict=True)
    ]


def _part(meaning: Meaning, name: str, at: int, seed: int) -> Part:
    rule, category = meaning.rules[at], meaning.categories[at]
    if not is_known(category):
        return Part(name, rule.condition, category, ())
    found = make_witnesses(rule.condition, category, seed)
    return Part(name, rule.condition, category, found.events, found.untold)


@dataclass(slots=True)
class _Task:
    """One correlation for one target."""

    trial: _Trial
    target: Target
    result: Result
    _stored: list[Stored | None] = field(default_factory=list)

    def run(self, names: tuple[str, ...]) -> Iterator[Verdict]:
        """Yield a verdict of each engine, or why there is none."""
        ground = ground_of(self.target)
        if ground is None or ground.schema not in PROJECTIONS:
            why = _not_modelled(ground, "") if ground else "no engine runs this language"
            yield self._verdict(Status.NOT_RUN, reason=why)
            return
        engines = engines_of(ground.language, names, ground.schema)
        bound = self._bind(binder_of(ground.language, names, ground.schema))
        if bound and (bound.status is Status.REFUSED or not engines):
            yield bound
        binds = bound.binds if bound else None
        store = Store(ground.schema)
        why = self._lacking(ground, store)
        if why and engines:
            yield self._verdict(Status.NOT_RUN, reason=why, binds=binds)
            return
        self._stored = [store.store(stream.events) for stream in self.trial.streams]
        for engine in engines:
            yield self._run_safely(engine, store, binds)

    def _bind(self, binder: Binder | str | None) -> Verdict | None:
        """Return whether the vendor's binder takes the queries, None where there is none."""
        if binder is None or isinstance(binder, str):
            return None
        problems = problems_of(binder, self.result.queries)
        status = Status.REFUSED if problems else Status.KEPT
        reason = "; ".join(problems)
        return self._verdict(status, reason=reason, engine=info_of(binder), binds=not problems)

    def _lacking(self, ground: Ground, store: Store) -> str:
        """Return why nothing can be run, empty where something can."""
        missing = store.lacking(self.trial.meaning.categories)
        if missing:
            return _not_modelled(ground, missing)
        return "" if self.trial.streams else self.trial.lacking

    def _run_safely(self, engine: Engine, store: Store, binds: bool | None) -> Verdict:
        """Return what an engine says; one that raises loses this verdict, not the run."""
        known: dict[str, Any] = {"engine": info_of(engine), "binds": binds}
        try:
            return self._run(engine, store, known)
        except CannotRunError as error:
            return self._verdict(Status.NOT_RUN, reason=str(error), **known)
        except RefusedError as error:
            return self._verdict(Status.REFUSED, reason=str(error), **known)
        except Exception as error:  # noqa: BLE001 - an engine's surprise is one correlation's
            why = f"internal error of {engine.name}: {type(error).__name__}: {error}"
            return self._verdict(Status.FAILED, reason=why, **known)

    def _run(self, engine: Engine, store: Store, known: dict[str, Any]) -> Verdict:
        asked = Asked(self.result.queries, self.result.correlation or {}, store.schema)
        case = StreamCase(
            self.trial.meaning, self.target, str(self.result.fidelity), engine, store, asked
        )
        tallies = {True: Tally(), False: Tally()}
        suspects: list[Suspect] = []
        for at, (stream, found) in enumerate(
            zip(self.trial.streams, self._find(case), strict=True)
        ):
            if found is None:
                continue
            meant = self.trial.meant[at]
            tallies[at < len(self.trial.made)] += _tally(stream, meant, found)
            suspects += self._suspects(stream, meant, found)
        return self._verdict(
            Status.BROKEN if suspects else Status.KEPT,
            made=tallies[True],
            recorded=tallies[False],
            counterexample=smallest_stream(case, suspects) if suspects else None,
            reason="" if suspects else self._nothing(tallies[True], tallies[False]),
            **known,
        )

    def _nothing(self, made: Tally, recorded: Tally) -> str:
        """Return what to say of queries that find nothing, if anything is worth a look."""
        if any(has_keywords(rule.condition) for rule in self.trial.meaning.rules):
            return ""
        return finds_nothing(str(self.result.fidelity), made, recorded, "correlation")

    def _find(self, case: StreamCase) -> list[frozenset[int] | None]:
        """Return the events of each stream that the queries find, None where it is not stored."""
        if case.engine.name in SLOW:
            together = self._find_together(case)
            if together is not None:
                return together
        return [
            None if one is None else find_in_stream(case.engine, case.asked, one)
            for one in self._stored
        ]

    def _find_together(self, case: StreamCase) -> list[frozenset[int] | None] | None:
        """Return the same of streams that are run together, one after the other in time.

        None where a claim is broken, which may come of their being together, or where they do not
        fit into one time.
        """
        out: list[frozenset[int] | None] = [None] * len(self._stored)
        gap = case.meaning.linked.correlation.timespan * APART
        for chunk in _chunks(self._stored):
            try:
                joined = case.store.join([stored for _, stored in chunk], gap)
            except (OverflowError, ValueError):
                return None
            found, first = find_in_stream(case.engine, case.asked, joined), 0
            for at, stored in chunk:
                places = range(first, first + len(stored.times))
                out[at] = own = frozenset(place - first for place in found if place in places)
                first = places.stop
                if any(self._suspects(self.trial.streams[at], self.trial.meant[at], own)):
                    return None
        return out

    def _suspects(
        self, stream: Stream, meant: frozenset[int], found: frozenset[int]
    ) -> Iterator[Suspect]:
        """Yield a stream with each direction in which it breaks the claim."""
        for kind, events in (("missed", meant - found), ("extra", found - meant)):
            is_meant = kind == "missed"
            if events and breaks(str(self.result.fidelity), meant=is_meant, found=not is_meant):
                yield Suspect(stream, kind)

    def _verdict(self, status: Status, **known: Any) -> Verdict:
        return Verdict(
            self.result.info,
            self.target.name,
            status,
            str(self.result.fidelity),
            untold=self.trial.untold,
            **known,
        )


def _chunks(streams: Sequence[Stored | None]) -> Iterator[list[tuple[int, Stored]]]:
    """Yield streams with their positions, in lists of some hundred events."""
    chunk: list[tuple[int, Stored]] = []
    for at, stored in enumerate(streams):
        if stored is None:
            continue
        if chunk and sum(len(one.times) for _, one in chunk) + len(stored.times) > TOGETHER:
            yield chunk
            chunk = []
        chunk.append((at, stored))
    if chunk:
        yield chunk


def _not_modelled(ground: Ground, category: str) -> str:
    return f"what {ground.schema} stores of events of {category or 'any kind'} is not modelled"


def _tally(stream: Stream, meant: frozenset[int], found: frozenset[int]) -> Tally:
    return Tally(len(stream.events), len(meant), len(meant - found), len(found - meant))
