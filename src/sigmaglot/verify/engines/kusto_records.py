"""Records as Kusto stores them: each column's values, of the type that the schema gives it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from sigmaglot.verify.engines.model import CannotRunError, Record

ODD_CASE = re.compile("[\u0130\u0131\u017f\u212a\u1e9e\u01c5\u01c8\u01cb\u01f2]")
"""Letters that are one of more than two cases, or the case of a letter that is not theirs."""


def column(records: Sequence[Record], name: str, kind: str) -> list[object]:
    """Return the values of a column whose type is string, dynamic, long, int, bool or datetime.

    A string is never null: an absent one is empty, as is the JSON of an absent dynamic value. Of
    the other types it is None. A datetime is in UTC without its zone, to the microsecond.

    Raises:
        CannotRunError: A value is of another type, or engines disagree on its letter case.
    """
    convert = _CONVERT[kind]
    try:
        return [convert(record.get(name)) for record in records]
    except (TypeError, ValueError) as error:
        raise CannotRunError(f"a record's `{name}`: {error}") from error


def _string(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    if ODD_CASE.search(value):
        raise ValueError(f"engines disagree on the letter case of {value!r}")
    return value


def _integer(value: object, bits: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise ValueError(f"{value} does not fit into {bits} bits")
    return value


def _boolean(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"{value!r} is no bool")


def _datetime(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise TypeError(f"{value!r} is no datetime")
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


_CONVERT: dict[str, Callable[[object], object]] = {
    "string": _string,
    "dynamic": _string,
    "long": partial(_integer, bits=64),
    "int": partial(_integer, bits=32),
    "bool": _boolean,
    "datetime": _datetime,
}
