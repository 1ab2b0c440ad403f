"""Write LogPoint.

AND is a space and OR binds tighter than it, so every group stands in parentheses. A regular
expression runs in a process stage, which makes a field where it matches; a later search tests that
the field is there, so it may stand under OR and NOT.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node, Shape
from sigmaglot.language import (
    Branch,
    Plan,
    Selector,
    Source,
    Writer,
    conjuncts,
    has_letters,
    inline_flags,
    leaf_column,
    regex_of,
    split_stages,
)
from sigmaglot_backends.logpoint.aggregate import aggregate

_RESERVED = frozenset({"process", "filter", "search", "chart", "and", "in", "or"})
_PLAIN_NAME = re.compile(r"[\w.]+")


def column(name: str) -> str:
    """Return a field name, quoted where it is a word of the language or has odd characters."""
    plain = _PLAIN_NAME.fullmatch(name) and name not in _RESERVED
    return name if plain else f'"{name}"'


def quote(text: str) -> str:
    """Return a value in quotes that it does not hold; a backslash stands for itself."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def is_late(leaf: Leaf) -> bool:
    """Return whether only a regular expression in a later stage can test the leaf."""
    if isinstance(leaf, ir.StringMatch):
        return _needs_regex(leaf)
    return isinstance(leaf, ir.RegexMatch)


def _needs_regex(leaf: ir.StringMatch) -> bool:
    if leaf.cased and has_letters(leaf):
        return True
    texts = ir.texts_of(leaf.pattern)
    both_quotes = any('"' in text for text in texts) and any("'" in text for text in texts)
    odd = any("*" in text or "?" in text or not text.isprintable() for text in texts)
    return odd or both_quotes


def _value(pattern: ir.Pattern) -> str:
    return quote(ir.wildcard_text(pattern))


def _leaf(leaf: Leaf, under_not: bool) -> str:
    del under_not
    raw_name = leaf_column(leaf)
    name = column(raw_name)
    match leaf:
        case ir.StringMatch(pattern=pattern):
            return f"{name}={_value(pattern)}" if raw_name else _value(pattern)
        case ir.Compare(op=op, number=number):
            return f"{name}={number}" if op is ir.Op.EQ else f"{name} {op} {number}"
        case ir.Exists():
            return f"{name}=*"
        case ir.IsNull():
            return f"-{name}=*"
        case ir.IsEmpty():
            return f'(-{name}=* OR {name}="")'
        case _:
            raise TypeError(f"{type(leaf).__name__} belongs in a process stage")


def _negate(text: str, plain: bool) -> str:
    if plain and text.startswith("-"):
        return text.removeprefix("-")
    return f"-{text}" if plain else f"-({text})"


def _group_key(leaf: Leaf) -> Hashable | None:
    if isinstance(leaf, ir.StringMatch) and leaf.pattern and leaf_column(leaf):
        return leaf_column(leaf)
    return None


def _group(leaves: list[Leaf]) -> str:
    values = ", ".join(_value(leaf.pattern) for leaf in leaves if isinstance(leaf, ir.StringMatch))
    return f"{column(leaf_column(leaves[0]))} IN [{values}]"


WRITER = Writer(_leaf, " ", " OR ", _negate, _group_key, _group)


def regex_text(leaf: Leaf) -> str:
    """Return the regular expression of a late leaf."""
    if isinstance(leaf, ir.RegexMatch):
        return inline_flags(leaf.flags) + leaf.regex
    if not isinstance(leaf, ir.StringMatch):
        raise TypeError(leaf)
    flags = "(?s)" if leaf.cased else "(?is)"
    shape, text = ir.shape_of(leaf.pattern)
    if shape is Shape.CONTAINS:
        return flags + regex_of(ir.pattern(Shape.EQUALS, text))
    return f"{flags}^{regex_of(leaf.pattern)}$"


def _process(name: str, leaf: Leaf) -> str:
    """Return the stage that makes a field where the leaf's expression matches."""
    regex = regex_text(leaf)
    flags, body = _flags_of(regex)
    body = body.replace('"', "\\x22")
    return f'| process regex("{flags}(?P<{name}>{body})", {column(leaf_column(leaf))})'


def _flags_of(regex: str) -> tuple[str, str]:
    found = re.match(r"\(\?[ims]+\)", regex)
    return (found[0], regex[found.end() :]) if found else ("", regex)


@dataclass(slots=True)
class _Stages:
    """Names the field of each late leaf, one for equal leaves."""

    names: dict[Leaf, str] = field(default_factory=dict)

    def replace(self, node: Node) -> Node:
        """Return the tree with late leaves as tests that their field is there."""
        match node:
            case ir.And(children):
                return ir.And(tuple(self.replace(child) for child in children))
            case ir.Or(children):
                return ir.Or(tuple(self.replace(child) for child in children))
            case ir.Not(child):
                return ir.Not(self.replace(child))
            case ir.Const() | ir.Approx():
                return node
            case _:
                return self._leaf(node) if is_late(node) else node

    def _leaf(self, leaf: Leaf) -> Node:
        name = self.names.setdefault(leaf, f"sg{len(self.names) + 1}")
        return ir.Exists(ir.Column(name))


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as LogPoint writes it, in the stage where it belongs."""
    return _process("sg1", leaf) if is_late(leaf) else _leaf(leaf, under_not=False)


def _selector(selector: Selector) -> str:
    name = column(selector.column)
    bare = selector.column == "norm_id"
    values = [value if bare or value.isdigit() else quote(value) for value in selector.values]
    return f"{name}={values[0]}" if len(values) == 1 else f"{name} IN [{', '.join(values)}]"


def find(source: Source, condition: Node) -> list[str]:
    """Return a search, the stages of its regular expressions, and a search for what they made."""
    early, late = split_stages(condition, is_late)
    terms = [_selector(selector) for selector in source.selectors]
    terms += [WRITER.operand(conjunct) for conjunct in early]
    stages = _Stages()
    tests = [WRITER.operand(part) for node in late for part in conjuncts(stages.replace(node))]
    lines = [" ".join(terms or ["*"])]
    lines += [_process(name, leaf) for leaf, name in stages.names.items()]
    return [*lines, *([f"| search {' '.join(tests)}"] if tests else [])]


def find_branch(branch: Branch) -> list[str]:
    """Return the stages that find the events which one rule of a correlation contributes."""
    return find(branch.source, branch.takes_part)


def render(plan: Plan) -> tuple[str, ...]:
    """Return the query of a plan, or of a correlation in any order one for each of two orders."""
    if plan.aggregation:
        return aggregate(plan.aggregation, find_branch, column)
    lines = find(plan.source, plan.filter)
    if plan.hunt:
        lines.append("| fields " + ", ".join(column(name) for name in plan.hunt.projection))
    return ("\n".join(lines),)
