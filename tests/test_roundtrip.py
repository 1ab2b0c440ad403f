"""Render, read back with a reader that knows nothing of the renderer, run: the claim must hold."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import READERS
from projection import ELASTIC_TYPES, PROJECTIONS
from readers import car, dnif_fetch, kibana_kql
from readers.base import Query
from roundtrip_cases import asks_for_the_end, events, keyword_events, keyword_trees, trees
from sigmaglot.compiler import compile_documents, legal_choice
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import Node
from sigmaglot.language import Plan, TooManyQueriesError
from sigmaglot.passes.legalise import Choice, Fidelity, Policy
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import load_pipeline
from sigmaglot.source import Document
from sigmaglot.targets import TARGETS, find_targets, load_language

Read = Callable[[str], Query]

READINGS: dict[str, dict[str, Read]] = {
    **{target: {"": read} for target, read in READERS.items()},
    "kibana": {
        mode: lambda text, mode=mode: kibana_kql.read(text, ELASTIC_TYPES, keyword_wildcard=mode)
        for mode in ("query_string", "wildcard")
    },
    "car": {"": lambda text: car.read(text, match_ignores_case=False)},
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


def a_rule_with_many_values(field: str, values: list[str]) -> Document:
    data = {
        "title": "Many",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {"selection": {field: values}, "condition": "selection"},
    }
    return Document("many.yml", 0, data, json.dumps(data))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("field", "before"), [("CommandLine|contains", "x "), ("Image|endswith", "C:\\Tools")]
)
def test_a_list_of_10_000_values_is_compiled_and_found(
    field: str, before: str, target: str
) -> None:
    values = [f"\\tool{number}.exe" for number in range(10_000)]
    document, name = a_rule_with_many_values(field, values), field.partition("|")[0]
    started = time.process_time()
    (result,) = compile_documents([document], find_targets((target,)))
    assert time.process_time() - started < 5
    queries = [read(text) for text in result.queries for read in READINGS[target].values()]
    assert queries
    for text in (values[0], values[-1].upper(), values[5_000], "\\tool.exe", "\\tool10000.exe"):
        meant = text.lower() in values
        event = {name: before + text}
        found = any(query.matches(PROJECTIONS[target](event)) for query in queries)
        assert holds(result.fidelity, meant, found), (text, found)


def test_a_list_under_not_and_several_fields_beyond_the_limit_is_said_of_dnif() -> None:
    values = [f"tool{number}" for number in range(10)]
    data = {
        "title": "Many",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {
            "one": [{"CommandLine": values}, {"User": values}],
            "two": [{"CommandLine|re": "a.b"}, {"Image|endswith": "\\\\c.exe"}],
            "three": [{"CommandLine": "x"}, {"User": "y"}, {"ParentProcessId": "5"}],
            "four": [{"CommandLine": "z"}, {"User": "z"}, {"ProcessId": "6"}],
            "condition": "one and two and three and four",
        },
    }
    document = Document("many.yml", 0, data, json.dumps(data))
    (result,) = compile_documents([document], find_targets(("dnif",)))
    (problem,) = result.diagnostics
    assert problem.code == "SG302"
    assert (
        problem.message == "unsupported: dnif would need 36 queries or more, over its limit of 32"
    )


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_keyword_query_finds_what_it_claims(target: str, data: st.DataObject) -> None:
    """Keywords in events of two fields: what every target keeps and, in Elastic, analyses."""
    tree = data.draw(keyword_trees(), label="tree")
    event = data.draw(keyword_events(tree), label="event")
    check(tree, target, data.draw(st.sampled_from(list(Policy))), event)
