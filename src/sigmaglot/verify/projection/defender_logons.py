"""Defender's rows of DeviceLogonEvents, of the logons in Security's log.

Sources: the advanced hunting schema reference; Microsoft's ASIM parser of the table, which takes
the account for the target's and the initiating process's account for the actor's; Windows'
SECURITY_LOGON_TYPE for the words of logon types. Unconfirmed: that every event gets a row, and the
words of types beside 2, 3, 4, 5 and 10. A dash stands for nothing in the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigmaglot.verify.projection.common import TABLE, Event, Project, Record, number
from sigmaglot.verify.projection.defender_rows import Texts, row

_TYPES = {
    "2": "Interactive",
    "3": "Network",
    "4": "Batch",
    "5": "Service",
    "7": "Unlock",
    "8": "NetworkCleartext",
    "9": "NewCredentials",
    "10": "RemoteInteractive",
    "11": "CachedInteractive",
    "12": "CachedRemoteInteractive",
    "13": "CachedUnlock",
}
_ACTOR = {
    "SubjectDomainName": "InitiatingProcessAccountDomain",
    "SubjectUserName": "InitiatingProcessAccountName",
    "SubjectUserSid": "InitiatingProcessAccountSid",
}
_ACCOUNT = {
    "TargetDomainName": "AccountDomain",
    "TargetUserName": "AccountName",
    "TargetUserSid": "AccountSid",
}
_REMOTE = {"IpAddress": "RemoteIP", "WorkstationName": "RemoteDeviceName"}


def _logon(action: str) -> Project:
    def project(event: Event) -> Record:
        texts: Texts = {
            **_named(event, _ACTOR),
            **_named(event, _ACCOUNT),
            **{name: _filled(text) for name, text in _named(event, _REMOTE).items()},
            "LogonType": _TYPES.get(str(event.get("LogonType"))),
        }
        numbers = {
            "RemotePort": number(event.get("IpPort")),
            "LogonId": number(event.get("TargetLogonId"), 16),
        }
        return {TABLE: "DeviceLogonEvents", **row(action, event, texts, **numbers)}

    return project


def _named(event: Event, names: Mapping[str, str]) -> dict[str, Any]:
    return {column: event.get(field) for field, column in names.items()}


def _filled(text: Any) -> Any:
    return None if text == "-" else text


LOGONS: dict[str, Project] = {"4624": _logon("LogonSuccess"), "4625": _logon("LogonFailed")}
"""What makes a row of a logon, by the id of its event."""
