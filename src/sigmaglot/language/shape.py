"""Reshape a legal tree for a language: push NOT down, split later stages off, or list disjuncts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node
from sigmaglot.language.model import TooManyQueriesError


def push_not(node: Node, *, negated: bool = False) -> Node:
    """Return an equal tree in which NOT stands before leaves only."""
    match node:
        case ir.And(children) | ir.Or(children):
            parts = [push_not(child, negated=negated) for child in children]
            both = isinstance(node, ir.And) != negated
            return ir.all_of(parts) if both else ir.any_of(parts)
        case ir.Not(child):
            return push_not(child, negated=not negated)
        case _:
            return ir.negate(node) if negated else node


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Return the operands of a top-level AND, or the node alone."""
    return node.children if isinstance(node, ir.And) else (node,)


def split_stages(
    node: Node, is_late: Callable[[Leaf], bool]
) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Return the top-level conjuncts without a late leaf, and those with one.

    Only a whole conjunct may move to a later stage; what stands under OR or NOT moves with it.
    """
    early: list[Node] = []
    late: list[Node] = []
    for conjunct in conjuncts(node):
        some = any(is_late(leaf) for leaf in ir.leaves(conjunct))
        (late if some else early).append(conjunct)
    return tuple(early), tuple(late)


def disjuncts(node: Node, limit: int, key: Callable[[Node], object]) -> list[list[Node]]:
    """Return the disjunctive normal form: alternatives, each a list of terms that hold together.

    Operands of an OR that share a ``key`` other than None stay one term, for the language to
    write as one list. NOT must stand before leaves only.

    Raises:
        TooManyQueriesError: There are more alternatives than the limit.
    """
    match node:
        case ir.And(children):
            return _cross([disjuncts(child, limit, key) for child in children], limit)
        case ir.Or(children):
            parts = [
                alternative
                for group in _grouped(children, key)
                for alternative in _alternatives(group, limit, key)
            ]
            if len(parts) > limit:
                raise TooManyQueriesError(len(parts), limit)
            return parts
        case _:
            return [[node]]


def _alternatives(group: Node, limit: int, key: Callable[[Node], object]) -> list[list[Node]]:
    """Return one term for operands that share a key, the alternatives of any other operand."""
    if isinstance(group, ir.Or) and key(group.children[0]) is not None:
        return [[group]]
    return disjuncts(group, limit, key)


def group_of(node: Node) -> tuple[Node, ...]:
    """Return the operands of an OR that stays one term, or the node alone."""
    return node.children if isinstance(node, ir.Or) else (node,)


def _grouped(children: tuple[Node, ...], key: Callable[[Node], object]) -> list[Node]:
    groups: dict[object, list[Node]] = {}
    for index, child in enumerate(children):
        found = key(child)
        groups.setdefault(("alone", index) if found is None else found, []).append(child)
    return [ir.any_of(members) for members in groups.values()]


def _cross(parts: list[list[list[Node]]], limit: int) -> list[list[Node]]:
    needed = 1
    for part in parts:
        needed *= len(part)
    if needed > limit:
        raise TooManyQueriesError(needed, limit)
    return [[term for terms in chosen for term in terms] for chosen in product(*parts)]
