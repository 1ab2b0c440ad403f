"""An expression that is tried at the start alone finds what a search finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigmaglot.verify.readers.regexes import searcher

ANY = r"[\s\S]*"
WAYS = st.sampled_from(
    [ANY, f"{ANY}a", f"{ANY}(?:a|b)c{ANY}", "^ab$", "^", "a", "ba", f"{ANY}[|)]b", rf"{ANY}\|a"]
)


@given(st.lists(WAYS, min_size=1, max_size=3), st.booleans(), st.text(alphabet="abc|)\n"))
def test_a_match_at_the_start_says_whether_there_is_any(
    ways: list[str], is_group: bool, text: str
) -> None:
    regex = "|".join(ways)
    pattern = re.compile(f"({regex})" if is_group else regex)
    assert searcher(pattern)(text) is (pattern.search(text) is not None)


@pytest.mark.parametrize("regex", ["(^a)(b)", "(^a)b|c", "(?:^a|b)", "(?m)^b", r"\(^a|b\)"])
def test_what_may_match_later_is_searched(regex: str) -> None:
    pattern = re.compile(regex)
    for text in ("ab", "ac", "cb", "a\nb", "b)"):
        assert searcher(pattern)(text) is (pattern.search(text) is not None)


def test_a_long_text_without_a_match_is_not_tried_at_each_place() -> None:
    # Each of a million places would read the rest of the text: this test would not end.
    pattern = re.compile(f"({ANY}x{ANY}|{ANY}y{ANY})")
    assert not searcher(pattern)("a" * 1_000_000)
