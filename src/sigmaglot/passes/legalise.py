"""Make a bound tree one that a language can say, exactly or from one side.

Under an odd number of NOTs the bounds swap. One query takes all its bounds from the same side, so
that its claim follows from the bounds of its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sigmaglot import ir
from sigmaglot.ir import Leaf, Node, Note
from sigmaglot.language import Capabilities
from sigmaglot.passes.normalise import deduplicate, join_all, join_any


class Fidelity(StrEnum):
    """How the events that a query returns relate to those that the rule means."""

    EXACT = "exact"
    BROADER = "broader"
    NARROWER = "narrower"
    UNSUPPORTED = "unsupported"


class Policy(StrEnum):
    """Which fidelity the user accepts."""

    CLOSEST = "closest"
    EXACT = "exact"
    BROADER = "broader"
    NARROWER = "narrower"


@dataclass(frozen=True, slots=True)
class Side:
    """A tree without approximations, and what it costs against the rule.

    Attributes:
        node: Legal, simplified.
        loss: Sum of what each leaf of the rule lost; 1 for a leaf that is gone.
        leaves: How many leaves of the rule this part stood for.
        notes: Why, in the order of the rule.
    """

    node: Node
    loss: float = 0.0
    leaves: int = 1
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The tree to render and its claim; UNSUPPORTED keeps the notes that say why."""

    node: Node
    fidelity: Fidelity
    notes: tuple[Note, ...] = ()


def legalise(node: Node, capabilities: Capabilities, kept: Leaf | None = None) -> Node:
    """Return the tree with every leaf legal or inside an approximation of legal bounds.

    ``kept`` is the leaf whose bounds these are: where it stands in them itself, it is legal.
    """
    match node:
        case ir.StringMatch():
            handled = capabilities.handle(node)
            return handled if handled is node else legalise(handled, capabilities)
        case ir.And(children):
            return join_all([legalise(child, capabilities, kept) for child in children])
        case ir.Or(children):
            return join_any([legalise(child, capabilities, kept) for child in children])
        case ir.Not(child):
            return ir.negate(legalise(child, capabilities, kept))
        case ir.Const():
            return node
        case ir.Approx(leaf, upper, lower):
            return ir.Approx(
                leaf, _bound(upper, capabilities, leaf), _bound(lower, capabilities, leaf)
            )
        case _ if node is kept:
            return node
        case _:
            handled = capabilities.handle(node)
            return handled if handled is node else legalise(handled, capabilities)


def _bound(bound: ir.Bound, capabilities: Capabilities, leaf: Leaf) -> ir.Bound:
    return ir.Bound(legalise(bound.node, capabilities, leaf), bound.loss, bound.note)


def choose(node: Node, policy: Policy, kinds: frozenset[str] = frozenset()) -> Choice:
    """Return what to render of a legalised tree under the user's policy.

    ``kinds`` are the fields and columns that tell kinds of events apart. A query of which nothing
    else is left finds every event of a kind: it is the last choice and says so before all else.
    """
    if not is_approximate(node):
        node = deduplicate(node)
        constant = isinstance(node, ir.Const)
        return Choice(node, Fidelity.UNSUPPORTED if constant else Fidelity.EXACT)
    upper, lower = take_side(node, up=True), take_side(node, up=False)
    candidates = {
        Policy.BROADER: [(upper, Fidelity.BROADER)],
        Policy.NARROWER: [(lower, Fidelity.NARROWER)],
        Policy.CLOSEST: [(upper, Fidelity.BROADER), (lower, Fidelity.NARROWER)],
        Policy.EXACT: [],
    }[policy]
    usable = [one for one in candidates if not isinstance(one[0].node, ir.Const)]
    bare = [one for one in usable if one[0] is upper and _is_bare(upper.node, node, kinds)]
    usable = [one for one in usable if one not in bare]
    if not usable and bare:
        notes = dict.fromkeys((_nothing_left(upper.notes, kinds), *upper.notes))
        return Choice(deduplicate(upper.node), Fidelity.BROADER, tuple(notes))
    if not usable:
        first = candidates[0][0] if candidates else upper
        return Choice(ir.FALSE, Fidelity.UNSUPPORTED, tuple(dict.fromkeys(first.notes)))
    side, fidelity = min(usable, key=lambda one: one[0].loss)
    return Choice(deduplicate(side.node), fidelity, tuple(dict.fromkeys(side.notes)))


def _nothing_left(notes: tuple[Note, ...], kinds: frozenset[str]) -> Note:
    """Return the note of such a query, which names the first field that is lost beyond the kind."""
    lost = next((note for note in notes if note.field not in kinds), notes[0])
    message = f"nothing of the rule is left but a kind of event: {lost.message}"
    return Note("SG208", message, lost.field, lost.value)


def _is_bare(left: Node, node: Node, kinds: frozenset[str]) -> bool:
    """Return whether what is left asks for kinds of events alone, which the tree did not."""
    return _beyond(left, kinds) == ir.TRUE != _beyond(node, kinds)


def _beyond(node: Node, kinds: frozenset[str], *, up: bool = True) -> Node:
    """Return an upper bound of what a tree asks for beyond the kind of event; True for nothing."""
    match node:
        case ir.And(children):
            return join_all([_beyond(child, kinds, up=up) for child in children])
        case ir.Or(children):
            return join_any([_beyond(child, kinds, up=up) for child in children])
        case ir.Not(child):
            return ir.negate(_beyond(child, kinds, up=not up))
        case ir.Const():
            return node
        case _:
            leaf = node.leaf if isinstance(node, ir.Approx) else node
            return ir.Const(up) if ir.field_name(leaf) in kinds else node


def is_approximate(node: Node) -> bool:
    """Return whether some leaf of the tree has no exact form."""
    match node:
        case ir.And(children) | ir.Or(children):
            return any(is_approximate(child) for child in children)
        case ir.Not(child):
            return is_approximate(child)
        case _:
            return isinstance(node, ir.Approx)


def take_side(node: Node, *, up: bool) -> Side:
    """Return the tree with the upper (or lower) bound of every leaf, polarity respected."""
    match node:
        case ir.StringMatch():
            return Side(node)
        case ir.And(children):
            return _join([take_side(child, up=up) for child in children], ir.FALSE)
        case ir.Or(children):
            return _join([take_side(child, up=up) for child in children], ir.TRUE)
        case ir.Not(child):
            side = take_side(child, up=not up)
            return Side(ir.negate(side.node), side.loss, side.leaves, side.notes)
        case ir.Approx(_, upper, lower):
            bound = upper if up else lower
            below = take_side(bound.node, up=up)
            loss = min(1.0, bound.loss + below.loss / max(below.leaves, 1))
            return Side(below.node, loss, 1, (bound.note, *below.notes))
        case ir.Const():
            return Side(node, leaves=0)
        case _:
            return Side(node)


def _join(sides: list[Side], absorbing: ir.Const) -> Side:
    """Join operands; where one absorbs the rest, every leaf of them is gone."""
    join = join_any if absorbing.value else join_all
    node = join([side.node for side in sides])
    leaves = sum(side.leaves for side in sides)
    loss = float(leaves) if node == absorbing else sum(side.loss for side in sides)
    notes = tuple(note for side in sides for note in side.notes)
    return Side(node, loss, leaves, notes)
