"""What the readers accept, refuse and mean. They are oracles of other tests, so they have their own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lark.exceptions import VisitError
from lark.visitors import Transformer

from sigmaglot.verify.readers import car, dnif_dql, dnif_fetch, kibana_kql, kusto, logpoint, spl
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.readers.grammar import grammar, parse, transform
from sigmaglot.verify.readers.regexes import compile_or_fail, re2
from sigmaglot.verify.readers.uax29 import analysed, tokens

SHARED = Path(__file__).resolve().parents[2] / "shared"
CMD = r"C:\Windows\System32\cmd.exe"
LINE = r'"cmd.exe" /c echo "Hello World" > C:\Temp\test.bin & type x'


def published(name):
    path = SHARED / "schemas" / name
    if not path.is_file():
        pytest.skip(f"the shared material is absent: {path}")
    return json.loads(path.read_text(encoding="utf-8"))


def refused(read, text, *args, **options):
    with pytest.raises(ReadError):
        read(text, *args, **options)


# -- Kusto ----------------------------------------------------------------------------------------------------------

EVENT = {
    "FileName": "cmd.exe",
    "FolderPath": CMD,
    "ProcessCommandLine": LINE,
    "ProcessId": 8,
    "RemoteIP": "10.1.2.3",
}
EVENT_TYPES = {
    "FileName": "string", "FolderPath": "string", "ProcessCommandLine": "string", "ProcessId": "long",
    "RemoteIP": "string", "AccountName": "string", "Timestamp": "datetime", "LogonId": "long",
}  # fmt: skip


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ('FileName == "CMD.exe"', False),
        ('FileName =~ "CMD.exe"', True),
        ('FileName !~ "CMD.exe"', False),
        ('FileName in ("CMD.exe", "cmd.exe")', True),
        ('FileName in ("CMD.exe")', False),
        ('FileName in~ (dynamic(["x", "CMD.exe"]))', True),
        ('FileName !in~ ("x")', True),
        (r'FolderPath endswith "\\CMD.EXE"', True),
        (r'FolderPath endswith @"\CMD.EXE"', True),
        (r"FolderPath endswith_cs @'\CMD.EXE'", False),
        (r'FolderPath !startswith "c:\\"', False),
        ('ProcessCommandLine contains @"""hello world"""', True),
        ('ProcessCommandLine has "echo"', True),
        ('ProcessCommandLine has "ech"', False),
        ('ProcessCommandLine has_any ("ech", "TYPE")', True),
        ('ProcessCommandLine has_all ("ech", "type")', False),
        ('ProcessCommandLine !has_cs "ECHO"', True),
        ('FileName matches regex "CMD"', False),
        (r'FileName matches regex @"(?i)^CMD\.[a-z]+$"', True),
        ("ProcessId == 8 and ProcessId in (7, 8)", True),
        ("ProcessId > 7 and not(ProcessId >= 9)", True),
        ("isempty(AccountName) and isnotempty(FileName)", True),
        ('AccountName == ""', True),
        ('AccountName != "x"', True),
        ("isnull(AccountName)", False),
        ("isnull(LogonId)", True),
        ("LogonId == 5", False),
        ("LogonId != 5", True),
        ("not(LogonId > 5)", False),
        ('ipv4_is_in_range(RemoteIP, "10.0.0.0/8")', True),
        ('ipv4_is_in_range(RemoteIP, "11.0.0.0/8")', False),
        ('ipv6_is_in_range(RemoteIP, "fe80::/10")', False),
        ('ipv4_is_match(RemoteIP, "10.1.9.9", 16)', True),
        ('strcat(tolower(FileName), "|", tostring(ProcessId)) == "cmd.exe|8"', True),
        ('FileName == "x" or FileName == "cmd.exe" and ProcessId == 9', False),
        ('FileName == "cmd.exe" or FileName == "x" and ProcessId == 9', True),
        ('(FileName == "cmd.exe" or FileName == "x") and ProcessId == 9', False),
        ('hourofday(Timestamp) == 23 and datetime_part("month", Timestamp) == 1', True),
        ("Timestamp > ago(7d)", True),
        ("Timestamp < datetime(2026-01-01)", False),
    ],
)
def test_kusto_predicate(predicate, expected):
    query = kusto.read(f"T | where {predicate}", EVENT_TYPES, now=datetime(2026, 1, 28, tzinfo=UTC))
    assert query.matches({**EVENT, "Timestamp": "2026-01-24T23:55:39Z"}) is expected


@pytest.mark.parametrize(
    "text",
    [
        'T | where FileName == "cmd.exe',
        r'T | where FileName == "C:\Windows"',
        'T | where ProcessId == "5"',
        'T | where ProcessId in~ ("5")',
        'T | where ProcessId contains "5"',
        "T | where FileName == 5",
        'T | where FileName < "x"',
        "T | where FileName",
        'T | where Unknown == "x"',
        'T | where not FileName == "x"',
        'T | where FileName !has_any ("x")',
        'T | where FileName has ".exe"',
        'T | where FileName == "a" == true',
        'T | where FileName == "a" and',
        'T | where FileName = "a"',
        'T | where (FileName == "a"',
        'T | where FileName matches regex "(?=x)"',
        "T | where frobnicate(FileName)",
        "T | summarize count() by FileName",
        "T | project FileName | where ProcessId == 8",
        'T | where FileName in "x"',
        "T where ProcessId == 8",
    ],
)
def test_kusto_refuses(text):
    refused(kusto.read, text, EVENT_TYPES)


def test_kusto_reads_stages_and_comments():
    text = r"""
    DeviceProcessEvents // the table
    | where FileName in ("cmd.exe") // and "this | is no string
    | extend upper = toupper(FileName)
    | where upper == "CMD.EXE"
    | project Timestamp, Name = FileName, upper
    | order by Timestamp desc
    | take 10
    """
    query = kusto.read(text)
    assert query.selector == "DeviceProcessEvents"
    assert query.stage_names == ("where", "extend", "where", "project", "order", "take")
    assert query.apply(EVENT) == {"Timestamp": None, "Name": "cmd.exe", "upper": "CMD.EXE"}


def test_kusto_reads_the_seed():
    path = SHARED / "seeds" / "000_3767cd5d693ea4b4.txt"
    if not path.is_file():
        pytest.skip(f"the shared material is absent: {path}")
    text = path.read_text(encoding="utf-8").split("```")[1]
    query = kusto.read(text)
    assert query.matches({**EVENT, "ProcessCommandLine": "cmd /c WMIC os"})
    assert not query.matches(EVENT)


def test_kusto_without_types_raises_where_only_a_type_could_tell():
    with pytest.raises(ReadError):
        kusto.read('T | where ProcessId == "8"').matches(EVENT)
    with pytest.raises(ReadError):
        kusto.read("T | where isnull(LogonId)").matches(EVENT)
    with pytest.raises(ReadError):
        kusto.read("T | where A == B").matches({})


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(?<!a)",
        r"(a)\1",
        "(?>a)",
        "a**",
        "a++",
        r"\Z",
        r"\h",
        "a{1001}",
        "[a",
        "(a",
        "a)",
        "*a",
        r"\pL",
    ],
)
def test_re2_refuses(pattern):
    with pytest.raises(ReadError):
        re2(pattern)


@pytest.mark.parametrize(
    "pattern", ["(", "[[a]", "a{99999999999}", "(" * 3_000 + ")" * 3_000], ids=len
)
def test_what_python_cannot_compile_or_warns_of_is_refused_with_its_place(pattern):
    with pytest.raises(ReadError) as caught:
        compile_or_fail(pattern, offset=7)
    assert caught.value.offset == 7


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a$", "a\n", False),
        ("(?m)a$", "a\nb", True),
        (r"a\z", "a", True),
        (r"^\w$", "é", False),
        (r"[\w-]\s", "- ", True),
        (r"a{,2}", "a{,2}", True),
        (r"[[:digit:]]\x41", "5A", True),
        (r"(?i:A)b", "ab", True),
        (r"(?P<x>a|b)+?c", "abc", True),
        (r"\bcmd\b", "a cmd.exe", True),
    ],
)
def test_re2_matches(pattern, text, expected):
    assert (re2(pattern).search(text) is not None) is expected


# -- Kibana KQL -----------------------------------------------------------------------------------------------------

MAPPING = {
    "process.name": "keyword", "process.executable": "keyword", "process.command_line": "wildcard",
    "process.command_line.text": "text", "process.parent.name": "keyword", "process.pid": "long", "source.ip": "ip",
    "winlog.channel": "keyword", "event.code": "keyword", "user.name": "keyword", "@timestamp": "date",
}  # fmt: skip
DOCUMENT = {
    "process.name": "cmd.exe", "process.executable": CMD, "process.command_line": LINE, "process.pid": 3576,
    "process.parent.name": "wsmprovhost.exe", "source.ip": "10.1.2.3", "event.code": "1",
    "winlog.channel": "Microsoft-Windows-Sysmon/Operational", "@timestamp": "2026-01-24T23:55:39.470Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("process.name: cmd.exe", True),
        ('process.name: "CMD.exe"', False),
        ("process.name: *MD.exe", False),
        ("process.name: cm*exe", True),
        ('process.name: "cm*"', False),
        (r"process.name: cm\*", False),
        (r'process.executable: "C:\\Windows\\System32\\cmd.exe"', True),
        (r"process.executable: *\\System32\\*", True),
        ("process.command_line.text: *ECHO*", True),
        ("process.command_line.text: (*echo* and *type*)", True),
        (r"process.command_line.text: *\\test.bin", False),
        ('process.command_line.text: "hello world"', True),
        ('process.command_line.text: "hello echo"', False),
        ("process.command_line.text: absent hello", True),
        ("process.command_line.text: hell", False),
        ("process.command_line.text: *hello wor*", True),
        ("process.command_line: *Hello World*", False),
        ("process.name: (powershell.exe or cmd.exe)", True),
        ("process.name: (cmd.exe and not cmd.exe)", False),
        ("not process.name: cmd.exe or process.pid: 3576", True),
        ("process.pid: 1 and process.pid: 2 or process.pid: 3576", True),
        ("process.pid: 3576 or process.pid: 1 and process.pid: 2", True),
        ("(process.pid: 3576 or process.pid: 1) and process.pid: 2", False),
        ("NOT user.name: x", True),
        ("user.name: *", False),
        ("process.name: *", True),
        ("process.pid >= 3576 AND process.pid < 3577", True),
        ('process.pid: "3576"', True),
        ("source.ip: 10.0.0.0/8", True),
        ('source.ip: "fe80::/10"', False),
        ('@timestamp > "2026-01-01"', True),
        ("*provhost*", True),
        ('"hello world"', True),
        ("", True),
        ("*:*", True),
    ],
)
def test_kibana_matches(text, expected):
    assert kibana_kql.read(text, MAPPING).matches(DOCUMENT) is expected


def test_kibana_takes_a_connective_without_a_blank_behind_it_as_text():
    assert kibana_kql.read("user.name: a and", MAPPING).matches({"user.name": "a and"})


@pytest.mark.parametrize(
    "text",
    [
        'process.name: "cmd',
        r"process.name: a\.b",
        r"process.name: a\ b",
        "process.name: *cannot find*",
        "process.name: a and ",
        "process.name: (a",
        "process.name: (a or )",
        "process.name:",
        "not(process.name: a)",
        "process.name: C:*",
        "process.name: null",
        "process.pid: 3*",
        "process.pid: abc",
        "process.nope: x",
        "process: { name: x }",
        r"process.name: * \AND *",
        r"process.name: C:\windows",
    ],
)
def test_kibana_refuses(text):
    refused(kibana_kql.read, text, MAPPING)


def test_kibana_splits_a_wildcard_value_at_blanks_into_alternatives():
    query = r"process.name: *nonsense* tail"
    assert kibana_kql.read(query, MAPPING).matches({"process.name": "tail"})
    assert not kibana_kql.read(query, MAPPING).matches({"process.name": "nonsens tail"})
    whole = kibana_kql.read(query, MAPPING, keyword_wildcard="wildcard")
    assert whole.matches({"process.name": "some nonsense tail"})
    assert not whole.matches({"process.name": "tail"})


def test_kibana_splits_the_wildcard_type_under_either_option():
    query = kibana_kql.read("process.command_line: *a b*", MAPPING, keyword_wildcard="wildcard")
    assert query.matches({"process.command_line": "bx"})
    assert not query.matches({"process.command_line": "xa bx"})


def test_kibana_escapes():
    assert kibana_kql.read(r'user.name: "\u0041\tb\"c\\"', MAPPING).matches(
        {"user.name": 'A\tb"c\\'}
    )
    assert kibana_kql.read(r"user.name: x \and y\:z\(\)", MAPPING).matches(
        {"user.name": "x and y:z()"}
    )


def test_kibana_reads_lists():
    assert kibana_kql.read("user.name: b", MAPPING).matches({"user.name": ["a", "b"]})


def test_kibana_reads_the_seed():
    path = SHARED / "seeds" / "002_54ed398e6c1be97d.txt"
    if not path.is_file():
        pytest.skip(f"the shared material is absent: {path}")
    text = path.read_text(encoding="utf-8").split("```kql")[1].split("```")[0]
    query = kibana_kql.read(text, MAPPING)
    assert query.matches(DOCUMENT)
    assert not query.matches({**DOCUMENT, "process.name": "CMD.EXE"})


TYPED = {
    "name": "keyword", "line": "wildcard", "line.text": "match_only_text", "set": "constant_keyword", "note": "text",
    "size": "long", "share": "double", "ip": "ip", "at": "date", "ok": "boolean", "gone": "keyword",
}  # fmt: skip
STORED = {
    "name": "cmd.exe", "line": "Brown-fox jumps, brown FOXES too", "set": "prod", "note": "aba",
    "size": 9007199254740993, "share": 0.5, "ip": "10.1.2.3", "at": "2026-01-24T23:55:39.470Z", "ok": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # match and match_phrase
        ("line.text: fox", True),
        ("line.text: quick FOX", True),
        ("line.text: quick foxe", False),
        ("line.text: -", False),
        ('line.text: "brown fox"', True),
        ('line.text: "foxes brown"', False),
        ('line.text: "fox jumps brown"', True),
        ('line.text: ""', False),
        ('set: "prod"', True),
        ("set: PROD", False),
        # wildcards, whole values and single tokens
        ("name: *", True),
        ("name: **", True),
        ("name: cmd*", True),
        ("name: md*", False),
        ("name: *cmd", False),
        ("name: *m*.*e", True),
        ("name: *e*m*", False),
        ("name: c*.exe*e", False),
        ("note: ab*ba", False),
        ("note: a*a", True),
        ("line.text: *ROW*", True),
        ("line.text: row*", False),
        ("line.text: bro*", True),
        ("line.text: *mps", True),
        ("line.text: *ump", False),
        ("line.text: j*p*", True),
        ("line.text: b*x", False),
        ("line.text: f*o*s", True),
        ("line: *jumps,*", True),
        ("line: *jump?,*", False),
        ("set: p*", True),
        # numbers
        ("size: 9007199254740993", True),
        ("size: 9007199254740992", False),
        ("size > 9007199254740992", True),
        ("size: 9007199254740993.5", False),
        ("share: 0.50", True),
        ("share < 1 and share >= 0.5 and share > -3", True),
        ("share <= 0.49", False),
        # addresses
        ("ip: 10.1.2.3", True),
        ('ip: "::ffff:10.1.2.3"', True),
        ('ip: "::ffff:10.0.0.0/104"', True),
        ('ip: "::/0"', True),
        ('ip: "2001:db8::/32"', False),
        ("ip: 10.1.2.0/30", True),
        ("ip: 10.1.2.4/30", False),
        ("ip >= 10.1.2.3 and ip < 10.1.2.10", True),
        ("ip > 10.1.2.3", False),
        ('ip < "2001:db8::"', True),
        # truth
        ("ok: true", True),
        ('ok: "false"', False),
        # terms in their order
        ("name >= cmd and name < cmd.exf", True),
        ("name < CMD", False),
        ("line > Brown", True),
    ],
)
def test_kibana_reads_each_type_of_field(text, expected):
    assert kibana_kql.read(text, TYPED).matches(STORED) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('at: "2026-01-24"', True),
        ('at: "2026-01-25"', False),
        ('at: "2026-01-24T23"', True),
        ('at: "2026-01-24T23:55:39.470Z"', True),
        ('at: "2026-01-25T00:55:39.470+01:00"', True),
        ('at: "2026-01-24T23:55:39.471"', False),
        ("at: 1769298939470", True),
        ('at > "2026-01-24"', False),
        ('at >= "2026-01-24"', True),
        ('at < "2026-01-24"', False),
        ('at <= "2026-01-24"', True),
        ('at < "2026-01-24T23:56"', True),
        ('at > "2026-01-24T23:55"', False),
        ('at <= "2026-01"', False),
        ('at > "2026"', True),
    ],
)
def test_kibana_takes_a_date_from_its_first_to_its_last_millisecond(text, expected):
    """Kibana makes `is` a range; the range query fills what a date leaves out."""
    assert kibana_kql.read(text, TYPED).matches(STORED) is expected


def test_kibana_reads_a_date_as_sysmon_writes_it():
    query = kibana_kql.read('at > "2026-01-24T23:00"', TYPED)
    assert not query.matches({"at": "2026-01-24 23:00:59.999"})
    assert query.matches({"at": "2026-01-24 23:01:00.000"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", True), ("-", True), (["x", None], True), (None, False), ([], False), ([None], False)],
)
def test_kibana_says_what_exists_as_the_exists_query_does(value, expected):
    assert kibana_kql.read("name: *", TYPED).matches({"name": value}) is expected
    assert kibana_kql.read("line.text: *", TYPED).matches({"line": value}) is expected


def test_kibana_reads_a_text_sub_field_of_its_own_first():
    query = kibana_kql.read("line.text: fox", TYPED)
    assert query.matches({"line": "dog", "line.text": "Fox"})
    assert not query.matches({"line": "fox", "line.text": "dog"})
    assert not query.matches({"line": "fox", "line.text": None})


def test_kibana_takes_the_empty_text_for_false():
    assert kibana_kql.read("ok: false", TYPED).matches({"ok": ""})
    assert kibana_kql.read("ok: false", TYPED).matches({"ok": "false"})
    assert not kibana_kql.read("ok: true", TYPED).matches({"ok": "yes"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: (a and b)", True),
        ("name: (a and c)", False),
        ("name: (not c)", True),
        ("name: (not a)", False),
        ("name: (c or (a and not d))", True),
        ("name: (c or not (a or d))", False),
        ("name: ((a))", True),
        ("name: (c or *)", True),
        ("not name: (c or d) and (name: a)", True),
    ],
)
def test_kibana_asks_each_value_of_all_elements(text, expected):
    assert kibana_kql.read(text, TYPED).matches({"name": ["a", "b"]}) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.2.3", True),
        ("9007199254740993", True),
        ('"2026-01-24"', True),
        ("CMD.exe", False),
        ("jumps", True),
        ('"fox brown"', False),
        ("*UMP*", True),
        ("absent", False),
    ],
)
def test_kibana_looks_for_a_value_without_a_field_in_every_type(text, expected):
    assert kibana_kql.read(text, TYPED).matches(STORED) is expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("name: or b", "or b"),
        ("name: (or)", "or"),
        ("name: nothing", "nothing"),
        ("name: cannot", "cannot"),
        ("name: android orb", "android orb"),
        ("name:\n a  b \u00a0", "a  b"),
        ("name : C", "C"),
        ('"name": a', "a"),
        (r"name: a\not b", "a\not b"),
        (r"name: \u0041\t\{\}", "A\t{}"),
        (r'name: "C:\Temp\*"', r"C:\Temp\*"),
        (r'name: "\ud83d\ude00"', "😀"),
        ("name: a?b", "a?b"),
    ],
)
def test_kibana_takes_as_text_what_the_published_grammar_does(text, value):
    query = kibana_kql.read(text, TYPED)
    assert query.matches({"name": value})
    assert not query.matches({"name": f"{value}x"})


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        (r"name: a\.b", "unexpected", 7),
        (r"name: \U0041", "unexpected", 6),
        ("name: *cannot find*", "unexpected", 10),
        ("name: a b: c", "unexpected ':'", 9),
        ('name: "a" "b"', "unexpected", 10),
        ("name: (a", "unexpected end", 8),
        ("not not name: a", "unexpected", 4),
        ("nope: a", "no field 'nope'", 0),
        ("ok: (true or nope: a)", "unexpected ':'", 17),
        ("na*: a", "wildcard", 0),
        ("*: a", "wildcard", 0),
        ("name: { line: a }", "nested", 6),
        (r"name: \ue000", "U+E000", 6),
        ("name: null", "null", 6),
        ("size: 1e3", "'1e3' on a long field", 6),
        ("size: 1*", "a wildcard on a long field", 6),
        ("ip: 10.0.0.0/33", "'10.0.0.0/33' on a ip field", 4),
        ("ip: 10.0.0.0/255.0.0.0", "on a ip field", 4),
        ("ip > 10.0.0.0/8", "as a bound", 5),
        ("ip: 10.*", "a wildcard on a ip field", 4),
        ("at: 2026*", "a wildcard on a date field", 4),
        ('at: "2026-02-30"', "on a date field", 4),
        ('at: "2026-01-24 23:55"', "on a date field", 4),
        ('at > "now-1d"', "as a bound", 5),
        ("ok: yes", "'yes' on a boolean field", 4),
        ('ok: ""', "on a boolean field", 4),
        ("ok > true", "a range on a boolean field", 5),
        ("note > a", "a range on a text field", 7),
        ("name > a*", "a range on a keyword field", 7),
    ],
)
def test_kibana_says_what_it_refuses_and_where(text, message, offset):
    with pytest.raises(ReadError) as caught:
        kibana_kql.read(text, TYPED)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_kibana_refuses_a_mapping_it_does_not_know():
    with pytest.raises(ValueError, match="geo_point"):
        kibana_kql.read("a: b", {"a": "geo_point"})


@pytest.mark.parametrize("field", ["name", "line.text"])
@pytest.mark.parametrize("shape", ["*{}*", "{}*", "*{}", "{}"])
def test_kibana_reads_a_list_of_10_000_values(field, shape):
    values = [f"tool{number}" for number in range(10_000)]
    query = kibana_kql.read(f"{field}: ({' or '.join(map(shape.format, values))})", TYPED)
    column = field.removesuffix(".text")
    for value in (values[0], values[-1]):
        assert query.matches({column: value})
    assert not query.matches({column: "tool"})
    assert not query.matches({column: "a" * 300})
    if shape == "*{}*":
        assert query.matches({column: "x" * 300 + "tool9999"})


def test_kibana_reads_and_runs_deep_brackets():
    deep = "(" * 5000
    assert kibana_kql.read(f"{deep}name: a{')' * 5000}", TYPED).matches({"name": "a"})
    assert kibana_kql.read(f"name: {deep}a{')' * 5000}", TYPED).matches({"name": "a"})
    with pytest.raises(ReadError, match="nested too deeply"):
        kibana_kql.read(f"{'not (' * 5000}name: a{')' * 5000}", TYPED).matches({"name": "a"})
    with pytest.raises(ReadError, match="nested too deeply"):
        kibana_kql.read(f"name: {'(not ' * 5000}a{')' * 5000}", TYPED)


def test_kibana_analyses_a_text_once_for_all_queries():
    row = {"line": "a text that no other test analyses"}
    queries = [kibana_kql.read(f"line.text: ({a}* or *{a})", TYPED) for a in "bcdefg"]
    before = analysed.cache_info().misses
    for query in queries:
        query.matches(row)
    assert analysed.cache_info().misses == before + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'C:\Windows "cmd.exe" /c', ["c", "windows", "cmd.exe", "c"]),
        ("t1.exe v1.0", ["t1", "exe", "v1.0"]),
        ("a:b a::b 1:2 1,000 a,b 1;2", ["a:b", "a", "b", "1", "2", "1,000", "a", "b", "1;2"]),
        ("x_y _z_ __ 12ab", ["x_y", "_z_", "12ab"]),
        ("don't a.-b", ["don't", "a", "b"]),
        ("é́t 日本 カタ", ["é́t", "日", "本", "カタ"]),
        ("a" * 300, ["a" * 255, "a" * 45]),
        ("a" * 256 + " b", ["a" * 255, "a", "b"]),
        ("a." * 200, ["a." * 127 + "a", "a." * 71 + "a"]),
        ("_" * 300, []),
        ("a_1 a._b", ["a_1", "a", "_b"]),
        ("ΟΔΟΣ İ", ["οδοσ", "i"]),
        ("", []),
    ],
)
def test_standard_tokenizer(text, expected):
    assert tokens(text) == expected


# -- Splunk ---------------------------------------------------------------------------------------------------------

ROW = {
    "EventCode": 1,
    "Image": CMD,
    "CommandLine": LINE,
    "DestinationIp": "10.1.2.3",
    "_time": 1769298939,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'EventCode=1 Image="*\\CMD.EXE"', True),
        (r'search EventCode=1 AND Image="c:\\*"', True),
        ("EventCode=2 OR EventCode=1 Image=x", False),
        ("EventCode=1 OR Image=x EventCode=1", True),
        ("EventCode=1 NOT EventCode=2", True),
        ("NOT EventCode=2 OR EventCode=1", True),
        ("NOT (EventCode=1 OR EventCode=2)", False),
        ("NOT User=x", True),
        ("User!=x", False),
        ("Image!=x", True),
        ("User=*", False),
        ("NOT User=*", True),
        ("Image=*", True),
        ('EventCode IN (3, "1")', True),
        (r'Image IN ("a*", "*cmd*")', True),
        ("EventCode>=1 EventCode<2", True),
        ("DestinationIp=10.0.0.0/8", True),
        (r'Image=CASE("C:")', False),
        ('CommandLine="*\\"hello world\\"*"', True),
        ("whoami", False),
        ("HELLO", True),
        ("hell", False),
        ('"hello world"', True),
        ("hell*", True),
        ('"*ell*"', True),
        (r'EventCode=1 | where match(Image, "(?i)\\\\CMD\.exe$")', True),
        (r'EventCode=1 | where match(Image, "\\\\CMD\.exe$")', False),
        (r'EventCode=1 | where like(lower(Image), "%\\cmd._xe")', True),
        ('EventCode=1 | where Image LIKE "C:%"', True),
        ('EventCode=1 | where NOT User="x"', False),
        ('EventCode=1 | where isnull(User) OR User="x"', True),
        ('EventCode=1 | where NOT coalesce(User, "")="x"', True),
        ('EventCode=1 | where EventCode=1 OR EventCode=2 AND User="x"', True),
        ("EventCode=1 | where EventCode=1 XOR EventCode=1", False),
        ('EventCode=1 | where EventCode=="1" AND EventCode<2', True),
        ("EventCode=1 | where in(EventCode, 2, 1) AND EventCode IN (1)", True),
        ('EventCode=1 | where cidrmatch("10.0.0.0/8", DestinationIp)', True),
        ("EventCode=1 | where isnotnull('dotted.name')", False),
        ('EventCode=1 | where tonumber(strftime(_time, "%H"))=23', True),
        ('EventCode=1 | eval hit=if(match(Image, "cmd"), 1, 0) | where hit=1 | search hit=1', True),
        (r'EventCode=1 | regex Image="(?i)\\\\CMD\.EXE$"', True),
        (r'EventCode=1 | regex Image!="cmd\.exe"', False),
        (
            r'EventCode=1 | rex field=Image "(?<name>[^\\\\]+)$" | search name=CMD.exe | table name',
            True,
        ),
        ("EventCode=1 | fields EventCode | search Image=*", False),
        ("EventCode=1 | fields - Image | search NOT Image=* | sort - _time | head 5", True),
        ("User=x OR EventCode=1 AND NOT EventCode=2 OR User=x", True),
        ("NOT NOT EventCode=1 NOT NOT NOT EventCode=2", True),
        ("User!=NOT OR EventCode=1", True),
        ("NOT(EventCode=2)AND(EventCode=1)", True),
        (r"Image=c:\\*\\cmd.exe", True),
        (r"Image=c:\\windows\\ OR EventCode=2", False),
        (r"C:\\Windows\\System32\\cmd.exe", True),
        ("EventCode = 1 Image = *cmd.exe", True),
        ("EventCodeIN (1)", False),
        ("NOT EventCodeIN (1)", True),
        ("nothing or EventCode=1", False),
        ("search search=x OR EventCode=1", True),
        ("EventCode=1 | where EventCode*2+1=3 AND 7%4=3 AND 1-2-3=-4", True),
        ("EventCode=1 | where 6/2/3=1 AND 2*(1+1)=4", True),
        ("EventCode=1 | where isnull(User*2) AND isnull(1/0) AND isnull(Image-1)", True),
        ("EventCode=1 | eval n=EventCode*2 | search n=2", True),
        ("EventCode=1 | where NOT NOT EventCode=1 AND NOT NOT NOT EventCode=2", True),
        ('EventCode=1 | where case(EventCode=2, "two", EventCode=1, "one")="one"', True),
        ('EventCode=1 | where isnull(case(EventCode=2, "two"))', True),
        ('EventCode=1 | where strftime(0, "%F %T")="1970-01-01 00:00:00"', True),
        ('EventCode=1 | where strptime("1970-01-02 00:00:01", "%Y-%m-%d %H:%M:%S")=86401', True),
        ('EventCode=1 | where strptime("1970-01-01 00:00:01.500", "%F %T.%3N")=1.5', True),
        ("EventCode=1 | eval \"a b\"=1, c='a b'+1 | where c=2", True),
        ("EventCode=1 | where if(EventCode=1, true(), false())", True),
        ('EventCode=1 | where match(_raw, "Hello World") AND like(_raw, "%cmd.exe%")', True),
        (
            'EventCode=1 | where isnull(strptime("yesterday", "%Y")) AND isnull(strftime(Image, "%Y"))',
            True,
        ),
        ('EventCode=1 | where substr("cmd.exe", -3)="exe" AND substr("cmd.exe", 1, 3)="cmd"', True),
        ("EventCode=1 | where isnull(substr(User, 1)) AND isnull(substr(Image, 0))", True),
        (r'EventCode=1 | regex "(?i)CMD\.EXE"', True),
        (r'EventCode=1 | regex CommandLine="^\"cmd"', True),
        (r'EventCode=1 | rex "echo \"(?<said>[^\"]+)" | search said="Hello World"', True),
        ('EventCode=1 | table Image, "EventCode" | search EventCode=1 NOT CommandLine=*', True),
        ("EventCode=1 | fields + Im* | search Image=* NOT EventCode=*", True),
        ("EventCode=1|search Image=*cmd.exe|head limit=3", True),
    ],
)
def test_spl_matches(text, expected):
    assert spl.read(text).matches(ROW) is expected


@pytest.mark.parametrize(
    "text",
    [
        'Image="cmd',
        r'Image="C:\Windows"',
        r'Image="a\*b"',
        r"Image=C:\Windows",
        "Image=",
        "(EventCode=1",
        "EventCode=1)",
        "EventCode=1 OR",
        "EventCode=1 AND",
        "NOT",
        "EventCode in (1, 2)",
        "EventCode IN ()",
        '"Image"=x',
        "earliest=-7d EventCode=1",
        "`sysmon` EventCode=1",
        "EventCode=1 | where dotted.name=1",
        "EventCode=1 | where Image",
        'EventCode=1 | where EventCode=1 or Image="x"',
        'EventCode=1 | where Image="C:\\Windows"',
        'EventCode=1 | where like(Image, "50\\\\%")',
        'EventCode=1 | eval x=match(Image, "y")',
        "EventCode=1 | where frobnicate(Image)",
        'EventCode=1 | where match(Image, "(")',
        'EventCode=1 | rex field=Image "nothing named"',
        "",
        "search",
        "AND EventCode=1",
        "EventCode=1 OR AND EventCode=2",
        "NOT=1",
        "NOT-x",
        'EventCode=1"x"',
        '"a""b"',
        'Image:"cmd.exe"',
        '"Image"IN ("x")',
        "TERM(x)",
        "EventCode<x",
        "EventCode=1 |",
        "EventCode=1 | WHERE EventCode=1",
        "EventCode=1 | where EventCode=1 EventCode=2",
        "EventCode=1 | where EventCode=1=1",
        "EventCode=1 | where !isnull(Image)",
        "EventCode=1 | where Image=C*",
        "EventCode=1 | where match(Image, CommandLine)",
        "EventCode=1 | where like(Image, CommandLine)",
        "EventCode=1 | where cidrmatch(Image, DestinationIp)",
        "EventCode=1 | where if(EventCode=1, 1, isnull(Image))",
        "EventCode=1 | where NOT=1",
        "EventCode=1 | where case(EventCode=1)",
        "EventCode=1 | where case(EventCode=1, 1, EventCode=2)",
        'EventCode=1 | where strptime(Image, "%s")=1',
        'EventCode=1 | where strftime(_time, "%3N")="1"',
        'EventCode=1 | where strftime(_time, Image)="1"',
        "EventCode=1 | eval x",
        "EventCode=1 | eval x=1,",
        "EventCode=1 | table",
        "EventCode=1 | sort",
        "EventCode=1 | stats",
        "EventCode=1 | stats by Image",
        "EventCode=1 | stats avg",
        "EventCode=1 | stats p95(EventCode)",
        "EventCode=1 | stats values(*)",
        "EventCode=1 | stats count by *",
        "EventCode=1 | stats count(eval(EventCode=1))",
        "EventCode=1 | stats sum(eval(EventCode=1)) as n",
        "EventCode=1 | stats allnum=true count",
        "EventCode=1 | streamstats window=2 count by Image",
        "EventCode=1 | streamstats current=perhaps count",
    ],
)
def test_spl_refuses(text):
    refused(spl.read, text)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (r'EventCode=1 Image="C:\Windows"', len('EventCode=1 Image="C:')),
        ("EventCode=1 | frobnicate x", len("EventCode=1 | ")),
        ("(EventCode=1", len("(EventCode=1")),
        ("EventCode=1 earliest=-7d", len("EventCode=1 ")),
        ("EventCode=1 | where isnull(EventCode=1)", len("EventCode=1 | where isnull(")),
        ("EventCode=1 | where EventCode=1 AND Image", len("EventCode=1 | where EventCode=1 AND ")),
        ('EventCode=1 | where like("x", "a\\\\%")', len('EventCode=1 | where like("x", ')),
    ],
)
def test_spl_errors_name_the_place(text, offset):
    with pytest.raises(ReadError) as caught:
        spl.read(text)
    assert caught.value.offset == offset


@pytest.mark.parametrize("text", ['where "x"+1=2', "where Image>1", "where NOT User=1 XOR Image<5"])
def test_spl_cannot_compare_or_add_texts_and_numbers(text):
    with pytest.raises(ReadError):
        spl.read(f"EventCode=1 | {text}").matches(ROW)


def test_spl_reads_long_and_deep_queries():
    values = ", ".join(f'"*value {number}*"' for number in range(10_000))
    listed = spl.read(f"Image IN ({values})")
    assert listed.matches({"Image": "a VALUE 9999 b"})
    assert not listed.matches({"Image": "value"})
    chain = " OR ".join(f"EventCode={number}" for number in range(5_000))
    assert spl.read(f"{chain} | where {chain}").matches({"EventCode": 4_999})
    brackets = "(" * 5_000 + "EventCode=1" + ")" * 5_000
    assert spl.read(f"{brackets} | where {brackets}").matches(ROW)
    assert spl.read("NOT " * 5_001 + "EventCode=1").matches({"EventCode": 2})


def test_spl_options():
    assert spl.read("User=*").matches({"User": ""})
    assert not spl.read("User=*", star_matches_empty=False).matches({"User": ""})
    text = 'EventCode=1 | regex User!="x"'
    with pytest.raises(ReadError):
        spl.read(text).matches(ROW)
    assert spl.read(text, regex_keeps_missing=True).matches(ROW)
    assert not spl.read(text, regex_keeps_missing=False).matches(ROW)


LOGONS = [
    {"host": "a", "user": "eve", "bytes": "3"},
    {"host": "b", "user": "bob", "bytes": "10"},
    {"host": "a", "user": "bob", "bytes": "5"},
    {"user": "eve"},
]


@pytest.mark.parametrize("command", ["stats", "eventstats", "streamstats"])
def test_spl_summaries_need_all_rows(command):
    query = spl.read(f"host=a | {command} count as n by user | where n>1")
    assert query.stage_names == ("search", command, "where")
    assert not query.matches({"host": "b", "user": "eve"})
    with pytest.raises(ReadError, match=f"{command} needs all rows"):
        query.matches(LOGONS[0])


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ("stats count", [{"count": 4}]),
        ("search host=c | stats count", [{"count": 0}]),
        ("search host=c | stats count by user", []),
        (
            "stats count as n, dc(user) by host",
            [{"host": "a", "n": 2, "dc(user)": 2}, {"host": "b", "n": 1, "dc(user)": 1}],
        ),
        (
            'stats sum(bytes) as sum avg(bytes) as "a v" by host',
            [{"host": "a", "sum": 8, "a v": 4}, {"host": "b", "sum": 10, "a v": 10}],
        ),
        (
            "stats min(bytes) as low max(bytes) as high range(bytes) as wide",
            [{"low": 3, "high": 10, "wide": 7}],
        ),
        ("stats min(user) max(user)", [{"min(user)": "bob", "max(user)": "eve"}]),
        ("stats stdev(bytes) as s by host | search host=a", ReadError),
        ("search host=a | stats stdev(bytes) as s | where s*s=2", []),
        ("search host=a | stats stdev(bytes) as s | where s>1.41 AND s<1.42 | stats c", [{"c": 1}]),
        ("stats count(host) count(eval(bytes>4)) as big", [{"count(host)": 3, "big": 2}]),
        ("stats sum(eval(bytes*2)) as twice", [{"twice": 36}]),
        ("stats values(user) as who by host", [{"host": "a", "who": ("bob", "eve")}, {"host": "b", "who": "bob"}]),
        ("stats list(user) as who", [{"who": ("eve", "bob", "bob", "eve")}]),
        ("stats values(user) as who | where who=1", ReadError),
        ("stats values(user) as who | search who=bob", ReadError),
        ("stats count by host, user | where count>1", []),
        ("stats sum(host) as none", [{}]),
        (
            "eventstats count by user | table bytes count",
            [{"bytes": "3", "count": 2}, {"bytes": "10", "count": 2}, {"bytes": "5", "count": 2}, {"count": 2}],
        ),
        ("eventstats max(bytes) as m by host | where bytes=m | table user", [{"user": "bob"}] * 2),
        ("eventstats count as n by host | where isnull(n)", [{"user": "eve"}]),
        (
            "streamstats count sum(bytes) as so_far | fields count so_far",
            [{"count": 1, "so_far": 3}, {"count": 2, "so_far": 13}, {"count": 3, "so_far": 18}, {"count": 4, "so_far": 18}],
        ),
        ("streamstats count by host | table count", [{"count": 1}, {"count": 1}, {"count": 2}, {}]),
        ("streamstats current=f window=1 max(bytes) as before | table before", [{}, {"before": 3}, {"before": 10}, {"before": 5}]),
        ("search bytes=* | sort bytes | table bytes", [{"bytes": "3"}, {"bytes": "5"}, {"bytes": "10"}]),
        ("search bytes=* | sort 1 -bytes | table bytes", [{"bytes": "10"}]),
        ("search bytes=* | sort user, -bytes | table bytes", [{"bytes": "10"}, {"bytes": "5"}, {"bytes": "3"}]),
        ("sort 0 + user | head 2 | table user", [{"user": "bob"}] * 2),
        ("sort bytes", ReadError),
        ("head 1 | table user", [{"user": "eve"}]),
        ("eval user=upper(user) | stats count by user", [{"user": "EVE", "count": 2}, {"user": "BOB", "count": 2}]),
    ],
)  # fmt: skip
def test_spl_rows(pipeline, expected):
    query = spl.read(f"* | {pipeline}")
    if expected is ReadError:
        with pytest.raises(ReadError):
            spl.rows(query, LOGONS)
    else:
        assert spl.rows(query, LOGONS) == expected


def test_spl_rows_without_a_number_are_ten_or_ten_thousand():
    records = [{"n": number} for number in range(10_001)]
    assert len(spl.rows(spl.read("* | head"), records)) == 10
    assert len(spl.rows(spl.read("* | sort n"), records)) == 10_000
    assert len(spl.rows(spl.read("* | sort 0 n"), records)) == 10_001


PROCESS = {
    "Processes.dest": "host",
    "Processes.process": "CMD /c by whoami",
    "Processes.process_id": 7,
    "_time": 10,
}


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ('where Processes.process="cmd*" by Processes.dest', True),
        ("WHERE Processes.process=*WHOAMI BY Processes.dest", True),
        ('where Processes.process="*a" by Processes.dest', False),
        ("by Processes.dest, Processes.process", True),
        ("by Processes.dest Processes.user", False),
        ("where NOT Processes.user=x by Processes.dest", True),
        ("where Processes.user!=x by Processes.dest", False),
        ("where (Processes.dest=a OR Processes.dest=host) Processes.process_id>6 by _time", True),
        ('where Processes.dest IN (a, "HOST") by _time', True),
        ("by Processes.dest | where isnull('Processes.process')", True),
        ("by Processes.process_id | where 'Processes.process_id'=\"7\"", True),
        ("by Processes.dest | where isnotnull(count) | sort 0 - last", True),
        ('by _time | convert timeformat="%Y" ctime(last) | table last, count, _time', True),
    ],
)
def test_spl_tstats_finds_the_group_of_a_record(rest, expected):
    query = spl.read(f"| tstats count max(_time) AS last FROM datamodel=Endpoint.Processes {rest}")
    assert query.selector == "Endpoint.Processes"
    assert query.stage_names[0] == "tstats"
    assert query.matches(PROCESS) is expected


def test_spl_tstats_puts_a_value_where_a_field_is_missing():
    text = '| tstats fillnull_value="none" count from datamodel=A.B by B.x | where \'B.x\'="none"'
    assert spl.read(text).matches({"B.y": 1})
    assert not spl.read(text).matches({"B.x": 1})


@pytest.mark.parametrize(
    "stage", ["where count>1", "search count=1", 'where last="x"', "eval n=count+1"]
)
def test_spl_one_record_does_not_tell_what_a_group_counts(stage):
    query = spl.read(
        "| tstats count max(_time) as t from datamodel=A.B by B.x"
        f"| convert ctime(t) | eval last=t | {stage}"
    )
    with pytest.raises(ReadError, match="which one record does not tell"):
        query.matches({"B.x": 1, "_time": 3})


def test_spl_tstats_groups_all_rows():
    head = "| tstats count min(_time) as first max(_time) as last from datamodel=A.B"
    records = [
        {"B.x": "a", "_time": 3},
        {"B.x": "b", "_time": 9},
        {"_time": 5},
        {"B.x": "a", "_time": 1},
    ]
    grouped = [
        {"B.x": "a", "count": 2, "first": 1, "last": 3},
        {"B.x": "b", "count": 1, "first": 9, "last": 9},
    ]
    assert spl.rows(spl.read(f"{head} by B.x"), records) == grouped
    assert spl.rows(spl.read(f"{head} by B.x | sort 0 - last"), records) == grouped[::-1]
    assert spl.rows(spl.read(f"{head} where B.x=c"), records) == [{"count": 0}]
    with pytest.raises(ReadError, match="tstats without by needs all rows"):
        spl.read(head).matches(records[0])


@pytest.mark.parametrize(
    "text",
    [
        "| tstats count from datamodel=A.B where C.x=1 by B.x",
        "| tstats count from datamodel=A.B where B.x=1 by x",
        "| tstats count from datamodel=A.B by B.*",
        "| tstats count from datamodel=A.B where whoami by B.x",
        "| tstats count from datamodel=A.B where earliest=-7d by B.x",
        "| tstats prestats=true count from datamodel=A.B by B.x",
        "| tstats count from datamodel=A by A.x",
        "| tstats from datamodel=A.B by B.x",
        "a=1 | tstats count from datamodel=A.B by B.x",
        "| tstats count from datamodel=A.B by B.x | convert mktime(count)",
    ],
)
def test_spl_tstats_refuses(text):
    refused(spl.read, text)


def test_spl_by_is_a_word_of_a_search():
    assert spl.read("a=1 by whoami | stats count by a").stage_names == ("search", "stats")


def test_spl_reads_the_published_selectors():
    facts = published("splunk_sysmon_cim.json")
    prose = {"event_id_field"}
    texts = {
        name: text
        for name, text in facts["selectors"].items()
        if isinstance(text, str) and name not in prose
    }
    assert {name: spl.read(text).stage_names for name, text in texts.items()} == dict.fromkeys(
        ["SC_macro_sysmon", "SC_macro_wineventlog_security", "SC_macro_powershell", "CAR", "recommendation"],
        ("search",),
    )  # fmt: skip
    sysmon = {"source": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"}
    assert spl.read(texts["SC_macro_sysmon"]).matches(sysmon)
    assert not spl.read(texts["SC_macro_powershell"]).matches(sysmon)


def test_spl_reads_the_field_names_of_the_published_queries():
    names = published("splunk_sysmon_cim.json")["car_splunk"]["field_counts"]
    refused_names = {"earliest", "latest"}
    for name in names.keys() - refused_names:
        assert spl.read(f"{name}=x").matches({name: "X"})
        assert spl.read(f"* | stats count by {name}").stage_names == ("search", "stats")
    for name in refused_names:
        refused(spl.read, f"{name}=-7d")


SPL_AS_PUBLISHED = [
    '| tstats count min(_time) as firstTime max(_time) as lastTime from datamodel=Endpoint.Registry where Registry.registry_path="*\\\\run\\\\*" AND (Registry.action=deleted OR Registry.action=modified) by Registry.dest Registry.registry_path',
    r'index=main Image="C:\\Windows\\*\\at.exe"|stats values(CommandLine) as "Command Lines" by host',
    'index=main EventCode=1|stats dc(Hashes) as Kinds values(Hashes) as "Hashes" by Image|where Kinds > 1',
    r'index = main (ParentImage="*excel.exe" OR ParentImage="*word.exe") | regex CommandLine="^sc\s*(stop|query)\sx$"',
    r'EventCode=1 (Image=C:\\a\\x.exe OR C:\\b\\y.exe) | regex CommandLine="\"?(\w+(\.\w+)?):(\w+)\"?,\w+\|(?<!\/)\b"',
    "a=1|eval x=lower(x)|eventstats count(p) as n by p|eventstats avg(n) as avg stdev(n) as stdev|eval low=(avg-stdev*1.5)|eval odd=if((n < low),1,0)|where odd=1|table host, p, x",
    "a=1 |eval len=len(x) | eventstats avg(len) as avg by host| stats max(len) as most, values(avg) as each by host, x | where most > 10*each",
    r'a=High|search (User!=NOT_SET AND b=c:\\windows\\ AND Image!=c:\\x.exe) OR x="*.exe\"*x"|eval y=case(like(lower(Image),"%c:\\windows%"), "one", like(Image, "%x"), "two")',
    "index=main (a=1 AND (b=2 OR b=3)) OR (a=4 and b=5) | stats count by _time EventCode host",
    "a=b | streamstats count as n by host | where n >= 5",
]  # fmt: skip
"""The shapes of MITRE's analytics and other published searches, in our own words."""

SPL_NOT_MODELLED = {
    "`sysmon` EventCode=1": "a macro",
    "a=1|search NOT [search a=1|top 30 user|table user]": "a subsearch",
    "| inputlookup hosts.csv": "begins with a pipe",
    "| tstats count where index=main by host": "unexpected",
    "a=1 | transaction user maxspan=3h": "unknown command transaction",
    "a=1 | bin _time span=5m": "unknown command bin",
    "a=1 | rename host as dest": "unknown command rename",
    "a=1 | stats earliest(_time) as first": "the aggregate earliest",
    "a=1 | eval b=round(a/60, 2)": "unknown function round",
    "a=1 earliest=-1d@d": "earliest, which this reader does not model",
    r'CommandLine="*\pipe\*"': r"escape \p",
    r"Image=C:\Windows\cmd.exe": "unexpected",
    'CommandLine:"delete"': "unexpected",
    'a="b*""*.xml"': "unexpected",
    "sourcetype='firewall'": "single quotation mark",
    'a=1 | where !cidrmatch("10.0.0.0/8", ip)': "write NOT",
}
"""What published searches say that is not modelled, or that Splunk itself may not take."""


@pytest.mark.parametrize("text", SPL_AS_PUBLISHED)
def test_spl_reads_what_published_searches_say(text):
    assert spl.read(text).text == text


@pytest.mark.parametrize(("text", "reason"), SPL_NOT_MODELLED.items())
def test_spl_says_what_it_does_not_model_of_published_searches(text, reason):
    with pytest.raises(ReadError) as caught:
        spl.read(text)
    assert reason in caught.value.message


# -- LogPoint -------------------------------------------------------------------------------------------------------

LOG = {
    "norm_id": "WindowsSysmon",
    "event_id": 1,
    "image": CMD,
    "command": LINE,
    "label": ["Process", "Create"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'norm_id=WindowsSysmon event_id=1 image="*\CMD.EXE"', True),
        ("event_id=2 OR event_id=1 image=x", False),
        ("event_id=1 OR image=x event_id=1", True),
        ("-event_id=2 NOT event_id=3", True),
        ("-(event_id=1 OR event_id=2)", False),
        ('event_id IN [3, "1"]', True),
        (r'image IN ["*\x.exe", "*\cmd.e?e"]', True),
        ('command=\'"cmd.exe"*"Hello World"*\'', True),
        ("user=*", False),
        ("-user=*", True),
        ("-user=x", True),
        ("image!=x", True),
        ("event_id>0 event_id<=1", True),
        ('"image"="*cmd*"', True),
        ("hello", True),
        (r'event_id=1 | process regex("(?P<x>cmd\.exe$)", image) | search x=*', True),
        (r'event_id=1 | process regex("(?P<x>CMD\.exe$)", image) | search -x=*', True),
        ("event_id=1 | fields image, event_id | search command=*", False),
        ("event_id=1 | fields image event_id | filter event_id=1", True),
        ("event_id=2 or event_id=1 and image=*cmd.exe", True),
        ("event_id=1 AND NOT image=x", True),
        ("NOT -event_id=1", True),
        ("-event_id=2 -(image=x command=*)", True),
        ('label="Process" label="Create"', True),
        ("-label=Create", False),
        ('label IN ["Create", "Delete"]', True),
        ('event_id IN "1"', True),
        ("event_id>1", False),
        ("image>1", False),
        ("user>1", False),
        ('"Hello World" "cmd.exe"', True),
        ("admin", False),
        ("-admin event_id=1", True),
        ('"process"', True),
        ("Proc?ss", True),
        ('command="*& type x"(event_id=1)', True),
        ('image="C:?Windows?System32?cmd.exe"', True),
        (r"image=C:\Windows\*", True),
        (r'event_id=1 | process regex("(?P<file>[^\\]+)$", image) | search file=cmd.exe', True),
        (r'event_id=1 | process regex("(?P<x>!)|(?P<y>cmd)", image) | search -x=* y=*', True),
        (r'event_id=1 | process regex("(?P<image>z)", command) | search image="*cmd.exe"', True),
        (r'event_id=1 | process regex("(?P<x>z)", user) | search -x=*', True),
        ("event_id=1 | order by log_ts desc | limit 10", True),
    ],
)
def test_logpoint_matches(text, expected):
    assert logpoint.read(text).matches(LOG) is expected


@pytest.mark.parametrize(
    "text",
    [
        'image="cmd',
        r'image="*\"x"',
        "process=x",
        "(event_id=1",
        "event_id=1)",
        "event_id=1 OR",
        "event_id=",
        "event_id IN [1, 2",
        "event_id=1 | process compare(a, b)",
        'event_id=1 | process regex("(x", image)',
        'event_id=1 | process regex("x", image)',
        "event_id=1 | rename a as b",
        "event_id=1 |",
        "",
        "()",
        "search event_id=1",
        "event_id=1 not image=x",
        "event_id=1 AND OR image=x",
        "event_id==1",
        "event_id>x",
        "event_id IN []",
        "event_id IN (1, 2)",
        "process IN TOOLS",
        "'image'=x",
        "event_id=1 | limit",
        "event_id=1 | fields",
        "event_id=1 | chart",
        "event_id=1 | chart count( by host",
        'event_id=1 | chart count() by "host',
        "event_id=1 | latest",
    ],
)
def test_logpoint_refuses(text):
    refused(logpoint.read, text)


@pytest.mark.parametrize(
    "stage",
    [
        "chart count() as cnt by host",
        "chart count(a=1) as a, distinct_count(b) as b by host order by count() desc limit 10",
        "timechart count() by user",
        'chart count() by "a | b"',
        "latest by host",
    ],
)
def test_logpoint_reads_what_needs_many_records_and_raises_when_it_is_run(stage):
    query = logpoint.read(f"event_id=1 | {stage} | search cnt > 1")
    assert query.stage_names == ("search", stage.split()[0], "search")
    assert not query.matches({**LOG, "event_id": 2})
    with pytest.raises(ReadError) as caught:
        query.matches(LOG)
    assert caught.value.offset == len("event_id=1 | ")


def test_logpoint_lists_are_named_without_quotes():
    lists = {"TOOLS": [r"*\x.exe", r"*\CMD.EXE"]}
    assert logpoint.read("image IN TOOLS", lists=lists).matches(LOG)
    assert not logpoint.read("-image IN TOOLS", lists=lists).matches(LOG)
    assert not logpoint.read('image IN "TOOLS"', lists=lists).matches(LOG)
    assert not logpoint.read("user IN TOOLS", lists=lists).matches(LOG)


def test_logpoint_missing_differs_is_of_missing_fields_only():
    for answer in (True, False):
        assert logpoint.read("user!=x", missing_differs=answer).matches(LOG) is answer
        assert logpoint.read("image!=x", missing_differs=answer).matches(LOG)
        assert not logpoint.read("label!=Create", missing_differs=answer).matches(LOG)


def test_logpoint_options():
    assert not logpoint.read('image="*CMD*"', ignore_case=False).matches(LOG)
    with pytest.raises(ReadError):
        logpoint.read("user!=x").matches(LOG)
    assert logpoint.read("user!=x", missing_differs=True).matches(LOG)
    with pytest.raises(ReadError):
        logpoint.read("image IN TOOLS").matches(LOG)
    assert logpoint.read("image IN TOOLS", lists={"TOOLS": ["*cmd*"]}).matches(LOG)
    with pytest.raises(ReadError):
        logpoint.read("event_id=1 | chart count() as cnt by host | search cnt > 1").matches(LOG)


LOGPOINT_UNREAD = {"CAR-2016-03-001", "CAR-2020-11-008"}  # each lacks a closing bracket


def test_logpoint_reads_the_published_queries():
    queries = published("logpoint_sysmon.json")["car_queries"]
    assert (
        unread(logpoint.read, [(each["id"], each["query"]) for each in queries]) == LOGPOINT_UNREAD
    )
    assert len(queries) > 40


def unread(read, named):
    out = set()
    for name, text in named:
        try:
            read(text)
        except ReadError:
            out.add(name)
    return out


# -- DNIF -----------------------------------------------------------------------------------------------------------

FETCHED = {"$LogName": "WINDOWS-SYSMON", "$EventID": 1, "$App": "cmd.exe", "$Process": LINE}


@pytest.mark.parametrize(
    ("where", "anchored", "searched"),
    [
        ("$LogName=WINDOWS-SYSMON AND $EventID=1", True, True),
        ("$LogName=windows-sysmon", False, False),
        ("$App=cmd*", True, True),
        ("$App IN [at.exe, cmd.exe]", True, True),
        ("$EventID=1 NOT $App=cmd.exe", False, False),
        ("$EventID=1 NOT $User=x", True, True),
        (r"$App=regex(CMD\.exe|at\.exe)i", True, True),
        (r"$App=regex(CMD\.exe)", False, False),
        (r"$App=regex(cmd)", False, True),
        (r"$Process=regex(.*\(?([)]|cmd).*)i AND $EventID=1", True, True),
        ("$Duration=1d AND $EventID=1", True, True),
        ("$StartTime=@now-3h AND $EndTime=@now-1h NOT $Duration IN [x]", False, False),
        ("$User=*", False, False),
        ("$App=*.exe", True, True),
        ("$App=cmd.ex?", False, False),
        ("$App=cmd", False, False),
        ("$App IN [CMD.EXE]", False, False),
        ("$EventID IN [1,2]", True, True),
        ("$EventID=1 NOT $App=regex(a|cmd)", True, False),
        (r"$App=regex([^)(]+[.]exe) NOT $Process=regex(\(.*)", True, True),
        ("$App=regex((c|(m))+d[.]exe)\n AND $EventID=1", True, True),
        (r"$Process=regex(.*Hello World.* & type x)", True, True),
        (r"$Process=regex(.*HELLO AND .*)i", False, False),
    ],
)
def test_dnif_fetch_matches(where, anchored, searched):
    text = f"_fetch * from event where {where} group count_unique $App, $User as #A limit 100"
    assert dnif_fetch.read(text, anchored=True).matches(FETCHED) is anchored
    assert dnif_fetch.read(text, anchored=False).matches(FETCHED) is searched


@pytest.mark.parametrize(
    "text",
    [
        "_fetch * from event where $EventID=1",
        "_fetch * from event where $EventID=1 OR $EventID=2 limit 1",
        "_fetch * from event where $EventID=1 AND NOT $App=x limit 1",
        "_fetch * from event where NOT $App=x limit 1",
        "_fetch * from event where $App=Program Files limit 1",
        '_fetch * from event where $App="x" limit 1',
        "_fetch * from event where $App!=x limit 1",
        "_fetch * from event where $App IN [a, b limit 1",
        "_fetch * from event where $App IN [a*] limit 1",
        "_fetch * from event where $App=regex((x) limit 1",
        "_fetch * from event where $App=regex(x)g limit 1",
        "_fetch * from event where App=x limit 1",
        "",
        "_fetch from event limit 1",
        "_fetch * from events limit 1",
        "_fetch * from event where limit 1",
        "_fetch * from event where $App=limit limit 1",
        "_fetch * from event where $App=regex limit 1",
        "_fetch * from event where $App=regex (x) limit 1",
        "_fetch * from event where $App=regex(x)limit 1",
        "_fetch * from event where $App=regex(*) limit 1",
        "_fetch * from event where $App=regex(\\) limit 1",
        "_fetch * from event where $App IN [] limit 1",
        "_fetch * from event where $App IN [_Names_] limit 1",
        "_fetch * from event where $App IN [a b] limit 1",
        "_fetch * from event group count_unique limit 1",
        "_fetch * from event group count_unique $A,$B,$C,$D,$E limit 1",
        "_fetch * from event group timeslice 1d limit 1",
        "_fetch * from event group median $A limit 1",
        "_fetch * from event as A limit 1",
        "_fetch * from event limit x",
        "_fetch * from event limit 1 >> agg count",
        "_fetch * from event limit 1 >>",
        "_fetch * from event limit 1 >>_fetch * from event where App=x limit 1",
        "_fetch * from event limit 1 >>_agg count\nlimit 1",
    ],
)
def test_dnif_fetch_refuses(text):
    refused(dnif_fetch.read, text)


@pytest.mark.parametrize(
    "tail",
    [
        "limit 0",
        "first 3",
        "last 3",
        "as #A limit 5",
        "group count limit 5",
        "group sum $EvtLen limit 5",
        "group timeslice 15m limit 5",
        "group count_unique $A,$B, $C ,$D as #A limit 5",
    ],
)
def test_dnif_fetch_grouping_labels_and_limits_leave_the_records(tail):
    assert dnif_fetch.read(f"_fetch * from event {tail}").matches(FETCHED)
    query = dnif_fetch.read(f"_fetch $App, $User from event where $App=x {tail}")
    assert not query.matches(FETCHED)


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        (">>_agg count", "_agg"),
        (" >> _checkif int_compare Count > 1 include", "_checkif"),
        ("\n>>_fetch * from event where $App=x as #B limit 5", "_fetch"),
        (">>_store in_disk a b stack_replace\n", "_store"),
    ],
)
def test_dnif_fetch_reads_a_later_stage_and_raises_when_it_is_run(stage, name):
    first = "_fetch * from event where $EventID=1 limit 5"
    query = dnif_fetch.read(first + stage)
    assert query.stage_names == ("_fetch", name)
    assert not query.matches({**FETCHED, "$EventID": 2})
    with pytest.raises(ReadError, match=name) as caught:
        query.matches(FETCHED)
    assert caught.value.offset == len(first) + stage.index("_")


def test_dnif_fetch_reads_several_queries():
    text = "_fetch * from event where $EventID=1 limit 5\n\n_fetch * from event where $EventID=2 limit 5\n"
    assert [query.matches(FETCHED) for query in dnif_fetch.read_all(text)] == [True, False]
    refused(dnif_fetch.read_all, "\n \n")
    refused(dnif_fetch.read_all, text + "\n\nlimit 1")


def test_dnif_fetch_reads_the_published_queries():
    queries = published("dnif.json")["car_queries"]
    assert unread(dnif_fetch.read, [(each["id"], each["query"]) for each in queries]) == set()
    seed = dnif_fetch.read(queries[0]["query"])
    assert seed.matches({**FETCHED, "$Process": r"C:\CMD.EXE /c"})
    piped = next(each["query"] for each in queries if ">>" in each["query"])
    with pytest.raises(ReadError):
        dnif_fetch.read(piped).matches(
            {**FETCHED, "$Process": "reg.exe", "$ParentProcess": "cmd.exe"}
        )


STREAM = {"image": CMD, "commandline": LINE, "eid": 1, "user": "it's"}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (r"lower(image) = 'c:\windows\system32\cmd.exe'", True),
        (r"image = 'c:\windows\system32\cmd.exe'", False),
        (r"image like '%\cmd.exe' and not image like '%\x.exe'", True),
        ("image not like '%CMD%'", True),
        ("rlike(lower(commandline), 'echo.*type')", True),
        ("commandline rlike 'ECHO'", False),
        ("eid = 2 or eid = 1 and image = 'x'", False),
        ("eid = 1 or eid = 2 and image = 'x'", True),
        ("(eid = 1 or eid = 2) and image = 'x'", False),
        ("eid in (2, 1) and eid not in ('3') and eid >= 1 and eid != 4", True),
        ("user = 'it''s'", True),
        (r"user = 'it\'s'", True),
        ('user = "it\'s"', True),
        ("not parentimage = 'x'", False),
        ("parentimage is null and image is not null and isnull(parentimage)", True),
        ("isnotnull(image) and ISNULL(lower(parentimage))", True),
        ("NOT (eid = 2 OR eid = 3) AND eid == 1", True),
        ("not not eid = 1", True),
        ("eid < 2 and eid <= 1 and eid > 0.5 and eid > -1 and '1' = eid", True),
        ("eid < 'x'", False),
        ("not eid < 'x'", False),
        ("parentimage = 'x' or eid = 1", True),
        ("not (parentimage = 'x' and eid = 2)", True),
        ("not (parentimage = 'x' and eid = 1)", False),
        ("parentimage not in ('x')", False),
        ("not parentimage like '%' or not rlike(parentimage, 'x')", False),
        ("UPPER(image) like '%CMD.EXE' and length(user) = 4", True),
        ("image like 'C:%cmd_exe' and image not like 'cmd'", True),
        ("image like '%C:\\Windows%'", True),
        ("image rlike '^C:' and image regexp 'exe$' and image not rlike '^cmd'", True),
        ('user = "it\'s" and not user = "it""s"', True),
        ("android is null", True),
        ("image = user", False),
    ],
)
def test_dnif_dql_matches(where, expected):
    query = dnif_dql.read(f"stream=ep-process where {where} | duration 1d | limit 100")
    assert query.selector == "ep-process"
    assert query.matches(STREAM) is expected


@pytest.mark.parametrize(
    "where",
    [
        "image = 'x",
        r"image = 'C:\'",
        "image = x'",
        "image = cmd.exe",
        "$image = 'x'",
        r"image like '50\%'",
        "image = 'a' and",
        "not",
        "image",
        "(image = 'a'",
        "f(image) = 'x'",
        "rlike(image, '(')",
        "image in ()",
        "image in ('x'",
        "image = 'x' 'y'",
        "image <> 'x'",
        "image between 'a' and 'b'",
        "image is 'x'",
        "not image not = 'x'",
        "like = 'x'",
        "lower(image, user) = 'x'",
        "rlike(image)",
        "rlike(image, user)",
        "image like user",
        "image = 2x",
        "(image) = 'x'",
    ],
)
def test_dnif_dql_refuses(where):
    refused(dnif_dql.read, f"stream=ep-process where {where} | limit 100")


def test_dnif_dql_options():
    text = r"stream=s where image = 'C:\\Windows\\System32\\cmd.exe' and image like '%\\\\cmd.exe' and user = 'it\'s'"
    assert dnif_dql.read(text, strings="backslash").matches(STREAM)
    refused(dnif_dql.read, "stream=s where user = 'it''s'", strings="backslash")
    refused(dnif_dql.read, r"stream=s where user like '%\\c'", strings="backslash")
    assert not dnif_dql.read("stream=s where rlike(image, 'cmd')", anchored=True).matches(STREAM)
    assert dnif_dql.read("stream=s where not a = 'x'", three_valued=False).matches(STREAM)
    refused(dnif_dql.read, "stream=s where a = 'x' | groupby a")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (r"a = 'x\ty\\z\n\q'", True),
        (r"a like 'x_y\\\\z%'", True),
        (r"b = '50%_'", True),
        (r"b = '50\%\_'", False),
        (r"b like '50\%\_'", True),
        (r"b like '5\%\_'", False),
        (r'b rlike "50%_$" and not b = "\""', True),
    ],
)
def test_dnif_dql_strings_with_a_backslash(where, expected):
    query = dnif_dql.read(f"stream=s where {where}", strings="backslash")
    assert query.matches({"a": "x\ty\\z\nq", "b": "50%_"}) is expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("stream=s", ()),
        ("Stream = ep-process", ()),
        ("stream=s | limit 5", ("limit",)),
        ("stream=s where a = 1 | duration 1d | first 5", ("where", "duration", "first")),
        ("stream=s WHERE a = 1 | last 5 | duration 2M", ("where", "last", "duration")),
    ],
)
def test_dnif_dql_pipes_leave_the_records(text, names):
    query = dnif_dql.read(text)
    assert query.stage_names == names
    assert query.selector in {"s", "ep-process"}
    assert query.matches({"a": 1})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "where a = 1",
        "stream=s where",
        "stream=s a = 1",
        "stream=a.b",
        "stream=s |",
        "stream=s | duration 1x",
        "stream=s | limit",
        "stream=s | limit 5 | where a = 1",
    ],
)
def test_dnif_dql_refuses_a_query_that_has_not_its_form(text):
    refused(dnif_dql.read, text)


# -- what the LogPoint and DNIF readers share -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "text", "offset"),
    [
        (logpoint.read, "event_id=", 9),
        (logpoint.read, "event_id=1)", 10),
        (logpoint.read, "(event_id=1", 11),
        (logpoint.read, "event_id=1 process=x", 11),
        (logpoint.read, "event_id=1 and filter", 15),
        (logpoint.read, "event_id > x", 11),
        (logpoint.read, 'event_id=1 image="x', 17),
        (logpoint.read, "event_id=1 | rename a as b", 13),
        (logpoint.read, 'event_id=1 | process regex("(", a)', 27),
        (dnif_fetch.read, "_fetch * from event where $A=x OR $A=y limit 1", 31),
        (dnif_fetch.read, "_fetch * from event where $A=x", 30),
        (dnif_fetch.read, "_fetch * from event where $A=regex(a(b) limit 1", 47),
        (dnif_fetch.read, "_fetch * from event where $A=regex(*) limit 1", 35),
        (dnif_dql.read, "stream=s where a = 'x' and", 26),
        (dnif_dql.read, "stream=s where f(a) = 'x'", 15),
        (dnif_dql.read, "stream=s where a rlike '('", 23),
        (dnif_dql.read, r"stream=s where a like '50\%'", 22),
    ],
)
def test_an_error_says_where_it_is(read, text, offset):
    with pytest.raises(ReadError) as caught:
        read(text)
    assert caught.value.offset == offset


def test_an_error_says_what_was_found_and_what_might_have_stood_there():
    with pytest.raises(ReadError, match="unexpected 'OR', expected and, group, label, limit, not"):
        dnif_fetch.read("_fetch * from event where $A=x OR $A=y limit 1")
    with pytest.raises(ReadError, match="unexpected end, expected ',', ']'"):
        logpoint.read("event_id IN [1, 2")


@pytest.mark.parametrize(
    ("read", "text", "between", "each"),
    [
        (logpoint.read, "a IN [{}]", ", ", '"v{}"'),
        (logpoint.read, "{}", " OR ", 'a="v{}"'),
        (dnif_fetch.read, "_fetch * from event where $a IN [{}] limit 1", ", ", "v{}"),
        (dnif_fetch.read, "_fetch * from event where $a=regex({}) limit 1", "|", "v{}"),
        (dnif_dql.read, "stream=s where a in ({})", ", ", "'v{}'"),
        (dnif_dql.read, "stream=s where {}", " or ", "a = 'v{}'"),
    ],
)
def test_ten_thousand_values_are_read_and_run(read, text, between, each):
    values = between.join(each.format(number) for number in range(10_000))
    query = read(text.format(values))
    assert query.matches({"$a": "v9999", "a": "v9999"})
    assert not query.matches({"$a": "v10000", "a": "v10000"})


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (logpoint.read, "-(" * 5_000 + "a=1" + ")" * 5_000),
        (dnif_dql.read, "stream=s where " + "not " * 5_000 + "a = 1"),
    ],
)
def test_nesting_is_read_and_raises_where_it_is_too_deep_to_run(read, text):
    query = read(text)
    with pytest.raises(ReadError, match="too deeply"):
        query.matches({"a": 1})


def test_a_transformer_that_calls_itself_raises_for_a_deep_tree():
    with pytest.raises(ReadError, match="too deeply"):
        transform(Transformer(), parse(grammar("logpoint"), "-(" * 5_000 + "a=1" + ")" * 5_000))


def test_a_fault_in_a_transformer_is_no_fault_of_the_query():
    class Faulty(Transformer):
        def start(self, children):
            raise KeyError

    with pytest.raises(VisitError):
        transform(Faulty(), parse(grammar("logpoint"), "a=1"))


def test_parentheses_alone_nest_without_a_limit():
    nested = "(" * 50_000 + "{}" + ")" * 50_000
    assert logpoint.read(nested.format("a=1")).matches({"a": 1})
    assert dnif_dql.read("stream=s where " + nested.format("a = 1")).matches({"a": 1})


# -- CAR ------------------------------------------------------------------------------------------------------------

OBSERVED = {
    "exe": "cmd.exe",
    "image_path": CMD,
    "command_line": LINE,
    "pid": 8,
    "src_ip": "10.1.2.3",
    "parent_exe": "CMD.exe",
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('exe == "CMD.exe"', True),
        ('exe = "cm*"', True),
        ('exe != "cmd.exe"', False),
        ('user != "x"', True),
        ('not user == "x"', True),
        ('exe == "x" and pid == 8 or exe == "cmd.exe"', True),
        ('exe == "cmd.exe" or pid == 8 and exe == "x"', True),
        ('(exe == "cmd.exe" OR pid == 8) AND exe == "x"', False),
        ('command_line match "ECHO.*bin"', True),
        ('command_line.matches("^echo")', False),
        ('command_line CONTAINS("hello")', True),
        ("user not exists and exe exists", True),
        ("user == null and exe != null", True),
        ('exe in ["x", "cmd*"]', True),
        ('exe not in ["x"]', True),
        ("src_ip not in [10.0.0.0/8]", False),
        ("pid >= 8 and pid < 9", True),
        ("exe in command_line and exe == parent_exe", True),
        (r"command_line == '*C:\Temp\*'", True),
        (r'command_line == "\"cmd.exe\"*"', True),
        (r'image_path == "C:\Windows\*" and command_line != "x\" and exe == cmd.exe', True),
        (r'command_line does not contain ["C:\Temp\", "x"]', False),
        ('"hello" in raw event', True),
    ],
)
def test_car_matches(condition, expected):
    query = car.read(
        f"process = search Process:Create\nhit = filter process where ({condition})\noutput hit"
    )
    assert query.selector == "Process:Create"
    assert query.outputs == {"hit": "Process:Create"}
    assert query.matches(OBSERVED) is expected


@pytest.mark.parametrize(
    "text",
    [
        'p = search Process:Create\nc = filter p where (exe == "x"\noutput c',
        'p = search Process:Create\nc = filter p where (exe == "x)\noutput c',
        'p = search Process:Create\nc = filter q where (exe == "x")\noutput c',
        'p = search Process:Create\nc = filter p where (exe == "x")\noutput d',
        'p = search Process:Create\nc = filter p where (exe == "x" and)\noutput c',
        'p = search Process:Create\nc = filter p where (exe ~ "x")\noutput c',
        'p = search Process:Create\nc = filter p where (exe == "x")\noutput c\np = 1',
    ],
)
def test_car_refuses(text):
    refused(car.read, text)


def test_car_raises_when_run_on_what_it_only_reads():
    text = "p = search Process:Create\ng = group p by hostname\noutput g"
    with pytest.raises(ReadError):
        car.read(text).matches(OBSERVED)
    with pytest.raises(ReadError):
        car.read("p = search Process:Create").matches(OBSERVED)


CAR_UNREAD = {
    # text after the closing quote or parenthesis, a missing one, typographic quotes
    "CAR-2013-03-001", "CAR-2013-07-001", "CAR-2016-03-001", "CAR-2020-05-003", "CAR-2020-09-005", "CAR-2020-11-003",
    "CAR-2020-11-004", "CAR-2020-11-005", "CAR-2020-11-006", "CAR-2021-02-001", "CAR-2021-02-002", "CAR-2021-05-001",
    "CAR-2021-05-008", "CAR-2021-05-009", "CAR-2021-05-012", "CAR-2021-11-001",
    # an undefined variable
    "CAR-2013-01-003", "CAR-2013-05-002", "CAR-2013-09-003", "CAR-2014-02-001", "CAR-2014-07-001", "CAR-2020-11-011",
    "CAR-2021-05-003",
    # arithmetic on a field, a function, an input, two conditions without a connective
    "CAR-2013-02-008", "CAR-2013-10-001", "CAR-2015-07-001", "CAR-2016-04-003",
}  # fmt: skip


def test_car_reads_the_published_programs():
    programs = published("car_model.json")["pseudocode"]["programs"]
    named = [(each["id"], each["code"]) for each in programs]
    assert unread(car.read, named) == CAR_UNREAD
    seed = car.read(dict(named)["CAR-2013-02-003"])
    assert seed.matches(OBSERVED)
    assert not seed.matches({"exe": "x"})
    assert car.read(dict(named)["CAR-2014-11-002"]).outputs == {"new_cmd": "arithmetic"}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('[exe] == "cmd.exe" and [user] == null', True),
        ("exe == 'cmd.exe' AnD NOT exe == 'x'", True),
        ("not not exe exists", True),
        ("exe = x* or exe = *d.E?e", False),
        ('exe == "c%e" or exe == "c*d*e"', True),
        ("pid == 8", True),
        ('pid = "8.0"', False),
        ("pid > '7.5' and pid <= 8 and not user < 9", True),
        ("exe > 1", False),
        ("exe == command_line or parent_exe != exe", False),
        ("exe == cmd.exe and exe = cmd*", True),
        ('exe includes one of ["md.e", "x"]', True),
        ('exe includes  one\nof ["zz", y.z]', False),
        ('exe does not contain ["zz"] and user does not contain ["zz"]', True),
        ('user not in ["x"] and not user in ["x"]', True),
        ("exe IN [parent_exe, x]", True),
        ("exe in exe and not command_line in exe and not user in exe", True),
        ("src_ip == 10.0.0.0/8 and src_ip != 10.2.0.0/16", True),
        ('command_line contains ("HELLO") and exe CONTAINS(md)', True),
        ("user exists or user NOT EXISTS", True),
        ("'WORLD' in raw event", True),
        ('"absent" in raw event', False),
        (r'command_line match "\"Hello\s"', True),
        ("exe.matches('CMD')", True),
        (r'image_path == "c:\windows\*" or exe == "C:\"', True),
    ],
)
def test_car_reads_a_condition_alone(condition, expected):
    query = car.read(condition)
    assert query.selector == ""
    assert query.matches(OBSERVED) is expected


@pytest.mark.parametrize(
    ("program", "selector", "expected"),
    [
        ("p = search Process\noutput p", "Process", True),
        ("p = search Process:*\nreturn p", "Process:*", True),
        ("p = SEARCH File:Create,Modify WHERE exe = x\noutput p", "File:Create,Modify", False),
        ("p = search (A:B AND\nC:D or E:F)\noutput p", "A:B AND C:D or E:F", True),
        ("p = search A:B or C:D\nOUTPUT (p)", "A:B or C:D", True),
        ("p = search P:C\np = filter (exe = x)\np = filter (pid = 8)\noutput p", "P:C", False),
        ("p = search P:C\np = filter (where exe = cmd*)\noutput p", "P:C", True),
        ("p = search P:C\nq = filter p (where exe = x)\noutput q, p", "P:C", True),
        ("p = search P:C q = filter p where exe = x or pid = 8 output q", "P:C", True),
        ('l = ["x", "c*", ...]\np = search P:C where exe in l\noutput p', "P:C", True),
        ('l = ["x", y.z]\np = search P:C where exe includes one of l\noutput p', "P:C", False),
        ("p = search P:C\nj = join (p, q) where (\n a.b == c\n) x\noutput p", "P:C", True),
        ("p = search P:C\np2.a = p.b.c\nn = count(p) by x\nd = n - p\noutput p", "P:C", True),
        ('p = search P:C\ng = group p by ") ("\nf = from (p\n) select x\noutput p', "P:C", True),
        ("input limit\np = search P:C\noutput p", "P:C", True),
    ],
)
def test_car_reads_the_statements_of_a_program(program, selector, expected):
    query = car.read(program)
    assert query.selector == selector
    assert query.matches(OBSERVED) is expected


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("p = search P:C\nj = join p, p where (a.b == c)\noutput j", "join"),
        ("p = search P:C\nr = run Analytic:CAR-2013-05-003\noutput r", "run"),
        ("p = search P:C\nd = p - p\noutput d", "arithmetic"),
        ("p = search P:C\np.a = p.b\noutput p", "a path assignment"),
        ("p = search P:C where t > now - 1 day\noutput p", "now - 1 day"),
        ("p = search P:C\nd = p - p\ne = filter d where exe = cmd.exe\noutput e", "arithmetic"),
        ("p = search P:C", "a program without output"),
    ],
)
def test_car_says_what_it_does_not_run(program, reason):
    with pytest.raises(ReadError) as caught:
        car.read(program).matches(OBSERVED)
    assert caught.value.message == f"{reason}, which this reader does not run"


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ('exe == "x" exe == "y"', "unexpected 'exe'", 11),
        ('exe == "x', "unexpected '\"'", 7),
        ('exe == "x""', "unexpected '\"'", 10),
        ('exe == "x" or', "unexpected end", 13),
        ("exe == ”x”", "unexpected '”'", 7),
        ("exe == and", "'and' as a value", 7),
        ("and == x", "unexpected 'and'", 0),
        ("exe in", "unexpected", 4),
        ("exe in and", "'and' as a value", 7),
        ("exe in TOP30(user)", "unexpected '('", 12),
        ("exe includes one of other", "other, which is no list", 20),
        ("exe in []", "unexpected ']'", 8),
        ("exe > x", "an order of something", 6),
        ("a - b > 1", "unexpected '-'", 2),
        ("(exe exists", "unexpected end", 11),
        ("exe exists)", "unexpected ')'", 10),
        ('exe match "("', "regular expression", 10),
        ("exe match cmd", "unexpected 'cmd'", 10),
        ('"x" in the event', "unexpected", 4),
        ("p = search\noutput p", "unexpected 'p'", 18),
        ("p = search (A:B\noutput p", "unexpected", 16),
        ("p = search A:B:C\noutput p", "unexpected", 11),
        ("p = search A:B or C\noutput p", "unexpected", 18),
        ("p = search P:C\nc = filter q where exe exists", "the undefined variable q", 26),
        ("p = search P:C\noutput q", "the undefined variable q", 22),
        ("p = search P:C\noutput p\np = search P:C", "unexpected 'p'", 24),
        ("input x\np = search P:C where x = 1", "the input x as a field", 29),
        ("input x\np = search P:C where exe = x", "'x' as a value", 35),
        ("p = search P:C\nj = join (p\noutput p", "unexpected end", 35),
        ("p = search P:C\nj = join p)\noutput p", "unexpected ')'", 25),
    ],
)
def test_car_says_what_it_refuses_and_where(text, message, offset):
    with pytest.raises(ReadError) as caught:
        car.read(text)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_car_options():
    text = 'command_line match "ECHO"'
    assert car.read(text).matches(OBSERVED)
    assert not car.read(text, match_ignores_case=False).matches(OBSERVED)
    assert car.read('command_line match "(?i)ECHO"', match_ignores_case=False).matches(OBSERVED)


def test_car_reads_10_000_values_and_deep_brackets():
    tests = " or ".join(f'exe == "tool{number}"' for number in range(10_000))
    values = ", ".join(f'"tool{number}"' for number in range(10_000))
    queries = car.read(tests), car.read(f"exe in [{values}]")
    for query in queries:
        assert query.matches({"exe": "TOOL9999"})
        assert not query.matches({"exe": "tool"})
    assert car.read(f"{'(' * 5000}pid == 8{')' * 5000}").matches(OBSERVED)
    with pytest.raises(ReadError, match="nested too deeply"):
        car.read(f"{'not (' * 5000}pid == 8{')' * 5000}").matches(OBSERVED)
