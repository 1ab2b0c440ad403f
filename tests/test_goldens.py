"""Every T1059.003 rule and every feature, for every target: the queries, their claim and why.

``pytest --update-goldens`` writes them anew and removes what no case makes; read the diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sigmaglot.compiler import Result, compile_documents
from sigmaglot.frontend import load_pipelines
from sigmaglot.source import Document, read_documents
from sigmaglot.targets import TARGETS

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden"
FEATURES = Path(__file__).parent / "features"
RULES = ROOT / "sigma_rules" / "windows"
BASELINE = ROOT / "sigma_rules" / "pipelines" / "cmd_parent_baseline.yml"

LONG_LIST = """\
title: list of 10000
id: 00000000-0000-4000-8000-000000010000
logsource: {category: process_creation, product: windows}
detection:
  selection:
    CommandLine|contains:
%s
  condition: selection
"""


def documents() -> Iterator[Document]:
    yield from read_documents([str(RULES), str(FEATURES)])
    values = "\n".join(f"      - v{number:04d}." for number in range(10_000))
    text = LONG_LIST % values
    yield from read_documents_of("list_10000.yml", text)


def read_documents_of(path: str, text: str) -> Iterator[Document]:
    import yaml

    yield Document(path, 0, yaml.safe_load(text), text)


def rendered(result: Result) -> str:
    lines = [f"fidelity: {result.fidelity}"]
    lines += [f"note: {note.code} {note.message} [{note.value}]" for note in result.notes[:20]]
    lines += [f"and {len(result.notes) - 20:,} notes more"] * (len(result.notes) > 20)
    lines += [f"assumes: {text}" for text in result.assumes]
    lines += [f"error: {one.code} {one.message}" for one in result.diagnostics]
    return "\n".join(lines) + "\n---\n" + "\n\n".join(result.queries) + "\n"


@pytest.fixture(scope="session")
def results() -> dict[Path, str]:
    pipelines = load_pipelines([BASELINE.read_text(encoding="utf-8")])
    found = compile_documents(documents(), tuple(TARGETS.values()), pipelines=pipelines)
    return {
        Path(result.target) / f"{Path(result.info.path).stem}.txt": rendered(result)
        for result in found
    }


def test_queries_are_as_their_goldens_say(results: dict[Path, str], update_goldens: bool) -> None:
    if update_goldens:
        for path, text in results.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(text, encoding="utf-8", newline="\n")
    differing = [
        str(path)
        for path, text in results.items()
        if not (GOLDEN / path).is_file() or (GOLDEN / path).read_text(encoding="utf-8") != text
    ]
    assert differing == []


def test_every_case_is_a_rule(results: dict[Path, str]) -> None:
    cases = {*RULES.rglob("*.yml"), *FEATURES.glob("*.yml"), Path("list_10000.yml")}
    assert {path.stem for path in results} == {path.stem for path in cases}
    assert {path.parent.name for path in results} == set(TARGETS)


def test_no_golden_is_left_without_a_case(results: dict[Path, str], update_goldens: bool) -> None:
    stored = {path.relative_to(GOLDEN) for path in GOLDEN.rglob("*") if path.is_file()}
    orphans = stored - results.keys()
    if update_goldens:
        for path in orphans:
            (GOLDEN / path).unlink()
        orphans = set()
    assert orphans == set()
