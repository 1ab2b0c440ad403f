"""Networks: a test of an address for languages that compare text and know no CIDR."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.plain import on, other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry


def network(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite ``|cidr`` to a test of the address as text; any other leaf stays as it is.

    The column holds addresses and nothing else. An IPv4 address is written in one way, so its text
    tells exactly. An IPv6 address may leave out a run of zeros and leading zeros: the text tells
    exactly where the network's fixed bits have no zeros that can be left out.
    """
    if not isinstance(leaf, ir.CidrMatch):
        return on(leaf, entry.column)
    found = ipaddress.ip_network(leaf.network)
    if isinstance(found, ipaddress.IPv4Network):
        return _version_4(leaf, entry, found)
    return _version_6(leaf, entry, found)


def _version_4(leaf: ir.CidrMatch, entry: Entry, found: ipaddress.IPv4Network) -> Node:
    whole, rest = divmod(found.prefixlen, 8)
    octets = [str(octet) for octet in found.network_address.packed]
    if whole == 4:
        return _text(leaf, entry, Shape.EQUALS, ".".join(octets))
    if whole and not rest:
        return _text(
            leaf, entry, Shape.STARTSWITH, "".join(f"{octet}." for octet in octets[:whole])
        )
    fixed = "".join(f"{octet}[.]" for octet in octets[:whole])
    first = int(octets[whole])
    values = "|".join(str(first + step) for step in range(2 ** (8 - rest))) if rest else "[0-9]+"
    end = "$" if whole == 3 else "[.]"
    return ir.RegexMatch(entry.column, f"^{fixed}({values}){end}", "", leaf.place)


def _version_6(leaf: ir.CidrMatch, entry: Entry, found: ipaddress.IPv6Network) -> Node:
    hextets, is_exact = _fixed_hextets(found)
    note = other_form(leaf, entry, "is compared as text, and an IPv6 address has several spellings")
    upper: tuple[Node, float] = ALL
    if hextets:
        regex = "^" + "".join(f"0*{hextet}:" for hextet in hextets)
        test = ir.RegexMatch(entry.column, regex, "i", leaf.place)
        if is_exact:
            return test
        upper = (test, 0.2)
    lower = (_spellings(leaf, entry, found), 0.1) if found.prefixlen == 128 else GONE
    return approx(leaf, note, upper, lower)


def _fixed_hextets(found: ipaddress.IPv6Network) -> tuple[list[str], bool]:
    """Return expressions of the hextets that every text of the network begins with.

    The second value tells whether they are all that the network asks for.
    """
    whole, rest = divmod(found.prefixlen, 16)
    hextets: list[str] = []
    for at in range(whole + bool(rest)):
        low = int.from_bytes(found.network_address.packed[2 * at : 2 * at + 2], "big")
        high = low if at < whole else low + 2 ** (16 - rest) - 1
        if low == 0 or len(f"{low:x}") != len(f"{high:x}"):
            return hextets, False
        hextets.append(_range(f"{low:x}", f"{high:x}"))
    return hextets, bool(hextets) and len(hextets) < 8


def _range(low: str, high: str) -> str:
    """Return the expression of the hexadecimal numbers of an aligned block."""
    digits = zip(low, high, strict=True)
    return "".join(
        first if first == last else f"[{_digits(first, last)}]" for first, last in digits
    )


def _digits(first: str, last: str) -> str:
    if (first, last) == ("0", "f"):
        return "0-9a-f"
    return "".join(f"{digit:x}" for digit in range(int(first, 16), int(last, 16) + 1))


def _spellings(leaf: ir.CidrMatch, entry: Entry, found: ipaddress.IPv6Network) -> Node:
    """Return the usual texts of one address: shortened, without leading zeros, and in full."""
    address = found.network_address
    plain = ":".join(f"{int(hextet, 16):x}" for hextet in address.exploded.split(":"))
    texts = dict.fromkeys((str(address), plain, address.exploded))
    return ir.any_of([_text(leaf, entry, Shape.EQUALS, text) for text in texts])


def _text(leaf: ir.CidrMatch, entry: Entry, shape: Shape, text: str) -> ir.StringMatch:
    return ir.StringMatch(entry.column, ir.pattern(shape, text), place=leaf.place)
