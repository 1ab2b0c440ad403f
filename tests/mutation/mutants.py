"""What a mutant is: one planted fault, and where it stands."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

SHARED = "all languages"
REWRITES = "all mappings"
"""The parts that are no single language and no single pipeline."""


Function = tuple[str, int]
"""A function by its file and its first line."""


@dataclass(frozen=True)
class Place:
    """Where a fault stands, in words that stay true when lines move.

    Attributes:
        part: The language or the file of the mapping that it hurts, or one of the shared parts.
        module: The file, below the root of the repository.
        scope: The function, or the field of the mapping.
        line: The text of the source line.
        number: The line's number, for the reader.
        function: The file and the first line of the function; None for what every rule may meet.
        field: The field of the mapping, empty for what every rule may meet.
    """

    part: str
    module: str
    scope: str
    line: str
    number: int
    function: Function | None = None
    field: str = ""


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        operator: The kind of fault, in the words of the issue.
        change: What becomes of the line.
        place: Where.
        ordinal: Which of several that are alike in all of the above, from 1.
        plant: Makes the faulty program and returns its modules by name.
    """

    operator: str
    change: str
    place: Place
    plant: Callable[[], dict[str, Any]] = field(compare=False, repr=False)
    ordinal: int = 1

    @property
    def key(self) -> tuple[str, ...]:
        """Return what the list of survivors knows the mutant by."""
        place = self.place
        own = (self.operator, place.module, place.scope, place.line, self.change)
        return own if self.ordinal == 1 else (*own, str(self.ordinal))


def numbered(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """Yield mutants with their ordinals, so that each key is there once."""
    seen: Counter[tuple[str, ...]] = Counter()
    for mutant in mutants:
        seen[mutant.key] += 1
        yield replace(mutant, ordinal=seen[mutant.key])


def replace_node(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put a node in the place of another, in the tree itself."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]
