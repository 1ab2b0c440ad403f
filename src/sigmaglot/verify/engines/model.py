"""What an engine is: something that runs queries over the records that a SIEM would store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

Record = Mapping[str, Any]
"""One stored event: column to value. An absent key is an absent field."""


class Standing(StrEnum):
    """Whose word an engine's answer is; reports repeat it."""

    VENDOR = "the vendor's own"
    INDEPENDENT = "independent"
    OURS = "ours, not vendor-verified"


class CannotRunError(Exception):
    """An engine does not model what a query says, so it has no answer about it."""


class RefusedError(Exception):
    """The language itself refuses a query: pasted into the product, it would not run."""


class Dataset(Protocol):
    """Records that an engine has taken up."""

    def find(self, query: str) -> frozenset[int]:
        """Return the indexes of the records that a query returns.

        Raises:
            CannotRunError: The engine does not model the query.
            RefusedError: The query is not of the language.
        """
        ...


class Engine(Protocol):
    """Something that runs queries of one language."""

    @property
    def name(self) -> str:
        """Return the name that ``--engine`` takes, such as ``kusto-duckdb``."""
        ...

    @property
    def title(self) -> str:
        """Return what the engine is, with its version where it has one."""
        ...

    @property
    def standing(self) -> Standing:
        """Return whose word its answers are."""
        ...

    def load(self, records: Sequence[Record]) -> Dataset:
        """Return the records, ready to be searched."""
        ...


class Binder(Protocol):
    """Something that says whether a query would run, without running it."""

    @property
    def name(self) -> str:
        """Return its name, such as ``kusto-binder``."""
        ...

    @property
    def title(self) -> str:
        """Return what it is, with its version."""
        ...

    @property
    def standing(self) -> Standing:
        """Return whose word its answers are."""
        ...

    def problems(self, query: str) -> tuple[str, ...]:
        """Return what keeps a query from running, none where it binds."""
        ...

    def close(self) -> None:
        """End what it runs in."""
        ...
