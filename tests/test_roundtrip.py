"""Render, read back with a reader that knows nothing of the renderer, run: the claim must hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import PROJECTIONS, READERS
from roundtrip_cases import asks_for_the_end, events, keyword_events, keyword_trees, trees
from sigmaglot import ir
from sigmaglot.compiler import compile_documents, legal_choice
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import Node, Op, Shape
from sigmaglot.language import Plan, TooManyQueriesError
from sigmaglot.passes.legalise import Choice, Fidelity, Policy
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import load_pipeline
from sigmaglot.source import Document
from sigmaglot.targets import TARGETS, find_targets, load_language
from sigmaglot.verify.projection.elastic import ELASTIC_TYPES
from sigmaglot.verify.readers import car, dnif_fetch, kibana_kql
from sigmaglot.verify.readers.base import Query

Read = Callable[[str], Query]

READINGS: dict[str, dict[str, Read]] = {
    **{target: {"": read} for target, read in READERS.items()},
    "kibana": {
        mode: lambda query, mode=mode: kibana_kql.read(query, ELASTIC_TYPES, keyword_wildcard=mode)
        for mode in ("query_string", "wildcard")
    },
    "car": {"": lambda query: car.read(query, match_ignores_case=False)},
    "dnif": {
        str(anchored): lambda query, anchored=anchored: dnif_fetch.read(query, anchored)
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
        found = any(read(query).matches(record) for query in queries)
        assert holds(choice.fidelity, meant, found), (mode, choice.fidelity, meant, queries, record)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_query_finds_what_it_claims(target: str, data: st.DataObject) -> None:
    tree = data.draw(trees(), label="tree")
    event = data.draw(events(tree), label="event")
    check(tree, target, data.draw(st.sampled_from(list(Policy))), event)


def text(field: str, shape: Shape, value: str, *, cased: bool = False) -> ir.StringMatch:
    return ir.StringMatch(field, ir.pattern(shape, value), cased)


NUMBER = ir.Compare("CommandLine", Op.EQ, 0)
SAME = ir.FieldMatch("CommandLine", "Company")
HASH = f"MD5={'A' * 32},SHA256={'B' * 64}"
FOUND: dict[str, tuple[str, Node, dict[str, Any]]] = {
    "two missing texts are not equal": ("defender", SAME, {}),
    "two empty texts are equal": ("defender", SAME, {"CommandLine": "", "Company": ""}),
    "a missing text is not searched": ("defender", ir.RegexMatch("CommandLine", "a*"), {}),
    "missing numbers under a not": (
        "defender",
        ir.Not(ir.FieldMatch("ProcessId", "ParentProcessId")),
        {"ProcessId": "4"},
    ),
    "an IPv4 address is in no IPv6 network": (
        "defender",
        ir.CidrMatch("CommandLine", "::/0"),
        {"CommandLine": "10.0.0.1"},
    ),
    "a number with a leading zero is another text": (
        "defender",
        text("ProcessId", Shape.EQUALS, "05"),
        {"ProcessId": "5"},
    ),
    "hexadecimal capitals under cased": (
        "defender",
        text("LogonId", Shape.EQUALS, "0x3E7", cased=True),
        {"LogonId": "0x3e7"},
    ),
    "a text that is no number under a not": ("splunk", ir.Not(NUMBER), {"CommandLine": ""}),
    "a late test of no number under a not": (
        "splunk",
        ir.Not(ir.And((NUMBER, ir.RegexMatch("Company", "a")))),
        {"CommandLine": "x", "Company": "a"},
    ),
    "a text that is no number, in DQL": ("dnif-dql", ir.Not(NUMBER), {"CommandLine": "x"}),
    "the end of an empty field": (
        "splunk",
        ir.FieldMatch("CommandLine", "Company", Shape.ENDSWITH),
        {"CommandLine": "x", "Company": ""},
    ),
    "the end of a missing field": (
        "splunk",
        ir.FieldMatch("CommandLine", "Company", Shape.ENDSWITH),
        {"Company": ""},
    ),
    "a line break after the end": (
        "splunk",
        text("CommandLine", Shape.EQUALS, "cmd", cased=True),
        {"CommandLine": "cmd\n"},
    ),
    "a missing field in a group": (
        "splunk-cim",
        ir.Not(ir.RegexMatch("OriginalFileName", "n.?k")),
        {"CommandLine": "x"},
    ),
    "a value of a group that is no number": (
        "splunk-cim",
        ir.Not(ir.And((NUMBER, ir.RegexMatch("OriginalFileName", "a")))),
        {"CommandLine": "x", "OriginalFileName": "a"},
    ),
    "two missing fields of a group": (
        "splunk-cim",
        ir.FieldMatch("OriginalFileName", "CurrentDirectory"),
        {"CommandLine": "x"},
    ),
    "a missing field that is no address": (
        "splunk-cim",
        ir.Not(ir.CidrMatch("OriginalFileName", "10.0.0.0/8")),
        {"CommandLine": "x"},
    ),
    "an entity in the raw event": (
        "splunk",
        ir.Keyword(ir.pattern(Shape.CONTAINS, "a & b")),
        {"CommandLine": "a & b"},
    ),
    "an operator at the end of a bare value": (
        "kibana",
        ir.Or((text("Company", Shape.ENDSWITH, "not"), text("Company", Shape.ENDSWITH, "7"))),
        {"Company": "is not"},
    ),
    "a letter whose capital is two": (
        "kibana",
        text("Company", Shape.EQUALS, "ß"),
        {"Company": "SS"},
    ),
    "cased hexadecimal digits that are stored in lower case": (
        "kibana",
        text("Hashes", Shape.CONTAINS, "MD5=" + "a" * 32, cased=True),
        {"Hashes": HASH},
    ),
    "a hash with what follows it": (
        "kibana",
        text("Hashes", Shape.CONTAINS, "MD5=AAA,"),
        {"Hashes": HASH},
    ),
    "digits that are a part of a name": (
        "kibana",
        text("Hashes", Shape.CONTAINS, "256"),
        {"Hashes": HASH},
    ),
    "no hash of a kind": ("kibana", text("Hashes", Shape.CONTAINS, "SHA1="), {"Hashes": HASH}),
    "a hash that has no column is there": (
        "dnif",
        ir.IsNull("Hashes"),
        {"Hashes": f"SHA256={'B' * 64}"},
    ),
    "a dot over line breaks": (
        "dnif",
        ir.RegexMatch("CommandLine", ".a", "s"),
        {"CommandLine": "\na"},
    ),
    "a back-reference inside a named group": (
        "logpoint",
        ir.RegexMatch("CommandLine", r"(a)\1"),
        {"CommandLine": "aa"},
    ),
    "a keyword that no value holds": (
        "logpoint",
        ir.Keyword(ir.pattern(Shape.CONTAINS, "\t")),
        {"CommandLine": "a\tb"},
    ),
    "a level in another letter case": (
        "car",
        text("IntegrityLevel", Shape.EQUALS, "high", cased=True),
        {"IntegrityLevel": "High"},
    ),
    "a regular expression on a level": (
        "car",
        ir.RegexMatch("IntegrityLevel", "High|Sys"),
        {"IntegrityLevel": "High"},
    ),
    "parts of fields": (
        "car",
        ir.FieldMatch("CommandLine", "ParentCommandLine", Shape.STARTSWITH),
        {"CommandLine": "ab", "ParentCommandLine": "a"},
    ),
}
"""What the properties below once found: each with the event that told."""


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("case", FOUND)
def test_what_was_found_once_stays_right(case: str, policy: Policy) -> None:
    target, tree, event = FOUND[case]
    check(tree, target, policy, event)


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
    (result,) = compile_documents([document], find_targets((target,)))
    queries = [READERS[target](query) for query in result.queries]
    assert queries
    for value in (values[0], values[-1].upper(), values[5_000], "\\tool.exe", "\\tool10000.exe"):
        meant = value.lower() in values
        event = {name: before + value}
        found = any(query.matches(PROJECTIONS[target](event)) for query in queries)
        assert holds(result.fidelity, meant, found), (value, found)


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
