"""Networks in Kibana: an `ip` field keeps IPv4 addresses as mapped IPv6 ones."""

from __future__ import annotations

import pytest

from sigmaglot import ir
from sigmaglot.passes.legalise import Fidelity, Policy, choose, legalise
from sigmaglot_backends.kibana_kql import LANGUAGE

COLUMN = ir.Column("source.ip", "ip")


@pytest.mark.parametrize(
    ("network", "fidelity"),
    [
        ("10.0.0.0/8", Fidelity.EXACT),
        ("fe80::/10", Fidelity.EXACT),
        ("::/0", Fidelity.BROADER),
        ("::ffff:0:0/96", Fidelity.BROADER),
        ("::ffff:a00:0/104", Fidelity.BROADER),
    ],
)
def test_a_network_that_holds_mapped_addresses_finds_more(network: str, fidelity: Fidelity) -> None:
    leaf = ir.CidrMatch(COLUMN, network)
    choice = choose(legalise(leaf, LANGUAGE.capabilities), Policy.CLOSEST)
    assert choice.fidelity is fidelity
    assert choice.node == leaf
