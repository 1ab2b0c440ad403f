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

    Attributes:
        message: What is wrong, without the place.
        offset: Where in the text it is, in characters from the start of the query.
    """

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(f"{message} (at offset {offset})")
        self.message = message
        self.offset = offset


@dataclass(frozen=True)
class Query:
    """A query that was read.

    Attributes:
        text: What was read.
        stages: The row functions, in order: each returns the row (perhaps with more or fewer
            columns) or None.
        stage_names: The name of each stage as written, sorting and limiting included.
        selector: The table, stream or object that the query names, where the language has one.
        outputs: For languages that name results (CAR): each name with its selector.
    """

    text: str
    stages: tuple[Stage, ...]
    stage_names: tuple[str, ...] = ()
    selector: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    def apply(self, record: Record) -> Record | None:
        """Return the row that the query makes of this record, or None when it is filtered out.

        Raises:
            ReadError: The reader does not model what the query asks of this record.
        """
        try:
            return self._run(record)
        except RecursionError:
            raise ReadError("nested too deeply to run") from None

    def _run(self, record: Record) -> Record | None:
        row: Record | None = record
        for stage in self.stages:
            if row is None:
                return None
            row = stage(row)
        return row

    def matches(self, record: Record) -> bool:
        """Return whether the query returns this record.

        Raises:
            ReadError: As `apply` does.
        """
        return self.apply(record) is not None


class Scanner:
    """A cursor over a text, with the offset that errors report.

    Attributes:
        text: The whole text.
        pos: Where the cursor stands.
    """

    def __init__(self, text: str, blank: str = r"\s*") -> None:
        self.text = text
        self.pos = 0
        self._blank = re.compile(blank)

    def fail(self, message: str, offset: int | None = None) -> NoReturn:
        """Raise ReadError at an offset, or at the cursor where none is given."""
        raise ReadError(message, self.pos if offset is None else offset)

    def skip(self) -> None:
        """Pass over blanks (and comments, where the language has them)."""
        match = self._blank.match(self.text, self.pos)
        self.pos = match.end() if match else self.pos

    def at_end(self) -> bool:
        """Return whether nothing but blanks is left."""
        self.skip()
        return self.pos >= len(self.text)

    def peek(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return the match at the cursor, after blanks; the cursor stays before the match."""
        self.skip()
        return pattern.match(self.text, self.pos)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Return the match at the cursor, after blanks; the cursor moves behind it."""
        match = self.peek(pattern)
        if match:
            self.pos = match.end()
        return match

    def symbol(self, literal: str) -> bool:
        """Return whether this punctuation comes next, and take it."""
        self.skip()
        if not self.text.startswith(literal, self.pos):
            return False
        self.pos += len(literal)
        return True

    def expect(self, literal: str) -> None:
        """Take this punctuation; raises ReadError where it does not come next."""
        if not self.symbol(literal):
            self.fail(f"expected {literal!r}")

    def word(self, word: str, *, ignore_case: bool = False) -> bool:
        """Return whether this keyword comes next as a whole word, and take it."""
        flags = re.IGNORECASE if ignore_case else 0
        return self.take(re.compile(rf"{word}(?![\w.])", flags)) is not None


def keep_if(test: Callable[[Record], bool | None]) -> Stage:
    """Return a stage that keeps the row where the test is true (not false, not unknown)."""
    return lambda row: row if test(row) is True else None


def cannot_run(message: str, offset: int) -> Callable[[Record], NoReturn]:
    """Return a stage or test for what is read but not modelled: it raises ReadError when run."""

    def run(_row: Record) -> NoReturn:
        raise ReadError(message, offset)

    return run


def all_of(tests: list[Test]) -> Test:
    """Return a test that holds where every one of these does."""
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def any_of(tests: list[Test]) -> Test:
    """Return a test that holds where one of these does."""
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def negate(test: Test) -> Test:
    """Return a test that holds where this one does not."""
    return lambda row: not test(row)


def and3(tests: list[Ternary]) -> Ternary:
    """Return Kleene's AND of some tests: false wins, then unknown (None)."""

    def run(row: Record) -> bool | None:
        results = [test(row) for test in tests]
        return False if False in results else None if None in results else True

    return tests[0] if len(tests) == 1 else run


def or3(tests: list[Ternary]) -> Ternary:
    """Return Kleene's OR of some tests: true wins, then unknown (None)."""

    def run(row: Record) -> bool | None:
        results = [test(row) for test in tests]
        return True if True in results else None if None in results else False

    return tests[0] if len(tests) == 1 else run


def not3(test: Ternary) -> Ternary:
    """Return Kleene's NOT of a test: unknown (None) stays unknown."""

    def run(row: Record) -> bool | None:
        result = test(row)
        return None if result is None else not result

    return run


def text_of(value: object) -> str:
    """Return a record's value as the text that a SIEM stores."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def raw_of(record: Record) -> str:
    """Return a stand-in for the raw event: all values, joined by spaces.

    What begins with `$` is the verifier's own and no part of the event.
    """
    return " ".join(
        text_of(value)
        for name, value in record.items()
        if value is not None and not name.startswith("$")
    )


def number_of(value: object) -> float | None:
    """Return the number that a value is or spells, else None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def sign(left: Any, right: Any) -> int:
    """Return -1, 0 or 1, as two comparable values stand to each other."""
    return int(left > right) - int(left < right)


def holds(operator: str, order: float) -> bool:
    """Return whether a comparison operator is true of values whose `sign` is this."""
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
    """Return a test that a field holds a number, and that it stands so to the bound."""

    def run(row: Record) -> bool:
        found = number_of(row.get(field))
        return found is not None and holds(operator, sign(found, bound))

    return run


def glob(
    pattern: str, *, any_run: str = "*", any_one: str = "", ignore_case: bool = False
) -> re.Pattern[str]:
    """Return a whole-value matcher for a pattern with wildcards and no escape character.

    Args:
        pattern: The text, in which every character but the wildcards stands for itself.
        any_run: The character that stands for any run of characters.
        any_one: The character that stands for any one character; none where it is empty.
        ignore_case: Whether a letter matches its other case.
    """
    wild = {any_run: ".*", any_one: "."}
    body = "".join(wild.get(char) or re.escape(char) for char in pattern)
    return re.compile(rf"\A{body}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def in_network(address: object, network: str) -> bool | None:
    """Return whether an address is of a network.

    None where either is not one, or where the one is of IPv4 and the other of IPv6.
    """
    try:
        parsed = ipaddress.ip_address(text_of(address))
        net = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return None
    return parsed in net if parsed.version == net.version else None
