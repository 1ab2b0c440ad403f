"""The rewrites of Elastic's schema by the name that its pipelines use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sigmaglot.ir import FieldLeaf, Node
from sigmaglot.pipelines.rewrites.ecs_analysed import ecs_analysed
from sigmaglot.pipelines.rewrites.ecs_hashes import ecs_hashes
from sigmaglot.pipelines.rewrites.ecs_ip import ecs_ip, ecs_is_ipv6
from sigmaglot.pipelines.rewrites.ecs_powershell import ecs_pairs, ecs_payload
from sigmaglot.pipelines.rewrites.ecs_registry import ecs_registry_data
from sigmaglot.pipelines.rewrites.ecs_security import (
    ecs_access_list,
    ecs_either,
    ecs_keywords,
    ecs_level,
    ecs_list,
    ecs_moved,
)
from sigmaglot.pipelines.rewrites.ecs_values import (
    ecs_account,
    ecs_codes,
    ecs_number,
    ecs_text,
    ecs_words,
)

if TYPE_CHECKING:
    from sigmaglot.pipelines.model import Entry

ECS_REWRITES: Mapping[str, Callable[[FieldLeaf, Entry], Node]] = {
    "ecs_text": ecs_text,
    "ecs_number": ecs_number,
    "ecs_words": ecs_words,
    "ecs_codes": ecs_codes,
    "ecs_account": ecs_account,
    "ecs_hashes": ecs_hashes,
    "ecs_ip": ecs_ip,
    "ecs_is_ipv6": ecs_is_ipv6,
    "ecs_registry_data": ecs_registry_data,
    "ecs_analysed": ecs_analysed,
    "ecs_payload": ecs_payload,
    "ecs_pairs": ecs_pairs,
    "ecs_moved": ecs_moved,
    "ecs_either": ecs_either,
    "ecs_list": ecs_list,
    "ecs_access_list": ecs_access_list,
    "ecs_level": ecs_level,
    "ecs_keywords": ecs_keywords,
}
