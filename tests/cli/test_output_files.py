"""``-o``, ``-od`` and ``-ot``: files are whole, named as asked, and inside the folder."""

import json
import os
import stat

import pytest
from cli_helpers import rule_id, rule_text, run

from sigmaglot.bundle.writer import write_file

QUERY = (
    'DeviceProcessEvents\n| where ActionType == "ProcessCreated"\n| where FileName =~ "cmd.exe"\n'
)


def files(folder):
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in found}


def test_o_writes_what_stdout_would_show_and_prints_nothing(write, tmp_path):
    write("rules/a.yml", rule_text("First"))
    write("rules/b.yml", rule_text("Second"))
    shown = run("convert", "rules", "-t", "defender").stdout
    done = run("convert", "rules", "-t", "defender", "-o", "out.kql")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out.kql").read_bytes().decode() == shown


def test_o_dash_is_stdout(write):
    assert run("convert", write("a.yml", rule_text()), "-t", "defender", "-o", "-").stdout == QUERY


def test_the_rules_that_compile_are_written_where_others_fail(write, tmp_path):
    write("rules/a.yml", rule_text("First"))
    write("rules/b.yml", "a: [")
    done = run("convert", "rules", "-t", "defender", "-o", "out.kql")
    assert done.exit_code == 1
    assert (tmp_path / "out.kql").read_text() == QUERY


def test_an_interrupted_run_leaves_the_old_file_and_no_other(tmp_path):
    goal = tmp_path / "out.kql"
    goal.write_text("old")

    def pieces():
        yield "new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(goal, pieces())
    assert files(tmp_path) == {"out.kql": "old"}


def test_a_written_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    write_file(tmp_path / "written", ["x"])
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "written")]
    assert modes[0] == modes[1]


def test_a_link_is_followed_and_not_replaced(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "goal")
    write_file(tmp_path / "link", ["x"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "goal").read_text() == "x"


def test_a_device_is_written_to_and_not_replaced(write):
    done = run("convert", write("a.yml", rule_text()), "-t", "defender", "-o", os.devnull)
    assert done.exit_code == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("more", [["-o", "no/such/out.kql"], ["-od", "a.yml"]])
def test_a_place_that_cannot_be_written_is_a_usage_error(write, more):
    done = run("convert", write("a.yml", rule_text()), "-t", "defender", *more)
    assert done.exit_code == 2
    assert done.stderr.startswith("sigmaglot: error: ")
    assert " cannot be " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["-o", "x", "-od", "y"], "-o and -od exclude each other"),
        (["-ot", "{stem}"], "-ot names the files of -od"),
    ],
)
def test_flags_that_do_not_go_together_are_a_usage_error(write, more, reason):
    done = run("convert", write("a.yml", rule_text()), "-t", "defender", *more)
    assert done.exit_code == 2
    assert reason in done.stderr


def test_od_writes_a_bare_query_for_each_rule(write, tmp_path):
    write("rules/a.yml", rule_text("First"))
    write("rules/deep/b.yml", rule_text("Second"))
    done = run("convert", "rules", "-t", "defender", "-od", "out")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert files(tmp_path / "out") == {"a.kql": QUERY, "b.kql": QUERY}


def test_od_has_a_folder_for_each_of_several_targets(write, tmp_path):
    write("rules/a.yml", rule_text("First"))
    run("convert", "rules", "-t", "defender", "-t", "splunk", "-od", "out")
    assert list(files(tmp_path / "out")) == ["defender/a.kql", "splunk/a.spl"]


def test_od_with_jsonl_writes_a_record_a_file_failures_too(write, tmp_path):
    write("rules/a.yml", rule_text("First"))
    write("rules/b.yml", rule_text("Second", "Image|dance: x"))
    assert run("convert", "rules", "-t", "defender", "-od", "out", "-f", "jsonl").exit_code == 1
    found = {name: json.loads(text)["status"] for name, text in files(tmp_path / "out").items()}
    assert found == {"a.jsonl": "ok", "b.jsonl": "error"}


def test_every_variable_of_a_template_is_filled(write, tmp_path):
    write("rules/deep/a.yml", rule_text("First"))
    template = "{target}/{path}/{stem}-{id}-{index}.{ext}"
    run("convert", "rules", "-t", "defender", "-od", "out", "-ot", template)
    assert list(files(tmp_path / "out")) == [f"defender/deep/a-{rule_id('First')}-1.kql"]


def test_path_is_empty_for_a_file_that_was_named_itself(write, tmp_path):
    rule = write("rules/a.yml", rule_text("First"))
    run("convert", rule, "-t", "defender", "-od", "out", "-ot", "{path}/{stem}")
    assert list(files(tmp_path / "out")) == ["a"]


def test_index_splits_the_queries_of_a_rule_into_files(write, tmp_path):
    rule = rule_text("Many", "- CommandLine|contains: foo\n    - ParentImage: bar")
    write("many.yml", rule)
    together = run("convert", "many.yml", "-t", "dnif").stdout
    run("convert", "many.yml", "-t", "dnif", "-od", "out", "-ot", "{stem}-{index}.{ext}")
    found = files(tmp_path / "out")
    assert list(found) == ["many-1.dnif", "many-2.dnif"]
    assert "\n".join(found.values()) == together
    run("convert", "many.yml", "-t", "dnif", "-od", "whole")
    assert files(tmp_path / "whole") == {"many.dnif": together}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{rule}.kql", "`{rule}` is no variable of file names; there are {path}, {stem}"),
        ("{stem.__class__}", "is no variable of file names"),
        ("{}", "`{}` is no variable"),
        ("{stem", "the template of file names is malformed"),
        ("{stem:%%%}", "the template of file names is malformed"),
        ("../{stem}", "names no file inside the output folder"),
        ("/tmp/{stem}", "names no file inside the output folder"),
        ("a/../../{stem}", "names no file inside the output folder"),
        ("{path}/", "names no file inside the output folder"),
    ],
)
def test_a_template_that_cannot_be_used_is_a_usage_error(write, tmp_path, template, reason):
    rule = write("rules/a.yml", rule_text("First"))
    done = run("convert", rule, "-t", "defender", "-od", "out", "-ot", template)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_rule_whose_name_leads_out_of_the_folder_is_refused(write, tmp_path):
    write("rules/...yml", rule_text("First"))
    write("rules/b.yml", rule_text("Second"))
    done = run("convert", "rules", "-t", "defender", "-od", "out", "-ot", "{stem}/../../{stem}/x")
    assert done.exit_code == 2
    done = run("convert", "rules", "-t", "defender", "-od", "out", "-ot", "{stem}/x.kql")
    assert done.exit_code == 1
    assert "rules/...yml: error SG701 the output file `../x.kql` would lie outside" in done.stderr
    assert files(tmp_path / "out") == {"b/x.kql": QUERY}
    assert not (tmp_path / "x.kql").exists()


def test_two_rules_for_one_file_are_a_diagnostic_and_the_first_one_stays(write, tmp_path):
    write("rules/a/same.yml", rule_text("First"))
    write("rules/b/same.yml", rule_text("Second", "Image: other"))
    done = run("convert", "rules", "-t", "defender", "-od", "out")
    assert done.exit_code == 1
    assert (
        "rules/b/same.yml: error SG701 the output file `same.kql` is taken by rules/a/same.yml"
        in done.stderr
    )
    assert files(tmp_path / "out") == {"same.kql": QUERY}


def test_two_targets_for_one_file_are_a_diagnostic_too(write, tmp_path):
    write("a.yml", rule_text())
    targets = ["-t", "logpoint", "-t", "logpoint-sysmon"]
    done = run("convert", "a.yml", *targets, "-od", "out", "-ot", "{stem}.{ext}")
    assert done.exit_code == 1
    assert "taken by a.yml for logpoint: not written for logpoint-sysmon" in done.stderr
