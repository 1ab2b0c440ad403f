"""LogPoint: the fields that its normalisers make of the data of Windows events.

Sources: the Sigma pipeline that LogPoint maintains: its mapping of Sysmon's fields, those of the
Security audit events and of the Service Control Manager by event id, its common taxonomy, and the
snake case in which it writes any other name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Names = Mapping[str, str]

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

SYSMON: Names = {
    "Archived": "is_archived",
    "CommandLine": "command",
    "Company": "vendor",
    "Configuration": "file",
    "CreationUtcTime": "creation_ts",
    "CurrentDirectory": "path",
    "Description": "message",
    "Destination": "destination_address",
    "DestinationHostname": "destination_host",
    "DestinationIp": "destination_address",
    "DestinationIsIpv6": "is_destination_ipv6",
    "DestinationPortName": "destination_service",
    "Details": "detail",
    "GrantedAccess": "access",
    "Image": "process",
    "ImageLoaded": "image",
    "Initiated": "is_initiated",
    "OriginalFileName": "file",
    "ParentCommandLine": "parent_command",
    "ParentImage": "parent_process",
    "PipeName": "pipe",
    "PreviousCreationUtcTime": "previous_creation_ts",
    "Product": "application",
    "QueryName": "query",
    "QueryResults": "result",
    "QueryStatus": "status",
    "RuleName": "rule",
    "SignatureStatus": "status",
    "Signed": "is_signed",
    "SourceHostname": "source_host",
    "SourceImage": "process",
    "SourceIp": "source_address",
    "SourceIsIpv6": "source_is_ipv6",
    "SourcePortName": "source_service",
    "TargetFilename": "target_file",
    "TargetImage": "image",
    "TerminalSessionId": "session_id",
    "UtcTime": "utc_ts",
}
"""Sysmon's fields that are not just written in snake case."""

HEADER: Names = {
    "Computer": "host",
    "EventID": "event_id",
    "Keywords": "keyword",
    "Provider_Name": "event_source",
}

COMMON: Names = {
    "AccountName": "user",
    "AppName": "application",
    "Binary": "binary_data",
    "ClientAddress": "source_address",
    "ClientProcessId": "process_id",
    "CommandLine": "command",
    "ComputerName": "workstation",
    "FileName": "file",
    "IpAddress": "source_address",
    "IpPort": "source_port",
    "NewProcessId": "target_process_id",
    "NewProcessName": "new_process",
    "ParentProcessName": "parent_process",
    "ProcessName": "process",
    "QueryName": "query",
    "ScriptBlockText": "script_block",
    "WorkstationName": "workstation",
}
"""The common taxonomy, for events without a mapping of their own."""

_AUDIT: Names = {
    **COMMON,
    "AccessList": "access",
    "AdditionalInfo": "additional_information",
    "AllowedToDelegateTo": "allowed_to_delegate",
    "AttributeLDAPDisplayName": "ldap_display",
    "AuditPolicyChanges": "policy",
    "AuditSourceName": "audit_source",
    "AuthenticationPackageName": "package",
    "CallerProcessName": "process",
    "CertThumbprint": "certificate_hash",
    "ClassName": "class",
    "DestAddress": "destination_address",
    "DestPort": "destination_port",
    "FilterName": "filter",
    "LayerRTID": "layer_id",
    "LogonProcessName": "logon_process",
    "MandatoryLabel": "integrity_sid",
    "NewProcessName": "process",
    "NewTargetUserName": "new_user",
    "NewUacValue": "new_value",
    "ObjectClass": "class",
    "ObjectDN": "object",
    "ObjectValueName": "object_value",
    "OldTargetUserName": "target_user",
    "OldUacValue": "old_value",
    "PasswordLastSet": "password_last_set_ts",
    "PreAuthType": "pre_authentication_type",
    "PrivilegeList": "privilege",
    "Process_Command_Line": "command",
    "ProviderContextName": "context",
    "RelativeTargetName": "relative_target",
    "ServiceFileName": "file",
    "ServiceName": "service",
    "ServicePrincipalNames": "service",
    "ServiceStartType": "start_type",
    "ServiceType": "object_type",
    "ShareLocalPath": "share_path",
    "SidList": "id_list",
    "Status": "status_code",
    "SubStatus": "sub_status_code",
    "SubcategoryGuid": "sub_category_guid",
    "SubjectDomainName": "domain",
    "SubjectLogonId": "logon_id",
    "SubjectUserName": "user",
    "SubjectUserSid": "user_id",
    "TargetDomainName": "target_domain",
    "TargetInfo": "information",
    "TargetName": "target",
    "TargetServerName": "server",
    "TargetSid": "target_id",
    "TargetUserName": "target_user",
    "TaskContentNew": "content",
    "TaskName": "task",
    "TicketEncryptionType": "encryption_type",
    "TicketOptions": "ticket_option",
}
"""How most events of the Security log name their data."""

_CALLER = {"SubjectUserName": "caller_user", "SubjectUserSid": "caller_id"}
_CALLER_DOMAIN = {"SubjectDomainName": "caller_domain"}
_CALLER_LOGON = {"SubjectLogonId": "caller_logon_id"}
_OWN = {"TargetUserName": "user", "TargetDomainName": "domain"}
_OWN_IDS = {"TargetUserSid": "user_id", "TargetLogonId": "logon_id"}
_GROUP = {
    "TargetUserName": "group",
    "TargetDomainName": "group_domain",
    "TargetSid": "group_id",
}
_COMPUTER = {
    "TargetUserName": "computer",
    "TargetDomainName": "computer_domain",
    "TargetSid": "computer_id",
}
_AUDIT_BY_EVENT: Mapping[str, Names] = {
    "4611": {"LogonProcessName": "process"},
    "4624": {**_CALLER, **_CALLER_DOMAIN, **_CALLER_LOGON, **_OWN, **_OWN_IDS},
    "4625": {**_CALLER, **_CALLER_DOMAIN, **_OWN, "TargetUserSid": "user_id"},
    "4627": {**_CALLER_LOGON, **_OWN, **_OWN_IDS},
    "4634": {**_OWN, **_OWN_IDS},
    "4647": {**_OWN, **_OWN_IDS},
    "4648": {**_CALLER, **_CALLER_DOMAIN, **_OWN},
    "4661": {"ObjectName": "object"},
    "4674": {"ObjectName": "object"},
    "4675": {**_OWN, "TargetUserSid": "user_id"},
    "4700": {"TaskContent": "content"},
    "4688": {"TargetUserSid": "target_id"},
    "4703": {**_CALLER_LOGON, **_OWN, **_OWN_IDS},
    "4716": _CALLER_DOMAIN,
    "4718": {"SubjectUserSid": "caller_id"},
    "4739": _CALLER_DOMAIN,
    "4740": {
        **_CALLER,
        **_CALLER_DOMAIN,
        "TargetUserName": "user",
        "TargetSid": "user_id",
        "TargetDomainName": "workstation",
    },
    "4768": {**_OWN, "TargetSid": "user_id"},
    "4769": _OWN,
    "4770": _OWN,
    "4771": {"TargetUserName": "user", "TargetSid": "user_id"},
    "4776": {"TargetUserName": "user"},
    "4780": {"TargetDomainName": "domain"},
    "4800": {**_OWN, **_OWN_IDS},
    "4801": {**_OWN, **_OWN_IDS},
    "4912": {"TargetUserSid": "target_id"},
    "5038": {"param1": "file"},
    **{str(number): _COMPUTER for number in (4741, 4742, 4743)},
    **{
        str(number): _GROUP
        for numbers in (
            *(range(4727, 4736), (4737,), range(4744, 4765)),
            *(range(4785, 4789), range(4798, 4800)),
        )
        for number in numbers
    },
}

_PARAMETERS: Mapping[str, str] = {
    "7000": "service reason",
    "7001": "service caller_service reason",
    "7002": "service group",
    "7003": "service caller_service",
    "7005": "function reason",
    "7006": "function registry reason",
    "7009": "duration service",
    "7010": "duration",
    "7011": "duration service",
    "7015": "driver",
    "7016": "service status",
    "7017": "service",
    "7019": "service",
    "7020": "service",
    "7021": "service",
    "7022": "service",
    "7023": "service reason",
    "7024": "service reason",
    "7026": "driver",
    "7028": "registry_key",
    "7030": "service",
    "7031": "service count duration",
    "7032": "param1 action service",
    "7033": "reason",
    "7034": "service count",
    "7035": "service control",
    "7036": "service status",
    "7037": "service configuration",
    "7038": "service user reason",
    "7039": "service target_process_id process_id",
    "7040": "service old_value new_value",
    "7041": "service user",
    "7042": "service control error_code",
    "7043": "service",
}
"""The columns of the first parameters of the Service Control Manager's events, by event id."""
_WITH_BINARY = frozenset({"7001", "7002", "7024", "7031", "7034", "7036", "7043"})


def snake_case(name: str) -> str:
    """Return a name in small letters, its words joined by underscores."""
    return _WORDS.sub("_", name).lower()


def audit_names(event_id: str) -> Names:
    """Return how a Security audit event names its data."""
    return {**_AUDIT, **_AUDIT_BY_EVENT.get(event_id, {})}


def manager_names(event_id: str) -> Names:
    """Return how an event of the System log names its data: the Service Control Manager's."""
    columns = _PARAMETERS.get(event_id, "").split()
    parameters = {f"param{at}": column for at, column in enumerate(columns, 1)}
    binary = {"Binary": "event_data"} if event_id in _WITH_BINARY else {}
    installed = {"ImagePath": "path", "ServiceName": "service"} if event_id == "7045" else {}
    return {**COMMON, **parameters, **binary, **installed}
