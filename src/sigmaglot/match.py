"""Run rules over recorded events with the reference evaluator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sigmaglot import ir
from sigmaglot.compiler import check_unique, read_rule
from sigmaglot.errors import Diagnostic, RuleError, Severity
from sigmaglot.evaluate import Event, Predicate, compile_predicate
from sigmaglot.events import Recorded
from sigmaglot.frontend import Rule
from sigmaglot.linking import key_of
from sigmaglot.logsource import Test, logsource_test
from sigmaglot.passes.normalise import normalise
from sigmaglot.related import NONE, Related, relate
from sigmaglot.rule import LogSource, RuleInfo
from sigmaglot.scan import Documents
from sigmaglot.source import Document
from sigmaglot.watch import Watch, read_watch


@dataclass(frozen=True, slots=True)
class Matcher:
    """A rule, ready to be asked about events."""

    info: RuleInfo
    predicate: Predicate


def find_placeholders(rule: Rule) -> list[Diagnostic]:
    """Return a warning for each placeholder of a rule that no pipeline has filled."""
    holes = {
        leaf.name: leaf for leaf in ir.leaves(rule.condition) if isinstance(leaf, ir.Placeholder)
    }
    return [
        replace(
            rule.document.diagnose(
                "SG133",
                f"the placeholder `%{name}%` of `{ir.field_name(leaf)}` has no value",
                leaf.place,
                hint="give its values with `-p FILE`, a pipeline with `value_placeholders`",
            ),
            severity=Severity.WARNING,
        )
        for name, leaf in holes.items()
    ]


def read_matchers(
    documents: Iterable[Document | Diagnostic],
    pipelines: Sequence[Any] = (),
    seen: dict[str, str] | None = None,
    related: Related | None = None,
) -> Iterator[Matcher | Watch | Diagnostic]:
    """Yield the matchers of documents in order, or diagnostics of what cannot be matched.

    ``seen`` are the ids of rules that were read before, ``related`` what the documents of the run
    do to each other, found here where it is not given.
    """
    seen = {} if seen is None else seen
    if related is None:
        documents = list(documents)
        related = relate(Documents(documents))
    for document in documents:
        if isinstance(document, Diagnostic):
            yield document
        elif document.kind == "filter":
            yield from related.find(document)
        else:
            is_correlation = document.kind == "correlation"
            read = _read_correlation if is_correlation else _read_matcher
            found = read(document, pipelines, seen, related)
            if key_of(document) not in related.hidden:
                yield from found
            else:
                yield from (one for one in found if isinstance(one, Diagnostic))


def _read_correlation(
    document: Document, pipelines: Sequence[Any], seen: dict[str, str], related: Related
) -> Iterator[Watch | Diagnostic]:
    linked = related.correlation(document)
    if isinstance(linked, Diagnostic):
        yield linked
        return
    try:
        check_unique(document, linked.info, seen)
    except RuleError as error:
        yield error.diagnostic
        return
    yield read_watch(linked, pipelines, related.filters)


def _read_matcher(
    document: Document, pipelines: Sequence[Any], seen: dict[str, str], related: Related
) -> Iterator[Matcher | Diagnostic]:
    found = read_rule(document, pipelines, seen, related.filters)
    if isinstance(found, Diagnostic):
        yield found
        return
    holes = find_placeholders(found)
    if holes:
        yield from (replace(hole, severity=Severity.ERROR) for hole in holes)
    else:
        yield Matcher(found.info, compile_predicate(normalise(found.condition)))


class Session:
    """Matches of several rules over one stream of events; each log source is asked once an event.

    Attributes:
        diagnostics: What was found to be wrong so far.
    """

    def __init__(self, *, assume_logsource: bool) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._assume = assume_logsource
        self._groups: dict[LogSource, tuple[Test | None, list[tuple[Predicate, list[str]]]]] = {}
        self._found: dict[str, tuple[RuleInfo, list[str]]] = {}
        self._watches: dict[str, Watch] = {}

    def add(self, matchers: Iterable[Matcher | Watch | Diagnostic]) -> None:
        """Take up rules; what is no rule is kept as a diagnostic."""
        for matcher in matchers:
            if isinstance(matcher, Diagnostic):
                self.diagnostics.append(matcher)
            elif isinstance(matcher, Watch):
                name = _free_name(matcher.info.id or matcher.info.path, self._found)
                self._found[name] = (matcher.info, [])
                self._watches[name] = matcher
            else:
                self._add(matcher)
        never = {
            source: len(rules) for source, (test, rules) in self._groups.items() if test is None
        }
        if never:
            self.diagnostics.append(_never(never))

    def _add(self, matcher: Matcher) -> None:
        info, ids = matcher.info, list[str]()
        self._found[_free_name(info.id or info.path, self._found)] = (info, ids)
        source = LogSource() if self._assume else info.logsource
        if source not in self._groups:
            test: Test | None = (lambda _: True) if self._assume else logsource_test(source)
            self._groups[source] = (test, [])
        self._groups[source][1].append((matcher.predicate, ids))

    def run(self, events: Iterable[Recorded | Diagnostic]) -> None:
        """Ask every rule about every event."""
        groups = [(test, rules) for test, rules in self._groups.values() if test is not None]
        for recorded in events:
            if isinstance(recorded, Diagnostic):
                self.diagnostics.append(recorded)
                continue
            event = Event(recorded.values)
            asked = (rule for test, rules in groups if test(event) for rule in rules)
            for predicate, ids in asked:
                if predicate(event):
                    ids.append(recorded.id)
            for watch in self._watches.values():
                watch.see(recorded, event, assume=self._assume)

    def finish(self) -> None:
        """Say at which events correlations came true: known when all events were seen."""
        for name, watch in self._watches.items():
            self._found[name][1][:] = [one.id for one in watch.found()]
            if watch.problem:
                self.diagnostics.append(watch.problem)

    @property
    def matches(self) -> dict[str, list[str]]:
        """Return the ids of the events that each rule found, by rule id, or path without one."""
        return {name: ids for name, (_, ids) in self._found.items()}

    @property
    def infos(self) -> dict[str, RuleInfo]:
        """Return what is known of each rule, by the names of ``matches``."""
        return {name: info for name, (info, _) in self._found.items()}


def _never(sources: dict[LogSource, int]) -> Diagnostic:
    """Return one warning for all log sources without a test, with how many rules have one."""
    named = [f"({source})" for source in sources]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return Diagnostic(
        "SG503",
        f"no event can be told to be of these log sources, so their rules find nothing "
        f"({sum(sources.values())} in all): {', '.join(named[:3])}{more}",
        Severity.WARNING,
        hint="take the log source of every rule as met with `--assume-logsource`",
    )


def _free_name(name: str, taken: dict[str, Any]) -> str:
    """Return a rule's name, numbered where several rules of one file have no id."""
    if name not in taken:
        return name
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"


def check_documents(
    documents: Iterable[Document | Diagnostic],
    pipelines: Sequence[Any] = (),
    related: Related = NONE,
) -> tuple[int, list[Diagnostic]]:
    """Return how many rules can be read, and what is to be said of the documents."""
    seen: dict[str, str] = {}
    count, diagnostics = 0, list(related.extra)
    for document in documents:
        if isinstance(document, Document) and document.kind != "detection":
            said = _say_special(document, related)
            diagnostics += said
            count += document.kind == "correlation" and not said
            continue
        found = (
            document
            if isinstance(document, Diagnostic)
            else read_rule(document, pipelines, seen, related.filters)
        )
        if isinstance(found, Diagnostic):
            diagnostics.append(found)
        else:
            count += 1
            diagnostics += find_placeholders(found)
    return count, diagnostics


def _say_special(document: Document, related: Related) -> tuple[Diagnostic, ...]:
    """Return what is to be said of a filter or correlation."""
    if document.kind == "filter":
        return related.find(document)
    linked = related.correlation(document)
    return (linked,) if isinstance(linked, Diagnostic) else ()
