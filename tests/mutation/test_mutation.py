"""The verifier catches bugs: of the faults planted in renderers and mappings it sees 95 of 100.

A sample in every run; all of them with ``SIGMAGLOT_MUTANTS=all``.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mutation.mutants import Mutant, Place, numbered, replace_node
from mutation.operators import OPERATORS
from mutation.report import Row, problems, score
from mutation.sites import Site
from mutation.survivors import EQUIVALENT, KEPT, MISSED, read_survivors
from mutation.trial import KILLED, SURVIVED, UNSEEN, Outcome

RUN = Path(__file__).with_name("run.py")

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a mutant is a forked process")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the harness in a process of its own: it forks, which a process with threads must not."""
    command = [sys.executable, str(RUN), "--processes", "2", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@needs_fork
def test_verify_sees_the_faults_and_every_survivor_was_read() -> None:
    asked = ["--all"] if os.environ.get("SIGMAGLOT_MUTANTS") == "all" else []
    done = run(*asked)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_fork
def test_faults_are_killed_those_that_change_no_query_are_unseen(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    run("--only", "car/render.py", "--json", str(found))
    statuses = {
        (row["key"][2], row["key"][-1]): row["status"]
        for row in json.loads(found.read_text(encoding="utf-8"))
    }
    assert statuses["_negate", "`not ` dropped"] == KILLED
    assert statuses["", "`and` swapped"] == KILLED
    assert statuses["_field", "`.other` → `.field`"] == UNSEEN  # where a field has no column
    assert statuses["render", "parentheses of `({})` dropped"] == SURVIVED  # none are needed


def faults(operator: str, source: str, part: str = "kusto") -> set[str]:
    """Return the sources that a kind of fault makes of an expression or a statement."""
    found = set()
    for number, site in enumerate(_sites(ast.parse(source), part)):
        for function in OPERATORS[operator]:
            for choice in range(len(list(function(site)))):
                tree = ast.parse(source)
                again = list(_sites(tree, part))[number]
                _, new = list(function(again))[choice]
                replace_node(tree, again.node, new)
                found.add(ast.unparse(ast.fix_missing_locations(tree)))
    return found


def _sites(node: ast.AST, part: str, parents: tuple[ast.AST, ...] = ()) -> Iterator[Site]:
    if parents:
        yield Site(node, parents, part)
    for child in ast.iter_child_nodes(node):
        yield from _sites(child, part, (*parents, node))


@pytest.mark.parametrize(
    ("operator", "source", "mutants"),
    [
        ("drop a NOT", "ir.Not(child)", {"child"}),
        ("drop a NOT", "f'not({text})'", {"f'({text})'"}),
        ("drop a NOT", "x = 'isnotempty('", {"x = 'isempty('"}),
        ("swap AND and OR", "ir.all_of(tests)", {"ir.any_of(tests)"}),
        ("swap AND and OR", "x = ' and '", {"x = ' or '"}),
        ("forget case", "x = '=~'", {"x = '=='"}),
        ("forget case", "text.lower()", {"text"}),
        ("forget case", "f(cased=True)", {"f(cased=False)"}),
        ("forget case", "flags = '(?is)'", {"flags = '(?s)'"}),
        ("forget an escape", "text.replace('a', 'b')", {"text"}),
        ("forget an escape", "quote(text)", {"text"}),
        ("forget an escape", "frozenset('*?')", {"frozenset('*')", "frozenset('?')"}),
        ("lose a parenthesis", "f'({text})'", {"f'{text}'"}),
        ("lose a parenthesis", "f'lower({text}) in ({values})'", set()),
        ("lose a parenthesis", "WRITER.operand(node)", {"WRITER.write(node)"}),
        ("use the neighbour column", "entry.columns['domain']", {"entry.columns['name']"}),
        ("use the neighbour column", "leaf.other.name", {"leaf.field.name"}),
        (
            "drop a list item",
            "', '.join(values)",
            {"', '.join(list(values)[1:])", "', '.join(list(values)[:-1])"},
        ),
        (
            "anchor a regex",
            "flags + leaf.regex",
            {"flags + ('^' + leaf.regex)", "flags + (leaf.regex + '$')"},
        ),
        (
            "anchor a regex",
            "f'^{regex_of(leaf)}$'",
            {"f'{regex_of(leaf)}$'", "f'^{regex_of(leaf)}'"},
        ),
    ],
)
def test_each_kind_of_fault(operator: str, source: str, mutants: set[str]) -> None:
    assert faults(operator, source) == mutants


def outcomes(*statuses: tuple[str, str]) -> list[Row]:
    place = Place("kusto", "render.py", "quote", "return text", 1)
    made = numbered(Mutant("drop a NOT", "x", place, dict) for _ in statuses)
    return [
        Row(mutant, Outcome(status), reading)
        for mutant, (status, reading) in zip(made, statuses, strict=True)
    ]


def test_the_score_is_the_killed_of_those_that_make_a_claim_false() -> None:
    rows = outcomes(
        (KILLED, KILLED),
        (KILLED, KILLED),
        (KILLED, KILLED),
        (SURVIVED, MISSED),
        (SURVIVED, EQUIVALENT),
        (SURVIVED, KEPT),
        (UNSEEN, UNSEEN),
    )
    assert score(rows) == 75


def test_a_survivor_that_nobody_read_is_a_problem_and_counts_as_missed() -> None:
    rows = outcomes((KILLED, KILLED), (SURVIVED, "unread"))
    assert score(rows) == 50
    assert any("not read" in one for one in problems(rows, {}, is_whole=True))


def test_a_reading_without_a_survivor_is_a_problem_of_a_whole_run_only() -> None:
    readings = read_survivors()
    assert readings
    assert len(problems([], readings, is_whole=True)) == len(readings)
    assert problems([], readings, is_whole=False) == []
