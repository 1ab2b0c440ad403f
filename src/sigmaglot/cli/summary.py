"""The table of rules and targets that ``--summary`` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from sigmaglot.bundle.stream import is_failure
from sigmaglot.compiler import Result
from sigmaglot.formats.record import UNSTATED, fidelity_of

SIGNS = {"exact": "E", "broader": "B", "narrower": "N", UNSTATED: "?", "unsupported": "–"}  # noqa: RUF001 - a dash
LEGEND = "E exact  B broader  N narrower  ? unstated  – no query"  # noqa: RUF001
WIDTH = 400
"""Columns of the table where no terminal says how many there are."""


class Summary:
    """Counts results as they pass."""

    def __init__(self, targets: Sequence[str]) -> None:
        self._targets = targets
        self._rows: list[tuple[str, dict[str, str]]] = []
        self._last: tuple[str, str] | None = None

    def add(self, result: Result) -> None:
        """Take up a result; those of one rule follow each other."""
        if not result.ok and not is_failure(result):
            return
        key = (result.info.path, result.info.id)
        if key != self._last or not result.target or result.target in self._rows[-1][1]:
            self._rows.append((PurePath(result.info.path).stem, {}))
            self._last = key
        if result.target:
            self._rows[-1][1][result.target] = SIGNS[fidelity_of(result)]

    def show(self) -> None:
        """Print the table to stderr."""
        from rich.console import Console  # noqa: PLC0415 - only where a table is asked for
        from rich.table import Table  # noqa: PLC0415

        console = Console(stderr=True)
        if not console.is_terminal:
            console = Console(stderr=True, width=WIDTH)
        table = Table(caption=LEGEND, caption_justify="left", show_footer=True)
        table.add_column("rule", f"{len(self._rows)} rules", no_wrap=True)
        for target in self._targets:
            table.add_column(target, self._total(target), justify="center", no_wrap=True)
        for name, cells in self._rows:
            table.add_row(
                name, *(cells.get(target, SIGNS["unsupported"]) for target in self._targets)
            )
        console.print(table)

    def _total(self, target: str) -> str:
        """Return how often each sign stands in a column."""
        signs = Counter(cells.get(target, SIGNS["unsupported"]) for _, cells in self._rows)
        return "\n".join(f"{count}{sign}" for sign in SIGNS.values() if (count := signs[sign]))
