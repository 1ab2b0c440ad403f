"""``sigmaglot list``: what is there."""

import json

import pytest
from cli_helpers import run

from sigmaglot.errors import CODES
from sigmaglot.targets import TARGETS


def listed(*args):
    done = run("list", *args, "-f", "json")
    assert done.exit_code == 0
    return json.loads(done.stdout)


def test_targets_are_pairs_of_pipeline_and_language():
    rows = listed("targets")
    assert [row["name"] for row in rows] == list(TARGETS)
    assert rows[0] == {
        "name": "defender",
        "pipeline": "defender_xdr",
        "language": "kusto",
        "status": "ok",
    }


def test_a_target_that_cannot_be_used_says_why(monkeypatch):
    from sigmaglot import targets

    monkeypatch.setitem(targets.TARGETS, "x", targets.Target("x", "defender_xdr", "klingon"))
    assert listed("targets")[-1]["status"] == "no language is called `klingon`"


def test_languages_have_titles_and_extensions():
    (kusto,) = [row for row in listed("languages") if row["name"] == "kusto"]
    assert (kusto["title"], kusto["extension"]) == ("Kusto", "kql")


def test_pipelines_have_a_product_and_categories():
    (defender,) = [row for row in listed("pipelines") if row["name"] == "defender_xdr"]
    assert defender["title"] == "Microsoft Defender XDR"
    assert defender["product"] == "windows"
    assert "process_creation" in defender["categories"]


def test_codes_are_all_of_them():
    assert {row["code"]: row["meaning"] for row in listed("codes")} == CODES


@pytest.mark.parametrize("choice", [["-t", "defender"], ["--pipeline", "defender_xdr"]])
def test_fields_show_rewrite_columns_and_confidence(choice):
    rows = {
        row["field"]: row
        for row in listed("fields", *choice)
        if row["category"] == "process_creation"
    }
    assert rows["Image"] == {
        "category": "process_creation",
        "field": "Image",
        "rewrite": "path",
        "columns": [
            {"role": "column", "name": "FolderPath", "type": "string"},
            {"role": "name", "name": "FileName", "type": "string"},
        ],
        "confidence": "high",
        "reason": "",
    }
    assert rows["CurrentDirectory"]["columns"] == []
    assert rows["CurrentDirectory"]["reason"].startswith("the working directory is not recorded")


def test_text_is_a_line_for_each_row():
    shown = run("list", "fields", "-t", "defender").stdout.splitlines()
    (user,) = [line.split() for line in shown if line.split()[:2] == ["process_creation", "User"]]
    assert (
        user
        == (
            "process_creation User account domain AccountDomain string, name AccountName string high"
        ).split()
    )


@pytest.mark.parametrize(
    ("choice", "code", "reason"),
    [
        ([], 2, "name one target with -t, or one pipeline with --pipeline"),
        (["-t", "defender", "--pipeline", "x"], 2, "name one target"),
        (["-t", "all"], 2, "`all` has no fields to list"),
        (["-t", "nowhere"], 2, "no target is called `nowhere`"),
        (["--pipeline", "nowhere"], 3, "no pipeline is called `nowhere`"),
    ],
)
def test_fields_of_nothing_are_an_error(choice, code, reason):
    done = run("list", "fields", *choice)
    assert done.exit_code == code
    assert reason in done.stderr
