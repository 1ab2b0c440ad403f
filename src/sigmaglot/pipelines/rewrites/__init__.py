"""How a predicate over a Sigma field becomes one over columns: a small pure function a family.

A rewrite takes a leaf and the field's entry and returns a tree over columns. Where a schema keeps
less than the event had, the tree holds approximations with both bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sigmaglot.ir import FieldLeaf, Node
from sigmaglot.pipelines.rewrites.account import account
from sigmaglot.pipelines.rewrites.hashes import hash_value, hashes
from sigmaglot.pipelines.rewrites.keys import key_or_value, key_value
from sigmaglot.pipelines.rewrites.levels import integrity
from sigmaglot.pipelines.rewrites.masks import access_mask
from sigmaglot.pipelines.rewrites.merged import merged
from sigmaglot.pipelines.rewrites.networks import network
from sigmaglot.pipelines.rewrites.numbers import hex_integer, hex_text, integer
from sigmaglot.pipelines.rewrites.paths import base_name, path, within
from sigmaglot.pipelines.rewrites.plain import missing, rename
from sigmaglot.pipelines.rewrites.signatures import signature_status, signed

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

Rewrite = Callable[[FieldLeaf, "Entry"], Node]

REWRITES: Mapping[str, Rewrite] = {
    "rename": rename,
    "none": missing,
    "path": path,
    "base_name": base_name,
    "within": within,
    "account": account,
    "hashes": hashes,
    "hash_value": hash_value,
    "integrity": integrity,
    "integer": integer,
    "hex_integer": hex_integer,
    "hex_text": hex_text,
    "key_value": key_value,
    "key_or_value": key_or_value,
    "access_mask": access_mask,
    "merged": merged,
    "network": network,
    "signature_status": signature_status,
    "signed": signed,
}
"""Rewrites by the name that pipelines use."""
