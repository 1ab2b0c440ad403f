"""The readers' grammars: `.lark` files beside this module, read by lark's LALR parser.

The parser and the contextual lexer call nothing recursively, so neither a long list nor deep
brackets exhaust the stack. Positions stand on the tokens (`Token.start_pos`); trees carry none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import TypeVar

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError
from lark.lexer import PatternStr
from lark.visitors import Transformer

from .base import ReadError

_Result = TypeVar("_Result")

_MANY = 8
"""More terminals than this in a message help nobody."""


@cache
def grammar(name: str, start: str = "start", more: str = "") -> Lark:
    """Return the parser of the grammar file `name`.lark beside this module, made once a process.

    Args:
        name: The file's name without its ending.
        start: The rule that a whole text is read by.
        more: A second file, whose rules extend the first.
    """
    folder = resources.files(__package__)
    files = [folder.joinpath(f"{one}.lark") for one in (name, more) if one]
    text = "\n".join(one.read_text(encoding="utf-8") for one in files)
    return Lark(text, start=start, parser="lalr", lexer="contextual")


def parse(lark: Lark, text: str) -> Tree[Token]:
    """Return the tree of a text.

    Raises:
        ReadError: The text is not of the grammar. The offset is where the first character or
            token starts that cannot stand there, or the end of a text that stops too soon.
    """
    try:
        return lark.parse(text)
    except UnexpectedInput as error:
        raise _read_error(lark, text, error) from error


def transform(transformer: Transformer[Token, _Result], tree: Tree[Token]) -> _Result:
    """Return what a transformer makes of a tree.

    Raises:
        ReadError: What a method of the transformer raised, freed of lark's wrapping; or the tree
            is too deep for a transformer that is not a `Transformer_NonRecursive`.
    """
    try:
        return transformer.transform(tree)
    except (VisitError, RecursionError) as error:
        cause = error.orig_exc if isinstance(error, VisitError) else error
        if isinstance(cause, RecursionError):
            raise ReadError("nested too deeply") from None
        if isinstance(cause, ReadError):
            raise cause from None
        raise


def place(token: Token) -> int:
    """Return where a token starts, in characters from the start of the text."""
    return token.start_pos or 0


def _read_error(lark: Lark, text: str, error: UnexpectedInput) -> ReadError:
    """Return the error in our words: what was found, what might have stood there, and where."""
    offset, names = error.pos_in_stream or 0, set[str]()
    if isinstance(error, UnexpectedToken):
        offset = len(text) if error.token.type == "$END" else offset
        names = error.accepts or error.expected
    elif isinstance(error, UnexpectedCharacters):
        names = error.allowed
    return ReadError(f"unexpected {_found(text, offset)}{_expected(lark, names)}", offset)


def _found(text: str, offset: int) -> str:
    """Return the word or the character that stands at an offset, for a message."""
    found = re.compile(r"\w+|\W|\Z").match(text, offset)
    return repr(found[0]) if found and found[0] else "end"


def _expected(lark: Lark, names: Iterable[str]) -> str:
    """Return a clause that lists terminals as a person writes them; nothing for too many."""
    shown = sorted(_shown(lark, name) for name in names if not name.startswith(("$", "<")))
    return f", expected {', '.join(shown)}" if 0 < len(shown) <= _MANY else ""


def _shown(lark: Lark, name: str) -> str:
    pattern = lark.get_terminal(name).pattern
    is_literal = isinstance(pattern, PatternStr)
    return repr(pattern.value) if is_literal else name.lower().strip("_").replace("_", " ")
