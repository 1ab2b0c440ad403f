"""Run the queries of rules in engines, and hold them against the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sigmaglot.compiler import Result, check_unique, compile_rule, read_parts, read_rule
from sigmaglot.errors import Diagnostic, RuleError, Severity
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.events import Recorded
from sigmaglot.explain import leaf_label
from sigmaglot.frontend import Rule
from sigmaglot.linking import key_of
from sigmaglot.logsource import logsource_test
from sigmaglot.related import Related, relate
from sigmaglot.rule import LogSource, RuleInfo
from sigmaglot.scan import Documents
from sigmaglot.source import Document
from sigmaglot.targets import Target
from sigmaglot.verify.claims import breaks, finds_nothing, has_keywords
from sigmaglot.verify.correlations import verify_correlation
from sigmaglot.verify.counterexample import Case, Suspect, smallest
from sigmaglot.verify.engines.model import (
    Binder,
    CannotRunError,
    Dataset,
    Engine,
    Record,
    RefusedError,
)
from sigmaglot.verify.engines.registry import binder_of, engines_of, make_engine
from sigmaglot.verify.names import category_of, info_of, problems_of
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.projection.common import Project
from sigmaglot.verify.request import Request
from sigmaglot.verify.targets import Ground, ground_of
from sigmaglot.verify.verdict import UNSTATED, Status, Tally, Verdict
from sigmaglot.verify.witnesses import Witness, make_witnesses
from sigmaglot.verify.witnesses.events import is_known
from sigmaglot.verify.witnesses.neighbours import stranger_of


@dataclass(frozen=True, slots=True)
class Trial:
    """Events that one rule is held against, with what the rule means of each."""

    witnesses: tuple[Witness, ...]
    meant: tuple[bool, ...]


class Verifier:
    """Verifies rules one after the other; recorded events are stored once for all of them."""

    def __init__(
        self,
        request: Request,
        recorded: Sequence[Recorded] = (),
        pipelines: Sequence[Any] = (),
        related: Related | None = None,
    ) -> None:
        self._request = request
        self._pipelines = pipelines
        self._related = related
        self._recorded = [(one, Event(one.values)) for one in recorded]
        self._scopes: dict[LogSource, list[tuple[Witness, Event]]] = {}
        self._stored: dict[tuple[str, str, LogSource], tuple[Dataset, list[Record]]] = {}
        self._seen: dict[str, str] = {}

    def verify(self, documents: Iterable[Document | Diagnostic]) -> Iterator[Verdict]:
        """Yield the verdicts of documents in order: one an engine and target of each rule.

        What the documents do to each other is found here where it was not given.
        """
        if self._related is None:
            documents = list(documents)
        related = self._related or relate(Documents(list(documents)))
        for document in documents:
            yield from self._document(document, related)

    def _document(self, document: Document | Diagnostic, related: Related) -> Iterator[Verdict]:
        if isinstance(document, Diagnostic):
            yield from _bad(document)
        elif document.kind == "filter":
            yield from _bad(*related.find(document))
        elif document.kind == "correlation":
            yield from self._correlation(document, related)
        else:
            found = read_rule(document, self._pipelines, self._seen, related.filters)
            if not isinstance(found, Rule):
                yield from _bad(found)
            elif key_of(document) not in related.hidden:
                yield from self._rule(found)

    def _correlation(self, document: Document, related: Related) -> Iterator[Verdict]:
        linked = related.correlation(document)
        if isinstance(linked, Diagnostic):
            yield from _bad(linked)
            return
        try:
            check_unique(document, linked.info, self._seen)
        except RuleError as error:
            yield from _bad(error.diagnostic)
            return
        if key_of(document) not in related.hidden:
            rules = read_parts(linked, self._pipelines, related.filters)
            yield from verify_correlation(linked, rules, self._request, self._recorded)

    def _rule(self, rule: Rule) -> Iterator[Verdict]:
        category = category_of(rule.info.logsource)
        made, untold = self._make(rule, category)
        for target in self._request.targets:
            result = compile_rule(
                rule, rule.condition, target, self._request.options, self._pipelines
            )
            if not result.ok:
                yield Verdict(
                    rule.info, target.name, Status.UNSUPPORTED, diagnostics=result.diagnostics
                )
                continue
            yield from self._target(_Task(rule, target, result, made, untold))

    def _make(self, rule: Rule, category: str) -> tuple[Trial, tuple[str, ...]]:
        """Return the rule's witnesses, and the labels of leaves that have none."""
        means = compile_predicate(rule.condition)
        if self._request.given is not None:
            witnesses: tuple[Witness, ...] = tuple(
                Witness("the given event", values, category=stranger_of(values, category))
                for values in self._request.given
            )
            untold: tuple[str, ...] = ()
        elif is_known(category):
            found = make_witnesses(rule.condition, category, self._request.seed)
            witnesses = found.events
            untold = tuple(dict.fromkeys(leaf_label(leaf) for leaf in found.untold))
        else:
            witnesses, untold = (), ()
        meant = tuple(not one.category and means(Event(one.values)) for one in witnesses)
        return Trial(witnesses, meant), untold

    def _target(self, task: _Task) -> Iterator[Verdict]:
        ground = ground_of(task.target)
        projection = PROJECTIONS.get(ground.schema) if ground else None
        category = category_of(task.rule.info.logsource)
        project = projection.of(category) if projection else None
        if ground is None or project is None:
            why = "no engine runs this language" if ground is None else _not_projected(task, ground)
            yield task.verdict(Status.NOT_RUN, reason=why)
            return
        engines = engines_of(ground.language, self._request.engines, ground.schema)
        binder = binder_of(ground.language, self._request.engines, ground.schema)
        binds = None
        if binder is not None and not isinstance(binder, str):
            problems = problems_of(binder, task.result.queries)
            binds = not problems
            if problems or not engines:
                yield _bound(task, binder, problems)
        for engine in engines:
            yield self._run_safely(task, engine, ground, project, binds)

    def _run_safely(
        self, task: _Task, engine: Engine, ground: Ground, project: Project, binds: bool | None
    ) -> Verdict:
        """Return what an engine says; one that raises loses this verdict, not the run."""
        try:
            return self._run(task, engine, ground, project, binds)
        except Exception as error:  # noqa: BLE001 - an engine's surprise is one rule's
            why = f"internal error of {engine.name}: {type(error).__name__}: {error}"
            return task.verdict(Status.FAILED, engine=info_of(engine), reason=why)

    def _run(
        self, task: _Task, engine: Engine, ground: Ground, project: Project, binds: bool | None
    ) -> Verdict:
        records = task.records(ground.schema)
        scope = self._scope(task.rule.info.logsource)
        known = {"engine": info_of(engine), "binds": binds}
        try:
            found = find_all(engine.load(records), task.result.queries)
            stored, found_stored = self._find_recorded(task, engine, ground, project)
        except CannotRunError as error:
            return task.verdict(Status.NOT_RUN, reason=str(error), **known)
        except RefusedError as error:
            return task.verdict(Status.REFUSED, reason=str(error), **known)
        means = compile_predicate(task.rule.condition)
        meant = [means(event) for _, event in scope]
        suspects = [
            *task.suspects(task.made.witnesses, task.made.meant, found, records),
            *task.suspects([one for one, _ in scope], meant, found_stored, stored),
        ]
        case = Case(task.rule, task.target, task.result, engine, project, self._request.options)
        made = tally(task.made.meant, found, records)
        recorded = tally(meant, found_stored, stored)
        untellable = has_keywords(task.rule.condition)
        nothing = "" if untellable else finds_nothing(task.claim, made, recorded)
        return task.verdict(
            Status.BROKEN if suspects else Status.KEPT,
            made=made,
            recorded=recorded,
            counterexample=smallest(case, suspects) if suspects else None,
            reason="" if suspects else nothing,
            **known,
        )

    def _scope(self, source: LogSource) -> list[tuple[Witness, Event]]:
        """Return the recorded events of a log source; all where nothing tells."""
        if source not in self._scopes:
            test = logsource_test(source) or (lambda _: True)
            self._scopes[source] = [
                (Witness(f"the recorded event `{one.id}`", one.values), event)
                for one, event in self._recorded
                if test(event)
            ]
        return self._scopes[source]

    def _find_recorded(
        self, task: _Task, engine: Engine, ground: Ground, project: Project
    ) -> tuple[Sequence[Record], frozenset[int]]:
        """Return the stored recorded events, and which of them the queries find."""
        source = task.rule.info.logsource
        scope = self._scope(source)
        if not scope:
            return (), frozenset()
        key = (engine.name, ground.schema, source)
        if key not in self._stored:
            records: list[Record] = [project(one.values) for one, _ in scope]
            self._stored[key] = make_engine(engine.name, ground.schema).load(records), records
        dataset, records = self._stored[key]
        return records, find_all(dataset, task.result.queries)


def _bad(*found: Diagnostic) -> Iterator[Verdict]:
    """Yield a verdict of each document that cannot be read; a warning is none."""
    for one in found:
        if one.severity is Severity.ERROR:
            info = RuleInfo(one.path, one.rule_id)
            yield Verdict(info, "", Status.BAD_RULE, diagnostics=(one,))


def _not_projected(task: _Task, ground: Ground) -> str:
    source = task.rule.info.logsource
    return f"what {ground.schema} stores of events of ({source}) is not modelled"


def _bound(task: _Task, binder: Binder, problems: Sequence[str]) -> Verdict:
    return task.verdict(
        Status.REFUSED if problems else Status.KEPT,
        engine=info_of(binder),
        binds=not problems,
        reason="; ".join(problems),
    )


def find_all(dataset: Dataset, queries: Sequence[str]) -> frozenset[int]:
    """Return the records that some query of a rule finds.

    Raises:
        CannotRunError: The engine does not model a query.
        RefusedError: A query is not of the language.
    """
    return frozenset().union(*(dataset.find(query) for query in queries))


def tally(meant: Sequence[bool], found: frozenset[int], records: Sequence[Record]) -> Tally:
    """Count how a query's finds stand to what its rule means, over the events that are stored."""
    stored = [index for index, record in enumerate(records) if record]
    missed = sum(meant[index] and index not in found for index in stored)
    extra = sum(not meant[index] and index in found for index in stored)
    return Tally(len(stored), sum(meant[index] for index in stored), missed, extra)


class _Task:
    """One rule for one target."""

    def __init__(
        self, rule: Rule, target: Target, result: Result, made: Trial, untold: tuple[str, ...]
    ) -> None:
        self.rule = rule
        self.target = target
        self.result = result
        self.made = made
        self.untold = untold
        self._records: dict[str, list[Record]] = {}

    @property
    def claim(self) -> str:
        """Return the fidelity that is claimed."""
        return UNSTATED if self.target.is_pysigma else str(self.result.fidelity)

    def records(self, schema: str) -> list[Record]:
        """Return the witnesses as a schema stores them; nothing where it stores none."""
        if schema not in self._records:
            own = category_of(self.rule.info.logsource)
            projection = PROJECTIONS[schema]
            found = [(one, projection.of(one.category or own)) for one in self.made.witnesses]
            self._records[schema] = [
                project(one.values) if project else {} for one, project in found
            ]
        return self._records[schema]

    def suspects(
        self,
        witnesses: Sequence[Witness],
        meant: Sequence[bool],
        found: frozenset[int],
        records: Sequence[Record],
    ) -> Iterator[Suspect]:
        """Yield the events on which the claim is broken; one that is not stored is no fault."""
        for index, (witness, means) in enumerate(zip(witnesses, meant, strict=True)):
            if records[index] and breaks(self.claim, meant=means, found=index in found):
                yield Suspect(witness, records[index], means)

    def verdict(self, status: Status, **known: Any) -> Verdict:
        """Return a verdict about this rule and target."""
        return Verdict(
            self.rule.info, self.target.name, status, self.claim, untold=self.untold, **known
        )
