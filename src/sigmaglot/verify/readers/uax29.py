"""Lucene's standard tokenizer and lower-case filter: what Elasticsearch does to a `text` field.

Facts: Unicode Standard Annex #29 (word boundaries), Apache Lucene's StandardTokenizerImpl.jflex and
LowerCaseFilter (one character at a time, so a capital sigma at the end of a word is as elsewhere).

Not modelled: emoji sequences (Lucene makes them tokens), Hebrew's quotation rules, and that Lucene
counts the 255 characters of a token in UTF-16 units.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

MAX_TOKEN = 255
"""Characters in the longest token; a longer one is cut into pieces."""

BREAK = "\n"
"""What stands between tokens in `analysed`; no token holds one."""

_REMEMBERED = 1 << 16
_FIXED = {
    **dict.fromkeys(":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a", "M"),  # MidLetter
    **dict.fromkeys(
        ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b", "m"
    ),  # MidNum
    **dict.fromkeys(".'\u2018\u2019\u2024\ufe52\uff07\uff0e", "B"),  # MidNumLet, Single_Quote
    "\u202f": "U",
}
_RANGES = (  # a class, and the first and the last characters of its ranges
    ("K", "\u3031\u3035\u309b\u309c\u30a0\u30fa\u30fc\u30ff\u31f0\u31ff"),
    ("K", "\u32d0\u32fe\u3300\u3357\uff66\uff9d"),
    ("I", "\u3041\u3096\u309d\u309f"),
    ("H", "\u2e80\u2fd5\u3005\u3005\u3007\u3007\u3021\u3029\u3038\u303b"),
    ("H", "\u3400\u4dbf\u4e00\u9fff\uf900\ufaff\U00020000\U0003ffff"),
    ("S", "\u0e00\u0eff\u1000\u109f\u1780\u17ff"),
)
_CATEGORIES = {"Nd": "N", "Nl": "L", "Pc": "U", "Mn": "X", "Mc": "X", "Me": "X", "Cf": "X"}

# Over the classes of the characters, one letter each. The parts are possessive: none of them can
# give back a character that what follows it could begin with.
_LINK = "(?:UX*+)++"
_DIGITS = "(?:NX*+)++"
_LETTERS = "(?:LX*+)++"
_NUMBER = rf"{_DIGITS}(?:(?:{_LINK}|[mB]X*+){_DIGITS})*+"
_WORD = rf"{_LETTERS}(?:(?:{_LINK}|[MB]X*+){_LETTERS})*+"
_KATAKANA = rf"KX*+(?:(?:{_LINK})?+KX*+)*+"
_CORE = rf"(?:(?:{_NUMBER}|{_WORD})++|{_KATAKANA})"
_TOKEN = re.compile(
    rf"(?P<token>(?:{_LINK})?+{_CORE}(?:{_LINK}{_CORE})*+(?:{_LINK})?+|(?:SX*+)++|[HI]X*+)|{_LINK}"
)
_START = re.compile("[NLUKIHS]")


class _Classes(dict[int, str]):
    """The class of each character, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = _class(chr(code))
        return self[code]


_CLASSES = _Classes()


def _class(char: str) -> str:
    if char in _FIXED:
        return _FIXED[char]
    for name, bounds in _RANGES:
        if any(low <= char <= high for low, high in zip(bounds[::2], bounds[1::2], strict=True)):
            return name
    category = unicodedata.category(char)
    return _CATEGORIES.get(category) or ("L" if category[0] == "L" else "-")


def tokens(text: str) -> list[str]:
    """Return the tokens of a value, in lower case and in order."""
    joined = analysed(text)
    return joined[1:-1].split(BREAK) if joined else []


@lru_cache(maxsize=_REMEMBERED)
def analysed(text: str) -> str:
    """Return the tokens of a value with a `BREAK` before, between and after them; "" without any.

    So a phrase, a token and a part of a token are all a search for a text in this one.
    """
    found = [lowered(text[start:end]) for start, end in _spans(text.translate(_CLASSES))]
    return BREAK.join(["", *found, ""]) if found else ""


def lowered(text: str) -> str:
    """Return a text in the lower case of Lucene, which keeps one character for each."""
    if text.isascii():
        return text.lower()
    return "".join("i" if char == "\u0130" else char.lower() for char in text)


def _spans(classes: str) -> Iterable[tuple[int, int]]:
    found = [match.span("token") for match in _TOKEN.finditer(classes) if match["token"]]
    is_short = all(end - start <= MAX_TOKEN for start, end in found)
    return found if is_short else _cut_spans(classes)


def _cut_spans(classes: str) -> Iterator[tuple[int, int]]:
    """Yield the spans where a token is too long: each is sought in 255 characters."""
    position = 0
    while start := _START.search(classes, position):
        limit = start.start() + MAX_TOKEN
        match = _TOKEN.match(classes, start.start(), limit)
        if match and match["token"]:
            yield match.span()
            position = match.end()
        else:  # a link alone: what it leads to may come into reach one character later
            position = match.end() if match and match.end() < limit else start.end()
