"""``sigmaglot test``: the recorded cases of rules."""

from xml.etree import ElementTree as ET

import pytest
from cli_helpers import FILLED, PLACEHOLDER, ndjson, process, rule_text, run

RULE = "content/windows/deep/shell.yml"
CASES = "content/tests/shell"
MATCH = ndjson(process("yes-1", r"C:\CMD.EXE"), process("yes-2", r"C:\cmd.exe"))
NO_MATCH = ndjson(process("no-1", "notepad.exe"), process("no-2", "cmd.exe.txt"))


@pytest.fixture
def content(write):
    write(RULE, rule_text("Shell"))
    write(f"{CASES}/match.ndjson", MATCH)
    write(f"{CASES}/no_match.ndjson", NO_MATCH)
    return "content"


def test_a_rule_whose_events_come_out_as_recorded_passes(content):
    done = run("test", content)
    assert done.exit_code == 0
    assert done.stdout == f"passed  {RULE} (4 events)\n"
    assert done.stderr == "rules that passed: 1 of 1\n"


def test_a_single_rule_finds_its_cases_from_where_it_is(content):
    assert run("test", RULE).stdout == f"passed  {RULE} (4 events)\n"


def test_an_event_that_is_not_found_fails_the_rule_at_its_line(content, write):
    write(f"{CASES}/match.ndjson", MATCH + ndjson(process("missed", "C:\\calc.exe")))
    done = run("test", content)
    assert done.exit_code == 1
    assert f"failed  {RULE}" in done.stdout
    place = f"{CASES}/match.ndjson:3"
    assert f"{place}: error SG602 the rule does not match `missed`\n" in done.stdout


def test_an_event_that_is_found_by_mistake_fails_the_rule(content, write):
    write(f"{CASES}/no_match.ndjson", NO_MATCH + ndjson(process("wrong", "C:\\cmd.exe")))
    done = run("test", content)
    assert done.exit_code == 1
    assert f"{CASES}/no_match.ndjson:3: error SG602 the rule matches `wrong`\n" in done.stdout


def test_an_event_of_another_log_source_is_not_found_and_the_message_says_why(content, write):
    other = {**process("stop", r"C:\cmd.exe"), "EventID": 5}
    write(f"{CASES}/match.ndjson", ndjson(other))
    done = run("test", content)
    assert "does not match `stop`: it is not of the log source (category process_" in done.stdout


@pytest.mark.parametrize("name", ["match", "no_match"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_missing_cases_are_an_error_that_names_the_file(content, write, tmp_path, name, how):
    if how == "empty":
        write(f"{CASES}/{name}.ndjson", "\n")
    else:
        (tmp_path / CASES / f"{name}.ndjson").unlink()
    done = run("test", content)
    assert done.exit_code == 1
    assert f"missing {RULE} (2 events)" in done.stdout
    expected = f"{RULE}: error SG601 the rule has no test events in {CASES}/{name}.ndjson"
    assert expected in done.stdout


def test_a_rule_without_any_folder_of_tests_has_missing_cases(write):
    done = run("test", write("alone.yml", rule_text("Alone")))
    assert done.exit_code == 1
    assert "no test events in tests/alone/match.ndjson" in done.stdout


def test_the_nearest_folder_of_tests_counts(content, write):
    write("tests/shell/match.ndjson", ndjson(process("far", "notepad.exe")))
    assert run("test", content).exit_code == 0


def test_a_broken_line_of_a_case_fails_the_rule(content, write):
    write(f"{CASES}/match.ndjson", MATCH + "{\n")
    done = run("test", content)
    assert done.exit_code == 1
    assert f"{CASES}/match.ndjson:3:2: error SG501" in done.stdout


def test_a_broken_rule_fails(content, write):
    write("content/bad.yml", rule_text("Bad", "Image|dance: x"))
    done = run("test", content)
    assert done.exit_code == 1
    assert "failed  content/bad.yml (0 events)" in done.stdout
    assert "content/bad.yml:6:5: error SG125" in done.stdout
    assert done.stderr == "rules that passed: 1 of 2\n"


def test_yaml_under_tests_is_no_rule(content, write):
    write(f"{CASES}/other.yml", rule_text("Other"))
    write("content/tests/broken.yml", "a: [")
    assert run("test", content).stdout == f"passed  {RULE} (4 events)\n"


class TestPipelines:
    @pytest.fixture
    def hole(self, write):
        write("content/hole.yml", rule_text("Hole", PLACEHOLDER))
        write("content/tests/hole/match.ndjson", ndjson(process("a", "x", CommandLine="whoami")))
        write("content/tests/hole/no_match.ndjson", ndjson(process("b", "x", CommandLine="dir")))
        return "content/hole.yml"

    def test_a_rule_with_an_unfilled_placeholder_fails(self, hole):
        done = run("test", hole)
        assert done.exit_code == 1
        assert "error SG133 the placeholder `%commands%`" in done.stdout

    def test_a_pipeline_beside_the_cases_fills_it(self, hole, write):
        write("content/tests/hole/pipeline.yml", FILLED)
        assert run("test", hole).exit_code == 0

    def test_it_is_applied_to_that_rule_alone(self, hole, write):
        write("content/tests/hole/pipeline.yml", FILLED)
        write("content/other.yml", rule_text("Other", PLACEHOLDER))
        done = run("test", "content")
        assert "passed  content/hole.yml" in done.stdout
        assert "failed  content/other.yml" in done.stdout

    def test_a_pipeline_of_the_command_line_is_applied_to_all(self, hole, write):
        write("mine.yml", FILLED)
        assert run("test", hole, "-p", "mine.yml").exit_code == 0

    def test_a_broken_one_is_a_configuration_error(self, hole, write):
        write("content/tests/hole/pipeline.yml", "- 1")
        done = run("test", hole)
        assert done.exit_code == 3
        assert "pipeline content/tests/hole/pipeline.yml: not a pySigma pipeline" in done.stderr


class TestJUnit:
    def test_the_report_counts_and_names_the_cases(self, content, write):
        write("content/lonely.yml", rule_text("Lonely"))
        write("content/bad.yml", rule_text("Bad", "Image|dance: x"))
        root = ET.fromstring(run("test", content, "-f", "junit").stdout)
        (suite,) = root
        assert (root.tag, suite.tag) == ("testsuites", "testsuite")
        assert suite.attrib == {"name": "sigmaglot", "tests": "3", "failures": "1", "errors": "1"}
        found = {case.get("name"): [child.tag for child in case] for case in suite}
        assert found == {"bad": ["failure"], "lonely": ["error"], "shell": []}
        assert suite[2].get("classname") == "content/windows/deep"

    def test_a_failure_says_what_was_wrong(self, content, write):
        write(f"{CASES}/match.ndjson", ndjson(process("<&\x00>", "x")))
        root = ET.fromstring(run("test", content, "-f", "junit").stdout)
        failure = root.find(".//failure")
        assert failure.get("message") == "the rule does not match `<&\ufffd>`"
        assert f"{CASES}/match.ndjson:1: error SG602" in failure.text

    def test_o_writes_it_to_a_file(self, content, tmp_path):
        done = run("test", content, "-f", "junit", "-o", "report.xml")
        assert (done.exit_code, done.stdout) == (0, "")
        assert ET.parse(tmp_path / "report.xml").getroot().get("tests") == "1"
