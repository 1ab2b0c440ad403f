"""Texts of a form with digits in it, such as ``DWORD (0x????????)``, and what a pattern asks."""

from __future__ import annotations

from collections.abc import Iterator

from sigmaglot import ir
from sigmaglot.ir import Pattern

DIGIT = "?"
"""Stands in a form for any hexadecimal digit, and in a result for one that is left open."""

_HEX = frozenset("0123456789abcdef")


def fits(pattern: Pattern, form: str, *, cased: bool) -> tuple[str, ...]:
    """Return the texts of a form that a pattern matches: the form with the digits that it asks for.

    One that leaves every digit open stands for all others. Digits are written in small letters.
    """
    found = tuple(dict.fromkeys(_walk(pattern, form, cased=cased)))
    return (form,) if form in found else found


def _walk(pattern: Pattern, form: str, *, cased: bool) -> Iterator[str]:
    """Yield each way to lay a pattern over all of a form."""
    if not pattern:
        if not form:
            yield ""
        return
    part, rest = pattern[0], pattern[1:]
    if isinstance(part, ir.Literal):
        head = _laid(part.text, form, cased=cased)
        ends = [] if head is None else [(head, form[len(part.text) :])]
    elif part is ir.AnyOne:
        ends = [(form[:1], form[1:])] if form else []
    else:
        ends = [(form[:at], form[at:]) for at in range(len(form) + 1)]
    for head, tail in ends:
        yield from (head + more for more in _walk(rest, tail, cased=cased))


def _laid(text: str, form: str, *, cased: bool) -> str | None:
    """Return a text as the beginning of a form writes it, None where it cannot."""
    if len(text) > len(form):
        return None
    pairs = list(zip(text if cased else text.lower(), form, strict=False))
    if all(_fit(char, wanted, cased=cased) for char, wanted in pairs):
        return "".join(char if wanted == DIGIT else wanted for char, wanted in pairs)
    return None


def _fit(char: str, wanted: str, *, cased: bool) -> bool:
    if wanted == DIGIT:
        return char in _HEX
    return char == (wanted if cased else wanted.lower())
