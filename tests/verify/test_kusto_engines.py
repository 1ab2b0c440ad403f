"""Kusto by four judges: Microsoft's binder, DuckDB, ClickHouse, and our reader.

`CASES` is the specification: each predicate with records that it returns and records that it does
not. The answers come from the Kusto reference (string operators, null values, the pages of the
functions), worked out by hand. A row that is no mapping is a `FileName`.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("duckdb_kql", reason="the package duckdb-kql is not installed")
pytest.importorskip("duckdb", reason="the package duckdb is not installed")

from sigmaglot.pipelines.load import load_pipeline
from sigmaglot.verify.engines.kusto_binder import KustoBinder, find_binder
from sigmaglot.verify.engines.kusto_chdb import KustoChdb
from sigmaglot.verify.engines.kusto_duckdb import KustoDuckDB
from sigmaglot.verify.engines.kusto_forms import rewrite_literals
from sigmaglot.verify.engines.model import CannotRunError, RefusedError, Standing
from sigmaglot.verify.readers import kusto
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.schemas import defender_tables

GOLDENS = Path(__file__).resolve().parent.parent / "golden" / "defender"
TYPES = defender_tables()["DeviceProcessEvents"]
NOW = datetime(2024, 3, 1, tzinfo=UTC)


def pid(number):
    return {"ProcessId": number}


def at(text):
    return {"Timestamp": text}


def names(first, second):
    return {"FileName": first, "FolderPath": second}


def remote(flag):
    return {"IsProcessRemoteSession": flag}


CASES = [
    # equality: == keeps letter case, =~ does not; an absent string is an empty one
    ('FileName == "cmd.exe"', ["cmd.exe"], ["CMD.EXE", "cmd.exe ", "", {}]),
    ('FileName != "cmd.exe"', ["CMD.EXE", "", {}], ["cmd.exe"]),
    ('FileName =~ "cmd.exe"', ["cmd.exe", "CMD.Exe"], ["cmdxexe", "acmd.exe", "cmd.exe\n", ""]),
    ('FileName !~ "cmd.exe"', ["cmd", "", {}], ["CMD.EXE"]),
    ('FileName =~ ""', ["", {}], [" "]),
    ('FileName == ""', ["", {}], [" "]),
    ('FileName =~ "CAFÉ"', ["café", "CafÉ"], ["cafe", "cafe\u0301"]),
    ('FileName == "café"', ["café"], ["CAFÉ"]),
    ('FileName =~ "привет"', ["ПРИВЕТ"], ["привет!"]),
    ('FileName =~ "a*"', ["A*"], ["ab"]),
    ('FileName =~ "a_b%"', ["A_B%"], ["axbc"]),
    # contains, startswith, endswith: what is a wildcard elsewhere is a character here
    ('FileName contains "MIMI"', ["xmimiy", "Mimi"], ["mim", ""]),
    ('FileName contains ""', ["x", "", {}], []),
    ('FileName contains "a_b"', ["xA_By"], ["axb"]),
    ('FileName contains "100%"', ["is 100% sure"], ["100 sure"]),
    ('FileName contains "*"', ["a*b"], ["ab"]),
    ('FileName contains "a?b"', ["A?B"], ["axb"]),
    ('FileName contains "[a-z]^$.+"', ["x[A-Z]^$.+"], ["b"]),
    (r'FileName contains @"\\srv\c$"', [r"x \\SRV\C$ y"], [r"\srv\c$", r"\\srvc$"]),
    (r'FileName contains "\\"', ["a\\b"], ["a/b", "ab"]),
    (r'FileName contains @"\%"', [r"a\%b"], ["a%b", "a\\b"]),
    (r'FileName contains "a\nb"', ["A\nB"], ["a b", "a\r\nb", r"a\nb"]),
    ('FileName contains "É"', ["caféx"], ["cafex"]),
    ('FileName contains "a🙂b"', ["A🙂B"], ["ab"]),
    ('FileName !contains "x"', ["a", "", {}], ["aXb"]),
    ('FileName contains_cs "InVoKe"', ["xInVoKey"], ["xinvokey"]),
    ('FileName contains_cs "%"', ["a%"], ["a"]),
    ('FileName !contains_cs "x"', ["X", ""], ["x"]),
    (r'FileName startswith @"C:\Users\"', ["c:\\users\\a", "C:\\Users\\\n"], ["xC:\\Users\\", ""]),
    ('FileName startswith "_"', ["_a"], ["ab"]),
    ('FileName startswith "a"', ["A\nb"], ["\na"]),
    ('FileName !startswith "a"', ["b", "", {}], ["A"]),
    ('FileName startswith_cs "Ab"', ["Abc"], ["abc"]),
    ('FileName !startswith_cs "Ab"', ["abc", ""], ["Abc"]),
    (r'FileName endswith @"\"', ["a\\"], ["a", "\\a", ""]),
    ('FileName endswith "%"', ["a%"], ["ab"]),
    ('FileName endswith "b"', ["a\nB"], ["b\n"]),
    ('FileName !endswith "b"', ["a", "", {}], ["B"]),
    ('FileName endswith_cs "Exe"', ["a.Exe"], ["a.exe"]),
    ('FileName !endswith_cs "Exe"', ["a.exe", ""], ["a.Exe"]),
    # has: whole runs of letters and digits
    ('FileName has "cmd"', ["run CMD.exe", "cmd", "a_cmd-b", "\ncmd\n"], ["cmdlet", "xcmd", "cmd1"]),
    ('FileName has "cmd.exe"', [r"c:\CMD.EXE /c"], ["cmd_exe", "xcmd.exe"]),
    ('FileName has "é"', ["a é b"], ["éa", "caé"]),
    ('FileName !has "cmd"', ["cmdlet", "", {}], ["a cmd"]),
    ('FileName has_cs "Cmd"', ["a Cmd"], ["a cmd"]),
    ('FileName !has_cs "Cmd"', ["a cmd", ""], ["a Cmd"]),
    ('FileName has_any ("net", "sc")', ["NET user", "a sc"], ["network", "", {}]),
    ('FileName has_all ("net", "user")', ["user NET"], ["net", "netuser", ""]),
    # membership
    ('FileName in ("a", "B")', ["a", "B"], ["A", "b", "", {}]),
    ('FileName in~ ("a", "B%")', ["A", "b%"], ["bx", "", {}]),
    ('FileName in~ ("É")', ["é"], ["e"]),
    ('FileName in~ ("", "a")', ["", {}, "A"], ["b"]),
    (r'FileName in~ (@"a\b", "c\"d")', ["A\\B", 'C"D'], ["ab", "cd"]),
    ('FileName !in ("a")', ["A", "", {}], ["a"]),
    ('FileName !in~ ("a")', ["b", "", {}], ["A"]),
    ("ProcessId in (4, 8)", [pid(8)], [pid(5), {}]),
    ("ProcessId !in (4, 8)", [pid(5), {}], [pid(8)]),
    # regular expressions: RE2, searched, with letter case, and `.` stops at a line's end
    ('FileName matches regex "b+"', ["abbc"], ["ABBC", "", {}]),
    ('FileName matches regex "(?i)b+"', ["ABBC"], ["a"]),
    ('FileName matches regex "^b"', ["bc"], ["ab", "a\nb"]),
    ('FileName matches regex "b$"', ["ab"], ["b\n", "b\na"]),
    ('FileName matches regex "(?m)^b$"', ["a\nb\nc"], ["ab"]),
    ('FileName matches regex "a.b"', ["axb"], ["a\nb", "ab"]),
    ('FileName matches regex "a.*b"', ["axxb", "ab"], ["a\nb", "AXB"]),
    ('FileName matches regex "^a.*b$"', ["axxb"], ["a\nb", "xab"]),
    ('FileName matches regex "(?s)a.*b"', ["a\nb"], ["A\nb"]),
    ('FileName matches regex "(?is)^.*net.*user.*$"', ["x NET\nUSER y"], ["user net", ""]),
    (r'FileName matches regex @"(?is)^.*\\cmd.\.exe$"', [r"C:\CMD1.EXE"], [r"C:\cmd.exe", r"\cmd1xexe"]),
    ('FileName matches regex "vssadmin"', ["x vssadmin y"], ["VSSADMIN"]),
    ('FileName matches regex "^a_b%"', ["a_b%c"], ["axb%c", "a_bc"]),
    ('FileName matches regex "a_b%$"', ["xa_b%"], ["axb%", "a_bc"]),
    ('FileName matches regex "é|ü"', ["caféx", "ü"], ["É", "e"]),
    ('FileName matches regex "(?i)é"', ["É"], ["e"]),
    ('FileName matches regex "^.$"', ["é", "🙂"], ["ab", ""]),
    ('FileName matches regex "[^a]"', ["b", "\n"], ["a", ""]),
    (r'FileName matches regex @"\d{2}\s\w"', ["12 a"], ["1 a", "12a"]),
    (r'FileName matches regex @"\bnet\b"', ["a net b", "net"], ["network"]),
    (r'FileName matches regex "\\\\"', ["a\\b"], ["ab"]),
    (r'FileName matches regex @"""x\."""', ['a "x."'], ['"xa"']),
    ('FileName matches regex ""', ["", "x", {}], []),
    ('not(FileName matches regex "a+b" or FileName contains "backup")', ["x", ""], ["ab", "BACKUP"]),
    # literals
    (r'FileName == "\u00e9\x41\t\"\\"', ['éA\t"\\'], ["u00e9x41"]),
    (r"FileName == 'it\'s \"x\"'", ["it's \"x\""], ["its x"]),
    ("FileName == @'a''b\"'", ["a'b\""], ["a''b"]),
    ('FileName == @"a""b"', ['a"b'], ['a""b']),
    ('FileName == h"secret"', ["secret"], ['h"secret"']),
    ('FileName == H@"se\\cret"', ["se\\cret"], ["secret"]),
    ('FileName == "a // b" // a comment | where "', ["a // b"], ["a "]),
    ('FileName == "a | take 0"', ["a | take 0"], ["a"]),
    # numbers: null is equal to nothing, unequal to all, and neither less nor greater
    ("ProcessId == 4", [pid(4)], [pid(5), pid(None), {}]),
    ("ProcessId != 4", [pid(5), {}], [pid(4)]),
    ("ProcessId < 4", [pid(3)], [pid(4), {}]),
    ("ProcessId <= 4", [pid(4)], [pid(5), {}]),
    ("ProcessId > 4", [pid(5)], [pid(4), {}]),
    ("ProcessId >= 4", [pid(4)], [pid(3), {}]),
    ("ProcessId == -1", [pid(-1)], [pid(1)]),
    ("ProcessId > 3.5", [pid(4)], [pid(3), {}]),
    ("LogonId == 18446744073709", [{"LogonId": 18446744073709}], [{"LogonId": 1}]),
    ("not(ProcessId == 4)", [pid(5), {}], [pid(4)]),
    ("not(ProcessId > 4)", [pid(4)], [pid(5), {}]),
    ("not(coalesce(ProcessId > 4, false))", [pid(4), {}], [pid(5)]),
    ("ProcessId > 4 or FileName == 'a'", [pid(5), "a"], [pid(4), {}]),
    ("not(ProcessId > 4 and FileName == 'a')", ["b", {}], ["a", {"FileName": "a", "ProcessId": 5}]),
    ("ProcessId == InitiatingProcessId", [{"ProcessId": 1, "InitiatingProcessId": 1}], [pid(1), {}]),
    ("ProcessId != InitiatingProcessId", [pid(1)], [{"ProcessId": 1, "InitiatingProcessId": 1}, {}]),
    # absence
    ("isempty(FileName)", ["", {}], [" ", "a"]),
    ("isnotempty(FileName)", [" ", "a"], ["", {}]),
    ("isnull(FileName)", [], ["", {}, "a"]),
    ("isnotnull(FileName)", ["", {}, "a"], []),
    ("isnull(ProcessId)", [{}], [pid(0)]),
    ("isnotnull(ProcessId)", [pid(0)], [{}]),
    ("isempty(ProcessId)", [{}], [pid(0)]),
    ("isnotempty(ProcessId)", [pid(0)], [{}]),
    # booleans
    ("IsProcessRemoteSession == true", [remote(True)], [remote(False), {}]),
    ("IsProcessRemoteSession != true", [remote(False), {}], [remote(True)]),
    ("IsProcessRemoteSession", [remote(True)], [remote(False), {}]),
    ("not(IsProcessRemoteSession)", [remote(False)], [remote(True), {}]),
    # column with column; two absent strings are two empty ones
    ("FileName =~ FolderPath", [names("a", "A"), {}], [names("a", "b"), "a"]),
    ("FileName == FolderPath", [names("a", "a"), {}], [names("a", "A")]),
    ("FolderPath endswith FileName", [names("b%", "a\\B%"), {}], [names("b_", "a\\bx")]),
    ("FolderPath contains FileName", [names("_", "a_b"), {}], [names("_", "ab")]),
    (
        "not(coalesce(FileName =~ FolderPath, false) and isnotempty(FileName))",
        [names("a", "b"), {}],
        [names("a", "A")],
    ),
    ('coalesce(FileName, FolderPath) == "b"', [names("", "b"), {"FolderPath": "b"}, "b"], [names("a", "b"), {}]),
    ("coalesce(ProcessId, InitiatingProcessId) == 7", [{"InitiatingProcessId": 7}, pid(7)], [pid(1), {}]),
    # functions
    ('tolower(FileName) == "é"', ["É"], ["E"]),
    ('toupper(FileName) == "ÉA"', ["éa"], ["ea"]),
    ('tostring(ProcessId) startswith "1"', [pid(12)], [pid(21), {}]),
    ('tostring(ProcessId) == ""', [{}], [pid(0)]),
    ('tostring(FileName) =~ "A"', ["a"], ["b"]),
    # time, in UTC
    ("hourofday(Timestamp) == 3", [at("2024-02-29T03:59:59Z"), at("2024-02-29T05:00:00+02:00")], [at("2024-02-29T04:00:00Z"), {}]),
    ('datetime_part("minute", Timestamp) == 7', [at("2024-02-29T03:07:59Z")], [at("2024-02-29T07:08:00Z"), {}]),
    ('datetime_part("hour", Timestamp) >= 22', [at("2024-02-29T22:00:00Z")], [at("2024-02-29T21:59:59Z"), {}]),
    ("dayofmonth(Timestamp) == 29", [at("2024-02-29T00:00:00Z")], [at("2024-03-01T00:00:00Z"), {}]),
    ("monthofyear(Timestamp) == 2", [at("2024-02-29T23:59:59Z")], [at("2024-03-01T00:00:00Z"), {}]),
    ("getyear(Timestamp) == 2024", [at("2024-01-01T00:00:00Z")], [at("2023-12-31T23:59:59Z"), {}]),
    ("week_of_year(Timestamp) == 1", [at("2024-12-30T00:00:00Z")], [at("2024-12-29T00:00:00Z"), {}]),
    ("week_of_year(Timestamp) == 53", [at("2021-01-03T00:00:00Z")], [at("2021-01-04T00:00:00Z"), {}]),
    ("Timestamp > ago(1d)", [at("2024-02-29T12:00:00Z")], [at("2024-02-28T12:00:00Z"), {}]),
    ("Timestamp >= datetime(2024-02-29)", [at("2024-02-29T00:00:00Z")], [at("2024-02-28T23:59:59Z"), {}]),
    ("not(Timestamp > datetime(2024-02-29))", [at("2024-02-28T00:00:00Z")], [at("2024-03-01T00:00:00Z"), {}]),
    ("isnull(Timestamp)", [{}], [at("2024-02-29T00:00:00Z")]),
]  # fmt: skip


def record(row):
    return {"FileName": row} if isinstance(row, str) else row


def by_reader(query, records):
    read = kusto.read(query, TYPES, now=NOW)
    return frozenset(index for index, one in enumerate(records) if read.matches(one))


def by_duckdb(query, records):
    return DUCKDB.load(records).find(query)


def by_chdb(query, records):
    if find_spec("chdb") is None:
        pytest.skip("the package chdb is not installed")
    return KustoChdb().load(records).find(query)


DUCKDB = KustoDuckDB(now=NOW)
JUDGES = {"reader": by_reader, "duckdb": by_duckdb, "chdb": by_chdb}
CHDB_LACKS = {
    "Timestamp > ago(1d)": "function `ago`",
    "ProcessId !in (4, 8)": "neither equal nor unequal",
    "ProcessId != 4": "neither equal nor unequal",
    "not(ProcessId == 4)": "neither equal nor unequal",
    "ProcessId != InitiatingProcessId": "neither equal nor unequal",
    "IsProcessRemoteSession != true": "neither equal nor unequal",
    'coalesce(FileName, FolderPath) == "b"': "`coalesce` of a string",
}
"""Where ClickHouse is wrong without a word, or has another clock: what its engine then says."""


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(("predicate", "returned", "left"), CASES, ids=[case[0] for case in CASES])
def test_a_predicate_returns_what_the_reference_says(judge, predicate, returned, left):
    if judge == "chdb" and predicate in CHDB_LACKS:
        pytest.skip("refused: see CHDB_LACKS")
    records = [record(row) for row in (*returned, *left)]
    found = JUDGES[judge](f"DeviceProcessEvents\n| where {predicate}", records)
    assert found == frozenset(range(len(returned)))


@pytest.mark.parametrize(("predicate", "reason"), CHDB_LACKS.items())
def test_chdb_has_no_answer_where_clickhouse_is_wrong(predicate, reason):
    with pytest.raises(CannotRunError, match=reason):
        by_chdb(f"DeviceProcessEvents | where {predicate}", [pid(1)])


def test_chdb_has_no_answer_about_a_repeated_letter_beyond_ascii():
    with pytest.raises(CannotRunError, match="beyond ASCII"):
        by_chdb('DeviceProcessEvents | where FileName matches regex "é*"', [{}])


# -- what no engine of others is asked -----------------------------------------------------------

CANNOT = [
    ('where FileName contains "\u017f"', "letter case"),
    ('where FileName has ".exe"', "edges"),
    ('where FileName has_any ("a", "")', "edges"),
    ("where FileName has FolderPath", "edges"),
    (r'where FileName == "\101"', r"escape"),
    (r'where FileName == "\U0001F642"', r"escape"),
    ('where FileName in~ (dynamic(["a"]))', "dynamic literal"),
    ("where FileName matches regex FolderPath", "no literal"),
    ('where FileName matches regex "[a&&b]"', "libraries disagree"),
    (r'where FileName matches regex @"\Qa.b\E"', "libraries disagree"),
    ('where FileName matches regex "(?x)a b"', "libraries disagree"),
    ('where FileName matches regex "(?=a)"', "lookaround|perl operator"),
    ('where FileName matches regex "(a"', "missing"),
    ('where FileName < "b"', "not checked"),
    ("where ProcessId between (1 .. 5)", "Between"),
    ("where ProcessId + 1 == 5", "operator `\\+`"),
    ("where strlen(FileName) == 1", "function `strlen`"),
    ("where tolong(FileName) == 1", "function `tolong`"),
    ('where ipv4_is_in_range(FileName, "10.0.0.0/8")', "function `ipv4_is_in_range`"),
    ('where tostring(IsProcessRemoteSession) == "true"', "of a bool"),
    ('where datetime_part("nanosecond", Timestamp) == 1', "part"),
    ('where Timestamp == "2024-02-29"', "not checked"),
    ("where IsProcessRemoteSession == 1", "not checked"),
    ("where FileName in (DeviceProcessEvents | project FileName)", "InList"),
    ('extend filename = "x"', "letter case only"),
    ("project tolower(FileName)", "without a name"),
    ("summarize count() by FileName", "summarize"),
    ("top 5 by ProcessId", "top"),
    ("distinct FileName", "distinct"),
    ("join (DeviceProcessEvents) on FileName", "join"),
]  # fmt: skip


@pytest.mark.parametrize("judge", ["duckdb", "chdb"])
@pytest.mark.parametrize(("stage", "reason"), CANNOT, ids=[case[0] for case in CANNOT])
def test_an_unchecked_form_has_no_answer(judge, stage, reason):
    with pytest.raises(CannotRunError, match=reason):
        JUDGES[judge](f"DeviceProcessEvents | {stage}", [{}])


@pytest.mark.parametrize("query", ["T | where true", "let T = DeviceProcessEvents; T", "print 1"])
def test_only_one_table_of_the_schema_can_be_read(query):
    with pytest.raises(CannotRunError):
        by_duckdb(query, [{}])


REFUSED = [
    ("where FileName == 5", "a string compared with a number in `FileName == 5`"),
    ('where ProcessId in ("5")', 'a number compared with a string in `ProcessId == "5"`'),
    ('where ProcessId in~ ("5")', "`in~` on a number: `ProcessId`"),
    ('where ProcessId contains "5"', "`contains` on a number"),
    ("where FileName", "a string where a bool is wanted"),
    ('where filename == "a"', "no column `filename`"),
    ("project FileName | where ProcessId == 1", "no column `ProcessId`"),
    ("project FileName | order by ProcessId", "no column `ProcessId`"),
    ('where FileName == "a', "published grammar"),
]


@pytest.mark.parametrize("judge", ["duckdb", "chdb"])
@pytest.mark.parametrize(("stage", "reason"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_kusto_refuses_is_refused(judge, stage, reason):
    with pytest.raises(RefusedError) as caught:
        JUDGES[judge](f"DeviceProcessEvents | {stage}", [{}])
    assert reason in str(caught.value)


def test_a_query_nested_beyond_all_measure_has_no_answer():
    query = f"DeviceProcessEvents | where {'(' * 100}true{')' * 100}"
    with pytest.raises(CannotRunError, match="nested too deeply"):
        by_duckdb(query, [{}])


def test_a_chain_of_480_conditions_runs():
    words = " or ".join(f'FileName contains "w{number}x"' for number in range(480))
    assert by_duckdb(f"DeviceProcessEvents | where {words}", [{"FileName": "W479X"}, {}]) == {0}


# -- stages and datasets ------------------------------------------------------------------------

PEOPLE = [
    {"FileName": "b", "FolderPath": "x", "ProcessId": 2},
    {"FileName": "a", "FolderPath": "X"},
    {"FileName": "B", "FolderPath": "y", "ProcessId": 1},
]
STAGES = [
    ("take 1", {0, 1, 2}),
    ('where FileName =~ "b" | order by ProcessId asc | limit 1', {0, 2}),
    ('project Timestamp, Name = FileName, ProcessId | where Name =~ "b" | sort by ProcessId', {0, 2}),
    ('project FileName = FolderPath | where FileName =~ "x"', {0, 1}),
    ('extend Name = tolower(FileName), Old = ProcessId > 1 | where Name == "b" and not(Old)', {2}),
    ('extend FileName = tolower(FileName) | where FileName == "b"', {0, 2}),
    ('filter FileName in ("a | take 0", "b") // | take 0', {0}),
    ('where FileName == "b"\n| project FileName\n| project FileName\n| take\n 1', {0}),
    ('project B = FileName matches regex "(?s)^.$", FileName | where B and FileName == "b"', {0}),
]  # fmt: skip


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(("stages", "expected"), STAGES, ids=[case[0] for case in STAGES])
def test_every_stage_keeps_the_records_apart(judge, stages, expected):
    assert JUDGES[judge](f"DeviceProcessEvents | {stages}", PEOPLE) == expected


def engines():
    yield DUCKDB
    if find_spec("chdb") is not None:
        yield KustoChdb()


@pytest.mark.parametrize("engine", list(engines()), ids=lambda engine: engine.name)
class TestDatasets:
    def test_two_datasets_do_not_mix(self, engine):
        first, second = engine.load([{"FileName": "a"}, {}]), engine.load([{}, {"FileName": "a"}])
        query = 'DeviceProcessEvents | where FileName == "a"'
        found = [one.find(query) for one in (first, second, first)]
        assert found == [{0}, {1}, {0}]

    def test_a_later_query_may_read_other_columns_and_tables(self, engine):
        loaded = engine.load([{"FileName": "a", "ProcessId": 1, "RemotePort": 80}])
        assert loaded.find('DeviceProcessEvents | where FileName == "a"') == {0}
        assert loaded.find("DeviceProcessEvents | where ProcessId == 1") == {0}
        assert loaded.find("DeviceNetworkEvents | where RemotePort == 80") == {0}
        assert loaded.find('DeviceProcessEvents | where FileName == "b"') == frozenset()

    def test_no_records_are_no_hits(self, engine):
        assert engine.load([]).find("DeviceProcessEvents | where true") == frozenset()

    @pytest.mark.parametrize(
        "broken",
        [{"FileName": 5}, {"ProcessId": "5"}, {"ProcessId": True}, {"ProcessId": 2**63}, {"Timestamp": "soon"}, {"IsProcessRemoteSession": 1}, {"FileName": "\ud800"}, {"FileName": "\u212a"}],
        ids=str,
    )  # fmt: skip
    def test_a_value_of_another_type_than_its_column_has_no_answer(self, engine, broken):
        (name,) = broken
        with pytest.raises(CannotRunError):
            engine.load([broken]).find(f"DeviceProcessEvents | where isempty({name})")

    def test_a_failed_query_does_not_colour_the_next(self, engine):
        loaded = engine.load(PEOPLE)
        with pytest.raises(CannotRunError):
            loaded.find(
                'DeviceProcessEvents | where FileName =~ "b" and FolderPath matches regex "("'
            )
        assert loaded.find('DeviceProcessEvents | where FileName == "a"') == {1}

    def test_it_says_what_it_is(self, engine):
        assert engine.standing is Standing.INDEPENDENT
        assert any(char.isdigit() for char in engine.title)


@pytest.mark.parametrize(
    ("written", "rewritten"),
    [
        (r"'a\u00e9\t'", r'"aé\t"'),
        ("@'it''s \\'", '"it\'s \\\\"'),
        ('h"a" H@"b"', '"a" "b"'),
        ('```a "b"\n```', r'"a \"b\"\n"'),
        ('x // "a\n| y', "x \n| y"),
        ('startswith"a//b"', 'startswith"a//b"'),
    ],
)
def test_literals_are_written_anew(written, rewritten):
    assert rewrite_literals(written) == rewritten


# -- the engines against each other ---------------------------------------------------------------


def read_goldens():
    for path in sorted(GOLDENS.glob("*.txt")):
        query = path.read_text(encoding="utf-8").partition("---\n")[2].strip()
        if query and path.stem != "list_10000":  # seven seconds in duckdb-kql
            yield pytest.param(query, id=path.stem)


GOLDEN_QUERIES = list(read_goldens())
EVENTS = [
    {},
    {
        "ActionType": "ProcessCreated",
        "FileName": "CMD.EXE",
        "FolderPath": "C:\\Windows\\System32\\CMD.EXE",
        "ProcessCommandLine": 'cmd.exe /c "net user" && whoami groups | (a|b)[c]{1}^$.+',
        "ProcessId": 4,
        "LogonId": 999,
        "AccountDomain": "NT AUTHORITY",
        "AccountName": "SYSTEM",
        "Timestamp": "2024-02-29T03:07:09Z",
    },
]


@pytest.mark.parametrize(
    "query", [one for one in GOLDEN_QUERIES if not one.values[0].startswith("let ")]
)
def test_duckdb_and_the_reader_agree_on_every_golden_query(query):
    assert by_duckdb(query, EVENTS) == by_reader(query, EVENTS)


LETTERS = "aBbéÉяЯσΣς%_\\*?[.\"'\n\t "
OPERATORS = ["==", "!=", "=~", "!~"] + [
    f"{no}{word}{case}"
    for no in ("", "!")
    for word in ("contains", "startswith", "endswith")
    for case in ("", "_cs")
]


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'


@pytest.mark.parametrize("operator", OPERATORS)
def test_duckdb_and_the_reader_agree_on_any_string(operator):
    chance = random.Random(operator)
    for _ in range(5):
        needle, *texts = (
            "".join(chance.choices(LETTERS, k=chance.randint(0, 4))) for _ in range(41)
        )
        records = [
            names(first, second) for first, second in zip(texts[::2], texts[1::2], strict=True)
        ]
        records += [
            names(needle.swapcase(), needle),
            names(f"b{needle}", needle),
            names(needle, ""),
        ]
        for right in (quoted(needle), "FolderPath"):
            query = f"DeviceProcessEvents | where FileName {operator} {right}"
            assert by_duckdb(query, records) == by_reader(query, records)


# -- the reader's check of types ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        ("FileName == 5", "a string compared with a number in `FileName == 5`"),
        ('not(ProcessId  ==\n "5")', 'a number compared with a string in `ProcessId == "5"`'),
        ("FileName in (5)", "a string compared with a number in `FileName in (5)`"),
        ('ProcessId in~ ("5")', 'in~ on a number in `ProcessId in~ ("5")`'),
        ('ProcessId contains "5"', 'contains on a number in `ProcessId contains "5"`'),
        ('FileName < "b"', '< on a string in `FileName < "b"`'),
        ('Timestamp > "2024"', 'a datetime compared with a string in `Timestamp > "2024"`'),
    ],
)
def test_the_reader_says_which_types_do_not_compare(predicate, message):
    with pytest.raises(ReadError) as caught:
        kusto.read(f"DeviceProcessEvents | where {predicate}", TYPES)
    assert caught.value.message == message


def test_the_reader_gives_up_on_a_query_nested_beyond_all_measure():
    with pytest.raises(ReadError, match="nested too deeply"):
        kusto.read(f"T | where {'(' * 3000}true{')' * 3000}")


# -- the schema ---------------------------------------------------------------------------------


def test_the_schema_has_the_tables_that_sigma_maps_to():
    assert set(defender_tables()) >= {"DeviceProcessEvents", "DeviceFileEvents", "DeviceEvents", "DeviceRegistryEvents", "DeviceNetworkEvents", "DeviceImageLoadEvents"}  # fmt: skip


def test_the_schema_knows_kusto_types_only():
    types = {kind for columns in defender_tables().values() for kind in columns.values()}
    assert types == {"string", "long", "int", "bool", "datetime"}


def test_the_schema_cannot_be_changed():
    with pytest.raises(TypeError):
        defender_tables()["DeviceProcessEvents"]["FileName"] = "long"


def test_every_column_of_the_pipeline_is_in_the_schema_with_its_type():
    for recording in load_pipeline("defender_xdr").recordings.values():
        columns = defender_tables()[recording.source.table]
        computed = {name for name, _ in recording.source.computed}
        assert not computed & columns.keys()
        for entry in recording.entries.values():
            for column in entry.columns.values():
                assert column.name in computed or columns[column.name] == column.type


# -- Microsoft's binder -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def binder():
    found = find_binder()
    if isinstance(found, str):
        pytest.skip(found)
    with found:
        yield found


class TestBinder:
    def test_it_is_the_vendors_own(self, binder):
        assert binder.standing is Standing.VENDOR
        assert binder.title.startswith("Microsoft's @kusto/language-service-next 1")

    @pytest.mark.parametrize("query", GOLDEN_QUERIES)
    def test_every_golden_query_binds(self, binder, query):
        assert binder.problems(query) == ()

    def test_a_problem_is_a_code_a_message_and_the_text_at_its_place(self, binder):
        query = 'DeviceProcessEvents\n| where "🙂" != FileName and Nope == 1'
        (problem,) = binder.problems(query)
        assert problem.startswith("KS142 The name 'Nope' does not refer to any known column")
        assert problem.endswith(": `Nope` at line 2, column 30")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ('DeviceProcessEvents | where filename == "x"', "KS142"),
            ("NoTable | where true", "KS204"),
            ('DeviceProcessEvents | where ProcessId in~ ("5")', "KS107"),
            ("DeviceProcessEvents | where FileName", "KS141"),
            ('DeviceProcessEvents | where FileName == "x', "KS001"),
            ("DeviceProcessEvents | where nofunction(FileName)", "KS211"),
        ],
    )
    def test_it_reports_what_would_not_run(self, binder, query, code):
        assert binder.problems(query)[0].split()[0] == code

    def test_an_expression_that_is_too_deep_is_reported(self, binder):
        words = " or ".join(f'FileName == "{number}"' for number in range(500))
        assert binder.problems(f"DeviceProcessEvents | where {words}")[0].startswith("KS245")

    def test_it_is_blind_to_unlike_types_and_to_regular_expressions(self, binder):
        assert binder.problems("DeviceProcessEvents | where FileName == 5") == ()
        assert binder.problems('DeviceProcessEvents | where FileName matches regex "("') == ()

    def test_an_empty_query_is_a_problem(self, binder):
        assert binder.problems(" \n") == ("the query is empty",)

    def test_it_starts_again_after_it_was_closed(self, binder):
        binder.close()
        assert binder.problems("DeviceProcessEvents | where true") == ()


def fake(script, **seconds):
    return KustoBinder((sys.executable, "-c", script), "0", **seconds)


READY = "import sys, time\nprint(sys.stdin.readline() and '{}', flush=True)\nsys.stdin.readline()\n"


def test_without_node_the_reason_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert find_binder() == "the Kusto binder needs Node.js, and there is no `node` on the PATH"


def test_without_the_package_the_command_that_installs_it_is_said(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIGMAGLOT_NODE_MODULES", raising=False)
    found = find_binder()
    if not isinstance(found, str) or "@kusto" not in found:
        pytest.skip("Node is absent, or has the package for all its users")
    assert "`npm install @kusto/language-service-next`" in found
    assert "SIGMAGLOT_NODE_MODULES" in found


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.parametrize(
    ("package", "variable", "folder"),
    [
        ("named/node_modules", "named/node_modules", "elsewhere"),
        ("any_name", "any_name", "elsewhere"),
        ("project/node_modules", "", "project/below/it"),
        ("project/node_modules", "named", "project"),
    ],
)
def test_the_package_is_found(monkeypatch, tmp_path, package, variable, folder):
    where = tmp_path / package / "@kusto" / "language-service-next"
    where.mkdir(parents=True)
    (where / "package.json").write_text('{"version": "0.0.7"}')
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / folder)
    monkeypatch.setenv("SIGMAGLOT_NODE_MODULES", variable and os.fspath(tmp_path / variable))
    assert find_binder().title == "Microsoft's @kusto/language-service-next 0.0.7"


def test_node_starts_with_the_first_query_only(tmp_path):
    mark = tmp_path / "started"
    with fake(f"open({str(mark)!r}, 'w')") as binder:
        assert not mark.exists()
        with pytest.raises(CannotRunError):
            binder.problems("T")
        assert mark.exists()


def test_a_node_that_ends_says_why_and_is_not_tried_again(tmp_path):
    mark = tmp_path / "starts"
    script = f"open({str(mark)!r}, 'a').write('x'); raise ImportError('no bridge')"
    with fake(script) as binder:
        for _ in range(2):
            with pytest.raises(CannotRunError, match=r"did not start: .*ImportError: no bridge"):
                binder.problems("T")
    assert mark.read_text() == "x"


def test_a_node_that_hangs_at_the_start_is_given_up():
    with fake("import time; time.sleep(60)", start_seconds=0.2) as binder:
        with pytest.raises(CannotRunError, match="no answer within 0.2 seconds"):
            binder.problems("T")


def test_a_query_that_hangs_is_given_up_and_the_next_starts_afresh():
    with fake(READY + "time.sleep(60)", query_seconds=0.2) as binder:
        for _ in range(2):
            with pytest.raises(CannotRunError, match="no answer within 0.2 seconds"):
                binder.problems("T | where " + "x" * 1_000_000)


def test_a_query_that_kills_node_is_said():
    with fake(READY + "sys.exit('RangeError: too much')") as binder:
        with pytest.raises(CannotRunError, match="ended without an answer: RangeError: too much"):
            binder.problems("T")


def test_what_fails_inside_is_said():
    answer = 'print(\'{"failed": "Maximum call stack size exceeded"}\', flush=True)'
    with fake(READY + answer) as binder:
        with pytest.raises(CannotRunError, match="Maximum call stack"):
            binder.problems("T")


def test_a_node_that_cannot_be_run_is_said():
    with KustoBinder((os.fspath(GOLDENS / "no such program"),), "0") as binder:
        with pytest.raises(CannotRunError, match="did not start"):
            binder.problems("T")
