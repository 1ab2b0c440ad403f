"""Look into a rule's regular expression: what it requires, and which engines can run it."""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Node, Shape

RE2_MAX_REPEAT = 1000
"""RE2 refuses a larger count (RE2 syntax, "implementation restriction")."""

_BEYOND_RE2 = frozenset(
    {"ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"}
)
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_OPEN_BRACE = re.compile(r"(?<!\\)\{,\d+\}")


@lru_cache(maxsize=4096)
def parsed(regex: str, flags: str) -> Any:
    """Return what Python's parser makes of an expression: a sequence of (code, argument)."""
    return sre_parser.parse(regex, sum(getattr(re, flag.upper()) for flag in flags))


def runs_on_re2(regex: str, flags: str = "") -> bool:
    """Return whether RE2 reads the expression as PCRE does: no lookaround, no back-reference."""
    return not _OPEN_BRACE.search(regex) and _is_re2(parsed(regex, flags))


def _is_re2(item: Any) -> bool:
    if isinstance(item, tuple) and item and isinstance(item[0], type(sre.LITERAL)):
        name = str(item[0])
        if name in _BEYOND_RE2 or (name in _REPEATS and not _repeat_fits(item[1])):
            return False
        return _is_re2(item[1])
    if isinstance(item, (tuple, list, sre_parser.SubPattern)):
        return all(_is_re2(part) for part in item)
    return True


def refers_back(regex: str, flags: str = "") -> bool:
    """Return whether the expression refers to one of its own groups."""
    return _holds(parsed(regex, flags), frozenset({"GROUPREF", "GROUPREF_EXISTS"}))


def _holds(item: Any, names: frozenset[str]) -> bool:
    if isinstance(item, tuple) and item and isinstance(item[0], type(sre.LITERAL)):
        return str(item[0]) in names or _holds(item[1], names)
    if isinstance(item, (tuple, list, sre_parser.SubPattern)):
        return any(_holds(part, names) for part in item)
    return False


def _repeat_fits(argument: Any) -> bool:
    low, high, _ = argument
    return low <= RE2_MAX_REPEAT and (high is sre.MAXREPEAT or high <= RE2_MAX_REPEAT)


_META = {char: f"\\{char}" for char in r"\.+*?()|[]{}^$"} | {
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}


def regex_of(pattern: ir.Pattern, *, fold: bool = False) -> str:
    """Return a regular expression that matches the texts of a pattern as a whole.

    It needs the flag ``s``; ``fold`` writes its literals in lower case. Only the characters that
    every flavour knows as special are escaped.
    """
    return "".join(
        (".*" if part is ir.AnyRun else ".")
        if isinstance(part, ir.Wildcard)
        else escape_regex(part.text.lower() if fold else part.text)
        for part in pattern
    )


def escape_regex(text: str) -> str:
    """Return text so that a regular expression takes it literally."""
    return "".join(_META.get(char, char) for char in text)


def finds_nothing(leaf: ir.RegexMatch) -> bool:
    """Return whether the expression is found in the empty text."""
    flags = sum(getattr(re, flag.upper()) for flag in leaf.flags)
    return re.search(leaf.regex, "", flags) is not None


def inline_flags(flags: str) -> str:
    """Return flags as the group that goes before an expression, empty for none."""
    return f"(?{flags})" if flags else ""


def literals_of(leaf: ir.RegexMatch) -> tuple[Node, bool]:
    """Return a tree that holds wherever the expression is found, and whether it means the same.

    The tree is the conjunction of the literals that every match contains; alternatives become an
    OR. It is True where the expression requires no literal.
    """
    items = parsed(leaf.regex, leaf.flags)
    ignores_case = bool(items.state.flags & re.IGNORECASE)
    multiline = bool(items.state.flags & re.MULTILINE)
    reader = _Literals(leaf, cased=not ignores_case, multiline=multiline)
    reader.read(items)
    return reader.result(), reader.whole


class _Literals:
    """Collects the runs of characters that a sequence requires, one after the other."""

    def __init__(self, leaf: ir.RegexMatch, *, cased: bool, multiline: bool) -> None:
        self.leaf = leaf
        self.cased = cased
        self.multiline = multiline
        self.whole = True
        self._found: list[Node] = []
        self._run = ""
        self._run_cased = cased
        self._anchored = False

    def result(self) -> Node:
        """Return the conjunction of everything collected."""
        self._close()
        return ir.all_of(list(dict.fromkeys(self._found)))

    def read(self, sequence: Any) -> None:
        """Collect from a parsed sequence."""
        for position, (code, argument) in enumerate(sequence):
            self._item(str(code), argument, position)

    def _item(self, name: str, argument: Any, position: int) -> None:
        if name == "LITERAL":
            self._add(chr(argument), cased=self.cased)
        elif name == "IN" and (letter := _one_letter(argument)):
            self._add(letter, cased=False)
            self.whole = False
        elif name == "SUBPATTERN":
            self._subpattern(argument)
        elif name == "AT" and str(argument) in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            self._begin(position)
        else:
            self._break(name, argument)

    def _begin(self, position: int) -> None:
        self._close()
        if position == 0 and not self._found and not self.multiline:
            self._anchored = True
        else:
            self.whole = False

    def _subpattern(self, argument: Any) -> None:
        _, added, removed, inside = argument
        if added or removed:
            self._break("SUBPATTERN", argument)
        else:
            self.read(inside)

    def _break(self, name: str, argument: Any) -> None:
        self.whole = False
        self._close()
        if name == "BRANCH":
            self._branch(argument[1])
        elif name in _REPEATS and argument[0] >= 1:
            self._nested(argument[2])

    def _nested(self, sequence: Any) -> None:
        node = self._inside(sequence)
        if node != ir.TRUE:
            self._found.append(node)

    def _branch(self, alternatives: Any) -> None:
        nodes = [self._inside(alternative) for alternative in alternatives]
        if ir.TRUE not in nodes:
            self._found.append(ir.any_of(list(dict.fromkeys(nodes))))

    def _inside(self, sequence: Any) -> Node:
        reader = _Literals(self.leaf, cased=self.cased, multiline=True)
        reader.read(sequence)
        return reader.result()

    def _add(self, text: str, *, cased: bool) -> None:
        self._run += text
        self._run_cased = self._run_cased and cased

    def _close(self) -> None:
        if self._run:
            shape = Shape.STARTSWITH if self._anchored else Shape.CONTAINS
            pattern = ir.pattern(shape, self._run)
            leaf = self.leaf
            self._found.append(ir.StringMatch(leaf.field, pattern, self._run_cased, leaf.place))
        self._run, self._run_cased, self._anchored = "", self.cased, False


def _one_letter(members: Any) -> str:
    """Return the letter of a set such as ``[Ee]``, empty for any other set."""
    if not all(str(code) == "LITERAL" for code, _ in members):
        return ""
    letters = {chr(argument).lower() for _, argument in members}
    return letters.pop() if len(letters) == 1 else ""
