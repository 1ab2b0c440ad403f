r"""Write Kibana KQL.

A value without a wildcard is quoted, one with a wildcard is not; the latter never holds white
space, so no word in it can be read as an operator. Source: Kibana's grammar of KQL (kuery).
"""

from __future__ import annotations

from collections.abc import Hashable

from sigmaglot import ir
from sigmaglot.ir import Leaf
from sigmaglot.language import Plan, Selector, Writer, conjuncts, leaf_column

_SPECIAL = frozenset('\\():<>"*{}')
_CONTROLS = {"\t": "\\t", "\r": "\\r", "\n": "\\n"}


def quote(text: str) -> str:
    """Return a quoted value."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_control(char) for char in escaped) + '"'


def _control(char: str) -> str:
    if char in _CONTROLS:
        return _CONTROLS[char]
    return char if char.isprintable() or ord(char) > 0xFFFF else f"\\u{ord(char):04x}"


def _bare(text: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else _control(char) for char in text)


def value(pattern: ir.Pattern) -> str:
    """Return a pattern as a value: quoted where it has no wildcard.

    Bare text that ends in ``not`` is escaped by code point: before a blank it would be the
    operator, and Kibana reads a backslash before its ``n`` as a line break.
    """
    if not any(isinstance(part, ir.Wildcard) for part in pattern):
        return quote("".join(ir.texts_of(pattern)))
    text = "".join("*" if isinstance(part, ir.Wildcard) else _bare(part.text) for part in pattern)
    if not text.lower().endswith("not"):
        return text
    return f"{text[:-3]}\\u{ord(text[-3]):04x}{text[-2:]}"


def _leaf(leaf: Leaf, under_not: bool) -> str:
    del under_not
    name = leaf_column(leaf)
    match leaf:
        case ir.StringMatch(pattern=pattern):
            return f"{name}: {value(pattern)}" if name else value(pattern)
        case ir.Compare(op=op, number=number):
            return f"{name}: {number}" if op is ir.Op.EQ else f"{name} {op} {number}"
        case ir.CidrMatch(network=network):
            return f"{name}: {quote(network)}"
        case ir.Exists():
            return f"{name}: *"
        case ir.IsNull():
            return f"not {name}: *"
        case ir.IsEmpty():
            return f'(not {name}: * or {name}: "")'
        case _:
            raise TypeError(f"{type(leaf).__name__} cannot be said")


def leaf_text(leaf: Leaf) -> str:
    """Return one leaf as KQL writes it."""
    return _leaf(leaf, under_not=False)


def _negate(text: str, plain: bool) -> str:
    if plain and text.startswith("not "):
        return text.removeprefix("not ")
    return f"not {text}" if plain else f"not ({text})"


def _group_key(leaf: Leaf) -> Hashable | None:
    return leaf_column(leaf) if isinstance(leaf, ir.StringMatch) else None


def _group(leaves: list[Leaf]) -> str:
    values = [value(leaf.pattern) for leaf in leaves if isinstance(leaf, ir.StringMatch)]
    name = leaf_column(leaves[0])
    return f"{name}: ({' or '.join(values)})" if name else f"({' or '.join(values)})"


WRITER = Writer(_leaf, " and ", " or ", _negate, _group_key, _group)


def _selector(selector: Selector) -> str:
    values = [quote(value) for value in selector.values]
    listed = values[0] if len(values) == 1 else f"({' or '.join(values)})"
    return f"{selector.column}: {listed}"


def render(plan: Plan) -> tuple[str, ...]:
    """Return the one query of a plan, on one line as Kibana's search bar takes it."""
    terms = [_selector(selector) for selector in plan.source.selectors]
    if plan.hunt and plan.hunt.last:
        terms.append(f'{plan.source.time} >= "now-{plan.hunt.last}"')
    terms += [WRITER.operand(conjunct) for conjunct in conjuncts(plan.filter)]
    return (" and ".join(terms),)
