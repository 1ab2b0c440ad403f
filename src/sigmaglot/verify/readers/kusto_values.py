"""Kusto's values: types, casts, comparison and the scalar functions that `kusto.py` knows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .base import ReadError, Record, holds, number_of, sign

ESCAPE = re.compile(r"\\(?:([\\\"'abfnrtv])|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))")
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class UnlikeTypesError(ReadError):
    """Operands of types that an operator does not take."""


@dataclass(frozen=True)
class Expr:
    """An expression.

    Attributes:
        type: string, number, bool, datetime, timespan, list, or unknown.
        value: What it is in a record.
        literal: Whether it is the same in every record, an empty one included.
    """

    type: str
    value: Callable[[Record], object]
    literal: bool = False


def constant(kind: str, value: object) -> Expr:
    """Return a literal of a type."""
    return Expr(kind, lambda _row: value, literal=True)


def unescape(match: re.Match[str]) -> str:
    """Return the character that a match of `ESCAPE` stands for."""
    return _CONTROL.get(match[1], match[1]) if match[1] else chr(int(match[2] or match[3], 16))


def fold(text: str) -> str:
    """Return a text without letter case, letter by letter: a last sigma is like any other."""
    return text.replace("\N{GREEK CAPITAL LETTER SIGMA}", "\N{GREEK SMALL LETTER SIGMA}").lower()


# -- casts of a record's values -----------------------------------------------------------------


def _not_a(kind: str, value: object) -> ReadError:
    return ReadError(f"a {type(value).__name__} value where a {kind} is wanted: {value!r}")


def to_text(value: object) -> str:
    """Return a string; an absent one is empty. Raises ReadError for another type."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _not_a("string", value)
    return value


def to_bool(value: object) -> bool | None:
    """Return a bool or null. Raises ReadError for another type."""
    if value is None or isinstance(value, bool):
        return value
    raise _not_a("bool", value)


def to_number(value: object) -> float | None:
    """Return a number or null. Raises ReadError for another type."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise _not_a("number", value)


def to_datetime(value: object) -> datetime | None:
    """Return a moment in UTC, or null; a text is read as ISO 8601. Raises ReadError otherwise."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ReadError(f"no datetime: {value!r}") from error
    if not isinstance(value, datetime):
        raise _not_a("datetime", value)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


_CASTS: dict[str, Callable[[object], object]] = {
    "string": to_text,
    "number": to_number,
    "bool": to_bool,
    "datetime": to_datetime,
}


def cast(kind: str, value: object) -> object:
    """Return a record's value as one of a type. Raises ReadError where it is of another."""
    return _CASTS[kind](value) if kind in _CASTS else value


# -- tests --------------------------------------------------------------------------------------


def has_term(haystack: str, needle: str) -> bool:
    """Return whether the needle occurs with no letter or digit next to it, as `has` asks."""
    start = haystack.find(needle)
    while start >= 0:
        end = start + len(needle)
        if not haystack[start - 1 : start].isalnum() and not haystack[end : end + 1].isalnum():
            return True
        start = haystack.find(needle, start + 1)
    return False


STRING_TESTS: dict[str, Callable[[str, str], bool]] = {
    "=~": str.__eq__,
    "contains": str.__contains__,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "has": has_term,
}


def compare(op: str, a: Expr, b: Expr) -> Expr:
    """Return a comparison.

    Raises:
        UnlikeTypesError: The operands are of two types, or have no order.
    """

    def run(row: Record) -> bool | None:
        left, right = _operands(a, b, row)
        if left is None or right is None:
            both = left is None and right is None
            return None if both or op not in ("==", "!=") else op == "!="
        if op[0] in "<>" and isinstance(left, str | bool):
            raise ReadError(f"{op} on the {type(left).__name__} value {left!r}")
        return holds(op, sign(left, right))

    family = _family(a, b)
    if op[0] in "<>" and family in ("string", "bool"):
        raise UnlikeTypesError(f"{op} on a {family}")
    return Expr("bool", run)


def _family(a: Expr, b: Expr) -> str:
    """Return the common type of two operands, or unknown."""
    known = {expr.type for expr in (a, b)} - {"unknown"}
    if len(known) > 1:
        raise UnlikeTypesError(f"a {a.type} compared with a {b.type}")
    return known.pop() if known else "unknown"


def _operands(a: Expr, b: Expr, row: Record) -> tuple[object, object]:
    left, right, family = a.value(row), b.value(row), _family(a, b)
    if family == "unknown":
        samples = [x for x in (left, right) if x is not None]
        if not samples:
            raise ReadError(
                "two absent columns: give `types`, strings would be equal and numbers null"
            )
        family = {str: "string", bool: "bool", datetime: "datetime"}.get(type(samples[0]), "number")
    return cast(family, left), cast(family, right)


def coalesce(a: Expr, b: Expr) -> Expr:
    """Return the first of two expressions that is neither null nor an empty string."""

    def run(row: Record) -> object:
        value = a.value(row)
        return b.value(row) if value is None or value == "" else value

    return Expr(a.type, run)


# -- functions ----------------------------------------------------------------------------------


def _in_range(family: int) -> Callable[[object, object], bool | None]:
    """Return ipv4_is_in_range or ipv6_is_in_range; null where a text is no address.

    The latter also takes IPv4 text, as the mapped address (Kusto documentation).
    """

    def address(text: str) -> tuple[int, int]:
        host, _, prefix = text.partition("/")
        parsed = ipaddress.ip_address(host)
        if parsed.version == family:
            return int(parsed), int(prefix or parsed.max_prefixlen)
        if family == 4:
            raise ValueError(text)
        return int(parsed) | 0xFFFF << 32, 96 + int(prefix or 32)

    def run(value: object, network: object) -> bool | None:
        try:
            (left, _), (right, prefix) = address(to_text(value)), address(to_text(network))
        except ValueError:
            return None
        shift = (32 if family == 4 else 128) - prefix
        return left >> shift == right >> shift

    return run


def _ipv4_match(left: object, right: object, prefix: object = 32) -> bool | None:
    texts, limit = (to_text(left), to_text(right)), to_number(prefix)
    masks = [text.partition("/")[2] for text in texts if "/" in text]
    if limit is None or not all(mask.isdecimal() for mask in masks):
        return None
    shortest = min(int(limit), *map(int, masks), 32)
    return _in_range(4)(texts[0].partition("/")[0], f"{texts[1].partition('/')[0]}/{shortest}")


_PARTS: dict[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "weekofyear": lambda moment: moment.isocalendar().week,
    "week_of_year": lambda moment: moment.isocalendar().week,
    "dayofyear": lambda moment: moment.timetuple().tm_yday,
}


def _datetime_part(part: object, value: object) -> int | None:
    name, moment = str(part).lower(), to_datetime(value)
    if name not in _PARTS:
        raise ReadError(f"datetime_part {part!r}")
    return None if moment is None else _PARTS[name](moment)


def _part(name: str) -> Function:
    return Function("number", lambda value: _datetime_part(name, value), wanted="datetime")


def _to_string(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _to_long(value: object) -> int | None:
    number = number_of(value)
    return None if number is None else int(number)


@dataclass(frozen=True)
class Function:
    """A scalar function.

    Attributes:
        result: The type of its value.
        run: Its value for those of its arguments.
        counts: How many arguments it takes.
        wanted: The type that every argument must have, if any.
    """

    result: str
    run: Callable[..., object]
    counts: range = range(1, 2)
    wanted: str | None = None


_TWO = range(2, 3)
FUNCTIONS: dict[str, Function] = {
    "isempty": Function("bool", lambda value: value is None or value == ""),
    "isnotempty": Function("bool", lambda value: not (value is None or value == "")),
    "tostring": Function("string", _to_string),
    "tolower": Function("string", lambda value: fold(to_text(value)), wanted="string"),
    "toupper": Function("string", lambda value: to_text(value).upper(), wanted="string"),
    "strlen": Function("number", lambda value: len(to_text(value)), wanted="string"),
    **dict.fromkeys(("tolong", "toint"), Function("number", _to_long)),
    **dict.fromkeys(("todouble", "toreal"), Function("number", number_of)),
    "strcat": Function("string", lambda *values: "".join(map(_to_string, values)), range(1, 65)),
    "ipv4_is_in_range": Function("bool", _in_range(4), _TWO, "string"),
    "ipv6_is_in_range": Function("bool", _in_range(6), _TWO, "string"),
    "ipv4_is_match": Function("bool", _ipv4_match, range(2, 4)),
    "hourofday": _part("hour"),
    "dayofmonth": _part("day"),
    "monthofyear": _part("month"),
    "getyear": _part("year"),
    "week_of_year": _part("weekofyear"),
    "datetime_part": Function("number", _datetime_part, _TWO),
}
