"""Write a tree with a language's operators: precedence and grouping decided once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import cast

from sigmaglot.ir import And, Approx, Const, Leaf, Node, Not, Or

MAX_WIDTH = 64
"""Operands that stand flat beside each other; more are nested in parentheses, because parsers
recurse over a flat chain (Kusto refuses one of 500)."""


@dataclass(frozen=True, slots=True)
class Writer:
    """How one language writes operators and leaves.

    Attributes:
        leaf: A leaf, and whether it stands under a NOT, to text.
        all: The text between the operands of an AND.
        any: The text between the operands of an OR.
        negate: The text of an operand, and whether it is a plain leaf, to its negation.
        group_key: What leaves must share to be written as one list; None for those that cannot.
        group: Leaves of one key, in order, to the text of their disjunction.
        width: Operands of one OR that may stand flat.
    """

    leaf: Callable[[Leaf, bool], str]
    all: str
    any: str
    negate: Callable[[str, bool], str]
    group_key: Callable[[Leaf], Hashable | None] = lambda _: None
    group: Callable[[list[Leaf]], str] | None = None
    width: int = MAX_WIDTH

    def write(self, node: Node, *, under_not: bool = False) -> str:
        """Return the text of a tree, without parentheses around it."""
        match node:
            case And(children):
                return self.all.join(self._operand(child, under_not) for child in children)
            case Or(children):
                return self._any(children, under_not)
            case Not(child):
                return self._not(child)
            case Const() | Approx():
                raise TypeError(f"{type(node).__name__} cannot be written")
            case _:
                return self.leaf(node, under_not)

    def operand(self, node: Node) -> str:
        """Return the text of a tree, in parentheses where it stands beside an AND."""
        return self._operand(node, under_not=False)

    def _operand(self, node: Node, under_not: bool) -> str:
        text = self.write(node, under_not=under_not)
        if isinstance(node, And) or (isinstance(node, Or) and not self._is_one_list(node)):
            return f"({text})"
        return text

    def _not(self, child: Node) -> str:
        text = self.write(child, under_not=True)
        plain = not isinstance(child, (And, Or)) or self._is_one_list(child)
        return self.negate(text, plain and not isinstance(child, Not))

    def _is_one_list(self, node: Node) -> bool:
        if not isinstance(node, Or) or self.group is None:
            return False
        keys = {self._key(child) for child in node.children}
        return len(keys) == 1 and None not in keys

    def _key(self, node: Node) -> Hashable | None:
        return None if isinstance(node, (And, Or, Not, Const, Approx)) else self.group_key(node)

    def _any(self, children: tuple[Node, ...], under_not: bool) -> str:
        return self._join(self._alternatives(children, under_not))

    def _join(self, texts: list[str]) -> str:
        while len(texts) > self.width:
            size = self.width
            chunks = [texts[start : start + size] for start in range(0, len(texts), size)]
            texts = [f"({self.any.join(chunk)})" for chunk in chunks]
        return self.any.join(texts)

    def _alternatives(self, children: tuple[Node, ...], under_not: bool) -> list[str]:
        """Return the texts of an OR's operands, lists where leaves share a key."""
        groups: dict[Hashable, list[Node]] = {}
        for index, child in enumerate(children):
            key = self._key(child) if self.group else None
            groups.setdefault(index if key is None else ("list", key), []).append(child)
        return [self._alternative(members, under_not) for members in groups.values()]

    def _alternative(self, members: list[Node], under_not: bool) -> str:
        if len(members) > 1 and self.group:
            return self.group(cast("list[Leaf]", members))  # only leaves have a key
        return self._operand(members[0], under_not)


def leaf_column(leaf: Leaf) -> str:
    """Return the column name of a bound leaf.

    Raises:
        TypeError: The leaf is a keyword, which has none.
    """
    field = getattr(leaf, "field", None)
    if field is None or isinstance(field, str):
        raise TypeError(f"{type(leaf).__name__} is not bound to a column")
    name: str = field.name
    return name
