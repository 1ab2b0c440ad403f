"""Letter case on fields that have no analysed sub-field: spell a few letters out in every case.

Three letters have eight spellings. A match that has no more letters than that is exact when all
are listed; of a longer one, a part with that many letters is an upper bound.
"""

from __future__ import annotations

import re
from itertools import product

from sigmaglot import ir
from sigmaglot.ir import Literal, Pattern

MAX_LETTERS = 3
"""Letters that are spelled out: a list of at most 8 values for each value of the rule."""

_UNSAFE = re.compile(r"[\s\\]")


def every_case(text: str) -> list[str]:
    """Return the text in every letter case, in a fixed order: lower-case first."""
    choices = [sorted(_cases(char), reverse=True) for char in text]
    return ["".join(chosen) for chosen in product(*choices)]


def _cases(char: str) -> set[str]:
    """Return a character in both cases, less one that is another's: ß is SS only in capitals."""
    return {one for one in (char.lower(), char.upper()) if one.lower() == char.lower()}


def letters(text: str) -> int:
    """Return how many characters of a text have two cases."""
    return sum(char.lower() != char.upper() for char in text)


def spelled_out(pattern: Pattern) -> list[Pattern] | None:
    """Return patterns that together match every letter case, None where they would be too many."""
    texts = ir.texts_of(pattern)
    if sum(letters(text) for text in texts) > MAX_LETTERS:
        return None
    choices: list[list[ir.Part]] = [
        [Literal(one) for one in every_case(part.text)] if isinstance(part, Literal) else [part]
        for part in pattern
    ]
    return list(product(*choices))


def widened(pattern: Pattern) -> list[Pattern]:
    """Return patterns that match at least what the pattern does in any case, none if all would.

    The best part of its literals is kept and spelled out, whatever stands around it is any text.
    """
    best, index = "", 0
    for position, part in enumerate(pattern):
        if isinstance(part, Literal):
            found = _best_part(part.text)
            if _worth(found) > _worth(best):
                best, index = found, position
    if _worth(best) < 2:
        return []
    part = pattern[index]
    text = part.text if isinstance(part, Literal) else ""
    before = () if index == 0 and text.startswith(best) else (ir.AnyRun,)
    last = index == len(pattern) - 1 and text == best
    after = () if last else (ir.AnyRun,)
    return [(*before, Literal(one), *after) for one in every_case(best)]


def _worth(text: str) -> int:
    return sum(char.isalnum() for char in text)


def _best_part(text: str) -> str:
    """Return the part with the most letters and digits that can be spelled out, the first one."""
    best = ""
    for start in range(len(text)):
        part = _part_from(text, start)
        if _worth(part) > _worth(best):
            best = part
    return best


def _part_from(text: str, start: int) -> str:
    count = 0
    for end in range(start, len(text)):
        count += text[end].lower() != text[end].upper()
        if count > MAX_LETTERS or _UNSAFE.match(text[end]):
            return text[start:end]
    return text[start:]
