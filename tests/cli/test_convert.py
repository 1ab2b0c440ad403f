"""``sigmaglot convert``: what stands on stdout, what on stderr, and the formats."""

import json

import pytest
from cli_helpers import FILLED, PLACEHOLDER, rule_id, rule_text, run, run_process

QUERY = (
    'DeviceProcessEvents\n| where ActionType == "ProcessCreated"\n| where FileName =~ "cmd.exe"\n'
)
BROKEN = rule_text("Broken", "Image|dance: x")
KEYS = [
    "rule_id",
    "rule_title",
    "rule_path",
    "target",
    "status",
    "fidelity",
    "queries",
    "notes",
    "assumes",
    "fields",
    "diagnostics",
    "sha256",
]


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def test_one_rule_is_the_bare_query(write):
    done = run("convert", write("one.yml", rule_text()), "-t", "defender")
    assert (done.exit_code, done.stdout, done.stderr) == (0, QUERY, "")


def test_stdin_is_read_for_a_dash():
    done = run("convert", "-", "-t", "defender", stdin=rule_text())
    assert (done.exit_code, done.stdout) == (0, QUERY)


def test_several_rules_stand_under_their_ids_and_titles_between_blank_lines(write):
    write("rules/a.yml", rule_text("First"))
    write("rules/b/b.yaml", rule_text("Second"))
    done = run("convert", "rules", "-t", "defender")
    first, second = (f"// {rule_id(title)} {title}\n{QUERY}" for title in ("First", "Second"))
    assert done.stdout == f"{first}\n{second}"


def test_one_rule_for_several_targets_names_the_target(write):
    done = run("convert", write("one.yml", rule_text()), "-t", "defender", "-t", "splunk")
    heads = [line for line in done.stdout.splitlines() if rule_id("A rule") in line]
    assert [head.rsplit(" for ", 1)[1].split()[0] for head in heads] == ["defender", "splunk"]


def test_several_queries_of_one_rule_stand_between_blank_lines(write):
    rule = rule_text("Many", "- CommandLine|contains: foo\n    - ParentImage: bar")
    done = run("convert", write("many.yml", rule), "-t", "dnif", "-f", "jsonl")
    queries = records(done.stdout)[0]["queries"]
    assert len(queries) > 1
    assert run("convert", "many.yml", "-t", "dnif").stdout == "\n\n".join(queries) + "\n"


def test_a_title_cannot_end_its_comment(write):
    write("rules/a.yml", rule_text('"evil\\n| take 1\\x1b\\u2028drop"'))
    write("rules/b.yml", rule_text("Second"))
    done = run("convert", "rules", "-t", "defender")
    assert done.stdout.splitlines()[0].endswith("evil | take 1 drop")


def test_a_failed_rule_is_a_diagnostic_with_its_place_and_the_others_are_compiled(write):
    write("rules/a.yml", BROKEN)
    write("rules/b.yml", rule_text())
    done = run("convert", "rules", "-t", "defender")
    assert (done.exit_code, done.stdout) == (1, QUERY)
    first, hint = done.stderr.splitlines()
    assert first.startswith("rules/a.yml:6:5: error SG125 unknown modifier")
    assert hint.startswith("    hint: ")


def test_a_rule_that_cannot_be_compiled_for_one_target_fails_there_alone(write):
    linux = rule_text(logsource="{category: process_creation, product: linux}")
    done = run("convert", write("l.yml", linux), "-t", "defender", "-t", "splunk", "-f", "jsonl")
    assert done.exit_code == 1
    assert [record["status"] for record in records(done.stdout)] == ["error", "error"]
    assert done.stderr.count("error SG201") == 2


def test_a_file_that_does_not_exist_is_a_diagnostic():
    done = run("convert", "none.yml", "-t", "defender")
    assert done.exit_code == 1
    assert "none.yml: error SG101 cannot be read: no such file or directory" in done.stderr


def test_a_pipeline_among_the_rules_is_a_note_and_no_failure(write):
    write("rules/a.yml", rule_text())
    write("rules/pipeline.yml", FILLED)
    done = run("convert", "rules", "-t", "defender", "-f", "jsonl")
    assert done.exit_code == 0
    assert len(records(done.stdout)) == 1
    assert "rules/pipeline.yml: note SG110" in done.stderr


def test_placeholders_are_filled_by_a_pipeline(write):
    write("rule.yml", rule_text(selection=PLACEHOLDER))
    write("fill.yml", FILLED)
    without = run("convert", "rule.yml", "-t", "defender")
    assert without.exit_code == 1
    assert "error SG133 the placeholder `%commands%`" in without.stderr
    with_it = run("convert", "rule.yml", "-t", "defender", "-p", "fill.yml")
    assert with_it.exit_code == 0
    assert 'ProcessCommandLine =~ "whoami"' in with_it.stdout


def test_the_fidelity_that_is_asked_for_decides_what_is_refused(write):
    text = rule_text(selection="CommandLine|re: '(?=x)whoami'")
    rule = write("r.yml", text)
    assert run("convert", rule, "-t", "defender").exit_code == 0
    done = run("convert", rule, "-t", "defender", "--fidelity", "exact")
    assert done.exit_code == 1
    assert "SG202" in done.stderr
    assert "at the fidelity `exact`" in done.stderr


def test_control_characters_of_a_rule_do_not_reach_the_terminal(write):
    rule = write("r.yml", rule_text(selection=r'"Image|\e[31m": x'))
    done = run("convert", rule, "-t", "defender")
    assert "\x1b" not in done.stderr
    assert "\\x1b[31m" in done.stderr


class TestJsonLines:
    def test_a_record_has_these_keys_in_this_order(self, write):
        done = run("convert", write("r.yml", rule_text("Ünï")), "-t", "defender", "-f", "jsonl")
        assert list(records(done.stdout)[0]) == KEYS
        assert "Ünï" in done.stdout

    def test_a_record_tells_what_became_of_the_rule(self, write):
        import hashlib

        rule = write("rules/r.yml", rule_text())
        record = records(run("convert", rule, "-t", "defender", "-f", "jsonl").stdout)[0]
        assert record["rule_id"] == rule_id("A rule")
        assert record["rule_path"] == "rules/r.yml"
        assert (record["status"], record["fidelity"]) == ("ok", "exact")
        assert record["queries"] == [QUERY.removesuffix("\n")]
        assert record["fields"] == ["FileName"]
        assert record["diagnostics"] == []
        assert record["sha256"] == hashlib.sha256(record["queries"][0].encode()).hexdigest()

    def test_notes_are_objects_with_code_message_field_and_value(self, write):
        rule = rule_text(selection="Hashes|contains: [IMPHASH=0, SHA256=1]")
        done = run("convert", write("r.yml", rule), "-t", "defender", "-f", "jsonl")
        note = records(done.stdout)[0]["notes"][0]
        assert list(note) == ["code", "message", "field", "value"]
        assert (note["code"], note["field"]) == ("SG206", "Hashes")

    def test_a_rule_that_cannot_be_parsed_has_an_error_record_for_each_target(self, write):
        rule = write("b.yml", BROKEN)
        done = run("convert", rule, "-t", "splunk", "-t", "defender", "-f", "jsonl")
        found = records(done.stdout)
        assert [record["target"] for record in found] == ["splunk", "defender"]
        for record in found:
            assert list(record) == KEYS
            assert (record["status"], record["fidelity"]) == ("error", "unsupported")
            assert (record["queries"], record["sha256"]) == ([], "")
            assert record["diagnostics"][0]["code"] == "SG125"
            assert record["diagnostics"][0]["line"] == 6
        assert done.stderr.count("SG125") == 1

    def test_a_file_name_that_is_not_utf8_is_still_json(self, tmp_path):
        import os

        path = os.fsencode(tmp_path) + b"/b\xffd.yml"
        with open(path, "wb") as file:
            file.write(rule_text().encode())
        done = run_process("convert", tmp_path, "-t", "defender", "-f", "jsonl")
        assert done.returncode == 0
        assert json.loads(done.stdout)["rule_path"].endswith("b\udcffd.yml")


class TestHunt:
    RULE = rule_text(
        "Shell",
        level="high",
        tags="[attack.execution, attack.t1059.003, attack.t1105]",
        description="Finds shells. And says so",
    )

    def hunt(self, write, rule=RULE, *more):
        done = run("convert", write("r.yml", rule), "-t", "defender", "-f", "hunt", *more)
        assert done.exit_code == 0
        comment = [line[3:] for line in done.stdout.splitlines() if line.startswith("//")]
        return comment, done.stdout

    def test_the_comment_says_what_the_rule_is(self, write):
        comment, _ = self.hunt(write)
        assert comment[:5] == [
            "Shell",
            "Finds shells. And says so",
            f"id: {rule_id('Shell')}",
            "level: high",
            "ATT&CK: T1059.003, T1105",
        ]

    def test_the_comment_says_how_far_the_query_goes(self, write):
        selection = "{Hashes|contains: [IMPHASH=0, SHA256=1], ParentCommandLine|contains: x}"
        comment, _ = self.hunt(write, rule_text(selection=selection))
        assert "fidelity: narrower" in comment
        assert any(line.startswith("note: SG206 `Hashes`: IMPHASH") for line in comment)
        assert any(line.startswith("assumes: ") for line in comment)

    def test_a_long_description_ends_with_a_sentence(self, write):
        text = "A sentence of some length about nothing at all. " * 20
        comment, _ = self.hunt(write, rule_text(description=text))
        shown = " ".join(comment[1 : comment.index(f"id: {rule_id('A rule')}")])
        assert shown.endswith("all.")
        assert 100 < len(shown) <= 240

    def test_the_query_projects_and_sorts(self, write):
        _, text = self.hunt(write)
        assert "\n| project Timestamp, DeviceName" in text
        assert text.endswith("| order by Timestamp desc\n")
        assert "ago(" not in text

    def test_last_bounds_the_time(self, write):
        _, text = self.hunt(write, self.RULE, "--last", "7d")
        assert "| where Timestamp > ago(7d)" in text

    @pytest.mark.parametrize("span", ["7", "d", "0d", "7w", "7d)", "-7d"])
    def test_a_span_that_is_none_is_a_usage_error(self, write, span):
        rule = write("r.yml", self.RULE)
        done = run("convert", rule, "-t", "defender", "-f", "hunt", f"--last={span}")
        assert done.exit_code == 2
        assert "give a number and one of s, m, h and d" in done.stderr

    def test_last_without_hunt_is_a_usage_error(self, write):
        done = run("convert", write("r.yml", self.RULE), "-t", "defender", "--last", "7d")
        assert done.exit_code == 2
        assert "add -f hunt" in done.stderr


class TestSummary:
    def test_the_table_has_a_row_for_each_rule_and_counts_for_each_target(self, write):
        write("rules/exact.yml", rule_text())
        write("rules/narrow.yml", rule_text("N", "Hashes|contains: [IMPHASH=0, SHA256=1]"))
        write("rules/broken.yml", BROKEN)
        done = run("convert", "rules", "-t", "defender", "-t", "splunk", "--summary")
        rows = [
            [cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")]
            for line in done.stderr.splitlines()
            if line.startswith(("│", "┃"))
        ]
        assert rows[0] == ["rule", "defender", "splunk"]
        assert ["exact", "E"] == rows[2][:2]
        assert ["broken", "–", "–"] in rows
        assert ["narrow", "N"] == rows[3][:2]
        assert rows[4][:2] == ["3 rules", "1E"]
        assert {"1N", "1–"} <= {row[1] for row in rows[5:]}

    def test_without_the_flag_there_is_none(self, write):
        assert run("convert", write("r.yml", rule_text()), "-t", "defender").stderr == ""
