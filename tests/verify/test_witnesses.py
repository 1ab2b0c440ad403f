"""Witnesses: events that can happen, on which a rule's verdict hangs on each of its leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify_helpers import document, rule

from roundtrip_cases import trees
from sigmaglot import ir
from sigmaglot.compiler import read_rule
from sigmaglot.evaluate import evaluate
from sigmaglot.frontend import Rule
from sigmaglot.passes.normalise import normalise
from sigmaglot.verify.witnesses import Witnesses, make_witnesses
from sigmaglot.verify.witnesses.events import form_of, usual_event
from sigmaglot.verify.witnesses.forms import are_hashes
from sigmaglot.verify.witnesses.regexes import samples


def told(*lines: str) -> Witnesses:
    return make_witnesses(rule(*lines).condition, "process_creation")


def values_of(found: Witnesses, field: str) -> dict[str, object]:
    return {one.name: one.values.get(field, "(missing)") for one in found.events}


def test_a_leaf_has_an_event_on_which_it_holds_and_near_misses_around_its_value() -> None:
    found = values_of(told("CommandLine|startswith: 'wmic'"), "CommandLine")
    assert found["the leaf holds"] == "wmic"
    assert found["its other letter case"] == "WMIC"
    assert found["one more character before it"] == "xwmic"
    assert found["its first character missing"] == "mic"
    assert found["its last character missing"] == "wmi"
    assert found["a space inside it"] == "wm ic"
    assert found["the field missing"] == "(missing)"
    assert found["the field empty"] == ""
    assert found["the field null"] is None


def test_characters_that_mean_something_somewhere_are_tried_as_data() -> None:
    names = [one.name for one in told(r"CommandLine|contains: 'a\*b%c\d'").events]
    for char in "*%\\":
        assert f"another character for its `{char}`" in names
    assert "its backslashes doubled" in names


def test_a_path_is_whole_and_a_near_miss_that_no_file_can_have_is_left_out() -> None:
    found = values_of(told(r"Image|endswith: '\cmd.exe'"), "Image")
    assert found["the leaf holds"] == "C:\\Example\\cmd.exe"
    assert found["one more character after it"] == "C:\\Example\\cmd.exex"
    assert "a delimiter around it" not in found  # no file name holds a quote


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (r"User|contains: 'AUTHORI'", "User", "EXAMPLE\\AUTHORI"),
        (r"User|startswith: 'NT AUTHORITY\'", "User", "NT AUTHORITY\\user"),
        ("IntegrityLevel: High", "IntegrityLevel", "High"),
        (r"Image|startswith: '\\\\'", "Image", "\\\\host\\share\\example.exe"),
        (r"Image|contains: ':\Temp\'", "Image", "C:\\Temp\\example.exe"),
        ("ProcessId|gt: 40", "ProcessId", "41"),
        ("SourceIp|cidr: 10.1.0.0/16", "SourceIp", "10.1.0.0"),
        ("UtcTime|hour: 3", "UtcTime", "2026-01-15 03:20:30.456"),
        ("CommandLine|re: 'a+b$'", "CommandLine", "ab"),
        ("ParentImage: '-'", "ParentImage", "-"),
    ],
)
def test_values_are_in_the_form_that_the_sensor_writes(line: str, field: str, value: str) -> None:
    assert values_of(told(line), field)["the leaf holds"] == value


def test_hashes_are_all_of_them_with_the_one_that_is_asked_for() -> None:
    asked = "IMPHASH=" + "B" * 32
    text = str(values_of(told(f"Hashes|contains: {asked}"), "Hashes")["the leaf holds"])
    assert are_hashes(text)
    assert asked in text
    assert text.startswith("SHA1=")


def test_the_verdict_hangs_on_each_leaf_of_a_list_and_of_a_filter() -> None:
    doc = document(
        "  one: {CommandLine|contains: [alpha, beta]}\n  filter: {User|endswith: gamma}",
        "one and not filter",
    )
    found = read_rule(doc, (), {})
    assert isinstance(found, Rule)
    holds = {
        ir.value_text(one.leaf): evaluate(found.condition, one.values)
        for one in make_witnesses(found.condition, "process_creation").events
        if one.name == "the leaf holds" and one.leaf
    }
    assert holds == {"*alpha*": True, "*beta*": True, "*gamma": False}


def test_a_leaf_that_no_event_can_satisfy_is_told() -> None:
    found = told("GrandParentImage|endswith: x")
    assert [ir.field_name(leaf) for leaf in found.untold] == ["GrandParentImage"]
    assert told("Image: cmd.exe").untold  # Sysmon writes whole paths


def test_a_long_list_is_sampled_by_seed() -> None:
    values = "[" + ", ".join(f"word{number:03}" for number in range(500)) + "]"
    condition = rule(f"CommandLine|contains: {values}").condition
    first, again, other = (
        make_witnesses(condition, "process_creation", seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len(first.events) < 60


def test_no_two_witnesses_are_the_same_event() -> None:
    events = [
        sorted(one.values.items()) for one in told("CommandLine|contains: x", "Image: y").events
    ]
    assert len({str(event) for event in events}) == len(events)


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"cmd\.exe", {"cmd.exe"}),
        ("a|bc", {"a", "bc"}),
        ("x{2,3}y?", {"xx", "xxxy"}),
        (r"[^a-z]\d", {"X5"}),
        (r"(a)\1", {"aa"}),
        ("a(?=b)", set()),
    ],
)
def test_texts_are_made_for_a_regular_expression(regex: str, expected: set[str]) -> None:
    assert set(samples(regex, "")) == expected


@settings(max_examples=60, deadline=None)
@given(tree=trees())
def test_witnesses_of_any_rule_are_possible_events_of_its_log_source(tree: ir.Node) -> None:
    for one in make_witnesses(normalise(tree), "process_creation").events:
        category = one.category or "process_creation"
        for field, value in one.values.items():
            form = form_of(category, field)
            assert value is None or form.accepts(value), (field, value)
            assert not form.is_fixed or value == usual_event(category)[field]


@settings(max_examples=40, deadline=None)
@given(tree=trees(), seed=st.integers(0, 3))
def test_witnesses_do_not_depend_on_what_was_made_before(tree: ir.Node, seed: int) -> None:
    node = normalise(tree)
    assert make_witnesses(node, "process_creation", seed) == make_witnesses(
        node, "process_creation", seed
    )
