"""Reports of ``sigmaglot verify``: for people, as JSON, and as JUnit XML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any
from xml.etree import ElementTree as ET

from sigmaglot.formats.reports import clean_xml
from sigmaglot.verify.verdict import FAILURES, Counterexample, Status, Tally, Verdict


def as_record(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a JSON-ready mapping with stable keys."""
    engine = verdict.engine
    return {
        "rule_id": verdict.info.id,
        "rule_title": verdict.info.title,
        "rule_path": verdict.info.path,
        "target": verdict.target,
        "status": str(verdict.status),
        "claimed": verdict.claimed,
        "observed": verdict.observed,
        "engine": asdict(engine) if engine else None,
        "binds": verdict.binds,
        "made": _tally(verdict.made),
        "recorded": _tally(verdict.recorded),
        "untold": list(verdict.untold),
        "counterexample": asdict(verdict.counterexample) if verdict.counterexample else None,
        "reason": verdict.reason,
        "diagnostics": [one.as_dict() for one in verdict.diagnostics],
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {**asdict(tally), "agreed": tally.agreed}


def json_report(verdicts: Sequence[Verdict]) -> str:
    """Return all verdicts as one JSON array."""
    records = [as_record(verdict) for verdict in verdicts]
    return json.dumps(records, ensure_ascii=False, indent=2) + "\n"


def text_report(verdicts: Sequence[Verdict]) -> str:
    """Return what failed or was not run, then a table of targets and engines."""
    return _text(verdicts, lambda _: True)


def failures_report(verdicts: Sequence[Verdict]) -> str:
    """Return what failed, then the table: no word of rules without a query, or not run."""
    return _text(verdicts, lambda verdict: verdict.status in FAILURES)


def _text(verdicts: Sequence[Verdict], is_shown: Callable[[Verdict], bool]) -> str:
    lines = [line for verdict in verdicts if is_shown(verdict) for line in _lines(verdict)]
    return "".join(f"{line}\n" for line in (*lines, *_table(verdicts)))


def _lines(verdict: Verdict) -> Iterator[str]:
    if verdict.status is Status.KEPT and not verdict.reason:
        return
    engine = f" ({verdict.engine.name})" if verdict.engine else ""
    target = f" for {verdict.target}" if verdict.target else ""
    status = "note" if verdict.status is Status.KEPT else verdict.status
    yield f"{status}: {verdict.info.path}{target}{engine}"
    if verdict.reason:
        yield f"    {verdict.reason}"
    for diagnostic in verdict.diagnostics:
        yield from (f"    {line}" for line in str(diagnostic).splitlines())
    if verdict.counterexample:
        yield from _example(verdict, verdict.counterexample)


def _example(verdict: Verdict, found: Counterexample) -> Iterator[str]:
    claim = f"claimed {verdict.claimed}, observed {verdict.observed}"
    yield f"    {claim}: {_SAID[bool(found.stream), found.kind]}"
    yield f"    tests:     {found.tests}"
    yield f"    leaf:      {found.leaf or '(no single one)'}"
    if found.stream:
        yield from _stream("stream:", found.stream)
    yield f"    event:     {_json(found.event)}"
    if found.stream:
        yield from _stream("stored:", found.records)
    else:
        yield f"    stored:    {_json(found.record)}"
    for number, line in enumerate(found.query.splitlines()):
        yield f"    {'query:' if not number else '':10} {line}"
    yield f"    reproduce: {found.reproduce}"


_SAID = {
    (False, "missed"): "the query does not find an event that the rule finds",
    (False, "extra"): "the query finds an event that the rule does not",
    (True, "missed"): "the query does not find an event at which the correlation comes true",
    (True, "extra"): "the query finds an event at which the correlation does not come true",
}
"""What is wrong: whether it is about a stream, and the kind of the counterexample."""


def _stream(label: str, values: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, value in enumerate(values):
        yield f"    {label if not number else '':10} {_json(value)}"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


HEAD = ("target", "engine", "standing", "rules", "kept", "broken", "refused", "not run", "events")


def _table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a line for each target and engine, and one for each target without a query."""
    rows = [HEAD, *_rows(verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    missing = sum(verdict.status is Status.UNSUPPORTED for verdict in verdicts)
    if missing:
        yield f"without a query: {missing}; `sigmaglot convert` says why"


def _rows(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, ...]]:
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.status not in {Status.UNSUPPORTED, Status.BAD_RULE}:
            engine = verdict.engine
            name, standing = (engine.name, engine.standing) if engine else ("none", "")
            groups.setdefault((verdict.target, name, standing), []).append(verdict)
    for key, found in groups.items():
        counts = [sum(one.status is status for one in found) for status in _COUNTED]
        events = sum(one.made.events + one.recorded.events for one in found)
        yield (*key, str(len(found)), *map(str, counts), str(events))


_COUNTED = (Status.KEPT, Status.BROKEN, Status.REFUSED, Status.NOT_RUN)


def junit_report(verdicts: Sequence[Verdict]) -> str:
    """Return JUnit XML with a test case for each rule, target and engine."""
    failures = sum(verdict.status in FAILURES for verdict in verdicts)
    skipped = sum(verdict.status in _SKIPPED for verdict in verdicts)
    counts = {"tests": str(len(verdicts)), "failures": str(failures), "skipped": str(skipped)}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", {"name": "sigmaglot verify", **counts})
    for verdict in verdicts:
        _add_case(suite, verdict)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


_SKIPPED = frozenset({Status.NOT_RUN, Status.UNSUPPORTED})


def _add_case(suite: ET.Element, verdict: Verdict) -> None:
    path = PurePath(verdict.info.path)
    engine = verdict.engine.name if verdict.engine else ""
    names = {
        "classname": ".".join(filter(None, (verdict.target, engine))),
        "name": path.stem,
        "file": path.as_posix(),
    }
    case = ET.SubElement(suite, "testcase", {key: clean_xml(text) for key, text in names.items()})
    if verdict.status is Status.KEPT:
        return
    kind = "failure" if verdict.status in FAILURES else "skipped"
    text = clean_xml("\n".join(_lines(verdict)))
    message = clean_xml(verdict.reason or str(verdict.status))
    ET.SubElement(case, kind, {"message": message}).text = text


VERIFICATIONS: Mapping[str, Callable[[Sequence[Verdict]], str]] = {
    "text": text_report,
    "failures": failures_report,
    "json": json_report,
    "junit": junit_report,
}
"""Reports by the name that ``sigmaglot verify -f`` takes."""
