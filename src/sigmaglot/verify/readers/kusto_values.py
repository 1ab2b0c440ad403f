"""Kusto's values: types, casts, comparison and the scalar functions that `kusto.py` knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .base import ReadError, Record, holds, number_of, sign


@dataclass(frozen=True)
class Expr:
    """An expression: its static type (string, number, bool, datetime, timespan, list or unknown) and its value."""

    type: str
    value: Callable[[Record], object]
    literal: bool = False


def to_text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ReadError(f"a string operator on the {type(value).__name__} value {value!r}")
    return value


def to_bool(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ReadError(f"a predicate on the {type(value).__name__} value {value!r}")


def to_number(value: object) -> float | None:
    if value is None or isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ReadError(f"a number operator on the {type(value).__name__} value {value!r}")


def to_datetime(value: object) -> datetime | None:
    if isinstance(value, str) and value:
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ReadError(f"no datetime: {value!r}") from error
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if value is None or value == "":
        return None
    raise ReadError(f"a datetime operator on the {type(value).__name__} value {value!r}")


CAST: dict[str, Callable[[object], object]] = {
    "string": to_text, "number": to_number, "bool": to_bool, "datetime": to_datetime,
}  # fmt: skip


def cast(kind: str, value: object) -> object:
    """A record's value as one of a type; raises ReadError where it is of another."""
    return CAST[kind](value) if kind in CAST else value


def has_term(haystack: str, needle: str) -> bool:
    """`has`: the needle occurs with no letter or digit next to it."""
    start = haystack.find(needle)
    while start >= 0:
        end = start + len(needle)
        if not haystack[start - 1 : start].isalnum() and not haystack[end : end + 1].isalnum():
            return True
        start = haystack.find(needle, start + 1)
    return False


STRING_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, needle: needle in value,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "has": has_term,
}


def _family(a: Expr, b: Expr) -> str:
    """The common type of two operands, or unknown."""
    known = {expr.type for expr in (a, b)} - {"unknown"}
    if len(known) > 1:
        raise ReadError(f"cannot compare {a.type} with {b.type}")
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


def compare(op: str, a: Expr, b: Expr) -> Expr:
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
        raise ReadError(f"{op} on a {family}")
    return Expr("bool", run)


def _in_range(family: int) -> Callable[[object, object], bool | None]:
    """ipvN_is_in_range; the IPv6 one also takes IPv4 text, as the mapped address (Kusto documentation)."""

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


def _part(part: Callable[[datetime], int]) -> Callable[[object], int | None]:
    def run(value: object) -> int | None:
        moment = to_datetime(value)
        return None if moment is None else part(moment)

    return run


_PARTS: dict[str, Callable[[datetime], int]] = {
    "year": lambda d: d.year, "month": lambda d: d.month, "day": lambda d: d.day, "hour": lambda d: d.hour,
    "minute": lambda d: d.minute, "second": lambda d: d.second, "weekofyear": lambda d: d.isocalendar().week,
    "week_of_year": lambda d: d.isocalendar().week, "dayofyear": lambda d: d.timetuple().tm_yday,
}  # fmt: skip


def _datetime_part(part: object, value: object) -> int | None:
    if str(part).lower() not in _PARTS:
        raise ReadError(f"datetime_part {part!r}")
    return _part(_PARTS[str(part).lower()])(value)


def _to_string(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _to_long(value: object) -> int | None:
    number = number_of(value)
    return None if number is None else int(number)


# name: (result type, function, numbers of arguments, type that every argument must have)
FUNCTIONS: dict[str, tuple[str, Callable[..., object], range, str | None]] = {
    "isempty": ("bool", lambda v: v is None or v == "", range(1, 2), None),
    "isnotempty": ("bool", lambda v: not (v is None or v == ""), range(1, 2), None),
    "tostring": ("string", _to_string, range(1, 2), None),
    "tolower": ("string", lambda v: to_text(v).lower(), range(1, 2), "string"),
    "toupper": ("string", lambda v: to_text(v).upper(), range(1, 2), "string"),
    "strlen": ("number", lambda v: len(to_text(v)), range(1, 2), "string"),
    "tolong": ("number", _to_long, range(1, 2), None),
    "toint": ("number", _to_long, range(1, 2), None),
    "todouble": ("number", number_of, range(1, 2), None),
    "toreal": ("number", number_of, range(1, 2), None),
    "strcat": ("string", lambda *v: "".join(map(_to_string, v)), range(1, 65), None),
    "ipv4_is_in_range": ("bool", _in_range(4), range(2, 3), "string"),
    "ipv6_is_in_range": ("bool", _in_range(6), range(2, 3), "string"),
    "ipv4_is_match": ("bool", _ipv4_match, range(2, 4), None),
    "hourofday": ("number", _part(_PARTS["hour"]), range(1, 2), "datetime"),
    "dayofmonth": ("number", _part(_PARTS["day"]), range(1, 2), "datetime"),
    "monthofyear": ("number", _part(_PARTS["month"]), range(1, 2), "datetime"),
    "getyear": ("number", _part(_PARTS["year"]), range(1, 2), "datetime"),
    "week_of_year": ("number", _part(_PARTS["weekofyear"]), range(1, 2), "datetime"),
    "datetime_part": ("number", _datetime_part, range(2, 3), None),
}
