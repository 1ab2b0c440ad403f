"""What a regular expression requires, which engines run it, and how patterns become one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit_helpers import PATTERNS

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import TRUE, And, Node, Or, RegexMatch, Shape, StringMatch
from sigmaglot.language import (
    escape_regex,
    finds_nothing,
    inline_flags,
    literals_of,
    refers_back,
    regex_by_literals,
    regex_of,
    regex_on_re2,
    runs_on_re2,
)


def has(text: str, *, cased: bool = True) -> StringMatch:
    return StringMatch("F", ir.pattern(Shape.CONTAINS, text), cased)


def starts(text: str, *, cased: bool = True) -> StringMatch:
    return StringMatch("F", ir.pattern(Shape.STARTSWITH, text), cased)


@pytest.mark.parametrize(
    ("regex", "flags", "expected", "whole"),
    [
        ("abc", "", has("abc"), True),
        ("abc", "i", has("abc", cased=False), True),
        (r"a\.b\\c", "", has("a.b\\c"), True),
        ("", "", TRUE, True),
        # anchors
        ("^abc", "", starts("abc"), True),
        (r"\Aabc", "", starts("abc"), True),
        ("^abc", "m", has("abc"), False),
        ("a^b", "", And((has("a"), has("b"))), False),
        ("abc$", "", has("abc"), False),
        (r"\babc\b", "", has("abc"), False),
        ("^.*abc", "", has("abc"), False),
        # what stands between runs of characters is lost
        ("ab.*cd", "", And((has("ab"), has("cd"))), False),
        ("^ab.*cd", "", And((starts("ab"), has("cd"))), False),
        (r"ab\d+cd", "", And((has("ab"), has("cd"))), False),
        ("ab.ab", "", has("ab"), False),
        # classes
        ("[Cc]md", "", has("cmd", cased=False), False),
        ("a[Cc]m", "i", has("acm", cased=False), False),
        ("[ab]md", "", has("md"), False),
        ("[^c]md", "", has("md"), False),
        ("[a-c]md", "", has("md"), False),
        # optional and repeated parts
        ("colou?r", "", And((has("colo"), has("r"))), False),
        ("a*bc", "", has("bc"), False),
        ("(abc)+d", "", And((has("abc"), has("d"))), False),
        ("(abc){2,}d", "", And((has("abc"), has("d"))), False),
        ("(abc)*d", "", has("d"), False),
        ("(?:ab)?", "", TRUE, False),
        (".+", "", TRUE, False),
        (".+?x", "", has("x"), False),
        (r"\d+", "", TRUE, False),
        # groups
        ("(ab)cd", "", has("abcd"), True),
        ("a(?:b(?P<n>c))", "", has("abc"), True),
        ("(?i:ab)cd", "", has("cd"), False),
        ("(?-i:ab)cd", "i", has("cd", cased=False), False),
        ("^(ab)c", "", starts("abc"), True),
        ("(^ab)c", "", starts("abc"), True),
        # alternatives
        ("ab|cd", "", Or((has("ab"), has("cd"))), False),
        ("x(?:ab|cd)y", "", And((has("x"), Or((has("ab"), has("cd"))), has("y"))), False),
        ("x(?:ab|c.d)", "", And((has("x"), Or((has("ab"), And((has("c"), has("d"))))))), False),
        ("x(?:ab|.)", "", has("x"), False),
        ("(?:ab|ab.)", "", has("ab"), False),
        ("^ab|^cd", "", Or((has("ab"), has("cd"))), False),
        # flags inside
        ("(?i)abc", "", has("abc", cased=False), True),
        ("(?m)^abc", "", has("abc"), False),
        # lookaround asks nothing of what is found
        ("(?=ab)cd", "", has("cd"), False),
        ("(?!ab)cd", "", has("cd"), False),
    ],
)
def test_what_every_match_contains(regex: str, flags: str, expected: Node, whole: bool) -> None:
    assert literals_of(RegexMatch("F", regex, flags)) == (expected, whole)


ATOMS = st.sampled_from(
    ["a", "b", "B", ".", "[aA]", "[ab]", "[^a]", "^", "$", r"\A", r"\b", r"\.", r"\w"]
)


def repeated(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts = st.sampled_from(["", "?", "*", "+", "{2}", "{1,2}", "+?", "++", "{0}"])
    groups = st.sampled_from(["({})", "(?:{})", "(?i:{})", "(?={})", "(?!{})", "(?>{})"])
    return st.builds(lambda text, group, count: group.format(text) + count, inner, groups, counts)


REGEXES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join).map("(?:{})".format),
        repeated(inner),
    ),
    max_leaves=8,
)
TEXTS = st.text("aAbB.\n", max_size=6)
FLAGS = st.sampled_from(["", "i", "m", "s", "im", "ims"])


@given(REGEXES, FLAGS, TEXTS)
def test_the_literals_hold_wherever_the_expression_is_found(
    regex: str, flags: str, text: str
) -> None:
    leaf, event = RegexMatch("F", regex, flags), {"F": text}
    bound, whole = literals_of(leaf)
    found = evaluate(leaf, event)
    assert found <= evaluate(bound, event)
    if whole:
        assert found is evaluate(bound, event)


@given(REGEXES, FLAGS)
def test_no_expression_is_whole_and_then_more_than_literals(regex: str, flags: str) -> None:
    bound, whole = literals_of(RegexMatch("F", regex, flags))
    assert all(isinstance(leaf, StringMatch) for leaf in ir.leaves(bound))
    if whole:
        assert not isinstance(bound, Or)


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        ("abc", True),
        ("(?:a|b)+?[^c]{2,5}$", True),
        ("(?P<n>a)", True),
        (r"\bx\d", True),
        ("(?=a)", False),
        ("(?!a)", False),
        ("(?<=a)b", False),
        ("(?<!a)b", False),
        (r"(a)\1", False),
        ("(?P<n>a)(?P=n)", False),
        ("(a)?(?(1)b|c)", False),
        ("(?>a+)b", False),
        ("a++b", False),
        ("x(?:y(?=a))", False),
        ("a{,3}", False),
        (r"a\{,3}", True),
        ("a{1000}", True),
        ("a{1001}", False),
        ("a{2,1001}", False),
        ("a{1001,}", False),
        ("a{1000,}", True),
    ],
)
def test_which_expressions_run_on_re2(regex: str, expected: bool) -> None:
    assert runs_on_re2(regex) is expected


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        ("(a)b", False),
        (r"(a)\1", True),
        (r"x(?:(a)|\1)", True),
        ("(a)?(?(1)b)", True),
        ("[1]", False),
    ],
)
def test_which_expressions_refer_back(regex: str, expected: bool) -> None:
    assert refers_back(regex) is expected


@pytest.mark.parametrize(
    ("regex", "flags", "expected"),
    [("a*", "", True), ("a", "", False), ("^$", "", True), (".", "s", False), ("a|", "i", True)],
)
def test_which_expressions_are_found_in_nothing(regex: str, flags: str, expected: bool) -> None:
    assert finds_nothing(RegexMatch("F", regex, flags)) is expected


@given(PATTERNS, st.text("aAb", max_size=5))
def test_a_pattern_as_an_expression_matches_the_same_texts(pattern: ir.Pattern, text: str) -> None:
    found = re.fullmatch(regex_of(pattern), text, re.DOTALL) is not None
    assert found is evaluate(StringMatch("F", pattern, cased=True), {"F": text})
    folded = re.fullmatch(regex_of(pattern, fold=True), text.lower(), re.DOTALL) is not None
    assert folded is evaluate(StringMatch("F", pattern), {"F": text})


def test_patterns_are_written_with_few_escapes() -> None:
    parts = (ir.Literal("C:\\a-b/ (x)"), ir.AnyRun, ir.AnyOne, ir.Literal("E"))
    assert regex_of(parts) == r"C:\\a-b/ \(x\).*.E"
    assert regex_of(parts, fold=True) == r"c:\\a-b/ \(x\).*.e"
    assert escape_regex("a.b\n\t\r|{}") == r"a\.b\n\t\r\|\{\}"


@given(st.text(max_size=8))
def test_an_escaped_text_matches_itself_and_nothing_else(text: str) -> None:
    assert re.fullmatch(escape_regex(text), text)
    assert not re.search(escape_regex(text + "x"), text)


def test_flags_go_before_an_expression() -> None:
    assert inline_flags("") == ""
    assert inline_flags("im") == "(?im)"


def test_a_language_without_regexes_takes_their_literals() -> None:
    handle = regex_by_literals("Test")
    assert handle(RegexMatch("F", "abc")) == has("abc")
    long, short, none = (handle(RegexMatch("F", regex)) for regex in ("abc.d", "a.b", "."))
    for found in (long, short, none):
        assert isinstance(found, ir.Approx)
        assert found.upper.note == ir.Note(
            "SG301", "Test has no regular expressions", "F", found.leaf.regex
        )
        assert found.lower.node == ir.FALSE
    assert [(one.upper.node, one.upper.loss) for one in (long, short, none)] == [
        (And((has("abc"), has("d"))), 0.3),
        (And((has("a"), has("b"))), 0.6),
        (TRUE, 1.0),
    ]


def test_a_language_on_re2_keeps_what_it_can_run() -> None:
    handle = regex_on_re2("Test")
    kept = RegexMatch("F", "a+b")
    assert handle(kept) is kept
    bound = handle(RegexMatch("F", "abc(?=d)"))
    assert isinstance(bound, ir.Approx)
    assert bound.upper.node == has("abc")
    assert bound.upper.note.code == "SG305"
