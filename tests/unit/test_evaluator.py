"""What each kind of match means, by running it: the specification in one table after another."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit_helpers import EVENTS, FIELDS, PATTERNS, condition_of, matches

from sigmaglot import ir
from sigmaglot.errors import RuleError
from sigmaglot.evaluate import evaluate


@pytest.mark.parametrize(
    ("selection", "value", "expected"),
    [
        # a text equals the whole value, without letter case
        ("{F: cmd.exe}", "cmd.exe", True),
        ("{F: cmd.exe}", "CMD.Exe", True),
        ("{F: CMD.EXE}", "cmd.exe", True),
        ("{F: cmd.exe}", "cmd.exe ", False),
        ("{F: cmd.exe}", "cmdXexe", False),
        ("{F: ÉTÉ}", "été", True),
        # cased
        ("{F|cased: Cmd}", "Cmd", True),
        ("{F|cased: Cmd}", "cmd", False),
        ("{F|contains|cased: Cmd}", "a Cmd b", True),
        ("{F|contains|cased: Cmd}", "a CMD b", False),
        ("{F|cased: C*d}", "Command", True),
        ("{F|cased: C*d}", "command", False),
        # modifiers of place
        ("{F|contains: x y}", "ax Yb", True),
        ("{F|startswith: ab}", "ABc", True),
        ("{F|startswith: ab}", "cab", False),
        ("{F|endswith: ab}", "cAB", True),
        ("{F|endswith: ab}", "abc", False),
        # wildcards: `*` is any text, `?` exactly one character, a backslash makes them data
        ("{F: 'a*c'}", "ac", True),
        ("{F: 'a*c'}", "aXYc", True),
        ("{F: 'a*c'}", "aXYcd", False),
        ("{F: 'a*c'}", "a\nc", True),
        ("{F: 'a?c'}", "aBC", True),
        ("{F: 'a?c'}", "ac", False),
        ("{F: 'a?c'}", "abbc", False),
        ("{F: 'a?c'}", "a\nc", True),
        ("{F: 'a*b?d'}", "aXbcd", True),
        ("{F: 'a.c*e?'}", "abcdef", False),
        ("{F: 'a\\*c'}", "a*c", True),
        ("{F: 'a\\*c'}", "abc", False),
        ("{F: 'a\\?c'}", "abc", False),
        ("{F: '*'}", "", True),
        # numbers and booleans of the event compare by their text
        ("{F: '5'}", 5, True),
        ("{F|startswith: '5'}", 51, True),
        ("{F: true}", True, True),
        ("{F: true}", "TRUE", True),
        ("{F: true}", False, False),
        ("{F: false}", "false", True),
        ("{F: 'true'}", True, True),
        ("{F: 'true'}", 1, False),
        # '' is a present, empty value
        ("{F: ''}", "", True),
        ("{F: ''}", " ", False),
        ("{F: ''}", 0, False),
    ],
)
def test_texts(selection: str, value: object, expected: bool) -> None:
    assert matches(selection, {"F": value}) is expected


@pytest.mark.parametrize(
    "selection",
    [
        "{F: a}",
        "{F: ''}",
        "{F: '*'}",
        "{F|cased: a}",
        "{F|cased: 'a*b'}",
        "{F: [a, b]}",
        "{F|cased: [a, b]}",
        "{F|re: ''}",
        "{F|cidr: 0.0.0.0/0}",
        "{F: 0}",
        "{F|gte: 0}",
        "{F|fieldref: F}",
        "{F|hour: 0}",
    ],
)
@pytest.mark.parametrize("event", [{}, {"F": None}, {"f": "a"}])
def test_a_missing_or_null_field_makes_a_match_false_and_its_negation_true(
    selection: str, event: dict[str, object]
) -> None:
    assert matches(selection, event) is False
    assert evaluate(condition_of(f"selection: {selection}", "not selection"), event) is True


@pytest.mark.parametrize(
    ("selection", "value", "expected"),
    [
        ("{F|re: b+}", "abbc", True),
        ("{F|re: b+}", "ABBC", False),
        ("{F|re: '^b'}", "ab", False),
        ("{F|re: 'a.c'}", "a\nc", False),
        ("{F|re|s: 'a.c'}", "a\nc", True),
        ("{F|re|i: b+}", "ABBC", True),
        ("{F|re: '(?i)b+'}", "ABBC", True),
        ("{F|re: '^b'}", "a\nb", False),
        ("{F|re|m: '^b'}", "a\nb", True),
        ("{F|re|i|m|s: '^b.c'}", "a\nB\nC", True),
        ("{F|re: '^1'}", 12, True),
        ("{F|re: ''}", "", True),
    ],
)
def test_a_regex_searches_and_is_case_sensitive(
    selection: str, value: object, expected: bool
) -> None:
    assert matches(selection, {"F": value}) is expected


@pytest.mark.parametrize(
    ("network", "value", "expected"),
    [
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.0.0.1/32", "10.0.0.1", True),
        ("10.0.0.0/8", "fe80::1", False),
        ("fe80::/10", "FE80::1", True),
        ("fe80::/10", "fec0::1", False),
        ("::1/128", "0:0:0:0:0:0:0:1", True),
        ("10.0.0.0/8", "10.0.0.1:80", False),
        ("10.0.0.0/8", "host", False),
        ("0.0.0.0/0", "", False),
    ],
)
def test_networks(network: str, value: str, expected: bool) -> None:
    assert matches(f"{{F|cidr: '{network}'}}", {"F": value}) is expected


@pytest.mark.parametrize(
    ("selection", "value", "expected"),
    [
        ("{F: 5}", 5, True),
        ("{F: 5}", "5", True),
        ("{F: 5}", "05", True),
        ("{F: 5}", "+5", True),
        ("{F: -5}", "-5", True),
        ("{F: 5}", 5.0, True),
        ("{F: 5}", "5.0", True),
        ("{F: 5}", "5 ", False),
        ("{F: 5}", "five", False),
        ("{F: 5}", "", False),
        ("{F: 5}", "0x5", False),
        ("{F: 1}", True, False),
        ("{F: 1}", [1], False),
        ("{F: 1.5}", "1.5", True),
        ("{F|lt: 5}", 4, True),
        ("{F|lt: 5}", 5, False),
        ("{F|lte: 5}", "5", True),
        ("{F|lte: 5}", "6", False),
        ("{F|gt: 5}", "10", True),
        ("{F|gt: 5}", 5, False),
        ("{F|gte: 5}", 5, True),
        ("{F|gte: 5}", "4.9", False),
        ("{F|gte: 5}", "x", False),
    ],
)
def test_numbers(selection: str, value: object, expected: bool) -> None:
    assert matches(selection, {"F": value}) is expected


@pytest.mark.parametrize(
    ("selection", "event", "expected"),
    [
        ("{F|neq: a}", {"F": "a"}, False),
        ("{F|neq: a}", {"F": "A"}, False),
        ("{F|neq: a}", {"F": "b"}, True),
        ("{F|neq: a}", {}, True),
        ("{F|neq: [a, b]}", {"F": "b"}, False),
        ("{F|neq: [a, b]}", {"F": "c"}, True),
        ("{F|exists: true}", {"F": "a"}, True),
        ("{F|exists: true}", {"F": None}, True),
        ("{F|exists: true}", {"F": ""}, True),
        ("{F|exists: true}", {}, False),
        ("{F|exists: false}", {"F": None}, False),
        ("{F|exists: false}", {}, True),
        ("{F: null}", {}, True),
        ("{F: null}", {"F": None}, True),
        ("{F: null}", {"F": ""}, False),
        ("{F: null}", {"F": 0}, False),
        ("{F: [null, '']}", {"F": ""}, True),
        ("{F: [null, '']}", {}, True),
        ("{F: [null, '']}", {"F": "a"}, False),
    ],
)
def test_presence(selection: str, event: dict[str, object], expected: bool) -> None:
    assert matches(selection, event) is expected


@pytest.mark.parametrize(
    ("modifiers", "left", "right", "expected"),
    [
        ("fieldref", "Ab", "aB", True),
        ("fieldref", "ab", "abc", False),
        ("fieldref", 5, "5", True),
        ("fieldref|startswith", "abc", "AB", True),
        ("fieldref|startswith", "ab", "abc", False),
        ("fieldref|endswith", "abc", "BC", True),
        ("fieldref|endswith", "abc", "ab", False),
        ("fieldref|contains", "abcd", "BC", True),
        ("fieldref|contains", "abcd", "bd", False),
        ("fieldref|contains", "abcd", "", True),
        ("fieldref", "a", None, False),
    ],
)
def test_a_field_compares_with_another(
    modifiers: str, left: object, right: object, expected: bool
) -> None:
    assert matches(f"{{F|{modifiers}: G}}", {"F": left, "G": right}) is expected
    assert matches(f"{{F|{modifiers}: G}}", {"F": left}) is False


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("{F|minute: 7}", True),
        ("{F|hour: 23}", True),
        ("{F|day: 1}", True),
        ("{F|month: 1}", True),
        ("{F|year: 2021}", True),
        ("{F|week: 53}", True),  # ISO 8601: the last week of 2020
        ("{F|week: 1}", False),
        ("{F|hour: [7, 23]}", True),
        ("{F|hour|gte: 22}", True),
        ("{F|hour|lt: 23}", False),
        ("{F|minute|gt: 7}", False),
        ("{F|day|lte: 1}", True),
    ],
)
def test_parts_of_a_timestamp(selection: str, expected: bool) -> None:
    for text in ("2021-01-01T23:07:59", "2021-01-01 23:07:59.123", "2021-01-01T23:07:59+05:00"):
        assert matches(selection, {"F": text}) is expected
    for text in ("", "yesterday", "23:07"):
        assert matches(selection, {"F": text}) is False


@pytest.mark.parametrize(
    ("selection", "event", "expected"),
    [
        ("[mimikatz, other]", {"A": "a", "B": "run MIMIKATZ now"}, True),
        ("[mimikatz, other]", {"A": "a"}, False),
        ("[mimikatz]", {}, False),
        ("[mimikatz]", {"A": None}, False),
        ("['a*b']", {"A": "xaxbx"}, True),
        ("[4688]", {"EventID": 4688}, True),
        ("[4688]", {"A": "x 14688 y"}, True),
        ("{'|all': [one, two]}", {"A": "one", "B": "two"}, True),
        ("{'|all': [one, two]}", {"A": "one"}, False),
        ("{'|re': 'm.m'}", {"A": "x", "B": "amimb"}, True),
        ("{'|re': 'm.m'}", {"A": "MIM"}, False),
        ("{'|re|i': 'm.m'}", {"A": "MIM"}, True),
        ("{'|cased': Mim}", {"A": "a Mim b"}, True),
        ("{'|cased': Mim}", {"A": "a mim b"}, False),
        ("{'|windash': '-m'}", {"A": "a /M b"}, True),
    ],
)
def test_keywords_stand_anywhere_in_any_field(
    selection: str, event: dict[str, object], expected: bool
) -> None:
    assert matches(selection, event) is expected


def test_a_dash_stands_for_the_five_characters_that_windows_programs_take() -> None:
    for dash in "-/–—―":
        assert matches("{F|windash|contains: ' -enc'}", {"F": f"powershell {dash}ENC x"})
    for dash in ("−", "+", ""):
        assert not matches("{F|windash|contains: ' -enc'}", {"F": f"powershell {dash}enc x"})


def test_a_dash_inside_a_word_is_just_a_dash() -> None:
    assert matches("{F|windash|contains: '-f a-b'}", {"F": "x /f a-b"})
    assert not matches("{F|windash|contains: '-f a-b'}", {"F": "x -f a/b"})


def test_a_list_under_all_takes_any_dash_for_each_value() -> None:
    assert matches("{F|windash|contains|all: [' -a', ' -b']}", {"F": "x /a -b"})
    assert not matches("{F|windash|contains|all: [' -a', ' -b']}", {"F": "x /a /c"})


def encoded(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


def test_base64_is_the_encoded_value_whole() -> None:
    assert matches("{F|base64: ping}", {"F": encoded("ping")})
    assert matches("{F|base64|contains: foobar}", {"F": "x" + encoded("foobar") + "y"})
    assert not matches("{F|base64: ping}", {"F": "ping"})


@given(st.text("abc ", max_size=7), st.text("xyz ", max_size=7), st.booleans())
@example("", "", False)
@example("a", "", False)
@example("ab", "z", True)
def test_a_value_is_found_in_base64_at_each_of_the_three_offsets(
    before: str, after: str, wide: bool
) -> None:
    modifier, encoding = ("wide|", "utf-16le") if wide else ("", "utf-8")
    selection = f"{{F|{modifier}base64offset|contains: whoami}}"
    assert matches(selection, {"F": encoded(f"{before}whoami{after}", encoding)})
    assert not matches(selection, {"F": encoded(f"{before}notepad{after}", encoding)})


@pytest.mark.parametrize(
    ("modifier", "encoded_value"),
    [
        ("wide", b"p\0i\0n\0g\0"),
        ("utf16le", b"p\0i\0n\0g\0"),
        ("utf16be", b"\0p\0i\0n\0g"),
    ],
)
def test_the_value_is_encoded_before_base64(modifier: str, encoded_value: bytes) -> None:
    value = base64.b64encode(encoded_value).decode()
    assert matches(f"{{F|{modifier}|base64: ping}}", {"F": value})
    assert not matches("{F|base64: ping}", {"F": value})


def test_a_byte_order_mark_is_refused() -> None:
    with pytest.raises(RuleError, match="SG129 `utf16` cannot be encoded"):
        matches("{F|utf16|base64: ping}", {"F": ""})


@pytest.mark.parametrize(
    ("selection", "event", "expected"),
    [
        ("{F: [a, b]}", {"F": "B"}, True),
        ("{F: [a, b]}", {"F": "c"}, False),
        ("{F|contains: [a, b]}", {"F": "xBx"}, True),
        ("{F|startswith: [a, b]}", {"F": "bx"}, True),
        ("{F|endswith: [a, b]}", {"F": "bx"}, False),
        ("{F|cased: [a, B]}", {"F": "b"}, False),
        ("{F|contains|cased: [a, B]}", {"F": "xBx"}, True),
        ("{F: [a, 'b*', '*c', 5, null]}", {"F": "xc"}, True),
        ("{F: [a, 'b*', '*c', 5, null]}", {"F": "5"}, True),
        ("{F: [a, 'b*', '*c', 5, null]}", {}, True),
        ("{F: [a, 'b*', '*c', 5, null]}", {"F": "x"}, False),
        ("{F|contains|all: [a, b]}", {"F": "b a"}, True),
        ("{F|contains|all: [a, b]}", {"F": "b"}, False),
        ("{F: a, G: b}", {"F": "a", "G": "b"}, True),
        ("{F: a, G: b}", {"F": "a", "G": "c"}, False),
        ("{F: a, G: b, H: c}", {"F": "a", "G": "b", "H": "x"}, False),
        ("{F: a, G: b, H: c}", {"F": "a", "G": "b", "H": "C"}, True),
        ("[{F: a}, {G: b}]", {"G": "b"}, True),
        ("[{F: a}, {G: b}]", {"F": "b"}, False),
    ],
)
def test_lists_and_maps(selection: str, event: dict[str, object], expected: bool) -> None:
    assert matches(selection, event) is expected


SELECTIONS = "sel_a: {F: a}\nsel_b: {G: b}\nother: {H: c}"
A, B, C = {"F": "a"}, {"G": "b"}, {"H": "c"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [  # for: nothing, a, b, c, a+b, a+b+c
        ("sel_a", (0, 1, 0, 0, 1, 1)),
        ("not sel_a", (1, 0, 1, 1, 0, 0)),
        ("not (not sel_a)", (0, 1, 0, 0, 1, 1)),
        ("sel_a and sel_b", (0, 0, 0, 0, 1, 1)),
        ("sel_a or sel_b and other", (0, 1, 0, 0, 1, 1)),
        ("(sel_a or sel_b) and not other", (0, 1, 1, 0, 1, 0)),
        ("1 of sel_*", (0, 1, 1, 0, 1, 1)),
        ("any of sel_*", (0, 1, 1, 0, 1, 1)),
        ("all of sel_*", (0, 0, 0, 0, 1, 1)),
        ("1 of them", (0, 1, 1, 1, 1, 1)),
        ("all of them", (0, 0, 0, 0, 0, 1)),
        ("not 1 of them", (1, 0, 0, 0, 0, 0)),
        ("[sel_a, other]", (0, 1, 0, 1, 1, 1)),
    ],
)
def test_conditions(condition: str, expected: tuple[int, ...]) -> None:
    tree = condition_of(SELECTIONS, condition)
    found = tuple(int(evaluate(tree, event)) for event in ({}, A, B, C, A | B, A | B | C))
    assert found == expected


def test_leaves_that_no_yaml_says() -> None:
    empty = ir.IsEmpty("F")
    assert [
        evaluate(empty, event) for event in ({}, {"F": None}, {"F": ""}, {"F": "a"}, {"F": 0})
    ] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert evaluate(ir.TRUE, {}) is True
    assert evaluate(ir.FALSE, {"F": "a"}) is False
    assert evaluate(ir.And(()), {}) is True
    assert evaluate(ir.Or(()), {}) is False


def test_a_placeholder_matches_nothing() -> None:
    tree = condition_of("selection: {F|expand: '%list%'}")
    assert tree == ir.Placeholder("F", "list")
    assert evaluate(tree, {"F": "%list%"}) is False
    assert condition_of("selection: {'|expand': '%list%'}") == ir.Placeholder("", "list")


def test_columns_are_looked_up_by_their_name() -> None:
    column, other = ir.Column("Name"), ir.Column("Other", "long")
    assert evaluate(ir.StringMatch(column, ir.pattern(ir.Shape.EQUALS, "a")), {"Name": "A"})
    assert evaluate(ir.FieldMatch(column, other), {"Name": "5", "Other": 5})


@pytest.mark.parametrize("wrap", [lambda node: node, ir.Not, lambda node: ir.Or((ir.TRUE, node))])
def test_an_approximation_has_two_meanings_and_so_none(wrap: type[ir.Not]) -> None:
    note = ir.Note("SG301", "why")
    bounds = (ir.Bound(ir.TRUE, 1.0, note), ir.Bound(ir.FALSE, 1.0, note))
    with pytest.raises(TypeError, match="two meanings"):
        evaluate(wrap(ir.Approx(ir.IsNull("F"), *bounds)), {})


@given(st.lists(st.tuples(st.sampled_from(FIELDS), PATTERNS, st.booleans()), max_size=5), EVENTS)
def test_an_or_of_texts_is_true_where_one_of_them_is(
    parts: list[tuple[str, ir.Pattern, bool]], event: dict[str, object]
) -> None:
    tests = [ir.StringMatch(*part) for part in parts]
    assert evaluate(ir.Or(tuple(tests)), event) is any(evaluate(test, event) for test in tests)
