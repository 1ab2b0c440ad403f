"""Engines of our own: a reader of a language, run over records one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sigmaglot.verify.engines.model import CannotRunError, Record, Standing
from sigmaglot.verify.readers.base import Query, ReadError


@dataclass(frozen=True, slots=True)
class ReaderEngine:
    """A reader as an engine.

    Attributes:
        name: What ``--engine`` takes.
        title: What it is, with the reading that it decides for where no document does.
        read: A query's text to the query.
    """

    name: str
    title: str
    read: Callable[[str], Query]

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
            matches = _read(self.engine, query).matches
            return frozenset(index for index, record in enumerate(self.records) if matches(record))
        except ReadError as error:
            raise CannotRunError(str(error)) from error


@lru_cache(maxsize=64)
def _read(engine: ReaderEngine, text: str) -> Query:
    return engine.read(text)
