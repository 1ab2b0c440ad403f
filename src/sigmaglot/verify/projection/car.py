"""MITRE CAR: objects of its data model, as its Sysmon sensor describes them.

Sources: CAR's data model (its fields with their examples) and its sensor mappings for Sysmon. The
registry's objects are in ``car_registry``. A boolean is the word that CAR's example shows. Where a
mapping lists no field that the data model has for the object, it is filled from Sysmon's own field
of that meaning; no document confirms that.
"""

from __future__ import annotations

from sigmaglot.verify.projection.car_registry import REGISTRY
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
            **_hashes(event),
            "user": event.get("User"),
            "integrity_level": level.lower() if level else level,
            "current_working_directory": event.get("CurrentDirectory"),
            "fqdn": event.get("Computer"),
        }
    )


def process_termination(event: Event) -> Record:
    """Return the object Process with the action Terminate."""
    guid = {"guid": event.get("ProcessGuid"), "exe": base_name(event.get("Image"))}
    return present({**_process(event), **guid})


def process_access(event: Event) -> Record:
    """Return the object Process with the action Access; the mask is a number in CAR's example."""
    return present(
        {
            "exe": base_name(event.get("SourceImage")),
            "image_path": event.get("SourceImage"),
            "pid": number(event.get("SourceProcessId")),
            "guid": event.get("SourceProcessGUID"),
            "user": event.get("SourceUser"),
            "target_name": event.get("TargetImage"),
            "target_pid": number(event.get("TargetProcessId")),
            "target_guid": event.get("TargetProcessGUID"),
            "access_level": number(event.get("GrantedAccess"), 16),
            "call_trace": event.get("CallTrace"),
            "fqdn": event.get("Computer"),
        }
    )


def remote_thread(event: Event) -> Record:
    """Return the object Thread with the action Remote_Create."""
    host = event.get("Computer")
    return present(
        {
            "hostname": None if host is None else host.partition(".")[0],
            "src_pid": number(event.get("SourceProcessId")),
            "tgt_pid": number(event.get("TargetProcessId")),
            "tgt_tid": number(event.get("NewThreadId")),
            "start_address": number(event.get("StartAddress"), 16),
            "start_function": event.get("StartFunction"),
            "start_module": event.get("StartModule"),
            "start_module_name": base_name(event.get("StartModule")),
            "user": event.get("SourceUser"),
        }
    )


def file(event: Event) -> Record:
    """Return the object File; its times are written with the month first and not modelled."""
    path = {
        "file_path": event.get("TargetFilename"),
        "file_name": base_name(event.get("TargetFilename")),
    }
    return present({**_process(event), **path})


def deleted_file(event: Event) -> Record:
    """Return the object File with the action Delete, which has the hashes too."""
    return present({**file(event), **_hashes(event)})


def flow(event: Event) -> Record:
    """Return the object Flow with the action Start."""
    return present(
        {
            **_process(event),
            "exe": base_name(event.get("Image")),
            "transport_protocol": event.get("Protocol"),
            "src_ip": event.get("SourceIp"),
            "src_port": number(event.get("SourcePort")),
            "src_fqdn": event.get("SourceHostname"),
            "dest_ip": event.get("DestinationIp"),
            "dest_port": number(event.get("DestinationPort")),
            "dest_fqdn": event.get("DestinationHostname"),
        }
    )


def module(event: Event) -> Record:
    """Return the object Module with the action Load."""
    process = {key: value for key, value in _process(event).items() if key != "user"}
    path = event.get("ImageLoaded")
    names = {"module_path": path, "module_name": base_name(path)}
    return present({**process, **names, **_hashes(event), **_signature(event)})


def driver(event: Event) -> Record:
    """Return the object Driver with the action Load."""
    path = event.get("ImageLoaded")
    names = {"image_path": path, "module_name": base_name(path), "fqdn": event.get("Computer")}
    return present({**names, **_hashes(event), **_signature(event)})


def _process(event: Event) -> Record:
    """Return what most objects have of the process that acts."""
    return {
        "image_path": event.get("Image"),
        "pid": number(event.get("ProcessId")),
        "user": event.get("User"),
        "fqdn": event.get("Computer"),
    }


def _hashes(event: Event) -> Record:
    names = ("MD5", "SHA1", "SHA256")
    return {f"{name.lower()}_hash": hash_of(event, name) for name in names}


def _signature(event: Event) -> Record:
    """Return the signer, and whether the signature is valid."""
    status = event.get("SignatureStatus")
    is_valid = "true" if str(status).lower() == "valid" else "false"
    return {
        "signer": event.get("Signature"),
        "signature_valid": None if status is None else is_valid,
    }


CAR = Projection(
    {
        "process_creation": process_creation,
        "process_termination": process_termination,
        "process_access": process_access,
        "create_remote_thread": remote_thread,
        "file_event": file,
        "file_change": file,
        "file_delete": deleted_file,
        "network_connection": flow,
        "image_load": module,
        "driver_load": driver,
        **REGISTRY,
    },
    {},
    {
        "process_creation": "Process:Create",
        "process_termination": "Process:Terminate",
        "process_access": "Process:Access",
        "create_remote_thread": "Thread:Remote_Create",
        "file_event": "File:Create",
        "file_change": "File:Timestomp",
        "file_delete": "File:Delete",
        "network_connection": "Flow:Start",
        "image_load": "Module:Load",
        "driver_load": "Driver:Load",
    },
)
