"""What is sure of a literal's tokens, against the tokenizer itself; and letter case spelled out."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit_helpers import PATTERNS

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import AnyRun, Approx, Column, Literal, Shape, StringMatch
from sigmaglot.verify.readers import uax29
from sigmaglot_backends.kibana_kql.capabilities import CAPABILITIES, can_write
from sigmaglot_backends.kibana_kql.spelling import every_case, letters, spelled_out, widened
from sigmaglot_backends.kibana_kql.tokens import MAX_TOKEN, Piece, is_one_run, pieces

ALPHABET = "aB9_.,':;-/\\ \"é"
LITERALS = st.text(ALPHABET, min_size=1, max_size=8)
AROUND = st.text(ALPHABET, max_size=4)


def spans(text: str) -> list[tuple[int, int]]:
    """Return where the tokens of a text stand; every character here keeps its length in lower case."""
    found, position = [], 0
    for token in uax29.tokens(text):
        start = text.lower().index(token, position)
        position = start + len(token)
        found.append((start, position))
    return found


def located(literal: str, found: list[Piece], offset: int) -> list[tuple[Piece, int, int]]:
    """Return each piece with where it stands in the whole text."""
    out, position = [], 0
    for piece in found:
        start = literal.index(piece.text, position)
        position = start + len(piece.text)
        out.append((piece, offset + start, offset + position))
    return out


@given(AROUND, LITERALS, AROUND, st.booleans(), st.booleans())
def test_what_is_sure_of_a_literal_is_so_whatever_stands_around_it(
    before: str, literal: str, after: str, at_start: bool, at_end: bool
) -> None:
    before, after = "" if at_start else before, "" if at_end else after
    tokens = spans(before + literal + after)
    previous = None
    found = pieces(literal, at_start=at_start, at_end=at_end)
    for piece, start, end in located(literal, found, len(before)):
        around = [span for span in tokens if span[0] <= start and end <= span[1]]
        assert len(around) == 1, piece
        index = tokens.index(around[0])
        assert not piece.starts or around[0][0] == start
        assert not piece.ends or around[0][1] == end
        if piece.whole:
            assert around[0] == (start, end)
        if piece.follows and previous is not None:
            assert index - previous in {0, 1}
            if piece.starts:
                assert index == previous + 1
        previous = index


@given(AROUND, LITERALS, AROUND)
def test_no_boundary_falls_inside_one_run(before: str, literal: str, after: str) -> None:
    assume(is_one_run(literal))
    tokens = uax29.tokens(before + literal + after)
    assert any(literal.lower() in token for token in tokens)


@given(AROUND, st.text("aB9_.,'", min_size=1, max_size=6), AROUND)
def test_no_boundary_falls_inside_a_run_of_word_characters(
    before: str, literal: str, after: str
) -> None:
    assume(is_one_run(literal))
    assert any(literal.lower() in token for token in uax29.tokens(before + literal + after))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wmic", True),
        ("a_b9", True),
        ("a.b", True),
        ("a'b", True),
        ("1.2", True),
        ("1,2", True),
        ("cmd.exe", True),
        ("a,b", False),
        ("a.1", False),
        ("1'2", False),
        ("a:b", False),
        ("a.", False),
        (".a", False),
        ("net user", False),
        ("-enc", False),
        ("é", False),
        ("_", False),
        ("", False),
        ("a" * MAX_TOKEN, True),
        ("a" * (MAX_TOKEN + 1), False),
    ],
)
def test_which_texts_are_one_run(text: str, expected: bool) -> None:
    assert is_one_run(text) is expected


def shown(text: str, **edges: bool) -> list[str]:
    """Return pieces with `[` and `]` at sure edges, and `+` where one follows the one before."""
    found = pieces(text, at_start=edges.get("at_start", False), at_end=edges.get("at_end", False))
    return [
        ("+" if one.follows else "")
        + ("[" if one.starts else "")
        + one.text
        + ("]" if one.ends else "")
        for one in found
    ]


@pytest.mark.parametrize(
    ("text", "edges", "expected"),
    [
        ("net user", {}, ["net]", "+[user"]),
        ("net user add", {}, ["net]", "+[user]", "+[add"]),
        ("net user", {"at_start": True, "at_end": True}, ["[net]", "+[user]"]),
        ("\\cmd.exe", {}, ["[cmd.exe"]),
        ("\\cmd.exe", {"at_end": True}, ["[cmd.exe]"]),
        (" -enc ", {}, ["[enc]"]),
        ("a:b", {}, ["a", "b"]),
        ("a;b", {}, ["a", "b"]),
        ("a.1", {}, ["a]", "+[1"]),
        ("a, b", {}, ["a]", "+[b"]),
        ("a.", {}, ["a"]),
        (".a", {}, ["a"]),
        ("aéb", {}, ["a", "b"]),
        ("a __ b", {}, ["a]", "[b"]),
        ("_ -/", {}, []),
        ("x " + "a" * 256 + " y", {}, ["x]", "[y"]),
    ],
)
def test_pieces(text: str, edges: dict[str, bool], expected: list[str]) -> None:
    assert shown(text, **edges) == expected


CASES = PATTERNS | st.lists(
    st.just(AnyRun) | st.builds(Literal, st.text("aB9. \\", min_size=1, max_size=6)), max_size=3
).map(lambda parts: ir.tidy(tuple(parts)))
TEXTS = st.text("aAbB9. \\", max_size=8)


def any_matches(patterns: list[ir.Pattern], text: str) -> bool:
    return any(evaluate(StringMatch("F", one, cased=True), {"F": text}) for one in patterns)


@given(CASES, TEXTS)
def test_spelling_out_matches_every_letter_case_and_nothing_else(
    pattern: ir.Pattern, text: str
) -> None:
    patterns = spelled_out(pattern)
    assume(patterns is not None)
    assert len(patterns) <= 8
    assert any_matches(patterns, text) is evaluate(StringMatch("F", pattern), {"F": text})


@given(CASES, st.data())
def test_widening_misses_nothing(pattern: ir.Pattern, data: st.DataObject) -> None:
    text = "".join(
        data.draw(st.sampled_from(every_case(part.text)))
        if isinstance(part, Literal)
        else data.draw(st.text("aB", min_size=int(part is ir.AnyOne), max_size=1))
        for part in pattern
    )
    assert evaluate(StringMatch("F", pattern), {"F": text})
    patterns = widened(pattern)
    assert len(patterns) <= 8
    if patterns:
        assert any_matches(patterns, text)
        assert not any(
            char in part.text
            for one in patterns
            for part in one
            if isinstance(part, Literal)
            for char in " \\"
        )


def written(patterns: list[ir.Pattern] | None) -> list[str] | None:
    return None if patterns is None else [ir.pattern_text(one) for one in patterns]


def test_spellings_by_example() -> None:
    assert every_case("a1B") == ["a1b", "a1B", "A1b", "A1B"]
    assert letters("a1é-") == 2
    assert written(spelled_out((Literal("a1"), AnyRun, Literal("-")))) == ["a1*-", "A1*-"]
    assert spelled_out((Literal("ab"), AnyRun, Literal("cd"))) is None
    assert written(spelled_out(())) == [""]


@pytest.mark.parametrize(
    ("pattern", "first", "count"),
    [
        ((Literal("abc"),), "abc", 8),
        ((Literal("abcd"),), "abc*", 8),
        ((Literal("abcd"), AnyRun), "abc*", 8),
        ((AnyRun, Literal("ab12cd")), "*ab12c*", 8),
        ((AnyRun, Literal("x abc")), "*abc*", 8),
        ((Literal("x"), AnyRun, Literal("ab12")), "*ab12", 4),
        ((Literal("a b"),), None, 0),
        ((AnyRun,), None, 0),
    ],
)
def test_widening_by_example(pattern: ir.Pattern, first: str | None, count: int) -> None:
    found = written(widened(pattern))
    assert (found[0] if found else None, len(found or [])) == (first, count)


PATH = Column("path", "keyword", "path.text", "name")
LINE = Column("line", "wildcard", "line.text")
PLAIN = Column("plain", "keyword")


def handled(column: Column, shape: Shape, text: str, *, cased: bool = False) -> ir.Node:
    return CAPABILITIES.handle(StringMatch(column, ir.pattern(shape, text), cased))


def test_one_run_inside_an_analysed_field_is_exact() -> None:
    found = handled(LINE, Shape.CONTAINS, "WMIC")
    assert found == StringMatch(Column("line.text", "text"), ir.pattern(Shape.CONTAINS, "WMIC"))


def test_two_words_are_a_phrase_above_and_a_spelling_below() -> None:
    found = handled(LINE, Shape.EQUALS, "net user")
    assert isinstance(found, Approx)
    assert found.upper.node == StringMatch(
        Column("line.text", "text"), ir.pattern(Shape.EQUALS, "net user")
    )
    assert found.upper.loss == 0.1
    assert {ir.value_text(leaf) for leaf in ir.leaves(found.lower.node)} == {
        "net user",
        "NET USER",
        "Net user",
    }


def test_the_end_of_a_path_is_its_base_name_below() -> None:
    found = handled(PATH, Shape.ENDSWITH, "\\Cmd.exe")
    assert isinstance(found, Approx)
    assert ir.value_text(ir.leaves(found.upper.node)[0]) == "Cmd.exe"
    assert {ir.field_name(leaf) for leaf in ir.leaves(found.lower.node)} == {"name"}
    assert [ir.value_text(leaf) for leaf in ir.leaves(found.lower.node)] == [
        "Cmd.exe",
        "cmd.exe",
        "CMD.EXE",
    ]


def test_few_letters_without_an_analysed_field_are_spelled_out() -> None:
    found = handled(PLAIN, Shape.STARTSWITH, "a1")
    assert [ir.value_text(leaf) for leaf in ir.leaves(found)] == ["a1*", "A1*"]
    many = handled(PLAIN, Shape.EQUALS, "abcd")
    assert isinstance(many, Approx)
    assert len(ir.leaves(many.upper.node)) == 8
    assert many.upper.note.code == "SG303"


def test_a_match_that_needs_no_case_is_said_with_case() -> None:
    for column, text in ((PLAIN, "1-2"), (LINE, "12")):
        found = handled(column, Shape.EQUALS, text)
        assert isinstance(found, StringMatch)
        assert found.cased
    canonical = Column("plain", "keyword", canonical=True)
    assert isinstance(handled(canonical, Shape.EQUALS, "High"), StringMatch)


def test_a_wildcard_with_white_space_or_a_backslash_cannot_be_written() -> None:
    def pattern(text: str) -> ir.Pattern:
        return ir.pattern(Shape.CONTAINS, text)

    assert can_write(pattern("ab"), PLAIN)
    assert not can_write(pattern("a b"), LINE)
    assert not can_write(pattern("a\\b"), PLAIN)
    assert can_write(pattern("a\\b"), LINE)  # only a keyword field reads it as an escape
    assert can_write(ir.pattern(Shape.EQUALS, "a b"), PLAIN)
    found = handled(PLAIN, Shape.CONTAINS, "ab cd ef", cased=True)
    assert isinstance(found, Approx)
    assert found.lower.node == ir.FALSE
    assert found.upper.note.code == "SG301"
    assert handled(PLAIN, Shape.CONTAINS, "a b", cased=True).upper.node == ir.TRUE


def test_a_literal_without_a_sure_piece_has_no_bound_above() -> None:
    found = handled(LINE, Shape.CONTAINS, "é -")
    assert isinstance(found, Approx)
    assert (found.upper.node, found.upper.loss) == (ir.TRUE, 1.0)
    assert found.lower.node == ir.FALSE


def test_short_pieces_count_only_where_there_is_nothing_longer() -> None:
    both = handled(LINE, Shape.CONTAINS, "a - net")
    assert isinstance(both, Approx)
    assert [ir.value_text(leaf) for leaf in ir.leaves(both.upper.node)] == ["net*"]
    alone = handled(LINE, Shape.CONTAINS, "a b")
    assert isinstance(alone, Approx)
    assert [ir.value_text(leaf) for leaf in ir.leaves(alone.upper.node)] == ["*a", "b*"]
    assert alone.upper.loss == 0.3


def test_a_number_is_empty_where_it_is_missing() -> None:
    column = Column("pid", "long")
    assert CAPABILITIES.handle(ir.IsEmpty(column)) == ir.IsNull(column)


def test_only_bound_leaves_are_legalised() -> None:
    with pytest.raises(TypeError):
        CAPABILITIES.table["keyword", "equals"](StringMatch("F", ir.pattern(Shape.EQUALS, "a1")))


def test_spellings_that_cannot_be_written_are_bounded() -> None:
    found = handled(PLAIN, Shape.CONTAINS, "a 12")
    assert isinstance(found, Approx)
    assert found.upper.node == StringMatch(
        ir.leaves(found.upper.node)[0].field, ir.pattern(Shape.CONTAINS, "12"), cased=True
    )
    assert found.lower.node == ir.FALSE
