"""Queries ready to paste: what the rule is and how far the query goes, then the query."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from sigmaglot.compiler import Result
from sigmaglot.formats.model import Setting, one_line
from sigmaglot.formats.query import part_of
from sigmaglot.formats.record import fidelity_of
from sigmaglot.ir import Note

WIDTH = 100
"""Columns of a comment's text."""
SENTENCES = 240
"""Characters of the description that are shown, as whole sentences, but one at least."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def hunt(result: Result, setting: Setting) -> Iterator[str]:
    """Yield the queries of a result, the first under a block that says what it is."""
    for number, text in enumerate(result.queries, 1):
        first = f"{one_line(result.info.title) or result.info.path}{part_of(result, number)}"
        lines = (first, *(_about(result, setting) if number == 1 else ()))
        yield setting.comment(lines) + text


def _about(result: Result, setting: Setting) -> tuple[str, ...]:
    info = result.info
    facts = (
        ("", first_sentences(info.description)),
        ("id: ", info.id),
        ("level: ", info.level),
        ("ATT&CK: ", ", ".join(info.techniques)),
        ("target: ", result.target if setting.names_target else ""),
        ("fidelity: ", fidelity_of(result)),
        *(("note: ", note_text(note)) for note in result.notes),
        *(("assumes: ", assumption) for assumption in result.assumes),
    )
    return tuple(line for label, text in facts if text for line in _wrap(label, text))


def first_sentences(text: str) -> str:
    """Return the first sentences of a description, as many as fit."""
    sentences = _SENTENCE_END.split(one_line(text))
    shown = sentences[0]
    for sentence in sentences[1:]:
        if len(shown) + len(sentence) >= SENTENCES:
            break
        shown += f" {sentence}"
    return shown


def note_text(note: Note) -> str:
    """Return a note as one line: code, message and the value that it is about."""
    return f"{note.code} {note.message}{f' (value `{note.value}`)' if note.value else ''}"


def _wrap(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        label + one_line(text),
        WIDTH,
        subsequent_indent="  " if label else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
