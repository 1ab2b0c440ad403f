"""Lucene's standard tokenizer with the lower-case filter: what Elasticsearch does to a `text` field.

Facts: Unicode Standard Annex #29 (word boundaries) and Apache Lucene's StandardTokenizerImpl.jflex. Not modelled:
emoji sequences (Lucene makes them tokens) and Hebrew's quotation rules.
"""

from __future__ import annotations

import re
import unicodedata

MAX_TOKEN = 255
_FIXED = {
    **dict.fromkeys(":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a", "M"),  # MidLetter
    **dict.fromkeys(",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b", "m"),  # MidNum
    **dict.fromkeys(".'\u2018\u2019\u2024\ufe52\uff07\uff0e", "B"),  # MidNumLet and Single_Quote
    "\u202f": "U",
}  # fmt: skip
_RANGES = (
    ("K", "\u3031\u3035\u309b\u309c\u30a0\u30fa\u30fc\u30ff\u31f0\u31ff\u32d0\u32fe\u3300\u3357\uff66\uff9d"),
    ("I", "\u3041\u3096\u309d\u309f"),
    ("H", "\u2e80\u2fd5\u3005\u3005\u3007\u3007\u3021\u3029\u3038\u303b\u3400\u4dbf\u4e00\u9fff\uf900\ufaff"),
    ("H", "\U00020000\U0003ffff"),
    ("S", "\u0e00\u0eff\u1000\u109f\u1780\u17ff"),
)  # fmt: skip
_CATEGORIES = {"Nd": "N", "Nl": "L", "Pc": "U", "Mn": "X", "Mc": "X", "Me": "X", "Cf": "X"}
_LINK = "(?:UX*)*"
_NUMBER = rf"NX*(?:(?:{_LINK}|[mB]X*)NX*)*"
_LETTERS = rf"LX*(?:(?:{_LINK}|[MB]X*)LX*)*"
_CORE = rf"(?:(?:{_NUMBER}|{_LETTERS})+|KX*(?:{_LINK}KX*)*)"
_TOKEN = re.compile(rf"{_LINK}{_CORE}(?:(?:UX*)+{_CORE})*{_LINK}|(?:SX*)+|HX*|IX*")


def _class(char: str) -> str:
    if char in _FIXED:
        return _FIXED[char]
    for name, bounds in _RANGES:
        if any(low <= char <= high for low, high in zip(bounds[::2], bounds[1::2], strict=True)):
            return name
    category = unicodedata.category(char)
    return _CATEGORIES.get(category) or ("L" if category[0] == "L" else "-")


def tokens(text: str) -> list[str]:
    """The tokens of a value, lower-cased, in order; one longer than 255 characters is cut into pieces."""
    classes = "".join(map(_class, text))
    out, position = [], 0
    while position < len(text):
        match = _TOKEN.match(classes, position, position + MAX_TOKEN)
        if match and match.end() > position:
            out.append(text[position : match.end()].lower())
            position = match.end()
        else:
            position += 1
    return out
