"""Engines of our own: a reader of a language, run over records one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sigmaglot.verify.engines.model import CannotRunError, Record, Standing
from sigmaglot.verify.projection.common import is_stored_in
from sigmaglot.verify.readers.base import Query, ReadError


@dataclass(frozen=True, slots=True)
class ReaderEngine:
    """A reader as an engine.

    Attributes:
        name: What ``--engine`` takes.
        title: What it is, with the reading that it decides for where no document does.
        read: A query's text to the query.
        options: Of the reader, which that of many rows takes too.
    """

    name: str
    title: str
    read: Callable[[str], Query]
    options: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def standing(self) -> Standing:
        """Return that the answers are ours."""
        return Standing.OURS

    def load(self, records: Sequence[Record]) -> ReaderDataset:
        """Return the records, ready to be searched."""
        return ReaderDataset(self, records)


@dataclass(frozen=True, slots=True)
class ReaderDataset:
    """Records that a reader's queries are asked about."""

    engine: ReaderEngine
    records: Sequence[Record]

    def find(self, query: str) -> frozenset[int]:
        """Return the indexes of the records that a query returns.

        Raises:
            CannotRunError: The query is not of the language, or the reader does not model it.
        """
        try:
            found = _read(self.engine, query)
            names = tables_of(found)
            return frozenset(
                index
                for index, record in enumerate(self.records)
                if (names is None or is_stored_in(record, names)) and found.matches(record)
            )
        except ReadError as error:
            raise CannotRunError(str(error)) from error


def tables_of(query: Query) -> frozenset[str] | None:
    """Return the tables, streams or objects that a query reads, None where it names none.

    CAR names several as `A:Create or B:Edit`.
    """
    named = query.outputs.values() if query.outputs else filter(None, (query.selector,))
    found = frozenset(one for names in named for one in re.split(r"\s+or\s+", names))
    return found or None


@lru_cache(maxsize=64)
def _read(engine: ReaderEngine, text: str) -> Query:
    return engine.read(text)
