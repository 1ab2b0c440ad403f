"""Logons of Security's log: rows of DeviceLogonEvents, beside the log's other events."""

from __future__ import annotations

import pytest
from defender_rules import RECORDINGS, STORED, facts, finds, query, reason, result

from sigmaglot.passes.legalise import Policy
from sigmaglot.verify.projection.common import TABLE
from sigmaglot.verify.schemas import defender_tables

SECURITY = "service:security"
(LOGONS,) = RECORDINGS[SECURITY].parts
EVENT = {
    "EventID": "4624",
    "LogonType": "10",
    "TargetUserName": "alice",
    "TargetDomainName": "CORP",
    "TargetUserSid": "S-1-5-21-1-2-3-500",
    "TargetLogonId": "0x3e7",
    "IpAddress": "10.0.0.7",
    "IpPort": "49152",
    "WorkstationName": "WS-7",
}


def test_the_table_and_its_columns_are_those_of_the_facts() -> None:
    known = facts("defender_tables.json")
    table = known["category_map"]["service:security 4624/4625"]["table"]
    assert LOGONS.source.table == table == STORED[SECURITY](EVENT)[TABLE]
    columns = known["tables"][table]["columns"]
    assert columns.keys() >= LOGONS.columns
    for entry in LOGONS.entries.values():
        for column in entry.columns.values():
            assert column.type == columns[column.name]["type"], column.name
    (actions,) = LOGONS.source.selectors
    assert set(actions.values) <= known["tables"][table]["action_types"].keys()


def test_a_row_has_the_columns_of_the_table_alone() -> None:
    assert STORED[SECURITY](EVENT).keys() - {TABLE} <= defender_tables()["DeviceLogonEvents"].keys()


def test_every_field_of_a_rule_has_a_column_or_a_reason() -> None:
    used = facts("sigma_usage.json")[SECURITY]["fields"]
    for field in {*used, *RECORDINGS[SECURITY].entries}:
        assert bool(LOGONS.entries[field].columns) != bool(LOGONS.entries[field].reason), field


@pytest.mark.parametrize(("number", "action"), [("4624", "LogonSuccess"), ("4625", "LogonFailed")])
def test_the_id_of_a_logon_is_an_action_in_its_own_table(number: str, action: str) -> None:
    found = query(SECURITY, f"{{EventID: {number}, TargetUserName: alice}}")
    assert found.startswith(f'DeviceLogonEvents\n| where ActionType == "{action}"\n')
    assert finds(found, SECURITY, **{**EVENT, "EventID": number})
    assert not finds(found, SECURITY, **{**EVENT, "EventID": number, "TargetUserName": "bob"})


def test_the_other_events_of_the_log_stay_where_they_are() -> None:
    assert query(SECURITY, "{EventID: 4720, TargetUserName: x}").startswith("DeviceEvents\n")
    assert "no such event in defender_xdr: `EventID` 4634" in reason(SECURITY, "{EventID: 4634}")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (2, '=~ "Interactive"'),
        (3, '=~ "Network"'),
        (9, '=~ "NewCredentials"'),
        (10, 'in~ ("RemoteInteractive", "Remote interactive (RDP) logons")'),
    ],
)
def test_a_logon_type_is_a_word(number: int, words: str) -> None:
    found = query(SECURITY, f"{{EventID: 4624, LogonType: {number}}}")
    assert f"LogonType {words}" in found
    assert finds(found, SECURITY, **{**EVENT, "LogonType": str(number)})
    assert not finds(found, SECURITY, **{**EVENT, "LogonType": "5"})


def test_a_logon_type_without_a_word_is_the_reason_that_is_given() -> None:
    assert "`LogonType` has no such value" in reason(SECURITY, "{EventID: 4624, LogonType: 0}")


@pytest.mark.parametrize(
    ("selection", "is_found"),
    [
        ("IpAddress: '10.0.0.7'", True),
        ("IpAddress|cidr: 10.0.0.0/24", True),
        ("IpAddress|cidr: 192.168.0.0/16", False),
        ("IpPort: 49152", True),
        ("WorkstationName: ws-7", True),
        ("TargetDomainName: CORP", True),
        ("TargetUserSid|endswith: '-500'", True),
        ("TargetLogonId: '0x3e7'", True),
        ("TargetLogonId: '0x3e8'", False),
    ],
)
def test_who_logged_on_and_from_where(selection: str, is_found: bool) -> None:
    found = query(SECURITY, f"{{EventID: 4624, {selection}}}")
    assert finds(found, SECURITY, **EVENT) is is_found


def test_a_dash_is_stored_as_nothing_and_found_by_it() -> None:
    assert STORED[SECURITY]({**EVENT, "IpAddress": "-"})["RemoteIP"] == ""
    found = result(SECURITY, "{EventID: 4625, IpAddress: '-'}")
    assert str(found.fidelity) == "broader"  # an event without an address is stored so too
    failed = {**EVENT, "EventID": "4625"}
    assert finds(found.queries[0], SECURITY, **{**failed, "IpAddress": "-"})
    assert not finds(found.queries[0], SECURITY, **failed)


@pytest.mark.parametrize(
    "field", ["LogonProcessName", "AuthenticationPackageName", "ProcessName", "Status"]
)
def test_what_a_row_does_not_hold_is_named(field: str) -> None:
    found = result(SECURITY, f"{{EventID: 4624, LogonType: 3, {field}: x}}")
    assert [note.field for note in found.notes] == [field]
    alone = result(SECURITY, f"{{EventID: 4624, {field}: x}}")
    assert [(note.code, note.field) for note in alone.notes][:1] == [("SG208", field)]


@pytest.mark.parametrize(
    "selection", ["{TargetUserName: x}", "{EventID: [4624, 4720], TargetUserName: x}"]
)
def test_a_rule_over_both_tables_is_narrower_and_names_the_other(selection: str) -> None:
    found = result(SECURITY, selection)
    assert str(found.fidelity) == "narrower"
    assert found.notes[-1].message.startswith("`DeviceLogonEvents` has events of the log source")
    assert not result(SECURITY, selection, policy=Policy.BROADER).ok
