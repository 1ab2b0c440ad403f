"""What the readers share: the error, the query value, a scanner and a few comparisons."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

Record = Mapping[str, object]
Test = Callable[[Record], bool]
Ternary = Callable[[Record], bool | None]
Stage = Callable[[Record], Record | None]


class ReadError(ValueError):
    """The text is not of the language, or says something that the reader does not model.

    Raised while reading; raised by `Query.matches` where only a value can tell.
    """

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(f"{message} (at offset {offset})")
        self.message = message
        self.offset = offset


@dataclass(frozen=True)
class Query:
    """A query that was read.

    Attributes:
        text: what was read.
        stages: the row functions, in order: each returns the row (perhaps with more or fewer columns) or None.
        stage_names: the name of each stage as written, sorting and limiting included.
        selector: the table, stream or object that the query names, where the language has one.
        outputs: for languages that name results (CAR): each name with its selector.
    """

    text: str
    stages: tuple[Stage, ...]
    stage_names: tuple[str, ...] = ()
    selector: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    def apply(self, record: Record) -> Record | None:
        """The row that the query returns for this record, or None when it is filtered out."""
        row: Record | None = record
        for stage in self.stages:
            if row is None:
                return None
            row = stage(row)
        return row

    def matches(self, record: Record) -> bool:
        """Whether the query returns this record."""
        return self.apply(record) is not None


class Scanner:
    """A cursor over a text, with the offset that errors report."""

    def __init__(self, text: str, blank: str = r"\s*") -> None:
        self.text = text
        self.pos = 0
        self._blank = re.compile(blank)

    def fail(self, message: str, offset: int | None = None) -> NoReturn:
        raise ReadError(message, self.pos if offset is None else offset)

    def skip(self) -> None:
        """Pass over blanks (and comments, where the language has them)."""
        match = self._blank.match(self.text, self.pos)
        self.pos = match.end() if match else self.pos

    def at_end(self) -> bool:
        self.skip()
        return self.pos >= len(self.text)

    def peek(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match at the cursor, after blanks; the cursor stays before the match."""
        self.skip()
        return pattern.match(self.text, self.pos)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match at the cursor, after blanks; the cursor moves behind it."""
        match = self.peek(pattern)
        if match:
            self.pos = match.end()
        return match

    def symbol(self, literal: str) -> bool:
        """Take this punctuation if it comes next."""
        self.skip()
        if not self.text.startswith(literal, self.pos):
            return False
        self.pos += len(literal)
        return True

    def expect(self, literal: str) -> None:
        if not self.symbol(literal):
            self.fail(f"expected {literal!r}")

    def word(self, word: str, *, ignore_case: bool = False) -> bool:
        """Take this keyword if it comes next as a whole word."""
        flags = re.IGNORECASE if ignore_case else 0
        return self.take(re.compile(rf"{word}(?![\w.])", flags)) is not None


def keep_if(test: Callable[[Record], bool | None]) -> Stage:
    """A stage that keeps the row where the test is true (not false, not unknown)."""
    return lambda row: row if test(row) is True else None


def all_of(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def any_of(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def negate(test: Test) -> Test:
    return lambda row: not test(row)


def and3(tests: list[Ternary]) -> Ternary:
    """Kleene's AND: false wins, then unknown (None)."""

    def run(row: Record) -> bool | None:
        results = [test(row) for test in tests]
        return False if False in results else None if None in results else True

    return tests[0] if len(tests) == 1 else run


def or3(tests: list[Ternary]) -> Ternary:
    """Kleene's OR: true wins, then unknown (None)."""

    def run(row: Record) -> bool | None:
        results = [test(row) for test in tests]
        return True if True in results else None if None in results else False

    return tests[0] if len(tests) == 1 else run


def not3(test: Ternary) -> Ternary:
    def run(row: Record) -> bool | None:
        result = test(row)
        return None if result is None else not result

    return run


def text_of(value: object) -> str:
    """A record's value as the text that a SIEM stores."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def raw_of(record: Record) -> str:
    """A stand-in for the raw event: all values, joined by spaces."""
    return " ".join(text_of(value) for value in record.values() if value is not None)


def number_of(value: object) -> float | None:
    """The number that a value is or spells, else None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def sign(left: Any, right: Any) -> int:
    """-1, 0 or 1, as two comparable values stand to each other."""
    return int(left > right) - int(left < right)


def holds(operator: str, order: float) -> bool:
    """Whether a comparison operator is true of values whose `sign` is this."""
    truths = {
        "==": order == 0,
        "=": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }
    return truths[operator]


def compares(field: str, operator: str, bound: float) -> Test:
    """A test that a field holds a number, and that it stands so to the bound."""

    def run(row: Record) -> bool:
        found = number_of(row.get(field))
        return found is not None and holds(operator, sign(found, bound))

    return run


def glob(
    pattern: str, *, any_run: str = "*", any_one: str = "", ignore_case: bool = False
) -> re.Pattern[str]:
    """A whole-value matcher for a pattern with wildcards and no escape character."""
    wild = {any_run: ".*", any_one: "."}
    body = "".join(wild.get(char) or re.escape(char) for char in pattern)
    return re.compile(rf"\A{body}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def in_network(address: object, network: str) -> bool | None:
    """Whether an address is of a network; None where either is not one, or the families differ."""
    try:
        parsed = ipaddress.ip_address(text_of(address))
        net = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return None
    return parsed in net if parsed.version == net.version else None
