"""Write CAR pseudocode.

Source: the data model and the published analytics of the MITRE Cyber Analytics Repository.
"""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.ir import Leaf
from sigmaglot.language import Branch, Plan, Writer, inline_flags, leaf_column
from sigmaglot_backends.car.aggregate import aggregate


def _value(pattern: ir.Pattern) -> str:
    return f'"{ir.wildcard_text(pattern)}"'


def _field(leaf: ir.FieldMatch, name: str) -> str:
    return f"{name} == {leaf.other if isinstance(leaf.other, str) else leaf.other.name}"


def _leaf(leaf: Leaf, under_not: bool) -> str:
    del under_not
    name = leaf_column(leaf)
    match leaf:
        case ir.StringMatch(pattern=pattern):
            return f"{name} == {_value(pattern)}"
        case ir.RegexMatch(regex=regex, flags=flags):
            return f'{name} match "{inline_flags(flags)}{regex}"'
        case ir.Compare(op=op, number=number):
            return f"{name} {op} {number}"
        case ir.FieldMatch():
            return _field(leaf, name)
        case ir.Exists():
            return f"{name} exists"
        case ir.IsNull():
            return f"{name} == null"
        case ir.IsEmpty():
            return f'({name} == null or {name} == "")'
        case _:
            raise TypeError(f"{type(leaf).__name__} cannot be said")


def _negate(text: str, plain: bool) -> str:
    if plain and text.count(" == ") == 1 and not text.startswith("("):
        return text.replace(" == ", " != ", 1)
    return f"not ({text})"


WRITER = Writer(_leaf, " and ", " or ", _negate)


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as CAR writes it."""
    return _leaf(leaf, under_not=False)


def _find(branch: Branch, name: str) -> list[str]:
    """Return the statements that give a name to the events of one rule of a correlation."""
    condition = WRITER.write(branch.takes_part)
    return [
        f"{name}_events = search {branch.source.table}",
        f"{name} = filter {name}_events where ({condition})",
    ]


def render(plan: Plan) -> tuple[str, ...]:
    """Return the one program of a plan: search, filter, output, and what a correlation measures."""
    if plan.aggregation:
        return aggregate(plan.aggregation, _find)
    condition = WRITER.write(plan.filter)
    lines = (
        f"process = search {plan.source.table}",
        f"matching = filter process where ({condition})",
        "output matching",
    )
    return ("\n".join(lines),)
