"""What the tests of DNIF and CAR share: the facts, one-line rules, and the Windows rules of the corpus."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sigmaglot import ir
from sigmaglot.compiler import Options, Result, compile_rule, read_rule
from sigmaglot.errors import Diagnostic
from sigmaglot.frontend import Rule
from sigmaglot.ir import Node
from sigmaglot.pipelines import Recording, load_pipeline
from sigmaglot.pipelines.find import recording_of
from sigmaglot.source import Document, read_documents
from sigmaglot.targets import TARGETS

SHARED = Path(__file__).resolve().parents[3] / "shared"
MANIFEST = {
    "file_change": "Image TargetFilename CreationUtcTime PreviousCreationUtcTime User",
    "network_connection": (
        "Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname SourcePort "
        "SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort "
        "DestinationPortName"
    ),
    "process_termination": "Image ProcessId ProcessGuid User",
    "driver_load": "ImageLoaded Hashes Signed Signature SignatureStatus",
    "image_load": (
        "Image ImageLoaded FileVersion Description Product Company OriginalFileName Hashes Signed "
        "Signature SignatureStatus User"
    ),
    "create_remote_thread": (
        "SourceImage TargetImage SourceProcessGuid SourceProcessId TargetProcessGuid "
        "TargetProcessId NewThreadId StartAddress StartModule StartFunction SourceUser TargetUser"
    ),
    "process_access": (
        "SourceImage TargetImage SourceProcessGUID SourceProcessId SourceThreadId "
        "TargetProcessGUID TargetProcessId GrantedAccess CallTrace SourceUser TargetUser"
    ),
    "file_event": "Image TargetFilename CreationUtcTime User",
    "registry_event": "Image EventType TargetObject Details NewName User",
    "registry_add": "Image EventType TargetObject User",
    "registry_delete": "Image EventType TargetObject User",
    "registry_set": "Image EventType TargetObject Details User",
    "registry_rename": "Image EventType TargetObject NewName User",
    "create_stream_hash": "Image TargetFilename CreationUtcTime Hash Contents User",
    "pipe_created": "Image EventType PipeName User",
    "wmi_event": (
        "EventType Operation User EventNamespace Name Query Type Destination Consumer Filter"
    ),
    "dns_query": "Image QueryName QueryStatus QueryResults User",
    "file_delete": "Image TargetFilename Hashes IsExecutable Archived User",
    "clipboard_capture": "Image Session ClientInfo Hashes Archived User",
}
"""The fields of Sysmon's events beside the common ones (Sysmon's event manifest)."""
COMMON = "RuleName UtcTime Computer Channel Provider_Name EventID"


def facts(name: str) -> Any:
    path = SHARED / "schemas" / name
    if not path.is_file():
        pytest.skip("the schema facts are not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))


def document(source: str, selection: str, condition: str = "selection") -> Document:
    """Return a rule; the log source is a category or `service:NAME`, the selection is YAML."""
    key, _, name = source.rpartition(":")
    text = (
        f"title: A rule\nlogsource: {{{key or 'category'}: {name}, product: windows}}\n"
        f"detection:\n  selection: {selection}\n  condition: {condition}\n"
    )
    return Document("rule.yml", 0, yaml.safe_load(text), text)


def compiled(target: str, source: str, selection: str, condition: str = "selection") -> Result:
    rule = read_rule(document(source, selection, condition), (), {})
    assert isinstance(rule, Rule), rule
    return compile_rule(rule, rule.condition, TARGETS[target], Options())


def query(target: str, source: str, selection: str, condition: str = "selection") -> str:
    """Return the one exact query of a rule."""
    result = compiled(target, source, selection, condition)
    assert (str(result.fidelity), result.notes) == ("exact", ()), result
    (text,) = result.queries
    return text


def columns_of(recording: Recording) -> dict[str, ir.Column]:
    return {one.name: one for entry in recording.entries.values() for one in entry.columns.values()}


@cache
def windows_rules() -> tuple[Rule, ...]:
    """Return the Windows rules of the corpus."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip("the public corpus is not beside this checkout")
    documents = read_documents([str(SHARED / "corpus" / "sigmahq")])
    rules = [read_rule(one, (), {}) for one in documents if not isinstance(one, Diagnostic)]
    return tuple(
        one for one in rules if isinstance(one, Rule) and one.info.logsource.product == "windows"
    )


def unknown_fields(pipeline: str) -> set[tuple[str, str]]:
    """Return log source and field of what the corpus uses and a pipeline has no entry for."""
    known = load_pipeline(pipeline)
    found = set()
    for rule in windows_rules():
        recording = recording_of(known, rule.info.logsource)
        for leaf in ir.leaves(rule.condition) if recording else ():
            name = ir.field_name(leaf)
            if recording and name and name not in recording.entries:
                found.add((recording.category, name))
    return found


def bounds(node: Node) -> tuple[Node, Node]:
    """Return the two sides of a rewritten leaf; equal where it is exact."""
    if isinstance(node, ir.Approx):
        return node.upper.node, node.lower.node
    return node, node
