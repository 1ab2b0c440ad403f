"""String patterns: literals and wildcards, without any escaping."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters that stand for themselves."""

    text: str


class Wildcard(Enum):
    """The two wildcards of a Sigma string."""

    ONE = "?"
    RUN = "*"

    __hash__ = object.__hash__  # members are singletons; the inherited hash is slow


AnyOne = Wildcard.ONE
AnyRun = Wildcard.RUN
Part = Literal | Wildcard
Pattern = tuple[Part, ...]


class Shape(StrEnum):
    """What a pattern asks of a string."""

    EMPTY = "empty"
    ANY = "any"
    EQUALS = "equals"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    CONTAINS = "contains"
    WILDCARD = "wildcard"
    SINGLE = "single"

    __hash__ = str.__hash__  # as for wildcards


@lru_cache(maxsize=65536)
def shape_of(pattern: Pattern) -> tuple[Shape, str]:
    """Return the shape of a pattern and its one literal (empty for the other shapes).

    WILDCARD has runs between literals, SINGLE has at least one single-character wildcard.
    """
    if not pattern:
        return Shape.EMPTY, ""
    if AnyOne in pattern:
        return Shape.SINGLE, ""
    return _shape_of_runs(pattern)


def _shape_of_runs(pattern: Pattern) -> tuple[Shape, str]:
    match pattern:
        case (Literal(text),):
            return Shape.EQUALS, text
        case (Wildcard.RUN,):
            return Shape.ANY, ""
        case (Wildcard.RUN, Literal(text)):
            return Shape.ENDSWITH, text
        case (Literal(text), Wildcard.RUN):
            return Shape.STARTSWITH, text
        case (Wildcard.RUN, Literal(text), Wildcard.RUN):
            return Shape.CONTAINS, text
        case _:
            return Shape.WILDCARD, ""


def pattern(shape: Shape, text: str) -> Pattern:
    """Return the pattern of a simple shape, the inverse of ``shape_of``."""
    literal = (Literal(text),) if text else ()
    before = (AnyRun,) if shape in {Shape.ENDSWITH, Shape.CONTAINS} else ()
    after = (AnyRun,) if shape in {Shape.STARTSWITH, Shape.CONTAINS} else ()
    return tidy((*before, *literal, *after))


def tidy(parts: Pattern) -> Pattern:
    """Return an equal pattern with neighbouring literals joined and runs of ``*`` made one."""
    out: list[Part] = []
    for part in parts:
        if isinstance(part, Literal) and not part.text:
            continue
        if out and isinstance(part, Literal) and isinstance(out[-1], Literal):
            out[-1] = Literal(out[-1].text + part.text)
        elif not (out and part is AnyRun and out[-1] is AnyRun):
            out.append(part)
    return tuple(out)


def texts_of(parts: Pattern) -> list[str]:
    """Return the texts of a pattern's literals, in order."""
    return [part.text for part in parts if isinstance(part, Literal)]


def wildcard_text(parts: Pattern) -> str:
    """Return a pattern with its wildcards as ``*`` and ``?``, its literals unescaped."""
    return "".join(part.text if isinstance(part, Literal) else part.value for part in parts)


def pattern_text(parts: Pattern) -> str:
    """Return a pattern as Sigma writes it, for messages: wildcards bare, data escaped."""
    return "".join(
        part.value
        if isinstance(part, Wildcard)
        else part.text.replace("*", "\\*").replace("?", "\\?")
        for part in parts
    )
