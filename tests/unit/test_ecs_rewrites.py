"""Rewrites of Elastic's schema: what is stored of an event says what the rule says of the event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigmaglot import ir
from sigmaglot.evaluate import evaluate
from sigmaglot.ir import Op, Shape
from sigmaglot.passes.legalise import take_side
from sigmaglot.pipelines import bind, load_pipeline
from sigmaglot.pipelines.model import Entry
from sigmaglot.pipelines.rewrites.ecs_analysed import words_in
from sigmaglot.pipelines.rewrites.ecs_values import ecs_words
from sigmaglot.verify.projection import PROJECTIONS

FEW = settings(max_examples=50, deadline=None)
PIPELINE = load_pipeline("elastic_ecs")
ELASTIC = PROJECTIONS["elastic_ecs"]


def bound(category: str, leaf: ir.FieldLeaf) -> ir.Node:
    return bind(leaf, PIPELINE.recordings[category])


def stored(category: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an event."""
    project = ELASTIC.of(category)
    assert project
    return project(event)


def holds(node: ir.Node, record: dict[str, Any]) -> bool:
    """Return whether a document satisfies a tree; a leaf is true of a list if of an element."""
    match node:
        case ir.And(children):
            return all(holds(child, record) for child in children)
        case ir.Or(children):
            return any(holds(child, record) for child in children)
        case ir.Not(child):
            return not holds(child, record)
        case ir.Const(value):
            return value
        case _:
            name = ir.field_name(node)
            value = record.get(name)
            found = value if isinstance(value, list) else [value]
            return any(evaluate(node, {} if one is None else {name: one}) for one in found)


def sides(node: ir.Node) -> tuple[ir.Node, ir.Node]:
    """Return the upper and the lower bound of a tree."""
    return take_side(node, up=True).node, take_side(node, up=False).node


def check(category: str, leaf: ir.FieldLeaf, event: dict[str, Any]) -> None:
    """Check that the leaf's bounds over the document hold what the leaf says of the event."""
    record = stored(category, event)
    upper, lower = sides(bound(category, leaf))
    meant = evaluate(leaf, event)
    assert holds(lower, record) <= meant <= holds(upper, record), (upper, lower, record)


def text(field: str, shape: Shape, value: str, cased: bool = False) -> ir.StringMatch:
    return ir.StringMatch(field, ir.pattern(shape, value), cased)


SHAPES = st.sampled_from([Shape.EQUALS, Shape.STARTSWITH, Shape.ENDSWITH, Shape.CONTAINS])


def leaves(field: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[ir.FieldLeaf]:
    """Return leaves about a field whose values are mostly parts of such values."""
    parts = st.builds(
        lambda text, low, high: text[low : low + high], values, *[st.integers(0, 12)] * 2
    )
    return st.one_of(
        st.builds(text, st.just(field), SHAPES, values | parts, st.booleans()),
        st.builds(
            lambda one, two: ir.StringMatch(
                field, ir.tidy((ir.Literal(one), ir.AnyRun, ir.Literal(two)))
            ),
            parts,
            parts,
        ),
        st.builds(lambda one: ir.StringMatch(field, ir.tidy((ir.AnyOne, ir.Literal(one)))), parts),
        st.just(ir.StringMatch(field, ())),
        st.builds(
            ir.RegexMatch, st.just(field), st.sampled_from(["^.$", "0", "[a-f]", "WORD", "^-?$"])
        ),
        st.builds(ir.Compare, st.just(field), st.sampled_from(list(Op)), st.integers(0, 3)),
        st.sampled_from([ir.Exists(field), ir.IsNull(field), ir.IsEmpty(field)]),
    )


def events(field: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    nothing = st.sampled_from([{}, {field: None}, {field: ""}, {field: "-"}])
    return nothing | values.map(lambda value: {field: value})


HEX = st.text("0123456789abcdef", min_size=8, max_size=8)
DATA = st.one_of(
    HEX.map(lambda digits: f"DWORD (0x{digits})"),
    st.integers(0, 300).map(lambda number: f"DWORD (0x{number:08x})"),
    st.builds(lambda high, low: f"QWORD (0x{high}-0x{low})", HEX, HEX),
    st.integers(0, 600).map(lambda low: f"QWORD (0x00000000-0x{low:08x})"),
    st.integers(0, 300).map(str),
    st.sampled_from(["Binary Data", "(Empty)", "C:\\a\\b.dll", "0x00000001", "DWORD"]),
)


@FEW
@given(leaves("Details", DATA), events("Details", DATA))
def test_registry_data_is_bounded(leaf: ir.FieldLeaf, event: dict[str, Any]) -> None:
    check("registry_set", leaf, {"TargetObject": "HKLM\\A\\B", **event})


TEXTS = st.text("aB\\-0", min_size=1, max_size=5)
FREE = (
    ("image_load", "Description"),
    ("file_event", "TargetFilename"),
    ("pipe_created", "PipeName"),
)


@pytest.mark.parametrize(("category", "field"), FREE)
@FEW
@given(data=st.data())
def test_a_text_is_bounded_where_the_pipeline_drops_it(
    category: str, field: str, data: st.DataObject
) -> None:
    check(category, data.draw(leaves(field, TEXTS)), data.draw(events(field, TEXTS)))


WORDS = (
    ("network_connection", "Initiated", ("true", "false")),
    ("network_connection", "SourceIsIpv6", ("true", "false")),
    ("image_load", "Signed", ("true", "false")),
    ("registry_event", "EventType", ("SetValue", "CreateKey", "DeleteKey", "DeleteValue")),
    ("pipe_created", "EventType", ("CreatePipe", "ConnectPipe")),
)


@pytest.mark.parametrize(("category", "field", "words"), WORDS)
@FEW
@given(data=st.data())
def test_a_word_is_exact(
    category: str, field: str, words: tuple[str, ...], data: st.DataObject
) -> None:
    values = st.sampled_from(words)
    leaf, event = data.draw(leaves(field, values)), {field: data.draw(values)}
    check(category, leaf, event)
    is_text = isinstance(leaf, ir.StringMatch) and leaf.pattern
    assert not is_text or not isinstance(bound(category, leaf), ir.Approx)


ACCOUNTS = st.builds(
    lambda domain, name: f"{domain}\\{name}", *[st.text("aB-", min_size=1, max_size=3)] * 2
)


@FEW
@given(leaves("User", ACCOUNTS), events("User", ACCOUNTS))
def test_an_account_is_bounded(leaf: ir.FieldLeaf, event: dict[str, Any]) -> None:
    check("file_event", leaf, event)


ADDRESSES = st.ip_addresses().map(str) | st.sampled_from(["10.1.2.3", "::1", "127.0.0.1"])
NETWORKS = st.sampled_from(["10.0.0.0/8", "::1/128", "::/0", "fe80::/10", "0.0.0.0/1"])


@FEW
@given(
    leaves("DestinationIp", ADDRESSES)
    | st.builds(ir.CidrMatch, st.just("DestinationIp"), NETWORKS),
    events("DestinationIp", ADDRESSES.filter(lambda one: not one.startswith("::ffff:"))),
)
def test_an_address_is_bounded(leaf: ir.FieldLeaf, event: dict[str, Any]) -> None:
    check("network_connection", leaf, event)


@pytest.mark.parametrize(
    ("start", "inside", "outside"),
    [
        ("10.", "10.9.9.9", "100.1.1.1"),
        ("172.1", "172.16.0.1", "172.2.0.1"),
        ("1.2.3.4", "1.2.3.45", "1.2.3.5"),
    ],
)
def test_the_start_of_an_address_is_its_networks(start: str, inside: str, outside: str) -> None:
    leaf = text("DestinationIp", Shape.STARTSWITH, start)
    node = bound("network_connection", leaf)
    assert not isinstance(node, ir.Approx)
    assert evaluate(node, {"destination.ip": inside})
    assert not evaluate(node, {"destination.ip": outside})


def test_what_no_address_holds_finds_none() -> None:
    for start in ("300.", "01.2.", "10.x"):
        node = bound("network_connection", text("DestinationIp", Shape.STARTSWITH, start))
        assert not evaluate(node, {"destination.ip": "10.1.2.3"})


@pytest.mark.parametrize("address", ["10.1.2.3", "fe80::1"])
@pytest.mark.parametrize("wanted", ["true", "false"])
def test_the_family_of_the_destination_is_read_from_its_address(address: str, wanted: str) -> None:
    event = {"DestinationIp": address, "DestinationIsIpv6": "true" if ":" in address else "false"}
    check("network_connection", text("DestinationIsIpv6", Shape.EQUALS, wanted), event)
    check("network_connection", ir.Exists("DestinationIsIpv6"), event)
    check("network_connection", ir.IsNull("DestinationIsIpv6"), event)


DIGITS = st.sampled_from(["0" * 32, "A1" * 16, "0" * 31 + "1"])
HASHES = st.builds(lambda md5, imphash: f"MD5={md5},IMPHASH={imphash}", DIGITS, DIGITS)
PARTS = st.builds(
    lambda name, digits, size: f"{name}={digits[:size]}",
    st.sampled_from(["MD5", "IMPHASH", "SHA1"]),
    DIGITS,
    st.sampled_from([0, 4, 32]),
)


@FEW
@given(
    st.builds(text, st.just("Hashes"), st.just(Shape.CONTAINS), PARTS)
    | st.sampled_from([ir.Exists("Hashes"), ir.IsNull("Hashes"), ir.IsEmpty("Hashes")]),
    HASHES,
)
def test_hashes_are_bounded_also_where_they_are_zeros(leaf: ir.FieldLeaf, hashes: str) -> None:
    check("image_load", leaf, {"Hashes": hashes})


def test_a_hash_of_zeros_is_an_absent_one() -> None:
    node = bound("create_stream_hash", text("Hash", Shape.CONTAINS, "IMPHASH=" + "0" * 32))
    assert isinstance(node, ir.Approx)
    assert node.upper.node == ir.IsNull(ir.Column("file.pe.imphash", "keyword"))
    assert node.lower.node == ir.FALSE


def test_several_hashes_one_of_which_is_zero_are_not_kept_together() -> None:
    asked = text("Hashes", Shape.CONTAINS, f"MD5={'A' * 32},IMPHASH={'0' * 32}")
    node = bound("image_load", asked)
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)


@pytest.mark.parametrize(
    ("asked", "shape", "number", "kind"),
    [
        ("DWORD (0x0000000a)", Shape.EQUALS, "10", "SZ_DWORD"),
        ("dword (0X0000000A)", Shape.EQUALS, "10", "SZ_DWORD"),
        ("QWORD (0x00000000-0x00000001)", Shape.EQUALS, "1", "SZ_QWORD"),
    ],
)
def test_a_whole_number_of_the_registry_is_exact(
    asked: str, shape: Shape, number: str, kind: str
) -> None:
    node = bound("registry_set", text("Details", shape, asked))
    assert isinstance(node, ir.And)
    assert [ir.value_text(leaf) for leaf in ir.leaves(node)] == [kind, number]


def test_a_large_qword_may_be_another_one() -> None:
    """The pipeline shifts the high half by 8 bits: 1 and 0 are stored as 0 and 256 are."""
    first = stored(
        "registry_set", {"TargetObject": "a", "Details": "QWORD (0x00000001-0x00000000)"}
    )
    second = stored(
        "registry_set", {"TargetObject": "a", "Details": "QWORD (0x00000000-0x00000100)"}
    )
    assert first == second
    node = bound("registry_set", text("Details", Shape.EQUALS, "QWORD (0x00000001-0x00000000)"))
    assert isinstance(node, ir.Approx)
    assert node.lower.node == ir.FALSE


def test_the_text_of_a_number_is_no_number() -> None:
    leaf = text("Details", Shape.EQUALS, "1")
    for details, meant in (("1", True), ("DWORD (0x00000001)", False)):
        record = stored("registry_set", {"TargetObject": "a", "Details": details})
        assert holds(bound("registry_set", leaf), record) is meant


@pytest.mark.parametrize(
    ("literal", "words"),
    [
        ("net user", [("net", False, True), ("user", True, False)]),
        (" -nop ", [("nop", False, True)]),
        ("System.Net", [("System", False, False), ("Net", False, False)]),
        ("(a)", [("a", True, True)]),
        ("__", []),
        ("x" * 256, []),
    ],
)
def test_the_edges_of_words_are_those_that_both_analyzers_see(
    literal: str, words: list[tuple[str, bool, bool]]
) -> None:
    found = words_in(literal, at_start=False, at_end=False)
    assert [(word.text, word.starts, word.ends) for word in found] == words


PATTERN_WORDS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


def pattern_words(value: str) -> list[str]:
    """Return the words of Winlogbeat's pattern analyzer: `[\\W&&[^-]]+` parts them."""
    parted = "".join(char if char in PATTERN_WORDS else " " for char in value)
    return parted.lower().split()


def holds_words(node: ir.Node, words: list[str]) -> bool:
    """Return what a tree over a column of type `text` says of words."""
    match node:
        case ir.And(children):
            return all(holds_words(child, words) for child in children)
        case ir.Or(children):
            return any(holds_words(child, words) for child in children)
        case ir.Not(child):
            return not holds_words(child, words)
        case ir.Const(value):
            return value
        case ir.StringMatch(pattern=pattern):
            shape, asked = ir.shape_of(pattern)
            if shape is Shape.EQUALS:
                return f" {asked.lower()} " in f" {' '.join(words)} "
            return any(evaluate(ir.StringMatch("w", pattern), {"w": word}) for word in words)
        case _:
            raise AssertionError(node)


SCRIPT = st.text("aB0_- .(\\\n", min_size=1, max_size=12)


@FEW
@given(SHAPES, SCRIPT, SCRIPT, SCRIPT)
def test_a_script_is_bounded_under_the_analyzer_of_winlogbeat(
    shape: Shape, asked: str, before: str, after: str
) -> None:
    leaf = text("ScriptBlockText", shape, asked)
    node = bound("ps_script", leaf)
    for script in (asked, before + asked, asked + after, before + asked + after, before):
        meant = evaluate(leaf, {"ScriptBlockText": script})
        upper, lower = (
            holds_words(take_side(node, up=up).node, pattern_words(script)) for up in (True, False)
        )
        assert lower <= meant <= upper, (node, script)


@pytest.mark.parametrize(
    ("asked", "claim"),
    [("AmsiUtils", "exact"), ("Invoke-Mimikatz", "both"), ("IEX (", "above")],
)
def test_a_part_of_one_word_is_exact_and_one_with_a_hyphen_has_both_bounds(
    asked: str, claim: str
) -> None:
    node = bound("ps_script", text("ScriptBlockText", Shape.CONTAINS, asked))
    if claim == "exact":
        assert isinstance(node, ir.StringMatch)
        return
    assert isinstance(node, ir.Approx)
    assert node.upper.node != ir.TRUE
    assert (node.lower.node != ir.FALSE) == (claim == "both")


def test_letter_case_of_a_script_is_not_kept() -> None:
    node = bound("ps_script", text("ScriptBlockText", Shape.CONTAINS, "abc", cased=True))
    assert isinstance(node, ir.Approx)
    assert node.lower.node == ir.FALSE


SECURITY = (
    ("ProcessName", "4663", "C:\\a\\b.exe"),
    ("ProcessName", "4673", "C:\\a\\b.exe"),
    ("IpPort", "4624", "0"),
    ("IpPort", "4778", "0"),
    ("WorkstationName", "4624", "PC"),
    ("WorkstationName", "4776", "PC"),
    ("ProcessId", "4673", "0x1f4"),
    ("ProcessId", "4663", "0x1f4"),
)


@pytest.mark.parametrize(("field", "code", "value"), SECURITY)
@FEW
@given(data=st.data())
def test_a_field_is_found_wherever_the_module_keeps_it(
    field: str, code: str, value: str, data: st.DataObject
) -> None:
    leaf = data.draw(leaves(field, st.just(value)))
    check("service:security", leaf, {"EventID": code, field: value})
    check("service:security", leaf, {"EventID": code})


def test_the_name_of_a_created_process_is_not_that_of_the_event() -> None:
    event = {"EventID": "4688", "NewProcessName": "C:\\a\\b.exe"}
    check("service:security", text("ProcessName", Shape.ENDSWITH, "b.exe"), event)
    check("service:security", ir.Exists("ProcessName"), event)


@pytest.mark.parametrize("code", ["4624", "4820"])
@FEW
@given(
    leaf=leaves("IpAddress", ADDRESSES) | st.builds(ir.CidrMatch, st.just("IpAddress"), NETWORKS),
    address=ADDRESSES | st.just("-"),
)
def test_a_client_address_is_bounded(code: str, leaf: ir.FieldLeaf, address: str) -> None:
    check("service:security", leaf, {"EventID": code, "IpAddress": address})


LISTS = (
    ("AccessMask", ["0x2", "0x20"]),
    ("AccessList", ["%%4417", "%%1538"]),
    ("PrivilegeList", ["SeDebugPrivilege", "SeTcbPrivilege"]),
)


@pytest.mark.parametrize(("name", "known"), LISTS)
@FEW
@given(data=st.data())
def test_a_list_is_bounded(name: str, known: list[str], data: st.DataObject) -> None:
    words = st.sampled_from(known)
    values = st.lists(words, min_size=1, max_size=2).map(" ".join)
    leaf = data.draw(
        st.builds(text, st.just(name), SHAPES, words | values | words.map(lambda w: w[1:4]))
    )
    check("service:security", leaf, {"EventID": "4673", name: data.draw(values)})


@pytest.mark.parametrize(
    ("level", "asked", "upper"),
    [("4", "4", True), ("2", "Error", True), ("Error", "2", True), ("2", "4", False)],
)
def test_a_level_is_stored_as_its_name(level: str, asked: str, upper: bool) -> None:
    node = bound("service:application", text("Level", Shape.EQUALS, asked))
    record = stored("service:application", {"Level": level})
    assert isinstance(node, ir.Approx)
    assert evaluate(node.upper.node, record) is upper


def test_the_mask_of_a_failed_audit_is_its_outcome() -> None:
    node = bound("service:security", text("Keywords", Shape.EQUALS, "0x8010000000000000"))
    assert isinstance(node, ir.Approx)
    for keywords, found in (("0x8010000000000000", True), ("0x8020000000000000", False)):
        record = stored("service:security", {"Keywords": keywords})
        assert evaluate(node.upper.node, record) is found


@pytest.mark.parametrize("mask", ["0x8000000000000000", "Audit Failure", ""])
def test_another_mask_tells_nothing(mask: str) -> None:
    node = bound("service:security", text("Keywords", Shape.EQUALS, mask))
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)


NUMBERS = st.integers(0, 3).map(str)


@FEW
@given(leaves("ProcessId", NUMBERS), NUMBERS)
def test_the_process_0_is_not_stored(leaf: ir.FieldLeaf, number: str) -> None:
    check("service:system", leaf, {"ProcessId": number})


@pytest.mark.parametrize("field", ["EventID", "LogonType"])
def test_a_number_is_the_text_that_writes_it(field: str) -> None:
    node = bound("service:security", ir.Compare(field, Op.EQ, 3))
    assert isinstance(node, ir.StringMatch)
    assert ir.value_text(node) == "3"


def test_a_text_has_no_order_of_numbers() -> None:
    node = bound("service:security", ir.Compare("LogonType", Op.GT, 3))
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)


PAYLOADS = (
    'CommandInvocation(Get-Clipboard): "Get-Clipboard"',
    'ParameterBinding(Add-Type): name="AssemblyName"; value="System.Drawing"',
    "a line of its own",
)


@pytest.mark.parametrize(
    "asked", ["Get-Clipboard", "AssemblyName", "System.Drawing", "Invoke-X", "line"]
)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_bounded(asked: str, payload: str) -> None:
    leaf = text("Payload", Shape.CONTAINS, asked)
    check("ps_module", leaf, {"Payload": payload})


PAIRS = (
    ("ps_module", "ContextInfo", "Host Application = power"),
    ("ps_module", "ContextInfo", "Host Name = Console"),
    ("ps_module", "ContextInfo", "ershell -x"),
    ("ps_classic_start", "Data", "HostApplication=power"),
    ("ps_classic_start", "Data", "HostApplication=x"),
    ("ps_classic_start", "Data", "ershell -x"),
)


@pytest.mark.parametrize(("category", "field", "asked"), PAIRS)
def test_a_pair_is_found_in_the_column_of_its_key(category: str, field: str, asked: str) -> None:
    pairs = "\tHost Name = ConsoleHost\n\tHost Application = powershell -x\n"
    joined = pairs if field == "ContextInfo" else pairs.replace("Host ", "Host").replace(" = ", "=")
    leaf = text(field, Shape.CONTAINS, asked)
    check(category, leaf, {field: joined})
    upper, lower = sides(bound(category, leaf))
    assert upper == ir.TRUE
    assert lower != ir.FALSE


def test_a_pair_is_the_start_of_its_columns_value() -> None:
    node = bound("ps_classic_start", text("Data", Shape.CONTAINS, "HostApplication=powershell"))
    assert isinstance(node, ir.Approx)
    found = node.lower.node
    assert isinstance(found, ir.StringMatch)
    assert (ir.field_name(found), ir.value_text(found)) == ("process.command_line", "powershell*")


@pytest.mark.parametrize("pattern", [Shape.EQUALS, Shape.STARTSWITH])
def test_of_the_whole_text_of_pairs_nothing_is_kept(pattern: Shape) -> None:
    node = bound("ps_classic_start", text("Data", pattern, "HostApplication=powershell"))
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)


def test_the_data_of_an_event_is_in_one_of_two_places() -> None:
    leaf = text("Operation", Shape.CONTAINS, "ex")
    node = bound("service:wmi", leaf)
    for record in ({"winlog.event_data.Operation": "exec"}, {"winlog.user_data.Operation": "exec"}):
        assert evaluate(node, record)
    absent = bound("service:wmi", ir.IsNull("Operation"))
    assert evaluate(take_side(absent, up=True).node, {})


@pytest.mark.parametrize(
    ("status", "name"), [("0", "SUCCESS"), ("9003", "DNS_ERROR_RCODE_NAME_ERROR")]
)
def test_a_status_of_a_query_is_its_name(status: str, name: str) -> None:
    node = bound("dns_query", text("QueryStatus", Shape.EQUALS, status))
    assert isinstance(node, ir.StringMatch)
    assert ir.value_text(node) == name
    assert node == bound("dns_query", ir.Compare("QueryStatus", Op.EQ, int(status)))


def test_a_status_that_is_not_listed_tells_nothing() -> None:
    node = bound("dns_query", text("QueryStatus", Shape.EQUALS, "77"))
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)


@pytest.mark.parametrize("category", ["ps_script", "ps_module"])
@pytest.mark.parametrize("field", ["ScriptBlockText", "Payload", "ContextInfo"])
@pytest.mark.parametrize(
    "kind", [ir.IsNull, ir.IsEmpty, ir.Exists, lambda field: ir.Compare(field, Op.EQ, 1)]
)
def test_presence_is_bounded(category: str, field: str, kind: Any) -> None:
    leaf = kind(field)
    for event in ({}, {field: "a"}):
        check(category, leaf, event)


@pytest.mark.parametrize("regex", ["Get-Clip\\w+", "(Get|Set)-Clip", "(?i)clip.*board", "^.{3}$"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_regex_over_a_payload_is_bounded_by_its_literals(regex: str, payload: str) -> None:
    check(
        "ps_module", ir.RegexMatch("Payload", regex.removeprefix("(?i)"), "i"), {"Payload": payload}
    )


@pytest.mark.parametrize("regex", ["Invoke-Mimi\\w+", "(New|Old)-Object", "[a-z]{3}"])
@pytest.mark.parametrize("script", ["x Invoke-Mimikatz", "New-Object", "y"])
def test_a_regex_over_a_script_is_bounded_by_the_words_of_its_literals(
    regex: str, script: str
) -> None:
    leaf = ir.RegexMatch("ScriptBlockText", regex)
    upper, lower = sides(bound("ps_script", leaf))
    meant = evaluate(leaf, {"ScriptBlockText": script})
    assert holds_words(lower, pattern_words(script)) <= meant
    assert meant <= holds_words(upper, pattern_words(script))


@pytest.mark.parametrize("name", ["AccessMask", "AccessList", "PrivilegeList"])
@pytest.mark.parametrize(
    "leaf",
    [
        lambda name: ir.RegexMatch(name, "2"),
        lambda name: ir.Exists(name),
        lambda name: ir.IsNull(name),
        lambda name: ir.Compare(name, Op.EQ, 2),
        lambda name: text(name, Shape.CONTAINS, "0x2 0x3"),
        lambda name: text(name, Shape.STARTSWITH, "%%"),
        lambda name: text(name, Shape.ENDSWITH, "zzz"),
        lambda name: ir.StringMatch(name, (ir.Literal("0"), ir.AnyRun, ir.Literal("2"))),
    ],
)
def test_another_test_of_a_list_is_bounded(name: str, leaf: Any) -> None:
    for event in ({}, {name: "0x2"}, {name: "0x2 0x3"}, {name: "2"}):
        check("service:security", leaf(name), {"EventID": "4673", **event})


@pytest.mark.parametrize("kind", [ir.Exists, ir.IsNull, ir.IsEmpty])
@pytest.mark.parametrize(
    ("category", "field", "event"),
    [
        ("service:application", "Level", {"Level": "4"}),
        ("dns_query", "QueryStatus", {"QueryStatus": "0"}),
        ("service:security", "Keywords", {"Keywords": "0x8010000000000000"}),
        ("network_connection", "Initiated", {"Initiated": "true"}),
        ("service:system", "ProcessId", {"ProcessId": "4"}),
    ],
)
def test_presence_of_a_converted_field_is_bounded(
    kind: Any, category: str, field: str, event: dict[str, Any]
) -> None:
    check(category, kind(field), event)
    check(category, kind(field), {})


def test_a_stored_word_that_stands_for_two_is_bounded() -> None:
    entry = Entry("F", "ecs_words", {"column": ir.Column("c")}, {"few": ("one", "two")})
    node = ecs_words(text("F", Shape.EQUALS, "one"), entry)
    assert isinstance(node, ir.Approx)
    assert holds(node.upper.node, {"c": "few"})
    assert node.lower.node == ir.FALSE
    assert ecs_words(text("F", Shape.CONTAINS, "o"), entry) == node.upper.node


def test_an_address_that_is_none_is_found_nowhere() -> None:
    for value in ("abc", "10.1", "1:2"):
        node = bound("network_connection", text("SourceIp", Shape.EQUALS, value))
        assert node == ir.FALSE


def test_parts_of_addresses_are_not_told() -> None:
    node = bound("network_connection", text("SourceIp", Shape.ENDSWITH, ".1"))
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)


def test_zeros_of_no_known_algorithm_tell_nothing() -> None:
    node = bound("image_load", text("Hashes", Shape.CONTAINS, "000"))
    assert isinstance(node, ir.Approx)
    assert (node.upper.node, node.lower.node) == (ir.TRUE, ir.FALSE)
