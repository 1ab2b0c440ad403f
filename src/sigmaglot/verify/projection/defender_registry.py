r"""Defender's rows of the registry.

Sources: as `defender_rows`, Microsoft's ASIM parsers for Sysmon and for Defender XDR. In exported
rows users' hives are ``HKEY_CURRENT_USER\<SID>``, the control set in use is ``ControlSet001``,
numbers are decimal, binary data is left out, and what was deleted stands in the columns of before.
That table of ASIM has ``HKEY_LOCAL_MACHINE\Classes`` for HKCR. How a value without a name is
written is not confirmed; it is ``(Default)`` here, as in published queries. The renaming of a value
has no action type, so there is no row of it.
"""

from __future__ import annotations

import re

from sigmaglot.verify.projection.common import Event, Project, Record
from sigmaglot.verify.projection.defender_rows import Texts, acting, row

_HIVES = (
    (re.compile(r"HKLM(?=\\|$)", re.IGNORECASE), "HKEY_LOCAL_MACHINE"),
    (re.compile(r"HKU(?=\\S-1-(?:5-21|12-1)-)", re.IGNORECASE), "HKEY_CURRENT_USER"),
    (re.compile(r"HKU(?=\\|$)", re.IGNORECASE), "HKEY_USERS"),
    (re.compile(r"HKCR(?=\\|$)", re.IGNORECASE), "HKEY_LOCAL_MACHINE\\\\Classes"),
)
_CONTROL_SET = re.compile(r"(HKEY_LOCAL_MACHINE\\SYSTEM\\)CurrentControlSet(?=\\|$)", re.IGNORECASE)
_DWORD = re.compile(r"DWORD \(0x([0-9a-f]{8})\)", re.IGNORECASE)
_QWORD = re.compile(r"QWORD \(0x([0-9a-f]{8})-0x([0-9a-f]{8})\)", re.IGNORECASE)
_SHOWN_AS = {"binary data": "Binary", "(empty)": "String"}
"""The types of what Sysmon shows in these words, which no real text is taken to be."""


def _key(path: str | None) -> str:
    """Return a path of Sysmon's as Defender names hives and control sets."""
    text = path or ""
    for pattern, name in _HIVES:
        if pattern.match(text):
            text = pattern.sub(name, text, count=1)
            break
    return _CONTROL_SET.sub(r"\1ControlSet001", text)


def _value(path: str | None, prefix: str = "") -> Texts:
    """Return the columns of a value: its key, and its name after the last backslash."""
    key, _, name = _key(path).rpartition("\\")
    return {f"{prefix}RegistryKey": key, f"{prefix}RegistryValueName": name}


def _data(details: str | None) -> Texts:
    """Return the columns of a value's data and type."""
    text = details or ""
    if found := _DWORD.fullmatch(text):
        data, kind = str(int(found[1], 16)), "Dword"
    elif found := _QWORD.fullmatch(text):
        data, kind = str(int(found[1] + found[2], 16)), "Qword"
    elif text.lower() in _SHOWN_AS:
        data, kind = "", _SHOWN_AS[text.lower()]
    else:
        data, kind = text, "String" if details else "None"
    return {"RegistryValueData": data, "RegistryValueType": kind}


def _set(event: Event) -> Record:
    texts = {**_value(event.get("TargetObject")), **_data(event.get("Details"))}
    return row("RegistryValueSet", event, texts) | acting(event)


def _created(event: Event) -> Record:
    texts = {"RegistryKey": _key(event.get("TargetObject")), "RegistryValueType": "None"}
    return row("RegistryKeyCreated", event, texts) | acting(event)


def _key_deleted(event: Event) -> Record:
    texts = {"PreviousRegistryKey": _key(event.get("TargetObject")), "RegistryValueType": "None"}
    return row("RegistryKeyDeleted", event, texts) | acting(event)


def _value_deleted(event: Event) -> Record:
    texts = {**_value(event.get("TargetObject"), "Previous"), "RegistryValueType": "None"}
    return row("RegistryValueDeleted", event, texts) | acting(event)


def _renamed(event: Event) -> Record:
    texts = {
        "RegistryKey": _key(event.get("NewName")),
        "PreviousRegistryKey": _key(event.get("TargetObject")),
        "RegistryValueType": "None",
    }
    return row("RegistryKeyRenamed", event, texts) | acting(event)


_BY_TYPE: dict[str, Project] = {
    "SetValue": _set,
    "CreateKey": _created,
    "DeleteKey": _key_deleted,
    "DeleteValue": _value_deleted,
    "RenameKey": _renamed,
}


def _of_type(event: Event) -> Record:
    """Return the row of what the event's type says, none for the renaming of a value."""
    project = _BY_TYPE.get(str(event.get("EventType")))
    return project(event) if project else {}


REGISTRY: dict[str, Project] = {
    "registry_set": _set,
    "registry_add": _created,
    "registry_delete": _of_type,
    "registry_rename": _renamed,
    "registry_event": _of_type,
}
