"""An explanation as an indented tree, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sigmaglot.explain import Explanation, Form, Part
from sigmaglot.formats.hunt import note_text
from sigmaglot.formats.record import fidelity_of, to_record

INDENT = "  "


def explanation_text(explanation: Explanation) -> str:
    """Return an explanation for people."""
    result = explanation.result
    lines = [
        f"{result.info.title or result.info.path} for {result.target}",
        "",
        *_tree(explanation.tree, ""),
        "",
        f"claim: {fidelity_of(result)}",
        *(f"note: {note_text(note)}" for note in result.notes),
        *(f"assumes: {assumption}" for assumption in result.assumes),
    ]
    queries = [line for query in result.queries for line in ("", query)]
    return "\n".join((*lines, *queries)) + "\n"


def _tree(part: Part, indent: str) -> Iterator[str]:
    where = f"line {part.line}  " if part.line else ""
    yield f"{indent}{where}{part.label}"
    below = indent + INDENT
    if part.columns:
        columns = ", ".join(f"{column.name} ({column.type})" for column in part.columns)
        yield f"{below}columns: {columns}"
    for form in part.forms:
        yield f"{below}{_form(form)}"
    reasons = dict.fromkeys(note_text(note) for form in part.forms for note in form.notes)
    yield from (f"{below}why: {reason}" for reason in reasons)
    for child in part.children:
        yield from _tree(child, below)


def _form(form: Form) -> str:
    if form.fidelity == "exact":
        return f"exact: {form.text}"
    used = ", in the query" if form.is_used else ""
    return f"{form.fidelity} (loss {form.loss:g}{used}): {form.text}"


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation JSON-ready: the record of the result, with the tree."""
    return {**to_record(explanation.result), "tree": explanation.as_dict()}
