"""What a claim allows: which events a query may miss, and which it may find beside the rule's."""

from __future__ import annotations

from sigmaglot.verify.verdict import UNSTATED


def breaks(claim: str, *, meant: bool, found: bool) -> bool:
    """Return whether a query that finds an event, or not, breaks its claim about it.

    A claim that nobody states is held to be ``exact``: such a query goes under the rule's name.
    """
    if meant == found:
        return False
    allowed = "narrower" if meant else "broader"
    return claim in {"exact", UNSTATED, "broader", "narrower"} and claim != allowed
