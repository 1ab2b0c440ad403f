"""DNIF `_fetch` (the legacy query language).

Facts: DNIF's knowledge base (_fetch), LANGUAGES.md and MITRE CAR's published queries. Decisions:
    - Conditions are joined by AND and NOT, the latter binary (`A NOT B`); `AND NOT`, OR, quotes and the operators
      other than `=` and IN raise. `limit`, `first` or `last` is required.
    - A value ends at a blank; nothing documented says one with a blank. `*` in it is any run; in a list it raises.
    - `regex(...)` ends at the parenthesis that balances, escapes and character classes apart; `i` after it ignores
      case. Whether it must match the whole value is not documented: the `anchored` option (run both).
    - `$Duration`, `$StartTime` and `$EndTime` choose the time and hold of any record.
    - `group` and `as #A` are read and do not change which records match. `>>` stages are read; running raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .base import Query, ReadError, Scanner, Stage, Test, all_of, glob, keep_if, negate, text_of
from .regexes import compile_or_fail

_FIELD = re.compile(r"\$[A-Za-z_]\w*")
_VALUE = re.compile(r"[^\s\[\]\"'(),]+")
_GROUP = re.compile(
    r"group\s+(?:count_unique\s+\$\w+(?:\s*,\s*\$\w+){0,3}|(?:sum|min|max|avg)\s+\$\w+|timeslice\s+\d+[mh]|count)(?!\w)"
)
_LIMIT = re.compile(r"(?:limit|first|last)\s+\d+(?!\w)")
_TIME = {"$Duration", "$StartTime", "$EndTime"}
_KEYWORDS = {"AND", "OR", "NOT", "IN", "limit", "first", "last", "group", "as"}


def read(text: str, anchored: bool = True) -> Query:
    """Read one query, with its `>>` stages. Raises ReadError."""
    return _Parser(text, anchored).query()


def read_all(text: str, anchored: bool = True) -> list[Query]:
    """Read queries that blank lines separate."""
    parts = [part for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    if not parts:
        raise ReadError("no query")
    return [read(part.strip(), anchored) for part in parts]


class _Parser(Scanner):
    def __init__(self, text: str, anchored: bool) -> None:
        super().__init__(text)
        self.anchored = anchored

    def query(self) -> Query:
        stages, names = [self.fetch()], ["_fetch"]
        while not self.at_end():
            self.expect(">>")
            offset, command = self.pos, self.take(re.compile(r"(_[a-z]+)(?:[^>\n]|>(?!>))*"))
            if command is None:
                self.fail("expected a _command")
            stages.append(self.opaque(command[1], offset))
            names.append(command[1])
        return Query(self.text, tuple(stages), tuple(names), "event")

    def opaque(self, command: str, offset: int) -> Stage:
        return lambda row: self.fail(f"{command}, which this reader does not run", offset)

    def fetch(self) -> Stage:
        if not self.word("_fetch"):
            self.fail("expected _fetch")
        if not self.take(re.compile(r"(?:\*|\$\w+(?:\s*,\s*\$\w+)*)\s+from\s+event(?!\w)")):
            self.fail("expected fields, from and event")
        tests = self.conditions() if self.word("where") else []
        self.take(_GROUP)
        self.take(re.compile(r"as\s+#\w+"))
        if not self.take(_LIMIT):
            self.fail("expected AND, NOT, group, as or limit")
        return keep_if(all_of(tests) if tests else lambda row: True)

    def conditions(self) -> list[Test]:
        tests = [self.condition()]
        while True:
            if self.word("AND"):
                tests.append(self.condition())
            elif self.word("NOT"):
                tests.append(negate(self.condition()))
            else:
                return tests

    def condition(self) -> Test:
        field = self.take(_FIELD)
        if field is None:
            self.fail("expected a $field")
        if self.word("IN"):
            test = self.among()
        else:
            self.expect("=")
            test = self.regex() if self.word("regex") else self.value()
        if field[0] in _TIME:
            return lambda row: True
        name = field[0]
        return lambda row: row.get(name) is not None and test(text_of(row[name]))

    def value(self) -> Callable[[str], bool]:
        value = self.take(_VALUE)
        if value is None or value[0] in _KEYWORDS:
            self.fail("expected a value")
        pattern = glob(value[0])
        return lambda found: pattern.match(found) is not None

    def among(self) -> Callable[[str], bool]:
        self.expect("[")
        items: list[str] = []
        while not items or self.symbol(","):
            item = self.take(_VALUE)
            if item is None or "*" in item[0] or re.fullmatch(r"_\w+_", item[0]):
                self.fail("expected a plain item: no wildcard, no variable")
            items.append(item[0])
        self.expect("]")
        return lambda found: found in items

    def regex(self) -> Callable[[str], bool]:
        if not self.text.startswith("(", self.pos):
            self.fail("expected ( after regex")
        start = self.pos + 1
        body = self.text[start : self.closing(start)]
        self.pos = start + len(body) + 1
        flag = re.compile(r"i(?!\w)").match(self.text, self.pos)
        self.pos += 1 if flag else 0
        if not re.compile(r"\s|\Z").match(self.text, self.pos):
            self.fail("expected a blank after regex(...)")
        pattern = compile_or_fail(body, re.IGNORECASE if flag else 0, start)
        run = pattern.fullmatch if self.anchored else pattern.search
        return lambda found: run(found) is not None

    def closing(self, start: int) -> int:
        """Where the parenthesis that was opened before `start` closes."""
        depth = 1
        for match in re.compile(r"\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|[()]").finditer(
            self.text, start
        ):
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if depth == 0:
                return match.start()
        self.fail("unbalanced regex(", start)
