"""What a format is, and what it knows besides the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sigmaglot.compiler import Result
from sigmaglot.language import Language


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the text of a result will stand.

    Attributes:
        language: Of the queries; None for a pySigma backend, whose comments are not known.
        is_labelled: Whether other rules' queries stand in the same text.
        names_target: Whether other targets' queries do.
    """

    language: Language | None
    is_labelled: bool = False
    names_target: bool = False

    def comment(self, lines: tuple[str, ...]) -> str:
        """Return lines as a comment and a line break, empty where the language has no comments."""
        if self.language is None or self.language.comment is None or not lines:
            return ""
        return self.language.comment(tuple(printable(line) for line in lines)) + "\n"


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write results.

    Attributes:
        name: As ``-f`` takes it.
        write: A result and its setting to the text of each of its queries, or of the whole.
        extension: Of its files, empty for the language's own.
        separator: What stands between texts, besides the line break that ends each.
        is_hunt: Whether queries are compiled to show their result to a person.
        writes_failures: Whether a result without a query is written too.
    """

    name: str
    write: Callable[[Result, Setting], Iterator[str]]
    extension: str = ""
    separator: str = "\n"
    is_hunt: bool = False
    writes_failures: bool = False


def one_line(text: str) -> str:
    """Return text without line breaks, control characters and double spaces."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """Return text with a space for each control character: a comment must not end early."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)
