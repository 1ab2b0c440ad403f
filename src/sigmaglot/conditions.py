"""Read the condition of a rule: what names it links, and how.

A grammar that says all that a condition may be takes a millisecond for a text, so what nearly all
rules write is read here. Whatever is odd in the least is not; the front end has pySigma for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, assert_never

from sigmaglot import lower
from sigmaglot.errors import RuleError
from sigmaglot.ir import Place
from sigmaglot.source import Document

MAX_GROUPS = 8
"""Most pairs of parentheses in a condition that is read here: pySigma refuses deep nesting."""

_TOKEN = re.compile(r" *(?:[()]|(?:(?:1|any|all) of [\w*]+|(?P<name>[\w-]+))(?=[ ()]|$))", re.ASCII)
_OPERATORS = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class Quantified:
    """Selections by a pattern of their names: ``1``, ``any`` or ``all`` of them."""

    quantifier: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Linked:
    """Conditions under one operator: ``and``, ``or`` or ``not``."""

    operator: str
    operands: tuple[Condition, ...]


Condition = lower.Name | Quantified | Linked


def read_condition(text: str) -> Condition | None:
    """Return what a condition says, None where it is not a usual one."""
    if text.count("(") > MAX_GROUPS:
        return None
    tokens = _tokens(text)
    found = _or(tokens)
    return None if tokens else found


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


def _or(tokens: list[str]) -> Condition | None:
    return _linked(tokens, "or", _and)


def _and(tokens: list[str]) -> Condition | None:
    return _linked(tokens, "and", _not)


def _linked(
    tokens: list[str], word: str, read: Callable[[list[str]], Condition | None]
) -> Condition | None:
    """Return what operators of one kind link, None where something is odd."""
    found = [read(tokens)]
    while tokens and tokens[-1] == word:
        tokens.pop()
        found.append(read(tokens))
    known = tuple(one for one in found if one is not None)
    if len(known) < len(found):
        return None
    return known[0] if len(known) == 1 else Linked(word, known)


def _not(tokens: list[str]) -> Condition | None:
    if not tokens or tokens[-1] != "not":
        return _operand(tokens)
    tokens.pop()
    operand = _operand(tokens)
    return None if operand is None else Linked("not", (operand,))


def _operand(tokens: list[str]) -> Condition | None:
    word = tokens.pop() if tokens else ")"
    if word == "(":
        inner = _or(tokens)
        return inner if tokens and tokens.pop() == ")" else None
    if word == ")" or word in _OPERATORS:
        return None
    quantifier, *pattern = word.split(" of ")
    return Quantified(quantifier, pattern[0]) if pattern else lower.Name(word)


@dataclass(frozen=True, slots=True)
class Selections:
    """The names of a rule's selections, and what finds those that a pattern is for."""

    names: tuple[str, ...]
    matching: Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Puts selections in the place of their names."""

    selections: Selections
    document: Document
    place: Place

    def resolve(self, condition: Condition) -> lower.Condition:
        """Return a condition over selections that are there.

        Raises:
            RuleError: A name or a pattern finds no selection.
        """
        match condition:
            case lower.Name(name):
                self._check(name)
                return condition
            case Quantified():
                return self._pattern(condition)
            case Linked(operator, operands):
                return lower.Combine(operator, tuple(map(self.resolve, operands)))
            case _:
                assert_never(condition)

    def _check(self, name: str) -> None:
        if name not in self.selections.names:
            known = ", ".join(f"`{key}`" for key in self.selections.names)
            self._fail(
                "SG122",
                f"the condition names the selection `{name}`, which is not there",
                f"the selections are {known}",
            )

    def _pattern(self, asked: Quantified) -> lower.Condition:
        named = tuple(map(lower.Name, self.selections.matching(asked.pattern)))
        if not named:
            self._fail(
                "SG123",
                f"`{asked.quantifier} of {asked.pattern}` matches no selection",
                "name a selection so that the pattern finds it",
            )
        operator = "and" if asked.quantifier == "all" else "or"
        return named[0] if len(named) == 1 else lower.Combine(operator, named)

    def _fail(self, code: str, message: str, hint: str) -> NoReturn:
        raise RuleError(self.document.diagnose(code, message, self.place, hint=hint))
