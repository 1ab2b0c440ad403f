"""Signatures: Sysmon's words for their state, where the schema has whether one is valid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import text_test
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_VALID, _TRUE, _FALSE = "Valid", "true", "false"


def signature_status(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of ``SignatureStatus`` to whether the signature is valid.

    Source: Sysmon writes ``Valid`` for one that is, and else why it is not (Expired, Revoked,
    Unavailable, an error). Column: ``column``, the word ``true`` or ``false``.
    """
    if isinstance(leaf, (ir.IsNull, ir.Exists)):
        return on(leaf, entry.column)
    note = other_form(leaf, entry, "is stored as whether the signature is valid, without a reason")
    if not isinstance(leaf, ir.StringMatch):
        return approx(leaf, note, ALL, GONE)
    if not _accepts(leaf, _VALID):
        return approx(leaf, note, (_is(leaf, entry, _FALSE), 0.5), GONE)
    if ir.shape_of(leaf.pattern)[0] is Shape.EQUALS and not leaf.cased:
        return _is(leaf, entry, _TRUE)
    return approx(leaf, note, ALL, (_is(leaf, entry, _TRUE), 0.1))


def _accepts(leaf: ir.StringMatch, word: str) -> bool:
    return text_test(leaf.pattern, cased=leaf.cased)(word if leaf.cased else word.lower())


def _is(leaf: ir.StringMatch, entry: Entry, word: str) -> ir.StringMatch:
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, word), place=leaf.place)
