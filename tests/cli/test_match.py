"""``sigmaglot match``: rules over recorded events."""

import gzip
import json

import pytest
from cli_helpers import (
    CORPUS,
    FILLED,
    PLACEHOLDER,
    SYSMON,
    ndjson,
    process,
    rule_id,
    rule_text,
    run,
)
from evtx_file import event, event_log

EVENTS = ndjson(
    process("first", r"C:\Windows\System32\CMD.EXE"),
    process("second", r"C:\Windows\notepad.exe"),
    {"_id": "stop", "Channel": SYSMON, "EventID": 5, "Image": r"C:\Windows\cmd.exe"},
)
SHELL = rule_id("Shell")


@pytest.fixture
def shell(write):
    write("events.ndjson", EVENTS)
    return write("shell.yml", rule_text("Shell"))


def matches(done):
    return json.loads(done.stdout)


def test_events_of_the_log_source_are_found(shell):
    done = run("match", shell, "--events", "events.ndjson")
    assert (done.exit_code, done.stderr) == (0, "")
    assert matches(done) == {SHELL: ["first"]}


def test_the_log_source_can_be_taken_as_met(shell):
    done = run("match", shell, "--events", "events.ndjson", "--assume-logsource")
    assert matches(done) == {SHELL: ["first", "stop"]}


def test_every_rule_is_listed_in_order_also_without_a_match(shell, write):
    other = write("other.yml", rule_text("Other", "Image: nothing"))
    done = run("match", other, shell, "--events", "events.ndjson")
    assert list(matches(done).items()) == [(rule_id("Other"), []), (SHELL, ["first"])]


def test_a_rule_without_an_id_is_named_by_its_path(write, shell):
    text = rule_text("Shell").replace(f"id: {SHELL}\n", "")
    write("two.yml", f"{text}---\n{text}")
    done = run("match", "two.yml", "--events", "events.ndjson")
    assert matches(done) == {"two.yml": ["first"], "two.yml#2": ["first"]}


def test_several_files_of_events_follow_each_other_also_compressed(shell, tmp_path):
    more = ndjson(process("third", "cmd.exe"), process("fourth", r"D:\cmd.exe"))
    (tmp_path / "more.ndjson.gz").write_bytes(gzip.compress(more.encode()))
    done = run("match", shell, "--events", "events.ndjson", "--events", "more.ndjson.gz")
    assert matches(done) == {SHELL: ["first", "fourth"]}


def test_another_field_can_name_the_events(shell, write):
    write("uid.ndjson", ndjson(process("x", r"C:\cmd.exe", uid=7)))
    done = run("match", shell, "--events", "uid.ndjson", "--id-field", "uid")
    assert matches(done) == {SHELL: ["7"]}


def test_an_event_without_an_id_is_named_by_file_and_line(shell, write):
    unnamed = process("", r"C:\cmd.exe")
    del unnamed["_id"]
    write("unnamed.ndjson", "\n" + ndjson(unnamed))
    done = run("match", shell, "--events", "unnamed.ndjson")
    assert matches(done) == {SHELL: ["unnamed.ndjson:2"]}


@pytest.mark.parametrize(
    ("line", "place", "reason"),
    [
        (b'{"a": ', "2:7", "the line is not JSON: expecting value"),
        (b"[1]", "2", "the line is a list, not a JSON object"),
        (b'"text"', "2", "the line is a str, not a JSON object"),
        (b'{"a": "\xff"}', "2:8", "the line is not UTF-8: byte 0xff"),
        (b"[" * 100_000, "2", "the line is not readable: "),
    ],
)
def test_a_broken_line_is_a_diagnostic_and_the_others_count(shell, tmp_path, line, place, reason):
    good = ndjson(process("first", r"C:\cmd.exe")).encode()
    after = ndjson(process("after", r"C:\cmd.exe")).encode()
    (tmp_path / "broken.ndjson").write_bytes(good + line + b"\n" + after)
    done = run("match", shell, "--events", "broken.ndjson")
    assert done.exit_code == 1
    assert matches(done) == {SHELL: ["first", "after"]}
    assert f"broken.ndjson:{place}: error SG501 {reason}" in done.stderr


def test_events_that_cannot_be_read_are_a_diagnostic(shell, tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(EVENTS.encode())[:-20])
    done = run("match", shell, "--events", "none.ndjson", "--events", "cut.gz", "--events", ".")
    assert done.exit_code == 1
    assert "none.ndjson: error SG502 the events cannot be read: no such file" in done.stderr
    assert "cut.gz: error SG502 the events cannot be read: compressed file ended" in done.stderr
    assert ".: error SG502 the events cannot be read: is a directory" in done.stderr


def test_a_broken_rule_is_a_diagnostic_and_the_others_run(shell, write):
    write("broken.yml", rule_text("Broken", "Image|dance: x"))
    done = run("match", "broken.yml", shell, "--events", "events.ndjson")
    assert done.exit_code == 1
    assert matches(done) == {SHELL: ["first"]}
    assert "broken.yml:6:5: error SG125" in done.stderr


def test_a_rule_with_an_unfilled_placeholder_is_not_listed(write):
    write("rule.yml", rule_text("Hole", PLACEHOLDER))
    write("fill.yml", FILLED)
    write("events.ndjson", ndjson(process("who", "x", CommandLine="WHOAMI")))
    without = run("match", "rule.yml", "--events", "events.ndjson")
    assert (without.exit_code, matches(without)) == (1, {})
    assert "error SG133 the placeholder `%commands%`" in without.stderr
    with_it = run("match", "rule.yml", "--events", "events.ndjson", "-p", "fill.yml")
    assert matches(with_it) == {rule_id("Hole"): ["who"]}


def test_log_sources_that_no_event_tells_are_one_warning(write):
    write("events.ndjson", EVENTS)
    for service in ("auditd", "auth", "cron", "sudo"):
        source = f"{{product: linux, service: {service}}}"
        write(f"rules/{service}.yml", rule_text(service, "Image|contains: c", logsource=source))
    done = run("match", "rules", "--events", "events.ndjson")
    assert done.exit_code == 0
    assert done.stderr.count("warning SG503") == 1
    assert "their rules find nothing (4 in all)" in done.stderr
    assert "(product linux, service auditd)" in done.stderr
    assert "and 1 more" in done.stderr
    assumed = run("match", "rules", "--events", "events.ndjson", "--assume-logsource")
    assert assumed.stderr == ""
    assert matches(assumed)[rule_id("sudo")] == ["first", "second", "stop"]


def test_text_lists_what_was_found_under_each_rule(shell, write):
    write("other.yml", rule_text("Other", "Image: nothing"))
    done = run("match", shell, "other.yml", "--events", "events.ndjson", "-f", "text")
    assert done.stdout == f"{SHELL} Shell\n    first\n"


class TestEventLogs:
    def test_an_event_log_is_read_by_its_suffix(self, shell, tmp_path):
        log = event_log(
            {
                11: event(1, 11, SYSMON, {"Image": r"C:\Windows\cmd.exe"}),
                12: event(5, 12, SYSMON, {"Image": r"C:\Windows\cmd.exe"}),
            }
        )
        (tmp_path / "host.evtx").write_bytes(log)
        done = run("match", shell, "--events", "host.evtx")
        assert (done.exit_code, done.stderr) == (0, "")
        assert matches(done) == {SHELL: ["host/11"]}

    def test_security_4688_answers_to_the_names_of_sysmon(self, shell, tmp_path):
        data = {"NewProcessName": r"C:\Windows\cmd.exe", "SubjectLogonId": "0x3e7"}
        (tmp_path / "s.evtx").write_bytes(event_log({3: event(4688, 3, "Security", data)}))
        assert matches(run("match", shell, "--events", "s.evtx")) == {SHELL: ["s/3"]}

    def test_what_is_no_event_log_is_a_diagnostic(self, shell, write):
        write("text.evtx", "no log")
        done = run("match", shell, "--events", "text.evtx")
        assert done.exit_code == 1
        assert "text.evtx: error SG502 the events cannot be read" in done.stderr

    def test_system_values_are_named_as_sigma_names_them(self, tmp_path):
        from sigmaglot.events import read_events

        log = event_log({3: event(1, 3, SYSMON, {"CommandLine": "a b"})})
        (tmp_path / "s.evtx").write_bytes(log)
        (found,) = read_events(str(tmp_path / "s.evtx"))
        expected = {
            "Provider_Name": "Microsoft-Windows-Sysmon",
            "EventID": 1,
            "Channel": SYSMON,
            "Computer": "WS-1",
            "CommandLine": "a b",
            "SystemTime": "2026-01-02T03:04:05.000000Z",
        }
        assert {key: found.values[key] for key in expected} == expected


def test_elements_with_attributes_and_user_data_are_flattened():
    from sigmaglot.events import flatten

    record = {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"EventSourceName": "Service Control Manager"}},
                "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 7045},
            },
            "EventData": None,
            "UserData": {
                "Operation": {
                    "#attributes": {"xmlns": "x"},
                    "User": "u",
                    "Id": {"#text": ["a", None]},
                }
            },
        }
    }
    assert flatten(record) == {
        "Provider_Name": "Service Control Manager",
        "EventID": 7045,
        "SystemTime": None,
        "User": "u",
        "Id": "a\n",
    }


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the public rules and events are not beside us")
class TestCorpus:
    def test_every_process_creation_rule_finds_exactly_what_two_engines_found(self):
        expected = json.loads((CORPUS / "events/process_creation.expected.json").read_text())
        events = CORPUS / "events/process_creation.ndjson.gz"
        rules = [
            path
            for path in sorted((CORPUS / "sigmahq").rglob("*.yml"))
            if "category: process_creation" in path.read_text(encoding="utf-8")
        ]
        done = run("match", *rules, "--events", events, "--assume-logsource")
        found = matches(done)
        wrong = [
            name
            for name, ids in expected["expected"].items()
            if sorted(found.get(name, ["not listed"])) != sorted(ids)
        ]
        assert wrong == []
        assert len(expected["expected"]) == 853

    def test_every_positive_of_the_regression_set_is_found_with_its_log_source(self):
        expected = json.loads((CORPUS / "events/sigmahq_regression.expected.json").read_text())
        events = CORPUS / "events/sigmahq_regression.ndjson.gz"
        found = matches(run("match", CORPUS / "sigmahq", "--events", events))
        missed = {
            rule["rule_path"]: set(rule["matches"]) - set(found[rule["rule_id"]])
            for rule in expected
        }
        assert {path: ids for path, ids in missed.items() if ids} == {}
        assert len(expected) == 117
