"""What is there: targets, languages, pipelines and fields, as JSON-ready rows."""

from __future__ import annotations

from typing import Any

from sigmaglot.errors import ConfigurationError, UsageError
from sigmaglot.pipelines import Entry, Recording, load_pipeline, pipeline_names
from sigmaglot.targets import TARGETS, Target, find_targets, language_names, load_language

Row = dict[str, Any]


def target_rows() -> list[Row]:
    """Return name, pipeline, language and usability of each built-in target."""
    return [
        {
            "name": target.name,
            "pipeline": target.pipeline,
            "language": target.language,
            "status": _status(target),
        }
        for target in TARGETS.values()
    ]


def _status(target: Target) -> str:
    """Return ``ok``, or why a target cannot be used."""
    try:
        load_pipeline(target.pipeline)
        load_language(target.language)
    except ConfigurationError as error:
        return str(error)
    return "ok"


def language_rows() -> list[Row]:
    """Return name, title and file extension of each language, and what its claims rest on.

    Raises:
        ConfigurationError: An installed language is broken.
    """
    return [
        {
            "name": name,
            "title": language.title,
            "extension": language.extension,
            "assumes": list(language.assumes),
        }
        for name in language_names()
        for language in (load_language(name),)
    ]


def pipeline_rows() -> list[Row]:
    """Return name, title, product and categories of each pipeline."""
    return [
        {
            "name": name,
            "title": pipeline.title,
            "product": pipeline.product,
            "categories": list(pipeline.recordings),
            "assumes": [one.text for one in pipeline.assumes],
        }
        for name in pipeline_names()
        for pipeline in (load_pipeline(name),)
    ]


def pipeline_of(target: str) -> str:
    """Return the name of a target's pipeline.

    Raises:
        UsageError: There is no such built-in target.
    """
    targets = find_targets((target,))
    if len(targets) != 1 or targets[0].is_pysigma:
        raise UsageError(f"`{target}` has no fields to list: name one built-in target")
    return targets[0].pipeline


def field_rows(pipeline: str) -> list[Row]:
    """Return how a pipeline stores each Sigma field, category by category.

    Raises:
        ConfigurationError: There is no such pipeline.
    """
    return [
        {"category": category, **_field_row(entry)}
        for category, recording in load_pipeline(pipeline).recordings.items()
        for entry in _entries(recording)
    ]


def _entries(recording: Recording) -> list[Entry]:
    """Return all entries of a recording, and those of its parts that have columns."""
    of_parts = (entry for part in recording.parts for entry in part.entries.values())
    return [*recording.entries.values(), *(entry for entry in of_parts if entry.columns)]


def _field_row(entry: Entry) -> Row:
    columns = [
        {"role": role, "name": column.name, "type": column.type}
        for role, column in entry.columns.items()
    ]
    return {
        "field": entry.field,
        "rewrite": entry.rewrite,
        "columns": columns,
        "confidence": entry.confidence,
        "reason": entry.reason,
    }
