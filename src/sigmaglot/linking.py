"""Link correlations with the rules that they refer to, in whatever file of the run these stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sigmaglot.correlation import Correlation
from sigmaglot.errors import Diagnostic, RuleError
from sigmaglot.filters import is_named
from sigmaglot.rule import RuleInfo
from sigmaglot.scan import Library
from sigmaglot.source import Document

Key = tuple[str, int]
"""A document's file and its index there."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A correlation with what it refers to.

    Attributes:
        info: Its metadata.
        correlation: What it asks.
        document: Where it came from.
        parts: A rule's document or a linked correlation for each of its references, in order.
    """

    info: RuleInfo
    correlation: Correlation
    document: Document
    parts: tuple[Document | Linked, ...]


def key_of(document: Document) -> Key:
    """Return what tells a document from all others of a run."""
    return (document.path, document.index)


def bases(linked: Linked) -> Iterator[Document]:
    """Yield the rules that a correlation is about, directly or through others."""
    for part in linked.parts:
        if isinstance(part, Linked):
            yield from bases(part)
        else:
            yield part


def hidden(linked: Linked) -> Iterator[Key]:
    """Yield what is not compiled on its own, because a correlation does not say ``generate``."""
    if not linked.correlation.generate:
        for part in linked.parts:
            yield key_of(part.document if isinstance(part, Linked) else part)


class Linker:
    """Links the correlations of a run; each is read once."""

    def __init__(self, documents: Sequence[Document], library: Library) -> None:
        self._library = library
        self._documents = documents
        self._read: dict[Key, tuple[RuleInfo, Correlation] | Diagnostic] = {}
        self._done: dict[Key, Linked | Diagnostic] = {}
        self._targets: dict[str, list[Document]] = {}

    def link(self) -> dict[Key, Linked | Diagnostic]:
        """Return each correlation linked, or why it cannot be."""
        for document in self._documents:
            self._read[key_of(document)] = _read(document)
        self._look_up()
        for document in self._documents:
            self._link(document, ())
        return self._done

    def _look_up(self) -> None:
        """Find the documents of all references in one pass."""
        read = (one for one in self._read.values() if not isinstance(one, Diagnostic))
        names = list(dict.fromkeys(name for _, found in read for name in found.rules))
        if not names:
            return
        self._targets = {name: [] for name in names}
        for document in self._library.mentioning(names):
            if document.kind == "filter":
                continue
            info = RuleInfo.from_document(document.path, document.data)
            for name in names:
                if is_named(info, name):
                    self._targets[name].append(document)

    def _link(self, document: Document, above: tuple[Key, ...]) -> Linked | Diagnostic:
        key = key_of(document)
        if key not in self._done:
            found = self._read[key]
            try:
                self._done[key] = (
                    found
                    if isinstance(found, Diagnostic)
                    else Linked(*found, document, self._parts(document, found[1], (*above, key)))
                )
            except RuleError as error:
                self._done[key] = error.diagnostic
        return self._done[key]

    def _parts(
        self, document: Document, correlation: Correlation, above: tuple[Key, ...]
    ) -> tuple[Document | Linked, ...]:
        return tuple(
            self._part(document, name, index, above) for index, name in enumerate(correlation.rules)
        )

    def _part(
        self, document: Document, name: str, index: int, above: tuple[Key, ...]
    ) -> Document | Linked:
        found = self._targets[name]
        problem, hint = _problem(name, found, above)
        if problem:
            place = ("correlation", "rules", index)
            raise RuleError(document.diagnose("SG143", problem, place, hint=hint))
        if found[0].kind != "correlation":
            return found[0]
        linked = self._link(found[0], above)
        if isinstance(linked, Diagnostic):
            message = f"the correlation `{name}` that it refers to is not valid"
            place = ("correlation", "rules", index)
            raise RuleError(document.diagnose("SG143", message, place, hint="correct that one"))
        return linked


def _problem(name: str, found: Sequence[Document], above: Iterable[Key]) -> tuple[str, str]:
    """Return what is wrong with a reference and what to do, empty where nothing is."""
    if not found:
        hint = "give the file of the rule too; a reference is an `id` or a `name`"
        return f"no rule of the run is called `{name}`", hint
    if len(found) > 1:
        first, second = found[:2]
        hint = "refer to one by its id"
        return f"`{name}` names a rule of {first.path} and one of {second.path}", hint
    if key_of(found[0]) in above:
        return f"the reference to `{name}` leads back to this correlation", "break the circle"
    return "", ""


def _read(document: Document) -> tuple[RuleInfo, Correlation] | Diagnostic:
    from sigmaglot.frontend_correlation import parse_correlation  # noqa: PLC0415 - heavy, and rare

    try:
        return parse_correlation(document)
    except RuleError as error:
        return error.diagnostic
