"""Hashes as the Sysmon pipeline stores them: in lower case, and none of zeros.

Source: Winlogbeat's Sysmon pipeline, which splits ``Hashes`` (and ``Hash``) into a field for each
algorithm and leaves out a hash that is empty or has no digit but zero.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.hashes import LENGTHS, hashes
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_ZEROS = re.compile(r"(?:(MD5|SHA1|SHA256|IMPHASH)=)?(0*)", re.IGNORECASE)


def ecs_hashes(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of the joined hashes, as ``hashes`` does; of zeros only the absence is known.

    Columns and values are those of ``hashes``.
    """
    stored = hashes(leaf, entry)
    if isinstance(stored, ir.Approx):
        return stored if _zeros_in(leaf) is None else approx(leaf, _zeros(leaf, entry), ALL, GONE)
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return approx(leaf, _zeros(leaf, entry), (stored, 0.05), GONE)
    if isinstance(leaf, ir.Exists):
        return approx(leaf, _zeros(leaf, entry), ALL, (stored, 0.05))
    found = _zeros_in(leaf)
    return stored if found is None else _of_zeros(leaf, entry, stored, found)


def _zeros_in(leaf: FieldLeaf) -> re.Match[str] | None:
    """Return the first hash that a leaf asks for of which it names no digit but zero."""
    if not isinstance(leaf, ir.StringMatch) or not ir.texts_of(leaf.pattern):
        return None
    parts = ",".join(ir.texts_of(leaf.pattern)).strip(",").split(",")
    return next((match for part in parts if (match := _ZEROS.fullmatch(part))), None)


def _of_zeros(leaf: FieldLeaf, entry: Entry, stored: Node, found: re.Match[str]) -> Node:
    """Return the bounds for one hash of which nothing but zeros is known."""
    name = (found[1] or "").lower()
    column = entry.columns.get(name)
    if column is None:
        return approx(leaf, _zeros(leaf, entry), ALL, GONE)
    absent = ir.IsNull(column, leaf.place)
    if len(found[2]) == LENGTHS[name.upper()]:
        return approx(leaf, _zeros(leaf, entry), (absent, 0.1), GONE)
    if not found[2]:
        return approx(leaf, _zeros(leaf, entry), ALL, (stored, 0.02))
    upper = ir.any_of([stored, absent])
    return approx(leaf, _zeros(leaf, entry), (upper, 0.1), (stored, 0.02))


def _zeros(leaf: FieldLeaf, entry: Entry) -> ir.Note:
    return other_form(leaf, entry, "is stored without hashes of zeros")
