"""DNIF: records of the Sysmon parser, with the legacy ``$`` fields and with the names of version 9.

Sources: the queries that MITRE CAR publishes for DNIF, and DNIF's published stream definitions.
"""

from __future__ import annotations

from sigmaglot.verify.projection.common import (
    Event,
    Projection,
    Record,
    base_name,
    hash_of,
    present,
)

_STREAM = [
    "Image",
    "CommandLine",
    "ParentImage",
    "ParentCommandLine",
    "OriginalFileName",
    "User",
    "Company",
    "Description",
    "Product",
    "ParentUser",
    "RuleName",
]


def process_creation(event: Event) -> Record:
    """Return the record of Sysmon's event 1 with the fields of ``_fetch`` queries."""
    return present(
        {
            "$LogName": "WINDOWS-SYSMON",
            "$EventID": "1",
            "$App": base_name(event.get("Image")),
            "$Process": event.get("CommandLine"),
            "$ParentProcess": event.get("ParentImage"),
            "$CPID": event.get("ProcessId"),
            "$PPID": event.get("ParentProcessId"),
            "$User": event.get("User"),
            "$HashMD5": hash_of(event, "MD5"),
            "$SystemName": event.get("Computer"),
        }
    )


def stream_process_creation(event: Event) -> Record:
    """Return the record of Sysmon's event 1 in the stream ``ep-process``."""
    named = {name.lower(): event.get(name) for name in _STREAM}
    fixed = {"eid": "1", "action": "PROCESS_ADDED"}
    return present({**named, **fixed, "hash": event.get("Hashes"), "system": event.get("Computer")})


DNIF = Projection({"process_creation": process_creation}, {})
DNIF_DQL = Projection({"process_creation": stream_process_creation}, {})
