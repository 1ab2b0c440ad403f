"""String literals of Kusto, written anew so that every engine reads them alike."""

from __future__ import annotations

import re

from sigmaglot.verify.engines.model import CannotRunError

_LITERAL = re.compile(
    r"//[^\n]*"
    r"|(?:(?<!\w)[hH])?(?:(?P<fence>```|~~~)(?P<block>.*?)(?P=fence)"
    r"|@(?P<mark>[\"'])(?P<verbatim>(?:(?!(?P=mark))[^\r\n]|(?P=mark){2})*)(?P=mark)"
    r"|(?P<quote>[\"'])(?P<plain>(?:(?!(?P=quote))[^\\\r\n]|\\.)*)(?P=quote))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_CONTROLS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_WRITTEN = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def rewrite_literals(query: str) -> str:
    r"""Return a query with every string literal in double quotes, and without comments.

    The package reads ``\u00e9`` as ``u00e9``, and ``h"x"`` as four characters, without a word.
    Source of the forms: the Kusto reference on the string data type, and Microsoft's own parser,
    which also takes ``h`` before a literal and fences of three.

    Raises:
        CannotRunError: An escape whose reading is not documented.
    """
    return _LITERAL.sub(_rewritten, query)


def _rewritten(match: re.Match[str]) -> str:
    if match[0].startswith("//"):
        return ""
    if match["mark"]:
        text = match["verbatim"].replace(match["mark"] * 2, match["mark"])
    elif match["quote"]:
        text = _ESCAPE.sub(_unescape, match["plain"])
    else:
        text = match["block"]
    return '"' + "".join(_WRITTEN.get(char, char) for char in text) + '"'


def _unescape(match: re.Match[str]) -> str:
    code, char = match[1] or match[2], match[3]
    if code:
        return chr(int(code, 16))
    if char in "\\\"'":
        return char
    if char not in _CONTROLS:
        raise CannotRunError(f"the escape `{match[0]}` in a string is not checked")
    return _CONTROLS[char]
