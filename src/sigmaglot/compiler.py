"""The whole library in one call: rules and targets in, a result for each pair out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sigmaglot import ir
from sigmaglot.aggregate import bind_correlation, describe
from sigmaglot.errors import Diagnostic, RuleError, Severity
from sigmaglot.filters import Filter, add_filters
from sigmaglot.frontend import Rule, parse
from sigmaglot.ir import Node, Note
from sigmaglot.language import GONE, Hunt, Language, Plan, TooManyQueriesError, approx, drop
from sigmaglot.linking import Linked, bases, key_of
from sigmaglot.passes.legalise import Choice, Fidelity, Policy, choose, legalise
from sigmaglot.passes.normalise import join_all, join_any, normalise
from sigmaglot.pipelines import (
    Pipeline,
    Recording,
    bind,
    entry_of,
    load_pipeline,
)
from sigmaglot.refusals import check_placeholders, find_recording, unsupported
from sigmaglot.related import Related, relate
from sigmaglot.rule import RuleInfo
from sigmaglot.scan import Documents
from sigmaglot.source import Document
from sigmaglot.targets import Target, load_language


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asks of every query.

    Attributes:
        policy: The fidelity that is accepted.
        hunt: Whether queries show their result for a person.
        last: The time span of hunting queries, such as ``7d``; empty for none.
    """

    policy: Policy = Policy.CLOSEST
    hunt: bool = False
    last: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one rule for one target.

    Attributes:
        info: The rule's metadata; its path alone where it could not be parsed.
        target: The target's name, empty where the rule could not be parsed.
        fidelity: The claim; UNSUPPORTED where there is no query.
        queries: Their texts; together they find what the claim says.
        notes: Each departure from the rule.
        assumes: What the claim rests on that no vendor document confirms.
        fields: The columns that the queries use, in order of the rule.
        diagnostics: Why there is no query, or what else the user must know.
        correlation: What a correlation measures over which columns, for what publishes it.
    """

    info: RuleInfo
    target: str
    fidelity: Fidelity = Fidelity.UNSUPPORTED
    queries: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    assumes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    correlation: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Return whether there is a query."""
        return bool(self.queries)

    @property
    def departure(self) -> Diagnostic | None:
        """Return in one line how the queries depart from the rule, None where they do not."""
        if not self.ok or not self.notes:
            return None
        first = self.notes[0]
        value = f" (value `{first.value}`)" if first.value else ""
        more = f"; and {len(self.notes) - 1} more" if len(self.notes) > 1 else ""
        message = f"{self.fidelity} for {self.target}: {first.message}{value}{more}"
        note = Diagnostic(first.code, message, Severity.NOTE, rule_id=self.info.id)
        return note.at(self.info.path)

    @property
    def sha256(self) -> str:
        """Return the digest of the queries, joined by a blank line, empty where there is none."""
        text = "\n\n".join(self.queries)
        return hashlib.sha256(text.encode()).hexdigest() if self.queries else ""


def compile_documents(
    documents: Iterable[Document | Diagnostic],
    targets: Sequence[Target],
    options: Options = Options(),
    pipelines: Sequence[Any] = (),
    related: Related | None = None,
) -> Iterator[Result]:
    """Yield the results of documents in order: one a target, or one where a rule cannot be parsed.

    ``pipelines`` are the user's pySigma processing pipelines, applied before ours; ``related`` is
    what the documents of the run do to each other, found here where it is not given. Whatever one
    rule raises becomes its diagnostic; the others are compiled.
    """
    if related is None:
        documents = list(documents)
        related = relate(Documents(documents))
    run = _Run(targets, options, pipelines, related)
    for document in documents:
        if isinstance(document, Diagnostic):
            yield Result(RuleInfo(document.path), "", diagnostics=(document,))
        else:
            yield from run.compile(document)


@dataclass(slots=True)
class _Run:
    """What is the same for all documents of a run; ``seen`` are the ids of those so far."""

    targets: Sequence[Target]
    options: Options
    pipelines: Sequence[Any]
    related: Related
    seen: dict[str, str] = field(default_factory=dict)

    def compile(self, document: Document) -> Iterator[Result]:
        """Yield the results of one document."""
        if document.kind == "filter":
            found = self.related.find(document)
            yield from (_failure(document, problem) for problem in found)
            return
        if document.kind == "correlation":
            yield from self._correlate(document)
            return
        rule = read_rule(document, self.pipelines, self.seen, self.related.filters)
        if isinstance(rule, Diagnostic):
            yield _failure(document, rule)
            return
        if key_of(document) in self.related.hidden:
            return
        for target in self.targets:
            yield compile_rule(rule, rule.condition, target, self.options, self.pipelines)

    def _correlate(self, document: Document) -> Iterator[Result]:
        """Yield the results of a correlation."""
        linked = self.related.correlation(document)
        try:
            if isinstance(linked, Diagnostic):
                yield _failure(document, linked)
                return
            check_unique(document, linked.info, self.seen)
        except RuleError as error:
            yield _failure(document, error.diagnostic)
            return
        if key_of(document) in self.related.hidden:
            return
        rules = read_parts(linked, self.pipelines, self.related.filters)
        for target in self.targets:
            yield compile_correlation(linked, rules, target, self.options)


def _failure(document: Document, problem: Diagnostic) -> Result:
    info = RuleInfo.from_document(document.path, document.data)
    return Result(info, "", diagnostics=(problem,))


def read_rule(
    document: Document,
    pipelines: Sequence[Any],
    seen: dict[str, str],
    filters: Sequence[Filter] = (),
) -> Rule | Diagnostic:
    """Return the rule of a document, or why there is none; ``seen`` are earlier rules' ids."""
    try:
        rule = parse(document, pipelines)
        check_unique(document, rule.info, seen)
        if filters:
            rule = add_filters(rule, filters, pipelines)
        return replace(rule, condition=normalise(rule.condition))
    except RuleError as error:
        return error.diagnostic
    except RecursionError:
        return document.diagnose(
            "SG105",
            "the condition nests too deeply to be read",
            ("detection", "condition"),
            hint="write parts of it as selections of their own",
        )
    except Exception as error:  # noqa: BLE001 - one rule's surprise must not end the run
        return document.surprise("parse", error)


def read_parts(
    linked: Linked, pipelines: Sequence[Any], filters: Sequence[Filter]
) -> list[Rule | Diagnostic]:
    """Return the rules of a correlation in the order of ``linking.bases``, or why one is none."""
    return [read_rule(document, pipelines, {}, filters) for document in bases(linked)]


def check_unique(document: Document, info: RuleInfo, seen: dict[str, str]) -> None:
    """Remember a rule's id; the second rule with one is refused.

    Raises:
        RuleError: An earlier rule of the run has the id.
    """
    if info.id and info.id in seen:
        raise RuleError(
            document.diagnose(
                "SG109",
                f"the id {info.id} is used already by {seen[info.id]}",
                ("id",),
                hint="give the rule an id of its own",
            )
        )
    if info.id:
        seen[info.id] = info.path


def compile_rule(
    rule: Rule, condition: Node, target: Target, options: Options, pipelines: Sequence[Any] = ()
) -> Result:
    """Return what becomes of a parsed rule, with its normalised condition, for one target."""
    try:
        if target.is_pysigma:
            from sigmaglot.pysigma_target import convert  # noqa: PLC0415 - heavy, and rarely asked for

            queries = convert(rule.document, target.name, pipelines, rule.filters)
            return Result(rule.info, target.name, Fidelity.UNSUPPORTED, queries)
        return _compile(rule, condition, target, options)
    except RuleError as error:
        return Result(rule.info, target.name, diagnostics=(error.diagnostic,))
    except Exception as error:  # noqa: BLE001 - as above
        stage = f"compile for {target.name}"
        return Result(rule.info, target.name, diagnostics=(rule.document.surprise(stage, error),))


def compile_correlation(
    linked: Linked, rules: Sequence[Rule | Diagnostic], target: Target, options: Options
) -> Result:
    """Return what becomes of a correlation over parsed rules for one target."""
    try:
        return _compile_correlation(linked, rules, target, options)
    except RuleError as error:
        found = error.diagnostic
    except Exception as error:  # noqa: BLE001 - one correlation's surprise must not end the run
        found = linked.document.surprise(f"compile for {target.name}", error)
    return Result(linked.info, target.name, diagnostics=(found,))


def _compile_correlation(
    linked: Linked, rules: Sequence[Rule | Diagnostic], target: Target, options: Options
) -> Result:
    if target.is_pysigma:
        raise RuleError(_no_correlation(linked, target.name))
    pipeline, language = load_pipeline(target.pipeline), load_language(target.language)
    parts = []
    for rule in rules:
        if isinstance(rule, Diagnostic):
            raise RuleError(rule)
        check_placeholders(rule, rule.condition)
        parts.append((rule, find_recording(rule, pipeline, target)))
    bound = bind_correlation(linked, parts, language, options.policy, partial(_legal, language))
    branches = bound.aggregation.branches
    columns = [one for branch in branches for one in _columns(branch.filter)]
    grouped = [one for branch in branches for keys in branch.keys for one in keys.columns]
    first, recording = parts[0]
    hunt = _hunt(first, recording, options)
    if language.describes_aggregates:
        plans = [Plan(branch.source, branch.filter, hunt) for branch in branches]
    else:
        plans = [Plan(branches[0].source, branches[0].filter, hunt, bound.aggregation)]
    queries = tuple(text for plan in plans for text in _render(first, plan, language, target))
    columns += grouped
    stated = assumes_of(pipeline, language, columns, recording.category)
    assumes = (*stated, *language.aggregate_assumes)
    return Result(
        linked.info,
        target.name,
        bound.fidelity,
        queries,
        bound.notes,
        assumes,
        tuple(dict.fromkeys(column.name for column in columns)),
        correlation=describe(linked, bound, queries),
    )


def _legal(language: Language, condition: Node, recording: Recording, policy: Policy) -> Choice:
    return legal_choice(condition, recording, language, policy)


def _no_correlation(linked: Linked, target: str) -> Diagnostic:
    return linked.document.diagnose(
        "SG307",
        f"unsupported: correlations are not compiled for {target}",
        ("correlation",),
        hint="with `generate: true` its rules are compiled",
    )


def _compile(rule: Rule, condition: Node, target: Target, options: Options) -> Result:
    pipeline, language = load_pipeline(target.pipeline), load_language(target.language)
    recording = find_recording(rule, pipeline, target)
    check_placeholders(rule, condition)
    choice = legal_choice(condition, recording, language, options.policy)
    if choice.fidelity is Fidelity.UNSUPPORTED:
        raise RuleError(unsupported(rule, choice, target, options.policy))
    plan = Plan(recording.source, choice.node, _hunt(rule, recording, options))
    columns = _columns(choice.node)
    return Result(
        rule.info,
        target.name,
        choice.fidelity,
        _render(rule, plan, language, target),
        choice.notes,
        assumes_of(pipeline, language, columns, recording.category),
        tuple(dict.fromkeys(column.name for column in columns)),
    )


def legal_choice(
    condition: Node, recording: Recording, language: Language, policy: Policy
) -> Choice:
    """Return the tree to render for a normalised condition, and its claim."""
    legal = legalise(bind(condition, recording), language.capabilities)
    if recording.elsewhere:
        legal = join_any([legal, _not_searched(recording)])
    if recording.also:
        legal = join_all([legal, _not_told_apart(recording)])
    return choose(legal, policy, recording.kinds)


def _not_searched(recording: Recording) -> Node:
    """Return the events that a rule asks for in another table than the one of its query."""
    message = f"`{recording.elsewhere}` has events of the log source too, which are not searched"
    return drop(ir.Exists("EventID"), Note("SG302", message))


def _not_told_apart(recording: Recording) -> Node:
    """Return whether an event that the selectors find is of the log source."""
    note = Note("SG207", f"the query finds {recording.also}")
    return approx(ir.Exists("EventID"), note, (ir.TRUE, 0.3), GONE)


def _hunt(rule: Rule, recording: Recording, options: Options) -> Hunt | None:
    """Return the projection: time and host, then the rule's fields, else the pipeline's choice."""
    if not options.hunt:
        return None
    default = recording.source.projection
    if not rule.info.fields:
        return Hunt(default, options.last)
    entries = (entry_of(field, recording) for field in rule.info.fields)
    named = (column.name for entry in entries for column in entry.columns.values())
    shown = (*default[:2], *named, *recording.source.identity)
    return Hunt(tuple(dict.fromkeys(shown)), options.last)


def _render(rule: Rule, plan: Plan, language: Language, target: Target) -> tuple[str, ...]:
    try:
        return language.render(plan)
    except TooManyQueriesError as error:
        raise RuleError(
            rule.document.diagnose(
                "SG302",
                f"unsupported: {target.name} would need {error.needed} queries or more, "
                f"over its limit of {error.limit}",
                ("detection", "condition"),
                hint="split the rule, or shorten the lists that its condition multiplies",
            )
        ) from error


def _columns(node: Node) -> list[ir.Column]:
    """Return the columns of a tree in order, with repetitions."""
    fields = (
        field
        for leaf in ir.leaves(node)
        for field in (getattr(leaf, "field", None), getattr(leaf, "other", None))
    )
    return [field for field in fields if isinstance(field, ir.Column)]


def assumes_of(
    pipeline: Pipeline, language: Language, columns: Sequence[ir.Column], category: str
) -> tuple[str, ...]:
    """Return what a claim over these columns of a recording rests on, without repetition."""
    names = frozenset(column.name for column in columns)
    stated = (one.text for one in pipeline.assumes if one.holds_for(category, names))
    caveats = (column.caveat for column in columns if column.caveat)
    return tuple(dict.fromkeys((*stated, *language.assumes, *caveats)))
