"""Any installed pySigma backend is a target, run apart from everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sigmaglot.compiler import compile_documents
from sigmaglot.errors import UsageError
from sigmaglot.frontend import load_pipelines
from sigmaglot.pysigma_target import backend_names, convert
from sigmaglot.source import Document
from sigmaglot.targets import find_targets

RULE = """\
title: A shell
id: 0b8d5c6e-51f5-4f0e-9d7c-2f6c1c7f2a10
logsource: {category: process_creation, product: windows}
detection:
  selection: {%s}
  condition: selection
"""
SHELL = "Image|endswith: '\\cmd.exe'"
RENAME = """\
name: rename
priority: 5
transformations:
  - id: rename
    type: field_name_mapping
    mapping: {Image: Executable}
"""


def document(selection: str = SHELL) -> Document:
    text = RULE % selection
    return Document("rule.yml", 0, yaml.safe_load(text), text)


def test_the_backends_that_come_along_are_there() -> None:
    assert {"kusto", "splunk", "lucene"} <= set(backend_names())


def test_a_backend_runs_with_its_usual_pipeline() -> None:
    (query,) = convert(document(), "pysigma:splunk")
    assert 'Image="*\\\\cmd.exe"' in query
    (query,) = convert(document(), "pysigma:kusto")
    assert "DeviceProcessEvents" in query


def test_pipelines_can_be_named() -> None:
    (query,) = convert(document(), "pysigma:splunk+splunk_cim")
    assert "Processes.process_path" in query or "Processes.process_name" in query


def test_the_users_pipelines_go_first() -> None:
    (query,) = convert(document(), "pysigma:splunk", load_pipelines([RENAME]))
    assert 'Executable="*\\\\cmd.exe"' in query


def test_a_rule_is_not_changed_by_a_backend() -> None:
    rule = document()
    before = repr(rule.data)
    assert convert(rule, "pysigma:kusto") == convert(rule, "pysigma:kusto")
    assert repr(rule.data) == before


def test_what_a_backend_raises_is_the_diagnostic_of_its_rule_alone() -> None:
    documents = [document("Hashes|contains: IMPHASH=0"), document()]
    documents[1].data["id"] = "7b1f3a52-7c0e-4f04-8f3a-6f2c9d0e1b11"
    targets = find_targets(("pysigma:kusto", "defender"))
    failed, _, good, _ = compile_documents(documents, targets)
    assert [one.code for one in failed.diagnostics] == ["SG401"]
    assert "InvalidHashAlgorithmError" in failed.diagnostics[0].message
    assert "\n" not in failed.diagnostics[0].message
    assert good.queries


def test_a_backend_that_cannot_say_a_rule_is_a_diagnostic() -> None:
    (result,) = compile_documents(
        [document("CommandLine|expand: '%list%'")], find_targets(("pysigma:splunk",))
    )
    assert result.diagnostics[0].message.startswith("unsupported by pysigma:splunk: ")


@pytest.mark.parametrize("name", ["pysigma:nope", "pysigma:splunk+nope"])
def test_an_unknown_backend_or_pipeline_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="no pySigma (backend|pipeline) is called `nope`"):
        find_targets((name,))


def test_only_the_front_end_and_this_target_import_pysigma() -> None:
    source = Path(__file__).resolve().parent.parent
    importing = {
        path.name
        for folder in ("src", "backends")
        for path in (source / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("from sigma.", "from sigma ", "import sigma."))
    }
    assert importing == {"frontend.py", "frontend_correlation.py", "pysigma_target.py"}
