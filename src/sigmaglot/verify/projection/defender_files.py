"""Defender's rows of files, of loaded images and of drivers.

Sources: as `defender_rows`. In exported rows a path has the file's name where a file was created,
renamed or loaded, and lacks it where one was deleted, and for the name before a renaming. Those of
drivers and of changed times are not among them; they are taken to be whole.
"""

from __future__ import annotations

from sigmaglot.verify.projection.common import Event, Project, Record
from sigmaglot.verify.projection.defender_rows import (
    acting,
    hashes,
    parted_path,
    row,
    whole_path,
)


def _created(event: Event) -> Record:
    path = whole_path(event.get("TargetFilename"))
    return row("FileCreated", event, {**path, **hashes(event)}) | acting(event)


def _deleted(event: Event) -> Record:
    path = parted_path(event.get("TargetFilename"))
    return row("FileDeleted", event, {**path, **hashes(event)}) | acting(event)


def _renamed(event: Event) -> Record:
    paths = {
        **whole_path(event.get("TargetFilename")),
        **parted_path(event.get("SourceFilename"), "Previous"),
    }
    return row("FileRenamed", event, paths) | acting(event)


def _changed(event: Event) -> Record:
    path = whole_path(event.get("TargetFilename"))
    return row("FileTimestampModificationEvent", event, path) | acting(event)


def _image(event: Event) -> Record:
    path = whole_path(event.get("ImageLoaded"))
    return row("ImageLoaded", event, {**path, **hashes(event)}) | acting(event)


def _driver(event: Event) -> Record:
    path = whole_path(event.get("ImageLoaded"))
    return row("DriverLoad", event, {**path, **hashes(event)})


FILES: dict[str, Project] = {
    "file_event": _created,
    "file_executable_detected": _created,
    "file_delete": _deleted,
    "file_delete_detected": _deleted,
    "file_rename": _renamed,
    "file_change": _changed,
    "image_load": _image,
    "driver_load": _driver,
}
