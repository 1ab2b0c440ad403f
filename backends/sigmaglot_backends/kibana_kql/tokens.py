r"""How the standard tokenizer cuts a literal: what is sure, whatever stands around it.

Source: Unicode Standard Annex 29, word boundaries, as Lucene's standard tokenizer applies it. A
run of letters, digits and underscores is never cut. A dot or apostrophe joins letters, and a dot
or comma joins digits. Everything else cuts; a colon between letters is left undecided, because
versions of the annex differ on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_RUN = "[A-Za-z0-9_]+"
_JOINED = r"(?:(?<=[A-Za-z])[.'](?=[A-Za-z])|(?<=[0-9])[.,](?=[0-9]))"
_WORD = re.compile(f"{_RUN}(?:{_JOINED}{_RUN})*")
_CUTS = frozenset(' \t\r\n\\/"|&<>()[]{}=+*?!@#$%^~`-')
"""ASCII characters that stand in no token and join none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A token, or a part of one, that a literal is sure to put into the text.

    Attributes:
        text: As the literal has it.
        starts: Whether a token starts where the piece does.
        ends: Whether a token ends where the piece does.
        follows: Whether no token can stand between the piece before and this one.
    """

    text: str
    starts: bool
    ends: bool
    follows: bool

    @property
    def whole(self) -> bool:
        """Return whether the piece is sure to be a whole token."""
        return self.starts and self.ends


MAX_TOKEN = 255
"""Longer tokens are cut (Lucene's ``max_token_length``)."""


def is_one_run(text: str) -> bool:
    """Return whether no token boundary can fall inside the text, whatever stands around it."""
    return bool(_WORD.fullmatch(text)) and len(text) <= MAX_TOKEN and text.strip("_") != ""


def pieces(text: str, *, at_start: bool, at_end: bool) -> list[Piece]:
    """Return the sure pieces of a literal in order.

    ``at_start`` and ``at_end`` say that the field's text begins and ends where the literal does.
    A piece whose edge is not known to be a token's is still sure to lie inside one token.
    """
    found: list[Piece] = []
    end = 0
    for match in _WORD.finditer(text):
        if len(match[0]) <= MAX_TOKEN and match[0].strip("_"):
            starts = at_start if match.start() == 0 else _cuts(text, match.start() - 1)
            ends = at_end if match.end() == len(text) else _cuts(text, match.end())
            follows = bool(found) and all(_cuts(text, at) for at in range(end, match.start()))
            found.append(Piece(match[0], starts, ends, follows))
            end = match.end()
    return found


def _cuts(text: str, at: int) -> bool:
    """Return whether a boundary is sure at a character that stands in no piece.

    A dot or comma cuts where it does not join; that is known where both its neighbours are.
    """
    if text[at] in _CUTS:
        return True
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    known = all(
        char and (char in _CUTS or (char.isascii() and char.isalnum())) for char in (before, after)
    )
    return text[at] in ".," and known
