"""Texts in which a regular expression is found: short ones, longer ones, one for each branch."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sigmaglot.evaluate import compile_regex
from sigmaglot.language.regexes import parsed

SAMPLES = 6
"""Texts that are tried for one expression: repeats and branches are chosen in turn."""

_CATEGORIES = {
    "CATEGORY_DIGIT": (r"\d", "5"),
    "CATEGORY_NOT_DIGIT": (r"\D", "x"),
    "CATEGORY_SPACE": (r"\s", " "),
    "CATEGORY_NOT_SPACE": (r"\S", "x"),
    "CATEGORY_WORD": (r"\w", "w"),
    "CATEGORY_NOT_WORD": (r"\W", "-"),
}
_CANDIDATES = "xX5 -_.,;:/\\\"'%$|&()[]{}<>=+*?!#@~^`é\t"


@lru_cache(maxsize=1024)
def samples(regex: str, flags: str) -> tuple[str, ...]:
    """Return distinct texts in which the expression is found, the shortest choices first.

    Lookaround is not solved for: an expression that depends on it may have no sample.
    """
    items = parsed(regex, flags)
    tried = (_Writer(choice).sequence(items) for choice in range(SAMPLES))
    search = compile_regex(regex, flags).search
    return tuple(dict.fromkeys(text for text in tried if search(text)))


class _Writer:
    """Writes one text of a parsed expression; ``choice`` picks repeats and branches."""

    def __init__(self, choice: int) -> None:
        self.choice = choice
        self.groups: dict[int, str] = {}

    def sequence(self, items: Any) -> str:
        """Return a text of a sequence."""
        return "".join(self._item(str(code), argument) for code, argument in items)

    def _item(self, name: str, argument: Any) -> str:
        write: Callable[[Any], str] | None = {
            "LITERAL": chr,
            "NOT_LITERAL": lambda code: _other_than(lambda char: ord(char) == code),
            "ANY": lambda _: "x",
            "IN": _member,
            "BRANCH": self._branch,
            "SUBPATTERN": self._group,
            "MAX_REPEAT": self._repeat,
            "MIN_REPEAT": self._repeat,
            "POSSESSIVE_REPEAT": self._repeat,
            "ATOMIC_GROUP": self.sequence,
            "GROUPREF": lambda group: self.groups.get(group, ""),
            "GROUPREF_EXISTS": lambda parts: self.sequence(parts[1]),
        }.get(name)
        return write(argument) if write else ""

    def _branch(self, argument: Any) -> str:
        branches = argument[1]
        return self.sequence(branches[self.choice % len(branches)])

    def _group(self, argument: Any) -> str:
        group, _, _, inside = argument
        text = self.sequence(inside)
        if group is not None:
            self.groups[group] = text
        return text

    def _repeat(self, argument: Any) -> str:
        low, high, inside = argument
        count: int = min(low + self.choice % 3, max(low, int(high)))
        return self.sequence(inside) * count


def _member(members: Any) -> str:
    """Return a character of a set."""
    if str(members[0][0]) == "NEGATE":
        return _other_than(lambda char: any(_is_member(one, char) for one in members[1:]))
    name, argument = str(members[0][0]), members[0][1]
    if name == "LITERAL":
        return chr(int(argument))
    return chr(int(argument[0])) if name == "RANGE" else _CATEGORIES[str(argument)][1]


def _is_member(member: Any, char: str) -> bool:
    name, argument = str(member[0]), member[1]
    if name == "LITERAL":
        return ord(char) == int(argument)
    if name == "RANGE":
        return bool(argument[0] <= ord(char) <= argument[1])
    return re.match(_CATEGORIES[str(argument)][0], char) is not None


def _other_than(is_excluded: Callable[[str], bool]) -> str:
    return next((char for char in _CANDIDATES if not is_excluded(char)), "")
