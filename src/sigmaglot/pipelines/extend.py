"""Join what a pipeline file says with the pipeline that it extends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigmaglot.pipelines.user import merged

Changes = Mapping[str, Mapping[str, str]]
"""A column of the base to its ``name`` and its ``type`` in the extension, where they differ."""

_LISTED = ("time", "projection", "identity", "keyword")
"""Keys of a recording that name columns and nothing else."""


def extended(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a base with what extends it.

    ``without`` lists recordings that are taken away from the base, and ``base_columns`` says what
    its columns are called here, in every recording that has them; expressions stay as they are.
    The rest is joined as `merged` does.
    """
    own = dict(over)
    changes: Changes = own.pop("base_columns", None) or {}
    without = own.pop("without", None) or ()
    recordings = {
        name: _recording(data, changes)
        for name, data in base["recordings"].items()
        if name not in without
    }
    assumes = [_assumption(one, changes) for one in base.get("assumes", ())]
    joined: dict[str, Any] = merged({**base, "recordings": recordings, "assumes": assumes}, own)
    return joined


def _recording(data: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    out = {**data, **{key: _named(data[key], changes) for key in _LISTED if key in data}}
    out["columns"] = {
        _named(name, changes): _typed(spec, changes.get(name, {}))
        for name, spec in data["columns"].items()
    }
    out["fields"] = {field: _entry(entry, changes) for field, entry in data["fields"].items()}
    if "selectors" in data:
        out["selectors"] = [_entry(selector, changes) for selector in data["selectors"]]
    return out


def _assumption(data: Any, changes: Changes) -> Any:
    if isinstance(data, str):
        return data
    return {**data, "columns": _named(data["columns"], changes)}


def _entry(data: Any, changes: Changes) -> Any:
    """Return an entry or a selector, with its columns by their new names."""
    if isinstance(data, str):
        return _named(data, changes)
    return {**data, "column": _named(data["column"], changes)} if "column" in data else data


def _typed(spec: Any, change: Mapping[str, str]) -> Any:
    if "type" not in change:
        return spec
    return {**spec, "type": change["type"]} if isinstance(spec, dict) else change["type"]


def _named(names: Any, changes: Changes) -> Any:
    """Return a column's new name, or those of a list or of the roles of a map."""
    if isinstance(names, dict):
        return {role: _named(name, changes) for role, name in names.items()}
    if isinstance(names, list):
        return [_named(name, changes) for name in names]
    return changes.get(names, {}).get("name", names)
