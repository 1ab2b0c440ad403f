"""What a claim allows: which events a query may miss, and which it may find beside the rule's."""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.verify.verdict import UNSTATED, Tally


def breaks(claim: str, *, meant: bool, found: bool) -> bool:
    """Return whether a query that finds an event, or not, breaks its claim about it.

    A claim that nobody states is held to be ``exact``: such a query goes under the rule's name.
    """
    if meant == found:
        return False
    allowed = "narrower" if meant else "broader"
    return claim in {"exact", UNSTATED, "broader", "narrower"} and claim != allowed


def finds_nothing(claim: str, made: Tally, recorded: Tally, what: str = "rule") -> str:
    """Return what to say of a query that finds none of the events of its rule, else nothing.

    A ``narrower`` query may miss events, so none of them breaks its claim. One that misses all of
    them, made and recorded, is worth a look: what it asks for may never happen.
    """
    both = made + recorded
    if claim != "narrower" or not made.meant or both.missed < both.meant:
        return ""
    return f"the query finds none of the {both.meant:,} events that the {what} means"


def has_keywords(condition: ir.Node) -> bool:
    """Return whether a rule looks for text in any field: it is made to stand in one only."""
    kinds = (ir.Keyword, ir.KeywordRegex)
    return any(isinstance(leaf, kinds) for leaf in ir.leaves(condition))
