"""One JSON record for each rule and target, with everything that is known of the result."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from typing import Any

from sigmaglot.compiler import Result
from sigmaglot.formats.model import Setting
from sigmaglot.passes.legalise import Fidelity

UNSTATED = "unstated"
"""The fidelity of a pySigma backend's query: nothing is known of it."""


def record(result: Result, _: Setting) -> Iterator[str]:
    """Yield the record of a result as one line of JSON."""
    yield json.dumps(to_record(result), ensure_ascii=False)


def to_record(result: Result) -> dict[str, Any]:
    """Return what is known of a result, JSON-ready, its keys in a fixed order."""
    return {
        "rule_id": result.info.id,
        "rule_title": result.info.title,
        "rule_path": result.info.path.replace(os.sep, "/"),
        "target": result.target,
        "status": "ok" if result.ok else "error",
        "fidelity": fidelity_of(result),
        "queries": list(result.queries),
        "notes": [dataclasses.asdict(note) for note in result.notes],
        "assumes": list(result.assumes),
        "fields": list(result.fields),
        "diagnostics": [diagnostic.as_dict() for diagnostic in result.diagnostics],
        "sha256": result.sha256,
        **({"correlation": result.correlation} if result.correlation else {}),
    }


def fidelity_of(result: Result) -> str:
    """Return the claim of a result, also where a query comes without one."""
    if result.ok and result.fidelity is Fidelity.UNSUPPORTED:
        return UNSTATED
    return str(result.fidelity)
