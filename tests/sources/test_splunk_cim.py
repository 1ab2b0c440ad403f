"""Splunk's data models: which dataset and which of its fields a rule is asked of."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from dnif_car import bounds, facts, unknown_fields, windows_rules
from dnif_car import compiled as compiled_for

from sigmaglot import ir
from sigmaglot.compiler import Options, Result, compile_rule
from sigmaglot.evaluate import Event, compile_predicate
from sigmaglot.language import Hunt, Plan, Selector
from sigmaglot.passes.legalise import Fidelity
from sigmaglot.passes.normalise import normalise
from sigmaglot.pipelines import Entry, load_pipeline
from sigmaglot.pipelines.rewrites import REWRITES
from sigmaglot.targets import TARGETS
from sigmaglot.verify.projection.splunk_cim import SPLUNK_CIM
from sigmaglot.verify.readers import spl
from sigmaglot.verify.run import Request, Verifier
from sigmaglot.verify.verdict import Status
from sigmaglot_backends.spl_cim import LANGUAGE

FACTS = "splunk_sysmon_cim.json"
PIPELINE = load_pipeline("splunk_cim")
ENDPOINT = [name for name, one in PIPELINE.recordings.items() if one.source.table[:8] == "Endpoint"]
HEAD = '| tstats summariesonly=false fillnull_value="unknown" count min(_time) AS firstTime max(_time) AS lastTime'


def result_of(source: str, selection: str) -> Result:
    return compiled_for("splunk-cim", source, selection)


def compiled(source: str, selection: str) -> tuple[str, str]:
    """Return the claim and the query of a one-line rule."""
    result = result_of(source, selection)
    return str(result.fidelity), "".join(result.queries)


def query(source: str, selection: str) -> str:
    claim, text = compiled(source, selection)
    assert claim == "exact"
    return text


def clause(text: str) -> str:
    """Return the where clause of tstats."""
    (line,) = (line for line in text.split("\n") if line.startswith("    WHERE "))
    return line.removeprefix("    WHERE ")


def meets(text: str, category: str, **event: str) -> bool:
    return spl.read(text).matches(SPLUNK_CIM.categories[category](event))


@pytest.mark.parametrize("category", ENDPOINT)
def test_every_field_is_one_of_its_dataset_with_the_type_of_the_model(category: str) -> None:
    recording = PIPELINE.recordings[category]
    dataset = recording.source.table.partition(".")[2]
    known = facts(FACTS)["cim_endpoint"][recording.source.table]["fields"]
    for entry in recording.entries.values():
        for column in entry.columns.values():
            name = column.name.removeprefix(f"{dataset}.")
            assert known[name] == column.type, (entry.field, column.name)
    for name in (*recording.source.projection, *recording.columns):
        assert name.removeprefix(f"{dataset}.") in known


def test_every_field_that_rules_use_has_an_entry() -> None:
    assert unknown_fields("splunk_cim") == set()


def test_a_query_groups_so_that_no_event_is_lost() -> None:
    text = query("registry_set", r"{TargetObject|endswith: '\Run\a'}")
    assert text.split("\n") == [
        HEAD,
        "    FROM datamodel=Endpoint.Registry",
        r'    WHERE Registry.action="modified" Registry.registry_path="*\\Run\\a"',
        (
            "    BY Registry.dest Registry.user Registry.action Registry.registry_path "
            "Registry.registry_value_data"
        ),
    ]
    assert meets(text, "registry_set", TargetObject="HKLM\\Run\\a")  # no data, no user, no host


def test_a_hunting_query_shows_what_is_asked_for_the_newest_first() -> None:
    recording = PIPELINE.recordings["dns_query"]
    test = ir.StringMatch(ir.Column("DNS.query"), ir.pattern(ir.Shape.EQUALS, "a"))
    plan = Plan(recording.source, test, Hunt(("DNS.src", "DNS.query"), "7d"))
    (text,) = LANGUAGE.render(plan)
    assert text.split("\n") == [
        HEAD,
        "    FROM datamodel=Network_Resolution.DNS",
        '    WHERE earliest=-7d DNS.query="a"',
        "    BY DNS.src DNS.query",
        "| sort 0 - lastTime",
        '| convert timeformat="%Y-%m-%d %H:%M:%S" ctime(firstTime) ctime(lastTime)',
        "| table lastTime, firstTime, count, DNS.src, DNS.query",
    ]


def test_a_query_for_a_person_has_its_comment_in_front() -> None:
    commented = LANGUAGE.comment and LANGUAGE.comment(("A rule", "level: `high`"))
    assert commented == "```\nA rule\nlevel: 'high'\n```"


def test_a_rule_of_dropped_leaves_alone_keeps_a_query_without_a_clause() -> None:
    recording = PIPELINE.recordings["process_creation"]
    late = ir.RegexMatch(ir.Column("Processes.process"), "a+")
    (text,) = LANGUAGE.render(Plan(recording.source, late))
    assert "WHERE" not in text
    assert text.endswith("""| where match('Processes.process', "a+")""")


def test_what_only_a_later_stage_can_say_is_grouped_by() -> None:
    text = query("process_creation", r"{OriginalFileName|re: '^a[0-9]+\.exe$'}")
    *_, by, stage = text.split("\n")
    assert by.endswith(" Processes.parent_process Processes.original_file_name")
    assert stage == r"""| where match('Processes.original_file_name', "^a[0-9]+\\.exe$")"""
    assert meets(text, "process_creation", OriginalFileName="a12.exe")
    assert not meets(text, "process_creation", OriginalFileName="b.exe")


@pytest.mark.parametrize("category", ["ps_script", "image_load", "service:security", "driver_load"])
def test_what_no_model_has_is_refused_with_the_targets_that_record_it(category: str) -> None:
    (problem,) = result_of(category, "{Image: a}").diagnostics
    assert (problem.code, problem.line) == ("SG201", 2)
    assert "splunk_cim" in problem.message
    assert "splunk, " in problem.hint
    assert "splunk-cim" not in problem.hint


def test_a_field_that_a_dataset_lacks_is_named_with_its_line() -> None:
    (problem,) = result_of("file_event", r"{Image|endswith: '\a.exe'}").diagnostics
    assert (problem.code, problem.line) == ("SG202", 4)
    assert "`Image` has no column: the dataset has no field for the process" in problem.message


def test_a_rule_without_that_field_is_broader_and_says_so() -> None:
    result = result_of("file_event", "{Image: a, TargetFilename|endswith: .tmp}")
    assert result.fidelity is Fidelity.BROADER
    assert [(note.code, note.field, note.value) for note in result.notes] == [
        ("SG204", "Image", "a")
    ]
    assert result.assumes[1].startswith("the data models hold Sysmon's events alone")


def test_SPL_2_no_dataset_is_asked_for_an_image_that_it_has_not() -> None:
    for category in ("registry_set", "file_event", "dns_query"):
        assert compiled(category, r"{Image|endswith: '\a.exe'}") == ("unsupported", "")
        claim, text = compiled(category, r"{Computer: a, Image|endswith: '\a.exe'}")
        assert claim == "broader"
        assert "process_path" not in text


def test_SPL_3_a_registry_path_is_asked_with_the_name_of_its_value() -> None:
    text = query("registry_set", r"{TargetObject|endswith: '\Run\Updater'}")
    assert meets(text, "registry_set", TargetObject="HKLM\\Run\\Updater", EventType="SetValue")
    assert "registry_key_name" not in text


@pytest.mark.parametrize(
    ("kind", "claim", "action"),
    [
        ("CreateKey", "exact", "created"),
        ("DeleteValue", "broader", "deleted"),
        ("SetValue", "exact", "modified"),
    ],
)
def test_SPL_4_kinds_of_events_are_asked_as_actions(kind: str, claim: str, action: str) -> None:
    found, text = compiled("registry_event", f"{{EventType: {kind}, TargetObject: a}}")
    (test, _) = clause(text).split()
    assert (found, test) == (claim, f'Registry.action="{action}"')
    assert meets(text, "registry_event", EventType=kind, TargetObject="a")


def test_a_rename_may_have_any_action() -> None:
    found, text = compiled("registry_event", "{EventType: RenameKey, TargetObject: a}")
    assert (found, clause(text)) == ("broader", 'Registry.registry_path="a"')


def test_SPL_5_a_number_is_asked_without_the_type_around_it() -> None:
    claim, text = compiled("registry_set", "{Details: 'DWORD (0x00000001)'}")
    assert claim == "broader"
    assert clause(text).endswith('Registry.registry_value_data="0x00000001"')
    assert meets(text, "registry_set", Details="DWORD (0x00000001)")
    assert not meets(text, "registry_set", Details="DWORD (0x00000002)")


@pytest.mark.parametrize(
    ("category", "actions"),
    [
        ("registry_set", ("modified",)),
        ("registry_add", ("created", "deleted")),
        ("registry_delete", ("created", "deleted")),
        ("file_event", ("created",)),
        ("file_delete", ("deleted",)),
    ],
)
def test_SPL_6_and_SPL_9_events_are_told_apart_by_their_action(
    category: str, actions: tuple[str, ...]
) -> None:
    source = PIPELINE.recordings[category].source
    dataset = source.table.partition(".")[2]
    assert source.selectors == (Selector(f"{dataset}.action", actions),)


def test_SPL_7_hashes_are_searched_in_the_field_that_joins_them() -> None:
    digits = "A" * 32
    text = query("process_creation", f"{{Hashes|contains: IMPHASH={digits}}}")
    assert clause(text) == f'Processes.process_hash="*{digits}*"'
    assert meets(text, "process_creation", Hashes=f"MD5={'B' * 32},IMPHASH={digits}")


def test_SPL_8_deletes_connections_and_queries_have_their_datasets() -> None:
    tables = {name: one.source.table for name, one in PIPELINE.recordings.items()}
    assert tables["file_delete"] == "Endpoint.Filesystem"
    assert tables["network_connection"] == "Network_Traffic.All_Traffic"
    assert tables["dns_query"] == "Network_Resolution.DNS"


def test_events_that_nothing_tells_from_process_creations_are_not_recorded() -> None:
    shared = {"image_load", "process_access", "create_remote_thread", "process_termination"}
    assert not shared & set(PIPELINE.recordings)


@pytest.mark.parametrize(
    ("category", "selection", "expected"),
    [
        (
            "process_creation",
            r"{Image|endswith: '\a.exe', ParentImage: 'C:\b.exe'}",
            r'Processes.process_path="*\\a.exe" Processes.parent_process_path="C:\\b.exe"',
        ),
        (
            "process_creation",
            "{IntegrityLevel: [High, S-1-16-16384]}",
            'Processes.process_integrity_level IN ("high", "system")',
        ),
        ("process_creation", "{ProcessId: 4}", "Processes.process_id=4"),
        (
            "network_connection",
            "{Initiated: 'true', DestinationPort: [80, 443]}",
            'All_Traffic.direction="outbound" (All_Traffic.dest_port=80 OR All_Traffic.dest_port=443)',
        ),
        ("file_event", r"{TargetFilename|endswith: '\a.tmp'}", 'Filesystem.file_name="a.tmp"'),
        ("dns_query", "{QueryName|endswith: .example}", 'DNS.query="*.example"'),
    ],
)
def test_a_rule_becomes_this_clause(category: str, selection: str, expected: str) -> None:
    selectors = PIPELINE.recordings[category].source.selectors
    told = "".join(f'{one.column}="{one.values[0]}" ' for one in selectors)
    assert clause(query(category, selection)) == told + expected


def test_what_is_missing_is_the_models_word_for_it() -> None:
    claim, text = compiled("registry_set", "{TargetObject|endswith: a, Details: null}")
    assert claim == "broader"
    assert 'Registry.registry_value_data="unknown"' in text
    found = {"TargetObject": "HKLM\\a"}
    assert meets(text, "registry_set", **found)
    assert not meets(text, "registry_set", **found, Details="x")


def test_a_value_that_the_models_word_would_meet_excludes_it() -> None:
    text = query("process_creation", "{CommandLine|contains: own}")
    assert clause(text) == 'Processes.process="*own*" NOT Processes.process="unknown"'
    assert meets(text, "process_creation", CommandLine="shutdown")
    assert not meets(text, "process_creation", Image="C:\\a.exe")


def test_a_late_test_does_not_find_the_word_for_what_is_missing() -> None:
    text = query("process_creation", "{OriginalFileName|re: 'n.?k'}")
    assert not meets(text, "process_creation", CommandLine="x")
    assert meets(text, "process_creation", OriginalFileName="link")


FILLED = Entry("F", "filled", {"column": ir.Column("c")})
DATA = Entry("F", "value_data", {"column": ir.Column("c"), "type": ir.Column("t")})


def text_of(value: str) -> ir.StringMatch:
    parts = tuple({"*": ir.AnyRun, "?": ir.AnyOne}.get(char, ir.Literal(char)) for char in value)
    return ir.StringMatch("F", ir.tidy(parts))


@pytest.mark.parametrize(
    "leaf",
    [
        text_of("a"),
        text_of("Unknown"),
        text_of("*know*"),
        text_of(""),
        ir.RegexMatch("F", "n+k"),
        ir.IsNull("F"),
        ir.IsEmpty("F"),
        ir.Exists("F"),
    ],
)
@pytest.mark.parametrize("value", [None, "", "a", "know", "x"])
def test_filled_bounds_what_the_event_says(leaf: ir.FieldLeaf, value: str | None) -> None:
    means = compile_predicate(leaf)(Event({} if value is None else {"F": value}))
    upper, lower = bounds(REWRITES["filled"](leaf, FILLED))
    stored = Event({"c": value or "unknown"})
    assert compile_predicate(upper)(stored) >= means >= compile_predicate(lower)(stored)


def test_the_models_own_word_is_asked_for_from_above_alone() -> None:
    upper, lower = bounds(REWRITES["filled"](text_of("Unknown"), FILLED))
    assert lower == ir.FALSE
    assert compile_predicate(upper)(Event({"c": "unknown"}))


@pytest.mark.parametrize("value", ["DWORD (0x00000001)", "DWORD (0x0000000a)", "0x00000001", "a1"])
@pytest.mark.parametrize(
    "asked", ["DWORD (0x00000001)", "DWORD*", "*0001)", "*1*", "0x0000*", "a1", "*(0x0000000?)"]
)
def test_value_data_bounds_what_the_event_says(asked: str, value: str) -> None:
    leaf = text_of(asked)
    number = re.fullmatch(r"DWORD \((.*)\)", value)
    stored = {"c": number[1], "t": "REG_DWORD"} if number else {"c": value, "t": "REG_SZ"}
    means = compile_predicate(leaf)(Event({"F": value}))
    upper, lower = bounds(REWRITES["value_data"](leaf, DATA))
    assert compile_predicate(upper)(Event(stored)) >= means
    assert compile_predicate(lower)(Event(stored)) <= means


@pytest.mark.corpus
def test_every_windows_rule_has_a_query_or_a_reason() -> None:
    found = [
        compile_rule(rule, normalise(rule.condition), TARGETS["splunk-cim"], Options())
        for rule in windows_rules()
    ]
    assert len(found) > 1_700
    codes = {one.code for result in found for one in result.diagnostics}
    assert codes == {"SG133", "SG201", "SG202"}
    claims = Counter(str(result.fidelity) for result in found if result.ok)
    assert claims["exact"] > 0.75 * claims.total()


RULE_STEP = 11
"""Rules between two that are run over witnesses."""


@pytest.mark.corpus
def test_no_claim_is_broken_by_witnesses() -> None:
    recorded = [
        one for one in windows_rules() if one.info.logsource.category in PIPELINE.recordings
    ]
    verifier = Verifier(Request((TARGETS["splunk-cim"],)))
    verdicts = list(verifier.verify(rule.document for rule in recorded[::RULE_STEP]))
    assert {one.status for one in verdicts} == {Status.KEPT, Status.UNSUPPORTED}
    assert sum(one.status is Status.KEPT for one in verdicts) > 0.9 * len(verdicts)
