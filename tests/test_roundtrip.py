"""Render, read back with a reader that knows nothing of the renderer, run: the claim must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import READERS
from projection import ELASTIC_TYPES, PROJECTIONS
from readers import dnif_fetch, kibana_kql
from readers.base import Query
from roundtrip_cases import asks_for_the_end, events, trees
from sigmaglot.compiler import legal_choice
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import Node
from sigmaglot.language import Plan, TooManyQueriesError
from sigmaglot.passes.legalise import Choice, Fidelity, Policy
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import load_pipeline
from sigmaglot.targets import TARGETS, load_language

Read = Callable[[str], Query]

READINGS: dict[str, dict[str, Read]] = {
    **{target: {"": read} for target, read in READERS.items()},
    "kibana": {
        mode: lambda text, mode=mode: kibana_kql.read(text, ELASTIC_TYPES, keyword_wildcard=mode)
        for mode in ("query_string", "wildcard")
    },
    "dnif": {
        str(anchored): lambda text, anchored=anchored: dnif_fetch.read(text, anchored)
        for anchored in (True, False)
    },
}
"""The ways in which a target's engine may read a query where no document decides."""


def choose_for(tree: Node, target: str, policy: Policy) -> Choice:
    recording = load_pipeline(TARGETS[target].pipeline).recordings["process_creation"]
    language = load_language(TARGETS[target].language)
    return legal_choice(normalise(tree), recording, language, policy)


def render(choice: Choice, target: str) -> tuple[str, ...]:
    recording = load_pipeline(TARGETS[target].pipeline).recordings["process_creation"]
    return load_language(TARGETS[target].language).render(Plan(recording.source, choice.node))


def holds(fidelity: Fidelity, meant: bool, found: bool) -> bool:
    """Return whether a query that finds an event, or not, keeps its claim about it."""
    return {
        Fidelity.EXACT: found == meant,
        Fidelity.BROADER: found or not meant,
        Fidelity.NARROWER: meant or not found,
    }[fidelity]


WHERE_THE_END_IS_UNKNOWN = {"logpoint", "logpoint-sysmon", "dnif", "dnif-dql"}
"""Targets whose regular expressions end in `$`, because nothing says whether they know `\\z`."""


def without_last_line_break(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value and value.rstrip("\n") for key, value in event.items()}


def check(tree: Node, target: str, policy: Policy, event: dict[str, Any]) -> None:
    choice = choose_for(tree, target, policy)
    if choice.fidelity is Fidelity.UNSUPPORTED:
        return
    try:
        queries = render(choice, target)
    except TooManyQueriesError:
        return
    if target in WHERE_THE_END_IS_UNKNOWN or asks_for_the_end(tree):
        event = without_last_line_break(event)
    record, meant = PROJECTIONS[target](event), evaluate(tree, event)
    for mode, read in READINGS[target].items():
        found = any(read(text).matches(record) for text in queries)
        assert holds(choice.fidelity, meant, found), (mode, choice.fidelity, meant, queries, record)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_query_finds_what_it_claims(target: str, data: st.DataObject) -> None:
    tree = data.draw(trees(), label="tree")
    event = data.draw(events(tree), label="event")
    check(tree, target, data.draw(st.sampled_from(list(Policy))), event)
