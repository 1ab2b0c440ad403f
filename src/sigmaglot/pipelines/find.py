"""Find where a pipeline keeps the events of a log source."""

from __future__ import annotations

from dataclasses import replace

from sigmaglot.language import Selector
from sigmaglot.logsource import CATEGORIES, SERVICES
from sigmaglot.pipelines.model import Pipeline, Recording
from sigmaglot.rule import LogSource

SERVICE = "service:"
"""Begins the name of a recording that is known by its service."""
ANY_SERVICE = f"{SERVICE}*"
"""The recording of every service without one of its own: ``{channel}`` stands for its channels."""
CHANNEL = "{channel}"


def recording_of(pipeline: Pipeline, source: LogSource) -> Recording | None:
    """Return how a pipeline records a log source, None where it does not."""
    if source.product not in {"", pipeline.product}:
        return None
    if source.category:
        return _of_category(pipeline, source)
    own = pipeline.recordings.get(SERVICE + source.service)
    if own is not None or not source.service:
        return own
    template = pipeline.recordings.get(ANY_SERVICE)
    channels = SERVICES.get(source.service)
    return _filled(template, channels) if template and channels else None


def _of_category(pipeline: Pipeline, source: LogSource) -> Recording | None:
    """Return the recording of a category; a service beside it may only say the same."""
    if source.service and source.service not in _services_of(source.category):
        return None
    return pipeline.recordings.get(source.category)


def _services_of(category: str) -> frozenset[str]:
    """Return the services whose channels hold all events of a category."""
    channels = {name for scope in CATEGORIES.get(category, ()) for name in scope.names}
    sysmon = SERVICES["sysmon"][0]
    return frozenset(
        service
        for service, names in SERVICES.items()
        if channels <= set(names) or (service == "sysmon" and sysmon in channels)
    )


def _filled(template: Recording, channels: tuple[str, ...]) -> Recording:
    """Return the template with a service's channels in its selectors."""
    selectors = tuple(
        Selector(one.column, tuple(name for value in one.values for name in _fill(value, channels)))
        for one in template.source.selectors
    )
    return replace(template, source=replace(template.source, selectors=selectors))


def _fill(value: str, channels: tuple[str, ...]) -> tuple[str, ...]:
    if CHANNEL not in value:
        return (value,)
    return tuple(value.replace(CHANNEL, channel) for channel in channels)
