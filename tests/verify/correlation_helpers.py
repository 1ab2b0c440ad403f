"""Correlations over a few rules, their verdicts, and faults that are planted in their queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import yaml

from sigmaglot.compiler import Result
from sigmaglot.source import Document
from sigmaglot.targets import find_targets
from sigmaglot.verify.request import Request
from sigmaglot.verify.run import Verifier
from sigmaglot.verify.verdict import Verdict

RULES = """
title: Failed
name: failed
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\fail.exe'}, condition: selection}
---
title: Good
name: good
logsource: {category: process_creation, product: windows}
detection: {selection: {Image|endswith: '\\good.exe'}, condition: selection}
---
title: Looked up
name: looked
logsource: {category: dns_query, product: windows}
detection: {selection: {QueryName|endswith: '.example'}, condition: selection}
---
"""

COUNT = "{type: event_count, rules: [failed], group-by: [User], timespan: 1m, condition: {gte: 3}}"
BOTH = "{type: event_count, rules: [failed, good], timespan: 5m, condition: {gt: 2}}"
VALUES = (
    "{type: value_count, rules: [failed], group-by: [Computer], timespan: 1h, "
    "condition: {gte: 3, field: User}}"
)


def documents(correlation: str, more: str = "") -> list[Document]:
    """Return the rules, other documents and a correlation that is called C."""
    text = f"{RULES}{more}title: C\ncorrelation: {correlation}\n"
    return [Document("c.yml", at, one, text) for at, one in enumerate(yaml.safe_load_all(text))]


def verify(
    correlation: str, target: str, *engines: str, more: str = "", **request: Any
) -> list[Verdict]:
    """Return the verdicts of the correlation; its rules are not verified on their own."""
    asked = Request(find_targets((target,)), engines, **request)
    found = Verifier(asked).verify(documents(correlation, more))
    return [one for one in found if one.info.title == "C"]


def replaced(old: str, new: str) -> Callable[[Result], Result]:
    """Return a fault that must change a query."""

    def change(result: Result) -> Result:
        queries = tuple(query.replace(old, new) for query in result.queries)
        assert queries != result.queries, f"{old!r} is in no query"
        return replace(result, queries=queries)

    return change
