"""How a test of a Sigma field becomes one of columns: a table for each rewrite, and its proof."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import (
    FALSE,
    TRUE,
    And,
    Approx,
    CidrMatch,
    Column,
    Compare,
    Exists,
    FieldLeaf,
    FieldMatch,
    IsEmpty,
    IsNull,
    Keyword,
    KeywordRegex,
    Node,
    Not,
    Op,
    Or,
    RegexMatch,
    Shape,
    StringMatch,
)
from sigmaglot.language import Source
from sigmaglot.passes.legalise import take_side
from sigmaglot.pipelines import Entry, Recording, bind, entry_of, load_pipeline, pipeline_names
from sigmaglot.pipelines.rewrites import REWRITES

MAIN, NAME, DOMAIN = Column("Main"), Column("Name"), Column("Domain")
MD5, SHA1, SHA256, IMPHASH = (Column(name) for name in ("Md5", "Sha1", "Sha256", "Imphash"))
NUMBER = Column("Number", "long")
ENTRIES = {
    "rename": Entry("F", "rename", {"column": MAIN}),
    "none": Entry("F", "none", reason="nobody records it"),
    "path": Entry("F", "path", {"column": MAIN, "name": NAME}),
    "base_name": Entry("F", "base_name", {"column": NAME}),
    "within": Entry("F", "within", {"column": MAIN}),
    "account": Entry("F", "account", {"domain": DOMAIN, "name": NAME}),
    "hashes": Entry("F", "hashes", {"md5": MD5, "sha1": SHA1, "sha256": SHA256}),
    "hash_value": Entry("F", "hash_value", {"column": MD5}),
    "integrity": Entry(
        "F",
        "integrity",
        {"column": MAIN},
        {"Low": ("S-1-16-4096",), "High": ("S-1-16-12288",), "System": ("S-1-16-16384",)},
    ),
    "integer": Entry("F", "integer", {"column": NUMBER}),
    "hex_integer": Entry("F", "hex_integer", {"column": NUMBER}),
    "hex_text": Entry("F", "hex_text", {"column": MAIN}),
}
ALL_HASHES = {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "imphash": IMPHASH}
FULL = Entry("F", "hashes", ALL_HASHES)
LOWER = Entry("F", "hashes", ALL_HASHES, {"lower": ()})


def text(
    value: str, field: ir.Field = "F", *, cased: bool = False, canonical: bool = False
) -> StringMatch:
    """Return a match written as a rule writes it: `*` and `?` are wildcards."""
    parts = tuple({"*": ir.AnyRun, "?": ir.AnyOne}.get(char, ir.Literal(char)) for char in value)
    if canonical:
        field = Column(ir.field_name(StringMatch(field, ())), canonical=True)
    return StringMatch(field, ir.tidy(parts), cased)


def rewrite(leaf: FieldLeaf, name: str, entry: Entry | None = None) -> Node:
    return REWRITES[name](leaf, entry or ENTRIES[name])


def bounds(node: Node) -> tuple[Node, Node]:
    """Return the two sides of a rewritten leaf; equal where it is exact."""
    if isinstance(node, Approx):
        return node.upper.node, node.lower.node
    return node, node


def test_every_rewrite_has_a_table_here_or_serves_a_pipeline() -> None:
    assert ENTRIES.keys() <= REWRITES.keys()
    used = {
        entry.rewrite
        for name in pipeline_names()
        for recording in load_pipeline(name).recordings.values()
        for part in (recording, *recording.parts)
        for entry in part.entries.values()
    }
    assert REWRITES.keys() - ENTRIES.keys() <= used


A32, B40, C64 = "a" * 32, "b" * 40, "c" * 64

EXACT: list[tuple[str, FieldLeaf, Node]] = [
    ("rename", text("a*"), text("a*", MAIN)),
    ("rename", IsNull("F"), IsNull(MAIN)),
    ("rename", Compare("F", Op.GT, 5), Compare(MAIN, Op.GT, 5)),
    # path: a base name has a column of its own
    ("path", text("*\\cmd.exe"), text("cmd.exe", NAME)),
    ("path", text("*\\Cmd.exe", cased=True), text("Cmd.exe", NAME, cased=True)),
    ("path", text("*\\System32\\cmd.exe"), text("*\\System32\\cmd.exe", MAIN)),
    ("path", text("*cmd.exe"), text("*cmd.exe", MAIN)),
    ("path", text("*c\\md.exe"), text("*c\\md.exe", MAIN)),
    ("path", text("\\cmd.exe"), text("\\cmd.exe", MAIN)),
    ("path", text("*\\"), text("*\\", MAIN)),
    ("path", text("*\\c*.exe"), text("*\\c*.exe", MAIN)),
    ("path", text(""), text("", MAIN)),
    ("path", RegexMatch("F", "x"), RegexMatch(MAIN, "x")),
    # base_name: exact where nothing is asked of the folder
    ("base_name", text("*\\cmd.exe"), text("cmd.exe", NAME)),
    ("base_name", text("*cmd.exe"), text("*cmd.exe", NAME)),
    ("base_name", text(""), text("", NAME)),
    ("base_name", IsNull("F"), IsNull(NAME)),
    ("base_name", IsEmpty("F"), IsEmpty(NAME)),
    ("base_name", Exists("F"), Exists(NAME)),
    ("within", IsNull("F"), IsNull(MAIN)),
    ("within", Exists("F"), Exists(MAIN)),
    # account: the backslash parts domain and name
    ("account", text("AD\\joe"), And((text("AD", DOMAIN), text("joe", NAME)))),
    ("account", text("*\\joe"), text("joe", NAME)),
    ("account", text("AD\\*"), text("AD", DOMAIN)),
    ("account", text("A*D\\j?e"), And((text("A*D", DOMAIN), text("j?e", NAME)))),
    ("account", text("*\\*"), Not(IsNull(NAME))),
    ("account", text("*"), Not(IsNull(NAME))),
    ("account", text("\\joe"), And((text("", DOMAIN), text("joe", NAME)))),
    ("account", text("joe"), And((text("joe", NAME), IsEmpty(DOMAIN)))),
    ("account", text("*joe"), text("*joe", NAME)),
    ("account", text("AD*"), text("AD*", DOMAIN)),
    ("account", text("*x*"), Or((text("*x*", NAME), text("*x*", DOMAIN)))),
    ("account", text("AD?joe"), And((text("AD", DOMAIN), text("joe", NAME)))),
    ("account", text("a\\b\\c"), FALSE),
    ("account", text("a\\*\\c"), FALSE),
    ("account", text("*\\Joe", cased=True), text("Joe", NAME, cased=True)),
    ("account", IsNull("F"), IsNull(NAME)),
    ("account", Exists("F"), Exists(NAME)),
    # hashes: an algorithm, a column
    ("hashes", text(f"*MD5={A32}*"), text(A32, MD5)),
    ("hashes", text(f"*md5={A32}*"), text(A32, MD5)),
    ("hashes", text("*SHA1=ab*"), text("ab*", SHA1)),
    ("hashes", text("*SHA256=*"), Not(IsEmpty(SHA256))),
    ("hashes", text(f"*md5={A32}*", cased=True), FALSE),
    ("hashes", text(f"*MD5={A32}*", cased=True), text(A32, MD5, cased=True)),
    ("hashes", text(f"*{B40}*"), Or((text(B40, SHA1), text(f"*{B40}*", SHA256)))),
    ("hashes", text(f"*{C64}*"), text(C64, SHA256)),
    ("hash_value", text("AB*"), text("ab*", MD5, canonical=True)),
    ("hash_value", text("12", cased=True), text("12", MD5, canonical=True)),
    ("hash_value", IsNull("F"), IsNull(MD5)),
    # integrity: the words that a pattern accepts
    ("integrity", text("high"), text("High", MAIN, canonical=True)),
    ("integrity", text("S-1-16-4096"), text("Low", MAIN, canonical=True)),
    ("integrity", text("High", cased=True), text("High", MAIN, canonical=True)),
    ("integrity", text("*i*"), text("High", MAIN, canonical=True)),
    ("integrity", text("S-1-16-1*"), text("S-1-16-1*", MAIN)),
    ("integrity", text("S*"), text("System", MAIN, canonical=True)),
    ("integrity", text("Unknown"), text("Unknown", MAIN)),
    ("integrity", text("high", cased=True), text("high", MAIN, cased=True)),
    ("integrity", text(""), text("", MAIN)),
    ("integrity", IsNull("F"), IsNull(MAIN)),
    # integer
    ("integer", text("4"), Compare(NUMBER, Op.EQ, 4)),
    ("integer", text("4", cased=True), Compare(NUMBER, Op.EQ, 4)),
    ("integer", Compare("F", Op.LT, 4), Compare(NUMBER, Op.LT, 4)),
    ("integer", IsNull("F"), IsNull(NUMBER)),
    ("integer", text("04"), FALSE),
    ("integer", text(""), FALSE),
    ("integer", text("four"), FALSE),
    ("integer", text("0x4"), FALSE),
    ("integer", text(str(2**63 - 1)), Compare(NUMBER, Op.EQ, 2**63 - 1)),
    ("integer", text(str(2**63)), FALSE),
    # hex_integer
    ("hex_integer", text("0x3e7"), Compare(NUMBER, Op.EQ, 999)),
    ("hex_integer", text("0X3E7"), Compare(NUMBER, Op.EQ, 999)),
    ("hex_integer", text("999"), Compare(NUMBER, Op.EQ, 999)),
    ("hex_integer", text("0x03e7"), FALSE),
    ("hex_integer", text("3e7"), FALSE),
    ("hex_integer", text("0x"), FALSE),
    ("hex_integer", Exists("F"), Exists(NUMBER)),
    # hex_text
    ("hex_text", text("4"), text("0x4", MAIN, canonical=True)),
    ("hex_text", text("999"), text("0x3e7", MAIN, canonical=True)),
    ("hex_text", Compare("F", Op.EQ, 255), text("0xff", MAIN, canonical=True)),
    ("hex_text", IsNull("F"), IsNull(MAIN)),
    ("hex_text", IsEmpty("F"), IsEmpty(MAIN)),
    ("hex_text", Exists("F"), Exists(MAIN)),
]


@pytest.mark.parametrize(("name", "leaf", "expected"), EXACT, ids=lambda one: str(one)[:40])
def test_exact_forms(name: str, leaf: FieldLeaf, expected: Node) -> None:
    assert rewrite(leaf, name) == expected


BOUNDED: list[tuple[str, FieldLeaf, Node, Node, str]] = [
    ("none", text("a"), TRUE, FALSE, "SG204"),
    ("none", IsNull("F"), TRUE, FALSE, "SG204"),
    ("base_name", text("C:\\Windows\\cmd.exe"), text("cmd.exe", NAME), FALSE, "SG205"),
    ("base_name", text("*\\System32\\cmd.exe"), text("cmd.exe", NAME), FALSE, "SG205"),
    ("base_name", text("cmd.exe"), text("cmd.exe", NAME), FALSE, "SG205"),
    ("base_name", text("*\\Temp\\*"), TRUE, FALSE, "SG205"),
    ("base_name", text("C:\\*"), TRUE, FALSE, "SG205"),
    ("base_name", text("C:\\x\\"), TRUE, FALSE, "SG205"),
    ("base_name", RegexMatch("F", "a"), TRUE, FALSE, "SG205"),
    ("within", text("*\\cmd.exe"), text("*\\cmd.exe*", MAIN), FALSE, "SG205"),
    ("within", text("a?b", cased=True), text("*a?b*", MAIN, cased=True), FALSE, "SG205"),
    ("within", text(""), TRUE, FALSE, "SG205"),
    ("within", RegexMatch("F", "a"), TRUE, FALSE, "SG205"),
    (
        "account",
        RegexMatch("F", r"^AD\\j.e"),
        And(
            (
                And((text("AD", DOMAIN, cased=True), text("j*", NAME, cased=True))),
                Or((text("*e*", NAME, cased=True), text("*e*", DOMAIN, cased=True))),
            )
        ),
        FALSE,
        "SG205",
    ),
    (
        "account",
        RegexMatch("F", r"\\ax|b\\y", "i"),
        Or((text("ax*", NAME), And((text("*b", DOMAIN), text("y*", NAME))))),
        FALSE,
        "SG205",
    ),
    ("account", RegexMatch("F", "."), TRUE, FALSE, "SG205"),
    ("account", CidrMatch("F", "10.0.0.0/8"), TRUE, FALSE, "SG205"),
    ("hashes", text("*IMPHASH=ab*"), TRUE, FALSE, "SG206"),
    (
        "hashes",
        text(f"*{A32}*"),
        TRUE,
        Or((text(A32, MD5), text(f"*{A32}*", SHA1), text(f"*{A32}*", SHA256))),
        "SG206",
    ),
    ("hashes", text(f"MD5={A32}"), text(A32, MD5), FALSE, "SG205"),
    ("hashes", text(f"MD5={A32}*"), text(A32, MD5), FALSE, "SG205"),
    (
        "hashes",
        text(f"*MD5={A32},SHA1={B40}*"),
        And((text(A32, MD5), text(B40, SHA1))),
        FALSE,
        "SG205",
    ),
    ("hashes", text("*MD5=a*b*"), TRUE, FALSE, "SG205"),
    ("hashes", text("*=ab*"), TRUE, FALSE, "SG205"),
    ("hashes", text("*A25*"), TRUE, FALSE, "SG205"),
    ("hashes", text("*SHA*"), TRUE, FALSE, "SG205"),
    ("hashes", text("*256*"), TRUE, FALSE, "SG205"),  # SHA256 holds it in every event
    ("hashes", text(A32), TRUE, FALSE, "SG205"),
    ("hashes", RegexMatch("F", "a"), TRUE, FALSE, "SG205"),
    ("hashes", IsNull("F"), And((IsEmpty(MD5), IsEmpty(SHA1), IsEmpty(SHA256))), FALSE, "SG206"),
    ("hashes", Exists("F"), TRUE, Or((Exists(MD5), Exists(SHA1), Exists(SHA256))), "SG206"),
    ("hash_value", text("AB", cased=True), text("ab", MD5, canonical=True), FALSE, "SG205"),
    ("integer", text("4*"), TRUE, FALSE, "SG205"),
    ("integer", RegexMatch("F", "4"), TRUE, FALSE, "SG205"),
    ("integer", FieldMatch("F", "G"), TRUE, FALSE, "SG205"),
    ("hex_integer", text("0x3e7", cased=True), Compare(NUMBER, Op.EQ, 999), FALSE, "SG205"),
    ("hex_integer", text("0x3*"), TRUE, FALSE, "SG205"),
    ("hex_text", text("0x4"), TRUE, FALSE, "SG205"),
    ("hex_text", text("4*"), TRUE, FALSE, "SG205"),
    ("hex_text", Compare("F", Op.GT, 4), TRUE, FALSE, "SG205"),
    ("hex_text", Compare("F", Op.EQ, 0.5), TRUE, FALSE, "SG205"),
    ("hex_text", RegexMatch("F", "4"), TRUE, FALSE, "SG205"),
]


@pytest.mark.parametrize(
    ("name", "leaf", "upper", "lower", "code"), BOUNDED, ids=lambda one: str(one)[:40]
)
def test_bounds(name: str, leaf: FieldLeaf, upper: Node, lower: Node, code: str) -> None:
    found = rewrite(leaf, name)
    assert isinstance(found, Approx)
    assert (found.leaf, found.upper.node, found.lower.node) == (leaf, upper, lower)
    for bound in (found.upper, found.lower):
        assert (bound.note.code, bound.note.field) == (code, "F")
        assert bound.note.value.strip("*") == ir.value_text(leaf).strip("*")
        assert bound.loss == 1.0 if isinstance(bound.node, ir.Const) else 0 < bound.loss < 1


def test_a_schema_with_every_algorithm_says_absence_and_presence_exactly() -> None:
    every = tuple(ALL_HASHES.values())
    absent = And(tuple(IsEmpty(column) for column in every))
    assert rewrite(IsNull("F"), "hashes", FULL) == absent
    assert rewrite(Exists("F"), "hashes", FULL) == Or(tuple(Exists(column) for column in every))
    empty = rewrite(text(""), "hashes", FULL)  # missing and empty look the same
    assert isinstance(empty, Approx)
    assert bounds(empty) == (absent, FALSE)
    assert empty.upper.note.code == "SG205"


def test_a_schema_in_lower_case_is_asked_in_lower_case() -> None:
    assert rewrite(text("*MD5=AB*"), "hashes", LOWER) == text("ab*", MD5, canonical=True)
    cased = rewrite(text("*MD5=AB*", cased=True), "hashes", LOWER)
    assert bounds(cased) == (text("ab*", MD5, canonical=True), FALSE)


def test_a_note_names_the_algorithms_that_are_lost() -> None:
    entry = Entry("F", "hashes", {"sha1": SHA1})
    found = rewrite(IsNull("F"), "hashes", entry)
    assert isinstance(found, Approx)
    assert found.upper.note.message == "`F`: MD5 and SHA256 and IMPHASH has no column"


# Proofs against a projection: what the schema keeps of an event.


def holds_between(
    node: Node, leaf: FieldLeaf, event: dict[str, Any], record: dict[str, Any]
) -> None:
    """Check the two sides of a rewritten leaf on the stored form of an event."""
    meant = evaluate(leaf, event)
    upper, lower = (take_side(node, up=up).node for up in (True, False))
    assert evaluate(lower, record) <= meant <= evaluate(upper, record)
    if not any(isinstance(one, Approx) for one in (node, *ir.children(node))):
        assert evaluate(node, record) is meant


def string_leaves(alphabet: str) -> st.SearchStrategy[StringMatch]:
    parts = st.text(alphabet, max_size=6)
    return st.builds(lambda value, cased: text(value, cased=cased), parts, st.booleans())


OTHERS = st.sampled_from(
    [IsNull("F"), Exists("F"), RegexMatch("F", "a", "i"), RegexMatch("F", r"^a\\b$")]
)
PART = st.text("aAb", min_size=1, max_size=2)


@given(string_leaves("aB\\*?") | OTHERS, st.none() | st.tuples(PART, PART))
def test_accounts(leaf: FieldLeaf, account: tuple[str, str] | None) -> None:
    event = {"F": "\\".join(account)} if account else {}
    record = {"Domain": account[0], "Name": account[1]} if account else {}
    holds_between(rewrite(leaf, "account"), leaf, event, record)


PATHS = st.none() | st.lists(PART, min_size=1, max_size=3).map(
    lambda parts: "\\".join(["C:", *parts])
)


@pytest.mark.parametrize("name", ["path", "base_name"])
@given(leaf=string_leaves("aB\\*?C:") | OTHERS, path=PATHS)
def test_paths(name: str, leaf: FieldLeaf, path: str | None) -> None:
    event = {"F": path} if path else {}
    record = {"Main": path, "Name": path.rpartition("\\")[2]} if path else {}
    holds_between(rewrite(leaf, name), leaf, event, record)


@given(string_leaves("aB\\*?C:") | OTHERS, PATHS, st.sampled_from(["", " -x", "a"]))
def test_a_path_inside_more_text(leaf: FieldLeaf, path: str | None, after: str) -> None:
    event = {"F": path} if path else {}
    record = {"Main": path + after} if path else {}
    holds_between(rewrite(leaf, "within"), leaf, event, record)


LENGTHS = {"MD5": 32, "SHA1": 40, "SHA256": 64, "IMPHASH": 32}
DIGITS = st.sampled_from(["A", "0", "AB", "B0"])


def digits(seed: str, length: int) -> str:
    return (seed * length)[:length]


@st.composite
def hash_leaves(draw: st.DrawFn) -> FieldLeaf:
    def one() -> str:
        name = draw(st.sampled_from(["MD5", "Sha1", "SHA256", "IMPHASH", ""]))
        length = draw(st.sampled_from([0, 1, 2, 31, 32, 33, 40, 64]))
        value = digits(draw(DIGITS), length)
        return f"{name}={value}" if name else value

    value = ",".join(one() for _ in range(draw(st.integers(1, 2))))
    shape = draw(st.sampled_from(["{}", "*{}*", "{}*", "*{}", "*{},*", "*A*{}*"]))
    leaf = text(shape.format(value), cased=draw(st.booleans()))
    return draw(st.just(leaf) | st.sampled_from([IsNull("F"), Exists("F"), IsEmpty("F")]))


@given(
    hash_leaves(),
    st.dictionaries(st.sampled_from(list(LENGTHS)), DIGITS),
    st.sampled_from([ENTRIES["hashes"], FULL, LOWER]),
)
def test_hashes(leaf: FieldLeaf, seeds: dict[str, str], entry: Entry) -> None:
    values = {name: digits(seed, LENGTHS[name]) for name, seed in seeds.items()}
    event = {"F": ",".join(f"{name}={value}" for name, value in values.items())} if values else {}
    stored = {
        entry.columns[name.lower()].name: value.lower() if entry is LOWER else value
        for name, value in values.items()
        if name.lower() in entry.columns
    }
    holds_between(rewrite(leaf, "hashes", entry), leaf, event, stored)


@given(st.sampled_from(["Low", "High", "System"]), string_leaves("LowHig*"))
def test_levels_by_their_words(level: str, leaf: FieldLeaf) -> None:
    holds_between(rewrite(leaf, "integrity"), leaf, {"F": level}, {"Main": level})


NUMBERS = st.none() | st.integers(0, 20)


@given(
    NUMBERS,
    string_leaves("012x*")
    | st.builds(Compare, st.just("F"), st.sampled_from(Op), st.integers(0, 20)),
)
def test_numbers(number: int | None, leaf: FieldLeaf) -> None:
    event = {} if number is None else {"F": str(number)}
    holds_between(
        rewrite(leaf, "integer"), leaf, event, {} if number is None else {"Number": number}
    )
    stored = {} if number is None else {"Main": hex(number)}
    holds_between(rewrite(leaf, "hex_text"), leaf, event, stored)


# Binding a whole tree.

ACCOUNT = Entry("User", "account", {"domain": DOMAIN, "name": NAME})


def recording(**other: Any) -> Recording:
    entries = {
        "F": ENTRIES["rename"],
        "G": Entry("G", "rename", {"column": NAME}),
        "N": Entry("N", "integer", {"column": NUMBER}),
        "P": ENTRIES["path"],
        "User": ACCOUNT,
        "Parent": Entry("Parent", "account", {"domain": Column("PD"), "name": Column("PN")}),
        "Gone": Entry("Gone", "none", reason="nobody records it"),
    }
    return Recording("test", Source(), frozenset(), entries, **other)


def test_binding_keeps_the_operators_and_folds() -> None:
    tree = And((text("a"), Or((text("b", "G"), TRUE)), Not(IsNull("G"))))
    assert bind(tree, recording()) == And((text("a", MAIN), Not(IsNull(NAME))))
    approximate = bind(text("a", "Gone"), recording())
    assert bind(approximate, recording()) is approximate
    assert bind(FALSE, recording()) == FALSE


def test_a_field_without_an_entry_has_no_column_unless_the_pipeline_has_a_default() -> None:
    unknown = entry_of("X", recording())
    assert (unknown.rewrite, unknown.reason) == ("none", "the pipeline does not know the field")
    assert isinstance(bind(text("a", "X"), recording()), Approx)
    found = bind(text("a", "X"), recording(default=Column("data.", "keyword")))
    assert found == StringMatch(
        Column(
            "data.X", "keyword", caveat="that `X` is stored under its own name is of low confidence"
        ),
        text("a").pattern,
    )
    assert entry_of("X", recording(default=Column("data."))).confidence == "low"


def test_a_keyword_is_searched_in_the_raw_text_where_there_is_one() -> None:
    leaf = Keyword(text("*a*").pattern)
    assert bind(leaf, recording(keyword="raw")) is leaf


def test_a_keyword_is_searched_in_some_columns_from_below() -> None:
    known = recording(keyword=(MAIN, NAME))
    found = bind(Keyword(text("*a*").pattern, cased=True), known)
    assert bounds(found) == (
        TRUE,
        Or((text("*a*", MAIN, cased=True), text("*a*", NAME, cased=True))),
    )
    assert isinstance(found, Approx)
    assert found.lower.note.message == "a keyword is searched in Main, Name only"
    regex = bind(KeywordRegex("a.b", "i"), known)
    assert bounds(regex) == (TRUE, Or((RegexMatch(MAIN, "a.b", "i"), RegexMatch(NAME, "a.b", "i"))))
    assert bounds(bind(KeywordRegex("a"), recording())) == (TRUE, FALSE)


def test_two_fields_compare_where_they_are_stored_alike() -> None:
    assert bind(FieldMatch("F", "G", Shape.ENDSWITH), recording()) == FieldMatch(
        MAIN, NAME, Shape.ENDSWITH
    )
    assert bind(FieldMatch("User", "Parent"), recording()) == And(
        (FieldMatch(DOMAIN, Column("PD")), FieldMatch(NAME, Column("PN")))
    )


@pytest.mark.parametrize(
    ("leaf", "code", "message"),
    [
        (FieldMatch("F", "Gone"), "SG204", "`Gone` has no column: nobody records it"),
        (FieldMatch("Gone", "F"), "SG204", "`Gone` has no column: nobody records it"),
        (FieldMatch("F", "N"), "SG205", "`F` and `N` are stored in different forms"),
        (FieldMatch("F", "User"), "SG205", "`F` and `User` are stored in different forms"),
        (
            FieldMatch("User", "Parent", Shape.CONTAINS),
            "SG205",
            "`User` and `Parent` are stored in different forms",
        ),
    ],
)
def test_two_fields_that_are_not_cannot_be_compared(
    leaf: FieldMatch, code: str, message: str
) -> None:
    found = bind(leaf, recording())
    assert bounds(found) == (TRUE, FALSE)
    assert isinstance(found, Approx)
    assert (found.upper.note.code, found.upper.note.message) == (code, message)


def test_a_field_reference_may_name_a_column() -> None:
    assert bind(FieldMatch("F", Column("G")), recording()) == FieldMatch(MAIN, NAME)
