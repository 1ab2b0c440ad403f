"""The public corpus: every process creation rule for every target, and recorded events as truth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sigmaglot.compiler import Options, Result, compile_documents, compile_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.events import Recorded, read_events
from sigmaglot.frontend import Rule, parse
from sigmaglot.passes.normalise import normalise
from sigmaglot.source import read_documents
from sigmaglot.targets import TARGETS
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import FAILURES, Status

pytestmark = pytest.mark.corpus

RULE_STEP, EVENT_STEP = 12, 15
"""Rules and recorded events between two that are run, beside the events that those rules match."""

OURS = {
    "defender": ("kusto-model",),
    "sentinel": ("kusto-model",),
    "kibana": ("kibana-model", "kibana-model-wildcard"),
    "splunk": ("spl-model",),
    "splunk-cim": ("tstats-model",),
    "logpoint": ("logpoint-model",),
    "logpoint-sysmon": ("logpoint-model",),
    "dnif": ("dnif-model", "dnif-model-search"),
    "dnif-dql": ("dql-model",),
    "car": ("car-model",),
}


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


@pytest.mark.parametrize("target", ["defender", "sentinel", "splunk", "kibana"])
def test_at_most_one_rule_in_a_hundred_is_unsupported(
    results: dict[str, list[tuple[Rule, Result]]], expected: dict[str, set[str]], target: str
) -> None:
    found = [result for rule, result in results[target] if rule.info.id in expected]
    unsupported = [result for result in found if not result.ok]
    assert len(unsupported) <= len(found) / 100
    assert all("`" in result.diagnostics[0].message for result in unsupported)


@pytest.fixture(scope="module")
def recorded(corpus: Path) -> list[Recorded]:
    file = corpus / "events" / "process_creation.ndjson.gz"
    return [one for one in read_events(str(file)) if isinstance(one, Recorded)]


@pytest.mark.parametrize("target", list(TARGETS))
def test_no_engine_breaks_a_claim(
    rules: list[Rule], recorded: list[Recorded], expected: dict[str, set[str]], target: str
) -> None:
    """A sample of rules and of events; `make verify-corpus` runs all of them."""
    chosen = rules[::RULE_STEP]
    wanted = {name for rule in chosen for name in expected.get(rule.info.id, ())}
    events = [one for at, one in enumerate(recorded) if at % EVENT_STEP == 0 or one.id in wanted]
    verifier = Verifier(Request((TARGETS[target],)), events)
    verdicts = list(verifier.verify(rule.document for rule in chosen))
    assert [one for one in verdicts if one.status in FAILURES] == []
    ran = [one for one in verdicts if one.engine]
    assert sum(one.status is Status.NOT_RUN for one in ran) < 0.03 * len(ran)
    assert {one.engine.name for one in ran if one.engine} >= set(OURS[target])
    for one in ran:
        found = expected.get(one.info.id, set()) & {event.id for event in events}
        assert one.recorded.meant == len(found)


def test_the_whole_corpus_compiles_for_every_target_without_a_crash(corpus: Path) -> None:
    documents = read_documents([str(corpus / "sigmahq")])
    for result in compile_documents(documents, tuple(TARGETS.values())):
        assert "SG001" not in {one.code for one in result.diagnostics}, result.info.path
