"""Nothing is dropped in silence, and any schema pairs with any language."""

from __future__ import annotations

from cli_helpers import rule_text, run


def test_a_query_that_departs_from_its_rule_is_said_on_stderr(write):
    rule = write(
        "rule.yml", rule_text(selection="{Image|endswith: '\\cmd.exe', CurrentDirectory: x}")
    )
    done = run("convert", rule, "-t", "defender")
    assert done.exit_code == 0
    assert "note SG204 broader for defender: `CurrentDirectory` has no column" in done.stderr
    assert "CurrentDirectory" not in done.stdout


def test_quiet_leaves_departures_out(write):
    rule = write(
        "rule.yml", rule_text(selection="{Image|endswith: '\\cmd.exe', CurrentDirectory: x}")
    )
    assert run("convert", rule, "-t", "defender", "-q").stderr == ""


def test_an_exact_query_is_not_commented_on(write):
    assert run("convert", write("rule.yml", rule_text()), "-t", "defender").stderr == ""


def test_a_label_names_a_claim_that_is_not_exact(write):
    rule = write(
        "rule.yml", rule_text(selection="{Image|endswith: '\\cmd.exe', CurrentDirectory: x}")
    )
    first = run("convert", rule, "-t", "defender", "-t", "splunk").stdout.splitlines()[0]
    assert first.endswith("A rule for defender, broader")


def test_a_pipeline_and_a_language_make_a_target(write):
    rule = write("rule.yml", rule_text())
    named, paired = (
        run("convert", rule, "-t", target).stdout for target in ("splunk", "splunk_sysmon/spl")
    )
    assert named == paired


def test_an_unknown_half_of_a_pair_is_a_usage_error(write):
    rule = write("rule.yml", rule_text())
    for target, missing in (("nope/spl", "pipeline"), ("splunk_sysmon/nope", "language")):
        done = run("convert", rule, "-t", target)
        assert done.exit_code == 2
        assert f"no {missing} is called `nope`" in done.stderr


def test_a_folder_without_rules_is_an_error(tmp_path):
    done = run("convert", str(tmp_path), "-t", "splunk")
    assert done.exit_code == 1
    assert "error SG112 the folder holds no rules" in done.stderr


def test_a_hunt_keeps_the_columns_that_a_custom_detection_needs(write):
    rule = write("rule.yml", rule_text(fields="[CommandLine]"))
    text = run("convert", rule, "-t", "defender", "-f", "hunt").stdout
    assert "| project Timestamp, DeviceName, ProcessCommandLine, DeviceId, ReportId\n" in text
