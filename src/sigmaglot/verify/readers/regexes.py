"""Regular expressions of other engines, run by Python's `re`.

What it cannot run as they do is refused. Facts: the PCRE manual, RE2's "Syntax" page.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

from .base import ReadError

_ASCII = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_RE2_GROUP = re.compile(
    r"\((?:\?(?:P?<(?P<name>[A-Za-z_]\w*)>|(?P<flags>[ims]*(?:-[ims]+)?)(?P<end>[:)])))?"
)
_RE2_REPEAT = re.compile(r"(?:[*+?]|\{(?P<low>\d+)(?:(?P<comma>,)(?P<high>\d*))?\})\??")
_RE2_ESCAPE = re.compile(
    r"\\(?:x\{(?P<long>[0-9A-Fa-f]+)\}|x(?P<hex>[0-9A-Fa-f]{2})|(?P<char>[^\n]))"
)
_RE2_MAX_REPEAT = 1000
_REFUSALS = (re.error, FutureWarning, DeprecationWarning, OverflowError, RecursionError)


def compile_or_fail(pattern: str, flags: int = 0, offset: int = 0) -> re.Pattern[str]:
    """Return a pattern compiled with Python's `re`.

    Args:
        pattern: The regular expression.
        flags: What `re.compile` takes.
        offset: Where in the query it starts, for the error.

    Raises:
        ReadError: Python cannot compile it, or warns of it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of what it may read differently one day
            return re.compile(pattern, flags)
    except _REFUSALS as error:
        raise ReadError(f"regular expression: {error}", offset) from error


def searcher(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    r"""Return what tells whether a text has a match of a pattern somewhere.

    A pattern whose every way begins with `^` or with any run (`[\s\S]*`) is tried at the start of
    the text alone: where it fails there it fails everywhere, and `re` would try each place, which
    for an any run takes the square of the text's length.
    """
    run = pattern.match if _is_from_start(pattern.pattern) else pattern.search
    return lambda text: run(text) is not None


_ATOM = re.compile(r"\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|[\s\S]")
_STARTS = ("^", r"[\s\S]*")


def _is_from_start(regex: str) -> bool:
    """Return whether each alternative, of one plain group that is all too, is as said above."""
    ways = _ways(regex)
    if len(ways) == 1 and regex.startswith("(") and regex.endswith(")") and regex[1:2] != "?":
        inner = _ways(regex[1:-1])
        ways = inner or ways
    return bool(ways) and all(way.startswith(_STARTS) for way in ways)


def _ways(regex: str) -> list[str]:
    """Return the alternatives of an expression, none where its parentheses do not balance."""
    ways, depth = [""], 0
    for atom in _ATOM.findall(regex):
        depth += {"(": 1, ")": -1}.get(atom, 0)
        if depth < 0:
            return []
        if atom == "|" and not depth:
            ways.append("")
        else:
            ways[-1] += atom
    return ways if not depth else []


def pcre(pattern: str, offset: int = 0) -> re.Pattern[str]:
    r"""Return a regular expression of PCRE (Splunk).

    Named groups may be written `(?<n>)`, `\z` is the very end, `\Z` may precede a last newline.

    Raises:
        ReadError: Python cannot compile it.
    """
    ends = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)"}
    body = re.sub(r"\\[\s\S]", lambda m: ends.get(m[0], m[0]), pattern)
    body = re.sub(r"(\\[\s\S])|\(\?<(?=[A-Za-z_])", lambda m: m[1] or "(?P<", body)
    return compile_or_fail(body, 0, offset)


class _Re2:
    """Translates RE2 syntax to Python's, token by token; the classes are ASCII, as RE2's are."""

    def __init__(self, pattern: str, offset: int) -> None:
        self.text, self.pos, self.offset = pattern, 0, offset
        self.multiline = [False]

    def fail(self, message: str) -> ReadError:
        return ReadError(f"RE2: {message} at character {self.pos} of the pattern", self.offset)

    def translate(self) -> str:
        out, repeatable = [], False
        while self.pos < len(self.text):
            char = self.text[self.pos]
            repeat = _RE2_REPEAT.match(self.text, self.pos)
            if repeat:
                out.append(self.repeat(repeat, repeatable))
            else:
                out.append(self.atom(char))
            repeatable = repeat is None and char not in "(|"
        if len(self.multiline) != 1:
            raise self.fail("missing )")
        return "".join(out)

    def repeat(self, match: re.Match[str], repeatable: bool) -> str:
        low, high = match["low"], match["high"]
        if not repeatable:
            raise self.fail("nothing to repeat, or a repeated repetition")
        if max(int(low or 0), int(high or 0)) > _RE2_MAX_REPEAT or (
            low and high and int(low) > int(high)
        ):
            raise self.fail("repetition out of bounds")
        self.pos = match.end()
        return match[0]

    def atom(self, char: str) -> str:
        special = {"\\": self.escape, "[": self.char_class, "(": self.group}.get(char)
        if special:
            return special()
        self.pos += 1
        if char == ")":
            if len(self.multiline) == 1:
                raise self.fail("unexpected )")
            self.multiline.pop()
        if char == "$":
            return "$" if self.multiline[-1] else r"\Z"
        return char if char in ").|^" else re.escape(char)

    def group(self) -> str:
        match = _RE2_GROUP.match(self.text, self.pos)
        if match is None or (match[0] == "(" and self.text.startswith("(?", self.pos)):
            raise self.fail(
                "a group that RE2 does not know (lookaround, backreference, atomic, ...)"
            )
        start, self.pos = self.pos, match.end()
        flags = match["flags"] or ""
        on, _, off = flags.partition("-")
        if match["end"] == ")":
            if start != 0 or off:
                raise self.fail("a flag in mid-pattern, which Python cannot run")
            self.multiline[-1] = "m" in on
            return match[0]
        self.multiline.append((self.multiline[-1] or "m" in on) and "m" not in off)
        return f"(?P<{match['name']}>" if match["name"] else match[0]

    def escape(self, in_class: bool = False) -> str:
        match = _RE2_ESCAPE.match(self.text, self.pos)
        if match is None:
            raise self.fail("trailing backslash")
        self.pos = match.end()
        if match["long"] or match["hex"]:
            return re.escape(chr(int(match["long"] or match["hex"], 16)))
        char = match["char"]
        if char in _ASCII or char.lower() in _ASCII:
            return self.shorthand(char, in_class)
        if char in "afnrtv":
            return f"\\{char}"
        if char in "AbBz" and not in_class:
            return {"A": r"\A", "z": r"\Z", "b": r"(?a:\b)", "B": r"(?a:\B)"}[char]
        if char.isascii() and not char.isalnum():
            return re.escape(char)
        raise self.fail(f"escape \\{char}")

    def shorthand(self, char: str, in_class: bool) -> str:
        if char in _ASCII:
            return _ASCII[char] if in_class else f"[{_ASCII[char]}]"
        if in_class:
            raise self.fail(f"\\{char} in a class, which this reader does not translate")
        return f"[^{_ASCII[char.lower()]}]"

    def char_class(self) -> str:
        opening = "[^" if self.text.startswith("[^", self.pos) else "["
        out, first = [opening], True
        self.pos += len(opening)
        while first or not self.text.startswith("]", self.pos):
            if self.pos >= len(self.text):
                raise self.fail("missing ]")
            out.append(self.class_item(first))
            first = False
        self.pos += 1
        return "".join(out) + "]"

    def class_item(self, first: bool) -> str:
        posix = re.compile(r"\[:(\w+):\]").match(self.text, self.pos)
        if posix:
            if posix[1] not in _POSIX:
                raise self.fail(f"class {posix[0]}")
            self.pos = posix.end()
            return _POSIX[posix[1]]
        char = self.text[self.pos]
        if char == "\\":
            return self.escape(in_class=True)
        self.pos += 1
        return char if char == "-" and not first else re.escape(char)


def re2(pattern: str, offset: int = 0) -> re.Pattern[str]:
    """Return a regular expression of RE2 (Kusto).

    It has no lookaround and no backreference; `$` is the very end unless `(?m)`; its classes are
    of ASCII.

    Raises:
        ReadError: RE2 refuses it, or Python cannot run it as RE2 does.
    """
    return compile_or_fail(_Re2(pattern, offset).translate(), 0, offset)
