"""Write SPL.

In a search OR binds tighter than the implied AND, so every group stands in parentheses. A where
stage has three-valued logic: a test of a missing field is null, and so is its negation; NOT is
therefore pushed down to the tests and each negated test says what a missing field means.

Sources: Splunk's Search Reference, on search, where, match, cidrmatch and comparison functions.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node, Shape
from sigmaglot.language import (
    Plan,
    Selector,
    Source,
    Writer,
    has_letters,
    inline_flags,
    leaf_column,
    push_not,
    regex_of,
    split_stages,
)
from sigmaglot_backends.spl.aggregate import aggregate

_TIME_FORMATS = {
    ir.TimePart.MINUTE: "%M",
    ir.TimePart.HOUR: "%H",
    ir.TimePart.DAY: "%d",
    ir.TimePart.WEEK: "%V",
    ir.TimePart.MONTH: "%m",
    ir.TimePart.YEAR: "%Y",
}
_SYSMON_TIME = "%Y-%m-%d %H:%M:%S.%3N"


def quote(text: str) -> str:
    """Return a quoted string, backslashes and quotes escaped."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_late(leaf: Leaf) -> bool:
    """Return whether only a where stage can test the leaf."""
    if isinstance(leaf, ir.StringMatch):
        return _is_late_string(leaf)
    return isinstance(leaf, (ir.RegexMatch, ir.CidrMatch, ir.FieldMatch, ir.TimeMatch))


def _is_late_string(leaf: ir.StringMatch) -> bool:
    """Return whether a search cannot write the pattern: its `*` is always a wildcard."""
    for part in leaf.pattern:
        if part is ir.AnyOne:
            return True
        if isinstance(part, ir.Literal) and ("*" in part.text or not part.text.isprintable()):
            return True
    return leaf.cased and has_letters(leaf)


def _search_value(pattern: ir.Pattern) -> str:
    return quote(ir.wildcard_text(pattern))


def _field_name(name: str) -> str:
    return name if name.replace("_", "").replace(".", "").isalnum() else quote(name)


def _eval_name(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f"'{name}'"


def search_leaf(leaf: Leaf, under_not: bool) -> str:
    """Return a leaf as the search command says it.

    Raises:
        TypeError: Only a where stage can.
    """
    del under_not
    name = _field_name(leaf_column(leaf))
    match leaf:
        case ir.StringMatch(pattern=pattern):
            value = _search_value(pattern)
            return value if _is_raw(leaf) else f"{name}={value}"
        case ir.Compare(op=op, number=number):
            return f"{name}{'=' if op is ir.Op.EQ else op}{number}"
        case ir.Exists():
            return f"{name}=*"
        case ir.IsNull():
            return f"NOT {name}=*"
        case ir.IsEmpty():
            return f'(NOT {name}=* OR {name}="")'
        case _:
            raise TypeError(f"{type(leaf).__name__} belongs in a where stage")


def _is_raw(leaf: Leaf) -> bool:
    return leaf_column(leaf) == "_raw"


def _search_negate(text: str, plain: bool) -> str:
    if plain and text.startswith("NOT "):
        return text.removeprefix("NOT ")
    return f"NOT {text}" if plain else f"NOT ({text})"


def _search_key(leaf: Leaf) -> Hashable | None:
    if isinstance(leaf, ir.StringMatch) and leaf.pattern and not _is_raw(leaf):
        return leaf_column(leaf)
    return None


def _search_group(leaves: list[Leaf]) -> str:
    values = ", ".join(
        _search_value(leaf.pattern) for leaf in leaves if isinstance(leaf, ir.StringMatch)
    )
    return f"{_field_name(leaf_column(leaves[0]))} IN ({values})"


SEARCH = Writer(search_leaf, " ", " OR ", _search_negate, _search_key, _search_group)


def _where_string(leaf: ir.StringMatch, name: str) -> str:
    if not leaf.pattern:
        return f'{name}=""'
    flags = "(?s)" if leaf.cased else "(?is)"
    return f"match({name}, {quote(flags + alternative(leaf))})"


def alternative(leaf: ir.StringMatch) -> str:
    r"""Return the regular expression that finds a pattern, anchored unless it may stand anywhere.

    Its end is ``\z``: in PCRE ``$`` also holds before a line break that ends the text.
    """
    shape, text = ir.shape_of(leaf.pattern)
    if shape is Shape.CONTAINS:
        return regex_of(ir.pattern(Shape.EQUALS, text))
    return rf"^{regex_of(leaf.pattern)}\z"


def _where_field(leaf: ir.FieldMatch, name: str) -> str:
    other = _eval_name(leaf.other if isinstance(leaf.other, str) else leaf.other.name)
    left, right = f"lower({name})", f"lower({other})"
    if leaf.shape is Shape.STARTSWITH:
        left = f"substr({left}, 1, len({other}))"
    elif leaf.shape is Shape.ENDSWITH:
        is_empty = f"isnotnull({name}) AND len({other})=0"
        return f"(({is_empty}) OR substr({left}, 0-len({other}))={right})"
    return f"{left}={right}"


def _where_number(leaf: ir.Compare | ir.TimeMatch, name: str) -> str:
    return f"{_number(leaf, name)}{'=' if leaf.op is ir.Op.EQ else leaf.op}{leaf.number}"


def _number(leaf: ir.Compare | ir.TimeMatch, name: str) -> str:
    """Return the number that is compared: null where the field holds none."""
    if isinstance(leaf, ir.Compare):
        return f"tonumber({name})"
    moment = name if name == "_time" else f"strptime({name}, {quote(_SYSMON_TIME)})"
    return f"tonumber(strftime({moment}, {quote(_TIME_FORMATS[leaf.part])}))"


_WHERE: dict[type, Any] = {
    ir.StringMatch: _where_string,
    ir.RegexMatch: lambda leaf, name: (
        f"match({name}, {quote(inline_flags(leaf.flags) + leaf.regex)})"
    ),
    ir.CidrMatch: lambda leaf, name: f"cidrmatch({quote(leaf.network)}, {name})",
    ir.Compare: _where_number,
    ir.FieldMatch: _where_field,
    ir.TimeMatch: _where_number,
    ir.Exists: lambda _, name: f"isnotnull({name})",
    ir.IsNull: lambda _, name: f"isnull({name})",
    ir.IsEmpty: lambda _, name: f'(isnull({name}) OR {name}="")',
}
_PRESENCE = {
    ir.Exists: "isnull({0})",
    ir.IsNull: "isnotnull({0})",
    ir.IsEmpty: '(isnotnull({0}) AND {0}!="")',
}


def _where_leaf(leaf: Leaf, under_not: bool) -> str:
    """Return a test, or with ``under_not`` its whole negation, true where a field is missing."""
    name = _eval_name(leaf_column(leaf))
    text: str = _WHERE[type(leaf)](leaf, name)
    if not under_not:
        return text
    if type(leaf) in _PRESENCE:
        return _PRESENCE[type(leaf)].format(name)
    missing = [f"isnull({name})"]
    if isinstance(leaf, (ir.Compare, ir.TimeMatch)):
        missing = [f"isnull({_number(leaf, name)})"]
    if isinstance(leaf, ir.FieldMatch) and not isinstance(leaf.other, str):
        missing.append(f"isnull({_eval_name(leaf.other.name)})")
    return f"({' OR '.join(missing)} OR NOT {text})"


def _where_key(leaf: Leaf) -> Hashable | None:
    if isinstance(leaf, ir.StringMatch) and leaf.pattern:
        return (leaf_column(leaf), leaf.cased)
    return None


def _where_group(leaves: list[Leaf]) -> str:
    """Write patterns of one field as one alternation."""
    strings = [leaf for leaf in leaves if isinstance(leaf, ir.StringMatch)]
    flags = "(?s)" if strings[0].cased else "(?is)"
    regex = "|".join(alternative(leaf) for leaf in strings)
    return f"match({_eval_name(leaf_column(strings[0]))}, {quote(flags + regex)})"


WHERE = Writer(_where_leaf, " AND ", " OR ", lambda text, _: text, _where_key, _where_group)


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as SPL writes it, in the stage where it belongs."""
    return _where_leaf(leaf, under_not=False) if is_late(leaf) else search_leaf(leaf, False)


def scope(selector: Selector) -> str:
    """Return the search terms of a condition that scopes a query."""
    tests = [
        f"{_field_name(selector.column)}={_selector_value(value)}" for value in selector.values
    ]
    return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})"


def _selector_value(value: str) -> str:
    return value if value.isdigit() else quote(value)


def find(source: Source, condition: Node, last: str = "") -> list[str]:
    """Return a search, and a where stage for each late conjunct."""
    early, late = split_stages(condition, is_late)
    terms = [f"earliest=-{last}"] if last else []
    terms += [scope(selector) for selector in source.selectors]
    terms += [SEARCH.operand(conjunct) for conjunct in early]
    stages = [f"| where {WHERE.write(push_not(conjunct))}" for conjunct in late]
    return [" ".join(terms or ["*"]), *stages]


def render(plan: Plan) -> tuple[str, ...]:
    """Return the one query of a plan: a search, where stages, and stages that aggregate."""
    last = plan.hunt.last if plan.hunt else ""
    if plan.aggregation:
        lines = aggregate(plan.aggregation, lambda branch: find(branch.source, branch.filter, last))
    else:
        lines = find(plan.source, plan.filter, last)
    if plan.hunt:
        lines.append("| sort 0 - _time")
        lines.append("| table " + ", ".join(_field_name(name) for name in plan.hunt.projection))
    return ("\n".join(lines),)


def comment(lines: tuple[str, ...]) -> str:
    """Return lines as a comment block between triple backticks."""
    body = "\n".join(lines).replace("`", "'")
    return f"```\n{body}\n```"
