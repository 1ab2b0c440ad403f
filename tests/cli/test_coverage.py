"""``sigmaglot coverage``: what a rule set covers, why not better, and its five forms."""

import csv
import io
import json

import pytest
from cli_helpers import run

EXACT = """\
title: Exact
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c3
tags: [attack.t1059.003]
logsource: {category: process_creation, product: windows}
detection: {selection: {CommandLine|contains: wmic}, condition: selection}
"""
BROADER = """\
title: <b>Broader</b>
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c4
tags: [attack.t1059.003, attack.t1033]
logsource: {category: process_creation, product: windows}
detection:
  selection: {CommandLine|contains: wmic, CurrentDirectory|contains: temp}
  condition: selection
"""
ABSENT = """\
title: Absent
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c5
logsource: {category: process_creation, product: linux}
detection: {selection: {Image|endswith: /sh}, condition: selection}
"""
NONE = """\
title: None
id: 290a1e2d-88e8-48bd-8b2a-1c98a892f5c6
logsource: {category: process_creation, product: windows}
detection: {selection: {Imphash: abc}, condition: selection}
"""


@pytest.fixture
def rules(tmp_path):
    for name, text in (("a", EXACT), ("b", BROADER), ("c", ABSENT), ("d", NONE)):
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    return tmp_path


def test_json_has_rules_targets_reasons_and_fields(rules):
    done = run("coverage", rules, "-t", "defender", "-t", "splunk", "-f", "json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert [row["targets"]["defender"]["fidelity"] for row in found["rules"]] == [
        "exact", "broader", "not recorded", "none",
    ]  # fmt: skip
    defender, splunk = found["targets"]
    assert (defender["rules"], defender["recorded"], defender["compiled"]) == (4, 3, 2)
    assert splunk["fidelity"] == {
        "exact": 3, "broader": 0, "narrower": 0, "unstated": 0, "none": 0, "not recorded": 1,
    }  # fmt: skip
    assert defender["not_recorded"] == [
        {"logsource": "category process_creation, product linux", "rules": 1}
    ]
    assert {"field": "CurrentDirectory", "rules": 1, "without_column": ["defender"]} in found[
        "fields"
    ]


def test_reasons_are_ranked_by_how_many_rules_each_alone_keeps_from_exact(rules):
    found = json.loads(run("coverage", rules, "-t", "defender", "-f", "json").stdout)
    first = found["targets"][0]["reasons"][0]
    assert first["frees"] == first["touches"] == 1
    assert {one["code"] for one in found["targets"][0]["reasons"]} == {"SG201", "SG202", "SG204"}


def test_the_table_has_a_sign_for_each_rule_and_the_share_that_has_a_query(rules):
    lines = run("coverage", rules, "-t", "defender").stdout.splitlines()
    assert lines[0].split() == ["rule", "defender"]
    assert [line.split()[-1] for line in lines[1:5]] == ["E", "B", "·", "–"]
    assert any(line.endswith("2 of 3 (66.7 %)") for line in lines)


def test_csv_has_a_line_for_each_rule_and_target(rules):
    done = run("coverage", rules, "-t", "defender", "-t", "car", "-f", "csv")
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(found) == 8
    assert found[0]["techniques"] == "T1059.003"
    assert found[2]["codes"] == "SG204"


def test_the_page_escapes_what_rules_say_and_loads_nothing(rules, tmp_path):
    out = tmp_path / "page.html"
    run("coverage", rules, "-t", "defender", "-f", "html", "-o", out)
    page = out.read_text(encoding="utf-8")
    assert "&lt;b&gt;Broader&lt;/b&gt;" in page
    assert "<b>Broader" not in page
    assert "http" not in page


def test_a_layer_scores_techniques_by_the_rules_that_have_a_query(rules, tmp_path):
    run(
        "coverage",
        rules,
        "-t",
        "defender",
        "-t",
        "splunk",
        "-f",
        "navigator",
        "-od",
        tmp_path / "l",
    )
    layer = json.loads((tmp_path / "l" / "defender.json").read_text(encoding="utf-8"))
    assert (tmp_path / "l" / "splunk.json").is_file()
    assert layer["domain"] == "enterprise-attack"
    assert {one["techniqueID"]: one["score"] for one in layer["techniques"]} == {
        "T1033": 1,
        "T1059.003": 2,
    }
    assert layer["techniques"][1]["comment"] == "1 exact, 1 broader"
    assert layer["gradient"]["maxValue"] == 2


def test_one_layer_goes_to_standard_output(rules):
    layer = json.loads(run("coverage", rules, "-t", "car", "-f", "navigator").stdout)
    assert layer["name"] == "Sigmaglot: car"


def test_a_rule_that_cannot_be_read_is_told_and_the_others_count(rules):
    (rules / "e.yml").write_text("title: x\n", encoding="utf-8")
    done = run("coverage", rules, "-t", "defender", "-f", "json")
    assert done.exit_code == 1
    assert "SG120" in done.stderr
    found = json.loads(done.stdout)
    assert len(found["rules"]) == 4
    assert found["failures"][0]["code"] == "SG120"


def test_pysigma_targets_have_no_claim(rules):
    found = json.loads(run("coverage", rules / "a.yml", "-t", "pysigma:kusto", "-f", "json").stdout)
    assert found["targets"][0]["fidelity"]["unstated"] == 1


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["-t", "all", "-f", "navigator"], "a layer shows one target"),
        (["-t", "car", "-od", "x"], "-od takes the layers of -f navigator"),
        (["-t", "car", "-f", "navigator", "-od", "x", "-o", "y"], "-o and -od exclude each other"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(rules, args, reason):
    done = run("coverage", rules, *args)
    assert done.exit_code == 2
    assert reason in done.stderr


CORRELATION = """\
title: Many
correlation:
    type: event_count
    rules: [290a1e2d-88e8-48bd-8b2a-1c98a892f5c3]
    group-by: [Computer]
    timespan: 1m
    condition: {gte: 3}
"""
FILTER = """\
title: Not the agent
logsource: {product: windows}
filter: {rules: any, agent: {ParentImage|endswith: '\\\\agent.exe'}, condition: not agent}
"""


def test_a_correlation_is_a_row_and_its_rules_are_none_of_their_own(tmp_path):
    (tmp_path / "a.yml").write_text(EXACT, encoding="utf-8")
    (tmp_path / "many.yml").write_text(CORRELATION, encoding="utf-8")
    done = run("coverage", tmp_path, "-t", "splunk", "-f", "json")
    (row,) = json.loads(done.stdout)["rules"]
    assert row["rule_title"] == "Many"
    assert row["targets"]["splunk"]["fidelity"] == "exact"
    generating = CORRELATION.replace("gte: 3}", "gte: 3}\n    generate: true")
    (tmp_path / "many.yml").write_text(generating, encoding="utf-8")
    found = json.loads(run("coverage", tmp_path, "-t", "splunk", "-f", "json").stdout)
    assert [row["rule_title"] for row in found["rules"]] == ["Exact", "Many"]


def test_a_correlation_that_cannot_be_linked_is_an_error(tmp_path):
    (tmp_path / "many.yml").write_text(CORRELATION, encoding="utf-8")
    done = run("coverage", tmp_path, "-t", "splunk", "-f", "json")
    assert done.exit_code == 1
    assert "SG143" in done.stderr


def test_filters_are_part_of_the_rules(tmp_path):
    (tmp_path / "a.yml").write_text(EXACT, encoding="utf-8")
    folder = tmp_path / "apart"
    folder.mkdir()
    (folder / "filter.yml").write_text(FILTER, encoding="utf-8")
    asked = ("coverage", tmp_path / "a.yml", "-t", "splunk", "-f", "json")
    found = json.loads(run(*asked, "--filter", folder / "filter.yml").stdout)
    assert [field["field"] for field in found["fields"]] == ["CommandLine", "ParentImage"]
