"""The survivors that were read: each with what it is, and why ``verify`` leaves it alive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("survivors.yml")

EQUIVALENT = "equivalent"
"""The query reads otherwise and means the same."""
KEPT = "keeps its claim"
"""The query means something else, and still no more and no less than its claim says."""
MISSED = "missed"
"""The claim is false, and no event shows it."""
UNREAD = "unread"
"""Nobody has read the survivor yet."""
KINDS = (EQUIVALENT, KEPT, MISSED)

Key = tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What somebody found who read a survivor."""

    kind: str
    why: str


def read_survivors() -> dict[Key, Reading]:
    """Return the survivors that were read, by key.

    Raises:
        ValueError: A kind is none of the three, a reason is missing, or a key is there twice.
    """
    found: dict[Key, Reading] = {}
    for group in yaml.safe_load(FILE.read_text(encoding="utf-8")) or ():
        if group["kind"] not in KINDS or not group["why"].strip():
            raise ValueError(f"not a reading: {group}")
        for mutant in group["mutants"]:
            key = tuple(str(part) for part in mutant)
            if key in found:
                raise ValueError(f"read twice: {key}")
            found[key] = Reading(group["kind"], group["why"].strip())
    return found
