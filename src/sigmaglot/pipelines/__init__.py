"""The schemas: typed data in YAML, and the rewrites that it names."""

from sigmaglot.pipelines.bind import bind, entry_of
from sigmaglot.pipelines.find import recording_of
from sigmaglot.pipelines.load import load_pipeline, parse_pipeline, pipeline_names
from sigmaglot.pipelines.model import Entry, Pipeline, Recording

__all__ = [
    "Entry",
    "Pipeline",
    "Recording",
    "bind",
    "entry_of",
    "load_pipeline",
    "parse_pipeline",
    "pipeline_names",
    "recording_of",
]
