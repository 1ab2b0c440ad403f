"""Signatures: Sysmon's words for one, where the schema has a signer and whether it is valid."""

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


def signed(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of ``Signed`` to whether there is a signer.

    Source: the analytics of MITRE CAR ask ``signer == null`` of what is not signed. Sysmon writes
    ``true`` or ``false``. Column: ``column``, the signer.
    """
    note = other_form(leaf, entry, "is known by whether the signer is named")
    named, unnamed = (kind(entry.column, leaf.place) for kind in (ir.Exists, ir.IsNull))
    match leaf:
        case ir.StringMatch():
            is_true, is_false = _accepts(leaf, _TRUE), _accepts(leaf, _FALSE)
            upper = (unnamed, 0.05) if is_false and not is_true else ALL
            return approx(leaf, note, upper, (named, 0.05) if is_true else GONE)
        case ir.IsNull() | ir.IsEmpty():
            return approx(leaf, note, (unnamed, 0.5), GONE)
        case ir.Exists():
            return approx(leaf, note, ALL, (named, 0.5))
        case _:
            return approx(leaf, note, ALL, GONE)


def _accepts(leaf: ir.StringMatch, word: str) -> bool:
    return text_test(leaf.pattern, cased=leaf.cased)(word if leaf.cased else word.lower())


def _is(leaf: ir.StringMatch, entry: Entry, word: str) -> ir.StringMatch:
    column = replace(entry.column, canonical=True)
    return ir.StringMatch(column, ir.pattern(Shape.EQUALS, word), place=leaf.place)
