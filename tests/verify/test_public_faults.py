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

MICROSOFT = "pysigma:kusto+microsoft_xdr"
OF_OTHER_EVENTS = {
    "kusto: the name of a registry value is looked for in its key": (
        "registry_set",
        r"{TargetObject|endswith: '\Services\Foo\Start'}",
        "missed",
        r"TargetObject|endswith: \Services\Foo\Start",
    ),
    "kusto: a backslash before the closing wildcard makes it an asterisk": (
        "registry_add",
        r"{TargetObject|contains: '\Run\'}",
        "missed",
        r"TargetObject|contains: \Run",
    ),
    "kusto: a DWORD is looked for as Sysmon writes it": (
        "registry_set",
        "{Details: DWORD (0x00000004)}",
        "missed",
        "Details: DWORD",
    ),
    "kusto: no action type is asked for": (
        "registry_set",
        r"{Image|endswith: '\reg.exe'}",
        "extra",
        "",
    ),
    "kusto: what was deleted is looked for in the columns of what is there": (
        "registry_delete",
        "{TargetObject|contains: Foo}",
        "missed",
        "TargetObject|contains: Foo",
    ),
    "kusto: the renaming of a key is another action": (
        "registry_event",
        "{EventType: RenameKey}",
        "missed",
        "EventType: RenameKey",
    ),
    "kusto: the direction of a connection is ignored": (
        "network_connection",
        "{Initiated: 'false', DestinationPort: 22}",
        "extra",
        "Initiated: false",
    ),
    "kusto: an IPv6 network goes to an IPv4 function": (
        "network_connection",
        "{DestinationIp|cidr: 'fe80::/10'}",
        "missed",
        "DestinationIp|cidr: fe80::/10",
    ),
}
"""Of each: a category, a selection, what `verify` finds, and in which leaf."""


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


def of_category(target: str, category: str, selection: str) -> Verdict:
    text = (
        f"title: A rule\nlogsource: {{category: {category}, product: windows}}\n"
        f"detection: {{selection: {selection}, condition: selection}}\n"
    )
    rule = Document("rule.yml", 0, yaml.safe_load(text), text)
    (verdict,) = Verifier(Request(find_targets((target,)), ("kusto-model",))).verify([rule])
    return verdict


@pytest.mark.parametrize("fault", OF_OTHER_EVENTS)
def test_a_fault_of_other_events_than_process_creations(fault: str) -> None:
    category, selection, kind, leaf = OF_OTHER_EVENTS[fault]
    verdict = of_category(MICROSOFT, category, selection)
    assert verdict.status is Status.BROKEN
    assert verdict.counterexample is not None
    assert verdict.counterexample.kind == kind
    assert verdict.counterexample.leaf.startswith(leaf)
    assert of_category("defender", category, selection).status is Status.KEPT


@pytest.mark.parametrize(
    ("category", "selection", "written"),
    [
        ("registry_add", r"{TargetObject|contains: '\Run\'}", r'endswith "\\Run*"'),
        (
            "network_connection",
            "{DestinationIp|cidr: 'fe80::/10'}",
            'ipv4_is_in_range(RemoteIP, "fe',
        ),
    ],
)
def test_the_fault_is_the_one_that_it_is_called_by(
    category: str, selection: str, written: str
) -> None:
    found = of_category(MICROSOFT, category, selection).counterexample
    assert found is not None
    assert written in found.query


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
