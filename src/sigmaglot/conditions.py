"""Read the condition of a rule: what names it links, and how.

pySigma's grammar says what a condition means. It takes a millisecond for a text, so what nearly
all rules write is read here; whatever this finds odd is left to pySigma, errors above all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sigma import exceptions as sigma_errors
from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    SigmaCondition,
)
from sigma.rule.detection import EmptySigmaDetections, SigmaDetections

from sigmaglot import lower
from sigmaglot.errors import RuleError
from sigmaglot.ir import Place
from sigmaglot.source import Document
from sigmaglot.validate import explain_condition

MAX_GROUPS = 8
"""Most pairs of parentheses in a condition that is read here: pySigma refuses deep nesting."""

_TOKEN = re.compile(r" *(?:[()]|(?:(?:1|any|all) of [\w*]+|(?P<name>[\w-]+))(?=[ ()]|$))", re.ASCII)
_OPERATORS = ("and", "or", "not")


def read_conditions(detections: SigmaDetections, document: Document) -> lower.Condition:
    """Return the condition of a rule; a list of conditions is their disjunction.

    Raises:
        RuleError: A condition cannot be parsed, or names no selection.
    """
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
        parsed = parse_condition(condition.condition)
    except sigma_errors.SigmaConditionError as error:
        message, hint = explain_condition(str(error), condition.condition)
        raise RuleError(document.diagnose("SG124", message, place, hint=hint)) from error
    return _Conditions(detections, document, place).read(parsed)


@lru_cache(maxsize=4096)
def parse_condition(text: str) -> Any:
    """Return pySigma's tree of a condition before names are resolved; rules share many texts.

    Raises:
        sigma.exceptions.SigmaConditionError: The text is no condition.
    """
    if text.count("(") <= MAX_GROUPS:
        tokens = _tokens(text)
        tree = _or(tokens)
        if tree is not None and not tokens:
            return tree
    return by_pysigma(text)


def by_pysigma(text: str) -> Any:
    """Return pySigma's own reading of a condition.

    Raises:
        sigma.exceptions.SigmaConditionError: The text is no condition.
    """
    return SigmaCondition(text, EmptySigmaDetections()).parse(postprocess=False)


def _tokens(text: str) -> list[str]:
    """Return the tokens of a condition from last to first, none where there are odd ones.

    To pySigma, a name that begins as an operator may be that operator and another name.
    """
    found: list[str] = []
    end = 0
    while end < len(text):
        token = _TOKEN.match(text, end)
        name = token and token["name"]
        if not token or (name and name.startswith(_OPERATORS) and name not in _OPERATORS):
            return []
        found.append(token[0].lstrip())
        end = token.end()
    return found[::-1]


def _or(tokens: list[str]) -> Any:
    return _linked(tokens, "or", _and, ConditionOR)


def _and(tokens: list[str]) -> Any:
    return _linked(tokens, "and", _not, ConditionAND)


def _linked(tokens: list[str], word: str, read: Any, kind: Any) -> Any:
    """Return what operators of one kind link, None where something is odd."""
    found = [read(tokens)]
    while tokens and tokens[-1] == word:
        tokens.pop()
        found.append(read(tokens))
    if None in found:
        return None
    return found[0] if len(found) == 1 else kind(found)


def _not(tokens: list[str]) -> Any:
    if not tokens or tokens[-1] != "not":
        return _operand(tokens)
    tokens.pop()
    operand = _operand(tokens)
    return None if operand is None else ConditionNOT([operand])


def _operand(tokens: list[str]) -> Any:
    word = tokens.pop() if tokens else ")"
    if word == "(":
        inner = _or(tokens)
        return inner if tokens and tokens.pop() == ")" else None
    if word == ")" or word in _OPERATORS:
        return None
    quantifier, *pattern = word.split(" of ")
    return ConditionSelector([quantifier, *pattern]) if pattern else ConditionIdentifier([word])


@dataclass(frozen=True, slots=True)
class _Conditions:
    """Reads one parsed condition of a rule."""

    detections: SigmaDetections
    document: Document
    place: Place

    def read(self, node: Any) -> lower.Condition:
        """Return the plain form of a parsed condition."""
        if isinstance(node, ConditionIdentifier):
            return self._name(node.identifier)
        if isinstance(node, ConditionSelector):
            return self._selector(node)
        for kind, operator in ((ConditionAND, "and"), (ConditionOR, "or"), (ConditionNOT, "not")):
            if isinstance(node, kind):
                return lower.Combine(operator, tuple(self.read(arg) for arg in node.args))
        raise TypeError(node)

    def _name(self, name: str) -> lower.Condition:
        if name not in self.detections.detections:
            known = ", ".join(f"`{key}`" for key in self.detections.detections)
            raise RuleError(
                self.document.diagnose(
                    "SG122",
                    f"the condition names the selection `{name}`, which is not there",
                    self.place,
                    hint=f"the selections are {known}",
                )
            )
        return lower.Name(name)

    def _selector(self, node: ConditionSelector) -> lower.Condition:
        names = node.resolve_referenced_detections(self.detections)
        operator = "and" if node.cond_class is ConditionAND else "or"
        if not names:
            raise RuleError(
                self.document.diagnose(
                    "SG123",
                    f"`{node.args[0]} of {node.pattern}` matches no selection",
                    self.place,
                    hint="name a selection so that the pattern finds it",
                )
            )
        named = tuple(lower.Name(name.identifier) for name in names)
        return named[0] if len(named) == 1 else lower.Combine(operator, named)
