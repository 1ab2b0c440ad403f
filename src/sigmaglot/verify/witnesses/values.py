"""Values that make several leaves of one field true at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from sigmaglot import ir
from sigmaglot.ir import Leaf, Op
from sigmaglot.verify.witnesses.forms import Form
from sigmaglot.verify.witnesses.regexes import samples

VARIANTS = 6
"""Ways to put the parts of a value together that are tried."""

_SEPARATORS = (" ", "", " q ", "\\", "/q ", "-")
_ONE = "q"


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that a value must hold, and whether more may stand before and after it."""

    text: str
    open_start: bool = True
    open_end: bool = True


def instance(pattern: ir.Pattern, fill: str = "") -> str:
    """Return a text that a pattern matches: ``fill`` for each run, one letter for each ``?``."""
    return "".join(
        part.text if isinstance(part, ir.Literal) else fill if part is ir.AnyRun else _ONE
        for part in pattern
    )


def value_for(leaves: Sequence[Leaf], form: Form, variant: int) -> str | None:
    """Return a value that may make every leaf true, None where there is none.

    It is a proposal: whoever asks runs the leaves over it.
    """
    pieces = [piece for leaf in leaves if (piece := _piece(leaf, variant)) is not None]
    if not pieces:
        return form.usual
    closed = next((one for one in pieces if not one.open_start and not one.open_end), None)
    whole = closed or _join(pieces, form, variant)
    return form.complete(whole.text, whole.open_start, whole.open_end)


def _piece(leaf: Leaf, variant: int) -> Piece | None:
    match leaf:
        case ir.StringMatch(pattern=pattern) | ir.Keyword(pattern=pattern):
            ends = (bool(pattern) and pattern[at] is ir.AnyRun for at in (0, -1))
            return Piece(instance(pattern), *ends)
        case ir.RegexMatch(regex=regex, flags=flags) | ir.KeywordRegex(regex=regex, flags=flags):
            found = samples(regex, flags)
            return Piece(found[variant % len(found)]) if found else None
        case ir.CidrMatch(network=network):
            return Piece(str(ipaddress.ip_network(network)[0]), open_start=False, open_end=False)
        case ir.Compare(op=op, number=number):
            return Piece(str(_number(op, number)), open_start=False, open_end=False)
        case _:
            return None


def _number(op: Op, bound: float) -> float:
    return bound + {Op.LT: -1, Op.GT: 1}.get(op, 0)


def _join(pieces: Sequence[Piece], form: Form, variant: int) -> Piece:
    """Join pieces: one that must begin the value first, one that must end it last."""
    first = [one for one in pieces if not one.open_start][:1]
    last = [one for one in pieces if not one.open_end and one.open_start][:1]
    middle = [one for one in pieces if one.open_start and one.open_end]
    text = ""
    for piece in (*first, *_uncovered(middle, (*first, *last)), *last):
        text = _append(text, piece.text, form, _SEPARATORS[variant % len(_SEPARATORS)])
    return Piece(text, not first, not last)


def _uncovered(pieces: Sequence[Piece], others: Sequence[Piece]) -> list[Piece]:
    """Return the pieces that no longer one holds, each once."""
    kept: list[Piece] = []
    for piece in sorted(dict.fromkeys(pieces), key=lambda one: -len(one.text)):
        if not any(piece.text.lower() in one.text.lower() for one in (*kept, *others)):
            kept.append(piece)
    return [piece for piece in dict.fromkeys(pieces) if piece in kept]


def _append(text: str, more: str, form: Form, separator: str) -> str:
    if not text:
        return more
    if not form.is_path:
        return text + separator + more
    if text.endswith("\\") and more.startswith("\\"):
        return text + more[1:]
    return text + ("" if text.endswith("\\") or more.startswith("\\") else "\\") + more
