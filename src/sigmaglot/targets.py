"""Targets: named pairs of a pipeline and a language, and how languages are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module

from sigmaglot.errors import ConfigurationError, UsageError
from sigmaglot.language import Language
from sigmaglot.pipelines import pipeline_names
from sigmaglot.pipelines.user import FILE, base_of, name_of

PYSIGMA_PREFIX = "pysigma:"
ENTRY_POINTS = "sigmaglot.languages"
"""The entry point group by which other packages bring languages."""

LANGUAGES = ("car", "dnif_dql", "dnif_fetch", "kibana_kql", "kusto", "logpoint", "spl", "spl_cim")
"""Languages of ``sigmaglot_backends``, each a package with a ``LANGUAGE`` value."""


@dataclass(frozen=True, slots=True)
class Target:
    """What ``-t`` names: where events are stored, and what their queries are written in."""

    name: str
    pipeline: str
    language: str

    @property
    def is_pysigma(self) -> bool:
        """Return whether an installed pySigma backend writes the queries."""
        return self.name.startswith(PYSIGMA_PREFIX)


TARGETS = {
    name: Target(name, pipeline, language)
    for name, pipeline, language in (
        ("defender", "defender_xdr", "kusto"),
        ("sentinel", "sentinel", "kusto"),
        ("kibana", "elastic_ecs", "kibana_kql"),
        ("splunk", "splunk_sysmon", "spl"),
        ("splunk-cim", "splunk_cim", "spl_cim"),
        ("logpoint", "logpoint", "logpoint"),
        ("logpoint-sysmon", "logpoint_sysmon", "logpoint"),
        ("dnif", "dnif", "dnif_fetch"),
        ("dnif-dql", "dnif_dql", "dnif_dql"),
        ("car", "car", "car"),
    )
}
"""The built-in targets by name."""


def find_targets(names: tuple[str, ...], schemas: tuple[str, ...] = ()) -> tuple[Target, ...]:
    """Return the targets of names in order, each once; ``all`` names every built-in one.

    ``schemas`` are files of the user's own: one that extends a built-in pipeline takes its place
    in every target, and any is a pipeline by its own name.

    Raises:
        UsageError: A name is no target, no ``PIPELINE/LANGUAGE`` and no ``pysigma:BACKEND``.
        ConfigurationError: A schema file cannot be read, or is not of the format.
    """
    for path in schemas:
        base = base_of(path)
        if base and base not in pipeline_names():
            raise ConfigurationError(f"schema {path}: extends: no pipeline is called `{base}`")
    own = {name_of(path): FILE + path for path in schemas}
    extended = {base: FILE + path for path in schemas if (base := base_of(path))}
    found: dict[str, Target] = {}
    for name in names:
        for one in _find(name, own):
            found[one.name] = replace(one, pipeline=extended.get(one.pipeline, one.pipeline))
    return tuple(found.values())


def _find(name: str, own: Mapping[str, str]) -> tuple[Target, ...]:
    if name == "all":
        return tuple(TARGETS.values())
    if name.startswith(PYSIGMA_PREFIX):
        from sigmaglot.pysigma_target import check_target  # noqa: PLC0415 - heavy, and rarely asked for

        check_target(name)
        return (Target(name, "", ""),)
    if "/" in name:
        return (_pair(name, own),)
    if name not in TARGETS:
        known = ", ".join((*TARGETS, "all", "PIPELINE/LANGUAGE", "pysigma:BACKEND"))
        raise UsageError(f"no target is called `{name}`; there are {known}")
    return (TARGETS[name],)


def _pair(name: str, own: Mapping[str, str]) -> Target:
    """Return the target of any pipeline and any language, written ``PIPELINE/LANGUAGE``."""
    pipeline, _, language = name.partition("/")
    for kind, one, known in (
        ("pipeline", pipeline, (*pipeline_names(), *own)),
        ("language", language, language_names()),
    ):
        if one not in known:
            raise UsageError(f"no {kind} is called `{one}`; there are {', '.join(known)}")
    return Target(name, own.get(pipeline, pipeline), language)


def language_names() -> tuple[str, ...]:
    """Return the names of the built-in and the installed languages."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, rarely needed

    installed = (point.name for point in entry_points(group=ENTRY_POINTS))
    return tuple(dict.fromkeys((*LANGUAGES, *installed)))


@cache
def load_language(name: str) -> Language:
    """Return a language by name: a built-in one, or one that an installed package brings.

    Raises:
        ConfigurationError: There is none, or its package cannot be imported.
    """
    if name in LANGUAGES:
        language = import_module(f"sigmaglot_backends.{name}").LANGUAGE
    else:
        language = _installed(name)
    if not isinstance(language, Language):
        raise ConfigurationError(f"the language `{name}` is no sigmaglot.language.Language")
    return language


def _installed(name: str) -> object:
    from importlib.metadata import entry_points  # noqa: PLC0415 - as above

    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            try:
                loaded: object = point.load()
            except (ImportError, AttributeError) as error:
                raise ConfigurationError(
                    f"the language `{name}` cannot be loaded: {error}"
                ) from error
            return loaded
    raise ConfigurationError(f"no language is called `{name}`")
