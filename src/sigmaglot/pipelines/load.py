"""Read the built-in pipelines from YAML and check them while they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml

from sigmaglot.errors import ConfigurationError
from sigmaglot.ir import Column
from sigmaglot.language import Selector, Source
from sigmaglot.loader import Loader
from sigmaglot.pipelines.extend import extended
from sigmaglot.pipelines.model import RAW, Assumption, Entry, Pipeline, Recording
from sigmaglot.pipelines.rewrites import REWRITES
from sigmaglot.pipelines.user import FILE, base_of, name_of, read_schema

_CONFIDENCE = ("high", "medium", "low")
_OWN_NAME = "{column}"
"""Stands for the column's name in its expression."""
_ENTRY_KEYS = {"rewrite", "column", "values", "none", "confidence", "note"}


def pipeline_names() -> tuple[str, ...]:
    """Return the names of the built-in pipelines, sorted."""
    folder = resources.files(__package__) / "data"
    return tuple(sorted(path.name[:-4] for path in folder.iterdir() if path.name.endswith(".yml")))


@cache
def load_pipeline(name: str) -> Pipeline:
    """Return a built-in pipeline by name, or the user's own by ``file:`` and its path.

    Raises:
        ConfigurationError: There is none of that name, or its data is not valid.
    """
    if name.startswith(FILE):
        path = name.removeprefix(FILE)
        return parse_pipeline(name_of(path), _of_file(path))
    data = built_in(name)
    return _pipeline(name, data, _Recordings(name, data["recordings"]))


def built_in(name: str) -> dict[str, Any]:
    """Return what the file of a built-in pipeline says, joined with what it extends.

    Raises:
        ConfigurationError: There is none of that name.
    """
    if name not in pipeline_names():
        raise ConfigurationError(f"no pipeline is called `{name}`")
    text = (resources.files(__package__) / "data" / f"{name}.yml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe one
    base = data.pop("extends", "")
    return extended(built_in(base), data) if base else data


def _of_file(path: str) -> dict[str, Any]:
    data, base = read_schema(path), base_of(path)
    return extended(built_in(base), data) if base else data


def parse_pipeline(name: str, data: dict[str, Any]) -> Pipeline:
    """Return the pipeline that a mapping describes.

    Raises:
        ConfigurationError: A key, a rewrite, a column or a confidence is not known.
    """
    recordings = _Recordings(name, data["recordings"])
    tuple(recordings.values())  # reads and so checks all of them
    return _pipeline(name, data, recordings)


def _pipeline(name: str, data: dict[str, Any], recordings: _Recordings) -> Pipeline:
    assumes = tuple(recordings.assumption(one) for one in data.get("assumes", ()))
    return Pipeline(name, data["title"], data["product"], recordings, assumes)


class _Recordings(Mapping[str, Recording]):
    """The recordings of a pipeline, each read when it is first asked for: a run needs few."""

    def __init__(self, pipeline: str, data: dict[str, Any]) -> None:
        self._data = data
        self._reader = _Reader(pipeline)
        self._read: dict[str, Recording] = {}

    def __getitem__(self, category: str) -> Recording:
        if category not in self._read:
            self._read[category] = self._reader.recording(category, self._data[category])
        return self._read[category]

    def __contains__(self, category: object) -> bool:
        return category in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def assumption(self, data: Any) -> Assumption:
        """Return an assumption; one that names columns is a map of ``text`` and ``columns``."""
        if isinstance(data, str):
            return Assumption(data)
        for name in data["columns"]:
            if not any(name in _declared(one["columns"]) for one in self._data.values()):
                raise self._reader.fail(f"the column `{name}` is used but not declared")
        categories = frozenset(data.get("categories", ()))
        if unknown := categories - self.keys():
            raise self._reader.fail(
                f"an assumption names the category `{min(unknown)}`, which is not there"
            )
        return Assumption(data["text"], frozenset(data["columns"]), categories)


def _declared(columns: Mapping[str, Any]) -> set[str]:
    """Return the names of declared columns and of their sub-fields."""
    texts = (spec["text"] for spec in columns.values() if isinstance(spec, dict) and "text" in spec)
    return {*columns, *texts}


class _Reader:
    """Reads one pipeline; knows its name, for errors."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fail(self, message: str) -> ConfigurationError:
        """Return the error of a faulty pipeline."""
        return ConfigurationError(f"pipeline `{self.name}`: {message}")

    def recording(self, category: str, data: dict[str, Any]) -> Recording:
        """Return how one log source is recorded."""
        columns = {column: _Column(column, spec) for column, spec in data["columns"].items()}
        source = Source(
            data.get("table", ""),
            tuple(self._selector(item) for item in data.get("selectors", ())),
            data.get("time", ""),
            tuple(data.get("projection", ())),
            tuple(data.get("identity", ())),
            tuple((one.name, one.expression) for one in columns.values() if one.expression),
        )
        self._check_columns(source, columns)
        entries = {
            field: self._entry(field, entry, columns) for field, entry in data["fields"].items()
        }
        names = frozenset(_declared(data["columns"]))
        keyword, default = self._catch_all(data, columns)
        parts = tuple(self.recording(category, part) for part in data.get("parts", {}).values())
        also = data.get("also") or ""
        return Recording(category, source, names, entries, keyword, default, parts, also)

    def _catch_all(
        self, data: dict[str, Any], columns: dict[str, _Column]
    ) -> tuple[tuple[Column, ...] | str, Column | None]:
        keyword = data.get("keyword", ())
        searched = RAW if keyword == RAW else tuple(self._column(name, columns) for name in keyword)
        default = data.get("default")
        return searched, Column(default["prefix"], default["type"]) if default else None

    def _selector(self, data: dict[str, Any]) -> Selector:
        values = data["values"]
        listed = values if isinstance(values, list) else [values]
        return Selector(data["column"], tuple(str(value) for value in listed))

    def _check_columns(self, source: Source, columns: dict[str, _Column]) -> None:
        used = (
            *source.projection,
            *source.identity,
            *(selector.column for selector in source.selectors),
        )
        for name in (*used, source.time):
            if name and name not in columns:
                raise self.fail(f"the column `{name}` is used but not declared")

    def _entry(self, field: str, data: Any, columns: dict[str, _Column]) -> Entry:
        if isinstance(data, str):
            data = {"column": data}
        if unknown := data.keys() - _ENTRY_KEYS:
            raise self.fail(f"the field `{field}` has unknown keys: {', '.join(sorted(unknown))}")
        confidence = data.get("confidence", "high")
        if confidence not in _CONFIDENCE:
            raise self.fail(f"the field `{field}` has the confidence `{confidence}`")
        if "none" in data:
            return Entry(field, "none", reason=data["none"], confidence=confidence)
        rewrite = data.get("rewrite", "rename")
        if rewrite not in REWRITES:
            raise self.fail(
                f"the field `{field}` names the rewrite `{rewrite}`, which is not there"
            )
        caveat = self._caveat(field, data, confidence)
        roles = data["column"] if isinstance(data["column"], dict) else {"column": data["column"]}
        return Entry(
            field,
            rewrite,
            {role: self._column(name, columns, caveat) for role, name in roles.items()},
            {key: tuple(spellings) for key, spellings in data.get("values", {}).items()},
            confidence=confidence,
        )

    def _caveat(self, field: str, data: dict[str, Any], confidence: str) -> str:
        if confidence == "high":
            return ""
        why = f": {data['note']}" if "note" in data else ""
        return f"that `{field}` is stored so is of {confidence} confidence{why}"

    def _column(self, name: str, columns: dict[str, _Column], caveat: str = "") -> Column:
        if name not in columns:
            raise self.fail(f"the column `{name}` is used but not declared")
        return columns[name].with_caveat(caveat)


class _Column:
    """A declared column: a type, what else is known of it, or the expression that computes it."""

    def __init__(self, name: str, spec: Any) -> None:
        known = spec if isinstance(spec, dict) else {"type": spec}
        self.name = name
        self.text = known.get("text", "")
        self.base = known.get("base", "")
        self.expression = known.get("expression", "").replace(_OWN_NAME, name)
        self.type = f"computed {known['type']}" if self.expression else known["type"]

    def with_caveat(self, caveat: str) -> Column:
        """Return the column as a field's entry uses it."""
        return Column(self.name, self.type, self.text, self.base, caveat=caveat)
