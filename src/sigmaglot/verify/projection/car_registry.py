r"""MITRE CAR: the object Registry, as its Sysmon sensor describes it.

Source: CAR's data model, whose ``key`` is the key with its hive as Sysmon abbreviates it
(``HKLM\SYSTEM\...``), ``value`` the name below it, and ``new_content`` the data that is written
or, of a key that is renamed, its new name. Sysmon's text does not tell where the key ends: the
sensor is taken to part it at the last backslash where the event is of a value.
"""

from __future__ import annotations

from collections.abc import Mapping

from sigmaglot.verify.projection.common import TABLE, Event, Project, Record, number, present

_HIVES = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKU": "HKEY_USERS",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKCU": "HKEY_CURRENT_USER",
}
_OF_VALUES = {"SetValue", "CreateValue", "DeleteValue", "RenameValue"}
"""Types of Sysmon's registry events that are about a value; the others are about a key."""

_ACTIONS = {
    "SetValue": "Registry:Value_Edit",
    **dict.fromkeys(("CreateKey", "CreateValue"), "Registry:Add"),
    **dict.fromkeys(("DeleteKey", "DeleteValue"), "Registry:Remove"),
    **dict.fromkeys(("RenameKey", "RenameValue"), "Registry:Key_Edit"),
}
"""Type of Sysmon's event to the object and action that the sensor maps it to."""


def value_edit(event: Event) -> Record:
    """Return the object of Sysmon's event 13, which is always about a value."""
    return _object({**event, "EventType": "SetValue"})


def _object(event: Event) -> Record:
    """Return the object of any registry event."""
    path = event.get("TargetObject")
    key, separator, value = (path or "").rpartition("\\")
    is_value = bool(separator) and event.get("EventType") in _OF_VALUES
    content = event.get("Details")
    return present(
        {
            TABLE: _ACTIONS.get(str(event.get("EventType"))),
            "key": key if is_value else path,
            "value": value if is_value else None,
            "hive": _HIVES.get((path or "").partition("\\")[0].upper()),
            "new_content": event.get("NewName") if content is None else content,
            "image_path": event.get("Image"),
            "pid": number(event.get("ProcessId")),
            "user": event.get("User"),
            "fqdn": event.get("Computer"),
        }
    )


REGISTRY: Mapping[str, Project] = {
    "registry_set": value_edit,
    "registry_add": _object,
    "registry_delete": _object,
    "registry_rename": _object,
    "registry_event": _object,
}
"""What stores the events of each registry category."""
