"""Write a tstats search over a data model.

Its where clause is a search, so it is written as ``spl`` writes one. Without a by clause tstats
counts and never returns nothing; the by clause names the fields that are shown, and those that a
later where stage tests. What such a field lacks is written as ``unknown``, the word of the data
models themselves, so that no event is lost by it and a later test has two values of truth.

Sources: Splunk's Search Reference, on tstats (``fillnull_value``), search, where and convert.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node
from sigmaglot.language import Plan, Writer, inline_flags, leaf_column, split_stages
from sigmaglot_backends.spl.render import (
    SEARCH,
    alternative,
    is_late,
    quote,
    scope,
    search_leaf,
)

UNKNOWN = "unknown"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_COUNT = "count min(_time) AS firstTime max(_time) AS lastTime"
_SHOWN = ("lastTime", "firstTime", "count")


def _where_leaf(leaf: Leaf, under_not: bool) -> str:
    """Return a test of a grouped row, in which a missing field is the text ``unknown``."""
    del under_not
    text: str = _WHERE[type(leaf)](leaf, f"'{leaf_column(leaf)}'")
    return text


def _where_string(leaf: ir.StringMatch, name: str) -> str:
    if _is_unknown(leaf):
        return f"lower({name})={quote(UNKNOWN)}"
    return _match(name, _flags(leaf), alternative(leaf))


def _is_unknown(leaf: ir.StringMatch) -> bool:
    return ir.value_text(leaf).lower() == UNKNOWN


def _where_number(leaf: ir.Compare, name: str) -> str:
    test = f"tonumber({name}){'=' if leaf.op is ir.Op.EQ else leaf.op}{leaf.number}"
    return f"(isnotnull(tonumber({name})) AND {test})"


def _where_field(leaf: ir.FieldMatch, name: str) -> str:
    other = f"'{_name_of(leaf.other)}'"
    known = " AND ".join(f"{one}!={quote(UNKNOWN)}" for one in (name, other))
    return f"(lower({name})=lower({other}) AND {known})"


def _name_of(column: ir.Column | str) -> str:
    return column if isinstance(column, str) else column.name


_WHERE: dict[type, Any] = {
    ir.StringMatch: _where_string,
    ir.RegexMatch: lambda leaf, name: _match(name, leaf.flags, leaf.regex),
    ir.CidrMatch: lambda leaf, name: f"cidrmatch({quote(leaf.network)}, {name})",
    ir.Compare: _where_number,
    ir.FieldMatch: _where_field,
    ir.Exists: lambda _, name: f"{name}!={quote(UNKNOWN)}",
    ir.IsNull: lambda _, name: f"{name}={quote(UNKNOWN)}",
    ir.IsEmpty: lambda _, name: f'({name}={quote(UNKNOWN)} OR {name}="")',
}


def _flags(leaf: ir.StringMatch) -> str:
    return "s" if leaf.cased else "is"


def _match(name: str, flags: str, regex: str) -> str:
    """Return a test of a value that is there: ``unknown`` may fit the expression, too."""
    test = f"match({name}, {quote(inline_flags(flags) + regex)})"
    known = sum(getattr(re, flag.upper()) for flag in flags)
    if re.search(regex.replace(r"\z", r"\Z"), UNKNOWN, known):
        return f"({name}!={quote(UNKNOWN)} AND {test})"
    return test


def _where_key(leaf: Leaf) -> Hashable | None:
    if isinstance(leaf, ir.StringMatch) and not _is_unknown(leaf):
        return (leaf_column(leaf), leaf.cased)
    return None


def _where_group(leaves: list[Leaf]) -> str:
    """Write patterns of one field as one alternation."""
    strings = [leaf for leaf in leaves if isinstance(leaf, ir.StringMatch)]
    name, regex = leaf_column(strings[0]), "|".join(alternative(leaf) for leaf in strings)
    return _match(f"'{name}'", _flags(strings[0]), regex)


WHERE = Writer(
    _where_leaf, " AND ", " OR ", lambda text, _: f"NOT ({text})", _where_key, _where_group
)


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as SPL writes it, in the stage where it belongs."""
    return (_where_leaf if is_late(leaf) else search_leaf)(leaf, under_not=False)


def _columns(nodes: tuple[Node, ...]) -> list[str]:
    """Return the columns that late conjuncts test, in order."""
    leaves = [leaf for node in nodes for leaf in ir.leaves(node)]
    others = [_name_of(leaf.other) for leaf in leaves if isinstance(leaf, ir.FieldMatch)]
    return [leaf_column(leaf) for leaf in leaves] + others


def render(plan: Plan) -> tuple[str, ...]:
    """Return the one query of a plan: tstats, then a where stage for each late conjunct."""
    early, late = split_stages(plan.filter, is_late)
    terms = [f"earliest=-{plan.hunt.last}"] if plan.hunt and plan.hunt.last else []
    terms += [scope(selector) for selector in plan.source.selectors]
    terms += [SEARCH.operand(conjunct) for conjunct in early]
    shown = plan.hunt.projection if plan.hunt else plan.source.projection
    by = dict.fromkeys((*shown, *_columns(late)))
    lines = [
        f"| tstats summariesonly=false fillnull_value={quote(UNKNOWN)} {_COUNT}",
        f"    FROM datamodel={plan.source.table}",
        *([f"    WHERE {' '.join(terms)}"] if terms else []),
        f"    BY {' '.join(by)}",
        *(f"| where {WHERE.write(conjunct)}" for conjunct in late),
        *(_as_table(shown) if plan.hunt else []),
    ]
    return ("\n".join(lines),)


def _as_table(shown: tuple[str, ...]) -> list[str]:
    """Return the stages that show groups to a person, the newest first."""
    return [
        "| sort 0 - lastTime",
        f"| convert timeformat={quote(TIME_FORMAT)} ctime(firstTime) ctime(lastTime)",
        f"| table {', '.join((*_SHOWN, *shown))}",
    ]
