"""Defender's rows of network connections.

Sources: as `defender_rows`, Microsoft's ASIM parser of the table. The local side of a connection
that the device opened is its source, of one that it accepted its destination. In exported rows an
IPv4 address is mapped to IPv6 where a connection was accepted, and RemoteUrl is a URL or a host.
That the device goes by the name of the local host, and the remote one by RemoteUrl, is assumed.
"""

from __future__ import annotations

import ipaddress

from sigmaglot.verify.projection.common import Event, Project, Record, number
from sigmaglot.verify.projection.defender_rows import acting, row

_ACTIONS = {"true": "ConnectionSuccess", "false": "InboundConnectionAccepted"}
_WEB = "443"


def _connection(event: Event) -> Record:
    initiated = str(event.get("Initiated") or "").lower()
    accepted = initiated == "false"
    local, remote = ("Destination", "Source") if accepted else ("Source", "Destination")
    host, port = event.get(f"{remote}Hostname"), event.get(f"{remote}Port")
    texts = {
        "DeviceName": event.get(f"{local}Hostname") or event.get("Computer"),
        "LocalIP": _address(event.get(f"{local}Ip"), mapped=accepted),
        "RemoteIP": _address(event.get(f"{remote}Ip"), mapped=accepted),
        "RemoteUrl": f"https://{host}" if host and str(port) == _WEB else host,
        "Protocol": _protocol(event.get("Protocol"), event.get(f"{remote}Ip")),
    }
    ports = {"LocalPort": number(event.get(f"{local}Port")), "RemotePort": number(port)}
    action = _ACTIONS.get(initiated, "ConnectionFound")
    return row(action, event, texts, **ports) | acting(event)


def _address(text: str | None, *, mapped: bool) -> str | None:
    """Return an address in its short form, mapped to IPv6 where it is asked for."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return text
    return f"::ffff:{address}" if mapped and address.version == 4 else str(address)


def _protocol(text: str | None, address: str | None) -> str:
    return f"{text.title()}V{6 if ':' in (address or '') else 4}" if text else ""


NETWORK: dict[str, Project] = {"network_connection": _connection}
