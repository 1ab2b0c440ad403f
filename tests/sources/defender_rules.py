"""What the tests of Defender share: the facts, one-line rules and their queries."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigmaglot.compiler import Options, Result, compile_documents
from sigmaglot.pipelines import load_pipeline
from sigmaglot.source import Document, read_documents
from sigmaglot.targets import TARGETS, Target
from sigmaglot.verify.engines.kusto_model import read
from sigmaglot.verify.projection import PROJECTIONS

FACTS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
PIPELINE = load_pipeline("defender_xdr")
RECORDINGS = PIPELINE.recordings
STORED = PROJECTIONS["defender_xdr"].categories
TARGET = TARGETS["defender"]


def facts(name: str) -> Any:
    path = FACTS / name
    if not path.is_file():
        pytest.skip("the schema facts are not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def document(source: str, selection: str, condition: str = "selection") -> Document:
    """Return a rule of a category or `service:NAME`; the selection is YAML of one line."""
    key, _, name = source.rpartition(":")
    text = (
        f"title: A rule\nlogsource: {{{key or 'category'}: {name}, product: windows}}\n"
        f"detection: {{selection: {selection}, condition: {condition}}}\n"
    )
    return Document("rule.yml", 0, yaml.safe_load(text), text)


def result(
    source: str,
    selection: str,
    condition: str = "selection",
    target: Target = TARGET,
    **options: Any,
) -> Result:
    documents = [document(source, selection, condition)]
    return next(compile_documents(documents, (target,), Options(**options)))


def query(source: str, selection: str, condition: str = "selection", **options: Any) -> str:
    """Return the query of a rule, which must be exact."""
    found = result(source, selection, condition, **options)
    assert str(found.fidelity) == "exact", (found.notes, found.diagnostics)
    return found.queries[0]


def reason(source: str, selection: str) -> str:
    """Return the code and the message of a rule that has no query."""
    found = result(source, selection)
    assert not found.ok
    return f"{found.diagnostics[0].code} {found.diagnostics[0].message}"


def finds(found: str, source: str, **event: str) -> bool:
    """Return whether our reader of Kusto finds an event in what Defender stores of it."""
    return read(found).matches(STORED[source](event))


@cache
def windows_results(corpus: Path, target: Target = TARGET) -> tuple[Result, ...]:
    """Return what becomes of the Windows rules of the corpus."""
    found = compile_documents(read_documents([str(corpus / "sigmahq")]), (target,))
    return tuple(one for one in found if one.info.logsource.product == "windows")


def name_of(one: Result) -> str:
    """Return the log source of a rule as recordings are called."""
    source = one.info.logsource
    return source.category or f"service:{source.service}"
