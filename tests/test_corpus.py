"""The public corpus: every process creation rule for every target, and recorded events as truth."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engines import PROJECTIONS, hits, read_all
from sigmaglot.compiler import Options, Result, compile_documents, compile_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.frontend import Rule, parse
from sigmaglot.passes.legalise import Fidelity
from sigmaglot.passes.normalise import normalise
from sigmaglot.source import read_documents
from sigmaglot.targets import TARGETS

pytestmark = pytest.mark.corpus

STEP = {"kibana": 150}
"""Recorded events between two that are run, beside those that a rule is known to match."""


@pytest.fixture(scope="module")
def rules(corpus: Path) -> list[Rule]:
    documents = read_documents([str(corpus / "sigmahq")])
    found = [parse(document) for document in documents if not isinstance(document, Diagnostic)]
    return [
        rule
        for rule in found
        if (rule.info.logsource.category, rule.info.logsource.product)
        == ("process_creation", "windows")
    ]


@pytest.fixture(scope="module")
def events(corpus: Path) -> list[dict[str, Any]]:
    with gzip.open(
        corpus / "events" / "process_creation.ndjson.gz", "rt", encoding="utf-8"
    ) as file:
        found = [json.loads(line) for line in file]
    return [event for event in found if event["EventID"] == 1]


@pytest.fixture(scope="module")
def expected(corpus: Path) -> dict[str, set[str]]:
    text = (corpus / "events" / "process_creation.expected.json").read_text(encoding="utf-8")
    return {rule: set(ids) for rule, ids in json.loads(text)["expected"].items()}


@pytest.fixture(scope="module")
def results(rules: list[Rule]) -> dict[str, list[tuple[Rule, Result]]]:
    return {
        name: [
            (rule, compile_rule(rule, normalise(rule.condition), target, Options()))
            for rule in rules
        ]
        for name, target in TARGETS.items()
    }


def test_every_public_rule_parses(corpus: Path) -> None:
    documents = list(read_documents([str(corpus / "sigmahq")]))
    assert not [one for one in documents if isinstance(one, Diagnostic)]
    for document in documents:
        assert not isinstance(document, Diagnostic)
        parse(document)


def test_every_rule_has_a_query_or_a_reason(results: dict[str, list[tuple[Rule, Result]]]) -> None:
    for found in results.values():
        for _, result in found:
            codes = {one.code for one in result.diagnostics}
            assert bool(result.queries) != bool(codes)
            assert "SG001" not in codes


@pytest.mark.parametrize("target", ["defender", "splunk", "kibana"])
def test_at_most_one_rule_in_a_hundred_is_unsupported(
    results: dict[str, list[tuple[Rule, Result]]], expected: dict[str, set[str]], target: str
) -> None:
    found = [result for rule, result in results[target] if rule.info.id in expected]
    unsupported = [result for result in found if not result.ok]
    assert len(unsupported) <= len(found) / 100
    assert all("`" in result.diagnostics[0].message for result in unsupported)


@pytest.mark.parametrize("target", list(TARGETS))
def test_queries_find_what_their_claim_says(
    results: dict[str, list[tuple[Rule, Result]]],
    events: list[dict[str, Any]],
    expected: dict[str, set[str]],
    target: str,
) -> None:
    project = PROJECTIONS[target]
    known = {event["_id"]: (Event(event), project(event)) for event in events}
    sample = list(known.values())[:: STEP.get(target, 40)]
    broken = Counter[str]()
    for rule, result in results[target]:
        if not result.ok:
            continue
        queries, means = read_all(target, result.queries), compile_predicate(rule.condition)
        wanted = [known[name] for name in expected.get(rule.info.id, ()) if name in known]
        for event, record in (*sample, *wanted):
            if breaks(result.fidelity, means(event), hits(queries, record)):
                broken[rule.info.path] += 1
    assert broken == {}


def breaks(claim: Fidelity, meant: bool, found: bool) -> bool:
    missed, extra = meant and not found, found and not meant
    return (missed and claim is not Fidelity.NARROWER) or (extra and claim is not Fidelity.BROADER)


def test_the_whole_corpus_compiles_for_every_target_without_a_crash(corpus: Path) -> None:
    documents = read_documents([str(corpus / "sigmahq")])
    for result in compile_documents(documents, tuple(TARGETS.values())):
        assert "SG001" not in {one.code for one in result.diagnostics}, result.info.path
