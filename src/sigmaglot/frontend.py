"""Parse rules with pySigma and hand them on as plain values.

With ``sigmaglot.frontend_correlation`` and ``sigmaglot.pysigma_target`` this is all that knows
pySigma, so a new major version of it is a change of one file and two checks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sigma import exceptions as sigma_errors
from sigma import types as sigma
from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    SigmaCondition,
)
from sigma.rule import SigmaRule
from sigma.rule.detection import (
    EmptySigmaDetections,
    SigmaDetection,
    SigmaDetectionItem,
    SigmaDetections,
)

from sigmaglot import ir, lower
from sigmaglot.conditions import (
    Condition,
    Linked,
    Quantified,
    Resolver,
    Selections,
    read_condition,
)
from sigmaglot.errors import Diagnostic, RuleError
from sigmaglot.ir import Place
from sigmaglot.rule import RuleInfo
from sigmaglot.source import Document, descend, steps_to
from sigmaglot.validate import (
    METADATA,
    check,
    explain_condition,
    explain_value,
    lower_first,
    without_aliases,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule.

    Attributes:
        info: What is known of it.
        condition: Its tree over Sigma fields.
        document: Where it came from.
        filters: The filters whose conditions are part of the tree.
    """

    info: RuleInfo
    condition: ir.Node
    document: Document
    filters: tuple[Document, ...] = ()


def parse(document: Document, pipelines: Sequence[Any] = ()) -> Rule:
    """Return the rule of a document, after the user's pySigma pipelines were applied.

    Raises:
        RuleError: The document is no detection rule, or is not valid.
    """
    check(document)
    rule = _from_dict(document)
    if pipelines:
        _apply(rule, pipelines, document)
    selections = _selections(rule.detection, document)
    condition = _conditions(rule.detection, document)
    rule.detection.parsed_condition.clear()  # the one cycle in a rule: without it, it goes at once
    info = RuleInfo.from_document(document.path, document.data)
    return Rule(info, lower.lower(selections, condition), document)


def load_pipelines(texts: Iterable[str]) -> list[Any]:
    """Return the user's processing pipelines, in order of their priority.

    Raises:
        sigma.exceptions.SigmaError: A text is no processing pipeline.
    """
    texts = list(texts)
    if not texts:
        return []
    from sigma.processing.pipeline import ProcessingPipeline  # noqa: PLC0415 - only with `-p`

    loaded = [ProcessingPipeline.from_yaml(text) for text in texts]
    return sorted(loaded, key=lambda pipeline: pipeline.priority)


PipelineError = sigma_errors.SigmaError
"""What ``load_pipelines`` raises, for callers that must not import pySigma."""


def _from_dict(document: Document) -> SigmaRule:
    data = without_aliases(document.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of `re`, about sets in a rule's regex
        try:
            rule = SigmaRule.from_dict(data, collect_errors=True)
        except (TypeError, ValueError, AttributeError) as error:
            raise RuleError(
                document.diagnose("SG131", f"the rule is not valid: {error}")
            ) from error
        if rule.errors:
            raise RuleError(_explain(document, data, rule.errors[0]))
    return rule


def _explain(document: Document, data: dict[str, Any], error: Exception) -> Diagnostic:
    """Return the diagnostic of an error that pySigma collected, at the node that caused it."""
    key, code = METADATA.get(type(error).__name__, ("", ""))
    if key:
        place: Place = (key,) if key in document.data else ()
        return document.diagnose(code, lower_first(str(error)), place, hint=f"see `{key}`")
    for name, definition in data["detection"].items():
        if name != "condition":
            found = _find_failure(definition, ("detection", name))
            if found:
                place, reason = found
                code, message, hint = explain_value(str(reason), place)
                return document.diagnose(code, message, place, hint=hint)
    return document.diagnose("SG131", lower_first(str(error)))


def _find_failure(definition: Any, place: Place) -> tuple[Place, Exception] | None:
    if isinstance(definition, dict):
        for key, value in definition.items():
            values = value if isinstance(value, list) else [value]
            for index, one in enumerate(values):
                here = (*place, key, index) if isinstance(value, list) else (*place, key)
                failure = _try(lambda: SigmaDetectionItem.from_mapping(key, one))  # noqa: B023
                if failure:
                    return here, failure
    elif isinstance(definition, list):
        for index, one in enumerate(definition):
            found = _find_failure(one, (*place, index))
            if found:
                return found
    failure = _try(lambda: SigmaDetection.from_definition(definition))
    return (place, failure) if failure else None


def _try(build: Any) -> Exception | None:
    try:
        build()
    except (sigma_errors.SigmaError, TypeError, ValueError, AttributeError) as error:
        return error
    return None


def _apply(rule: SigmaRule, pipelines: Sequence[Any], document: Document) -> None:
    for pipeline in pipelines:
        try:
            pipeline.apply(rule)
        except sigma_errors.SigmaError as error:
            raise RuleError(
                document.diagnose("SG160", f"the processing pipeline failed: {error}")
            ) from error


def _conditions(detections: SigmaDetections, document: Document) -> lower.Condition:
    """Return the condition; a list of conditions is their disjunction."""
    found = [
        _condition(condition, detections, document, index)
        for index, condition in enumerate(detections.parsed_condition)
    ]
    return found[0] if len(found) == 1 else lower.Combine("or", tuple(found))


def _condition(
    condition: SigmaCondition, detections: SigmaDetections, document: Document, index: int
) -> lower.Condition:
    many = isinstance(document.data["detection"]["condition"], list)
    place: Place = ("detection", "condition", index) if many else ("detection", "condition")
    try:
        parsed = _parse_condition(condition.condition)
    except sigma_errors.SigmaConditionError as error:
        message, hint = explain_condition(str(error), condition.condition)
        raise RuleError(document.diagnose("SG124", message, place, hint=hint)) from error
    selections = Selections(tuple(detections.detections), partial(_matching, detections))
    return Resolver(selections, document, place).resolve(parsed)


def _matching(detections: SigmaDetections, pattern: str) -> list[str]:
    """Return the names of selections that a pattern finds."""
    found = ConditionSelector(["any", pattern]).resolve_referenced_detections(detections)
    return [name.identifier for name in found]


@lru_cache(maxsize=4096)
def _parse_condition(text: str) -> Condition:
    """Return a condition before names are resolved; rules share many texts."""
    return read_condition(text) or by_pysigma(text)


def by_pysigma(text: str) -> Condition:
    """Return pySigma's own reading of a condition.

    Raises:
        sigma.exceptions.SigmaConditionError: The text is no condition.
    """
    return _plain(SigmaCondition(text, EmptySigmaDetections()).parse(postprocess=False))


def _plain(node: Any) -> Condition:
    if isinstance(node, ConditionIdentifier):
        return lower.Name(node.identifier)
    if isinstance(node, ConditionSelector):
        return Quantified(node.args[0], node.pattern)
    for kind, operator in ((ConditionAND, "and"), (ConditionOR, "or"), (ConditionNOT, "not")):
        if isinstance(node, kind):
            return Linked(operator, tuple(map(_plain, node.args)))
    raise TypeError(node)


def _selections(detections: SigmaDetections, document: Document) -> dict[str, lower.Group]:
    reader = _Selections(document)
    written = document.data["detection"]
    return {
        name: reader.group(detection, written.get(name), ("detection", name))
        for name, detection in detections.detections.items()
    }


@dataclass(frozen=True, slots=True)
class _Selections:
    """Reads the selections of a rule; what a pipeline rewrote keeps the place of its selection."""

    document: Document

    def group(self, detection: SigmaDetection, written: Any, place: Place) -> lower.Group:
        """Return the plain form of a selection."""
        steps = steps_to(written, len(detection.detection_items))
        members = tuple(
            self.group(item, *descend(written, step, place))
            if isinstance(item, SigmaDetection)
            else self.item(item, *descend(written, step, place))
            for item, step in zip(detection.detection_items, steps, strict=True)
        )
        return lower.Group(members, every=detection.item_linking is ConditionAND)

    def item(self, item: SigmaDetectionItem, written: Any, place: Place) -> lower.Item:
        """Return the plain form of one line of a selection."""
        listed = isinstance(written, list) and len(written) == len(item.value)
        values = tuple(
            (self.value(value, here), here)
            for index, value in enumerate(item.value)
            for here in [(*place, index) if listed else place]
        ) or ((lower.Null(), place),)
        if item.field is None:
            self._check_keywords(values)
        every = item.value_linking is ConditionAND
        return lower.Item(item.field, values, every=every, negated=item.negated)

    def _check_keywords(self, values: tuple[tuple[lower.Value, Place], ...]) -> None:
        place = next((place for value, place in values if not lower.is_keyword(value)), None)
        if place is not None:
            raise RuleError(
                self.document.diagnose(
                    "SG130",
                    "a keyword is a text, a number or a regular expression",
                    place,
                    hint="name a field before the modifiers, or quote the value",
                )
            )

    def value(self, value: Any, place: Place) -> lower.Value:
        """Return the plain form of one value."""
        kind: Any = type(value)
        convert = _converter(kind)
        if convert is not None:
            return convert(self, value, place)
        raise RuleError(
            self.document.diagnose(
                "SG160",
                f"a pipeline left a `{type(value).__name__}`, which has no meaning here",
                place,
                hint="use a pipeline that yields values, such as `value_placeholders`",
            )
        )


def _pattern(value: sigma.SigmaString) -> ir.Pattern:
    parts: list[ir.Part] = [
        ir.Literal(part)
        if isinstance(part, str)
        else ir.AnyRun
        if part is sigma.SpecialChars.WILDCARD_MULTI
        else ir.AnyOne
        for part in value.s
    ]
    return ir.tidy(tuple(parts))


def _hole(value: sigma.SigmaString) -> lower.Hole | None:
    """Return the first placeholder of a string, None where a pipeline has filled them all."""
    if sigma.Placeholder not in map(type, value.s):
        return None
    return lower.Hole(next(part.name for part in value.s if isinstance(part, sigma.Placeholder)))


_FLAGS = {
    sigma.SigmaRegularExpressionFlag.IGNORECASE: "i",
    sigma.SigmaRegularExpressionFlag.MULTILINE: "m",
    sigma.SigmaRegularExpressionFlag.DOTALL: "s",
}
_OPS = {
    sigma.CompareOperators.LT: ir.Op.LT,
    sigma.CompareOperators.LTE: ir.Op.LTE,
    sigma.CompareOperators.GT: ir.Op.GT,
    sigma.CompareOperators.GTE: ir.Op.GTE,
}


def _text(_: _Selections, value: sigma.SigmaString, __: Place) -> lower.Value:
    cased = isinstance(value, sigma.SigmaCasedString)
    return _hole(value) or lower.Text(_pattern(value), cased)


def _regex(_: _Selections, value: sigma.SigmaRegularExpression, __: Place) -> lower.Value:
    hole = _hole(value.regexp)
    if hole:
        return hole
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    return lower.Regex(str(value.regexp), flags)


def _compare(_: _Selections, value: sigma.SigmaCompareExpression, __: Place) -> lower.Value:
    return _number(value.number, _OPS[value.op])


def _number(value: sigma.SigmaNumber, op: ir.Op = ir.Op.EQ) -> lower.Value:
    if isinstance(value, sigma.SigmaTimestampPart):
        part = ir.TimePart(value.timestamp_part.name.lower())
        return lower.Time(part, int(value.number), op)
    return lower.Number(value.number, op)


def _reference(_: _Selections, value: sigma.SigmaFieldReference, __: Place) -> lower.Value:
    shapes = {
        (False, False): ir.Shape.EQUALS,
        (True, False): ir.Shape.STARTSWITH,
        (False, True): ir.Shape.ENDSWITH,
        (True, True): ir.Shape.CONTAINS,
    }
    return lower.Reference(value.field, shapes[value.starts_with, value.ends_with])


def _expansion(reader: _Selections, value: sigma.SigmaExpansion, place: Place) -> lower.Value:
    return lower.Alternatives(tuple(reader.value(form, place) for form in value.values))


def _boolean(_: _Selections, value: sigma.SigmaBool, __: Place) -> lower.Value:
    return lower.Text(ir.pattern(ir.Shape.EQUALS, str(value.boolean).lower()))


_VALUES: tuple[tuple[type, Any], ...] = (
    (sigma.SigmaString, _text),
    (sigma.SigmaNumber, lambda _, value, __: _number(value)),
    (sigma.SigmaRegularExpression, _regex),
    (sigma.SigmaExpansion, _expansion),
    (sigma.SigmaNull, lambda *_: lower.Null()),
    (sigma.SigmaCompareExpression, _compare),
    (sigma.SigmaCIDRExpression, lambda _, value, __: lower.Cidr(str(value.network))),
    (sigma.SigmaFieldReference, _reference),
    (sigma.SigmaExists, lambda _, value, __: lower.Presence(value.exists)),
    (sigma.SigmaBool, _boolean),
)


@lru_cache(maxsize=256)
def _converter(kind: type) -> Callable[[_Selections, Any, Place], lower.Value] | None:
    """Return what converts values of a class, None for a class that has no meaning here."""
    return next((convert for parent, convert in _VALUES if issubclass(kind, parent)), None)
