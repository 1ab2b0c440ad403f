"""Registry paths and data as Sysmon writes them, against a schema with other names and a type."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import Approx, Column, Compare, Exists, IsNull, Node, Op, RegexMatch, StringMatch
from sigmaglot.passes.legalise import take_side
from sigmaglot.pipelines import Entry
from sigmaglot.pipelines.rewrites import REWRITES
from sigmaglot.pipelines.rewrites.templates import fits

PATH, DATA, TYPE = Column("Path"), Column("Data"), Column("Type")
HIVES = {
    "HKEY_LOCAL_MACHINE": ("HKLM",),
    "HKEY_USERS": ("HKU",),
    "HKEY_CURRENT_USER": ("HKU",),
    "HKEY_CLASSES_ROOT": ("HKCR",),
    "HKEY_LOCAL_MACHINE\\Classes": ("HKCR",),
}
KEY = Entry("TargetObject", "registry_key", {"column": PATH}, HIVES)
KINDS = {
    "String": ("(Empty)",),
    "Dword": ("DWORD",),
    "QWord": ("QWORD",),
    "Binary": ("Binary Data",),
}
VALUE = Entry("Details", "registry_data", {"column": DATA, "type": TYPE}, KINDS)


def parts(text: str) -> ir.Pattern:
    """Return the pattern that a rule writes with `*` and `?`."""
    wild = {"*": ir.AnyRun, "?": ir.AnyOne}
    return ir.tidy(tuple(wild.get(char, ir.Literal(char)) for char in text))


def key(text: str, *, cased: bool = False) -> Node:
    return REWRITES["registry_key"](StringMatch("TargetObject", parts(text), cased), KEY)


def data(text: str, *, cased: bool = False) -> Node:
    return REWRITES["registry_data"](StringMatch("Details", parts(text), cased), VALUE)


def patterns_of(node: Node) -> set[str]:
    """Return the patterns of a disjunction over the path."""
    children = node.children if isinstance(node, ir.Or) else (node,)
    assert all(isinstance(child, StringMatch) and child.field == PATH for child in children)
    return {ir.wildcard_text(child.pattern) for child in children}  # type: ignore[union-attr]


def sides(node: Node) -> tuple[Node, Node]:
    return take_side(node, up=True).node, take_side(node, up=False).node


# -- keys ---------------------------------------------------------------------------------------

HKLM, USERS, USER = "HKEY_LOCAL_MACHINE\\", "HKEY_USERS\\", "HKEY_CURRENT_USER\\"
KEYS = [
    # a hive at the start is spelled out
    ("HKLM\\Software\\X", {f"{HKLM}Software\\X"}),
    ("hklm\\Software\\*", {f"{HKLM}Software\\*"}),
    ("HKU\\S-1-5-18\\X", {f"{USERS}S-1-5-18\\X", f"{USER}S-1-5-18\\X"}),
    ("HKCR\\x*", {"HKEY_CLASSES_ROOT\\x*", f"{HKLM}Classes\\x*"}),
    ("HKLM*\\Run", {f"{HKLM}Run", f"{HKLM}*\\Run", "HKLM*\\Run"}),
    # what does not touch the hive stays as it is
    ("*\\CurrentVersion\\Run\\*", {"*\\CurrentVersion\\Run\\*"}),
    ("*\\Control Panel\\Desktop\\Wallpaper", {"*\\Control Panel\\Desktop\\Wallpaper"}),
    ("\\REGISTRY\\A\\*", {"\\REGISTRY\\A\\*"}),
    # a hive's name may also stand deeper, as in the registry of a virtual application
    ("*HKLM\\Software\\X*", {"*HKLM\\Software\\X*", f"{HKLM}Software\\X*"}),
    # the control set in use goes by its name or by its number
    (
        "HKLM\\System\\CurrentControlSet\\Services\\*",
        {f"{HKLM}System\\{one}\\Services\\*" for one in ("CurrentControlSet", "ControlSet001")},
    ),
    (
        "*\\CurrentControlSet\\Services\\*",
        {"*\\CurrentControlSet\\Services\\*", "*\\ControlSet001\\Services\\*"},
    ),
    ("*ControlSet\\Services\\*", {"*ControlSet\\Services\\*", "*\\ControlSet001\\Services\\*"}),
    ("*ControlSet*", {"*ControlSet*"}),
    ("*\\Software\\X\\CurrentControlSet", {"*\\Software\\X\\CurrentControlSet"}),
]


@pytest.mark.parametrize(("written", "expected"), KEYS, ids=[one for one, _ in KEYS])
def test_a_registry_path_is_looked_for_under_the_names_that_are_stored(
    written: str, expected: set[str]
) -> None:
    assert patterns_of(key(written)) == expected


def test_the_current_user_is_some_users_hive_which_is_more_than_the_rule_says() -> None:
    upper, lower = sides(key("HKCU\\Software\\X"))
    stored = {"Path": f"{USERS}S-1-5-21-1\\Software\\X"}
    assert evaluate(upper, stored)
    assert not evaluate(lower, stored)


def test_another_control_set_may_be_the_one_in_use() -> None:
    node = key("*\\System\\ControlSet*")
    assert isinstance(node, Approx)
    in_use = {"Path": f"{HKLM}SYSTEM\\ControlSet001\\Services"}
    other = {"Path": f"{HKLM}SYSTEM\\ControlSet002\\Services"}
    upper, lower = sides(node)
    assert (evaluate(upper, in_use), evaluate(lower, in_use)) == (True, False)
    assert evaluate(lower, other)


def test_a_word_in_the_name_of_a_hive_is_not_found_there() -> None:
    node = key("*machine*")
    assert not evaluate(node, {"Path": f"{HKLM}Software\\X"})
    assert evaluate(node, {"Path": f"{HKLM}Software\\Machine"})
    assert evaluate(node, {"Path": "\\REGISTRY\\MACHINE\\X"})


def test_an_expression_is_bounded_by_its_literals() -> None:
    leaf = RegexMatch("TargetObject", r"\\CurrentControlSet\\Services\\[a-z]+$")
    upper, lower = sides(REWRITES["registry_key"](leaf, KEY))
    assert evaluate(upper, {"Path": f"{HKLM}SYSTEM\\ControlSet001\\Services\\abc"})
    assert lower == ir.FALSE


@pytest.mark.parametrize("leaf", [IsNull("TargetObject"), Exists("TargetObject")])
def test_a_test_of_presence_is_one_of_the_column(leaf: Any) -> None:
    assert REWRITES["registry_key"](leaf, KEY) == type(leaf)(PATH)


PIECES = st.sampled_from(
    "* ? \\ HKLM HKLM\\ hku\\ LM\\S M\\ \\System \\System\\ CurrentControlSet \\CurrentControlSet\\ "
    "\\Curr current ControlSet \\ControlSet ControlSet\\ Set\\Services \\Services users machine _ "
    "HKEY S-1-5-18 x 001".split()
)
PATTERNS = st.lists(PIECES, min_size=1, max_size=4).map("".join)
SEGMENTS = st.sampled_from(
    "System Services CurrentControlSet Software HKLM users Machine x S-1-5-18 SYSTEM Current".split()
)
OBJECTS = st.builds(
    lambda hive, segments: "\\".join((hive, *segments)),
    st.sampled_from(["HKLM", "HKU", "HKCR", "\\REGISTRY\\A"]),
    st.lists(SEGMENTS, min_size=1, max_size=4),
)


def stored_paths(path: str) -> list[str]:
    """Return each way in which the schema may store a path of Sysmon's."""
    hive, _, rest = path.partition("\\")
    single = [name for name, known in HIVES.items() if hive in known and "\\" not in name]
    found = [f"{name}\\{rest}" for name in single] or [path]
    in_use = re.compile(r"(HKEY_LOCAL_MACHINE\\SYSTEM\\)CurrentControlSet(?=\\|$)", re.IGNORECASE)
    return found + [in_use.sub(r"\1ControlSet001", one) for one in found]


@given(PATTERNS, OBJECTS)
@example("HKLM\\System\\CurrentControlSet\\Services", "HKLM\\SYSTEM\\CurrentControlSet\\Services")
@example("*\\System\\ControlSet*", "HKLM\\SYSTEM\\CurrentControlSet\\Services")
@example("*users*", "HKU\\S-1-5-18\\x")
def test_a_rewritten_path_bounds_the_leaf_however_it_is_stored(written: str, path: str) -> None:
    leaf = StringMatch("TargetObject", parts(written))
    means = evaluate(leaf, {"TargetObject": path})
    upper, lower = sides(REWRITES["registry_key"](leaf, KEY))
    for stored in stored_paths(path):
        assert evaluate(lower, {"Path": stored}) <= means <= evaluate(upper, {"Path": stored})


# -- data ---------------------------------------------------------------------------------------


def row(text: str) -> dict[str, str]:
    """Return data and type as the schema stores what Sysmon writes so."""
    if text == "(Empty)":
        return {"Data": "", "Type": "String"}
    if text == "Binary Data":
        return {"Data": "", "Type": "Binary"}
    digits = re.findall("0x([0-9a-f]{8})", text)
    if re.fullmatch(r"[DQ]WORD \(.*\)", text):
        return {"Data": str(int("".join(digits), 16)), "Type": f"{text[0]}word"}
    return {"Data": text, "Type": "String"}


DETAILS = [
    "DWORD (0x00000000)",
    "DWORD (0x00000001)",
    "DWORD (0x00000010)",
    "DWORD (0x000000ab)",
    "QWORD (0x00000000-0x00000001)",
    "QWORD (0x00000001-0x00000001)",
    "(Empty)",
    "Binary Data",
    "1",
    "16",
    "0",
    "a DWORD (0x00000001) in words",
    "0x00000001",
    "word",
    "C:\\x",
]


def found(node: Node, texts: list[str] = DETAILS) -> list[str]:
    return [text for text in texts if evaluate(node, row(text))]


EXACT_DATA = {
    "DWORD (0x00000001)": ["DWORD (0x00000001)"],
    "dword (0x000000AB)": ["DWORD (0x000000ab)"],
    "QWORD (0x00000001-0x00000001)": ["QWORD (0x00000001-0x00000001)"],
    "DWORD*": [text for text in DETAILS if text.startswith("DWORD")],
    "*DWORD (0x00000001)*": ["DWORD (0x00000001)", "a DWORD (0x00000001) in words"],
    "1": ["1"],
    "1*": ["1", "16"],
    "*0": ["0"],
    "*x*": ["a DWORD (0x00000001) in words", "0x00000001", "C:\\x"],
    "DWORD (00000001)": [],
    "word": ["word"],
    "DWORD (0x0000000?)": ["DWORD (0x00000000)", "DWORD (0x00000001)"],
}


@pytest.mark.parametrize("written", EXACT_DATA)
def test_data_is_found_by_its_value_and_type(written: str) -> None:
    upper, lower = sides(data(written))
    if written == "DWORD (0x0000000?)":
        assert set(found(lower)) <= set(EXACT_DATA[written]) <= set(found(upper))
    elif written == "*x*":
        numbers = [text for text in DETAILS if text.startswith(("DWORD", "QWORD"))]
        assert set(found(upper)) == {*EXACT_DATA[written], *numbers}
    else:
        assert found(upper) == found(lower) == EXACT_DATA[written]


def test_a_number_is_found_where_its_type_is_not_stored() -> None:
    assert evaluate(data("DWORD (0x00000004)"), {"Data": "4", "Type": ""})


def test_a_text_that_is_no_number_says_nothing_of_the_type() -> None:
    assert data("*http*") == StringMatch(DATA, parts("*http*"))


def test_letter_case_is_kept_where_the_rule_asks_for_it() -> None:
    assert found(data("DWORD (0x000000ab)", cased=True)) == ["DWORD (0x000000ab)"]
    assert found(data("DWORD (0x000000AB)", cased=True)) == []


def test_an_empty_text_cannot_be_told_from_none() -> None:
    upper, lower = sides(data("(Empty)"))
    assert found(upper) == ["(Empty)", "Binary Data"]
    assert found(lower) == ["(Empty)"]
    assert evaluate(upper, {"Data": "", "Type": ""})


def test_binary_data_may_be_of_any_type_that_is_no_text_and_no_number() -> None:
    upper, lower = sides(data("Binary Data"))
    assert found(lower) == ["Binary Data"]
    assert evaluate(upper, {"Data": "", "Type": "MultiString"})
    assert not evaluate(lower, {"Data": "", "Type": "MultiString"})


def test_a_comparison_is_one_of_texts_alone() -> None:
    node = REWRITES["registry_data"](Compare("Details", Op.EQ, 1), VALUE)
    assert found(node) == ["1"]


def test_an_expression_is_run_over_texts() -> None:
    upper, lower = sides(REWRITES["registry_data"](RegexMatch("Details", "^[0-9]+$"), VALUE))
    assert found(lower) == ["1", "16", "0"]
    assert {"DWORD (0x00000001)", "Binary Data"} <= set(found(upper))


DATA_PIECES = st.sampled_from(
    "* ? DWORD QWORD (0x 0000 00000001 00000001) 1 ) - (Empty) Empty Binary a x word".split()
    + ["DWORD (0x00000001)", "Binary Data", " ", " ("]
)


@given(st.lists(DATA_PIECES, min_size=1, max_size=4).map("".join), st.booleans())
@example("*0x00000001*", False)
def test_rewritten_data_bounds_the_leaf(written: str, cased: bool) -> None:
    leaf = StringMatch("Details", parts(written), cased)
    upper, lower = sides(REWRITES["registry_data"](leaf, VALUE))
    for text in DETAILS:
        means = evaluate(leaf, {"Details": text})
        assert evaluate(lower, row(text)) <= means <= evaluate(upper, row(text)), text


# -- templates ----------------------------------------------------------------------------------

FORM = "x(0x??)"
FITS = [
    ("x(0x1a)", {"x(0x1a)"}),
    ("X(0X1A)", {"x(0x1a)"}),
    ("x(0x1g)", set()),
    ("x(0x1)", set()),
    ("x*", {FORM}),
    ("*", {FORM}),
    ("*1*", {"x(0x1?)", "x(0x?1)"}),
    ("*0x1*", {"x(0x1?)"}),
    ("*0*", {"x(0x??)"}),
    ("x(0x?1)", {"x(0x?1)"}),
    ("???????", {FORM}),
    ("??????", set()),
]


@pytest.mark.parametrize(("written", "expected"), FITS, ids=[one for one, _ in FITS])
def test_a_pattern_fits_a_form_in_these_ways(written: str, expected: set[str]) -> None:
    assert set(fits(parts(written), FORM, cased=False)) == expected


@given(st.text("x(01a)*?", max_size=6))
def test_the_ways_to_fit_a_form_are_the_texts_that_match(written: str) -> None:
    pattern = parts(written)
    ways = fits(pattern, FORM, cased=True)
    for digits in itertools.product("0123456789abcdef", repeat=2):
        text = FORM.replace("??", "".join(digits))
        matches = evaluate(StringMatch("F", pattern, cased=True), {"F": text})
        open_digits = (re.fullmatch(re.escape(way).replace(r"\?", "."), text) for way in ways)
        assert matches == any(open_digits)
