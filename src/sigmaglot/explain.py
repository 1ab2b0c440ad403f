"""Say what becomes of each leaf of a rule for a target: its columns, its rendering, its bounds.

Of a correlation that is said for the leaves of each rule that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sigmaglot import ir
from sigmaglot.compiler import (
    Options,
    Result,
    compile_correlation,
    compile_rule,
    read_parts,
    read_rule,
)
from sigmaglot.correlation import Correlation
from sigmaglot.errors import Diagnostic, RuleError
from sigmaglot.frontend import Rule
from sigmaglot.ir import Column, Leaf, Node, Note, Shape
from sigmaglot.language import Language
from sigmaglot.linking import Linked
from sigmaglot.passes.legalise import Fidelity, is_approximate, legalise, take_side
from sigmaglot.pipelines import Recording, bind, load_pipeline
from sigmaglot.refusals import find_recording
from sigmaglot.related import NONE, Related
from sigmaglot.source import Document
from sigmaglot.targets import Target, load_language


@dataclass(frozen=True, slots=True)
class Form:
    """What stands for a leaf in a query.

    Attributes:
        fidelity: Of this form to the leaf: exact, broader or narrower.
        text: As the language writes it.
        loss: How much of the leaf is lost, from 0 to 1.
        is_used: Whether the query takes this form.
        notes: Why it is not exact.
    """

    fidelity: str
    text: str
    loss: float = 0.0
    is_used: bool = True
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column that a leaf was bound to."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Part:
    """One node of a rule's tree: an operator over parts, or a leaf with its forms."""

    label: str
    children: tuple[Part, ...] = ()
    line: int | None = None
    columns: tuple[ColumnName, ...] = ()
    forms: tuple[Form, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule's tree with what became of each leaf, and of the whole."""

    tree: Part
    result: Result

    def as_dict(self) -> dict[str, Any]:
        """Return the tree as a JSON-ready mapping."""
        return asdict(self.tree)


def explain_documents(
    documents: Iterable[Document | Diagnostic],
    target: Target,
    options: Options,
    pipelines: Sequence[Any] = (),
    related: Related = NONE,
) -> Iterator[Explanation | Diagnostic]:
    """Yield the explanation of each document, or the diagnostic of why there is none."""
    seen: dict[str, str] = {}
    for document in documents:
        try:
            if isinstance(document, Diagnostic):
                yield document
            elif document.kind == "filter":
                yield from related.find(document)
            elif document.kind == "correlation":
                linked = _told(related.correlation(document))
                rules = map(_told, read_parts(linked, pipelines, related.filters))
                yield explain_correlation(linked, list(rules), target, options)
            else:
                rule = _told(read_rule(document, pipelines, seen, related.filters))
                yield explain(rule, target, options)
        except RuleError as error:
            yield error.diagnostic


_T = TypeVar("_T")


def _told(found: _T | Diagnostic) -> _T:
    """Return what was found; raise RuleError for why there is nothing."""
    if isinstance(found, Diagnostic):
        raise RuleError(found)
    return found


def explain(rule: Rule, target: Target, options: Options) -> Explanation:
    """Return what becomes of a rule, as ``read_rule`` returns it, for a built-in target.

    Raises:
        RuleError: The target does not record the rule's log source.
    """
    result = compile_rule(rule, rule.condition, target, options)
    return Explanation(_tree(rule, target, result), result)


def explain_correlation(
    linked: Linked, rules: Sequence[Rule], target: Target, options: Options
) -> Explanation:
    """Return what becomes of a correlation, over rules in the order of ``linking.bases``.

    Raises:
        RuleError: The target does not record the log source of a rule.
    """
    result = compile_correlation(linked, rules, target, options)
    trees = iter([_tree(rule, target, result) for rule in rules])
    return Explanation(_correlated(linked, trees), result)


def _correlated(linked: Linked, trees: Iterator[Part]) -> Part:
    """Return the part of a correlation; ``trees`` are those of its rules."""
    children = tuple(
        Part(name, (_correlated(part, trees) if isinstance(part, Linked) else next(trees),))
        for name, part in zip(linked.correlation.rules, linked.parts, strict=True)
    )
    ((line, _),) = linked.document.positions([("correlation",)])
    return Part(correlation_label(linked.correlation), children, line)


def _tree(rule: Rule, target: Target, result: Result) -> Part:
    """Return the tree of a rule whose query is a result, or a part of one."""
    condition = rule.condition
    pipeline, language = load_pipeline(target.pipeline), load_language(target.language)
    places = list(dict.fromkeys(leaf.place for leaf in ir.leaves(condition) if leaf.place))
    lines = (line for line, _ in rule.document.positions(places))
    reader = _Reader(
        find_recording(rule, pipeline, target), language, dict(zip(places, lines, strict=True))
    )
    side = {Fidelity.BROADER: True, Fidelity.NARROWER: False}.get(result.fidelity)
    return reader.read(condition, side)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads a tree over Sigma fields; knows where its leaves are written and bound."""

    recording: Recording
    language: Language
    lines: dict[ir.Place, int]

    def read(self, node: Node, up: bool | None) -> Part:
        """Return a node's part; ``up`` tells which bound the query takes here, None for neither."""
        match node:
            case ir.And(children):
                return Part("and", tuple(self.read(child, up) for child in children))
            case ir.Or(children):
                return Part("or", tuple(self.read(child, up) for child in children))
            case ir.Not(child):
                return Part("not", (self.read(child, None if up is None else not up),))
            case ir.Const(value):
                return Part("always true" if value else "never true")
            case ir.Approx(leaf):
                return self._leaf(leaf, up)
            case _:
                return self._leaf(node, up)

    def _leaf(self, leaf: Leaf, up: bool | None) -> Part:
        legal = legalise(bind(leaf, self.recording), self.language.capabilities)
        forms = (
            tuple(self._bound(legal, is_upper, up) for is_upper in (True, False))
            if is_approximate(legal)
            else (Form("exact", self._text(legal)),)
        )
        return Part(leaf_label(leaf), (), self.lines.get(leaf.place), _columns(legal), forms)

    def _bound(self, legal: Node, is_upper: bool, up: bool | None) -> Form:
        side = take_side(legal, up=is_upper)
        fidelity = "broader" if is_upper else "narrower"
        return Form(fidelity, self._text(side.node), side.loss, up is is_upper, side.notes)

    def _text(self, node: Node) -> str:
        match node:
            case ir.And(children):
                return " and ".join(f"({self._text(child)})" for child in children)
            case ir.Or(children):
                return " or ".join(f"({self._text(child)})" for child in children)
            case ir.Not(child):
                return f"not ({self._text(child)})"
            case ir.Const(value):
                return "always true: the leaf is left out" if value else "never true"
            case ir.Approx():
                raise TypeError("a side has no approximations")
            case _:
                return self.language.leaf_text(node)


def _columns(node: Node) -> tuple[ColumnName, ...]:
    """Return the names and types of a tree's columns, each once."""
    fields = (
        field
        for leaf in ir.leaves(node)
        for field in (getattr(leaf, "field", None), getattr(leaf, "other", None))
    )
    found = (ColumnName(field.name, field.type) for field in fields if isinstance(field, Column))
    return tuple(dict.fromkeys(found))


_SHAPES = {
    Shape.STARTSWITH: "|startswith",
    Shape.ENDSWITH: "|endswith",
    Shape.CONTAINS: "|contains",
}
_COMPARISONS = {ir.Op.LT: "|lt", ir.Op.LTE: "|lte", ir.Op.GT: "|gt", ir.Op.GTE: "|gte"}


def correlation_label(correlation: Correlation) -> str:
    """Return in one line what a correlation asks."""
    condition = correlation.condition
    of = f" of {', '.join(condition.fields)}" if condition.fields else ""
    rank = "" if condition.percentile is None else f" {condition.percentile:g} %"
    tests = " and ".join(f"{test.symbol} {number}" for test, number in condition.tests)
    by = f", by {', '.join(correlation.group_by)}" if correlation.group_by else ""
    return f"{correlation.type}{rank}{of} {tests} in {correlation.timespan} s{by}"


def leaf_label(leaf: Leaf) -> str:
    """Return a leaf as a rule would write it: field, modifiers and value."""
    name = ir.field_name(leaf) or "keyword"
    return f"{name}{''.join(_modifiers(leaf))}: {_value(leaf)}"


def _modifiers(leaf: Leaf) -> Iterator[str]:
    match leaf:
        case ir.StringMatch() | ir.Keyword():
            yield _SHAPES.get(ir.shape_of(leaf.pattern)[0], "")
            yield "|cased" if leaf.cased else ""
        case ir.RegexMatch(flags=flags) | ir.KeywordRegex(flags=flags):
            yield "".join(("|re", *(f"|{flag}" for flag in flags)))
        case ir.CidrMatch():
            yield "|cidr"
        case ir.Compare(op=op):
            yield _COMPARISONS.get(op, "")
        case ir.TimeMatch(part=part, op=op):
            yield f"|{part}{_COMPARISONS.get(op, '')}"
        case ir.FieldMatch(shape=shape):
            yield f"|fieldref{_SHAPES.get(shape, '')}"
        case ir.Exists():
            yield "|exists"
        case _:
            pass


def _value(leaf: Leaf) -> str:
    match leaf:
        case ir.StringMatch(pattern=pattern) | ir.Keyword(pattern=pattern):
            shape, literal = ir.shape_of(pattern)
            return literal if shape in _SHAPES else ir.pattern_text(pattern) or "''"
        case ir.Compare(number=number) | ir.TimeMatch(number=number):
            return str(number)
        case ir.Exists():
            return "true"
        case ir.IsEmpty():
            return "null or ''"
        case _:
            return ir.value_text(leaf)
