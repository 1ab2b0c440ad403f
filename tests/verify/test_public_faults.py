"""Faults of public converters that are known: `verify` finds each in what pySigma's backends write.

Each case is a rule in which the fault shows. An installed backend that has mended it would make the
case fail; then the case goes.
"""

from __future__ import annotations

import pytest
import yaml
from verify_helpers import document, verify

from sigmaglot.source import Document
from sigmaglot.targets import find_targets
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Status, Verdict

ENGINES = ("kusto-model", "spl-model", "lucene-model")
BROKEN = {
    "spl: NOT over a group with a regex loses the NOT": (
        "pysigma:splunk",
        "{CommandLine|re: a+b, User|contains: adm}",
        "selection and not filter",
        "missed",
        "CommandLine|re: a+b",
    ),
    "spl: a negated windash loses its parentheses": (
        "pysigma:splunk",
        "{CommandLine|contains|windash: ' -ver'}",
        "selection and not filter",
        "extra",
        "CommandLine|contains:  ",
    ),
    "kusto: a part of User is looked for in the name alone": (
        "pysigma:kusto",
        "{User|contains: AUTHORI}",
        "selection and filter",
        "missed",
        "User|contains: AUTHORI",
    ),
    "kusto: IMPHASH is dropped from a list": (
        "pysigma:kusto",
        f"{{Hashes|contains: [IMPHASH={'A' * 32}, SHA256={'B' * 64}]}}",
        "selection and filter",
        "missed",
        "Hashes|contains: IMPHASH",
    ),
    "kusto: a wildcard becomes a regex with letter case": (
        "pysigma:kusto",
        "{CommandLine: '*net*user*'}",
        "selection and filter",
        "missed",
        "CommandLine: *net*user*",
    ),
    "kusto: a text is never null": (
        "pysigma:kusto",
        "{CommandLine: null}",
        "selection and filter",
        "missed",
        "CommandLine: null",
    ),
    "spl: `?` becomes `*`": (
        "pysigma:splunk",
        "{CommandLine: 'a?b'}",
        "selection and filter",
        "extra",
        "CommandLine: a?b",
    ),
    "lucene: keyword fields are matched with letter case": (
        "pysigma:lucene",
        "{CommandLine|contains: wmic}",
        "filter",
        "missed",
        "CommandLine|contains: wmic",
    ),
    "lucene: a regex is anchored": (
        "pysigma:lucene",
        "{CommandLine|re: vssadmin}",
        "filter",
        "missed",
        "CommandLine|re: vssadmin",
    ),
    "lucene: a regex has a flag that the engine does not know": (
        "pysigma:lucene",
        "{CommandLine|re|i: vssadmin}",
        "filter",
        "",
        "",
    ),
    "lucene: a field that no document has": (
        "pysigma:lucene",
        r"{Image|endswith: \cmd.exe}",
        "filter",
        "missed",
        r"Image|endswith: \cmd.exe",
    ),
}


def verdict_of(target: str, selection: str, condition: str) -> Verdict:
    selections = f"  selection: {{Image|endswith: '\\cmd.exe'}}\n  filter: {selection}"
    (verdict,) = verify(document(selections, condition), target, *ENGINES)
    return verdict


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_that_changes_what_is_found(fault: str) -> None:
    target, selection, condition, kind, leaf = BROKEN[fault]
    verdict = verdict_of(target, selection, condition)
    if not kind:
        assert verdict.status in {Status.BROKEN, Status.NOT_RUN}
        return
    assert verdict.status is Status.BROKEN
    assert verdict.counterexample is not None
    assert verdict.counterexample.kind == kind
    assert verdict.counterexample.leaf.startswith(leaf)


@pytest.mark.parametrize(
    ("target", "selection", "condition", "reason"),
    [
        ("pysigma:splunk", "{CommandLine|re: a+b}", "selection or filter", "unexpected"),
        ("pysigma:kusto", "{LogonId: '0x3e7'}", "selection and filter", "number"),
        ("pysigma:kusto", "{CommandLine|re: 'a(?!b)'}", "selection and filter", "RE2"),
        ("pysigma:kusto", '{CommandLine|contains: "a\\nb"}', "selection and filter", "quote"),
    ],
)
def test_a_query_that_would_not_run_is_told_with_the_reason(
    target: str, selection: str, condition: str, reason: str
) -> None:
    verdict = verdict_of(target, selection, condition)
    assert verdict.status is Status.NOT_RUN
    assert reason in verdict.reason


def test_a_hash_without_a_column_does_not_end_the_run() -> None:
    texts = [
        "title: t\nlogsource: {category: process_creation, product: windows}\n"
        f"detection: {{s: {{{line}}}, condition: s}}\n"
        for line in (f"Hashes|contains: IMPHASH={'A' * 32}", "CommandLine|contains: wmic")
    ]
    documents = [
        Document(f"{n}.yml", 0, yaml.safe_load(text), text) for n, text in enumerate(texts)
    ]
    request = Request(find_targets(("pysigma:kusto",)), ENGINES)
    found = [one.status for one in Verifier(request).verify(documents)]
    assert found == [Status.UNSUPPORTED, Status.KEPT]


@pytest.mark.parametrize("fault", [name for name, case in BROKEN.items() if case[3]])
def test_our_own_query_of_the_same_rule_keeps_its_claim(fault: str) -> None:
    target, selection, condition, _, _ = BROKEN[fault]
    ours = {"pysigma:splunk": "splunk", "pysigma:kusto": "defender", "pysigma:lucene": "kibana"}
    selections = f"  selection: {{Image|endswith: '\\cmd.exe'}}\n  filter: {selection}"
    for verdict in verify(document(selections, condition), ours[target]):
        assert verdict.status is Status.KEPT
