"""Defender's rows of DeviceEvents: calls between processes, pipes, names, scripts and services.

Sources: as `defender_rows`, and published hunting queries for the keys of AdditionalFields. The
folder of a called process stands without its name. Of a WMI subscription there is a row where its
filter is bound to its consumer, which holds the consumer's definition; a filter alone has none. The
key that holds a script that AMSI was shown is not confirmed. Services, tasks, accounts and logons
are known by the id of the event in Security's or System's log; any other event there has no row.
"""

from __future__ import annotations

import re
from typing import Any

from sigmaglot.verify.projection.common import Event, Project, Record, account, number
from sigmaglot.verify.projection.defender_logons import LOGONS
from sigmaglot.verify.projection.defender_rows import (
    Texts,
    acting,
    additional,
    parted_path,
    row,
)

_CMDLET = re.compile(r"CommandInvocation\(([^)]*)\)")
_PROGRAM = re.compile(r'"(?P<quoted>[^"]*)"|(?P<plain>.*?\.(?:exe|sys|dll)\b|\S*)', re.IGNORECASE)
_PIPES = "\\Device\\NamedPipe"


def _call(action: str, event: Event, texts: Texts) -> Record:
    """Return the row of a process's call on another."""
    domain, name = account(event.get("TargetUser"))
    target = {"AccountDomain": domain, "AccountName": name}
    path = parted_path(event.get("TargetImage"))
    numbers = {"ProcessId": number(event.get("TargetProcessId"))}
    return row(action, event, {**path, **target, **texts}, **numbers) | acting(event, "Source")


def _access(event: Event) -> Record:
    access = additional(DesiredAccess=number(event.get("GrantedAccess"), 16))
    return _call("OpenProcessApiCall", event, access)


def _thread(event: Event) -> Record:
    return _call("CreateRemoteThreadApiCall", event, {})


def _query(event: Event) -> Record:
    found = additional(
        DnsQueryString=event.get("QueryName"), DnsQueryResult=event.get("QueryResults")
    )
    return row("DnsQueryResponse", event, found) | acting(event)


def _pipe(event: Event) -> Record:
    name = event.get("PipeName")
    found = additional(PipeName=None if name is None else _PIPES + str(name))
    return row("NamedPipeEvent", event, found) | acting(event)


def _subscription(event: Event) -> Record:
    if event.get("EventType") not in {"WmiConsumerEvent", "WmiBindingEvent"}:
        return {}
    found = {name: event.get(name) for name in ("Consumer", "Filter", "Destination")}
    return row("WmiBindEventFilterToConsumer", event, additional(**found)) | acting(event)


def _script(event: Event) -> Record:
    return row("AmsiScriptContent", event, additional(Content=event.get("ScriptBlockText")))


def _command(event: Event) -> Record:
    found = _CMDLET.search(str(event.get("Payload") or ""))
    return row("PowerShellCommand", event, additional(Command=found[1] if found else None))


def _clipboard(event: Event) -> Record:
    return row("GetClipboardData", event, {}) | acting(event)


# -- events of Security's and System's logs -----------------------------------------------------


def _subject(event: Event) -> Texts:
    """Return the columns of the account that acted."""
    return {
        "InitiatingProcessAccountDomain": event.get("SubjectDomainName"),
        "InitiatingProcessAccountName": event.get("SubjectUserName"),
        "InitiatingProcessAccountSid": event.get("SubjectUserSid"),
    }


def _installed(event: Event, line: str, **fields: Any) -> Record:
    """Return the row of an installed service: its program's path without arguments, its settings.

    ``line`` names the field with the service's command line.
    """
    found = _PROGRAM.match(str(event.get(line) or ""))
    path = (found["quoted"] or found["plain"]) if found else None
    known = additional(ServiceName=event.get("ServiceName"), **fields)
    return row("ServiceInstalled", event, {**parted_path(path), **known, **_subject(event)})


def _service_4697(event: Event) -> Record:
    return _installed(
        event,
        "ServiceFileName",
        ServiceType=number(event.get("ServiceType"), 16),
        ServiceStartType=number(event.get("ServiceStartType")),
        ServiceAccount=event.get("ServiceAccount"),
    )


def _service_7045(event: Event) -> Record:
    return _installed(event, "ImagePath", ServiceAccount=event.get("AccountName"))


def _task(action: str) -> Project:
    def project(event: Event) -> Record:
        found = additional(TaskName=event.get("TaskName"))
        return row(action, event, {**found, **_subject(event)})

    return project


def _user(action: str) -> Project:
    def project(event: Event) -> Record:
        target = {
            "AccountName": event.get("TargetUserName"),
            "AccountSid": event.get("TargetSid"),
        }
        return row(action, event, {**target, **_subject(event)})

    return project


def _member(action: str) -> Project:
    def project(event: Event) -> Record:
        group = additional(GroupName=event.get("TargetUserName"), GroupSid=event.get("TargetSid"))
        member = {"AccountSid": event.get("MemberSid")}
        return row(action, event, {**group, **member, **_subject(event)})

    return project


def _cleared(event: Event) -> Record:
    return row("SecurityLogCleared", event, _subject(event))


SECURITY: dict[str, Project] = {
    "1102": _cleared,
    "4697": _service_4697,
    "4698": _task("ScheduledTaskCreated"),
    "4699": _task("ScheduledTaskDeleted"),
    "4700": _task("ScheduledTaskEnabled"),
    "4701": _task("ScheduledTaskDisabled"),
    "4702": _task("ScheduledTaskUpdated"),
    "4720": _user("UserAccountCreated"),
    "4726": _user("UserAccountDeleted"),
    "4732": _member("UserAccountAddedToLocalGroup"),
    "4733": _member("UserAccountRemovedFromLocalGroup"),
    "4738": _user("UserAccountModified"),
    **LOGONS,
}
"""What makes a row of an event of Security's log, by its id."""


_PROVIDERS = {"7045": "service control manager", "1102": "microsoft-windows-eventlog"}
"""Whose events of an id get a row, where other providers write to the log too."""


def _by_id(known: dict[str, Project]) -> Project:
    """Return what makes a row of the events of some ids, and none of others."""

    def project(event: Event) -> Record:
        number = str(event.get("EventID"))
        provider = _PROVIDERS.get(number)
        if number not in known or provider not in {None, str(event.get("Provider_Name")).lower()}:
            return {}
        return known[number](event)

    return project


EVENTS: dict[str, Project] = {
    "process_access": _access,
    "create_remote_thread": _thread,
    "dns_query": _query,
    "pipe_created": _pipe,
    "wmi_event": _subscription,
    "ps_script": _script,
    "ps_module": _command,
    "clipboard_capture": _clipboard,
    "service:security": _by_id(SECURITY),
    "service:system": _by_id({"7045": _service_7045}),
}
