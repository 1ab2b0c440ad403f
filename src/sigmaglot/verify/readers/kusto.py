"""Kusto (Defender XDR, Sentinel): the tabular operators and predicates that a hunting query needs.

Facts: Microsoft's Kusto documentation (string operators, string literals, null values, in(), ipv4_is_in_range()).

Decisions:
    - `types` (column -> string, long, real, bool, datetime, dynamic) makes columns and operand types
      checked while reading. Without it a type shows only in values: a string literal against an int value raises
      when matching, and `isnull` of an absent column raises, since a string is never null and a long may be.
    - A missing or None column is "" where a string is wanted and null elsewhere; `null != 5` is true, `null == 5`
      false, order comparisons with null are null, and `where` keeps only true.
    - A `has` needle must begin and end alphanumeric (LANGUAGES.md: engines disagree on the others).
    - `now` fixes the clock that `ago()` and `now()` read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .base import Query, ReadError, Record, Scanner, Stage, and3, keep_if, not3, or3
from .kusto_values import (
    FUNCTIONS,
    STRING_TESTS,
    Expr,
    cast,
    compare,
    has_term,
    to_bool,
    to_datetime,
    to_text,
)
from .regexes import re2

_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(?![\w.])")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)(?!\w)")
_STRING = re.compile(r"[hH]?(?P<at>@?)(?P<quote>[\"'])")
_ESCAPE = re.compile(r"\\(?:([\\\"'abfnrtv])|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_OPERATOR = re.compile(
    r"==|=~|!=|!~|<=|>=|<(?!>)|>|matches\s+regex\b"
    r"|!?(?:in~|in(?![\w~])|(?:contains|startswith|endswith|has)(?:_cs)?(?!\w))|has_(?:any|all)(?!\w)"
)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RESERVED = {
    "and",
    "or",
    "in",
    "contains",
    "has",
    "startswith",
    "endswith",
    "matches",
    "by",
    "where",
}
_TYPES = {
    "int": "number",
    "long": "number",
    "real": "number",
    "decimal": "number",
    "boolean": "bool",
}
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def read(text: str, types: Mapping[str, str] | None = None, now: datetime | None = None) -> Query:
    """Read a query of one table. Raises ReadError."""
    return _Parser(text, types, now or datetime.now(UTC)).query()


class _Parser(Scanner):
    def __init__(self, text: str, types: Mapping[str, str] | None, now: datetime) -> None:
        super().__init__(text, blank=r"(?:\s|//[^\n]*)*")
        self.types = None if types is None else {k: _TYPES.get(v, v) for k, v in types.items()}
        self.now = now

    # -- stages -------------------------------------------------------------------------------------------------

    def query(self) -> Query:
        table, stages, names = self.name(), [], []
        while not self.at_end():
            self.expect("|")
            operator = self.take(re.compile(r"[a-z]+(?:-[a-z]+)*"))
            if operator is None or operator[0] not in _STAGES:
                self.fail(f"unknown tabular operator {operator[0] if operator else ''}")
            stages.append(_STAGES[operator[0]](self))
            names.append(operator[0])
        return Query(self.text, tuple(stages), tuple(names), table)

    def name(self) -> str:
        start = self.pos
        match = self.take(re.compile(r"\[(['\"])([^'\"\\]+)\1\]")) or self.take(_NAME)
        if match is None or match[0] in _RESERVED:
            self.fail("expected a name", start)
        return match[2] if match[0][0] == "[" else match[0]

    def where(self) -> Stage:
        return keep_if(self.predicate(self.expr()))

    def extend(self) -> Stage:
        columns = self.columns(named=True)
        return lambda row: {**row, **{name: expr.value(row) for name, expr in columns}}

    def project(self) -> Stage:
        columns = self.columns(named=False)
        self.types = {name: expr.type for name, expr in columns}
        return lambda row: {name: expr.value(row) for name, expr in columns}

    def columns(self, *, named: bool) -> list[tuple[str, Expr]]:
        """`c = expr, ...`; a bare column stands for itself where `named` is false. Sees no column that it makes."""
        out = []
        while True:
            name = self.name()
            if self.take(re.compile(r"=(?![=~])")):
                out.append((name, self.expr()))
            elif named:
                self.fail("expected name = expression")
            else:
                out.append((name, self.column(name)))
            if not self.symbol(","):
                break
        if self.types is not None:
            self.types = {**self.types, **{name: expr.type for name, expr in out}}
        return out

    def sort(self) -> Stage:
        if not self.word("by"):
            self.fail("expected by")
        while True:
            self.column(self.name())
            self.take(re.compile(r"(?:asc|desc)\b"))
            if not self.symbol(","):
                return lambda row: row

    def limit(self) -> Stage:
        if not self.take(re.compile(r"\d+\b")):
            self.fail("expected a number of rows")
        return lambda row: row

    # -- predicates ---------------------------------------------------------------------------------------------

    def predicate(self, expr: Expr) -> Callable[[Record], bool | None]:
        if expr.type not in ("bool", "unknown"):
            self.fail(f"a {expr.type} where a predicate is wanted")
        return lambda row: to_bool(expr.value(row))

    def expr(self) -> Expr:
        return self.chain("or", or3, lambda: self.chain("and", and3, self.comparison))

    def chain(self, word: str, join: Callable[..., object], operand: Callable[[], Expr]) -> Expr:
        parts = [operand()]
        while self.word(word):
            parts.append(operand())
        if len(parts) == 1:
            return parts[0]
        return Expr("bool", join([self.predicate(part) for part in parts]))  # type: ignore[arg-type]

    def comparison(self) -> Expr:
        left = self.primary()
        operator = self.take(_OPERATOR)
        if operator is None:
            return left
        op, at = operator[0], operator.start()
        try:
            result = self.operation(" ".join(op.split()), left)
        except ReadError as error:
            raise ReadError(error.message, error.offset or at) from error
        if self.peek(_OPERATOR):
            self.fail("comparisons do not chain")
        return result

    def operation(self, op: str, left: Expr) -> Expr:
        if op in ("==", "!=", "<", "<=", ">", ">="):
            return compare(op, left, self.primary())
        base = op.removeprefix("!")
        if base in ("in", "in~"):
            result = self.membership(base, left)
        elif base == "matches regex":
            result = self.regex(left)
        elif base in ("has_any", "has_all"):
            result = self.terms(base, left)
        else:
            result = self.string_test(base, left, self.primary())
        return Expr("bool", not3(self.predicate(result))) if op[0] == "!" else result

    def strings(self, *exprs: Expr) -> None:
        for expr in exprs:
            if expr.type not in ("string", "unknown", "dynamic"):
                self.fail(f"a string operator on a {expr.type}")

    def string_test(self, op: str, left: Expr, right: Expr) -> Expr:
        self.strings(left, right)
        if op in ("=~", "~"):
            return Expr(
                "bool",
                lambda row: to_text(left.value(row)).lower() == to_text(right.value(row)).lower(),
            )
        cased, test = op.endswith("_cs"), STRING_TESTS[op.removesuffix("_cs")]
        if test is has_term and right.literal:
            self.check_term(str(right.value({})))

        def run(row: Record) -> bool:
            value, needle = to_text(left.value(row)), to_text(right.value(row))
            return test(value, needle) if cased else test(value.lower(), needle.lower())

        return Expr("bool", run)

    def check_term(self, needle: str) -> None:
        if not needle or not needle[0].isalnum() or not needle[-1].isalnum():
            self.fail(f"has {needle!r}: engines disagree on a term with such an edge")

    def items(self) -> list[Expr]:
        """`(a, b)` or `(dynamic([a, b]))`."""
        self.expect("(")
        items = [self.expr()]
        while self.symbol(","):
            items.append(self.expr())
        self.expect(")")
        if len(items) == 1 and items[0].type == "list":
            constants: Any = items[0].value({})
            return list(constants)
        return items

    def membership(self, op: str, left: Expr) -> Expr:
        items = self.items()
        if op == "in~":
            self.strings(left, *items)
            return Expr(
                "bool",
                lambda row: (
                    to_text(left.value(row)).lower()
                    in {to_text(i.value(row)).lower() for i in items}
                ),
            )
        return Expr("bool", or3([compare("==", left, item).value for item in items]))  # type: ignore[misc]

    def terms(self, op: str, left: Expr) -> Expr:
        tests = [self.string_test("has", left, item) for item in self.items()]
        return Expr(
            "bool", (or3 if op == "has_any" else and3)([self.predicate(test) for test in tests])
        )

    def regex(self, left: Expr) -> Expr:
        self.skip()
        at, right = self.pos, self.primary()
        self.strings(left, right)
        if not right.literal:
            self.fail("matches regex wants a literal", at)
        pattern = re2(str(right.value({})), at)
        return Expr("bool", lambda row: pattern.search(to_text(left.value(row))) is not None)

    # -- operands -----------------------------------------------------------------------------------------------

    def primary(self) -> Expr:
        if self.symbol("("):
            inner = self.expr()
            self.expect(")")
            return inner
        if self.peek(_STRING):
            return self.constant("string", self.string())
        for pattern, make in ((_SPAN, self.span), (_NUMBER, self.number)):
            match = self.take(pattern)
            if match:
                return make(match)
        at, name = self.pos, self.name()
        if name in ("true", "false"):
            return self.constant("bool", name == "true")
        if self.symbol("("):
            return self.call(name, at)
        if self.peek(re.compile(r"[.\[]")):
            self.fail("a path into a dynamic value")
        return self.column(name)

    def constant(self, kind: str, value: object) -> Expr:
        return Expr(kind, lambda row: value, literal=True)

    def span(self, match: re.Match[str]) -> Expr:
        return self.constant("timespan", timedelta(seconds=float(match[1]) * _UNITS[match[2]]))

    def number(self, match: re.Match[str]) -> Expr:
        return self.constant("number", float(match[0]) if match[1] else int(match[0]))

    def column(self, name: str) -> Expr:
        if self.types is None:
            return Expr("unknown", lambda row: row.get(name))
        if name not in self.types:
            self.fail(f"no column {name}")
        kind = self.types[name]
        return Expr("unknown" if kind == "dynamic" else kind, lambda row: cast(kind, row.get(name)))

    def string(self) -> str:
        opening = self.take(_STRING)
        assert opening
        quote = opening["quote"]
        out: list[str] = []
        while True:
            char = self.text[self.pos : self.pos + 1]
            if char in ("", "\n", "\r"):
                self.fail("unbalanced quote", opening.start())
            if char == quote and not (opening["at"] and self.text.startswith(quote * 2, self.pos)):
                self.pos += 1
                return "".join(out)
            escape = None if opening["at"] else _ESCAPE.match(self.text, self.pos)
            if char == "\\" and not opening["at"] and escape is None:
                self.fail("unknown escape")
            out.append(self.unescape(escape) if escape else char)
            self.pos += len(escape[0]) if escape else 2 if char == quote else 1

    @staticmethod
    def unescape(match: re.Match[str]) -> str:
        return _CONTROL.get(match[1], match[1]) if match[1] else chr(int(match[2] or match[3], 16))

    def call(self, name: str, at: int) -> Expr:
        if name == "dynamic":
            return self.dynamic()
        if name == "datetime":
            match = self.take(re.compile(r"[\dT:.+Z -]+"))
            self.expect(")")
            return self.constant("datetime", to_datetime(match[0].strip() if match else None))
        args: list[Expr] = []
        while not self.symbol(")"):
            if args:
                self.expect(",")
            args.append(self.expr())
        if name == "not" and len(args) == 1:
            return Expr("bool", not3(self.predicate(args[0])))
        if name == "coalesce" and len(args) == 2:
            first, second = args
            return Expr(
                first.type,
                lambda row: second.value(row) if first.value(row) is None else first.value(row),
            )
        if name in ("isnull", "isnotnull") and len(args) == 1:
            return self.null_test(args[0], name == "isnull")
        if (name, [arg.type for arg in args]) in (("now", []), ("ago", ["timespan"])):
            past: Any = args[0].value({}) if args else timedelta(0)
            return self.constant("datetime", self.now - past)
        if name not in FUNCTIONS or len(args) not in FUNCTIONS[name][2]:
            self.fail(f"unknown function {name} of {len(args)}", at)
        kind, function, _, wanted = FUNCTIONS[name]
        for arg in args:
            if wanted and arg.type not in ("unknown", wanted):
                self.fail(f"{name} wants a {wanted}, not a {arg.type}", at)
        return Expr(kind, lambda row: function(*(arg.value(row) for arg in args)))

    def null_test(self, arg: Expr, wanted: bool) -> Expr:
        def run(row: Record) -> bool:
            value = arg.value(row)
            if value is None and arg.type == "unknown":
                raise ReadError("isnull of an absent column: give `types`, a string is never null")
            return (value is None) == wanted

        return Expr("bool", run)

    def dynamic(self) -> Expr:
        self.expect("[")
        items: list[Expr] = []
        while not self.symbol("]"):
            if items:
                self.expect(",")
            items.append(self.primary())
            if not items[-1].literal:
                self.fail("dynamic wants literals")
        self.expect(")")
        return Expr("list", lambda row: items)


_STAGES: dict[str, Callable[[_Parser], Stage]] = {
    "where": _Parser.where, "filter": _Parser.where, "extend": _Parser.extend, "project": _Parser.project,
    "order": _Parser.sort, "sort": _Parser.sort, "take": _Parser.limit, "limit": _Parser.limit,
}  # fmt: skip
