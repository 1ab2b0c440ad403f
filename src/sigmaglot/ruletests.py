"""Run the recorded cases of rules: events that a rule must match, and events that it must not.

Layout: ``<root>/tests/<stem of the rule's file>/match.ndjson`` and ``no_match.ndjson``, where the
root is the nearest folder above the rule that has a folder ``tests``. A ``pipeline.yml`` beside
them is a pySigma processing pipeline for that rule alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sigmaglot.errors import Diagnostic, is_error
from sigmaglot.evaluate import Event
from sigmaglot.events import Recorded, read_events
from sigmaglot.logsource import logsource_test
from sigmaglot.match import Matcher, read_matchers
from sigmaglot.related import Related, relate_files
from sigmaglot.rule import RuleInfo
from sigmaglot.run import loaded_pipelines, read_pipelines
from sigmaglot.source import STDIN, Document, find_files
from sigmaglot.watch import Watch

FOLDER = "tests"
PIPELINE = "pipeline.yml"
CASES = (("match.ndjson", True), ("no_match.ndjson", False))


class Outcome(StrEnum):
    """What became of a rule's cases."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one rule; its events are counted, its diagnostics say what was wrong."""

    info: RuleInfo
    events: int
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Return FAILED for a wrong event or rule, MISSING where only cases are lacking."""
        codes = {diagnostic.code for diagnostic in self.diagnostics}
        if not codes:
            return Outcome.PASSED
        return Outcome.MISSING if codes == {"SG601"} else Outcome.FAILED


def run_tests(
    paths: Iterable[str], pipelines: tuple[str, ...] = (), filters: Iterable[str] = ()
) -> Iterator[Report]:
    """Yield a report for each rule under the paths; ``pipelines`` are texts for all of them.

    ``filters`` are files of Sigma filters besides those under the paths.

    Raises:
        ConfigurationError: A ``pipeline.yml`` is no processing pipeline.
    """
    seen: dict[str, str] = {}
    files = list(_rule_files(paths))
    library, related = relate_files(files, filters)
    yield from (Report(RuleInfo(one.path), 0, (one,)) for one in related.extra if is_error(one))
    for path, problem in files:
        if problem:
            yield Report(RuleInfo(path), 0, (problem,))
        else:
            documents = library.read(path)
            yield from _test_file(path, documents, pipelines, seen, related)


def _rule_files(paths: Iterable[str]) -> Iterator[tuple[str, Diagnostic | None]]:
    """Yield rule files; YAML under a folder ``tests`` of a path is no rule."""
    for root in paths:
        for path, problem in find_files([root]):
            below = path[len(root) :] if path != root else ""
            if FOLDER not in Path(below.lstrip("/\\")).parts[:-1]:
                yield path, problem


def _test_file(
    path: str,
    documents: Iterable[Document | Diagnostic],
    pipelines: tuple[str, ...],
    seen: dict[str, str],
    related: Related,
) -> Iterator[Report]:
    folder = find_cases(path)
    own = folder / PIPELINE
    texts = (*pipelines, *(read_pipelines([str(own)]) if own.is_file() else ()))
    for found in read_matchers(documents, loaded_pipelines(texts), seen, related):
        if isinstance(found, Matcher):
            yield _test_rule(found, folder)
        elif isinstance(found, Watch):
            yield _test_correlation(found, folder)
        elif is_error(found):
            yield Report(RuleInfo(path, found.rule_id), 0, (found,))


def find_cases(path: str) -> Path:
    """Return the folder of a rule's cases, whether or not it is there."""
    file = Path(path if path != STDIN else "stdin.yml").absolute()
    root = next((folder for folder in file.parents if (folder / FOLDER).is_dir()), file.parent)
    return _shown(root / FOLDER / file.stem)


def _shown(folder: Path) -> Path:
    """Return the folder as seen from the working folder where it is below it."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _test_rule(matcher: Matcher, folder: Path) -> Report:
    count, problems = 0, list[Diagnostic]()
    for name, expected in CASES:
        events = _events(folder / name)
        count += len(events)
        if not events:
            problems.append(_missing(matcher.info, folder / name))
        problems += _wrong(matcher, events, expected=expected)
    return Report(matcher.info, count, tuple(problems))


def _test_correlation(watch: Watch, folder: Path) -> Report:
    """Run a correlation on its files, each one stream: at events of the first it must come true."""
    count, problems = 0, list[Diagnostic]()
    for name, expected in CASES:
        stream = watch.anew()
        events = _events(folder / name)
        count += len(events)
        for recorded in events:
            if isinstance(recorded, Diagnostic):
                problems.append(recorded)
            else:
                stream.see(recorded, Event(recorded.values))
        found = stream.found()
        if not events:
            problems.append(_missing(watch.info, folder / name))
        elif bool(found) is not expected:
            problems.append(_surprise_of_stream(watch.info, folder / name, found))
    return Report(watch.info, count, tuple(problems))


def _surprise_of_stream(info: RuleInfo, file: Path, found: Sequence[Recorded]) -> Diagnostic:
    what = f"comes true at `{found[0].id}`" if found else "does not come true in the stream"
    return Diagnostic(
        "SG602",
        f"the correlation {what}",
        hint="correct the correlation or the events",
        rule_id=info.id,
    ).at(file.as_posix(), found[0].line if found else None)


def _events(file: Path) -> list[Recorded | Diagnostic]:
    return list(read_events(str(file))) if file.exists() else []


def _missing(info: RuleInfo, file: Path) -> Diagnostic:
    return Diagnostic(
        "SG601",
        f"the rule has no test events in {file.as_posix()}",
        hint="record events there, one JSON object a line",
        rule_id=info.id,
    ).at(info.path)


def _wrong(
    matcher: Matcher, events: Iterable[Recorded | Diagnostic], *, expected: bool
) -> Iterator[Diagnostic]:
    is_source = logsource_test(matcher.info.logsource)
    for recorded in events:
        if isinstance(recorded, Diagnostic):
            yield recorded
            continue
        event = Event(recorded.values)
        in_scope = is_source is not None and is_source(event)
        if (in_scope and matcher.predicate(event)) is not expected:
            yield _surprise(matcher.info, recorded, in_scope=in_scope, expected=expected)


def _surprise(info: RuleInfo, event: Recorded, **found: Any) -> Diagnostic:
    why = "" if found["in_scope"] else f": it is not of the log source ({info.logsource})"
    what = f"does not match `{event.id}`{why}" if found["expected"] else f"matches `{event.id}`"
    return Diagnostic(
        "SG602", f"the rule {what}", hint="correct the rule or move the event", rule_id=info.id
    ).at(event.path, event.line)
