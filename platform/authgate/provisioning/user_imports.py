"""How people come by a file: each line somebody who is new, or what is said of somebody here.

All that a line does is one savepoint, and so many lines are one transaction with how far the file
has come: whoever is killed has done whole batches, and another one goes on behind them. To go
through a file for trial does the same and undoes it.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.jobs import ImportUsers, port
from authgate.languages import text
from authgate.live import Kind
from authgate.provisioning import import_lines
from authgate.provisioning.roles import Authority
from authgate.storage.people import user_imports
from authgate.storage.people.user_imports import (
    MOST,
    MOST_AT_ONCE,
    MOST_LINES,
    ImportState,
    Line,
    LineOutcome,
    LineTaken,
    UserImport,
)
from authgate.storage.people.usernames import LONGEST_NAME, BadUsername, canonical
from authgate.storage.people.users import LONGEST_EMAIL
from authgate.telemetry import metrics
from authgate_tenants import current_tenant

__all__ = ["LineTaken", "TooManyImports", "TooManyLines", "UnfitImport", "UnknownImport"]

_SECONDS = 50.0
"""How long a job goes on; another one goes on then."""
SILENCE = timedelta(seconds=20)
"""Whoever has not gone on for so long does not any more."""


class UnknownImport(LookupError):
    """The tenant has no such file, or has it no longer."""


class UnfitImport(ValueError):
    """It cannot be done with this file now. The text may be told."""


class TooManyImports(UnfitImport):
    """There are as many files as there may be."""


class TooManyLines(UnfitImport):
    """The file is longer than any may be."""


class NotTheirs(UnfitImport):
    """Somebody else has begun it: what it says is done in their name."""


class _Undone(Exception):
    """It was for trial."""


async def begin(parts: Installation, columns: Sequence[str], *, by: Authority) -> UserImport:
    """A file with these columns is to come. Raises ``UnfitImport``."""
    import_lines.check_columns(columns)
    async with storage.transaction():
        if await user_imports.count(now=parts.clock()) >= MOST:
            raise TooManyImports(
                text("There are %(most)s files already: they go after three days.", most=MOST)
            )
        return await user_imports.begin(
            columns=columns,
            by=(by.actor.type, by.actor.id, by.actor.name or by.actor.id or by.actor.type),
            role=by.role,
            now=parts.clock(),
        )


def is_of(known: UserImport, by: Authority) -> bool:
    """Whether it is they who have begun a file: nobody else adds to it, or has it done."""
    beginner = (known.requester_type, known.requester_id)
    return beginner == (by.actor.type, by.actor.id[: user_imports.LONGEST_REQUESTER])


async def receive(
    parts: Installation,
    import_id: UUID,
    lines: Sequence[tuple[int, Mapping[str, str]]],
    *,
    by: Authority,
) -> UserImport:
    """Keep some more lines: their numbers, and their cells by column. Raises ``UnknownImport``,
    ``UnfitImport`` and ``LineTaken``."""
    async with storage.savepoint():
        known = await _held(parts, import_id, by=by)
        if known.state is not ImportState.RECEIVING:
            raise UnfitImport(text("The file is whole: begin another one."))
        if known.lines + len(lines) > MOST_LINES:
            raise TooManyLines(text("A file has at most %(most)s lines.", most=MOST_LINES))
        for _, cells in lines:
            if cells.keys() - set(known.columns):
                raise UnfitImport(text("A line has a column that was not named at the beginning."))
        await user_imports.receive(known, [_line(number, cells) for number, cells in lines])
    return await found(parts, import_id)


async def start(
    parts: Installation, import_id: UUID, *, dry_run: bool, by: Authority
) -> UserImport:
    """Have a file gone through that is whole, or was gone through for trial.

    Where nobody takes jobs it is gone through here. Raises ``UnknownImport`` and ``UnfitImport``.
    """
    async with storage.transaction():
        known = await _held(parts, import_id, by=by)
        if known.state is not ImportState.RECEIVING and not known.is_tried:
            raise UnfitImport(text("The file is gone through, or was."))
        await user_imports.change(
            import_id,
            state=ImportState.WORKING,
            dry_run=dry_run,
            position=0,
            **dict.fromkeys(_COUNTED, 0),
            requester_role=by.role,
            touched_at=parts.clock(),
        )
        if not dry_run:
            await _record(known, by.actor, {"lines": known.lines})
        await _hint(import_id)
    if not port.is_served():
        await work(parts, import_id, seconds=None)
    return await found(parts, import_id)


async def found(parts: Installation, import_id: UUID) -> UserImport:
    """The file as it is; where nobody has gone on with it for long, somebody does. Raises
    ``UnknownImport``."""
    now = parts.clock()
    known = await user_imports.find(import_id, now=now)
    if known is None:
        raise UnknownImport(str(import_id))
    silent = now - known.touched_at > SILENCE
    if known.state is ImportState.WORKING and silent:
        await _hint(import_id)
    return known


async def take_up(parts: Installation) -> None:
    """Have those files of the current tenant gone on with that nobody does any more, or that no job
    came for."""
    for import_id in await user_imports.silent(since=parts.clock() - SILENCE, now=parts.clock()):
        await _hint(import_id)


async def work(parts: Installation, import_id: UUID, *, seconds: float | None = _SECONDS) -> None:
    """Go on with a file in the scope of its tenant, batch by batch."""
    end = None if seconds is None else time.monotonic() + seconds
    while await _batch(parts, import_id):
        if end is not None and time.monotonic() > end:
            await _hint(import_id)
            return


async def _batch(parts: Installation, import_id: UUID) -> bool:
    """Go through the next lines; whether there are more."""
    async with storage.transaction():
        known = await user_imports.held(import_id, now=parts.clock())
        if known is None or known.state is not ImportState.WORKING:
            return False
        waiting = await user_imports.following(known, most=MOST_AT_ONCE)
        await parts.newsroom.publish(Kind.USER_IMPORT, import_id)
        if not waiting:
            await _end(known)
            return False
        done = await _gone_through(parts, known, waiting)
        await user_imports.settle(known, done)
        outcomes = [each.outcome for each in done]
        counts = {
            name: getattr(known, name) + outcomes.count(kind) for name, kind in _COUNTED.items()
        }
        await user_imports.change(
            known.id, position=done[-1].number, touched_at=parts.clock(), **counts
        )
    for each in outcomes if not known.dry_run else ():
        metrics.user_selections.add("import", each)
    return True


_COUNTED = {
    "created": LineOutcome.CREATED,
    "changed": LineOutcome.CHANGED,
    "unchanged": LineOutcome.UNCHANGED,
    "refused": LineOutcome.REFUSED,
}


async def _gone_through(
    parts: Installation, known: UserImport, lines: Sequence[Line]
) -> list[Line]:
    done: list[Line] = []
    try:
        async with storage.savepoint():
            await import_lines.hold(known, lines)
            done += [await import_lines.gone_through(parts, known, each) for each in lines]
            if known.dry_run:
                raise _Undone
    except _Undone:
        pass
    return done


async def _end(known: UserImport) -> None:
    await user_imports.change(known.id, state=ImportState.DONE)
    if not known.dry_run:
        actor = Actor(known.requester_type, known.requester_id, known.requested_by)
        await _record(known, actor, {name: getattr(known, name) for name in _COUNTED})


async def _record(known: UserImport, actor: Actor, details: Mapping[str, int]) -> None:
    await audit.record(
        Event.USERS_IMPORTED, actor=actor, resource=("user-import", str(known.id)), details=details
    )


async def _hint(import_id: UUID) -> None:
    job = ImportUsers(str(import_id))
    await storage.after_commit(partial(port.hint, job, tenant_id=current_tenant().id))


async def _held(parts: Installation, import_id: UUID, *, by: Authority) -> UserImport:
    known = await user_imports.held(import_id, now=parts.clock())
    if known is None:
        raise UnknownImport(str(import_id))
    if not is_of(known, by):
        raise NotTheirs(
            text(
                "%(requested_by)s has begun this file: begin one of your own.",
                requested_by=known.requested_by,
            )
        )
    return known


def _line(number: int, cells: Mapping[str, str]) -> Line:
    said = {name: text.strip() for name, text in cells.items()}
    username = _plain(said.get("username", ""), LONGEST_NAME)
    return Line(number, said, username, _plain(said.get("email", ""), LONGEST_EMAIL))


def _plain(text: str, longest: int) -> str:
    """In the one spelling; what cannot be is found to be so when its turn comes."""
    try:
        return canonical(text)[:longest] if text else ""
    except BadUsername:
        return ""
