"""Tables of a run, for ``docs/verification.md``, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mutation.mutants import Mutant
from mutation.operators import OPERATORS
from mutation.survivors import EQUIVALENT, KEPT, MISSED, UNREAD, Key, Reading
from mutation.trial import FAILED, KILLED, SURVIVED, UNSEEN, Outcome

NEEDED = 95
"""Of 100 faults, how many must be seen."""

_HEADS = ("mutants", "unseen", "killed", "equivalent", "kept", "missed", "score")


@dataclass(frozen=True)
class Row:
    """One mutant and what became of it; a survivor with what was read in it."""

    mutant: Mutant
    outcome: Outcome
    status: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        place, outcome = self.mutant.place, self.outcome.as_dict()
        known = {"key": self.mutant.key, "part": place.part, "number": place.number}
        return {**known, **outcome, "reading": self.status}


def rows_of(found: Iterable[tuple[Mutant, Outcome]], readings: Mapping[Key, Reading]) -> list[Row]:
    """Return rows, always in the same order."""
    rows = [Row(mutant, outcome, _status(mutant, outcome, readings)) for mutant, outcome in found]
    return sorted(rows, key=lambda row: row.mutant.key)


def _status(mutant: Mutant, outcome: Outcome, readings: Mapping[Key, Reading]) -> str:
    if outcome.status != SURVIVED:
        return outcome.status
    reading = readings.get(mutant.key)
    return reading.kind if reading else UNREAD


def score(rows: Iterable[Row]) -> float:
    """Return how many of 100 mutants that make a claim false were killed."""
    counts = Counter(row.status for row in rows)
    wrong = counts[KILLED] + counts[MISSED] + counts[UNREAD]
    return 100 * counts[KILLED] / wrong if wrong else 100.0


def strict_score(rows: Iterable[Row]) -> float:
    """Return the same with every survivor that is not equivalent, whatever its claim."""
    counts = Counter(row.status for row in rows)
    wrong = counts[KILLED] + counts[MISSED] + counts[UNREAD] + counts[KEPT]
    return 100 * counts[KILLED] / wrong if wrong else 100.0


def tables(rows: Sequence[Row]) -> str:
    """Return the tables by kind of fault and by part, and what killed the dead."""
    parts = sorted({row.mutant.place.part for row in rows})
    parts.sort(key=lambda name: name.endswith(".yml"))
    operators = [*OPERATORS, *sorted({row.mutant.operator for row in rows} - OPERATORS.keys())]
    ways = Counter(row.outcome.how.partition(":")[0] for row in rows if row.status == KILLED)
    killed = ", ".join(f"{count:,} by {way}" for way, count in ways.most_common())
    return "\n".join(
        (
            *_table("fault", operators, lambda row: row.mutant.operator, rows),
            "",
            *_table("where", parts, lambda row: row.mutant.place.part, rows),
            "",
            f"Killed: {killed}.",
        )
    )


def _table(
    head: str, names: Sequence[str], name_of: Callable[[Row], str], rows: Sequence[Row]
) -> Iterator[str]:
    yield f"| {head} | {' | '.join(_HEADS)} |"
    yield "|---|" + "---|" * len(_HEADS)
    for name in names:
        own = [row for row in rows if name_of(row) == name]
        if own:
            yield _line(name, own)
    yield _line("all", rows)


def _line(name: str, rows: Sequence[Row]) -> str:
    counts = Counter(row.status for row in rows)
    shown = (
        len(rows),
        counts[UNSEEN],
        counts[KILLED],
        counts[EQUIVALENT],
        counts[KEPT],
        counts[MISSED] + counts[UNREAD],
    )
    return f"| {name} | {' | '.join(f'{count:,}' for count in shown)} | {score(rows):.1f} |"


def problems(rows: Sequence[Row], readings: Mapping[Key, Reading], *, is_whole: bool) -> list[str]:
    """Return what is wrong with a run: too low a score, and survivors that nobody read."""
    found = [
        f"failed: {row.outcome.how}: {' | '.join(row.mutant.key)}"
        for row in rows
        if row.status == FAILED
    ]
    found += [f"not read: {' | '.join(row.mutant.key)}" for row in rows if row.status == UNREAD]
    if is_whole:
        survivors = {row.mutant.key for row in rows if row.outcome.status == SURVIVED}
        stale = [key for key in readings if key not in survivors]
        found += [f"read, but no survivor: {' | '.join(key)}" for key in stale]
    if score(rows) < NEEDED:
        found.append(f"only {score(rows):.1f} of 100 faults are seen, not {NEEDED}")
    return found
