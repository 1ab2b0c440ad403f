"""What documents of a run do to each other: filters added to rules, correlations over rules.

``relate`` looks at the whole run before any rule is compiled; see ``scan`` for why that is cheap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sigmaglot.errors import Diagnostic, RuleError, Severity
from sigmaglot.filters import Filter, parse_filter
from sigmaglot.linking import Key, Linked, Linker, hidden, key_of
from sigmaglot.rule import RuleInfo
from sigmaglot.scan import Files, Library
from sigmaglot.source import Document, read_file


@dataclass(frozen=True, slots=True)
class Related:
    """What is known of a run before it.

    Attributes:
        filters: All filters that can be used.
        correlations: Each correlation with what it refers to, or why it cannot be linked.
        hidden: The documents that are not compiled on their own.
        said: What is to be said of the filters among the documents.
        extra: What is to be said of filters that were given apart.
    """

    filters: tuple[Filter, ...] = ()
    correlations: Mapping[Key, Linked | Diagnostic] = field(default_factory=dict)
    hidden: frozenset[Key] = frozenset()
    said: tuple[tuple[Key, tuple[Diagnostic, ...]], ...] = ()
    extra: tuple[Diagnostic, ...] = ()

    def find(self, document: Document) -> tuple[Diagnostic, ...]:
        """Return what is to be said of a filter."""
        for key, diagnostics in self.said:
            if key == key_of(document):
                return diagnostics
        return (_unseen(document),)

    def correlation(self, document: Document) -> Linked | Diagnostic:
        """Return a correlation with what it refers to, or why it cannot be linked."""
        return self.correlations.get(key_of(document)) or _unseen(document)


def _unseen(document: Document) -> Diagnostic:
    return document.diagnose(
        "SG140" if document.kind == "correlation" else "SG141",
        f"the {document.kind} was not found before the rules were compiled",
        (document.kind,),
        hint="begin the keys of the document at the start of a line",
    )


NONE = Related()


def relate(library: Library, filter_paths: Iterable[str] = ()) -> Related:
    """Return what the documents of a run do to each other.

    ``filter_paths`` are files of filters besides those among the documents.
    """
    special = list(library.special())
    filters: list[Filter] = []
    said = [
        (key_of(document), _take(document, library, filters))
        for document in special
        if document.kind == "filter"
    ]
    extra = tuple(
        problem for path in filter_paths for problem in _take_file(path, library, filters)
    )
    correlations = [one for one in special if one.kind == "correlation"]
    linked = Linker(correlations, library).link() if correlations else {}
    concealed = (key for one in linked.values() if isinstance(one, Linked) for key in hidden(one))
    return Related(tuple(filters), linked, frozenset(concealed), tuple(said), extra)


def _take_file(path: str, library: Library, filters: list[Filter]) -> Iterable[Diagnostic]:
    for document in read_file(path):
        if isinstance(document, Diagnostic):
            yield document
        elif document.kind == "filter":
            yield from _take(document, library, filters)
        else:
            yield document.diagnose(
                "SG141",
                "the document is no filter",
                hint="a filter has `logsource:` and `filter:`; give rules as paths",
            )


def _take(document: Document, library: Library, filters: list[Filter]) -> tuple[Diagnostic, ...]:
    """Add a filter to those that were found; return what is to be said of it."""
    try:
        found = parse_filter(document)
    except RuleError as error:
        return (error.diagnostic,)
    filters.append(found)
    rules = library.mentioning(found.rules)
    if any(found.applies_to(_info(rule)) for rule in rules if rule.kind == "detection"):
        return ()
    warning = document.diagnose(
        "SG142",
        f"the filter matches no rule of the log source ({found.info.logsource})",
        ("filter", "rules"),
        hint="name rules by id or name, and give the log source that they have",
    )
    return (replace(warning, severity=Severity.WARNING),)


def _info(document: Document) -> RuleInfo:
    return RuleInfo.from_document(document.path, document.data)


def relate_files(
    files: Sequence[tuple[str, Diagnostic | None]], filter_paths: Iterable[str] = ()
) -> tuple[Files, Related]:
    """Return a run over files, and what its documents do to each other."""
    library = Files(files)
    return library, relate(library, filter_paths)
