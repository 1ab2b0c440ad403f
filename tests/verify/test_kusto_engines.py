"""Kusto by four judges: Microsoft's binder, DuckDB, ClickHouse, and our reader.

`CASES` is the specification: each predicate with records that it returns and records that it does
not. The answers come from the Kusto reference (string operators, null values, the pages of the
functions), worked out by hand. A row that is no mapping is a `FileName`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sigmaglot.verify.engines import kusto_binder
from sigmaglot.verify.engines.kusto_binder import KustoBinder, find_binder
from sigmaglot.verify.engines.model import CannotRunError, RefusedError, Standing
from sigmaglot.verify.readers import kusto
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.schemas import defender_tables

pytest.importorskip("duckdb_kql", reason="the package duckdb-kql is not installed")
pytest.importorskip("duckdb", reason="the package duckdb is not installed")

from sigmaglot.verify.engines.kusto_duckdb import KustoDuckDB

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


DUCKDB = KustoDuckDB(now=NOW)


def by_duckdb(query, records):
    return DUCKDB.load(records).find(query)


JUDGES = {"reader": by_reader, "duckdb": by_duckdb}


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(("predicate", "returned", "left"), CASES, ids=[case[0] for case in CASES])
def test_a_predicate_returns_what_the_reference_says(judge, predicate, returned, left):
    records = [record(row) for row in (*returned, *left)]
    found = JUDGES[judge](f"DeviceProcessEvents\n| where {predicate}", records)
    assert found == frozenset(range(len(returned)))
