"""What came of running one rule's queries: plain values, safe to pickle and to print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sigmaglot.errors import Diagnostic
from sigmaglot.rule import RuleInfo


class Status(StrEnum):
    """How a run ended; what is in ``FAILURES`` fails the run."""

    KEPT = "kept"
    BROKEN = "broken"
    REFUSED = "refused"
    NOT_RUN = "not run"
    UNSUPPORTED = "unsupported"
    BAD_RULE = "bad rule"
    FAILED = "internal error"


FAILURES = frozenset({Status.BROKEN, Status.REFUSED, Status.BAD_RULE, Status.FAILED})

UNSTATED = "unstated"
"""The claim of a converter that makes none; its query is held to be the rule."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Events that were run, and how the rule and the query stand to each other on them.

    ``missed`` are events of the rule that the query did not find, ``extra`` those that it found
    beside them.
    """

    events: int = 0
    meant: int = 0
    missed: int = 0
    extra: int = 0

    @property
    def agreed(self) -> int:
        """Return on how many events rule and query agree."""
        return self.events - self.missed - self.extra

    @property
    def observed(self) -> str:
        """Return the fidelity that the events show: nothing better was disproved."""
        if not self.events:
            return "none"
        if not self.missed:
            return "broader" if self.extra else "exact"
        return "neither" if self.extra else "narrower"

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.events + other.events,
            self.meant + other.meant,
            self.missed + other.missed,
            self.extra + other.extra,
        )


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The smallest event found on which a query breaks its claim.

    Attributes:
        kind: ``missed`` or ``extra``.
        tests: What the event tests, or the id of a recorded one.
        event: Its values, as the rule sees them.
        record: Its values, as the SIEM stores them.
        leaf: The part of the rule that the query gets wrong, empty where no single one is.
        query: What was run.
        reproduce: A command line that shows it again.
        stream: Of a correlation: all events that are needed, the event among them.
        records: Their values, as the SIEM stores them.
    """

    kind: str
    tests: str
    event: dict[str, Any]
    record: dict[str, Any]
    leaf: str
    query: str
    reproduce: str
    stream: tuple[dict[str, Any], ...] = ()
    records: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine ran, and whose word its answer is."""

    name: str
    title: str
    standing: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one engine says of one rule's queries for one target.

    Attributes:
        info: The rule's metadata.
        target: The target's name, empty where the rule could not be read.
        status: How the run ended.
        claimed: The fidelity that the compiler states.
        engine: What ran the queries; None where nothing did.
        made: Over the events that were made.
        recorded: Over the events that were recorded.
        binds: Whether the vendor's binder takes the queries; None where it was not asked.
        untold: Leaves of the rule that no possible event makes true.
        counterexample: Where the claim is broken.
        reason: Why the queries were refused or not run; of kept ones what is worth a look.
        diagnostics: The compiler's, where there is no query.
    """

    info: RuleInfo
    target: str
    status: Status
    claimed: str = ""
    engine: EngineInfo | None = None
    made: Tally = Tally()
    recorded: Tally = Tally()
    binds: bool | None = None
    untold: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    reason: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def observed(self) -> str:
        """Return the fidelity that all events together show."""
        return (self.made + self.recorded).observed
