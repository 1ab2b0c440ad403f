"""The fields of the events of each log source, and which of them go together.

Sources: Sysmon's event manifest, the Sigma taxonomy, and the recorded events of public collections.
A field that another Sysmon event has and this one lacks is absent from it; rules that name it find
nothing, whatever the query.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sigmaglot.logsource import CATEGORIES, SERVICES
from sigmaglot.verify.witnesses.following import SETTLE, Values, settled
from sigmaglot.verify.witnesses.forms import (
    ABSENT,
    FREE,
    Form,
    access_mask,
    address,
    file,
    fixed,
    folder,
    free,
    guid,
    hashes,
    matching,
    moment,
    one_of,
    path,
    pipe,
    registry_data,
    registry_path,
    user,
    whole_number,
)

Fields = Mapping[str, Form]

_IMAGE = path("C:\\Example\\example.exe")
_WORD = one_of("false", "true")
_HEADER: Fields = {"Computer": free("example-pc"), "UtcTime": moment(), "RuleName": free("-")}
_PROCESS: Fields = {
    **_HEADER,
    "ProcessGuid": guid("0A1B2C3D-0001-6900-0100-000000000100"),
    "ProcessId": whole_number("4660"),
    "Image": _IMAGE,
    "User": user(),
}
_VERSION: Fields = {
    "FileVersion": free("1.2.3.4"),
    "Description": free("Example Application"),
    "Product": free("Example Product"),
    "Company": free("Example Ltd"),
    "OriginalFileName": free("example.exe"),
}
_SIGNATURE: Fields = {
    "Hashes": hashes(),
    "Signed": _WORD,
    "Signature": free("Example Signer"),
    "SignatureStatus": free("Unavailable"),
}
_FILE: Fields = {**_PROCESS, "TargetFilename": file()}
_REGISTRY: Fields = {**_PROCESS, "TargetObject": registry_path()}
_TWO: Fields = {
    **_HEADER,
    "SourceProcessGUID": guid("0A1B2C3D-0001-6900-0100-000000000100"),
    "SourceProcessId": whole_number("4660"),
    "SourceImage": _IMAGE,
    "TargetProcessGUID": guid("0A1B2C3D-0004-6900-0400-000000000400"),
    "TargetProcessId": whole_number("5000"),
    "TargetImage": path("C:\\Example\\target.exe"),
    "SourceUser": user(),
    "TargetUser": user(),
}
_SCRIPT: Fields = {"Computer": free("example-pc")}

PROCESS_CREATION: Fields = {
    **_PROCESS,
    **_VERSION,
    "CommandLine": free("example --run"),
    "CurrentDirectory": folder("C:\\Example\\"),
    "LogonGuid": guid("0A1B2C3D-0002-6900-0200-000000000200"),
    "LogonId": matching("0x(0|[1-9a-f][0-9a-f]{0,15})", "0x5f3a9"),
    "TerminalSessionId": whole_number("9"),
    "IntegrityLevel": one_of("AppContainer", "Low", "Medium", "High", "System"),
    "Hashes": hashes(),
    "ParentProcessGuid": guid("0A1B2C3D-0003-6900-0300-000000000300"),
    "ParentProcessId": whole_number("4096"),
    "ParentImage": path("C:\\Example\\starter.exe", also="-"),
    "ParentCommandLine": free("starter --all"),
    "ParentUser": user(),
}
"""Fields of Sysmon's event 1."""

_FIELDS: Mapping[str, Fields] = {
    "process_creation": PROCESS_CREATION,
    "process_termination": _PROCESS,
    "process_tampering": {**_PROCESS, "Type": one_of("Image is replaced", "Image is locked")},
    "process_access": {
        **_TWO,
        "SourceThreadId": whole_number("12"),
        "GrantedAccess": access_mask(),
        "CallTrace": free("C:\\Windows\\SYSTEM32\\ntdll.dll+9f644"),
    },
    "create_remote_thread": {
        **_TWO,
        "NewThreadId": whole_number("21"),
        "StartAddress": matching("0x[0-9A-F]{16}", "0x00007FFB2D9C1234"),
        "StartModule": path("C:\\Example\\module.dll", also="-"),
        "StartFunction": free("-"),
    },
    "raw_access_thread": {
        **_PROCESS,
        "Device": matching(r"\\Device\\\w+", "\\Device\\HarddiskVolume2"),
    },
    "image_load": {
        **_PROCESS,
        **_VERSION,
        **_SIGNATURE,
        "ImageLoaded": path("C:\\Example\\example.dll"),
    },
    "driver_load": {**_HEADER, **_SIGNATURE, "ImageLoaded": path("C:\\Example\\example.sys")},
    "file_event": {**_FILE, "CreationUtcTime": moment()},
    "file_change": {**_FILE, "CreationUtcTime": moment(), "PreviousCreationUtcTime": moment()},
    "file_delete": {**_FILE, "Hashes": hashes(), "IsExecutable": _WORD, "Archived": _WORD},
    "file_delete_detected": {**_FILE, "Hashes": hashes(), "IsExecutable": _WORD},
    "file_executable_detected": {**_FILE, "Hashes": hashes()},
    "file_block_executable": {**_FILE, "Hashes": hashes()},
    "file_block_shredding": {**_FILE, "Hashes": hashes(), "IsExecutable": _WORD},
    "file_access": {
        "Computer": free("example-pc"),
        "Image": _IMAGE,
        "FileName": path("C:\\Example\\data\\example.txt"),
    },
    "file_rename": {
        "Computer": free("example-pc"),
        "Image": _IMAGE,
        "SourceFilename": path("C:\\Example\\data\\before.txt"),
        "TargetFilename": path("C:\\Example\\data\\after.txt"),
    },
    "create_stream_hash": {
        **_PROCESS,
        "TargetFilename": file(),
        "CreationUtcTime": moment(),
        "Hash": hashes(),
        "Contents": free("example"),
    },
    "registry_add": {**_REGISTRY, "EventType": one_of("CreateKey")},
    "registry_delete": {**_REGISTRY, "EventType": one_of("DeleteValue", "DeleteKey")},
    "registry_set": {
        **_REGISTRY,
        "EventType": one_of("SetValue"),
        "Details": registry_data(),
    },
    "registry_rename": {
        **_REGISTRY,
        "EventType": one_of("RenameKey"),
        "NewName": registry_path(),
    },
    "registry_event": {
        **_REGISTRY,
        "EventType": one_of(
            "SetValue", "CreateKey", "DeleteKey", "DeleteValue", "RenameKey", "RenameValue"
        ),
        "Details": registry_data(),
        "NewName": registry_path(),
    },
    "network_connection": {
        **_PROCESS,
        "Protocol": one_of("tcp", "udp"),
        "Initiated": one_of("true", "false"),
        "SourceIsIpv6": _WORD,
        "SourceIp": address("192.0.2.10"),
        "SourceHostname": free("example-pc"),
        "SourcePort": whole_number("50123"),
        "SourcePortName": free("-"),
        "DestinationIsIpv6": _WORD,
        "DestinationIp": address("198.51.100.20"),
        "DestinationHostname": free("host.example"),
        "DestinationPort": whole_number("8888"),
        "DestinationPortName": free("-"),
    },
    "dns_query": {
        **_PROCESS,
        "QueryName": matching(r"[^\s\x00]{1,253}", "host.example"),
        "QueryStatus": whole_number("0"),
        "QueryResults": free("198.51.100.20;"),
    },
    "pipe_created": {
        **_PROCESS,
        "EventType": one_of("CreatePipe", "ConnectPipe"),
        "PipeName": pipe(),
    },
    "wmi_event": {
        **_HEADER,
        "EventType": one_of("WmiConsumerEvent", "WmiFilterEvent", "WmiBindingEvent"),
        "Operation": one_of("Created", "Modified", "Deleted"),
        "User": user(),
        "EventNamespace": free('"root\\\\cimv2"'),
        "Name": free('"example"'),
        "Query": free('"SELECT * FROM Example"'),
        "Type": free("Command Line"),
        "Destination": free('"C:\\\\Example\\\\example.exe"'),
        "Consumer": free('"CommandLineEventConsumer.Name=\\"example\\""'),
        "Filter": free('"__EventFilter.Name=\\"example\\""'),
    },
    "clipboard_capture": {
        **_PROCESS,
        "Session": whole_number("1"),
        "ClientInfo": free("user: EXAMPLE\\user"),
        "Hashes": hashes(),
        "Archived": _WORD,
    },
    "sysmon_status": {
        "Computer": free("example-pc"),
        "UtcTime": moment(),
        "State": one_of("Started", "Stopped"),
        "Version": free("15.0"),
        "SchemaVersion": free("4.90"),
    },
    "sysmon_error": {
        "Computer": free("example-pc"),
        "UtcTime": moment(),
        "ID": free("Example"),
        "Description": free("an example"),
    },
    "ps_script": {
        **_SCRIPT,
        "ScriptBlockText": free("Write-Output example"),
        "ScriptBlockId": free("0a1b2c3d-0001-6900-0100-000000000100"),
        "Path": path("C:\\Example\\example.ps1", also=""),
        "MessageNumber": whole_number("1"),
        "MessageTotal": whole_number("1"),
    },
    "ps_module": {
        **_SCRIPT,
        "ContextInfo": free("Host Application = example"),
        "UserData": free("example"),
        "Payload": free("CommandInvocation(Write-Output): example"),
    },
    "ps_classic_start": {**_SCRIPT, "Data": free("HostApplication=example")},
    "ps_classic_provider_start": {**_SCRIPT, "Data": free("ProviderName=Example")},
    "ps_classic_script": {**_SCRIPT, "Data": free("DetailSequence=1")},
}

_SYSMON_FIELDS = frozenset(
    field
    for category, fields in _FIELDS.items()
    if not category.startswith("ps_")
    for field in fields
)
_NOT_RECORDED = frozenset(
    {
        *("GrandParentImage", "md5", "sha1", "sha256", "imphash", "MD5", "SHA1", "SHA256"),
        *("Imphash", "NewProcessName", "NewProcessId", "ParentProcessName", "SubjectUserName"),
        *("SubjectDomainName", "SubjectUserSid", "SubjectLogonId", "MandatoryLabel"),
        *("TokenElevationType", "SourceCommandLine", "SourceParentImage", "TargetParentProcessId"),
    }
)
"""Names that rules use and Sysmon does not write: other sensors' fields, and parts of others."""

_OF_LOGS: Fields = {
    **dict.fromkeys(("LogonType", "KeyLength", "ServiceStartType", "ProcessId"), whole_number("4")),
    "UtcTime": ABSENT,
}
"""How Windows' own logs write fields of their events, where that is no free text."""

_PROVIDERS = {"Windows PowerShell": "PowerShell"}
_SERVICE = "service:"


def is_known(category: str) -> bool:
    """Return whether events of a category, or of ``service:NAME``, can be made."""
    return category in _FIELDS or category.removeprefix(_SERVICE) in SERVICES


def categories() -> tuple[str, ...]:
    """Return the categories whose events can be made, without the services."""
    return tuple(_FIELDS)


@cache
def fields_of(category: str) -> Fields:
    """Return the fields of a category's events, or of those of ``service:NAME``."""
    if category not in _FIELDS:
        channels = SERVICES[category.removeprefix(_SERVICE)]
        return {
            "Channel": one_of(*channels),
            "Provider_Name": free("Example-Provider"),
            "EventID": whole_number("65000"),
            "Computer": free("example-pc"),
        }
    return {**_log_of(category), **_FIELDS[category]}


def _log_of(category: str) -> Fields:
    """Return channel, provider and event ids of a category."""
    scope = CATEGORIES[category][0]
    ids = [str(number) for number in scope.event_ids]
    event_id = {"EventID": one_of(*ids)} if ids else {}
    if scope.field != "Channel":
        return {"Provider_Name": fixed(scope.names[0]), **event_id}
    provider = scope.names[0].partition("/")[0]
    return {
        "Channel": one_of(*scope.names),
        "Provider_Name": fixed(_PROVIDERS.get(provider, provider)),
        **event_id,
    }


def form_of(category: str, field: str) -> Form:
    """Return how events of a category write a field; an unknown field is free text."""
    found = fields_of(category).get(field)
    if found is not None:
        return found
    if category.startswith(_SERVICE):
        return _OF_LOGS.get(field, FREE)
    foreign = field in _SYSMON_FIELDS and category != "process_creation"
    return ABSENT if foreign or field in _NOT_RECORDED else FREE


def usual_event(category: str) -> Values:
    """Return an event of a category that rules seldom ask for."""
    values = {name: form.usual for name, form in fields_of(category).items()}
    if "EventType" in values and category in SETTLE:
        del values["EventID"]  # which follows from the type
    return settled(category, values)


def is_written(category: str, field: str) -> bool:
    """Return whether events of a category have a field at all."""
    return form_of(category, field) is not ABSENT
