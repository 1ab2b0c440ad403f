"""``sigmaglot check``: diagnostics without compiling."""

import json

from cli_helpers import FILLED, PLACEHOLDER, rule_id, rule_text, run


def test_good_rules_print_nothing_on_stdout(write):
    write("rules/a.yml", rule_text("First"))
    write("rules/b.yml", rule_text("Second", logsource="{product: linux, service: auditd}"))
    done = run("check", "rules")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "rules that can be read: 2; diagnostics: 0\n"


def test_every_broken_rule_is_named_with_its_place(write):
    write("rules/a.yml", rule_text("First", "Image|dance: x"))
    write("rules/b.yml", "title: x\n")
    write("rules/c.yml", rule_text("Third"))
    done = run("check", "rules")
    assert done.exit_code == 1
    assert "rules/a.yml:6:5: error SG125 " in done.stdout
    assert "rules/b.yml:1:1: error SG120 the rule has no `detection`" in done.stdout
    assert done.stderr == "rules that can be read: 1; diagnostics: 2\n"


def test_json_is_a_list_of_diagnostics(write):
    rule = write("a.yml", rule_text("First", "Image|dance: x"))
    done = run("check", rule, "-f", "json")
    (found,) = json.loads(done.stdout)
    assert list(found) == [
        "code",
        "severity",
        "message",
        "hint",
        "path",
        "line",
        "column",
        "rule_id",
    ]
    assert (found["code"], found["path"], found["line"]) == ("SG125", "a.yml", 6)
    assert found["rule_id"] == rule_id("First")


def test_json_of_good_rules_is_an_empty_list(write):
    assert json.loads(run("check", write("a.yml", rule_text()), "-f", "json").stdout) == []


def test_a_placeholder_is_a_warning_until_a_pipeline_fills_it(write):
    write("rule.yml", rule_text(selection=PLACEHOLDER))
    write("fill.yml", FILLED)
    without = run("check", "rule.yml")
    assert without.exit_code == 0
    assert "rule.yml:6:5: warning SG133 the placeholder `%commands%` of `Command" in without.stdout
    assert run("check", "rule.yml", "-p", "fill.yml").stdout == ""


def test_a_repeated_id_is_an_error(write):
    write("rules/a.yml", rule_text("Same"))
    write("rules/b.yml", rule_text("Same"))
    done = run("check", "rules")
    assert done.exit_code == 1
    assert f"rules/b.yml:2:1: error SG109 the id {rule_id('Same')} is used alr" in done.stdout


def test_a_bad_rule_before_a_broken_document_keeps_its_place(write):
    write("two.yml", rule_text("First", "Image|dance: x") + "---\na: [\n")
    done = run("check", "two.yml")
    assert done.exit_code == 1
    assert "two.yml:6:5: error SG125" in done.stdout
    assert "error SG104 not valid YAML" in done.stdout
    assert "SG001" not in done.stdout
