"""Reports of ``sigmaglot coverage``: a table, JSON, CSV, a page, and ATT&CK Navigator layers."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from sigmaglot import __version__
from sigmaglot.coverage import ABSENT, KINDS, NONE, UNSTATED, Coverage, Row

SIGNS = dict(zip(KINDS, ("E", "B", "N", "?", "–", "·"), strict=True))  # noqa: RUF001 - a dash
LEGEND = "E exact  B broader  N narrower  ? unstated  – no query  · not recorded"  # noqa: RUF001
TOP = 10
"""Reasons, log sources and fields that the table shows."""
_QUERY = frozenset({"exact", "broader", "narrower", UNSTATED})


def table(coverage: Coverage) -> str:
    """Return the rules with a sign for each target, then figures, reasons, sources and fields."""
    lines = [*_matrix(coverage), "", *_figures(coverage)]
    for target in coverage.targets:
        lines += _of_target(coverage, target)
    lines += ["", "fields by use", *_columns(_field_rows(coverage)[:TOP])]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _matrix(coverage: Coverage) -> Iterator[str]:
    rows = [("rule", *coverage.targets)]
    rows += [
        (row.info.title or row.info.path, *(SIGNS[row.cells[name].kind] for name in row.cells))
        for row in coverage.rows
    ]
    yield from _columns(rows)
    yield LEGEND


def _figures(coverage: Coverage) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("target", *KINDS, "have a query, of those recorded")]
    for target in coverage.targets:
        kinds = coverage.kinds(target)
        rows.append((target, *(str(kinds[kind]) for kind in KINDS), share(coverage, target)))
    yield from _columns(rows)


def share(coverage: Coverage, target: str) -> str:
    """Return how many of the rules whose events are recorded have a query, with the share."""
    done, recorded = coverage.compiled(target)
    return f"{done} of {recorded}" + (f" ({100 * done / recorded:.1f} %)" if recorded else "")


def _of_target(coverage: Coverage, target: str) -> Iterator[str]:
    reasons = [
        (str(alone), str(touched), one.code, one.message)
        for one, alone, touched in coverage.reasons(target)[:TOP]
        if one.code != "SG201"
    ]
    if reasons:
        head = ("frees", "touches", "code", "reason")
        yield from ("", f"{target}: why not exact", *_columns([head, *reasons]))
    missing = coverage.unmapped(target)
    if missing:
        rows = [("rules", "log source"), *((str(count), name) for name, count in missing[:TOP])]
        yield from ("", f"{target}: log sources that are not recorded", *_columns(rows))


def _field_rows(coverage: Coverage) -> list[tuple[str, ...]]:
    rows = [
        (name, str(count), ", ".join(targets) or "-") for name, count, targets in coverage.fields()
    ]
    return [("field", "rules", "without a column in"), *rows]


def _columns(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    listed = list(rows)
    widths = [max(len(row[at]) for row in listed) for at in range(len(listed[0]))]
    for row in listed:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def as_record(coverage: Coverage) -> dict[str, Any]:
    """Return everything that is known, JSON-ready, with stable keys."""
    return {
        "rules": [_row_record(row) for row in coverage.rows],
        "targets": [_target_record(coverage, target) for target in coverage.targets],
        "fields": [
            {"field": name, "rules": count, "without_column": list(targets)}
            for name, count, targets in coverage.fields()
        ],
        "failures": [one.as_dict() for one in coverage.failures],
    }


def _row_record(row: Row) -> dict[str, Any]:
    source = row.info.logsource
    return {
        "rule_id": row.info.id,
        "rule_title": row.info.title,
        "rule_path": row.info.path,
        "logsource": {
            "product": source.product,
            "category": source.category,
            "service": source.service,
        },
        "techniques": list(row.info.techniques),
        "fields": list(row.fields),
        "targets": {
            name: {
                "fidelity": cell.kind,
                "reasons": [{"code": one.code, "message": one.message} for one in cell.reasons],
            }
            for name, cell in row.cells.items()
        },
    }


def _target_record(coverage: Coverage, target: str) -> dict[str, Any]:
    kinds = coverage.kinds(target)
    done, recorded = coverage.compiled(target)
    return {
        "target": target,
        "rules": len(coverage.rows),
        "recorded": recorded,
        "compiled": done,
        "fidelity": {kind: kinds[kind] for kind in KINDS},
        "reasons": [
            {"code": one.code, "message": one.message, "frees": alone, "touches": touched}
            for one, alone, touched in coverage.reasons(target)
        ],
        "not_recorded": [
            {"logsource": name, "rules": count} for name, count in coverage.unmapped(target)
        ],
    }


def as_json(coverage: Coverage) -> str:
    """Return everything that is known as one JSON object."""
    return json.dumps(as_record(coverage), ensure_ascii=False, indent=2) + "\n"


_HEAD = (
    "rule_id", "rule_title", "rule_path", "product", "category", "service", "techniques", "target",
    "fidelity", "codes", "reasons",
)  # fmt: skip


def as_csv(coverage: Coverage) -> str:
    """Return a line for each rule and target, with a heading."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    for row in coverage.rows:
        source, info = row.info.logsource, row.info
        known = (info.id, info.title, info.path, source.product, source.category, source.service)
        for target, cell in row.cells.items():
            writer.writerow(
                (
                    *known,
                    " ".join(info.techniques),
                    target,
                    cell.kind,
                    " ".join(one.code for one in cell.reasons),
                    "; ".join(one.message for one in cell.reasons),
                )
            )
    return out.getvalue()


def as_html(coverage: Coverage) -> str:
    """Return one page that loads nothing from elsewhere."""
    from jinja2 import Environment  # noqa: PLC0415 - heavy, and for this format only

    text = (resources.files(__package__) / "coverage.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page: str = environment.from_string(text).render(
        coverage=coverage, kinds=KINDS, signs=SIGNS, share=share, version=__version__
    )
    return page + "\n"


def navigator_layer(coverage: Coverage, target: str) -> dict[str, Any]:
    """Return an ATT&CK Navigator layer: the score of a technique is how many rules have a query.

    Source: the layer file format 4.5 of the ATT&CK Navigator.
    """
    scores = {name: _score(kinds) for name, kinds in coverage.techniques(target).items()}
    return {
        "name": f"Sigmaglot: {target}",
        "versions": {"layer": "4.5", "navigator": "5.1.0", "attack": "17"},
        "domain": "enterprise-attack",
        "description": f"Rules with a query for {target}, by technique",
        "techniques": [
            {
                "techniqueID": name,
                "score": _score(kinds),
                "comment": ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind]),
                "enabled": True,
                "showSubtechniques": True,
            }
            for name, kinds in coverage.techniques(target).items()
        ],
        "gradient": {
            "colors": ["#ffffff", "#66b1ff"],
            "minValue": 0,
            "maxValue": max([1, *scores.values()]),
        },
        "hideDisabled": False,
    }


def _score(kinds: Counter[str]) -> int:
    return sum(count for kind, count in kinds.items() if kind in _QUERY)


def as_navigator(coverage: Coverage, target: str) -> str:
    """Return a target's layer as JSON."""
    return json.dumps(navigator_layer(coverage, target), ensure_ascii=False, indent=2) + "\n"


COVERAGES: Mapping[str, Callable[[Coverage], str]] = {
    "table": table,
    "json": as_json,
    "csv": as_csv,
    "html": as_html,
}
"""Reports of all targets, by the name that ``-f`` takes; ``navigator`` is one file a target."""

__all__ = ["ABSENT", "COVERAGES", "NONE", "as_navigator", "as_record", "navigator_layer", "share"]
