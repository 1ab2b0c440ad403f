"""Log sources in DNIF: the legacy `$` fields, and the streams of version 9."""

from __future__ import annotations

from collections import Counter

import pytest
from dnif_car import (
    COMMON,
    MANIFEST,
    columns_of,
    compiled,
    facts,
    query,
    unknown_fields,
    windows_rules,
)

from sigmaglot.compiler import Options, compile_rule
from sigmaglot.language import Selector
from sigmaglot.pipelines import load_pipeline
from sigmaglot.pipelines.find import recording_of
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection import PROJECTIONS

LEGACY, STREAMS = load_pipeline("dnif"), load_pipeline("dnif_dql")
CATEGORIES = ("process_creation", *MANIFEST)
SERVICES = ("service:sysmon", "service:security")


def test_the_log_sources_are_those_that_a_public_source_tells_of() -> None:
    assert set(LEGACY.recordings) == {*CATEGORIES, *SERVICES}
    assert set(STREAMS.recordings) == set(CATEGORIES)
    assert set(PROJECTIONS["dnif"].categories) == set(LEGACY.recordings)
    assert set(PROJECTIONS["dnif_dql"].categories) == set(STREAMS.recordings)


@pytest.mark.parametrize("pipeline", [LEGACY, STREAMS], ids=lambda one: one.name)
@pytest.mark.parametrize("category", MANIFEST)
def test_every_field_of_an_event_has_a_column_or_a_reason(pipeline, category: str) -> None:
    entries = pipeline.recordings[category].entries
    for field in [*COMMON.split(), *MANIFEST[category].split()]:
        assert bool(entries[field].columns) != bool(entries[field].reason), field


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_legacy_query_selects_the_log_and_the_event_id_of_the_facts(category: str) -> None:
    found = facts("dnif.json")["category_map"][category]["legacy_fetch"]
    ids = found["$EventID"] if isinstance(found["$EventID"], list) else [found["$EventID"]]
    assert LEGACY.recordings[category].source.selectors == (
        Selector("$LogName", (found["$LogName"],)),
        Selector("$EventID", tuple(map(str, ids))),
    )


SELECTED_BY_ID = {
    "registry_event": "12 13 14",
    "registry_add": "12",
    "registry_delete": "12",
    "registry_set": "13",
    "registry_rename": "14",
    "image_load": "7",
    "create_stream_hash": "15",
}
"""Categories that share an action, or whose action is in doubt, and their event ids."""


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_stream_is_selected_by_the_action_of_the_facts(category: str) -> None:
    found = facts("dnif.json")["category_map"][category]
    source = STREAMS.recordings[category].source
    assert source.table == found["stream_v9"]
    selected = {one.column: set(one.values) for one in source.selectors}
    if category in SELECTED_BY_ID:
        assert selected.pop("eid") == set(SELECTED_BY_ID[category].split())
    if category not in {"image_load", "create_stream_hash"}:
        action = found["action"]
        assert selected.pop("action") == set(action if isinstance(action, list) else [action])
    assert selected == {}


def test_image_loads_are_not_selected_by_an_action_of_another_event() -> None:
    # The one action that is listed for the stream, PROCESS_ACCESSED, is event 10's elsewhere.
    found = facts("dnif.json")
    assert found["stream_actions_2026"]["EP-IMAGE-LOAD"] == ["PROCESS_ACCESSED"]
    selectors = STREAMS.recordings["image_load"].source.selectors
    assert selectors == (Selector("eid", ("7",)),)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_column_of_a_stream_is_listed_for_it(category: str) -> None:
    recording = STREAMS.recordings[category]
    streams = facts("dnif.json")["ddm_2026_ep_streams"]
    listed = {name.lower() for name in streams[recording.source.table.upper()]["sysmon_fields"]}
    assert {name for name in recording.columns if name not in listed} <= {"action"}
    assert {one.type for one in columns_of(recording).values()} == {"string"}


@pytest.mark.parametrize("category", [*CATEGORIES, *SERVICES])
def test_every_legacy_column_is_attested(category: str) -> None:
    recording = LEGACY.recordings[category]
    assert recording.columns <= facts("dnif.json")["legacy_fields"].keys()
    assert {one.type for one in columns_of(recording).values()} == {"string"}


def test_columns_that_are_seen_in_other_events_only_say_so() -> None:
    for category in MANIFEST:
        entries = LEGACY.recordings[category].entries
        for field in ("Image", "User", "Hashes"):
            if field in entries and entries[field].columns:
                assert entries[field].confidence == "low", (category, field)
    result = compiled("dnif", "dns_query", r"{Image|endswith: '\a.exe'}")
    assert any(
        "published queries use it for process creations only" in one for one in result.assumes
    )


def test_DNIF_1_sysmon_events_are_not_all_sought_among_image_loads() -> None:
    tables = {name: one.source.table for name, one in STREAMS.recordings.items()}
    assert [name for name, table in tables.items() if table == "ep-image-load"] == ["image_load"]
    assert tables["process_access"] == tables["create_remote_thread"] == "ep-process"
    for category in ("process_access", "create_remote_thread"):
        entries = STREAMS.recordings[category].entries
        assert entries["SourceImage"].column.name == "image"
        assert entries["SourceImage"].confidence == "low"
        assert entries["TargetImage"].column.name == "targetimage"


def test_DNIF_2_no_stream_is_called_after_a_sigma_category() -> None:
    known = {name.lower() for name in facts("dnif.json")["ddm_2026_ep_streams"]}
    for category, recording in STREAMS.recordings.items():
        assert recording.source.table in known
        assert recording.source.table != category
    result = compiled("dnif-dql", "ps_script", "{ScriptBlockText|contains: mimikatz}")
    assert [one.code for one in result.diagnostics] == ["SG201"]


def test_DNIF_3_no_column_is_called_Command() -> None:
    for recording in LEGACY.recordings.values():
        assert "$Command" not in recording.columns
    entries = LEGACY.recordings["process_creation"].entries
    assert entries["CommandLine"].column.name == "$Process"


def test_a_field_without_a_legacy_name_makes_no_query_of_its_own() -> None:
    result = compiled("dnif", "registry_set", r"{TargetObject|endswith: '\Run\x'}")
    assert [one.code for one in result.diagnostics] == ["SG202"]
    assert "no public source names a field for it" in result.diagnostics[0].message


EXACT = [
    (
        "dnif",
        "dns_query",
        r"{Image|endswith: '\certutil.exe'}",
        (
            r"_fetch * from event where $LogName=WINDOWS-SYSMON AND $EventID=22 "
            r"AND $App=regex(^certutil\.exe$)i limit 100"
        ),
    ),
    (
        "dnif",
        "service:security",
        "{EventID: 1102}",
        "_fetch * from event where $LogName=WINDOWS-NXLOG-AUDIT AND $EventID=regex(^1102$)i limit 100",
    ),
    (
        "dnif",
        "service:sysmon",
        "{EventID: 255}",
        "_fetch * from event where $LogName=WINDOWS-SYSMON AND $EventID=regex(^255$)i limit 100",
    ),
    (
        "dnif",
        "pipe_created",
        r"{EventType: ConnectPipe, Image|endswith: '\a.exe'}",
        (
            "_fetch * from event where $LogName=WINDOWS-SYSMON AND $EventID IN [17, 18] "
            r"AND $EventID=regex(^18$)i AND $App=regex(^a\.exe$)i limit 100"
        ),
    ),
    (
        "dnif-dql",
        "registry_set",
        r"{TargetObject|endswith: 'Run', Details: 'DWORD (0x00000001)'}",
        (
            "stream=ep-registry where action='OBJECT_MODIFIED' and eid='13' "
            "and lower(targetobject) like '%run' and lower(details)='dword (0x00000001)' "
            "| duration 1d | limit 100"
        ),
    ),
    (
        "dnif-dql",
        "pipe_created",
        "{PipeName|contains: msagent}",
        (
            "stream=ep-pipe where action in ('PIPE_CREATED', 'PIPE_CONNECTED') "
            "and lower(pipename) like '%msagent%' | duration 1d | limit 100"
        ),
    ),
    (
        "dnif-dql",
        "network_connection",
        "{DestinationIp|cidr: 10.0.0.0/8, DestinationPort: 443}",
        (
            "stream=ep-network where action='NETWORK_CONNECTION' and lower(dstip) like '10.%' "
            "and dstport=443 | duration 1d | limit 100"
        ),
    ),
    (
        "dnif-dql",
        "image_load",
        f"{{Hashes|contains: IMPHASH={'A' * 32}}}",
        (
            f"stream=ep-image-load where eid='7' and lower(imphash)='{'a' * 32}' "
            "| duration 1d | limit 100"
        ),
    ),
    (
        "dnif-dql",
        "process_access",
        "{GrantedAccess: '0x1410', TargetImage|endswith: lsass.exe}",
        (
            "stream=ep-process where action='PROCESS_ACCESSED' and lower(grantedaccess)='0x1410' "
            "and lower(targetimage) like '%lsass.exe' | duration 1d | limit 100"
        ),
    ),
    (
        "dnif-dql",
        "registry_event",
        "{EventType: SetValue, Details: x}",
        (
            "stream=ep-registry where action='OBJECT_MODIFIED' and eid in ('12', '13', '14') "
            "and lower(eid)='13' and lower(details)='x' | duration 1d | limit 100"
        ),
    ),
]


@pytest.mark.parametrize(("target", "source", "selection", "expected"), EXACT)
def test_a_rule_becomes_this_query(target: str, source: str, selection: str, expected: str) -> None:
    assert query(target, source, selection) == expected


@pytest.mark.parametrize(
    ("source", "selection", "gone"),
    [
        ("network_connection", "{DestinationPort: 3389, Initiated: 'false'}", "Initiated"),
        ("create_remote_thread", "{TargetImage: a, StartModule: null}", "StartModule"),
        ("registry_event", "{TargetObject: a, NewName: b}", "NewName"),
        ("wmi_event", "{Name: a, Query: b}", "Query"),
    ],
)
def test_what_a_stream_lacks_is_left_out_with_a_note(
    source: str, selection: str, gone: str
) -> None:
    result = compiled("dnif-dql", source, selection)
    assert str(result.fidelity) == "broader"
    assert [(one.code, one.field) for one in result.notes] == [("SG204", gone)]


def test_a_kind_of_event_that_shares_its_id_is_known_from_one_side() -> None:
    result = compiled("dnif-dql", "registry_event", "{TargetObject: a, EventType: DeleteValue}")
    assert str(result.fidelity) == "broader"
    assert "lower(eid)='12'" in result.queries[0]


def test_another_provider_is_not_in_the_log_of_sysmon() -> None:
    selection = r"{Provider_Name: Microsoft-Windows-Kernel-Process, Image|endswith: '\a.exe'}"
    assert [one.code for one in compiled("dnif", "dns_query", selection).diagnostics] == ["SG201"]


@pytest.mark.corpus
@pytest.mark.parametrize("pipeline", ["dnif", "dnif_dql"])
def test_every_field_that_the_corpus_uses_has_an_entry(pipeline: str) -> None:
    assert unknown_fields(pipeline) == set()


WITHOUT_QUERY = {"dnif": 0.55, "dnif-dql": 0.01}
"""Share of rules of recorded sources without a query, at most. The legacy store has no public name
for most fields of events other than process creations."""


@pytest.mark.corpus
@pytest.mark.parametrize("target", ["dnif", "dnif-dql"])
def test_every_windows_rule_has_a_query_or_a_named_reason(target: str) -> None:
    codes: Counter[str] = Counter()
    pipeline = load_pipeline(TARGETS[target].pipeline)
    recorded = 0
    for rule in windows_rules():
        result = compile_rule(rule, rule.condition, TARGETS[target], Options())
        codes.update(one.code for one in result.diagnostics)
        is_recorded = recording_of(pipeline, rule.info.logsource) is not None
        recorded += is_recorded
        assert result.ok or result.diagnostics
        assert is_recorded == ("SG201" not in {one.code for one in result.diagnostics})
    assert set(codes) <= {"SG133", "SG201", "SG202", "SG302"}
    assert recorded > 1300
    assert codes["SG202"] <= WITHOUT_QUERY[target] * recorded
