"""Bind a correlation to the columns of a target, and say how faithful the whole can be.

A query that finds more (or fewer) events than a rule measures more (or less) than the rule means.
That keeps a direction only where the measure never falls when events are added, and the condition
asks for at least some number. All else needs rules that are exact.

A language whose windows do not slide sees some of the windows, or parts of them. Under the same two
conditions whatever it finds is found by the window that slides too, so its query is narrower; then
no rule may be broader, for the two together would bound nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sigmaglot import ir
from sigmaglot.correlation import TEMPORAL, Correlation, Test, Type
from sigmaglot.errors import RuleError
from sigmaglot.frontend import Rule
from sigmaglot.language import Aggregation, Branch, Language
from sigmaglot.linking import Linked
from sigmaglot.passes.legalise import Choice, Fidelity, Policy
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import Recording, entry_of

MONOTONE = TEMPORAL | {Type.EVENT_COUNT, Type.VALUE_COUNT}
"""Types whose measure never falls when events are added."""
_IDENTITY = ("rename", "integer", "hex_integer", "path")
"""Rewrites under which two values of a field are the same where their columns are."""

_DESCRIBED = ir.Note(
    "SG307", "the queries find events of single rules; the record describes what correlates them"
)

Legal = Callable[[ir.Node, Recording, Policy], Choice]


@dataclass(frozen=True, slots=True)
class Bound:
    """A correlation over columns, with its claim."""

    aggregation: Aggregation
    fidelity: Fidelity
    notes: tuple[ir.Note, ...]


def bind_correlation(
    linked: Linked,
    rules: Sequence[tuple[Rule, Recording]],
    language: Language,
    policy: Policy,
    legal: Legal,
) -> Bound:
    """Return a correlation over the columns of a target.

    Raises:
        RuleError: The language cannot say it, or no direction can be kept.
    """
    correlation = linked.correlation
    _check_language(linked, language)
    lower = _lower(linked, language, policy)
    parts = [
        _Part(linked, name, rule.condition, recording)
        for name, (rule, recording) in zip(correlation.rules, rules, strict=True)
    ]
    if correlation.type not in TEMPORAL:
        parts = [_merge(linked, parts)]
    elif len({len(part.groups) for part in parts}) > 1:
        why = "what it groups by is one column in a rule and several in another"
        raise _refuse(linked, language, why)
    policies = (Policy.NARROWER,) if lower else _policies(correlation, policy)
    for one in policies:
        choices = [legal(part.condition, part.recording, one) for part in parts]
        if all(choice.fidelity is not Fidelity.UNSUPPORTED for choice in choices):
            bound = _bound(correlation, parts, choices)
            if why := language.cannot_aggregate(bound.aggregation):
                raise _refuse(linked, language, why)
            return _claimed(bound, language, lower)
    raise _refuse(linked, language, _NO_RULE[policies[0]])


_NO_RULE = {
    Policy.EXACT: "a rule of it has no exact query, and its condition keeps no direction",
    Policy.NARROWER: "a rule of it has no query that is exact or narrower",
    Policy.BROADER: "a rule of it has no query",
}


def _claimed(bound: Bound, language: Language, lower: tuple[ir.Note, ...]) -> Bound:
    """Return what is bound with what the language adds to its claim and its notes."""
    if language.describes_aggregates:
        return replace(bound, notes=(_DESCRIBED, *bound.notes))
    if lower:
        return replace(bound, fidelity=Fidelity.NARROWER, notes=(*lower, *bound.notes))
    return bound


def _check_language(linked: Linked, language: Language) -> None:
    kind = linked.correlation.type
    if any(isinstance(part, Linked) for part in linked.parts):
        raise _refuse(linked, language, "it is over another correlation")
    if language.describes_aggregates:
        return
    if kind not in language.aggregates and kind not in language.lower_aggregates:
        raise _refuse(linked, language, _gap(kind, language))
    tests = linked.correlation.condition.tests
    all_of_them = ((Test.GTE, len(linked.correlation.rules)),)
    if kind is Type.TEMPORAL_ORDERED and tests != all_of_them:
        raise _refuse(linked, language, "only the order of all its rules can be asked for")


def _gap(kind: Type, language: Language) -> str:
    """Return why a language has no form for a type."""
    if kind in language.aggregate_gaps:
        return language.aggregate_gaps[kind]
    if language.lower_aggregates and kind not in MONOTONE:
        return f"the windows of its queries do not slide, and a part of one bounds no {kind}"
    return "the language has no form for it"


def _lower(linked: Linked, language: Language, policy: Policy) -> tuple[ir.Note, ...]:
    """Return what a language that can only say a correlation from below misses of it.

    Raises:
        RuleError: The condition keeps no direction, or the policy takes no narrower query.
    """
    correlation = linked.correlation
    if language.describes_aggregates or correlation.type in language.aggregates:
        return ()
    if not _keeps_direction(correlation):
        why = "the windows of its queries do not slide, and only `gt` and `gte` are bounded then"
        raise _refuse(linked, language, why)
    missed = language.lower_aggregates[correlation.type]
    if policy not in {Policy.CLOSEST, Policy.NARROWER}:
        why = f"its query is narrower, which `--fidelity {policy}` does not take: {missed}"
        raise _refuse(linked, language, why, "SG202")
    return (ir.Note("SG308", f"not all of the {correlation.type} correlation: {missed}"),)


def _refuse(linked: Linked, language: Language, why: str, code: str = "SG307") -> RuleError:
    kind = linked.correlation.type
    return RuleError(
        linked.document.diagnose(
            code,
            f"unsupported: {language.title} cannot say the {kind} correlation: {why}",
            ("correlation", "type"),
            hint="`sigmaglot match` runs it; with `generate: true` its rules are compiled",
        )
    )


def _policies(correlation: Correlation, policy: Policy) -> tuple[Policy, ...]:
    """Return the sides that may be taken of every rule, the preferred one first."""
    if not _keeps_direction(correlation):
        return (Policy.EXACT,)
    return (Policy.BROADER, Policy.NARROWER) if policy is Policy.CLOSEST else (policy,)


def _keeps_direction(correlation: Correlation) -> bool:
    """Return whether more events never make the condition false."""
    rises = all(test in {Test.GT, Test.GTE} for test, _ in correlation.condition.tests)
    return correlation.type in MONOTONE and rises


class _Part:
    """One rule of a correlation with its columns."""

    def __init__(self, linked: Linked, name: str, condition: ir.Node, recording: Recording) -> None:
        self.condition = condition
        self.recording = recording
        self._linked = linked
        correlation = linked.correlation
        groups = [correlation.field_of(field, name) for field in correlation.group_by]
        values = [correlation.field_of(field, name) for field in correlation.condition.fields]
        self.groups = tuple(column for field in groups for column in self._columns(field))
        self.values = tuple(column for field in values for column in self._columns(field))

    def _columns(self, field: str) -> tuple[ir.Column, ...]:
        entry = entry_of(field, self.recording)
        if entry.rewrite in _IDENTITY and "column" in entry.columns:
            return (entry.column,)
        if entry.rewrite == "account":
            return (entry.columns["domain"], entry.columns["name"])
        raise RuleError(
            self._linked.document.diagnose(
                "SG204",
                f"unsupported: `{field}` has no column that can be grouped or measured"
                f"{f': {entry.reason}' if entry.reason else ''}",
                ("correlation",),
                hint="correlate over a field that `sigmaglot list fields` shows for the target",
            )
        )

    def branch(self, choice: Choice) -> Branch:
        """Return the part with the filter that was chosen."""
        return Branch(self.recording.source, choice.node, self.groups, self.values)


def _merge(linked: Linked, parts: Sequence[_Part]) -> _Part:
    """Return one part for the events of all rules, so that none is counted twice."""
    first, *others = parts
    same = (first.recording.source, first.groups, first.values)
    if any((one.recording.source, one.groups, one.values) != same for one in others):
        raise RuleError(
            linked.document.diagnose(
                "SG307",
                f"unsupported: a {linked.correlation.type} correlation over several log sources "
                "or different fields",
                ("correlation", "rules"),
                hint="correlate rules of one log source",
            )
        )
    first.condition = normalise(ir.any_of([part.condition for part in parts]))
    return first


def _bound(correlation: Correlation, parts: Sequence[_Part], choices: Sequence[Choice]) -> Bound:
    fidelities = {choice.fidelity for choice in choices} - {Fidelity.EXACT}
    condition = correlation.condition
    aggregation = Aggregation(
        correlation.type,
        correlation.timespan,
        condition.tests,
        tuple(part.branch(choice) for part, choice in zip(parts, choices, strict=True)),
        condition.percentile,
    )
    notes = dict.fromkeys(note for choice in choices for note in choice.notes)
    return Bound(aggregation, next(iter(fidelities), Fidelity.EXACT), tuple(notes))


def describe(linked: Linked, bound: Bound, queries: Sequence[str]) -> dict[str, object]:
    """Return a correlation as a record, for formats that publish thresholds and sequences."""
    correlation = linked.correlation
    found = bound.aggregation
    return {
        "type": str(correlation.type),
        "rules": list(correlation.rules),
        "timespan_seconds": correlation.timespan,
        "condition": {str(test): number for test, number in found.tests},
        "percentile": found.percentile,
        "branches": [
            {
                "group_by": [column.name for column in branch.groups],
                "values": [column.name for column in branch.values],
            }
            for branch in found.branches
        ],
        "queries": list(queries),
    }
