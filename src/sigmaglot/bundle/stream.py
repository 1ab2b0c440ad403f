"""Results to one text: what is written of them, under which label, and how it is joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

from sigmaglot.compiler import Result
from sigmaglot.errors import Severity
from sigmaglot.formats import Format, Setting
from sigmaglot.language import Language
from sigmaglot.targets import Target, load_language

Languages = Mapping[str, Language | None]


def languages_of(targets: Sequence[Target]) -> Languages:
    """Return the language of each target by name; None for pySigma backends.

    Raises:
        ConfigurationError: A language is missing or broken.
    """
    return {
        target.name: None if target.is_pysigma else load_language(target.language)
        for target in targets
    }


def is_failure(result: Result) -> bool:
    """Return whether a result stands for a rule that failed, not for a file that was passed by."""
    return any(diagnostic.severity is Severity.ERROR for diagnostic in result.diagnostics)


def written(results: Iterable[Result], form: Format, names: Iterable[str]) -> Iterator[Result]:
    """Yield the results that a format writes; a rule that was not parsed counts for each target."""
    for result in results:
        if result.ok:
            yield result
        elif form.writes_failures and is_failure(result):
            targets = (result.target,) if result.target else names
            yield from (replace(result, target=target) for target in targets)


def join(results: Iterable[Result], form: Format, languages: Languages) -> Iterator[str]:
    """Yield the pieces of one text that holds all results; each ends with a line break."""
    stream = written(results, form, tuple(languages))
    head = list(islice(stream, 2))
    separator = ""
    for result in chain(head, stream):
        setting = Setting(
            languages[result.target], is_labelled=len(head) > 1, names_target=len(languages) > 1
        )
        for text in form.write(result, setting):
            yield f"{separator}{text}\n"
            separator = form.separator
