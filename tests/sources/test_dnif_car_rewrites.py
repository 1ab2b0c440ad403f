"""The rewrites that DNIF and CAR need: what each makes of a test, and its proof on random events."""

from __future__ import annotations

import ipaddress

import pytest
from dnif_car import bounds
from hypothesis import example, given
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import (
    FALSE,
    TRUE,
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

KEY, VALUE, MASK, MAIN = Column("key"), Column("value"), Column("mask", "number"), Column("main")
KINDS = {
    "12": ("CreateKey", "DeleteKey", "CreateValue", "DeleteValue"),
    "13": ("SetValue",),
    "14": ("RenameKey", "RenameValue"),
}
ENTRIES = {
    "key_value": Entry("F", "key_value", {"key": KEY, "value": VALUE}),
    "key_or_value": Entry("F", "key_or_value", {"key": KEY, "value": VALUE}),
    "access_mask": Entry("F", "access_mask", {"column": MASK}),
    "network": Entry("F", "network", {"column": MAIN}),
    "merged": Entry("F", "merged", {"column": MAIN}),
    "signature_status": Entry("F", "signature_status", {"column": MAIN}),
    "event_kind": Entry("F", "event_kind", {"column": MAIN}, KINDS),
}
TRUE_WORD = StringMatch(Column("main", canonical=True), (ir.Literal("true"),))
FALSE_WORD = StringMatch(Column("main", canonical=True), (ir.Literal("false"),))


def text(value: str, field: ir.Field = "F", *, cased: bool = False) -> StringMatch:
    """Return a match written as a rule writes it: `*` and `?` are wildcards."""
    parts = tuple({"*": ir.AnyRun, "?": ir.AnyOne}.get(char, ir.Literal(char)) for char in value)
    return StringMatch(field, ir.tidy(parts), cased)


def kind(value: str) -> StringMatch:
    return text(value, Column("main", canonical=True))


def rewrite(leaf: FieldLeaf, name: str) -> Node:
    return REWRITES[name](leaf, ENTRIES[name])


def equal(number: int) -> Compare:
    return Compare(MASK, Op.EQ, number)


def between(low: int, high: int) -> And:
    return And((Compare(MASK, Op.GTE, low), Compare(MASK, Op.LTE, high)))


RUN = r"*\Run"
EXACT: list[tuple[str, FieldLeaf, Node]] = [
    # key_value: an object is parted at its last backslash
    ("key_value", text(r"*\Run\a"), And((text(RUN, KEY), text("a", VALUE)))),
    ("key_value", text(RUN), text("Run", VALUE)),
    ("key_value", text(r"*\Run\*"), Or((text(RUN, KEY), text(r"*\Run\*", KEY)))),
    (
        "key_value",
        text(r"*\Run*"),
        Or((text("Run*", VALUE), text(r"*\Run*", KEY))),
    ),
    ("key_value", text("*Run*"), Or((text("*Run*", VALUE), text("*Run*", KEY)))),
    ("key_value", text("HKLM"), FALSE),
    ("key_value", text(""), FALSE),
    ("key_value", text("*"), Not(IsNull(KEY))),
    ("key_value", Exists("F"), Exists(KEY)),
    ("key_value", IsNull("F"), IsNull(KEY)),
    # key_or_value: a key has no value
    (
        "key_or_value",
        text(RUN),
        Or((text("Run", VALUE), And((text(RUN, KEY), IsNull(VALUE))))),
    ),
    (
        "key_or_value",
        text(r"*\Run\*"),
        Or((And((text(RUN, KEY), Exists(VALUE))), text(r"*\Run\*", KEY))),
    ),
    # access_mask: the whole text is a number, its beginning a few ranges
    ("access_mask", text("0x1410"), equal(0x1410)),
    ("access_mask", text("0x1FFFFF"), equal(0x1FFFFF)),
    ("access_mask", text("*0x14C2"), equal(0x14C2)),
    (
        "access_mask",
        text("*0x1fffff*"),
        Or(
            (
                equal(0x1FFFFF),
                between(0x1FFFFF0, 0x1FFFFFF),
                between(0x1FFFFF00, 0x1FFFFFFF),
            )
        ),
    ),
    ("access_mask", text("0x*"), Not(IsNull(MASK))),
    ("access_mask", text("0x0010"), FALSE),
    ("access_mask", text("5136"), FALSE),
    ("access_mask", Compare("F", Op.EQ, 5), FALSE),
    ("access_mask", IsNull("F"), IsNull(MASK)),
    # network: an IPv4 address has one spelling, and so has the beginning of some IPv6 ones
    ("network", CidrMatch("F", "10.0.0.0/8"), text("10.*", MAIN)),
    ("network", CidrMatch("F", "192.168.0.0/16"), text("192.168.*", MAIN)),
    ("network", CidrMatch("F", "192.0.2.1/32"), text("192.0.2.1", MAIN)),
    (
        "network",
        CidrMatch("F", "172.16.0.0/14"),
        RegexMatch(MAIN, "^172[.](16|17|18|19)[.]"),
    ),
    (
        "network",
        CidrMatch("F", "192.0.2.4/31"),
        RegexMatch(MAIN, "^192[.]0[.]2[.](4|5)$"),
    ),
    ("network", CidrMatch("F", "fc00::/7"), RegexMatch(MAIN, "^0*f[cd][0-9a-f][0-9a-f]:", "i")),
    ("network", CidrMatch("F", "2001:db8::/32"), RegexMatch(MAIN, "^0*2001:0*db8:", "i")),
    ("network", text("10.*"), text("10.*", MAIN)),
    # signature_status: one word for a valid signature
    ("signature_status", text("Valid"), TRUE_WORD),
    ("signature_status", IsNull("F"), IsNull(MAIN)),
    # event_kind: the event's id tells the type
    ("event_kind", text("SetValue"), kind("13")),
    ("event_kind", text("Rename*"), kind("14")),
    ("event_kind", text("x"), FALSE),
    ("event_kind", IsNull("F"), FALSE),
]

SIDED: list[tuple[str, FieldLeaf, Node, Node]] = [
    (
        "key_value",
        RegexMatch("F", r"\\Run$"),
        Or((text("Run*", VALUE, cased=True), text(r"*\Run*", KEY, cased=True))),
        FALSE,
    ),
    ("key_value", Compare("F", Op.GT, 1), TRUE, FALSE),
    ("access_mask", text("*10"), TRUE, FALSE),
    ("access_mask", RegexMatch("F", "10$"), TRUE, FALSE),
    ("access_mask", text("0x1f", cased=True), equal(0x1F), FALSE),
    (
        "network",
        CidrMatch("F", "::1/128"),
        TRUE,
        Or(
            (
                text("::1", MAIN),
                text("0:0:0:0:0:0:0:1", MAIN),
                text("0000:0000:0000:0000:0000:0000:0000:0001", MAIN),
            )
        ),
    ),
    (
        "network",
        CidrMatch("F", "2001:db8::/40"),
        RegexMatch(MAIN, "^0*2001:0*db8:", "i"),
        FALSE,
    ),
    ("merged", text("a"), text("a", MAIN), FALSE),
    ("merged", Exists("F"), Exists(MAIN), FALSE),
    ("merged", IsNull("F"), TRUE, IsNull(MAIN)),
    ("merged", IsEmpty("F"), TRUE, IsEmpty(MAIN)),
    ("signature_status", text("Expired"), FALSE_WORD, FALSE),
    ("signature_status", text("*a*"), TRUE, TRUE_WORD),
    ("signature_status", RegexMatch("F", "Valid"), TRUE, FALSE),
    ("event_kind", text("DeleteValue"), kind("12"), FALSE),
    ("event_kind", text("*Value"), TRUE, kind("13")),
]


@pytest.mark.parametrize(("name", "leaf", "expected"), EXACT)
def test_a_test_becomes_exactly_this(name: str, leaf: FieldLeaf, expected: Node) -> None:
    assert rewrite(leaf, name) == expected


@pytest.mark.parametrize(("name", "leaf", "upper", "lower"), SIDED)
def test_a_test_becomes_these_bounds(name: str, leaf: FieldLeaf, upper: Node, lower: Node) -> None:
    found = rewrite(leaf, name)
    assert isinstance(found, ir.Approx)
    assert bounds(found) == (upper, lower)
    assert found.upper.note.field == "F"


def holds(node: Node, record: dict[str, object]) -> bool:
    return evaluate(node, {key: value for key, value in record.items() if value is not None})


def check(leaf: FieldLeaf, name: str, event: dict[str, object], record: dict[str, object]) -> None:
    """Assert that the upper bound holds wherever the leaf does, and the leaf where the lower does."""
    upper, lower = bounds(rewrite(leaf, name))
    meant = holds(leaf, event)
    assert holds(upper, record) or not meant
    assert meant or not holds(lower, record)


PARTS = st.one_of(
    st.sampled_from([ir.AnyRun, ir.AnyOne]), st.text("aB\\", min_size=1, max_size=3).map(ir.Literal)
)
PATTERNS = st.lists(PARTS, max_size=4).map(lambda parts: ir.tidy(tuple(parts)))
OBJECTS = st.text("aB\\", max_size=5)
LEAVES = st.one_of(
    st.builds(StringMatch, st.just("F"), PATTERNS, st.booleans()),
    st.sampled_from(
        [IsNull("F"), IsEmpty("F"), Exists("F"), RegexMatch("F", "a$"), RegexMatch("F", r"\\a")]
    ),
)


@given(LEAVES, OBJECTS)
@example(text("HKLM*\\*"), "HKLM")
def test_a_registry_value_is_found_in_its_two_columns(leaf: FieldLeaf, rest: str) -> None:
    path = f"H\\{rest}"
    key, _, value = path.rpartition("\\")
    check(leaf, "key_value", {"F": path}, {"key": key, "value": value})
    check(leaf, "key_or_value", {"F": path}, {"key": key, "value": value})
    check(leaf, "key_value", {}, {})
    check(leaf, "key_or_value", {}, {})


@given(LEAVES, OBJECTS)
@example(text("HKLM*\\*"), "HKLM")
def test_a_registry_key_is_found_without_a_value(leaf: FieldLeaf, path: str) -> None:
    check(leaf, "key_or_value", {"F": path}, {"key": path, "value": None})


@given(st.builds(StringMatch, st.just("F"), PATTERNS, st.booleans()), OBJECTS)
def test_a_pattern_over_a_registry_object_loses_nothing(leaf: StringMatch, rest: str) -> None:
    assert not isinstance(rewrite(leaf, "key_value"), ir.Approx)
    assert not isinstance(rewrite(leaf, "key_or_value"), ir.Approx)


@given(st.integers(0, 2**32 - 1), st.data())
def test_a_mask_is_the_number_that_its_text_writes(number: int, data: st.DataObject) -> None:
    written = f"0x{number:x}"
    start = data.draw(st.integers(0, len(written)))
    end = data.draw(st.integers(start, len(written)))
    part = ir.Literal(data.draw(st.sampled_from([written[start:end], "0x0", "0xfg", "0x12"])))
    around = (
        data.draw(st.sampled_from([(), (ir.AnyRun,)])),
        data.draw(st.sampled_from([(), (ir.AnyRun,)])),
    )
    leaf = StringMatch("F", ir.tidy((*around[0], part, *around[1])), data.draw(st.booleans()))
    check(leaf, "access_mask", {"F": written}, {"mask": number})
    check(leaf, "access_mask", {}, {})


NETWORKS_4 = st.builds(
    lambda address, bits: ipaddress.ip_network((address, bits), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
NETWORKS_6 = st.builds(
    lambda head, tail, bits: ipaddress.ip_network(((head << 96) | tail, bits), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16),
    st.integers(0, 128),
)


@given(NETWORKS_4, st.integers(-2, 2), st.booleans())
def test_an_IPv4_network_is_its_texts_exactly(
    network: ipaddress.IPv4Network, step: int, at_end: bool
) -> None:
    edge = network.broadcast_address if at_end else network.network_address
    address = str(ipaddress.IPv4Address((int(edge) + step) % 2**32))
    leaf = CidrMatch("F", str(network))
    assert not isinstance(rewrite(leaf, "network"), ir.Approx)
    check(leaf, "network", {"F": address}, {"main": address})


@given(NETWORKS_6, st.integers(-2, 2), st.booleans(), st.sampled_from(["short", "plain", "full"]))
def test_an_IPv6_network_is_bounded_whatever_the_spelling(
    network: ipaddress.IPv6Network, step: int, at_end: bool, spelling: str
) -> None:
    edge = network.broadcast_address if at_end else network.network_address
    address = ipaddress.IPv6Address((int(edge) + step) % 2**128)
    plain = ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))
    written = {"short": str(address), "plain": plain, "full": address.exploded.upper()}[spelling]
    check(CidrMatch("F", str(network)), "network", {"F": written}, {"main": written})


WORDS = st.builds(
    StringMatch,
    st.just("F"),
    st.sampled_from(
        ["Valid", "valid", "V*", "*", "", "Expired", "true", "TRUE", "false", "*e", "-"]
    ).map(lambda value: text(value).pattern),
    st.booleans(),
)
TESTS = st.one_of(
    WORDS, st.sampled_from([IsNull("F"), IsEmpty("F"), Exists("F"), RegexMatch("F", "a")])
)


@given(TESTS, st.sampled_from([None, "Valid", "Expired", "Unavailable", ""]))
def test_a_signature_is_valid_or_not(leaf: FieldLeaf, status: str | None) -> None:
    stored = None if status is None else str(status == "Valid").lower()
    check(leaf, "signature_status", {} if status is None else {"F": status}, {"main": stored})


@given(LEAVES, st.none() | OBJECTS, st.none() | OBJECTS)
def test_a_shared_column_is_an_upper_bound(
    leaf: FieldLeaf, own: str | None, other: str | None
) -> None:
    if own is not None and other is not None:
        return
    check(
        leaf, "merged", {} if own is None else {"F": own}, {"main": other if own is None else own}
    )


@given(
    st.sampled_from([(number, word) for number, words in KINDS.items() for word in words]),
    st.sampled_from(["*Key", "*Value", "SetValue", "Create*", "*", "x", "renamekey"]),
    st.booleans(),
)
def test_a_kind_of_event_has_its_id(event: tuple[str, str], value: str, cased: bool) -> None:
    check(text(value, cased=cased), "event_kind", {"F": event[1]}, {"main": event[0]})
