"""Texts and words that Elastic's ingest keeps as they are, renames, or drops.

Source: the ingest pipelines of Winlogbeat and of Elastic's Windows integration. Before they move a
field they delete it where it says nothing: Winlogbeat an empty text, the Sysmon pipeline also ``-``
and an identifier of zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import Column, FieldLeaf, Node, Op, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.account import account
from sigmaglot.pipelines.rewrites.numbers import integer
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

Rewrite = Callable[[FieldLeaf, "Entry"], Node]

GONE_TEXTS = "gone"
"""The key of an entry's values that lists the texts, beside the empty one, that are not stored."""
_PLAIN_DIGITS = "that numbers of the event data are stored in decimal digits, without leading zeros"


def ecs_text(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a text that is stored as it is, or not at all where it says nothing.

    Column: ``column``, a keyword. ``gone`` in the entry's values are the texts that are dropped.
    """
    return unless_gone(leaf, entry, text_on(leaf, entry, entry.column), _absent(leaf, entry.column))


def text_on(leaf: FieldLeaf, entry: Entry, column: Column) -> Node:
    """Return a test of a keyword column; a number is compared as the text that writes it."""
    if not isinstance(leaf, ir.Compare):
        return on(leaf, column)
    if leaf.op is Op.EQ and isinstance(leaf.number, int):
        known = replace(column, caveat=column.caveat or _PLAIN_DIGITS)
        return ir.StringMatch(known, ir.pattern(Shape.EQUALS, str(leaf.number)), place=leaf.place)
    note = other_form(leaf, entry, "is stored as text, which has no order of numbers")
    return approx(leaf, note, ALL, GONE)


def ecs_number(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of decimal text to one of a number column. ``gone`` as for any text."""
    return unless_gone(leaf, entry, integer(leaf, entry), _absent(leaf, entry.column))


def ecs_words(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of one of few words to the stored words that stand for those it accepts.

    ``values``: stored word to the event's words for it, all that an event can have, in the letter
    case that it has. Column: ``column``.
    """
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty)):
        return _absent(leaf, entry.column)
    if isinstance(leaf, ir.Exists):
        return on(leaf, entry.column)
    held = {
        stored: [holds_of(leaf, word) for word in words] for stored, words in entry.values.items()
    }
    some, whole = (
        ir.any_of([_is(leaf, entry.column, word) for word, found in held.items() if test(found)])
        for test in (any, all)
    )
    if some == whole:
        return some
    note = other_form(leaf, entry, "is stored as a word that stands for several")
    return approx(leaf, note, (some, 0.1), GONE if whole == ir.FALSE else (whole, 0.1))


def ecs_codes(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of a code to one of its name; of codes that are not listed nothing is known.

    ``values``: stored name to its codes. Column: ``column``.
    """
    if isinstance(leaf, (ir.IsNull, ir.IsEmpty, ir.Exists)):
        return ecs_text(leaf, entry)
    asked = ir.value_text(leaf)
    is_whole = isinstance(leaf, ir.StringMatch) and ir.shape_of(leaf.pattern)[0] is Shape.EQUALS
    is_equal = isinstance(leaf, ir.Compare) and leaf.op is Op.EQ
    for stored, codes in entry.values.items():
        if asked in codes and (is_whole or is_equal):
            return _is(leaf, entry.column, stored)
    note = other_form(leaf, entry, "is stored as the name of the code")
    return approx(leaf, note, ALL, GONE)


def ecs_account(leaf: FieldLeaf, entry: Entry) -> Node:
    r"""Rewrite a test of ``DOMAIN\name`` to its halves; any other text is not stored.

    Columns: ``domain``, ``name``.
    """
    stored = account(leaf, entry)
    absent = _absent(leaf, entry.columns["name"])
    if isinstance(leaf, ir.StringMatch) and _is_no_account(leaf):
        note = other_form(leaf, entry, r"is stored only where it is written DOMAIN\name")
        return approx(leaf, note, (absent, 0.1), GONE)
    return unless_gone(leaf, entry, stored, absent)


def _is_no_account(leaf: ir.StringMatch) -> bool:
    shape, text = ir.shape_of(leaf.pattern)
    return shape in {Shape.EQUALS, Shape.EMPTY} and "\\" not in text


def holds_of(leaf: FieldLeaf, text: str | None) -> bool:
    """Return whether a leaf holds of a text in its field, of a missing field for None."""
    return evaluate(leaf, {} if text is None else {ir.field_name(leaf): text})


def unless_gone(leaf: FieldLeaf, entry: Entry, stored: Node, absent: Node) -> Node:
    """Return a test of what is stored, with bounds where the leaf holds of a text that is not.

    ``stored`` is the test for a text that is stored, ``absent`` tells that nothing is.
    """
    gone = ("", *entry.values.get(GONE_TEXTS, ()))
    of_gone = [holds_of(leaf, text) for text in gone]
    of_nothing = holds_of(leaf, None)
    if all(one == of_nothing for one in of_gone):
        return stored
    note = other_form(leaf, entry, f"is not stored where it is {_listed(gone)}")
    if of_nothing:
        return approx(leaf, note, (absent, 0.05), GONE)
    if _asks_for(leaf, gone):
        return approx(leaf, note, (absent, 0.05), GONE)
    if isinstance(leaf, ir.Exists):
        return approx(leaf, note, ALL, (stored, 0.02))
    return approx(leaf, note, (ir.any_of([stored, absent]), 0.05), (stored, 0.02))


def _asks_for(leaf: FieldLeaf, gone: tuple[str, ...]) -> bool:
    """Return whether a leaf asks for one of the texts and for no other."""
    if isinstance(leaf, ir.Compare):
        return leaf.op is Op.EQ and str(leaf.number) in gone
    if not isinstance(leaf, ir.StringMatch):
        return False
    shape, text = ir.shape_of(leaf.pattern)
    return shape in {Shape.EQUALS, Shape.EMPTY} and text.lower() in gone


def _listed(gone: tuple[str, ...]) -> str:
    return " or ".join(["empty", *(f"`{text}`" for text in gone if text)])


def _absent(leaf: FieldLeaf, column: Column) -> Node:
    return ir.IsNull(column, leaf.place)


def _is(leaf: FieldLeaf, column: Column, word: str) -> ir.StringMatch:
    known = replace(column, canonical=True)
    return ir.StringMatch(known, ir.pattern(Shape.EQUALS, word), place=leaf.place)
