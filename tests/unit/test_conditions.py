"""A condition that is read without pySigma's grammar is read as pySigma reads it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.exceptions import SigmaConditionError

from sigmaglot.conditions import read_condition
from sigmaglot.frontend import by_pysigma

WRITTEN = [
    "selection",
    "not selection",
    "a and b and c",
    "a or b and not c",
    "a and (b or c)",
    "(a and b) or (c and not 1 of filter_*)",
    "((a))",
    "1 of selection_*",
    "any of them",
    "all of a_*_b and not 1 of filter_main_* and not filter-optional",
    "not (a or b)",
    "name-with-dashes or _under",
]
ODD = [
    "notepad",
    "a orb",
    "a  and\nb",
    "not not a",
    "1",
    "all or any",
    "1  of x",
    "original",
    "1 of a-b",
]
"""Conditions that mean something to pySigma, and not always what they seem to say."""
WRONG = ["", "a and", "and", "(a", "a)", "a b", "sel*", "1 of", "a AND b", "a | count()", "é"]

WORDS = [
    "a",
    "b1",
    "not",
    "and",
    "or",
    "1",
    "all",
    "any",
    "of",
    "them",
    "x_*",
    "(",
    ")",
    "nota",
    "-",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)


def by_us(text: str) -> Any:
    return read_condition(text) or by_pysigma(text)


def reading(read: Any, text: str) -> Any:
    try:
        return read(text)
    except SigmaConditionError as error:
        return str(error)


@pytest.mark.parametrize("text", [*WRITTEN, *ODD, *WRONG])
def test_a_condition_is_read_as_pysigma_reads_it(text: str) -> None:
    assert reading(by_us, text) == reading(by_pysigma, text)


@given(TEXTS)
def test_any_words_are_read_as_pysigma_reads_them(text: str) -> None:
    assert reading(by_us, text) == reading(by_pysigma, text)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_rules_write_needs_no_grammar(text: str) -> None:
    assert read_condition(text) == by_pysigma(text)


def test_deep_nesting_is_read_as_pysigma_reads_it() -> None:
    text = "(" * 400 + "a" + ")" * 400
    assert reading(by_us, text) == reading(by_pysigma, text)
