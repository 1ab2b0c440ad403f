"""How a predicate over a Sigma field becomes one over columns: a small pure function a family.

A rewrite takes a leaf and the field's entry and returns a tree over columns. Where a schema keeps
less than the event had, the tree holds approximations with both bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sigmaglot.ir import FieldLeaf, Node
from sigmaglot.pipelines.rewrites.account import account
from sigmaglot.pipelines.rewrites.addresses import network_wildcards
from sigmaglot.pipelines.rewrites.by_event import by_event
from sigmaglot.pipelines.rewrites.cim import action, filled, hash_within, value_data
from sigmaglot.pipelines.rewrites.dashes import dashed
from sigmaglot.pipelines.rewrites.ecs_names import ECS_REWRITES
from sigmaglot.pipelines.rewrites.event_data import event_data
from sigmaglot.pipelines.rewrites.folders import folder_and_name
from sigmaglot.pipelines.rewrites.fragments import json_text, name_within, path_within
from sigmaglot.pipelines.rewrites.hashes import hash_value, hashes
from sigmaglot.pipelines.rewrites.keys import key_or_value, key_value
from sigmaglot.pipelines.rewrites.kinds import event_kind
from sigmaglot.pipelines.rewrites.levels import integrity
from sigmaglot.pipelines.rewrites.masks import access_mask
from sigmaglot.pipelines.rewrites.merged import merged
from sigmaglot.pipelines.rewrites.networks import network
from sigmaglot.pipelines.rewrites.numbers import hex_integer, hex_text, integer
from sigmaglot.pipelines.rewrites.paths import base_name, path, within
from sigmaglot.pipelines.rewrites.plain import missing, rename
from sigmaglot.pipelines.rewrites.registry import registry_key
from sigmaglot.pipelines.rewrites.registry_data import registry_data
from sigmaglot.pipelines.rewrites.signatures import signature_status
from sigmaglot.pipelines.rewrites.values import number_or_text
from sigmaglot.pipelines.rewrites.words import word

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
    "network_wildcards": network_wildcards,
    "by_event": by_event,
    "action": action,
    "filled": filled,
    "hash_within": hash_within,
    "value_data": value_data,
    "dashed": dashed,
    **ECS_REWRITES,
    "event_data": event_data,
    "folder_and_name": folder_and_name,
    "hashes": hashes,
    "hash_value": hash_value,
    "integrity": integrity,
    "integer": integer,
    "hex_integer": hex_integer,
    "hex_text": hex_text,
    "number_or_text": number_or_text,
    "word": word,
    "registry_key": registry_key,
    "registry_data": registry_data,
    "json_text": json_text,
    "name_within": name_within,
    "path_within": path_within,
    "event_kind": event_kind,
    "key_value": key_value,
    "key_or_value": key_or_value,
    "access_mask": access_mask,
    "merged": merged,
    "network": network,
    "signature_status": signature_status,
}
"""Rewrites by the name that pipelines use."""
