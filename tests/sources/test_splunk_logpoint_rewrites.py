"""The rewrites that Splunk and LogPoint need: what each makes of a test, and random events."""

from __future__ import annotations

import ipaddress
from xml.sax.saxutils import escape

import pytest
from dnif_car import bounds
from hypothesis import example, given
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import (
    And,
    CidrMatch,
    Column,
    Compare,
    Exists,
    FieldLeaf,
    IsEmpty,
    IsNull,
    Node,
    Not,
    Op,
    Or,
    RegexMatch,
    StringMatch,
)
from sigmaglot.pipelines import Entry
from sigmaglot.pipelines.rewrites import REWRITES

CODE, USER, CALLER, OBJECT = (Column(name) for name in ("code", "user", "caller", "object"))
FOLDER, NAME, MAIN, XML = Column("folder"), Column("name"), Column("main"), Column("xml")
ENTRIES = {
    "by_event": Entry(
        "F",
        "by_event",
        {"event": CODE, "others": USER, "caller": CALLER, "object": OBJECT},
        {"caller": ("1", "2"), "object": ("4",), "alone": ("caller",), "without": ("1", "2", "5")},
    ),
    "folder_and_name": Entry("F", "folder_and_name", {"folder": FOLDER, "name": NAME}),
    "network_wildcards": Entry("F", "network_wildcards", {"column": MAIN}),
    "event_data": Entry("F", "event_data", {"column": XML}),
}


def text(value: str, field: ir.Field = "F", *, cased: bool = False) -> StringMatch:
    """Return a match written as a rule writes it: `*` and `?` are wildcards."""
    parts = tuple({"*": ir.AnyRun, "?": ir.AnyOne}.get(char, ir.Literal(char)) for char in value)
    return StringMatch(field, ir.tidy(parts), cased)


def rewrite(leaf: FieldLeaf, name: str, entry: Entry | None = None) -> Node:
    return REWRITES[name](leaf, entry or ENTRIES[name])


EXACT: list[tuple[str, FieldLeaf, Node]] = [
    # by_event: a column of this field alone is asked whatever the event
    (
        "by_event",
        text("a"),
        Or(
            (
                text("a", CALLER),
                And((text("4", CODE), text("a", OBJECT))),
                And(
                    (
                        Not(Or((text("1", CODE), text("2", CODE), text("5", CODE)))),
                        text("a", USER),
                    )
                ),
            )
        ),
    ),
    # folder_and_name: a path is parted at its last backslash, a folder may end in one
    ("folder_and_name", text(r"*\a.exe"), text("a.exe", NAME)),
    ("folder_and_name", text("*.exe"), text("*.exe", NAME)),
    (
        "folder_and_name",
        text(r"C:\x\a.exe"),
        And((Or((text(r"C:\x", FOLDER), text("C:\\x\\", FOLDER))), text("a.exe", NAME))),
    ),
    (
        "folder_and_name",
        text(r"*\Temp\*"),
        Or(
            (
                Or((text(r"*\Temp", FOLDER), text("*\\Temp\\", FOLDER))),
                text(r"*\Temp\*", FOLDER),
            )
        ),
    ),
    ("folder_and_name", text("*a*"), Or((text("*a*", NAME), text("*a*", FOLDER)))),
    ("folder_and_name", text("a"), And((text("a", NAME), IsNull(FOLDER)))),
    ("folder_and_name", text("*"), Not(IsNull(NAME))),
    ("folder_and_name", text(""), And((text("", NAME), IsNull(FOLDER)))),
    ("folder_and_name", IsNull("F"), IsNull(NAME)),
    ("folder_and_name", Exists("F"), Exists(NAME)),
    # network_wildcards: fixed octets, then the values of the next one
    ("network_wildcards", text("a"), text("a", MAIN)),
    ("network_wildcards", CidrMatch("F", "10.1.0.0/16"), text("10.1.*", MAIN)),
    ("network_wildcards", CidrMatch("F", "10.1.2.3/32"), text("10.1.2.3", MAIN)),
    ("network_wildcards", CidrMatch("F", "10.1.2.0/24"), text("10.1.2.*", MAIN)),
    (
        "network_wildcards",
        CidrMatch("F", "10.128.0.0/9"),
        Or(
            (
                text("10.128.*", MAIN),
                text("10.129.*", MAIN),
                *(text(f"10.1{tens}?.*", MAIN) for tens in range(3, 10)),
                text("10.2??.*", MAIN),
            )
        ),
    ),
    (
        "network_wildcards",
        CidrMatch("F", "fc00::/7"),
        Or((text("fc??:*", MAIN), text("fd??:*", MAIN))),
    ),
    # event_data: words that are neither markup nor an entity are there or nowhere
    ("event_data", text("*EngineVersion=2.*"), text("*EngineVersion=2.*", XML)),
    ("event_data", text("*a q*b q*"), text("*a q*b q*", XML)),
]


@pytest.mark.parametrize(("name", "leaf", "expected"), EXACT)
def test_a_test_becomes_this_one(name: str, leaf: FieldLeaf, expected: Node) -> None:
    assert rewrite(leaf, name) == expected


UPPER: list[tuple[str, FieldLeaf, Node]] = [
    # what XML may write as entities, and an end or a start of the data
    ("event_data", text("*a & b*"), text("*a * b*", XML)),
    ("event_data", text("*x q"), text("*x q*", XML)),
    ("event_data", text("x q*"), text("*x q*", XML)),
    # markup, hexadecimal digits of a binary element, tails of entities
    ("event_data", text("*data*"), text("*data*", XML)),
    ("event_data", text("*4d00*"), text("*4d00*", XML)),
    ("event_data", text("*mp; x*"), text("*mp; x*", XML)),
    ("event_data", text("*&*"), ir.TRUE),
    ("event_data", text("*=?:x*"), text("*=*:x*", XML)),
    ("event_data", RegexMatch("F", "HostId=[0-9]+ q"), text("*HostId=*", XML, cased=True)),
    ("event_data", IsNull("F"), ir.TRUE),
    ("event_data", Compare("F", Op.GT, 1), ir.TRUE),
    ("folder_and_name", RegexMatch("F", r"\\a\.exe$"), text("a.exe*", NAME, cased=True)),
    ("folder_and_name", Compare("F", Op.GT, 1), ir.TRUE),
]


@pytest.mark.parametrize(("name", "leaf", "expected"), UPPER)
def test_what_cannot_be_said_has_this_upper_bound(
    name: str, leaf: FieldLeaf, expected: Node
) -> None:
    found = rewrite(leaf, name)
    assert isinstance(found, ir.Approx)
    assert found.upper.note == found.lower.note
    assert expected == found.upper.node or expected in ir.leaves(found.upper.node)


def test_a_single_wildcard_in_event_data_also_has_a_lower_bound() -> None:
    upper, lower = bounds(rewrite(text("*App=?:x*"), "event_data"))
    assert (upper, lower) == (text("*App=*:x*", XML), text("*App=?:x*", XML))


def test_a_named_element_is_sought_behind_its_tag() -> None:
    entry = Entry("F", "event_data", {"column": XML}, {"element": ("Binary",)})
    found = rewrite(text("*4d00*"), "event_data", entry)
    assert bounds(found)[0] == text("*<Binary>*4d00*", XML)


ADDRESSES_4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
ADDRESSES_6 = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address)


@st.composite
def networks_and_addresses(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a network, and an address within it, at its edge, or anywhere."""
    six = draw(st.booleans())
    base = draw(ADDRESSES_6 if six else ADDRESSES_4)
    length = draw(st.integers(0, 24 if six else 32))
    found = ipaddress.ip_network((base, length), strict=False)
    near = [int(found[0]) - 1, int(found[0]), int(found[-1]), int(found[-1]) + 1]
    number = draw(st.sampled_from(near) | (ADDRESSES_6 if six else ADDRESSES_4).map(int))
    limit = 2**128 if six else 2**32
    kind = ipaddress.IPv6Address if six else ipaddress.IPv4Address
    return str(found), str(kind(number % limit))


@given(networks_and_addresses())
@example(("10.0.0.0/8", "::ffff:10.0.0.1"))
@example(("0.0.0.0/0", "fe80::1"))
@example(("127.0.0.0/8", "127.0.0.1"))
def test_a_network_finds_its_addresses_and_no_other(drawn: tuple[str, str]) -> None:
    network, address = drawn
    leaf = CidrMatch("F", network)
    means = evaluate(leaf, {"F": address})
    upper, lower = bounds(rewrite(leaf, "network_wildcards"))
    assert evaluate(upper, {"main": address}) >= means >= evaluate(lower, {"main": address})
    if ":" not in network:
        assert upper is lower


PATTERNS = st.text("aB\\*?.", max_size=7)
PATHS = st.text("aB\\.", min_size=1, max_size=7).filter(
    lambda path: "\\" in path and not path.rpartition("\\")[0].endswith("\\")
)
"""Paths whose folder has a name: two backslashes say nothing of which one ends the folder."""


@given(PATTERNS, PATHS, st.booleans(), st.booleans())
@example(r"*\a", r"a\B\a", False, False)
@example(r"\?\*", r"\a\\", False, True)
def test_folder_and_name_say_what_the_path_says(
    pattern: str, path: str, cased: bool, closed: bool
) -> None:
    leaf = text(pattern, cased=cased)
    folder, _, name = path.rpartition("\\")
    stored = {"folder": folder + ("\\" if closed else ""), "name": name}
    means = evaluate(leaf, {"F": path})
    found = evaluate(rewrite(leaf, "folder_and_name"), stored)
    if closed and _sees_the_end(pattern):
        assert found >= means
    else:
        assert found == means


def _sees_the_end(pattern: str) -> bool:
    """Return whether a wildcard of the folder may also cover the backslash that ends it."""
    return "*" in pattern or "?" in pattern or "\\\\" in pattern or pattern.endswith("\\")


TEXTS = st.none() | st.text("aB.\\", max_size=4)
KEPT_IN = {"1": "caller", "2": "caller", "3": "user", "4": "object", "5": "", "": "user"}
"""Where an event keeps the field, by its id; event 5 has no such field."""


@given(PATTERNS, st.sampled_from(list(KEPT_IN)), TEXTS, TEXTS)
def test_the_event_decides_which_column_is_asked(
    pattern: str, code: str, value: str | None, other: str | None
) -> None:
    stored = {"code": code, "user": other, "object": other, "unknown": other}
    if KEPT_IN[code] == "user":
        del stored["object"]
    elif KEPT_IN[code] == "object":
        del stored["user"]
    event = {"F": value} if KEPT_IN[code] and value is not None else {}
    stored |= {KEPT_IN[code]: value} if event else {KEPT_IN[code]: None}
    stored = {name: one for name, one in stored.items() if one is not None}
    for leaf in (text(pattern), Exists("F"), IsNull("F"), IsEmpty("F")):
        assert evaluate(rewrite(leaf, "by_event"), stored) == evaluate(leaf, event), leaf


DATA = st.text("aqD <>&;\"'=?\n0", max_size=8)


@given(st.text("aqD* <&;\"'=?\n0", max_size=6), st.lists(DATA, min_size=1, max_size=3))
@example("*a q*", ["a", "q"])
@example("*amp*", ["&"])
@example("*mp; a*", ["& a"])
@example("*ata*", ["x"])
def test_the_xml_of_event_data_bounds_what_the_data_says(pattern: str, data: list[str]) -> None:
    leaf = text(pattern)
    xml = "".join(f"<Data>{escape(one, {chr(34): '&quot;'})}</Data>" for one in data)
    means = evaluate(leaf, {"F": "\n".join(data)})
    upper, lower = bounds(rewrite(leaf, "event_data"))
    assert evaluate(upper, {"xml": xml}) >= means
    assert evaluate(lower, {"xml": xml}) <= means
