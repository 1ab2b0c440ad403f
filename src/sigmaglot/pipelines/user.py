"""The user's own schema: a file in the format of the built-in pipelines, or an extension of one."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from sigmaglot.errors import ConfigurationError

FILE = "file:"
"""Begins the name of a pipeline that is a file of the user's."""


@cache
def read_schema(path: str) -> dict[str, Any]:
    """Return what a schema file says, checked against the format.

    Raises:
        ConfigurationError: The file cannot be read, is not YAML, or is not of the format.
    """
    try:
        data = yaml.load(Path(path).read_text(encoding="utf-8-sig"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f"schema {path}: cannot be read: {reason.lower()}") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"schema {path}: not valid YAML: {reason}") from error
    _check(path, data)
    return dict(data)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a pipeline file, which editors can use too."""
    text = (resources.files(__package__) / "schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _check(path: str, data: Any) -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - heavy, and rarely asked for

    errors = Draft202012Validator(json_schema()).iter_errors(data)
    first = min(errors, key=lambda error: (len(error.absolute_path), str(error.path)), default=None)
    if first is not None:
        place = ".".join(str(step) for step in first.absolute_path) or "the file"
        raise ConfigurationError(f"schema {path}: {place}: {first.message}")


def merged(base: Any, over: Any) -> Any:
    """Return a base with what extends it: maps are joined, all else is replaced, null removes."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    joined = {key: merged(base.get(key), value) for key, value in over.items()}
    return {key: value for key, value in {**base, **joined}.items() if value is not None}


def base_of(path: str) -> str:
    """Return the name of the built-in pipeline that a schema file extends, empty for none."""
    return str(read_schema(path).get("extends", ""))


def name_of(path: str) -> str:
    """Return the name of a schema file: its ``name``, or its stem."""
    return str(read_schema(path).get("name", Path(path).stem))
