"""Kusto's functions for computed columns, by the reference: our reader, and DuckDB where it knows.

Each case is an expression, a test of the column `X` that it makes, the records that are returned
and those that are not. The answers come from the pages of the functions in the Kusto reference.
"""

from __future__ import annotations

import pytest

pytest.importorskip("duckdb_kql", reason="the package duckdb-kql is not installed")

from sigmaglot.verify.engines.kusto_duckdb import KustoDuckDB
from sigmaglot.verify.engines.model import CannotRunError
from sigmaglot.verify.readers import kusto
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.schemas import defender_tables

TYPES = defender_tables()["DeviceEvents"]
DUCKDB = KustoDuckDB()


def file(name, folder):
    return {"FileName": name, "FolderPath": folder}


def more(text):
    return {"AdditionalFields": text}


KEY = "parse_json(AdditionalFields).Key"
WHOLE = (
    r'case(isempty(FolderPath), FileName, isempty(FileName) or FolderPath endswith strcat(@"\", FileName), '
    r'FolderPath, strcat(FolderPath, iff(FolderPath endswith @":\", "", @"\"), FileName))'
)
HOST = r'extract(@"^(?:\w+://)?([^/:]*)", 1, RemoteUrl)'
CASES = [
    # strcat takes an absent string for an empty one
    (r'strcat(FolderPath, @"\", FileName)', r'X == @"a\b"', [file("b", "a")], [file("a", "b"), {}]),
    ('strcat(FileName, "-")', 'X == "-"', [{}], [file("b", "a")]),
    # iff and case: the first result whose test holds, else the last
    ('iff(FileName =~ "a", "yes", "no")', 'X == "yes"', [file("A", "")], [file("b", ""), {}]),
    (
        'iff(FileName == "a", RemotePort, LocalPort)',
        "X == 5",
        [{"FileName": "a", "RemotePort": 5}, {"LocalPort": 5}],
        [{"FileName": "a", "LocalPort": 5}, {"RemotePort": 5}],
    ),
    ('iff(FileName == "a", RemotePort, LocalPort)', "isnull(X)", [{"RemotePort": 5}], [{"LocalPort": 5}]),
    ("iff(RemotePort > 5, 'yes', 'no')", "X == 'no'", [{}, {"RemotePort": 5}], [{"RemotePort": 6}]),
    (
        'case(FileName == "a", "1", FileName startswith "a", "2", "3")',
        'X == "2"',
        [file("ab", "")],
        [file("a", ""), file("b", ""), {}],
    ),
    (
        WHOLE,
        r'X =~ @"C:\x\a.exe"',
        [file("a.exe", r"C:\x\a.exe"), file("a.exe", r"C:\x")],
        [file("a.exe", "C:\\"), file("a.exe", ""), file("", r"C:\x"), {}],
    ),
    (WHOLE, r'X == @"D:\a.lnk"', [file("a.lnk", "D:\\"), file("a.lnk", "D:")], [file("a.lnk", "E:\\")]),
    (WHOLE, 'X == "System"', [file("System", "")], [{}]),
    # parse_json: a key of an object, and nothing of anything else
    (f"tostring({KEY})", r'X == @"v\w"', [more(r'{"Key":"v\\w"}')], [more(r'{"key":"v\\w"}'), {}]),
    (f"tostring({KEY})", 'X == "é\\n"', [more(r'{"Key":"\u00e9\n"}')], [more('{"Key":"e"}')]),
    (f"tostring({KEY})", 'X == "5136"', [more('{"Key":5136}'), more('{"Key":"5136"}')], [more('{"Key":1}')]),
    (f"tostring({KEY})", "isempty(X)", [{}, more(""), more("no json"), more("[1]"), more('{"Key":null}')], [more('{"Key":"a"}')]),
    ('tostring(parse_json(AdditionalFields)["Key"])', 'X == "a"', [more('{"Key":"a"}')], [{}]),
    (f"tolong({KEY})", "X == 5136", [more('{"Key":5136}'), more('{"Key":"5136"}')], [more('{"Key":"a"}'), {}]),
    (f"tolong({KEY})", "isnull(X)", [more('{"Key":"a"}'), more("{}"), {}], [more('{"Key":0}')]),
    # texts
    (r'replace_string(FolderPath, @"\Device\x", "")', r'X == @"\y"', [file("", r"\Device\x\y")], [file("", r"\device\x\y")]),
    ('replace_string(FileName, "a", "b")', 'X == "bxb"', [file("axa", "")], [file("AxA", "")]),
    ('trim_start("::ffff:", RemoteIP)', 'X == "10.0.0.1"', [{"RemoteIP": "::ffff:10.0.0.1"}, {"RemoteIP": "10.0.0.1"}], [{"RemoteIP": "x::ffff:10.0.0.1"}]),
    (HOST, 'X == "a.example"', [{"RemoteUrl": url} for url in ("https://a.example:80/b", "a.example", "a.example/b?c:d")], [{"RemoteUrl": "https://b.example/a.example"}, {}]),
    (r'extract(@"[^\\]*$", 0, FolderPath)', 'X == "b"', [file("", "a\\b"), file("", "b")], [file("", "b\\"), {}]),
    ('extract("a(x)?", 1, FileName)', "isempty(X)", [file("a", ""), file("b", "")], [file("ax", "")]),
]  # fmt: skip
READER_ONLY = [
    ("tohex(ProcessId)", 'X == "1fffff"', [{"ProcessId": 0x1FFFFF}], [{"ProcessId": 31}, {}]),
    ("tohex(ProcessId)", 'X == "ffffffffffffffff"', [{"ProcessId": -1}], [{"ProcessId": 1}]),
    ("tohex(ProcessId)", "isempty(X)", [{}], [{"ProcessId": 0}]),
    ('iif(FileName == "a", "yes", "no")', 'X == "yes"', [file("a", "")], [{}]),
]


def query(expression, test):
    return f"DeviceEvents\n| extend X = {expression}\n| where {test}"


def by_reader(text, records):
    read = kusto.read(text, TYPES)
    return frozenset(index for index, one in enumerate(records) if read.matches(one))


def by_duckdb(text, records):
    return DUCKDB.load(records).find(text)


@pytest.mark.parametrize("judge", [by_reader, by_duckdb])
@pytest.mark.parametrize(
    ("expression", "test", "returned", "left"), CASES, ids=[f"{one[0]} | {one[1]}" for one in CASES]
)
def test_an_expression_has_the_value_of_the_reference(judge, expression, test, returned, left):
    found = judge(query(expression, test), [*returned, *left])
    assert found == frozenset(range(len(returned)))


@pytest.mark.parametrize(("expression", "test", "returned", "left"), READER_ONLY)
def test_the_reader_alone_knows_it(expression, test, returned, left):
    text = query(expression, test)
    assert by_reader(text, [*returned, *left]) == frozenset(range(len(returned)))
    with pytest.raises(CannotRunError, match="not checked"):
        by_duckdb(text, [{}])


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("case(FileName == 'a', 'b')", "function case of 2"),
        ("case(FileName == 'a', 'b', FileName == 'c', 'd')", "without a last result"),
        ("iff(FileName, 'a', 'b')", "a string where a predicate is wanted"),
        ("iff(FileName == 'a', 'b', ProcessId)", "results of unlike types, number and string"),
        ("parse_json(ProcessId).Key", "wants a string"),
        ("AdditionalFields.Key", "a path into a dynamic value"),
        ("trim_start('(', FileName)", "missing|unterminated"),
    ],
)
def test_what_the_reader_does_not_take_is_said(expression, reason):
    with pytest.raises(ReadError, match=reason):
        by_reader(query(expression, "isempty(tostring(X))"), [{}])


def test_an_object_inside_json_has_no_text_here():
    with pytest.raises(ReadError, match="object or array"):
        by_reader(query(f"tostring({KEY})", "isempty(X)"), [more('{"Key":{"a":1}}')])


@pytest.mark.parametrize(
    "expression",
    [
        f"tolower({KEY})",
        "tostring(parse_json(strcat(AdditionalFields, ProcessId)).Key)",
        "tostring(parse_json(AdditionalFields).a.b)",
        "tostring(parse_json(AdditionalFields)[0])",
        "tostring(FileName.Key)",
        "iff(FileName == 'a', 'b', ProcessId)",
        "strcat(FileName, ProcessId)",
    ],
)
def test_an_unchecked_expression_has_no_answer(expression):
    with pytest.raises(CannotRunError, match="not checked"):
        by_duckdb(query(expression, "isempty(X)"), [{}])
