"""Why a rule has no query for a target."""

from __future__ import annotations

from dataclasses import replace

from sigmaglot import ir
from sigmaglot.errors import Diagnostic, RuleError
from sigmaglot.frontend import Rule
from sigmaglot.ir import Node, Note
from sigmaglot.passes.legalise import Choice, Policy, take_side
from sigmaglot.pipelines import Pipeline, Recording, bind, load_pipeline, recording_of
from sigmaglot.rule import LogSource
from sigmaglot.targets import TARGETS, Target


def find_recording(rule: Rule, pipeline: Pipeline, target: Target) -> Recording:
    """Return where the pipeline keeps the events of the rule's log source.

    Of several tables it is the first in which some event can be what the rule asks for; it names
    the next one, if there is one.

    Raises:
        RuleError: It does not record them.
    """
    source = rule.info.logsource
    recording = recording_of(pipeline, source)
    if recording is None:
        raise RuleError(
            rule.document.diagnose(
                "SG201",
                f"unsupported: no such event in {pipeline.name}: ({source})",
                ("logsource",),
                hint=_where_recorded(source, target),
            )
        )
    if not recording.parts:
        return recording
    tables = (recording, *recording.parts)
    able = [one for one in tables if _can_hold(rule.condition, one)]
    if len(able) > 1:
        return replace(able[0], elsewhere=able[1].source.table)
    of_kind = (one for one in tables if _can_hold(_kinds(rule.condition), one))
    return able[0] if able else next(of_kind, recording)


def _can_hold(condition: Node, recording: Recording) -> bool:
    """Return whether a recording's events can be what a condition asks for."""
    return take_side(bind(condition, recording), up=True).node != ir.FALSE


def _kinds(condition: Node) -> Node:
    """Return whether an event is of an id that a condition names."""
    leaves = ir.leaves(condition)
    return ir.any_of([leaf for leaf in leaves if ir.field_name(leaf) == "EventID"])


def _where_recorded(source: LogSource, target: Target) -> str:
    """Return which targets record a log source, or what the ones that are built in record."""
    if source.product not in {"", "windows"}:
        return "the built-in targets record Windows; take another schema with `PIPELINE/LANGUAGE`"
    others = [
        one.name
        for one in TARGETS.values()
        if one.name != target.name and recording_of(load_pipeline(one.pipeline), source)
    ]
    if others:
        return f"it is recorded by {', '.join(others)}"
    return "no built-in target records it; `sigmaglot list pipelines` names what each does"


def _no_such_event(rule: Rule, note: Note, target: Target) -> Diagnostic:
    """Return the error of a rule whose kind of event a target does not record."""
    pipeline = load_pipeline(target.pipeline).name
    message = f"unsupported: no such event in {pipeline}: `{note.field}` {note.value}"
    hint = _where_recorded(rule.info.logsource, target)
    return rule.document.diagnose("SG201", message, _place_of(rule, note), hint=hint)


def check_placeholders(rule: Rule, condition: Node) -> None:
    """Check that pipelines have filled all placeholders of a normalised condition.

    Raises:
        RuleError: One is left.
    """
    for leaf in ir.leaves(condition):
        if isinstance(leaf, ir.Placeholder):
            raise RuleError(
                rule.document.diagnose(
                    "SG133",
                    f"the placeholder `%{leaf.name}%` of `{leaf.field}` has no value",
                    leaf.place,
                    hint="give its values with `-p FILE`, a pipeline with `value_placeholders`",
                )
            )


def unsupported(rule: Rule, choice: Choice, target: Target, policy: Policy) -> Diagnostic:
    """Return the error of a rule that has no query under a policy."""
    if not choice.notes:
        return rule.document.diagnose(
            "SG203",
            f"unsupported: the rule is always true or always false in {target.name}",
            ("detection",),
            hint="`sigmaglot explain` shows what became of each leaf",
        )
    if choice.notes[0].code == "SG201":
        return _no_such_event(rule, choice.notes[0], target)
    asked = "" if policy is Policy.CLOSEST else f" at the fidelity `{policy}`"
    reasons = "; ".join(
        f"{note.message}{f' (value `{note.value}`)' if note.value else ''}"
        for note in choice.notes[:3]
    )
    more = f"; and {len(choice.notes) - 3} more" if len(choice.notes) > 3 else ""
    place = _place_of(rule, choice.notes[0])
    return rule.document.diagnose(
        "SG202",
        f"unsupported: no query for {target.name}{asked}: {reasons}{more}",
        place,
        hint="`sigmaglot explain` shows what became of each leaf",
    )


def _place_of(rule: Rule, note: Note) -> ir.Place:
    """Return the place of the first leaf with the note's value, else the detection."""
    for leaf in ir.leaves(rule.condition):
        if ir.value_text(leaf) == note.value and leaf.place:
            return leaf.place
    return ("detection",)
