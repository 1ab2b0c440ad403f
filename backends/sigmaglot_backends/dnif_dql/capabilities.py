"""What DNIF's DQL can say.

Source: DNIF's knowledge base and release notes. Letter case is not documented, so both sides are
lower-cased wherever the rule does not ask for case.
"""

from __future__ import annotations

from sigmaglot.language import (
    CASED_KINDS,
    STRING_KINDS,
    Capabilities,
    exact,
    regex_on_re2,
    rows,
)

NAME = "DNIF DQL"

CAPABILITIES = Capabilities(
    NAME,
    {
        **rows((*STRING_KINDS, *CASED_KINDS), exact, "string"),
        **rows(("regex",), regex_on_re2(NAME), "string"),
        **rows(("compare", "exists", "null", "null_or_empty"), exact, "string"),
    },
)
