"""What a rule set covers: each rule on each target, why not better, and what that rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sigmaglot import ir
from sigmaglot.compiler import (
    Options,
    Result,
    compile_correlation,
    compile_rule,
    read_parts,
    read_rule,
)
from sigmaglot.errors import Diagnostic, Severity
from sigmaglot.frontend import Rule
from sigmaglot.linking import Linked, key_of
from sigmaglot.passes.legalise import Fidelity
from sigmaglot.related import Related, relate
from sigmaglot.rule import RuleInfo
from sigmaglot.scan import Documents
from sigmaglot.source import Document
from sigmaglot.targets import Target

NOT_RECORDED = "SG201"
"""The code of a rule whose events a target does not record."""
UNSTATED = "unstated"
NONE = "none"
ABSENT = "not recorded"
KINDS = ("exact", "broader", "narrower", UNSTATED, NONE, ABSENT)
"""What becomes of a rule on a target, the best first."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a query is not exact, or why there is none: a code and a message without the value."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One rule on one target: its kind (one of ``KINDS``), and why it is not exact."""

    kind: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: what is known of it, the fields that it asks for, and its cell of each target."""

    info: RuleInfo
    fields: tuple[str, ...]
    cells: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a rule set covers on some targets, and the files that hold no rule."""

    targets: tuple[str, ...]
    rows: tuple[Row, ...]
    failures: tuple[Diagnostic, ...]

    def kinds(self, target: str) -> Counter[str]:
        """Return how many rules are of each kind on a target."""
        return Counter(row.cells[target].kind for row in self.rows)

    def compiled(self, target: str) -> tuple[int, int]:
        """Return how many rules have a query, and how many ask for events that are recorded."""
        kinds = self.kinds(target)
        recorded = len(self.rows) - kinds[ABSENT]
        return recorded - kinds[NONE], recorded

    def reasons(self, target: str) -> list[tuple[Reason, int, int]]:
        """Return reasons with how many rules each alone keeps from exact, and how many it touches.

        Those that would free the most rules come first.
        """
        alone, touched = Counter[Reason](), Counter[Reason]()
        for row in self.rows:
            found = row.cells[target].reasons
            touched.update(set(found))
            if len(set(found)) == 1:
                alone[found[0]] += 1
        order = sorted(touched, key=lambda one: (-alone[one], -touched[one], one.code, one.message))
        return [(one, alone[one], touched[one]) for one in order]

    def unmapped(self, target: str) -> list[tuple[str, int]]:
        """Return the log sources that a target does not record, with their rules, most first."""
        found = Counter(
            str(row.info.logsource) for row in self.rows if row.cells[target].kind == ABSENT
        )
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def fields(self) -> list[tuple[str, int, tuple[str, ...]]]:
        """Return fields by use: name, rules, and the targets where some rule's has no column."""
        used, lacking = Counter[str](), dict[str, set[str]]()
        for row in self.rows:
            used.update(set(row.fields))
            for target, cell in row.cells.items():
                for reason in cell.reasons:
                    if reason.code == "SG204":
                        lacking.setdefault(_field_of(reason), set()).add(target)
        order = sorted(used, key=lambda name: (-used[name], name))
        return [
            (name, used[name], tuple(one for one in self.targets if one in lacking.get(name, ())))
            for name in order
        ]

    def techniques(self, target: str) -> dict[str, Counter[str]]:
        """Return how many rules of each kind a target has for each ATT&CK technique."""
        found: dict[str, Counter[str]] = {}
        for row in self.rows:
            for technique in row.info.techniques:
                found.setdefault(technique, Counter())[row.cells[target].kind] += 1
        return dict(sorted(found.items()))


def _field_of(reason: Reason) -> str:
    """Return the field that a note about a missing column begins with."""
    return reason.message.split("`")[1] if reason.message.startswith("`") else ""


def cover(
    documents: Iterable[Document | Diagnostic],
    targets: Sequence[Target],
    options: Options,
    pipelines: Sequence[Any] = (),
    related: Related | None = None,
) -> Coverage:
    """Return what the rules and correlations of documents cover; each is read once.

    Filters apply, and rules that are compiled as a part of a correlation alone have no row of their
    own. ``related`` is what the documents do to each other, found here where it is not given.
    """
    if related is None:
        documents = list(documents)
        related = relate(Documents(documents))
    seen: dict[str, str] = {}
    rows: list[Row] = []
    failures = [one for one in related.extra if one.severity is Severity.ERROR]
    for document in documents:
        for found in _found(document, targets, options, pipelines, related, seen):
            if isinstance(found, Row):
                rows.append(found)
            elif found.severity is Severity.ERROR:
                failures.append(found)
    return Coverage(tuple(one.name for one in targets), tuple(rows), tuple(failures))


def _found(
    document: Document | Diagnostic,
    targets: Sequence[Target],
    options: Options,
    pipelines: Sequence[Any],
    related: Related,
    seen: dict[str, str],
) -> Iterator[Row | Diagnostic]:
    """Yield the row of a document, or what is wrong with it."""
    if isinstance(document, Diagnostic):
        yield document
    elif document.kind == "filter":
        yield from related.find(document)
    elif document.kind == "correlation":
        linked = related.correlation(document)
        if isinstance(linked, Diagnostic):
            yield linked
        elif key_of(document) not in related.hidden:
            rules = read_parts(linked, pipelines, related.filters)
            yield _correlated(linked, rules, targets, options)
    else:
        rule = read_rule(document, pipelines, seen, related.filters)
        if isinstance(rule, Diagnostic):
            yield rule
        elif key_of(document) not in related.hidden:
            yield _row(rule, targets, options, pipelines)


def _correlated(
    linked: Linked, rules: Sequence[Rule | Diagnostic], targets: Sequence[Target], options: Options
) -> Row:
    cells = {
        target.name: cell_of(compile_correlation(linked, rules, target, options))
        for target in targets
    }
    known = (rule for rule in rules if isinstance(rule, Rule))
    names = (name for rule in known for name in _fields_of(rule))
    return Row(linked.info, tuple(dict.fromkeys(names)), cells)


def _fields_of(rule: Rule) -> Iterator[str]:
    names = (ir.field_name(leaf) for leaf in ir.leaves(rule.condition))
    return (name for name in names if name)


def _row(rule: Rule, targets: Sequence[Target], options: Options, pipelines: Sequence[Any]) -> Row:
    cells = {
        target.name: cell_of(compile_rule(rule, rule.condition, target, options, pipelines))
        for target in targets
    }
    return Row(rule.info, tuple(dict.fromkeys(_fields_of(rule))), cells)


def cell_of(result: Result) -> Cell:
    """Return the cell of a result."""
    reasons = tuple(dict.fromkeys(_reasons(result)))
    if result.ok:
        stated = result.fidelity is not Fidelity.UNSUPPORTED
        return Cell(str(result.fidelity) if stated else UNSTATED, reasons)
    codes = {one.code for one in result.diagnostics}
    return Cell(ABSENT if NOT_RECORDED in codes else NONE, reasons)


def _reasons(result: Result) -> Iterator[Reason]:
    for note in result.notes:
        yield Reason(note.code, note.message)
    for diagnostic in result.diagnostics:
        yield Reason(diagnostic.code, _without_value(diagnostic.message))


def _without_value(message: str) -> str:
    """Return the message of a missing query without the values of the rule."""
    return message.partition(" (value `")[0].removeprefix("unsupported: ")
