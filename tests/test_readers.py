"""What the readers accept, refuse and mean. They are oracles of other tests, so they have their own."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sigmaglot.verify.readers import car, dnif_dql, dnif_fetch, kibana_kql, kusto, logpoint, spl
from sigmaglot.verify.readers.base import ReadError
from sigmaglot.verify.readers.regexes import re2
from sigmaglot.verify.readers.uax29 import tokens

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
        "EventCode=1 | stats count by Image",
        "EventCode=1 | where dotted.name=1",
        "EventCode=1 | where Image",
        'EventCode=1 | where EventCode=1 or Image="x"',
        'EventCode=1 | where Image="C:\\Windows"',
        'EventCode=1 | where like(Image, "50\\\\%")',
        'EventCode=1 | eval x=match(Image, "y")',
        "EventCode=1 | where frobnicate(Image)",
        'EventCode=1 | where match(Image, "(")',
        'EventCode=1 | rex field=Image "nothing named"',
    ],
)
def test_spl_refuses(text):
    refused(spl.read, text)


def test_spl_options():
    assert spl.read("User=*").matches({"User": ""})
    assert not spl.read("User=*", star_matches_empty=False).matches({"User": ""})
    text = 'EventCode=1 | regex User!="x"'
    with pytest.raises(ReadError):
        spl.read(text).matches(ROW)
    assert spl.read(text, regex_keeps_missing=True).matches(ROW)


# -- LogPoint -------------------------------------------------------------------------------------------------------

LOG = {"norm_id": "WindowsSysmon", "event_id": 1, "image": CMD, "command": LINE, "label": "Process"}


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
    ],
)
def test_logpoint_refuses(text):
    refused(logpoint.read, text)


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
    ],
)
def test_dnif_fetch_refuses(text):
    refused(dnif_fetch.read, text)


def test_dnif_fetch_reads_several_queries():
    text = "_fetch * from event where $EventID=1 limit 5\n\n_fetch * from event where $EventID=2 limit 5\n"
    assert [query.matches(FETCHED) for query in dnif_fetch.read_all(text)] == [True, False]


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
