"""Log sources in LogPoint: today's labels, and the older taxonomy of norm_id and event_id."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from dnif_car import compiled, facts, query, unknown_fields, windows_rules

from sigmaglot.compiler import Options, compile_rule
from sigmaglot.events import Recorded, read_events
from sigmaglot.language import Selector
from sigmaglot.logsource import CATEGORIES, SERVICES
from sigmaglot.pipelines import load_pipeline
from sigmaglot.pipelines.find import recording_of
from sigmaglot.rule import LogSource
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection import PROJECTIONS
from sigmaglot.verify.readers import logpoint
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import FAILURES

FACTS = "logpoint_sysmon.json"
LABELS, OLDER = load_pipeline("logpoint"), load_pipeline("logpoint_sysmon")
STORED = {"logpoint": PROJECTIONS["logpoint"], "logpoint-sysmon": PROJECTIONS["logpoint_sysmon"]}
RECORDED = [category for category in CATEGORIES if category not in {"file_access", "file_rename"}]
SYSMON_CATEGORIES = [category for category in RECORDED if not category.startswith("ps_")]
BOTH = pytest.mark.parametrize("target", ["logpoint", "logpoint-sysmon"])
HEADER = {
    "host",
    "event_id",
    "event_source",
    "channel",
    "keyword",
    "level",
    "rule",
    "utc_ts",
    "user",
}
"""Columns of the common taxonomy and of Sysmon's mapping that every event has."""


def finds(text: str, target: str, source: str, **event: str) -> bool:
    project = STORED[target].of(source)
    assert project
    return logpoint.read(text).matches(project(event))


def ids_of(category: str) -> tuple[str, ...]:
    return tuple(map(str, CATEGORIES[category][0].event_ids))


@BOTH
def test_every_category_of_the_taxonomy_but_kernel_file_traces_is_recorded(target: str) -> None:
    pipeline = load_pipeline(TARGETS[target].pipeline)
    assert set(pipeline.recordings) >= set(RECORDED)
    assert set(STORED[target].categories) >= set(RECORDED)
    assert [one.code for one in compiled(target, "file_access", "{FileName: a}").diagnostics] == [
        "SG201"
    ]


BY_ID = {"file_delete_detected", "file_block_shredding", "file_executable_detected"}
"""Categories that the vendor's pipeline does not know."""
LABELS_AND_ID = {"registry_add", "registry_delete", "registry_rename"}
"""Categories that share their labels."""


@pytest.mark.parametrize("category", SYSMON_CATEGORIES)
def test_a_category_is_selected_by_the_labels_of_the_facts(category: str) -> None:
    labels = facts(FACTS)["labels"]
    known = labels.get({"file_block_executable": "file_block"}.get(category, category))
    selectors = LABELS.recordings[category].source.selectors
    by_id = (Selector("event_id", ids_of(category)),)
    if category in BY_ID or isinstance(known, dict):
        assert selectors == (Selector("norm_id", ("WindowsSysmon",)), *by_id)
        return
    expected = tuple(Selector("label", (label,)) for label in known)
    assert selectors == (*expected, *(by_id if category in LABELS_AND_ID else ()))


@pytest.mark.parametrize("category", SYSMON_CATEGORIES)
def test_a_category_is_selected_by_norm_id_and_event_id_in_the_older_taxonomy(
    category: str,
) -> None:
    assert OLDER.recordings[category].source.selectors == (
        Selector("norm_id", ("WindowsSysmon",)),
        Selector("event_id", ids_of(category)),
    )


@BOTH
@pytest.mark.parametrize("service", [one for one in SERVICES if one != "sysmon"])
def test_a_service_is_selected_by_its_channels(target: str, service: str) -> None:
    pipeline = load_pipeline(TARGETS[target].pipeline)
    recording = recording_of(pipeline, LogSource("", "windows", service))
    assert recording
    norm_id, channel = recording.source.selectors
    assert norm_id == Selector("norm_id", ("WinServer",))
    assert (channel.column, channel.values) == ("channel", SERVICES[service])


def shown(entry: Any) -> set[str]:
    """Return the columns of a field in the facts."""
    return set(entry["new"].values()) if isinstance(entry["new"], dict) else {entry["new"]}


@pytest.mark.parametrize("category", SYSMON_CATEGORIES)
def test_every_column_is_one_of_the_facts_and_as_sure_as_they_are(category: str) -> None:
    found = facts(FACTS)["category_map"].get(category, {"fields": {}})["fields"]
    mapped = set(facts(FACTS)["sysmon_mapping"].values())
    entries = LABELS.recordings[category].entries
    for field, entry in entries.items():
        columns = {column.name for column in entry.columns.values()}
        if field in found and field not in CORRECTED.get(category, ()) and columns:
            assert columns <= shown(found[field]) | HEADER, field
            assert entry.confidence != "high" or found[field]["confidence"] == "high", field
        elif entry.confidence == "high":
            assert columns <= mapped | HEADER | {"process", "source_image", "image"}, field


CORRECTED = {
    "raw_access_thread": {"Image"},
    "create_stream_hash": {"Hash"},
    "network_connection": {"Computer"},
}
"""The mapping names the category wrongly, splits no hashes here, and says System_Computer."""


@pytest.mark.parametrize("category", SYSMON_CATEGORIES)
def test_a_column_of_the_older_taxonomy_is_one_of_the_published_queries_or_says_so(
    category: str,
) -> None:
    used = set(facts(FACTS)["car_field_counts"]) | HEADER | {"source_process_id", "hash"}
    for field, entry in OLDER.recordings[category].entries.items():
        for column in entry.columns.values():
            assert column.name in used or entry.confidence == "low", (field, column.name)


@pytest.mark.corpus
@pytest.mark.parametrize("pipeline", ["logpoint", "logpoint_sysmon"])
def test_every_field_that_the_corpus_uses_has_an_entry(pipeline: str) -> None:
    assert unknown_fields(pipeline) == set()


def test_LP_1_each_generation_selects_and_names_in_its_own_way() -> None:
    selection = r"{Image|endswith: '\a.exe'}"
    assert query("logpoint", "dns_query", selection) == (
        'label="DNS" label="Query" label="Execute" "process"="*\\a.exe"'
    )
    assert query("logpoint-sysmon", "dns_query", selection) == (
        'norm_id=WindowsSysmon event_id=22 image="*\\a.exe"'
    )


def test_LP_2_the_parents_image_too() -> None:
    selection = r"{ParentImage|endswith: '\a.exe'}"
    assert query("logpoint", "process_creation", selection).endswith(r'parent_process="*\a.exe"')
    assert query("logpoint-sysmon", "process_creation", selection).endswith(
        r'parent_image="*\a.exe"'
    )


@pytest.mark.parametrize(
    ("number", "category"), [("1", "process_creation"), ("17", "pipe_created")]
)
def test_LP_3_a_rule_of_the_whole_sysmon_log_finds_the_image_where_it_is(
    number: str, category: str
) -> None:
    text = query("logpoint", "service:sysmon", r"{Image|endswith: '\a.exe'}")
    channel = "Microsoft-Windows-Sysmon/Operational"
    event = {"Channel": channel, "EventID": number, "Image": "C:\\a.exe"}
    assert finds(text, "logpoint", "service:sysmon", **event)
    assert not finds(text, "logpoint", "service:sysmon", **{**event, "Image": "C:\\b.exe"})
    assert finds(query("logpoint", category, "{Image|contains: a}"), "logpoint", category, **event)


@pytest.mark.parametrize("category", ["file_change", "create_stream_hash", "pipe_created"])
def test_LP_4_the_acting_image_is_the_source_image_of_some_events(category: str) -> None:
    assert query("logpoint", category, "{Image: a}").endswith(' source_image="a"')
    assert query("logpoint", "file_event", "{Image: a}").endswith(' "process"="a"')


def test_LP_5_the_older_taxonomy_parts_folder_and_file() -> None:
    text = query("logpoint-sysmon", "file_event", r"{TargetFilename|endswith: '\Tasks\a.job'}")
    assert text == (
        "norm_id=WindowsSysmon event_id=11 "
        r'path IN ["*\Tasks", "*\Tasks\"] file="a.job"'
    )
    assert finds(text, "logpoint-sysmon", "file_event", TargetFilename="C:\\Windows\\Tasks\\a.job")
    whole = query("logpoint", "file_event", r"{TargetFilename|endswith: '\Tasks\a.job'}")
    assert whole.endswith(r'target_file="*\Tasks\a.job"')


def test_LP_6_the_original_file_name_is_no_sure_column() -> None:
    for category in ("process_creation", "image_load"):
        result = compiled("logpoint", category, "{OriginalFileName: a.exe}")
        assert any("calls it original_file" in one for one in result.assumes)


def test_LP_7_a_description_may_be_mixed_with_the_logs_message() -> None:
    result = compiled("logpoint", "image_load", "{Description: a}")
    assert any("collide with the text of the log message" in one for one in result.assumes)


@pytest.mark.parametrize("kind", ["CreateKey", "SetValue", "RenameKey"])
def test_LP_8_a_registry_event_of_any_kind_is_found(kind: str) -> None:
    text = query("logpoint", "registry_event", "{TargetObject|contains: a}")
    assert text.startswith("norm_id=WindowsSysmon event_id IN [12, 13, 14] ")
    number = {"CreateKey": "12", "SetValue": "13", "RenameKey": "14"}[kind]
    event = {"EventID": number, "EventType": kind, "TargetObject": "HKLM\\a"}
    assert finds(text, "logpoint", "registry_event", **event)


def test_LP_9_created_files_are_told_by_labels_or_by_id() -> None:
    selection = "{TargetFilename: a}"
    assert query("logpoint", "file_event", selection).startswith(
        'label="File" label="Create" label="Overwrite" '
    )
    assert query("logpoint-sysmon", "file_event", selection).startswith(
        "norm_id=WindowsSysmon event_id=11 "
    )


@pytest.mark.parametrize(
    ("category", "start"),
    [
        ("raw_access_thread", 'label="Raw" label="Access" label="Read" "process"="a"'),
        ("file_block_executable", 'label="File" label="Block" label="Executable" "process"="a"'),
        ("file_block_shredding", 'norm_id=WindowsSysmon event_id=28 "process"="a"'),
        ("process_termination", 'label="Process" label="Terminate" "process"="a"'),
    ],
)
def test_LP_10_categories_have_sigmas_names(category: str, start: str) -> None:
    assert query("logpoint", category, "{Image: a}") == start


def test_LP_11_of_two_names_in_the_mapping_the_later_holds() -> None:
    entries = LABELS.recordings["network_connection"].entries
    assert entries["DestinationIsIpv6"].column.name == "is_destination_ipv6"
    assert entries["SourceIsIpv6"].column.name == "source_is_ipv6"
    assert entries["SourceIsIpv6"].confidence == "medium"


def test_LP_12_a_part_of_a_hash_is_no_whole_hash() -> None:
    part = query("logpoint", "image_load", "{Hashes|contains: 'MD5=ABCD'}")
    assert part.endswith(' hash="ABCD*"')
    digits = "ABCD" + "0" * 28
    assert finds(part, "logpoint", "image_load", Hashes=f"MD5={digits}")
    whole = query("logpoint", "driver_load", f"{{Hashes|contains: IMPHASH={digits}}}")
    assert whole.endswith(f' hash_import="{digits}"')


@BOTH
def test_LP_13_script_blocks_are_selected_by_log_and_id(target: str) -> None:
    text = query(target, "ps_script", "{ScriptBlockText|contains: mimikatz}")
    assert text == (
        'norm_id=WinServer channel IN ["Microsoft-Windows-PowerShell/Operational", '
        '"PowerShellCore/Operational"] event_id=4104 script_block="*mimikatz*"'
    )
    assert finds(text, target, "ps_script", ScriptBlockText="Invoke-Mimikatz")
    assert not finds(text, target, "ps_module", ScriptBlockText="Invoke-Mimikatz")


AUDIT = {
    "SubjectUserName": ("4624", "4720"),
    "SubjectDomainName": ("4716", "4720"),
    "SubjectUserSid": ("4718", "4720"),
    "SubjectLogonId": ("4627", "4720"),
    "TargetUserName": ("4624", "4720", "4732", "4741"),
    "TargetDomainName": ("4624", "4720", "4732", "4741"),
    "TargetSid": ("4768", "4720", "4732", "4741"),
    "ObjectName": ("4661", "4663"),
}


@BOTH
@pytest.mark.parametrize("field", AUDIT)
def test_a_field_of_the_security_log_is_sought_where_its_event_keeps_it(
    target: str, field: str
) -> None:
    text = query(target, "service:security", f"{{{field}: a}}")
    for number in AUDIT[field]:
        event = {"Channel": "Security", "EventID": number, field: "A"}
        assert finds(text, target, "service:security", **event), number
        other = {"SubjectUserName": "TargetUserName"}.get(field, "SubjectUserName")
        lures = {"Channel": "Security", "EventID": number, field: "b", other: "A"}
        assert not finds(text, target, "service:security", **lures), number


def test_the_audit_mapping_names_what_a_field_is_called_in_each_event() -> None:
    """Every event of the facts, field by field: what is stored under the mapped name is found."""
    entries = LABELS.recordings["service:security"].entries
    for number, mapping in facts(FACTS)["security_audit_mapping_selected"].items():
        for field, column in mapping.items():
            if field in entries:
                text = query("logpoint", "service:security", f"{{{field}: v}}")
                stored = {"norm_id": "WinServer", "channel": "Security", "event_id": number}
                assert logpoint.read(text).matches({**stored, column: "v"}), (number, field)


@pytest.mark.parametrize(
    ("target", "column"), [("logpoint", "status"), ("logpoint-sysmon", "param2")]
)
def test_parameters_of_the_service_control_manager_have_columns_by_event(
    target: str, column: str
) -> None:
    text = query(target, "service:system", "{EventID: 7036, param2: stopped}")
    stored = {"norm_id": "WinServer", "channel": "System", "event_id": "7036"}
    assert logpoint.read(text).matches({**stored, column: "stopped"})
    assert not logpoint.read(text).matches({**stored, "reason": "stopped"})


@pytest.mark.parametrize(
    ("network", "values"),
    [
        ("10.0.0.0/8", '="10.*"'),
        ("192.168.4.0/22", ' IN ["192.168.4.*", "192.168.5.*", "192.168.6.*", "192.168.7.*"]'),
        ("10.0.0.16/30", ' IN ["10.0.0.16", "10.0.0.17", "10.0.0.18", "10.0.0.19"]'),
        ("fe80::/10", ' IN ["fe8?:*", "fe9?:*", "fea?:*", "feb?:*"]'),
    ],
)
def test_a_network_is_a_list_of_wildcards(network: str, values: str) -> None:
    text = query("logpoint", "network_connection", f"{{DestinationIp|cidr: '{network}'}}")
    assert text.endswith(f" destination_address{values}")


def test_registry_keys_that_share_labels_are_told_by_their_ids() -> None:
    added = query("logpoint", "registry_add", "{TargetObject|contains: a}")
    assert finds(added, "logpoint", "registry_add", TargetObject="HKLM\\a")
    assert not finds(added, "logpoint", "registry_rename", TargetObject="HKLM\\a")


def test_names_that_no_mapping_lists_are_of_low_confidence() -> None:
    result = compiled("logpoint", "service:codeintegrity-operational", "{FileNameBuffer: a}")
    assert result.queries[0].endswith('file_name_buffer="a"')
    assert any("in snake case" in one for one in result.assumes)


@BOTH
@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_named_reason(target: str) -> None:
    codes: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    pipeline = load_pipeline(TARGETS[target].pipeline)
    for rule in windows_rules():
        result = compile_rule(rule, rule.condition, TARGETS[target], Options())
        codes.update(one.code for one in result.diagnostics)
        kept[str(result.fidelity)] += 1
        is_recorded = recording_of(pipeline, rule.info.logsource) is not None
        assert is_recorded == ("SG201" not in {one.code for one in result.diagnostics})
    assert set(codes) <= {"SG133", "SG201"}
    assert codes["SG201"] <= 10
    assert kept["exact"] > 0.95 * kept.total()


RULE_STEP = 9
"""Rules between two that are run over witnesses; `make verify-corpus` runs all of them."""


@BOTH
@pytest.mark.corpus
def test_no_claim_is_broken_by_witnesses_or_by_recorded_events(target: str, corpus) -> None:
    file = corpus / "events" / "sigmahq_regression.ndjson.gz"
    events = [one for one in read_events(str(file)) if isinstance(one, Recorded)]
    rules = [one for one in windows_rules() if one.info.logsource.category != "process_creation"]
    documents = [rule.document for rule in rules[::RULE_STEP]]
    verdicts = list(Verifier(Request((TARGETS[target],)), events).verify(documents))
    assert [one for one in verdicts if one.status in FAILURES] == []
    assert sum(one.recorded.meant for one in verdicts if one.recorded) > 0
