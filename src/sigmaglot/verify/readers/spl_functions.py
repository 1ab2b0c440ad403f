"""The functions of Splunk's eval expressions.

Facts: Splunk's Search Reference (evaluation functions, date and time format variables). Decisions:
    - A function of NULL is NULL, but for isnull, isnotnull, coalesce, if and case.
    - Times are UTC (Splunk takes the user's zone). A time format that `_WRITTEN` or `_PARSED`
      lacks raises.
    - What `_FUNCTIONS` lacks raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from lark import Token

from .base import ReadError, Record, Ternary, in_network, number_of, text_of
from .spl_eval import Arguments, Expr, among, like, offset_of, predicate, strict, tidy, value

Make: TypeAlias = Callable[[Arguments], Expr]

_DIRECTIVE = re.compile(r"%(?:\d?[A-Za-z]|%|$)")
_WRITTEN = {
    **{f"%{letter}": f"%{letter}" for letter in "YmdHMSyjbBaApIwz%"},
    "%F": "%Y-%m-%d",
    "%T": "%H:%M:%S",
    "%V": "%V",
    "%6N": "%f",
}
_PARSED = {key: form for key, form in _WRITTEN.items() if key != "%V"} | {"%3N": "%f"}


def call(name: Token, *args: Expr) -> Expr:
    """Return the call of a function.

    Raises:
        ReadError: The function is not modelled, or not with these arguments.
    """
    offset, count = offset_of(name), len(args)
    fewest, most, make = _FUNCTIONS.get(str(name), (1, 0, _constant(None)))
    if not fewest <= count <= most:
        raise ReadError(f"unknown function {name} of {count}", offset)
    return replace(make(args), offset=offset)


def _constant(result: object) -> Make:
    return lambda _args: Expr(True, lambda _row: result)


def _simple(function: Callable[[object], object]) -> Make:
    return lambda args: strict(False, function, value(args[0]), 0)


def _null(wanted: bool) -> Make:
    def make(args: Arguments) -> Expr:
        found = value(args[0])
        return Expr(True, lambda row: (found(row) is None) == wanted)

    return make


def _cidr(args: Arguments) -> Expr:
    network = args[0].constant
    if network is None or in_network(network.partition("/")[0], network) is None:
        raise ReadError("cidrmatch wants a literal network", args[0].offset)
    return strict(True, lambda found: in_network(found, network) is True, value(args[1]), 0)


def _if(args: Arguments) -> Expr:
    return _branch([(predicate(args[0]), args[1])], args[2])


def _case(args: Arguments) -> Expr:
    """`case(test, value, ...)`: the value of the first test that is true, else NULL."""
    if len(args) % 2:
        raise ReadError("case() of an odd number", args[-1].offset)
    pairs = list(zip(map(predicate, args[::2]), args[1::2], strict=True))
    return _branch(pairs, Expr(args[1].is_bool, lambda _row: None))


def _branch(pairs: list[tuple[Ternary, Expr]], other: Expr) -> Expr:
    if any(then.is_bool != other.is_bool for _, then in pairs):
        raise ReadError("if() or case() of a boolean and a value", pairs[0][1].offset)

    def run(row: Record) -> object:
        return next((then for test, then in pairs if test(row) is True), other).run(row)

    return Expr(other.is_bool, run)


def _coalesce(args: Arguments) -> Expr:
    values = [value(arg) for arg in args]

    def run(row: Record) -> object:
        return next((found for each in values if (found := each(row)) is not None), None)

    return Expr(False, run)


def _substring(args: Arguments) -> Expr:
    """`substr(text, start[, length])`: counts from 1, from the end below 0.

    A start of 0 is not documented; it is NULL here.
    """
    text, start, *rest = [value(arg) for arg in args]

    def run(row: Record) -> str | None:
        found, first = text(row), number_of(start(row))
        length = number_of(rest[0](row)) if rest else None
        if found is None or not first or (rest and length is None):
            return None
        tail = text_of(found)[int(first) - 1 if first > 0 else int(first) :]
        return tail if length is None else tail[: int(length)]

    return Expr(False, run)


def _time(convert: Callable[[object, str], object], directives: Mapping[str, str]) -> Make:
    def make(args: Arguments) -> Expr:
        moment, form = args
        if form.constant is None:
            raise ReadError("a time format that is no literal", form.offset)
        python_form = _DIRECTIVE.sub(
            lambda match: _directive(match[0], directives, form.offset), form.constant
        )
        return strict(False, lambda found: convert(found, python_form), value(moment), 0)

    return make


def _directive(directive: str, known: Mapping[str, str], offset: int) -> str:
    """Return Python's form of a directive. Raises ReadError where it is not modelled."""
    if directive not in known:
        raise ReadError(f"{directive} in a time format, which is not modelled", offset)
    return known[directive]


def _strftime(moment: object, form: str) -> str | None:
    seconds = number_of(moment)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(form)


def _strptime(text: object, form: str) -> float | None:
    try:
        parsed = datetime.strptime(text_of(text), form)  # noqa: DTZ007 - the zone follows
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


_MANY = 1 << 30
_FUNCTIONS: Mapping[str, tuple[int, int, Make]] = {
    "lower": (1, 1, _simple(lambda found: text_of(found).lower())),
    "upper": (1, 1, _simple(lambda found: text_of(found).upper())),
    "len": (1, 1, _simple(lambda found: len(text_of(found)))),
    "tonumber": (1, 1, _simple(lambda found: tidy(number_of(found)))),
    "tostring": (1, 1, _simple(text_of)),
    "isnull": (1, 1, _null(True)),
    "isnotnull": (1, 1, _null(False)),
    "null": (0, 0, lambda _args: Expr(False, lambda _row: None)),
    "true": (0, 0, _constant(True)),
    "false": (0, 0, _constant(False)),
    "like": (2, 2, lambda args: like(*args)),
    "in": (2, _MANY, lambda args: among(*args)),
    "cidrmatch": (2, 2, _cidr),
    "if": (3, 3, _if),
    "case": (2, _MANY, _case),
    "coalesce": (1, _MANY, _coalesce),
    "substr": (2, 3, _substring),
    "strftime": (2, 2, _time(_strftime, _WRITTEN)),
    "strptime": (2, 2, _time(_strptime, _PARSED)),
}
"""A function's fewest and most arguments, and what it makes of them."""
