"""``sigmaglot explain``: what becomes of each leaf."""

import json

import pytest
from cli_helpers import rule_text, run

RULE = """\
title: Leaves
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: '\\cmd.exe'
    Hashes|contains: [IMPHASH=0, SHA256=1]
  filter:
    CommandLine|re: '(?=x)whoami'
  condition: selection and not filter
"""


@pytest.fixture
def rule(write):
    return write("rule.yml", RULE)


def leaves(part):
    below = [leaf for child in part["children"] for leaf in leaves(child)]
    return below or [part]


def explained(rule, *more):
    done = run("explain", rule, "-t", "defender", "-f", "json", *more)
    (found,) = json.loads(done.stdout)
    return found, {leaf["label"]: leaf for leaf in leaves(found["tree"])}


def test_the_tree_shows_each_leaf_with_its_line_columns_and_rendering(write):
    rule = write("rule.yml", rule_text("Shell", "Image|endswith: ['\\cmd.exe', '\\a\\b.exe']"))
    done = run("explain", rule, "-t", "defender")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[:9] == [
        "Shell for defender",
        "",
        "or",
        r"  line 6  Image|endswith: \cmd.exe",
        "    columns: FileName (string)",
        '    exact: FileName =~ "cmd.exe"',
        r"  line 6  Image|endswith: \a\b.exe",
        "    columns: FolderPath (string)",
        r'    exact: FolderPath endswith @"\a\b.exe"',
    ]


def test_the_claim_and_the_query_stand_at_the_end(write):
    rule = write("rule.yml", rule_text(selection="Image|startswith: 'C:\\'"))
    query = run("convert", rule, "-t", "defender").stdout
    shown = run("explain", rule, "-t", "defender").stdout
    assert "\nclaim: exact\nassumes: " in shown
    assert shown.endswith(f"\n\n{query}")


def test_a_leaf_without_an_exact_form_shows_both_bounds_their_loss_and_why(rule):
    lines = run("explain", rule, "-t", "defender", "--fidelity", "broader").stdout.splitlines()
    at = lines.index("    line 8  CommandLine|re: (?=x)whoami")
    assert lines[at - 1] == "  not"
    assert lines[at + 1] == "      columns: ProcessCommandLine (string)"
    assert lines[at + 2] == '      broader (loss 0.3): ProcessCommandLine contains_cs "whoami"'
    assert lines[at + 3] == "      narrower (loss 1, in the query): never true"
    assert lines[at + 4].startswith("      why: SG305 Kusto runs RE2")


def test_under_not_the_query_takes_the_other_bound(rule):
    for policy, above, below in (
        ("broader", "broader", "narrower"),
        ("narrower", "narrower", "broader"),
    ):
        found, by_label = explained(rule, "--fidelity", policy)
        assert found["fidelity"] == policy
        used = {
            label: [form["fidelity"] for form in leaf["forms"] if form["is_used"]]
            for label, leaf in by_label.items()
        }
        assert used == {
            r"Image|endswith: \cmd.exe": ["exact"],
            "Hashes|contains: IMPHASH=0": [above],
            "Hashes|contains: SHA256=1": ["exact"],
            "CommandLine|re: (?=x)whoami": [below],
        }


def test_json_has_the_record_and_the_tree(rule):
    found, by_label = explained(rule)
    assert found["target"] == "defender"
    assert found["queries"]
    leaf = by_label["Hashes|contains: SHA256=1"]
    assert leaf["line"] == 6
    assert leaf["columns"] == [{"name": "SHA256", "type": "string"}]
    assert found["tree"]["label"] == "and"


def test_a_rule_without_a_query_is_explained_all_the_same(write):
    rule = write("rule.yml", rule_text(selection="CurrentDirectory: x"))
    done = run("explain", rule, "-t", "defender")
    assert done.exit_code == 1
    assert "broader (loss 1): always true: the leaf is left out" in done.stdout
    assert "claim: unsupported" in done.stdout
    assert "rule.yml:6:5: error SG202" in done.stderr


def test_a_broken_rule_is_a_diagnostic(write):
    done = run(
        "explain", write("rule.yml", rule_text(selection="Image|dance: x")), "-t", "defender"
    )
    assert done.exit_code == 1
    assert "rule.yml:6:5: error SG125" in done.stderr


def test_a_log_source_that_the_target_does_not_record_is_a_diagnostic(write):
    rule = write("rule.yml", rule_text(logsource="{product: linux, service: auditd}"))
    done = run("explain", rule, "-t", "defender")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error SG201" in done.stderr


@pytest.mark.parametrize("target", ["all", "pysigma:splunk", "nowhere"])
def test_only_one_built_in_target_can_be_explained(rule, target):
    done = run("explain", rule, "-t", target)
    assert done.exit_code == 2
    assert f"`{target}`" in done.stderr


@pytest.mark.parametrize(
    ("selection", "label"),
    [
        ("Image: 'a*b?c'", "Image: a*b?c"),
        ("Image: 'a\\*b'", "Image: a\\*b"),
        ("Image|startswith|cased: A", "Image|startswith|cased: A"),
        ("Image: ''", "Image: ''"),
        ("Image: null", "Image: null"),
        ("Image: [null, '']", "Image: null or ''"),
        ("Image|exists: true", "Image|exists: true"),
        ("ProcessId|gte: 5", "ProcessId|gte: 5"),
        ("ProcessId: 5", "ProcessId: 5"),
        ("Image|re|i: a.c", "Image|re|i: a.c"),
        ("Image|cidr: 10.0.0.0/8", "Image|cidr: 10.0.0.0/8"),
        ("Image|fieldref: ParentImage", "Image|fieldref: ParentImage"),
        ("UtcTime|hour: 5", "UtcTime|hour: 5"),
        ("- keyword", "keyword|contains: keyword"),
        ("Image|expand: '%x%'", "Image: %x%"),
    ],
)
def test_leaves_are_written_as_in_a_rule(write, selection, label):
    rule = write("rule.yml", rule_text(selection=selection))
    shown = run("explain", rule, "-t", "defender").stdout
    assert f"line 6  {label}\n" in shown


SHELL = rule_text("Shell", "CommandLine|re: '(?=x)whoami'") + "name: shell\n"
BURST = """\
title: Burst
name: burst
correlation:
  type: event_count
  rules: [shell]
  group-by: [Computer, User]
  timespan: 5m
  condition: {gt: 3, lte: 9}
"""
TWICE = """\
title: Twice
correlation: {type: value_percentile, rules: [burst], timespan: 1h, condition: {gte: 2, field: ProcessId, percentile: 95}}
"""


def test_a_correlation_is_explained_down_to_the_leaves_of_its_rules(write):
    paths = [
        write("burst.yml", BURST.replace("{gt: 3, lte: 9}", "{gt: 3}")),
        write("shell.yml", SHELL),
    ]
    done = run("explain", *paths, "-t", "defender")
    assert done.exit_code == 0, done.output
    burst, shell = done.stdout.split("\nShell for defender\n")
    assert burst.splitlines()[:10] == [
        "Burst for defender",
        "",
        "line 3  event_count > 3 in 300 s, by Computer, User",
        "  shell",
        "    line 6  CommandLine|re: (?=x)whoami",
        "      columns: ProcessCommandLine (string)",
        '      broader (loss 0.3, in the query): ProcessCommandLine contains_cs "whoami"',
        "      narrower (loss 1): never true",
        "      why: SG305 Kusto runs RE2, which has no lookaround and no back-references (value `(?=x)whoami`)",
        "",
    ]
    assert "\nclaim: broader\n" in burst
    assert "sg_events" in burst
    assert "claim: broader" in shell


def test_a_correlation_without_a_query_is_explained_all_the_same(write):
    path = write("rules.yml", f"{TWICE}---\n{BURST}---\n{SHELL}")
    done = run("explain", path, "-t", "logpoint", "-f", "json")
    assert done.exit_code == 1
    twice = json.loads(done.stdout)[0]
    assert twice["fidelity"] == "unsupported"
    assert twice["tree"]["label"] == "value_percentile 95 % of ProcessId >= 2 in 3600 s"
    (burst,) = twice["tree"]["children"]
    (asked,) = burst["children"]
    assert (burst["label"], asked["line"]) == ("burst", 6)
    assert asked["label"] == "event_count > 3 and <= 9 in 300 s, by Computer, User"


def test_a_correlation_over_a_rule_that_is_not_given_is_a_diagnostic(write):
    done = run("explain", write("burst.yml", BURST), "-t", "defender")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "burst.yml:5:11: error SG143 no rule of the run is called `shell`" in done.stderr
    assert "give the file of the rule too" in done.stderr
