"""Splunk's `tstats` over a data model, and `convert`.

Facts: Splunk's Search Reference (tstats, convert). Decisions:
    - The clause after `where` is a search over the fields of the dataset, which begin with its
      name: `Processes.user` of `Endpoint.Processes`. It is read as the search command is, letter
      case and missing fields included (unconfirmed). A keyword raises, as does a field that does
      not begin so, but for those that every event has.
    - `by` makes one row of each combination of the fields. A record that lacks one is left out,
      unless `fillnull_value` says what to put there.
    - One record is in one group, so the fields of `by` are known of it; what is counted is not, and
      raises where a later stage compares it. Without `by` there is always one row: that raises.
    - `summariesonly` and `allow_old_summaries` say which summaries are read: records are taken to
      be in all. Every other option raises.
    - Of `convert`, `ctime` is read: it makes a text of a time, which raises where it is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lark import Token, Tree

from .base import ReadError, Record, Stage, Test, text_of
from .spl_eval import offset_of
from .spl_stats import Aggregate, Option

_OF_EVERY_EVENT = {"_time", "host", "source", "sourcetype", "index"}
_SUMMARIES = {"summariesonly", "allow_old_summaries"}
_BOOLEANS = {"t", "true", "1", "f", "false", "0"}


@dataclass(frozen=True)
class Untold:
    """A value that one record does not tell."""

    what: str

    def __str__(self) -> str:
        raise ReadError(f"a comparison with {self.what}, which one record does not tell")


@dataclass(frozen=True)
class Tstats:
    """The command.

    Attributes:
        dataset: The data model and its dataset, with a point between.
        test: What a record must meet.
        aggregates: The columns that sum a group up.
        by: The fields that make a group.
        fill: What stands for a field of `by` that is missing; None where the record is left out.
        offset: Where it starts in the query.
    """

    dataset: str
    test: Test
    aggregates: tuple[Aggregate, ...]
    by: tuple[str, ...]
    fill: str | None
    offset: int

    def __call__(self, row: Record) -> Record | None:
        """Return the row of the group that a record is in. Raises ReadError without a `by`."""
        if not self.by:
            raise ReadError("tstats without by needs all rows", self.offset)
        group = self._group(row)
        if group is None:
            return None
        counted = {one.column: Untold(one.column) for one in self.aggregates}
        return {**dict(zip(self.by, group, strict=True)), **counted}

    def over(self, rows: Sequence[Record]) -> list[Record]:
        """Return the rows of all groups, in the order of their first record."""
        groups: dict[tuple[str, ...], list[Record]] = {} if self.by else {(): []}
        for row in rows:
            group = self._group(row)
            if group is not None:
                groups.setdefault(group, []).append(row)
        return [
            {**dict(zip(self.by, group, strict=True)), **self._summed(members)}
            for group, members in groups.items()
        ]

    def _group(self, row: Record) -> tuple[str, ...] | None:
        if not self.test(row):
            return None
        found = [self.fill if row.get(name) is None else row.get(name) for name in self.by]
        return None if None in found else tuple(map(text_of, found))

    def _summed(self, rows: Sequence[Record]) -> Record:
        found = {one.column: one.of(rows) for one in self.aggregates}
        return {column: value for column, value in found.items() if value is not None}


@dataclass(frozen=True)
class Clause:
    """What stands after `where`."""

    test: Test


def check(tree: Tree[Token]) -> None:
    """Check that a command names the fields of its dataset alone, and that it has no keyword.

    Raises:
        ReadError: It does not.
    """
    (dataset,) = _tokens(tree, {"DATASET"})
    prefix = f"{dataset.partition('.')[2]}."
    for part in ("clause", "by"):
        for found in tree.find_data(part):
            for token in _tokens(found, _NAMES):
                _check_name(token, prefix)
            if any(found.find_data("keyword")):
                raise ReadError("a keyword in the clause of tstats, which is not modelled")


_NAMES = {"FIELD", "NAME_PATTERN", "QUOTED_NAME"}


def _tokens(tree: Tree[Token], types: set[str]) -> Iterator[Token]:
    return tree.scan_values(lambda one: isinstance(one, Token) and one.type in types)


def _check_name(token: Token, prefix: str) -> None:
    name = token.strip('"')
    if "*" in name or not (name.startswith(prefix) or name in _OF_EVERY_EVENT):
        message = f"{name}, which is no field of the dataset {prefix.rstrip('.')}"
        raise ReadError(message, offset_of(token))


def _tstats(command: Token, *parts: object) -> Tstats:
    options = {str(one.name): one for one in parts if isinstance(one, Option)}
    for option in options.values():
        _check_option(option)
    (dataset,) = (str(one) for one in parts if isinstance(one, Token))
    tests = [one.test for one in parts if isinstance(one, Clause)]
    by = [one for one in parts if isinstance(one, tuple)]
    fill = options.get("fillnull_value")
    return Tstats(
        dataset,
        tests[0] if tests else lambda _row: True,
        tuple(one for one in parts if isinstance(one, Aggregate)),
        by[0] if by else (),
        fill.value if fill else None,
        offset_of(command),
    )


def _check_option(option: Option) -> None:
    """Raise ReadError for an option that is not modelled."""
    is_known = option.name == "fillnull_value" and option.value != ""
    if not is_known and not (option.name in _SUMMARIES and option.value in _BOOLEANS):
        message = f"{option.name}={option.value} of tstats, which is not modelled"
        raise ReadError(message, offset_of(option.name))


def _conversion(function: Token, column: str) -> str:
    if function != "ctime":
        raise ReadError(f"{function} of convert, which is not modelled", offset_of(function))
    return column


def _convert(*columns: str) -> Stage:
    texts = {column: Untold(f"the text of the time {column}") for column in columns}
    return lambda row: {**row, **{name: text for name, text in texts.items() if name in row}}


RULES: Mapping[str, Callable[..., object]] = {
    "clause": Clause,
    "tstats": _tstats,
    "conversion": _conversion,
    "convert": _convert,
}
"""What each rule of the grammar for the two commands makes of its parts."""
