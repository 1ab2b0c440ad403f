"""Microsoft Defender XDR: rows of DeviceProcessEvents, and the other tables' rows together.

Sources: the advanced hunting schema reference; Microsoft's ASIM parser of these tables, for
FolderPath as the full path and InitiatingProcess columns as the parent. A text that is not
recorded is stored as an empty one, for Kusto's strings are never null; a number is null.
"""

from __future__ import annotations

from sigmaglot.verify.projection.common import (
    Event,
    Projection,
    Record,
    account,
    base_name,
    hash_of,
    number,
    present,
)
from sigmaglot.verify.projection.defender_events import EVENTS
from sigmaglot.verify.projection.defender_files import FILES
from sigmaglot.verify.projection.defender_network import NETWORK
from sigmaglot.verify.projection.defender_registry import REGISTRY
from sigmaglot.verify.schemas import defender_tables


def process_creation(event: Event) -> Record:
    """Return the row of a process creation."""
    domain, name = account(event.get("User"))
    parent_domain, parent_name = account(event.get("ParentUser"))
    strings = {
        "ActionType": "ProcessCreated",
        "DeviceName": event.get("Computer"),
        "FileName": base_name(event.get("Image")),
        "FolderPath": event.get("Image"),
        "ProcessCommandLine": event.get("CommandLine"),
        "InitiatingProcessFileName": base_name(event.get("ParentImage")),
        "InitiatingProcessFolderPath": event.get("ParentImage"),
        "InitiatingProcessCommandLine": event.get("ParentCommandLine"),
        "InitiatingProcessParentFileName": None,
        "AccountDomain": domain,
        "AccountName": name,
        "InitiatingProcessAccountDomain": parent_domain,
        "InitiatingProcessAccountName": parent_name,
        "ProcessVersionInfoOriginalFileName": event.get("OriginalFileName"),
        "ProcessVersionInfoFileDescription": event.get("Description"),
        "ProcessVersionInfoProductName": event.get("Product"),
        "ProcessVersionInfoCompanyName": event.get("Company"),
        "ProcessVersionInfoProductVersion": event.get("FileVersion"),
        "ProcessIntegrityLevel": event.get("IntegrityLevel"),
        **{algorithm: hash_of(event, algorithm) for algorithm in ("MD5", "SHA1", "SHA256")},
    }
    numbers = {
        "LogonId": number(event.get("LogonId"), 16),
        "ProcessId": number(event.get("ProcessId")),
        "InitiatingProcessId": number(event.get("ParentProcessId")),
        "CreatedProcessSessionId": number(event.get("TerminalSessionId")),
    }
    return {key: value or "" for key, value in strings.items()} | present(
        {**numbers, "Timestamp": event.get("UtcTime")}
    )


DEFENDER_TYPES = defender_tables()["DeviceProcessEvents"]

DEFENDER = Projection(
    {"process_creation": process_creation, **FILES, **REGISTRY, **NETWORK, **EVENTS},
    DEFENDER_TYPES,
    {
        "process_creation": "DeviceProcessEvents",
        **dict.fromkeys(FILES, "DeviceFileEvents"),
        "image_load": "DeviceImageLoadEvents",
        **dict.fromkeys(("driver_load", "file_change"), "DeviceEvents"),
        **dict.fromkeys(REGISTRY, "DeviceRegistryEvents"),
        **dict.fromkeys(NETWORK, "DeviceNetworkEvents"),
        **dict.fromkeys(EVENTS, "DeviceEvents"),
    },
)
