"""Kinds of match that process creations have no column for: a schema of the tests' own has them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sigmaglot.compiler import legal_choice
from sigmaglot.evaluate import evaluate
from sigmaglot.frontend import parse
from sigmaglot.language import Plan
from sigmaglot.passes.legalise import Policy
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import parse_pipeline
from sigmaglot.source import Document
from sigmaglot.targets import load_language
from sigmaglot.verify.readers import dnif_dql, kibana_kql, kusto, logpoint, spl

RULE = """\
title: t
logsource: {category: test, product: windows}
detection:
  selection: {%s}
  condition: %s
"""
TYPES = {
    "kusto": {
        "Ip": "string",
        "When": "datetime",
        "Port": "long",
        "Name": "string",
        "Other": "string",
    },
    "spl": dict.fromkeys(("Ip", "When", "Port", "Name", "Other"), "string"),
    "logpoint": dict.fromkeys(("Ip", "When", "Port", "Name", "Other"), "string"),
    "dnif_dql": dict.fromkeys(("Ip", "When", "Port", "Name", "Other"), "string"),
    "kibana_kql": {
        "Ip": "ip",
        "When": "date",
        "Port": "long",
        "Name": "keyword",
        "Other": "keyword",
    },
}
READERS = {
    "kusto": lambda text: kusto.read(text, TYPES["kusto"]),
    "spl": spl.read,
    "logpoint": logpoint.read,
    "dnif_dql": dnif_dql.read,
    "kibana_kql": lambda text: kibana_kql.read(text, TYPES["kibana_kql"]),
}


def compiled(language: str, selection: str, condition: str = "selection") -> tuple[str, str]:
    """Return the claim and the query of a selection over the test schema."""
    data = {
        "title": "t",
        "product": "windows",
        "recordings": {
            "test": {
                "table": "T",
                "columns": TYPES[language],
                "fields": {name: name for name in TYPES[language]},
            }
        },
    }
    recording = parse_pipeline("test", data).recordings["test"]
    text = RULE % (selection, condition)
    rule = parse(Document("t.yml", 0, yaml.safe_load(text), text))
    known = load_language(language)
    choice = legal_choice(normalise(rule.condition), recording, known, Policy.CLOSEST)
    if choice.fidelity == "unsupported":
        return "unsupported", ""
    return str(choice.fidelity), known.render(Plan(recording.source, choice.node))[0]


def meaning(selection: str, event: dict[str, Any], condition: str = "selection") -> bool:
    text = RULE % (selection, condition)
    rule = parse(Document("t.yml", 0, yaml.safe_load(text), text))
    return evaluate(rule.condition, event)


ADDRESSES = ("10.1.2.3", "11.0.0.1", "fe80::1", "2001:db8::1", "", None)


@pytest.mark.parametrize("language", ["kusto", "spl"])
@pytest.mark.parametrize("network", ["10.0.0.0/8", "fe80::/10"])
@pytest.mark.parametrize("condition", ["selection", "not selection"])
def test_networks_are_exact(language: str, network: str, condition: str) -> None:
    selection = f"Ip|cidr: '{network}'"
    claim, query = compiled(language, selection, condition)
    assert claim == "exact"
    read = READERS[language](query)
    for address in ADDRESSES:
        event = {} if address is None else {"Ip": address}
        record = {"Ip": address or ""} if language == "kusto" else event
        assert read.matches(record) == meaning(selection, event, condition), address


@pytest.mark.parametrize("network", ["10.0.0.0/8", "fe80::/10"])
def test_networks_are_exact_on_an_ip_field_of_elastic(network: str) -> None:
    selection = f"Ip|cidr: '{network}'"
    claim, query = compiled("kibana_kql", selection)
    assert claim == "exact"
    for address in ("10.1.2.3", "11.0.0.1", "fe80::1", "2001:db8::1"):
        found = READERS["kibana_kql"](query).matches({"Ip": address})
        assert found == meaning(selection, {"Ip": address})


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("minute", 'datetime_part("minute", When) == 7'),
        ("hour", "hourofday(When) == 7"),
        ("day", "dayofmonth(When) == 7"),
        ("week", "week_of_year(When) == 7"),
        ("month", "monthofyear(When) == 7"),
        ("year", "getyear(When) == 7"),
    ],
)
def test_each_time_part_has_its_kusto_function(part: str, text: str) -> None:
    claim, query = compiled("kusto", f"When|{part}: 7")
    assert claim == "exact"
    assert query == f"T\n| where {text}"


def test_a_time_part_can_be_compared() -> None:
    assert compiled("kusto", "When|hour|gte: 22")[1].endswith("hourofday(When) >= 22")
    assert compiled("spl", "When|hour|gte: 22")[1].endswith('"%H"))>=22')


@pytest.mark.parametrize("language", ["kusto", "spl", "logpoint", "dnif_dql", "kibana_kql"])
@pytest.mark.parametrize("operator", ["lt", "lte", "gt", "gte"])
def test_numbers_compare(language: str, operator: str) -> None:
    selection = f"Port|{operator}: 80"
    claim, query = compiled(language, selection)
    assert claim == "exact"
    for port in (79, 80, 81):
        found = READERS[language](query).matches({"Port": port})
        assert found == meaning(selection, {"Port": port}), port


@pytest.mark.parametrize("shape", ["", "|startswith", "|endswith"])
def test_fields_compare_with_fields_in_spl(shape: str) -> None:
    selection = f"Name|fieldref{shape}: Other"
    claim, query = compiled("spl", selection)
    assert claim == "exact"
    read = READERS["spl"](query)
    for name, other in (("abc", "ABC"), ("abc", "ab"), ("abc", "BC"), ("abc", "x"), ("a", "abc")):
        event = {"Name": name, "Other": other}
        assert read.matches(event) == meaning(selection, event), (name, other)


def test_a_field_inside_a_field_is_beyond_spl() -> None:
    assert compiled("spl", "Name|fieldref|contains: Other") == ("unsupported", "")


def test_a_query_of_a_schema_without_selectors_starts_with_everything() -> None:
    assert compiled("spl", "Name|re: 'a+b'")[1].startswith("*\n| where ")
    assert compiled("logpoint", "Name|re: 'a+b'")[1].startswith("*\n| process regex(")
