"""Defender's device tables: what every row has, and the process that acted in it.

Sources: the advanced hunting schema reference; rows exported from a tenant, in the test data of
the Plaso project. A text that is not recorded is stored as an empty one, for Kusto's strings are
never null; a number is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sigmaglot.verify.projection.common import (
    Event,
    Record,
    account,
    base_name,
    hash_of,
    number,
    present,
)

Texts = Mapping[str, str | None]


def row(action: str, event: Event, texts: Texts, **numbers: int | None) -> Record:
    """Return a row of an action; its time and its device come from the event's header."""
    header = {"ActionType": action, "DeviceName": event.get("Computer")}
    stored = {name: value or "" for name, value in {**header, **texts}.items()}
    return stored | present({**numbers, "Timestamp": event.get("UtcTime")})


def acting(event: Event, prefix: str = "") -> Record:
    """Return the columns of the process that acted; ``prefix`` begins its names in the event.

    Its path is whole; of its parent the file's name is kept.
    """
    domain, name = account(event.get(f"{prefix}User"))
    texts = {
        "InitiatingProcessFileName": base_name(event.get(f"{prefix}Image")),
        "InitiatingProcessFolderPath": event.get(f"{prefix}Image"),
        "InitiatingProcessCommandLine": event.get(f"{prefix}CommandLine"),
        "InitiatingProcessParentFileName": base_name(event.get(f"{prefix}ParentImage")),
        "InitiatingProcessAccountDomain": domain,
        "InitiatingProcessAccountName": name,
        "InitiatingProcessIntegrityLevel": event.get("IntegrityLevel"),
    }
    numbers = {
        "InitiatingProcessId": number(event.get(f"{prefix}ProcessId")),
        "InitiatingProcessParentId": number(event.get("ParentProcessId")),
    }
    return {key: value or "" for key, value in texts.items()} | present(numbers)


def hashes(event: Event) -> Texts:
    """Return the columns of a file's hashes."""
    return {algorithm: hash_of(event, algorithm) for algorithm in ("MD5", "SHA1", "SHA256")}


def whole_path(path: str | None, prefix: str = "") -> Texts:
    """Return the columns of a file whose rows have the name at the end of the path."""
    return {f"{prefix}FileName": base_name(path), f"{prefix}FolderPath": path}


def parted_path(path: str | None, prefix: str = "") -> Texts:
    """Return the columns of a file whose rows have the folder alone in the path."""
    folder = (path or "").rpartition("\\")[0]
    root = "\\" if folder.endswith(":") else ""
    return {f"{prefix}FileName": base_name(path), f"{prefix}FolderPath": folder + root}


def additional(**fields: Any) -> Texts:
    """Return the column of JSON with the fields that there are."""
    found = {name: value for name, value in fields.items() if value is not None}
    return {"AdditionalFields": json.dumps(found, ensure_ascii=False, separators=(",", ":"))}
