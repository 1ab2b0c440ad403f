"""Find the few documents of a run that concern others, without parsing all of it twice.

Most runs have no correlations and no filters. Whether a file may hold one is decided on its bytes;
only such files, and those that name a rule that is referred to, are parsed before the run.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sigmaglot.errors import Diagnostic
from sigmaglot.source import MAX_BYTES, STDIN, Document, read_file

File = tuple[str, Diagnostic | None]

_SPECIAL = re.compile(rb"""\n(?:["']?(?:correlation|filter)["']?[ \t]*:|(?:---[ \t]+)?\{)""")
"""A key of a document at the start of a line, or a document in braces, whose keys are anywhere."""


class Library(Protocol):
    """The documents of a run."""

    def special(self) -> Iterator[Document]:
        """Yield the correlations and filters, in order."""

    def mentioning(self, words: Sequence[str]) -> Iterator[Document]:
        """Yield the rules among which those with one of the words are; all rules without words."""


@dataclass(frozen=True, slots=True)
class Documents:
    """A run over documents that are read already."""

    documents: Sequence[Document | Diagnostic]

    def special(self) -> Iterator[Document]:
        """Yield the correlations and filters, in order."""
        return _special(self.documents)

    def mentioning(self, words: Sequence[str]) -> Iterator[Document]:
        """Yield all documents: there is nothing to be saved."""
        del words
        return (one for one in self.documents if isinstance(one, Document))


@dataclass(frozen=True, slots=True)
class Files:
    """A run over files.

    Attributes:
        files: Their paths, each with the reason why it cannot be read.
        held: The documents of what can be read once only: standard input and other pipes.
    """

    files: Sequence[File]
    held: dict[str, list[Document | Diagnostic]] = field(default_factory=dict)

    def special(self) -> Iterator[Document]:
        """Yield the correlations and filters, in order."""
        for path, data in self._contents():
            if data is None or _may_be_special(data):
                yield from _special(self.read(path))

    def mentioning(self, words: Sequence[str]) -> Iterator[Document]:
        """Yield the documents of files in which one of the words stands; of all without words."""
        wanted = [word.lower().encode() for word in words]
        for path, data in self._contents():
            folded = b"" if data is None else data.lower()
            if data is None or not wanted or any(word in folded for word in wanted):
                yield from (one for one in self.read(path) if isinstance(one, Document))

    def read(self, path: str) -> Sequence[Document | Diagnostic]:
        """Return the documents of a file."""
        return self.held[path] if path in self.held else read_file(path)

    def _contents(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield each path with its bytes, None for what is held; what cannot be read is left out.

        The run itself says what is wrong with a file.
        """
        for path, problem in self.files:
            if problem is None:
                data = None if path in self.held else _bytes_of(path)
                if data is None and path not in self.held:
                    self.held[path] = read_file(path)
                yield path, data


def _may_be_special(data: bytes) -> bool:
    if b"filter" not in data and b"correlation" not in data:
        return False
    lines = b"\n" + data.removeprefix(_MARK)
    return _SPECIAL.search(lines.replace(b"\r", b"\n") if b"\r" in lines else lines) is not None


_MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""


def _bytes_of(path: str) -> bytes | None:
    """Return the bytes of a file, None for what can be read once only."""
    if path == STDIN:
        return None
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            return None
        if found.st_size > MAX_BYTES:
            return b""
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""


def _special(documents: Iterable[Document | Diagnostic]) -> Iterator[Document]:
    return (one for one in documents if isinstance(one, Document) and one.kind != "detection")
