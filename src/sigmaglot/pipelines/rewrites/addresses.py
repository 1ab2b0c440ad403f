"""Networks as lists of wildcards, for a language whose regular expressions run in a later stage."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import AnyOne, AnyRun, FieldLeaf, Literal, Node, Pattern
from sigmaglot.pipelines.rewrites.networks import network
from sigmaglot.pipelines.rewrites.plain import on

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_LAST_OCTET = 3


def network_wildcards(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite ``|cidr`` to wildcards over the address as text; any other leaf stays as it is.

    The column holds addresses and nothing else, so that a ``?`` between two dots is a digit. Of
    IPv6 those networks are said so that fix no more than the first group, which is always written.
    """
    if not isinstance(leaf, ir.CidrMatch):
        return on(leaf, entry.column)
    found = ipaddress.ip_network(leaf.network)
    if isinstance(found, ipaddress.IPv4Network) and found.prefixlen:
        patterns = list(_version_4(found))
    elif isinstance(found, ipaddress.IPv6Network) and _is_first_group(found):
        patterns = list(_version_6(found))
    else:
        return network(leaf, entry)
    tests = [ir.StringMatch(entry.column, ir.tidy(one), place=leaf.place) for one in patterns]
    return ir.any_of(tests)


def _version_4(found: ipaddress.IPv4Network) -> Iterator[Pattern]:
    """Yield the patterns of a network: its fixed octets, then the values of the next one."""
    whole = min(found.prefixlen // 8, _LAST_OCTET)
    first = found.network_address.packed[whole]
    last = found.broadcast_address.packed[whole]
    before = Literal("".join(f"{octet}." for octet in found.network_address.packed[:whole]))
    if (first, last) == (0, 255):
        yield before, AnyRun
        return
    after = () if whole == _LAST_OCTET else (Literal("."), AnyRun)
    for digits, open_digits in _decimal_blocks(first, last):
        yield (before, Literal(digits), *[AnyOne] * open_digits, *after)


def _decimal_blocks(first: int, last: int) -> Iterator[tuple[str, int]]:
    """Yield blocks that cover a range of octets: leading digits, and how many more may be any."""
    while first <= last:
        text = str(first)
        heads = (text[:at] for at in range(len(text) + 1))
        head = next(one for one in heads if _is_block(one, len(text), first, last))
        yield head, len(text) - len(head)
        first = _block(head, len(text))[-1] + 1


def _is_block(head: str, length: int, first: int, last: int) -> bool:
    block = _block(head, length)
    return block[0] == first and block[-1] <= last


def _block(head: str, length: int) -> list[int]:
    """Return the octets of so many digits that begin with some digits."""
    octets = ((octet, str(octet)) for octet in range(256))
    return [octet for octet, text in octets if len(text) == length and text.startswith(head)]


def _is_first_group(found: ipaddress.IPv6Network) -> bool:
    """Return whether a network fixes the first group alone, and that has four digits."""
    return 0 < found.prefixlen <= 16 and found.network_address.packed[0] >= 0x10


def _version_6(found: ipaddress.IPv6Network) -> Iterator[Pattern]:
    """Yield the patterns of the first group: its fixed digits, then one that takes several."""
    fixed, rest = divmod(found.prefixlen, 4)
    digits = found.network_address.packed[:2].hex()
    nexts = range(2 ** (4 - rest)) if rest else ()
    heads = [digits[:fixed] + f"{int(digits[fixed], 16) + step:x}" for step in nexts]
    for head in heads or [digits[:fixed]]:
        yield (Literal(head), *[AnyOne] * (4 - len(head)), Literal(":"), AnyRun)
