"""A folder for each tenant, and in it files for each day on which something happened (UTC).

Where all of them are is for the operator of the installation to say, in the environment: a tenant
says nothing of it. What is written is on the disk before anybody is told that it was.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count, groupby

from authgate.plugin_api import AuditEvent, EventFormat, formatted

FOLDER = "AUDIT_JSONL_FOLDER"
"""The variable that names the folder, which has to be there."""

FORMAT = "AUDIT_JSONL_FORMAT"
"""The variable that says what events are written as: ``plain`` where it says nothing."""

MOST_BYTES = 100_000_000
"""A day's file that is as large is followed by another one."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_A_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PIECE = 1 << 18
"""Bytes that are read at the end of a file, for what was written last: more than a batch has."""


class FolderNotNamed(RuntimeError):
    """The operator has said nowhere where the files are."""


class FormatNotKnown(RuntimeError):
    """The operator has named a format that there is not."""


def append(events: Sequence[AuditEvent]) -> None:
    """Add a tenant's events to its files. Raises ``FolderNotNamed``, ``FormatNotKnown`` and
    ``OSError``."""
    form = os.environ.get(FORMAT) or EventFormat.PLAIN
    if form not in set(EventFormat):
        raise FormatNotKnown
    with _folder_of(events[0].tenant) as folder:
        for day, of_day in groupby(events, key=lambda each: f"{each.occurred_at:%Y-%m-%d}"):
            with _file(_name(day, folder), folder) as file:
                _add(list(of_day), file, form)
        os.fsync(folder)  # the names of new files


@contextmanager
def _folder_of(tenant: str) -> Iterator[int]:
    """The folder, which nobody else writes into meanwhile."""
    named = os.environ.get(FOLDER)
    if not named:
        raise FolderNotNamed
    if not _SLUG.fullmatch(tenant):
        raise ValueError("no name of a folder")
    with ExitStack() as stack:
        above = os.open(named, _A_FOLDER)
        stack.callback(os.close, above)
        with suppress(FileExistsError):
            os.mkdir(tenant, mode=0o700, dir_fd=above)
            os.fsync(above)
        folder = os.open(tenant, _A_FOLDER | os.O_NOFOLLOW, dir_fd=above)
        stack.callback(os.close, folder)
        # A file, since a network's file system locks no folder. Who finds it taken is told again
        # later: nothing here waits for somebody who hangs.
        lock = stack.enter_context(_file(".lock", folder))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder


def _name(day: str, folder: int) -> str:
    """The day's file that has room."""
    for number in count():
        name = f"{day}.{number}.jsonl" if number else f"{day}.jsonl"
        try:
            if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size < MOST_BYTES:
                return name
        except FileNotFoundError:
            return name
    raise AssertionError  # numbers do not end


@contextmanager
def _file(name: str, folder: int) -> Iterator[int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, mode=0o600, dir_fd=folder)
    try:
        yield file
    finally:
        os.close(file)


def _add(events: Sequence[AuditEvent], file: int, form: str) -> None:
    end = _end_of_lines(file)
    os.ftruncate(file, end)
    begin = max(0, end - _PIECE)
    # What was told again after a crash, and is there already.
    known = set(_ids(os.pread(file, end - begin, begin)))
    lines = b"".join(_line(each, form) for each in events if each.id not in known)
    while lines:
        lines = lines[os.write(file, lines) :]
    os.fsync(file)


def _end_of_lines(file: int) -> int:
    """Where the last whole line ends: behind it is what somebody wrote who was killed."""
    end = os.fstat(file).st_size
    while end:
        begin = max(0, end - _PIECE)
        found = os.pread(file, end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _ids(lines: bytes) -> Iterator[object]:
    """Which events these are, whatever they are written as: the first may be a part of one."""
    for each in lines.splitlines():
        with suppress(ValueError, LookupError, TypeError):
            said = json.loads(each)
            if "@timestamp" in said:
                yield said["event"]["id"]
            elif "metadata" in said:
                yield said["metadata"]["uid"]
            else:
                yield said["id"]


def _line(event: AuditEvent, form: str) -> bytes:
    said = formatted(event, form)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
