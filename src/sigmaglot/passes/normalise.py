"""Simplify a tree without changing its meaning.

Flatten nested operators, fold constants, drop repeated operands, and say two leaves as one where
a single leaf means the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sigmaglot import ir
from sigmaglot.ir import And, Const, Node, Not, Or


def normalise(node: Node) -> Node:
    """Return a tree with the same meaning: flat, folded, without repetition."""
    match node:
        case ir.StringMatch(field, pattern):
            anything = pattern == (ir.AnyRun,)
            return Not(ir.IsNull(field, node.place)) if anything else node
        case And(children):
            return conjunction(normalise(child) for child in children)
        case Or(children):
            return disjunction(normalise(child) for child in children)
        case Not(child):
            return ir.negate(normalise(child))
        case _:
            return node


def deduplicate(node: Node) -> Node:
    """Return a flat tree with each operand of an operator once, its leaves as they are."""
    match node:
        case ir.StringMatch():
            return node
        case And(children):
            lifted = _lift((deduplicate(child) for child in children), And)
            return join_all(dict.fromkeys(lifted))
        case Or(children):
            lifted = _lift((deduplicate(child) for child in children), Or)
            return join_any(dict.fromkeys(lifted))
        case Not(child):
            return ir.negate(deduplicate(child))
        case _:
            return node


def join_all(nodes: Iterable[Node]) -> Node:
    """Return the AND of nodes, flat and folded; unlike ``conjunction`` it keeps repetitions."""
    return _folded(_lift(nodes, And), ir.FALSE, ir.all_of)


def join_any(nodes: Iterable[Node]) -> Node:
    """Return the OR of nodes, flat and folded; unlike ``disjunction`` it keeps repetitions."""
    return _folded(_lift(nodes, Or), ir.TRUE, ir.any_of)


def _folded(flat: list[Node], absorbing: Const, join: Callable[[list[Node]], Node]) -> Node:
    constants = [node for node in flat if type(node) is Const]
    if absorbing in constants:
        return absorbing
    return join([node for node in flat if type(node) is not Const] if constants else flat)


def _lift(nodes: Iterable[Node], kind: type[And | Or]) -> list[Node]:
    flat: list[Node] = []
    for node in nodes:
        if type(node) is kind:
            flat += node.children
        else:
            flat.append(node)
    return flat


def conjunction(nodes: Iterable[Node]) -> Node:
    """Return the simplified AND of simplified nodes."""
    flat = _flatten(nodes, And)
    if ir.FALSE in flat:
        return ir.FALSE
    return ir.all_of([node for node in flat if not isinstance(node, Const)])


def disjunction(nodes: Iterable[Node]) -> Node:
    """Return the simplified OR of simplified nodes."""
    flat = _flatten(nodes, Or)
    if ir.TRUE in flat:
        return ir.TRUE
    return ir.any_of(_join_empty([node for node in flat if not isinstance(node, Const)]))


def _flatten(nodes: Iterable[Node], kind: type[And | Or]) -> dict[Node, None]:
    """Return operands in order, nested ones of the same operator lifted, each once."""
    flat: dict[Node, None] = {}
    for node in nodes:
        if isinstance(node, kind):
            flat.update(dict.fromkeys(node.children))
        else:
            flat[node] = None
    return flat


def _join_empty(nodes: list[Node]) -> list[Node]:
    """Say «null or empty string» of one field as one leaf, where both stand in an OR."""
    nulls = {node.field: node for node in nodes if isinstance(node, ir.IsNull)}
    if not nulls:
        return nodes
    empty = {node.field for node in nodes if isinstance(node, ir.StringMatch) and not node.pattern}
    both = nulls.keys() & empty
    if not both:
        return nodes
    kept = [node for node in nodes if not (_is_empty_test(node) and node.field in both)]  # type: ignore[union-attr]
    return [
        ir.IsEmpty(node.field, node.place)
        if isinstance(node, ir.IsNull) and node.field in both
        else node
        for node in kept
    ]


def _is_empty_test(node: Node) -> bool:
    return isinstance(node, ir.StringMatch) and not node.pattern
