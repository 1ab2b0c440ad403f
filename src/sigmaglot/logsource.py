"""Tell whether an event is of a rule's log source: Windows event logs, by channel and event id.

Source: the Sigma taxonomy appendix, version 2.1.0, "Windows Folder". Where its channel is not the
name that Windows gives, both stand here. For other products no event carries what would tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sigmaglot.evaluate import Event
from sigmaglot.rule import LogSource

Test = Callable[[Event], bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """Events of some channels (or providers), all of them or those with some ids."""

    names: tuple[str, ...]
    event_ids: tuple[int, ...] = ()
    field: str = "Channel"

    def test(self) -> Test:
        """Return the predicate of the scope."""
        field, names = self.field, frozenset(name.lower() for name in self.names)
        ids = frozenset(str(number) for number in self.event_ids)

        def is_met(event: Event) -> bool:
            return event.folded.get(field) in names and (
                not ids or event.texts.get("EventID") in ids
            )

        return is_met


_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_CLASSIC = "Windows PowerShell"
_POWERSHELL = ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational")
_KERNEL_FILE = (Scope(("Microsoft-Windows-Kernel-File",), field="Provider_Name"),)


def _sysmon(*event_ids: int) -> tuple[Scope, ...]:
    return (Scope((_SYSMON,), event_ids),)


CATEGORIES: dict[str, tuple[Scope, ...]] = {
    "process_creation": (*_sysmon(1), Scope(("Security",), (4688,))),
    "file_change": _sysmon(2),
    "network_connection": _sysmon(3),
    "sysmon_status": _sysmon(4, 16),
    "process_termination": _sysmon(5),
    "driver_load": _sysmon(6),
    "image_load": _sysmon(7),
    "create_remote_thread": _sysmon(8),
    "raw_access_thread": _sysmon(9),
    "process_access": _sysmon(10),
    "file_event": _sysmon(11),
    "registry_event": _sysmon(12, 13, 14),
    "registry_add": _sysmon(12),
    "registry_delete": _sysmon(12),
    "registry_set": _sysmon(13),
    "registry_rename": _sysmon(14),
    "create_stream_hash": _sysmon(15),
    "pipe_created": _sysmon(17, 18),
    "wmi_event": _sysmon(19, 20, 21),
    "dns_query": _sysmon(22),
    "file_delete": _sysmon(23),
    "clipboard_capture": _sysmon(24),
    "process_tampering": _sysmon(25),
    "file_delete_detected": _sysmon(26),
    "file_block_executable": _sysmon(27),
    "file_block_shredding": _sysmon(28),
    "file_executable_detected": _sysmon(29),
    "sysmon_error": _sysmon(255),
    "file_access": _KERNEL_FILE,
    "file_rename": _KERNEL_FILE,
    "ps_classic_start": (Scope((_CLASSIC,), (400,)),),
    "ps_classic_provider_start": (Scope((_CLASSIC,), (600,)),),
    "ps_classic_script": (Scope((_CLASSIC,), (800,)),),
    "ps_module": (Scope(_POWERSHELL, (4103,)),),
    "ps_script": (Scope(_POWERSHELL, (4104,)),),
}
"""Sigma category to the scopes that record it, any of which will do."""

_WINDOWS = "Microsoft-Windows-"
SERVICES: dict[str, tuple[str, ...]] = {
    "application": ("Application",),
    "application-experience": (
        f"{_WINDOWS}Application-Experience/Program-Telemetry",
        f"{_WINDOWS}Application-Experience/Program-Compatibility-Assistant",
    ),
    "applocker": (
        f"{_WINDOWS}AppLocker/MSI and Script",
        f"{_WINDOWS}AppLocker/EXE and DLL",
        f"{_WINDOWS}AppLocker/Packaged app-Deployment",
        f"{_WINDOWS}AppLocker/Packaged app-Execution",
    ),
    "appmodel-runtime": (f"{_WINDOWS}AppModel-Runtime/Admin",),
    "appxdeployment-server": (f"{_WINDOWS}AppXDeploymentServer/Operational",),
    "appxpackaging-om": (f"{_WINDOWS}AppxPackaging/Operational",),
    "bitlocker": (f"{_WINDOWS}BitLocker/BitLocker Management",),
    "bits-client": (f"{_WINDOWS}Bits-Client/Operational",),
    "capi2": (f"{_WINDOWS}CAPI2/Operational",),
    "certificateservicesclient-lifecycle-system": (
        f"{_WINDOWS}CertificateServicesClient-Lifecycle-System/Operational",
    ),
    "codeintegrity-operational": (f"{_WINDOWS}CodeIntegrity/Operational",),
    "dhcp": (f"{_WINDOWS}DHCP-Server/Operational",),
    "diagnosis-scripted": (f"{_WINDOWS}Diagnosis-Scripted/Operational",),
    "dns-client": (
        f"{_WINDOWS}DNS Client Events/Operational",
        f"{_WINDOWS}DNS-Client/Operational",
    ),
    "dns-server": ("DNS Server",),
    "dns-server-analytic": (f"{_WINDOWS}DNS-Server/Analytical", f"{_WINDOWS}DNSServer/Analytical"),
    "dns-server-audit": (f"{_WINDOWS}DNS-Server/Audit", f"{_WINDOWS}DNSServer/Audit"),
    "driver-framework": (f"{_WINDOWS}DriverFrameworks-UserMode/Operational",),
    "firewall-as": (f"{_WINDOWS}Windows Firewall With Advanced Security/Firewall",),
    "hyper-v-worker": (f"{_WINDOWS}Hyper-V-Worker", f"{_WINDOWS}Hyper-V-Worker-Admin"),
    "iis-configuration": ("Microsoft-IIS-Configuration/Operational",),
    "kernel-event-tracing": (
        f"{_WINDOWS}Kernel-EventTracing",
        f"{_WINDOWS}Kernel-EventTracing/Admin",
    ),
    "kernel-shimengine": (
        f"{_WINDOWS}Kernel-ShimEngine/Operational",
        f"{_WINDOWS}Kernel-ShimEngine/Diagnostic",
    ),
    "ldap": (f"{_WINDOWS}LDAP-Client/Debug",),
    "lsa-server": (f"{_WINDOWS}LSA/Operational",),
    "msexchange-management": ("MSExchange Management",),
    "ntfs": (f"{_WINDOWS}Ntfs/Operational",),
    "ntlm": (f"{_WINDOWS}NTLM/Operational",),
    "openssh": ("OpenSSH/Operational",),
    "powershell": _POWERSHELL,
    "powershell-classic": (_CLASSIC,),
    "printservice-admin": (f"{_WINDOWS}PrintService/Admin",),
    "printservice-operational": (f"{_WINDOWS}PrintService/Operational",),
    "security": ("Security",),
    "security-mitigations": (
        f"{_WINDOWS}Security-Mitigations/Kernel Mode",
        f"{_WINDOWS}Security-Mitigations/KernelMode",
        f"{_WINDOWS}Security-Mitigations/User Mode",
        f"{_WINDOWS}Security-Mitigations/UserMode",
    ),
    "sense": (f"{_WINDOWS}SENSE/Operational",),
    "servicebus-client": (
        "Microsoft-ServiceBus-Client/Operational",
        "Microsoft-ServiceBus-Client/Admin",
    ),
    "shell-core": (f"{_WINDOWS}Shell-Core/Operational",),
    "smbclient-connectivity": (f"{_WINDOWS}SmbClient/Connectivity",),
    "smbclient-security": (f"{_WINDOWS}SmbClient/Security",),
    "smbserver-connectivity": (f"{_WINDOWS}SMBServer/Connectivity",),
    "sysmon": (_SYSMON,),
    "system": ("System",),
    "taskscheduler": (f"{_WINDOWS}TaskScheduler/Operational",),
    "terminalservices-localsessionmanager": (
        f"{_WINDOWS}TerminalServices-LocalSessionManager/Operational",
    ),
    "vhdmp": (f"{_WINDOWS}VHDMP/Operational",),
    "windefend": (f"{_WINDOWS}Windows Defender/Operational",),
    "wmi": (f"{_WINDOWS}WMI-Activity/Operational",),
}
"""Sigma service to its channels."""


def logsource_test(source: LogSource) -> Test | None:
    """Return the predicate of a log source, None where no event can be told to be of it."""
    if source.product not in {"", "windows"}:
        return None
    if not source.category and not source.service:
        return (lambda event: "Channel" in event.texts) if source.product else None
    tests = []
    if source.category:
        tests.append(_any([scope.test() for scope in CATEGORIES.get(source.category, ())]))
    if source.service:
        tests.append(Scope(SERVICES.get(source.service, ())).test())
    known = source.category in {"", *CATEGORIES} and source.service in {"", *SERVICES}
    return (lambda event: all(test(event) for test in tests)) if known else None


def _any(tests: list[Test]) -> Test:
    return lambda event: any(test(event) for test in tests)
