"""The rules of a correlation, and of those that it is over, with the columns that it looks at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from sigmaglot import ir
from sigmaglot.correlation import TEMPORAL, Type
from sigmaglot.errors import RuleError
from sigmaglot.frontend import Rule
from sigmaglot.language import Aggregation, Branch, Keys, Source
from sigmaglot.linking import Linked
from sigmaglot.passes.exclude import exclude
from sigmaglot.passes.legalise import Choice
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import Recording, entry_of

_IDENTITY = ("rename", "integer", "hex_integer", "path")
"""Rewrites under which two values of a field are the same where their columns are."""


@dataclass(frozen=True, slots=True)
class Member:
    """A rule, or several whose events are kept together, as a part of a correlation.

    Attributes:
        condition: Its normalised tree.
        recording: How its log source is recorded.
        above: The correlations that it is a part of, the nearest first.
        keys: The columns that each of them looks at.
    """

    condition: ir.Node
    recording: Recording
    above: tuple[Linked, ...]
    keys: tuple[Keys, ...]

    def branch(self, choice: Choice) -> Branch:
        """Return the member with the filter that was chosen."""
        first, *others = self.keys
        return Branch(self.recording.source, choice.node, first.groups, first.values, tuple(others))


@dataclass(frozen=True, slots=True)
class Members:
    """A correlation with its parts."""

    linked: Linked
    parts: tuple[Member | Members, ...]

    @property
    def rules(self) -> Iterator[Member]:
        """Yield the rules, those of its correlations in their places."""
        for part in self.parts:
            if isinstance(part, Members):
                yield from part.rules
            else:
                yield part

    @property
    def nested(self) -> Iterator[Members]:
        """Yield the correlations below it and itself, each behind those that it is over."""
        for part in self.parts:
            if isinstance(part, Members):
                yield from part.nested
        yield self

    @property
    def repeats(self) -> bool:
        """Return whether an event can be there for several parts, or several times in one."""
        if any(isinstance(part, Members) and part.repeats for part in self.parts):
            return True
        pairs = combinations([list(_rules_of(part)) for part in self.parts], 2)
        return any(
            not _are_apart(one, other)
            for before, after in pairs
            for one, other in product(before, after)
        )

    @property
    def overcounts(self) -> bool:
        """Return whether its measure counts an event as often as it is there."""
        kind = self.linked.correlation.type
        return kind not in TEMPORAL | {Type.VALUE_COUNT} and self.repeats

    def aggregation(self, choices: Iterator[Choice]) -> Aggregation:
        """Return the correlation over columns; ``choices`` are those of its rules, in order."""
        correlation = self.linked.correlation
        return Aggregation(
            correlation.type,
            correlation.timespan,
            correlation.condition.tests,
            tuple(
                part.aggregation(choices)
                if isinstance(part, Members)
                else part.branch(next(choices))
                for part in self.parts
            ),
            correlation.condition.percentile,
        )


def gather(linked: Linked, rules: Iterator[tuple[Rule, Recording]]) -> Members:
    """Return a correlation with its rules, which come in the order of ``linking.bases``.

    Raises:
        RuleError: A field has no column that can be grouped or measured, or is one column in a rule
            and several in another.
    """
    return _gather(linked, rules, ())


_Above = tuple[tuple[Linked, str], ...]
"""Correlations, the nearest first, with the reference by which each has what is below it."""


def _gather(linked: Linked, rules: Iterator[tuple[Rule, Recording]], above: _Above) -> Members:
    parts: list[Member | Members] = []
    for part, name in zip(linked.parts, linked.correlation.rules, strict=True):
        here = ((linked, name), *above)
        if isinstance(part, Linked):
            parts.append(_gather(part, rules, here))
        else:
            parts.append(_member(*next(rules), here))
    if linked.correlation.type not in TEMPORAL:
        parts = _together(parts)
    found = Members(linked, tuple(parts))
    _check_alike(found, len(above))
    return found


def _check_alike(found: Members, depth: int) -> None:
    """Check that what a correlation groups by has the same number of columns in all rules."""
    keys = (one.keys[len(one.keys) - 1 - depth] for one in found.rules)
    if len({len(one.groups) for one in keys}) > 1:
        raise RuleError(
            found.linked.document.diagnose(
                "SG307",
                "unsupported: what it groups by is one column in a rule and several in another",
                ("correlation", "group-by"),
                hint="group by a field that is stored alike for all rules",
            )
        )


def _member(rule: Rule, recording: Recording, above: _Above) -> Member:
    keys = []
    for linked, name in above:
        correlation = linked.correlation
        groups = [correlation.field_of(field, name) for field in correlation.group_by]
        values = [correlation.field_of(field, name) for field in correlation.condition.fields]
        keys.append(Keys(_columns(linked, groups, recording), _columns(linked, values, recording)))
    correlations = tuple(linked for linked, _ in above)
    return Member(rule.condition, recording, correlations, tuple(keys))


def _columns(linked: Linked, fields: Sequence[str], recording: Recording) -> tuple[ir.Column, ...]:
    return tuple(column for field in fields for column in _of_field(linked, field, recording))


def _of_field(linked: Linked, field: str, recording: Recording) -> tuple[ir.Column, ...]:
    entry = entry_of(field, recording)
    if entry.rewrite in _IDENTITY and "column" in entry.columns:
        return (entry.column,)
    if entry.rewrite == "account":
        return (entry.columns["domain"], entry.columns["name"])
    raise RuleError(
        linked.document.diagnose(
            "SG204",
            f"unsupported: `{field}` has no column that can be grouped or measured"
            f"{f': {entry.reason}' if entry.reason else ''}",
            ("correlation",),
            hint="correlate over a field that `sigmaglot list fields` shows for the target",
        )
    )


def _together(parts: Sequence[Member | Members]) -> list[Member | Members]:
    """Return parts with one for all rules that are recorded alike, so that none counts twice."""
    rules = [part for part in parts if isinstance(part, Member)]
    found: list[Member | Members] = []
    for part in parts:
        if isinstance(part, Members):
            found.append(part)
            continue
        alike = [one for one in rules if _kept(one) == _kept(part)]
        if alike[0] is part:
            either = normalise(ir.any_of([one.condition for one in alike]))
            found.append(replace(part, condition=either))
    return found


def _kept(member: Member) -> tuple[Source, tuple[Keys, ...]]:
    return member.recording.source, member.keys


def _rules_of(part: Member | Members) -> Iterator[Member]:
    return part.rules if isinstance(part, Members) else iter([part])


def _are_apart(one: Member, other: Member) -> bool:
    """Return whether no event can be there for both rules."""
    mine, its = one.recording.source, other.recording.source
    return _share_nothing(mine, its) or exclude(one.condition, other.condition)


def _share_nothing(one: Source, other: Source) -> bool:
    """Return whether no event can be of both sources."""
    if one.table != other.table:
        return True
    return any(
        mine.column == its.column
        and not any("*" in value for value in (*mine.values, *its.values))
        and not {*map(str.lower, mine.values)} & {*map(str.lower, its.values)}
        for mine in one.selectors
        for its in other.selectors
    )
