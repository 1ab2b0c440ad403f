"""A pipeline: a schema that events are stored in, and how Sigma's fields map onto it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from sigmaglot.ir import Column
from sigmaglot.language import Source

RAW = "raw"
"""A pipeline's word for a log whose whole text can be searched for keywords."""


KINDS_OF_EVENTS = frozenset({"EventID", "Provider_Name", "Channel"})
"""Fields that tell kinds of events apart."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How one Sigma field is stored.

    Attributes:
        field: The Sigma field.
        rewrite: The name of the rewrite that binds it; ``none`` where there is no column.
        columns: The columns by role; ``column`` is the main one.
        values: Stored value to the spellings that rules use for it.
        reason: Why there is no column.
        confidence: ``high``, ``medium`` or ``low``: how well the mapping is known.
    """

    field: str
    rewrite: str
    columns: Mapping[str, Column] = attribute(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = attribute(default_factory=dict)
    reason: str = ""
    confidence: str = "high"

    @property
    def column(self) -> Column:
        """Return the main column."""
        return self.columns["column"]


@dataclass(frozen=True, slots=True)
class Recording:
    """How a pipeline records one log source: where, and each field.

    Attributes:
        category: The Sigma category, or ``service:`` and a Sigma service.
        source: Table, selectors, time and default projection.
        columns: The names of all declared columns.
        entries: Entry by Sigma field.
        keyword: Columns that keywords are searched in, or ``raw``.
        default: Prefix and type of columns that fields without an entry are found under, if any.
        parts: How it records the events of the log source that have tables of their own.
        also: Which other events the selectors find, if any.
        elsewhere: Another table with events of the log source that a rule asks for, if any.
    """

    category: str
    source: Source
    columns: frozenset[str]
    entries: Mapping[str, Entry]
    keyword: tuple[Column, ...] | str = ()
    default: Column | None = None
    parts: tuple[Recording, ...] = ()
    also: str = ""
    elsewhere: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """Return the fields and columns that only tell which kind of event an event is."""
        selected = (selector.column for selector in self.source.selectors)
        entries = (self.entries[name] for name in KINDS_OF_EVENTS if name in self.entries)
        stored = (column.name for entry in entries for column in entry.columns.values())
        return KINDS_OF_EVENTS.union(selected, stored)


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that claims rest on; of all queries, or of those that use one of some columns.

    ``categories`` are the recordings that it is about; all where there are none.
    """

    text: str
    columns: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def holds_for(self, category: str, columns: frozenset[str]) -> bool:
        """Return whether a query over some columns of a recording rests on it."""
        of_category = not self.categories or category in self.categories
        return of_category and (not self.columns or bool(columns & self.columns))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A schema.

    Attributes:
        name: As in ``sigmaglot list pipelines``.
        title: The name in messages.
        product: The Sigma product that it records.
        recordings: Recording by category, by ``service:NAME``, and ``service:*`` for the others.
        assumes: What the mapping rests on that no vendor document confirms.
    """

    name: str
    title: str
    product: str
    recordings: Mapping[str, Recording]
    assumes: tuple[Assumption, ...] = ()
