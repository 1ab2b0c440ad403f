"""What ``_fetch`` can say: regular expressions on fields, joined by AND and NOT.

Source: DNIF's knowledge base on ``_fetch`` and the published queries of MITRE CAR. The engine of
its regular expressions is not documented; only what RE2 knows is used.
"""

from __future__ import annotations

from sigmaglot import ir
from sigmaglot.language import (
    CASED_KINDS,
    STRING_KINDS,
    Capabilities,
    cannot_say,
    exact,
    literal_bound,
    note,
    regex_on_re2,
    rows,
)

NAME = "DNIF _fetch"
_RE2 = regex_on_re2(NAME)


def _regex(leaf: ir.RegexMatch) -> ir.Node:
    """Say an expression whose only flag is letter case; the others cannot be given."""
    if set(leaf.flags) - {"i"} or "(?" in leaf.regex.removeprefix("(?i)"):
        return literal_bound(leaf, note("SG305", f"{NAME} takes no flags but letter case", leaf))
    return _RE2(leaf)


def _equals(leaf: ir.Compare) -> ir.Node:
    if leaf.op is not ir.Op.EQ:
        return cannot_say(leaf, NAME, "no comparison of numbers is documented")
    return leaf


CAPABILITIES = Capabilities(
    NAME,
    {
        **rows((*STRING_KINDS, *CASED_KINDS), exact, "string"),
        **rows(("regex",), _regex, "string"),
        **rows(("compare",), _equals, "string"),
        **rows(("exists", "null", "null_or_empty"), exact, "string"),
    },
)
