"""Plant faults in the mappings: the columns of fields, the values of columns, the selectors."""

from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mutation import program
from mutation.mutants import ROOT, Mutant, Place
from sigmaglot.pipelines.load import built_in

DATA = ROOT / "src" / "sigmaglot" / "pipelines" / "data"
CATEGORY = "process_creation"

NEIGHBOUR = "use the neighbour column"
DROP = "drop a list item"
CASE = "forget case"
REWRITE = "forget a rewrite"

Fault = tuple[str, str, str, tuple[Any, ...], Any]
"""Kind of fault, what changes, scope, the keys that lead to a value, and its new value."""
GONE = object()
"""The new value of what is dropped."""


def mapping_mutants() -> Iterator[Mutant]:
    """Yield every mutant of every pipeline."""
    for path in sorted(DATA.glob("*.yml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        recording = built_in(path.stem)["recordings"][CATEGORY]
        for operator, change, scope, keys, value in _faults(recording):
            yield Mutant(operator, change, _place(path, lines, scope), _planter(path, keys, value))


def _place(path: Path, lines: list[str], scope: str) -> Place:
    """Return the place of a key: in the recording, or where the recording takes it from."""
    kind, _, key = scope.rpartition(" ")
    begin = lines.index(f"  {CATEGORY}:")
    if kind == "field":
        begin = next(at for at in range(begin, len(lines)) if lines[at].strip() == "fields:")
    pattern = re.compile(rf'\s*"?{re.escape(key)}"?:')
    found = (at for at in (*range(begin, len(lines)), *range(begin)) if pattern.match(lines[at]))
    number = next(found, begin)  # the pipeline that this one extends may have the key
    module = path.relative_to(ROOT).as_posix()
    field = key if kind == "field" else ""
    return Place(path.name, module, scope, lines[number].strip(), number + 1, field=field)


def _planter(path: Path, keys: tuple[Any, ...], value: Any) -> Callable[[], dict[str, Any]]:
    def plant() -> dict[str, Any]:
        modules = program.load_anew("sigmaglot.pipelines.load")
        load = importlib.import_module("sigmaglot.pipelines.load")
        data = load.built_in(path.stem)
        _put(data["recordings"][CATEGORY], keys, value)
        hurt = load.parse_pipeline(path.stem, data)
        compiler = modules["sigmaglot.compiler"]
        right = compiler.load_pipeline
        compiler.load_pipeline = lambda name: hurt if name == path.stem else right(name)
        return modules

    return plant


def _put(data: Any, keys: tuple[Any, ...], value: Any) -> None:
    """Change one value; what other keys share with it by an alias stays as it is."""
    *above, last = keys
    for key in above:
        data[key] = copy.copy(data[key])
        data = data[key]
    if value is GONE:
        del data[last]
    else:
        data[last] = value


def _faults(recording: dict[str, Any]) -> Iterator[Fault]:
    columns = {name: _spec(spec) for name, spec in recording["columns"].items()}
    used = frozenset(
        column
        for entry in recording["fields"].values()
        for _, column in _roles(_entry(entry))
        if column
    )
    for field, data in recording["fields"].items():
        entry = _entry(data)
        if "none" not in entry:
            scope, keys = f"field {field}", ("fields", field)
            yield from _wrong_columns(entry, scope, keys, columns, used)
            yield from _roles_lost(entry, scope, keys)
            yield from _values_lost(entry, scope, keys)
            yield from _rewrites_lost(entry, scope, keys)
    yield from _wrong_subfields(columns)
    yield from _lists_cut(recording)


def _entry(data: Any) -> dict[str, Any]:
    return {"column": data} if isinstance(data, str) else data


def _spec(data: Any) -> dict[str, Any]:
    return {"type": data} if isinstance(data, str) else data


def _roles(entry: dict[str, Any]) -> list[tuple[str, str]]:
    column = entry.get("column")
    return list(column.items()) if isinstance(column, dict) else [("", column)]


def _next(column: str, columns: dict[str, Any], used: frozenset[str]) -> str | None:
    """Return the next column of the same type that some field uses, after the last the first."""
    like = [
        name
        for name, spec in columns.items()
        if name == column or (name in used and spec["type"] == columns[column]["type"])
    ]
    return like[(like.index(column) + 1) % len(like)] if len(like) > 1 else None


def _wrong_columns(
    entry: dict[str, Any],
    scope: str,
    keys: tuple[str, ...],
    columns: dict[str, Any],
    used: frozenset[str],
) -> Iterator[Fault]:
    roles = _roles(entry)
    for at, (role, column) in enumerate(roles):
        mate = roles[(at + 1) % len(roles)][1]
        base = columns[column].get("base")
        for other in dict.fromkeys((_next(column, columns, used), mate, base)):
            if other and other != column:
                changed = _with_column(entry, role, other)
                yield NEIGHBOUR, f"{column} → {other}", scope, keys, changed


def _with_column(entry: dict[str, Any], role: str, column: str) -> dict[str, Any]:
    if role:
        return {**entry, "column": {**entry["column"], role: column}}
    return {**entry, "column": column}


def _roles_lost(entry: dict[str, Any], scope: str, keys: tuple[str, ...]) -> Iterator[Fault]:
    """Yield hashes without an algorithm; an account or a path cannot be without a role."""
    if entry.get("rewrite") == "hashes" and len(entry["column"]) > 1:
        for role in entry["column"]:
            yield DROP, f"{role} dropped", scope, (*keys, "column", role), GONE


def _values_lost(entry: dict[str, Any], scope: str, keys: tuple[str, ...]) -> Iterator[Fault]:
    values = entry.get("values", {})
    for value, spellings in values.items():
        operator = CASE if value == "lower" else DROP
        yield operator, f"{value} dropped", scope, (*keys, "values", value), GONE
        if spellings:
            at = (*keys, "values", value)
            yield DROP, f"spellings of {value} dropped", scope, at, spellings[1:]
    if len(values) > 1 and "lower" not in values:
        yield NEIGHBOUR, "values shifted", scope, (*keys, "values"), _shifted(values)


def _shifted(values: dict[str, Any]) -> dict[str, Any]:
    """Return the spellings of each value under the one before it."""
    spellings = list(values.values())
    return dict(zip(values, (*spellings[1:], spellings[0]), strict=True))


_INSTEAD = {"integer": "hex_integer", "hex_integer": "integer", "hex_text": "integer"}


def _rewrites_lost(entry: dict[str, Any], scope: str, keys: tuple[str, ...]) -> Iterator[Fault]:
    """Yield entries that are only renamed, or whose numbers are read in the other base."""
    rewrite = entry.get("rewrite")
    if rewrite is None:
        return
    if rewrite in _INSTEAD:
        other = _INSTEAD[rewrite]
        yield REWRITE, f"{rewrite} → {other}", scope, keys, {**entry, "rewrite": other}
    operator = CASE if rewrite == "hash_value" else REWRITE
    for role, column in _roles(entry):
        if rewrite == "hashes" or (role and role != ("column" if rewrite == "path" else "name")):
            continue
        change = f"{rewrite} → rename {column}".strip()
        yield operator, change, scope, keys, {"column": column}


def _wrong_subfields(columns: dict[str, Any]) -> Iterator[Fault]:
    for kind in ("text", "base"):
        owners = [name for name, spec in columns.items() if kind in spec]
        for at, name in enumerate(owners):
            other = columns[owners[(at + 1) % len(owners)]][kind]
            if other != columns[name][kind]:
                change = f"{kind} → {other}"
                yield NEIGHBOUR, change, f"column {name}", ("columns", name, kind), other


def _lists_cut(recording: dict[str, Any]) -> Iterator[Fault]:
    selectors = recording.get("selectors", [])
    for at, selector in enumerate(selectors):
        shown = f"{selector['column']}={selector['values']}"
        yield DROP, f"selector {shown} dropped", "selectors", ("selectors", at), GONE
        values = selector["values"]
        for index in range(len(values) if isinstance(values, list) else 0):
            rest = [*values[:index], *values[index + 1 :]]
            keys = ("selectors", at, "values")
            yield DROP, f"selector value {values[index]} dropped", "selectors", keys, rest
    keyword = recording.get("keyword", ())
    if isinstance(keyword, list):
        yield DROP, "first keyword column dropped", "keyword", ("keyword",), keyword[1:]
        yield DROP, "last keyword column dropped", "keyword", ("keyword",), keyword[:-1]
