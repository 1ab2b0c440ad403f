"""``-j``: the same bytes in the same order, however many processes work on them."""

import pytest
from cli_helpers import rule_text, run_process

from sigmaglot.run import CHUNK


@pytest.fixture
def rules(write):
    """Rules over several chunks, with broken ones and an id that comes again in another chunk."""
    for number in range(3 * CHUNK):
        write(f"rules/{number:03}.yml", rule_text(f"Rule {number}", f"Image: 'x{number}'"))
    write("rules/005.yml", "a: [")
    write("rules/010.yml", rule_text("Rule 9"))
    write("rules/040.yml", rule_text("Rule 1"))
    write("rules/041.yml", rule_text("One") + "---\n" + rule_text("Rule 1") + "---\n- 1\n")
    return "rules"


@pytest.mark.parametrize("form", ["query", "hunt", "jsonl"])
def test_the_output_does_not_depend_on_the_number_of_processes(rules, form):
    arguments = ["convert", rules, "-t", "defender", "-t", "splunk", "-f", form]
    one, three = (run_process(*arguments, "-j", jobs) for jobs in (1, 3))
    assert one.returncode == three.returncode == 1
    assert one.stdout == three.stdout
    assert one.stderr == three.stderr
    assert one.stdout.count(b"\n") > 2 * CHUNK


def test_a_repeated_id_is_found_across_processes_at_its_place(rules):
    messages = run_process("convert", rules, "-t", "defender", "-j", 3).stderr.decode()
    found = [line for line in messages.splitlines() if "SG109" in line]
    assert [line.split(": ")[0] for line in found] == [
        "rules/010.yml:2:1",
        "rules/040.yml:2:1",
        "rules/041.yml:10:1",
    ]
    assert all(" is used already by rules/00" in line for line in found)


def test_stdin_is_read_beside_files(rules):
    text = (rule_text("Piped") + "---\n" + rule_text("Rule 2")).encode()
    arguments = ["convert", rules, "-", "-t", "defender"]
    one, three = (run_process(*arguments, "-j", jobs, stdin=text) for jobs in (1, 3))
    assert one.stdout == three.stdout
    assert one.stderr == three.stderr
    assert b"Piped" in three.stdout
    assert b"-:10:1: error SG109" in three.stderr


def test_a_pipeline_reaches_every_process(write):
    from cli_helpers import FILLED, PLACEHOLDER

    write("fill.yml", FILLED)
    for number in range(2 * CHUNK):
        write(f"rules/{number}.yml", rule_text(f"Rule {number}", PLACEHOLDER))
    done = run_process("convert", "rules", "-t", "defender", "-p", "fill.yml", "-j", 2)
    assert done.returncode == 0
    assert done.stdout.count(b"whoami") == 2 * CHUNK


def test_a_process_that_dies_fails_its_files_and_not_the_run(write, monkeypatch):
    import os

    from sigmaglot import run
    from sigmaglot.compiler import Options
    from sigmaglot.targets import find_targets

    monkeypatch.setattr(run, "compile_documents", lambda *_: os._exit(9))
    files = [(f"{number}.yml", None) for number in range(CHUNK + 1)]
    results = list(run.compile_files(files, find_targets(("defender",)), Options(), jobs=2))
    assert [result.info.path for result in results] == [path for path, _ in files]
    assert {result.diagnostics[0].code for result in results} == {"SG001"}
    assert "a worker process ended" in results[0].diagnostics[0].message


def test_zero_jobs_are_a_usage_error(rules):
    assert run_process("convert", rules, "-t", "defender", "-j", 0).returncode == 2
