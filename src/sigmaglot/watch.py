"""Run a correlation over recorded events with the reference evaluator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sigmaglot.compiler import read_rule
from sigmaglot.errors import Diagnostic, Severity
from sigmaglot.evaluate import Event, Predicate, compile_predicate, time_of
from sigmaglot.evaluate_correlation import Happening, find
from sigmaglot.events import Recorded
from sigmaglot.filters import Filter
from sigmaglot.linking import Key, Linked, bases, key_of
from sigmaglot.logsource import Test, logsource_test
from sigmaglot.rule import RuleInfo

TIMES = ("UtcTime", "SystemTime", "TimeCreated", "@timestamp", "Timestamp", "_time")
"""Fields that hold an event's time; the first that can be read counts."""


def time_of_event(values: Mapping[str, Any]) -> float | None:
    """Return an event's time in seconds since 1970, None where no field says it.

    A time without a zone is taken as UTC, which Sysmon and Windows record.
    """
    for name in TIMES:
        found = values.get(name)
        moment = time_of(found) if isinstance(found, str) else None
        if moment is not None:
            known = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
            return known.timestamp()
    return None


def find_linked(linked: Linked, seen: Iterator[list[Happening]]) -> list[Happening]:
    """Return the events at which a correlation comes true, in order of time.

    ``seen`` are the events that its rules matched, rule by rule in the order of ``linking.bases``.
    """
    parts = {
        name: find_linked(part, seen) if isinstance(part, Linked) else next(seen)
        for name, part in zip(linked.correlation.rules, linked.parts, strict=True)
    }
    return find(linked.correlation, parts)


class Watch:
    """One correlation, ready to be shown events; they may come in any order.

    Attributes:
        info: The correlation's metadata.
    """

    def __init__(self, linked: Linked, rules: Mapping[Key, tuple[Test | None, Predicate]]) -> None:
        self.info: RuleInfo = linked.info
        self._linked = linked
        self._given = rules
        self._rules = [(key, test, predicate) for key, (test, predicate) in rules.items()]
        self._seen: dict[Key, list[Happening]] = {key: [] for key in rules}
        self._names: dict[int, Recorded] = {}
        self._timeless: Recorded | None = None

    def anew(self) -> Watch:
        """Return the same correlation with nothing seen."""
        return Watch(self._linked, self._given)

    def see(self, recorded: Recorded, event: Event, *, assume: bool = False) -> None:
        """Take up an event; with ``assume`` it is of every log source."""
        number = len(self._names)
        for key, test, predicate in self._rules:
            if (assume or (test is not None and test(event))) and predicate(event):
                time = time_of_event(recorded.values)
                if time is None:
                    self._timeless = self._timeless or recorded
                    return
                self._names[number] = recorded
                self._seen[key].append(Happening(number, time, recorded.values))

    def found(self) -> list[Recorded]:
        """Return the events at which the correlation came true, in order of time."""
        seen = (self._seen[key_of(document)] for document in bases(self._linked))
        return [self._names[one.number] for one in find_linked(self._linked, seen)]

    @property
    def problem(self) -> Diagnostic | None:
        """Return a warning where an event had no time, so that it did not count."""
        if self._timeless is None:
            return None
        return Diagnostic(
            "SG504",
            f"an event of the correlation has no time: `{self._timeless.id}`",
            Severity.WARNING,
            hint=f"give it one of {', '.join(TIMES)}, as ISO 8601 has it",
            rule_id=self.info.id,
        ).at(self._timeless.path, self._timeless.line or None)


def read_watch(
    linked: Linked, pipelines: Sequence[Any], filters: Sequence[Filter]
) -> Watch | Diagnostic:
    """Return a correlation ready for events, or why a rule of it cannot be matched."""
    rules: dict[Key, tuple[Test | None, Predicate]] = {}
    for document in bases(linked):
        rule = read_rule(document, pipelines, {}, filters)
        if isinstance(rule, Diagnostic):
            return linked.document.diagnose(
                "SG143",
                f"the rule `{document.data.get('title', document.path)}` that it refers to is not "
                "valid",
                ("correlation", "rules"),
                hint="correct that rule",
            )
        test = logsource_test(rule.info.logsource)
        rules[key_of(document)] = (test, compile_predicate(rule.condition))
    return Watch(linked, rules)
