"""Addresses: text in an event, a column of type ``ip`` in Elasticsearch.

Source: Elasticsearch's guide, "IP field type": an address or a network in CIDR notation can be
asked for; IPv4 addresses are kept as IPv6 ones of ``::ffff:0:0/96``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from sigmaglot import ir
from sigmaglot.ir import Column, FieldLeaf, Node, Shape
from sigmaglot.language import ALL, GONE, approx
from sigmaglot.pipelines.rewrites.ecs_values import holds_of, unless_gone
from sigmaglot.pipelines.rewrites.plain import other_form

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

_MAPPED = ipaddress.ip_network("::ffff:0:0/96")
_ANY_IPV4 = "0.0.0.0/0"
_NOT_OF_ADDRESSES = re.compile(r"[^0-9a-fA-F:.%]")
_START = re.compile(r"((?:[0-9]{1,3}\.){1,3})([0-9]{0,3})")


def ecs_ip(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of an address as text to networks. Column: ``column``, of type ``ip``."""
    stored = ip_test(leaf, entry, entry.column)
    return unless_gone(leaf, entry, stored, ir.IsNull(entry.column, leaf.place))


def ip_test(leaf: FieldLeaf, entry: Entry, column: Column) -> Node:
    """Return the test of an ``ip`` column for a text that is an address."""
    match leaf:
        case ir.IsNull() | ir.IsEmpty():
            return ir.IsNull(column, leaf.place)
        case ir.Exists():
            return ir.Exists(column, leaf.place)
        case ir.CidrMatch(network=network):
            return _network(leaf, entry, column, network)
        case ir.StringMatch():
            return _text(leaf, entry, column)
        case _:
            return _unsaid(leaf, entry)


def ecs_is_ipv6(leaf: FieldLeaf, entry: Entry) -> Node:
    """Rewrite a test of ``true`` or ``false`` to whether the address beside it is of IPv6.

    Column: ``column``, of type ``ip``.
    """
    is_ipv4 = ir.CidrMatch(entry.column, _ANY_IPV4, leaf.place)
    known = ir.Exists(entry.column, leaf.place)
    match (holds_of(leaf, "true"), holds_of(leaf, "false")):
        case (True, True):
            stored: Node = known
        case (True, False):
            stored = ir.all_of([known, ir.Not(is_ipv4)])
        case (False, True):
            stored = is_ipv4
        case _:
            stored = ir.negate(known) if holds_of(leaf, None) else ir.FALSE
    return unless_gone(leaf, entry, stored, ir.IsNull(entry.column, leaf.place))


def _network(leaf: FieldLeaf, entry: Entry, column: Column, network: str) -> Node:
    found = ipaddress.ip_network(network)
    test = ir.CidrMatch(column, network, leaf.place)
    if found.version == 4 or not found.overlaps(_MAPPED):
        return test
    note = other_form(leaf, entry, "is stored with IPv4 addresses among those of IPv6")
    return approx(leaf, note, (test, 0.2), GONE)


def _text(leaf: ir.StringMatch, entry: Entry, column: Column) -> Node:
    shape, text = ir.shape_of(leaf.pattern)
    if any(_NOT_OF_ADDRESSES.search(part) for part in ir.texts_of(leaf.pattern)):
        return ir.FALSE
    if shape is Shape.EQUALS:
        return _one(leaf, entry, column, text)
    if shape is Shape.STARTSWITH and (parts := _START.fullmatch(text)):
        networks = _starting(parts[1], parts[2])
        return ir.any_of([ir.CidrMatch(column, one, leaf.place) for one in networks])
    return ir.FALSE if shape is Shape.EMPTY else _unsaid(leaf, entry)


def _one(leaf: ir.StringMatch, entry: Entry, column: Column, text: str) -> Node:
    """Return the test of one address; one of IPv6 has several spellings, which are not kept."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ir.FALSE
    test = ir.CidrMatch(column, f"{found}/{found.max_prefixlen}", leaf.place)
    if found.version == 4:
        return test
    note = other_form(leaf, entry, "is stored as an address, without the way that it was written")
    return approx(leaf, note, (test, 0.05), GONE)


def _starting(whole: str, digits: str) -> list[str]:
    """Return the networks of the addresses that start with octets and the digits of one more."""
    octets = whole.split(".")[:-1]
    if any(str(int(octet)) != octet or int(octet) > 255 for octet in octets):
        return []
    if not digits:
        return [_padded(octets)]
    values = [str(value) for value in range(256) if str(value).startswith(digits)]
    return [_padded([*octets, value]) for value in values]


def _padded(octets: list[str]) -> str:
    return ".".join([*octets, *["0"] * (4 - len(octets))]) + f"/{8 * len(octets)}"


def _unsaid(leaf: FieldLeaf, entry: Entry) -> Node:
    note = other_form(leaf, entry, "is stored as an address, which has no text to match parts of")
    return approx(leaf, note, ALL, GONE)
