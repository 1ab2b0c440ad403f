"""Bind a correlation to the columns of a target, and say how faithful the whole can be.

A query that finds more (or fewer) events than a rule measures more (or less) than the rule means.
That keeps a direction only where the measure never falls when events are added, and the condition
asks for at least some number. All else needs rules that are exact.

A language whose windows do not slide sees some of the windows, or parts of them. Under the same two
conditions whatever it finds is found by the window that slides too, so its query is narrower; then
no rule may be broader, for the two together would bound nothing.

The events at which a correlation comes true are more (or fewer) where it keeps a direction, so all
this holds for one over others, if each on the way from a rule to the top does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sigmaglot import ir
from sigmaglot.correlation import TEMPORAL, Correlation, Test, Type
from sigmaglot.errors import RuleError
from sigmaglot.frontend import Rule
from sigmaglot.language import Aggregation, Branch, Keys, Language
from sigmaglot.linking import Linked
from sigmaglot.members import Member, Members, gather
from sigmaglot.passes.legalise import Choice, Fidelity, Policy
from sigmaglot.pipelines import Recording

MONOTONE = TEMPORAL | {Type.EVENT_COUNT, Type.VALUE_COUNT}
"""Types whose measure never falls when events are added."""
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
    _check_language(linked, language)
    notes = _lower(linked, language, policy)
    members = gather(linked, iter(rules))
    _check_together(members, language)
    sides = (Policy.NARROWER,) if notes else _sides(members, policy)
    if over := _overcounted(members, language, policy):
        notes, sides = (over,), (Policy.BROADER,)
    why = ""
    for side in sides:
        choices = [legal(one.condition, one.recording, _asked(one, side)) for one in members.rules]
        lacking = _first_lacking(members, choices)
        if lacking is None:
            bound = _bound(members.aggregation(iter(choices)), choices)
            if cannot := language.cannot_aggregate(bound.aggregation):
                raise _refuse(linked, language, cannot)
            return _claimed(bound, language, sides, notes)
        why = why or _NO_RULE[_asked(lacking, side)]
    raise _refuse(linked, language, why)


def _asked(member: Member, side: Policy) -> Policy:
    """Return what is asked of a rule's query, if a side is taken where one can be."""
    return side if _all_rise(member.above) else Policy.EXACT


def _first_lacking(members: Members, choices: Sequence[Choice]) -> Member | None:
    """Return the first rule that has no query."""
    pairs = zip(members.rules, choices, strict=True)
    return next((one for one, found in pairs if found.fidelity is Fidelity.UNSUPPORTED), None)


_NO_RULE = {
    Policy.EXACT: "a rule of it has no exact query, and its condition keeps no direction",
    Policy.NARROWER: "a rule of it has no query that is exact or narrower",
    Policy.BROADER: "a rule of it has no query",
}


def _claimed(
    bound: Bound, language: Language, sides: tuple[Policy, ...], notes: tuple[ir.Note, ...]
) -> Bound:
    """Return what is bound with what the language adds to its claim and its notes."""
    if language.describes_aggregates:
        return replace(bound, notes=(_DESCRIBED, *bound.notes))
    if notes:
        return replace(bound, fidelity=Fidelity(sides[0]), notes=(*notes, *bound.notes))
    return bound


def _check_language(linked: Linked, language: Language) -> None:
    """Check that a language has a form for a correlation and each that it is over.

    Raises:
        RuleError: It has none.
    """
    inner = [part for part in linked.parts if isinstance(part, Linked)]
    if inner and not (language.nests_aggregates or language.describes_aggregates):
        why = "it is over another correlation, whose query gives windows, not events to correlate"
        raise _refuse(linked, language, why)
    for part in inner:
        _check_language(part, language)
    if language.describes_aggregates:
        return
    kind = linked.correlation.type
    if kind not in language.aggregates and kind not in language.lower_aggregates:
        raise _refuse(linked, language, _gap(kind, language))
    tests = linked.correlation.condition.tests
    all_of_them = ((Test.GTE, len(linked.correlation.rules)),)
    if kind is Type.TEMPORAL_ORDERED and tests != all_of_them:
        raise _refuse(linked, language, "only the order of all its rules can be asked for")


def _check_together(members: Members, language: Language) -> None:
    """Check that a language which measures one search is given one.

    Raises:
        RuleError: The rules are not recorded alike.
    """
    correlation = members.linked.correlation
    if not language.lower_aggregates or correlation.type in TEMPORAL or len(members.parts) == 1:
        return
    why = "its rules are of several log sources or group by different fields"
    raise _refuse(members.linked, language, why)


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
    _check_policy(linked, language, policy, Policy.NARROWER, missed)
    return (ir.Note("SG308", f"not all of the {correlation.type} correlation: {missed}"),)


def _check_policy(
    linked: Linked, language: Language, policy: Policy, side: Policy, because: str
) -> None:
    """Check that a policy takes the one side on which a query can be.

    Raises:
        RuleError: It does not.
    """
    if policy not in {Policy.CLOSEST, side}:
        why = f"its query is {side}, which `--fidelity {policy}` does not take: {because}"
        raise _refuse(linked, language, why, "SG202")


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


def _overcounted(members: Members, language: Language, policy: Policy) -> ir.Note | None:
    """Return what is said where an event is counted once for each rule that it matches.

    Raises:
        RuleError: The condition keeps no direction then, or the policy takes no broader query.
    """
    if language.describes_aggregates:
        return None
    linked = next((one.linked for one in members.nested if one.overcounts), None)
    if linked is None:
        return None
    if linked.correlation.type is not Type.EVENT_COUNT or not _all_rise(
        one.linked for one in members.nested
    ):
        raise _refuse(linked, language, _REPEATED)
    _check_policy(linked, language, policy, Policy.BROADER, _REPEATED)
    return ir.Note("SG309", f"more than the {linked.correlation.type} correlation: {_REPEATED}")


_REPEATED = "an event that several of its rules match is counted once for each"


def _sides(members: Members, policy: Policy) -> tuple[Policy, ...]:
    """Return the sides that may be taken of a rule that keeps one, the preferred one first."""
    if not any(_all_rise(one.above) for one in members.rules):
        return (Policy.EXACT,)
    return (Policy.BROADER, Policy.NARROWER) if policy is Policy.CLOSEST else (policy,)


def _all_rise(above: Iterable[Linked]) -> bool:
    """Return whether more events of a rule never make one of the correlations above it false."""
    return all(_keeps_direction(one.correlation) for one in above)


def _keeps_direction(correlation: Correlation) -> bool:
    """Return whether more events never make the condition false."""
    rises = all(test in {Test.GT, Test.GTE} for test, _ in correlation.condition.tests)
    return correlation.type in MONOTONE and rises


def _bound(aggregation: Aggregation, choices: Sequence[Choice]) -> Bound:
    fidelities = {choice.fidelity for choice in choices} - {Fidelity.EXACT}
    notes = dict.fromkeys(note for choice in choices for note in choice.notes)
    return Bound(aggregation, next(iter(fidelities), Fidelity.EXACT), tuple(notes))


def describe(linked: Linked, bound: Bound, queries: Sequence[str]) -> dict[str, object]:
    """Return a correlation as a record, for formats that publish thresholds and sequences."""
    return {**_described(linked, bound.aggregation), "queries": list(queries)}


def _described(linked: Linked, found: Aggregation) -> dict[str, object]:
    correlation = linked.correlation
    return {
        "type": str(correlation.type),
        "rules": list(correlation.rules),
        "timespan_seconds": correlation.timespan,
        "condition": {str(test): number for test, number in found.tests},
        "percentile": found.percentile,
        "branches": list(_parts(linked, found)),
    }


def _parts(linked: Linked, found: Aggregation) -> Iterator[dict[str, object]]:
    inner = (part for part in linked.parts if isinstance(part, Linked))
    for part in found.parts:
        if isinstance(part, Branch):
            first, *above = map(_columns, part.keys)
            yield {**first, "above": above} if above else first
        else:
            yield {"correlation": _described(next(inner), part)}


def _columns(keys: Keys) -> dict[str, object]:
    return {
        "group_by": [column.name for column in keys.groups],
        "values": [column.name for column in keys.values],
    }
