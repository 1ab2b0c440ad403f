"""What is to be verified, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sigmaglot.compiler import Options
from sigmaglot.targets import Target


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be verified, and how.

    Attributes:
        targets: Whose queries are run.
        engines: Names of those that run them; without any, all that are installed.
        options: How rules are compiled.
        seed: Of the choice among like leaves, and of streams of chance.
        given: Events in the place of those that are made; None for made ones. To a correlation
            they are one stream.
    """

    targets: tuple[Target, ...]
    engines: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    seed: int = 0
    given: tuple[dict[str, Any], ...] | None = None
