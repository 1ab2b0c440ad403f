"""MITRE CAR: objects of its data model, as its Sysmon sensor describes them."""

from __future__ import annotations

from sigmaglot.verify.projection.common import (
    Event,
    Projection,
    Record,
    base_name,
    hash_of,
    number,
    present,
)


def process_creation(event: Event) -> Record:
    """Return the object Process with the action Create."""
    level = event.get("IntegrityLevel")
    return present(
        {
            "exe": base_name(event.get("Image")),
            "image_path": event.get("Image"),
            "command_line": event.get("CommandLine"),
            "parent_exe": base_name(event.get("ParentImage")),
            "parent_image_path": event.get("ParentImage"),
            "parent_command_line": event.get("ParentCommandLine"),
            "guid": event.get("ProcessGuid"),
            "pid": number(event.get("ProcessId")),
            "ppid": number(event.get("ParentProcessId")),
            "md5_hash": hash_of(event, "MD5"),
            "sha1_hash": hash_of(event, "SHA1"),
            "sha256_hash": hash_of(event, "SHA256"),
            "user": event.get("User"),
            "integrity_level": level.lower() if level else level,
            "current_working_directory": event.get("CurrentDirectory"),
            "fqdn": event.get("Computer"),
        }
    )


CAR = Projection({"process_creation": process_creation}, {})
