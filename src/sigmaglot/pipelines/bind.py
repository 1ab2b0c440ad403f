"""Bind a tree over Sigma fields to the columns of a pipeline."""

from __future__ import annotations

from dataclasses import replace

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node
from sigmaglot.language import ALL, GONE, approx, drop
from sigmaglot.passes.normalise import join_all, join_any
from sigmaglot.pipelines.model import RAW, Entry, Recording
from sigmaglot.pipelines.rewrites import REWRITES


def bind(node: Node, recording: Recording) -> Node:
    """Return the tree over columns; what the schema keeps less of is an approximation."""
    match node:
        case ir.StringMatch():
            return _bind_leaf(node, recording)
        case ir.And(children):
            return join_all(bind(child, recording) for child in children)
        case ir.Or(children):
            return join_any(bind(child, recording) for child in children)
        case ir.Not(child):
            return ir.negate(bind(child, recording))
        case ir.Const() | ir.Approx():
            return node
        case ir.Keyword() | ir.KeywordRegex():
            return _keyword(node, recording)
        case ir.FieldMatch():
            return _field_match(node, recording)
        case _:
            return _bind_leaf(node, recording)


def entry_of(field: str, recording: Recording) -> Entry:
    """Return how a field is stored; a field that the pipeline does not know has no column."""
    entry = recording.entries.get(field)
    if entry is not None:
        return entry
    if recording.default is None:
        return Entry(field, "none", reason="the pipeline does not know the field")
    caveat = f"that `{field}` is stored under its own name is of low confidence"
    default = recording.default
    column = Column(default.name + field, default.type, caveat=caveat)
    return Entry(field, "rename", {"column": column}, confidence="low")


def _bind_leaf(leaf: FieldLeaf, recording: Recording) -> Node:
    entry = entry_of(ir.field_name(leaf), recording)
    return REWRITES[entry.rewrite](leaf, entry)


def _field_match(leaf: ir.FieldMatch, recording: Recording) -> Node:
    """Bind both fields; each role that the two entries share is compared on its own."""
    other_name = leaf.other if isinstance(leaf.other, str) else leaf.other.name
    entry, other = (entry_of(name, recording) for name in (ir.field_name(leaf), other_name))
    absent = next((one for one in (entry, other) if one.rewrite == "none"), None)
    if absent is not None:
        return REWRITES["none"](leaf, absent)
    if entry.rewrite == other.rewrite == "account" and leaf.shape is ir.Shape.EQUALS:
        return ir.all_of([_pair(leaf, entry, other, role) for role in ("domain", "name")])
    if "column" in entry.columns and "column" in other.columns and entry.rewrite == other.rewrite:
        return _pair(leaf, entry, other, "column")
    message = f"`{entry.field}` and `{other.field}` are stored in different forms"
    return drop(leaf, ir.Note("SG205", message, entry.field, other.field))


def _pair(leaf: ir.FieldMatch, entry: Entry, other: Entry, role: str) -> ir.FieldMatch:
    return replace(leaf, field=entry.columns[role], other=other.columns[role])


def _keyword(leaf: ir.Keyword | ir.KeywordRegex, recording: Recording) -> Node:
    """Bind a keyword to the columns that are searched, or leave it to a search of the raw text."""
    if recording.keyword == RAW or isinstance(recording.keyword, str):
        return leaf
    tests: list[Node] = [
        ir.StringMatch(column, leaf.pattern, leaf.cased, leaf.place)
        if isinstance(leaf, ir.Keyword)
        else ir.RegexMatch(column, leaf.regex, leaf.flags, leaf.place)
        for column in recording.keyword
    ]
    names = ", ".join(column.name for column in recording.keyword)
    where = f"is searched in {names} only" if names else "has no column that is searched for it"
    note = ir.Note("SG205", f"a keyword {where}", "", ir.value_text(leaf))
    return approx(leaf, note, ALL, (ir.any_of(tests), 0.2) if tests else GONE)
