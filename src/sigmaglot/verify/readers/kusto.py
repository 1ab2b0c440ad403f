"""Kusto (Defender XDR, Sentinel): the stages and predicates that a hunting query needs.

Facts: Microsoft's Kusto documentation (string operators, string literals, null values, in(),
coalesce(), ipv4_is_in_range()).

Decisions:
    - `types` (column to string, int, long, real, bool, datetime or dynamic) makes columns and
      operands checked while reading: this is where a comparison of unlike types is found.
      Without it a type shows only in values: a string literal against an int value raises when
      matching, and so does `isnull` of an absent column, as a string is never null and a long
      may be.
    - A missing or None column is "" where a string is wanted and null elsewhere. `null != 5` is
      true, `null == 5` false, an order comparison with null is null, and `where` keeps what is
      true.
    - A `has` needle must begin and end with a letter or digit: engines disagree on the others.
    - Letters change case one for one. A comparison of strings by order is not modelled.
    - `now` fixes the clock that `ago()` and `now()` read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .base import Query, ReadError, Record, Scanner, Stage, Ternary, and3, keep_if, not3, or3
from .kusto_functions import CHOICES, FUNCTIONS, arithmetic, between, member
from .kusto_values import (
    ESCAPE,
    STRING_TESTS,
    Expr,
    UnlikeTypesError,
    cast,
    compare,
    constant,
    fold,
    has_term,
    to_bool,
    to_datetime,
    to_text,
    unescape,
)
from .regexes import re2

_RESERVED = "and|or|in|contains|has|startswith|endswith|matches|by|where"
_NAME = re.compile(rf"(?!(?:{_RESERVED})\b)[A-Za-z_]\w*")
_QUOTED_NAME = re.compile(r"\[(['\"])([^'\"\\]+)\1\]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(?![\w.])")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)(?!\w)")
_STRING = re.compile(r"[hH]?(?P<at>@?)(?P<quote>[\"'])")
_OPERATOR = re.compile(
    r"==|=~|!=|!~|<=|>=|<(?!>)|>|matches\s+regex\b"
    r"|!?(?:in~|in(?![\w~])|(?:contains|startswith|endswith|has)(?:_cs)?(?!\w))|has_(?:any|all)(?!\w)"
)
_TYPES = {**dict.fromkeys(("int", "long", "real", "decimal"), "number"), "boolean": "bool"}
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def read(text: str, types: Mapping[str, str] | None = None, now: datetime | None = None) -> Query:
    """Return the query that a text says of one table.

    Args:
        text: The query.
        types: The table's columns and their Kusto types, to be checked.
        now: The time that the query runs at; the clock's where it is None.

    Raises:
        ReadError: The text is not of the language, compares unlike types, or says something that
            is not modelled.
    """
    parser = _Parser(text, types, now or datetime.now(UTC))
    try:
        return parser.query()
    except RecursionError:
        raise ReadError("nested too deeply to read", parser.pos) from None


class _Parser(Scanner):
    """Reads a query from left to right; a value of the language becomes an `Expr`."""

    def __init__(self, text: str, types: Mapping[str, str] | None, now: datetime) -> None:
        super().__init__(text, blank=r"(?:\s|//[^\n]*)*")
        self.types = None if types is None else {k: _TYPES.get(v, v) for k, v in types.items()}
        self.now = now

    # -- stages ---------------------------------------------------------------------------------

    def query(self) -> Query:
        table, stages, names = self.name(), [], []
        while not self.at_end():
            self.expect("|")
            operator = self.take(re.compile(r"[a-z]+(?:-[a-z]+)*"))
            if operator is None or operator[0] not in ROW_STAGES:
                self.fail(f"unknown tabular operator {operator[0] if operator else ''}")
            stages.append(ROW_STAGES[operator[0]](self))
            names.append(operator[0])
        return Query(self.text, tuple(stages), tuple(names), table)

    def name(self) -> str:
        start = self.pos
        if quoted := self.take(_QUOTED_NAME):
            return quoted[2]
        match = self.take(_NAME)
        return match[0] if match else self.fail("expected a name", start)

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
        """Return `c = expr, ...`, none of which sees another; a bare `c` unless all are named."""
        out = [self.new_column(named)]
        while self.symbol(","):
            out.append(self.new_column(named))
        if self.types is not None:
            self.types = {**self.types, **{name: expr.type for name, expr in out}}
        return out

    def new_column(self, named: bool) -> tuple[str, Expr]:
        name = self.name()
        if self.take(re.compile(r"=(?![=~])")):
            return name, self.expr()
        if named:
            self.fail("expected name = expression")
        return name, self.column(name)

    def sort(self) -> Stage:
        again: bool = self.word("by") or self.fail("expected by")
        while again:
            self.column(self.name())
            self.take(re.compile(r"(?:asc|desc)\b"))
            again = self.symbol(",")
        return lambda row: row

    def limit(self) -> Stage:
        if not self.take(re.compile(r"\d+\b")):
            self.fail("expected a number of rows")
        return lambda row: row

    # -- predicates -----------------------------------------------------------------------------

    def predicate(self, expr: Expr) -> Ternary:
        if expr.type not in ("bool", "unknown"):
            self.fail(f"a {expr.type} where a predicate is wanted")
        return lambda row: to_bool(expr.value(row))

    def expr(self) -> Expr:
        return self.chain("or", or3, lambda: self.chain("and", and3, self.comparison))

    def chain(
        self, word: str, join: Callable[[list[Ternary]], Ternary], operand: Callable[[], Expr]
    ) -> Expr:
        parts = [operand()]
        while self.word(word):
            parts.append(operand())
        if len(parts) == 1:
            return parts[0]
        return Expr("bool", join([self.predicate(part) for part in parts]))

    def comparison(self) -> Expr:
        self.skip()
        start, left = self.pos, arithmetic(self)
        operator = self.take(_OPERATOR)
        if operator is None:
            return between(self, left)
        try:
            result = self.operation(" ".join(operator[0].split()), left)
        except UnlikeTypesError as error:
            said = " ".join(self.text[start : self.pos].split())
            raise ReadError(f"{error.message} in `{said}`", operator.start()) from error
        if self.peek(_OPERATOR):
            self.fail("comparisons do not chain")
        return result

    def operation(self, op: str, left: Expr) -> Expr:
        if op in _COMPARISONS:
            return compare(op, left, arithmetic(self))
        base = op.removeprefix("!")
        if base in ("in", "in~"):
            result = self.membership(base, left)
        elif base == "matches regex":
            result = self.regex(left)
        elif base in ("has_any", "has_all"):
            result = self.terms(base, left)
        else:
            result = self.string_test("=~" if base == "~" else base, left, self.primary())
        return Expr("bool", not3(self.predicate(result))) if op[0] == "!" else result

    def strings(self, op: str, *exprs: Expr) -> None:
        for expr in exprs:
            if expr.type not in ("string", "unknown", "dynamic"):
                raise UnlikeTypesError(f"{op} on a {expr.type}")

    def string_test(self, op: str, left: Expr, right: Expr) -> Expr:
        self.strings(op, left, right)
        test = STRING_TESTS[op.removesuffix("_cs")]
        if test is has_term and right.literal:
            self.check_term(str(right.value({})))
        spell = str if op.endswith("_cs") else fold

        def run(row: Record) -> bool:
            return test(spell(to_text(left.value(row))), spell(to_text(right.value(row))))

        return Expr("bool", run)

    def check_term(self, needle: str) -> None:
        if not needle or not needle[0].isalnum() or not needle[-1].isalnum():
            self.fail(f"has {needle!r}: engines disagree on a term with such an edge")

    def items(self) -> list[Expr]:
        """Return what stands in `(a, b)` or `(dynamic([a, b]))`."""
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
        if op == "in":
            equal = [self.predicate(compare("==", left, item)) for item in items]
            return Expr("bool", or3(equal))
        self.strings(op, left, *items)
        fixed = {fold(to_text(item.value({}))) for item in items if item.literal}
        others = [item for item in items if not item.literal]

        def run(row: Record) -> bool:
            value = fold(to_text(left.value(row)))
            return value in fixed or any(value == fold(to_text(i.value(row))) for i in others)

        return Expr("bool", run)

    def terms(self, op: str, left: Expr) -> Expr:
        tests = [self.predicate(self.string_test("has", left, item)) for item in self.items()]
        return Expr("bool", or3(tests) if op == "has_any" else and3(tests))

    def regex(self, left: Expr) -> Expr:
        self.skip()
        at, right = self.pos, self.primary()
        self.strings("matches regex", left, right)
        if not right.literal:
            self.fail("matches regex wants a literal", at)
        pattern = re2(str(right.value({})), at)
        return Expr("bool", lambda row: pattern.search(to_text(left.value(row))) is not None)

    # -- operands -------------------------------------------------------------------------------

    def primary(self) -> Expr:
        if self.symbol("("):
            inner = self.expr()
            self.expect(")")
            return inner
        if opening := self.take(_STRING):
            return constant("string", self.string(opening))
        for pattern, make in ((_SPAN, self.span), (_NUMBER, self.number)):
            match = self.take(pattern)
            if match:
                return make(match)
        return self.named()

    def named(self) -> Expr:
        """Return what a name says: a constant, a call or a column."""
        at, name = self.pos, self.name()
        if name in ("true", "false"):
            return constant("bool", name == "true")
        if self.symbol("("):
            return member(self, self.call(name, at))
        if self.peek(re.compile(r"\.(?!\.)|\[")):
            self.fail("a path into a dynamic value")
        return self.column(name)

    def span(self, match: re.Match[str]) -> Expr:
        return constant("timespan", timedelta(seconds=float(match[1]) * _UNITS[match[2]]))

    def number(self, match: re.Match[str]) -> Expr:
        return constant("number", float(match[0]) if match[1] else int(match[0]))

    def column(self, name: str) -> Expr:
        if self.types is None:
            return Expr("unknown", lambda row: row.get(name))
        if name not in self.types:
            self.fail(f"no column {name}")
        kind = self.types[name]
        return Expr("unknown" if kind == "dynamic" else kind, lambda row: cast(kind, row.get(name)))

    def string(self, opening: re.Match[str]) -> str:
        """Return the rest of a literal whose opening was taken."""
        quote, verbatim = opening["quote"], opening["at"]
        out: list[str] = []
        while True:
            char = self.text[self.pos : self.pos + 1]
            if char in ("", "\n", "\r"):
                self.fail("unbalanced quote", opening.start())
            if char == quote and not (verbatim and self.text.startswith(quote * 2, self.pos)):
                self.pos += 1
                return "".join(out)
            if char == "\\" and not verbatim:
                out.append(self.escape())
            else:
                out.append(char)
                self.pos += 2 if char == quote else 1

    def escape(self) -> str:
        match = ESCAPE.match(self.text, self.pos) or self.fail("unknown escape")
        self.pos = match.end()
        return unescape(match)

    # -- calls ----------------------------------------------------------------------------------

    def call(self, name: str, at: int) -> Expr:
        if name in _LITERALS:
            return _LITERALS[name](self)
        args: list[Expr] = []
        while not self.symbol(")"):
            if args:
                self.expect(",")
            args.append(self.expr())
        form, counts = _FORMS.get(name, (None, range(0)))
        if form and len(args) in counts:
            return form(self, name, args)
        if name not in FUNCTIONS or len(args) not in FUNCTIONS[name].counts:
            self.fail(f"unknown function {name} of {len(args)}", at)
        function = FUNCTIONS[name]
        for arg in args:
            if function.wanted and arg.type not in ("unknown", function.wanted):
                self.fail(f"{name} wants a {function.wanted}, not a {arg.type}", at)
        run = function.run
        return Expr(function.result, lambda row: run(*(arg.value(row) for arg in args)))

    def negation(self, _name: str, args: list[Expr]) -> Expr:
        return Expr("bool", not3(self.predicate(args[0])))

    def null_test(self, name: str, args: list[Expr]) -> Expr:
        arg, wanted = args[0], name == "isnull"

        def run(row: Record) -> bool:
            value = arg.value(row)
            if value is None and arg.type == "unknown":
                raise ReadError("isnull of an absent column: give `types`, a string is never null")
            return (value is None) == wanted

        return Expr("bool", run)

    def clock(self, name: str, args: list[Expr]) -> Expr:
        if [arg.type for arg in args] != ([] if name == "now" else ["timespan"]):
            self.fail(f"{name} of {len(args)}, or of something that is no timespan")
        past: Any = args[0].value({}) if args else timedelta(0)
        return constant("datetime", self.now - past)

    def moment(self) -> Expr:
        match = self.take(re.compile(r"[\dT:.+Z -]+"))
        self.expect(")")
        return constant("datetime", to_datetime(match[0].strip() if match else None))

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
        return Expr("list", lambda _row: items)


ROW_STAGES: dict[str, Callable[[_Parser], Stage]] = {
    **dict.fromkeys(("where", "filter"), _Parser.where),
    **dict.fromkeys(("order", "sort"), _Parser.sort),
    **dict.fromkeys(("take", "limit"), _Parser.limit),
    "extend": _Parser.extend,
    "project": _Parser.project,
}
_LITERALS = {"datetime": _Parser.moment, "dynamic": _Parser.dynamic}
_FORMS: dict[str, tuple[Callable[[_Parser, str, list[Expr]], Expr], range]] = {
    "not": (_Parser.negation, range(1, 2)),
    **CHOICES,
    "isnull": (_Parser.null_test, range(1, 2)),
    "isnotnull": (_Parser.null_test, range(1, 2)),
    "now": (_Parser.clock, range(1)),
    "ago": (_Parser.clock, range(1, 2)),
}
"""What is no plain function of its arguments' values, and how many arguments it takes."""
