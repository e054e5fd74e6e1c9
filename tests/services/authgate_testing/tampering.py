"""What somebody who owns the database could do to a sealed log, by chance, and what is to be found
of each."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from authgate.sealing.faults import Kind
from authgate.storage.audit import audit_seals, leaves
from authgate.storage.audit.audit_seals import Member, Seal
from authgate.storage.audit.sealed import SealedEvent
from authgate.tokens.algorithms import EdDSA
from authgate_tenants import current_tenant

Execute = Callable[..., Awaitable[object]]
Found = set[tuple[str, object]]
"""Kinds, each with the event that it is to name, or the places."""

_EDITS: dict[str, object] = {
    "event_type": "LOGOUT",
    "severity": "CRITICAL",
    "occurred_at": None,
    "success": False,
    "actor_type": "anonymous",
    "actor_id": "nobody",
    "client_id": "another",
    "resource_type": "group",
    "resource_id": "another",
    "request_id": "another",
    "session_id": "another",
    "actor_name": "mallory",
    "ip": "192.0.2.66",
    "user_agent": "another",
    "details": '{"role": "owner"}',
    "salt": bytes(16),
    "commitment": bytes(32),
}


class Log(NamedTuple):
    """A sealed log as it was."""

    events: Sequence[SealedEvent]
    seals: Sequence[Seal]


class Tamperer:
    """Does something to the log of the current tenant."""

    def __init__(self, log: Log, execute: Execute, chance: random.Random) -> None:
        self._log = log
        self._execute = execute
        self._chance = chance
        self.has_checkpoint = False
        """Whether what was done is to be found by a checkpoint that was kept."""
        self.acts: Sequence[Callable[[], Awaitable[Found]]] = (
            self.edit,
            self.edit,
            self.edit,
            self.edit_with_commitment,
            self.delete,
            self.delete,
            self.insert,
            self.replace,
            self.swap,
            self.rotate,
            self.unseal,
            self.empty,
            self.edit_seal,
            self.delete_seal,
            self.cut,
            self.cut,
            self.recompute,
            self.pretend_retention,
        )

    async def act(self) -> tuple[str, Found]:
        """Do one of them; its name, and what is to be found."""
        act = self._chance.choice(self.acts)
        return act.__name__, await act()

    async def edit(self) -> Found:
        event = self._event()
        column, value = self._chance.choice([*_EDITS.items()])
        if column == "occurred_at":
            await self._set(event, "occurred_at = $1", self._earlier(event))
        else:
            await self._set(event, f"{column} = $1", value)
        return {(Kind.EDITED, event.event.id)}

    async def edit_with_commitment(self) -> Found:
        event = self._event()
        changed = event.event._replace(actor_name="mallory")
        salt = self._chance.randbytes(16)
        await self._set(event, "actor_name = $1", "mallory")
        await self._set(event, "salt = $1", salt)
        await self._set(event, "commitment = $1", changed.commitment(salt))
        return {(Kind.EDITED, event.event.id)}

    async def delete(self) -> Found:
        first = self._chance.randrange(len(self._log.events))
        gone = self._log.events[first : first + self._chance.randint(1, 5)]
        for each in gone:
            await self._remove(each)
        return {(Kind.DELETED, each.event.id) for each in gone}

    async def insert(self) -> Found:
        event_id = await self._copy(self._event(), self._log.events[-1].seq + 1)
        return {(Kind.INSERTED, event_id)}

    async def replace(self) -> Found:
        gone, model = self._some(2)
        await self._remove(gone)
        event_id = await self._copy(model, gone.seq)
        return {(Kind.DELETED, gone.event.id), (Kind.INSERTED, event_id)}

    async def swap(self) -> Found:
        return await self._turn(self._some(2))

    async def rotate(self) -> Found:
        return await self._turn(self._some(self._chance.randint(3, 6)))

    async def unseal(self) -> Found:
        event = self._event()
        await self._set(event, "seq = $1", None)
        return {(Kind.DELETED, event.event.id)}

    async def empty(self) -> Found:
        event = self._event()
        for column in ("actor_name", "ip", "user_agent"):
            await self._set(event, f"{column} = $1", "")
        await self._set(event, "details = $1", "{}")
        await self._set(event, "salt = $1", None)
        await self._set(event, "erased_at = occurred_at")
        return {(Kind.EDITED, event.seq)}

    async def edit_seal(self) -> Found:
        seal = self._chance.choice(self._log.seals)
        column = self._chance.choice(["root", "previous", "digest", "members", "newest_at"])
        if column == "newest_at":
            await self._execute(
                "UPDATE audit_seals SET newest_at = sealed_at WHERE tenant_id = $1"
                " AND first_seq = $2",
                self._tenant(),
                seal.first_seq,
            )
        else:
            value = self._chance.randbytes(len(getattr(seal, column)))
            await self._set_seal(seal, column, value)
        return {(Kind.SEAL_EDITED, (seal.first_seq, seal.last_seq))}

    async def delete_seal(self) -> Found:
        seal = self._chance.choice(self._log.seals[:-1])
        await self._remove_seal(seal)
        return {(Kind.SEALS_MISSING, (seal.first_seq, seal.last_seq))}

    async def cut(self) -> Found:
        self.has_checkpoint = True
        keep = self._chance.randrange(len(self._log.seals))
        last = self._log.seals[keep - 1].last_seq if keep else 0
        for seal in self._log.seals[keep:]:
            await self._remove_seal(seal)
        for each in self._log.events:
            if each.seq > last:
                await self._remove(each)
        return {(Kind.TAIL_CUT, (last + 1, self._log.events[-1].seq))}

    async def recompute(self) -> Found:
        """Change an event, and make all seals anew from there on, but for the signature."""
        event, key = self._event(), EdDSA.generate()
        changed = event.event._replace(actor_id="nobody")
        await self._set(event, "actor_id = $1", "nobody")
        previous: bytes | None = None
        first = 0
        for seal in self._log.seals:
            if seal.last_seq < event.seq:
                continue
            first = first or seal.first_seq
            members = [
                Member(each.hex, changed.leaf(event.commitment)) if each.id == changed.id else each
                for each in seal.each()
            ]
            anew = replace(
                seal,
                members=audit_seals.members_of(members),
                root=leaves.root([each.leaf for each in members]),
                previous=previous or seal.previous,
            )
            previous = anew.digest_for(current_tenant().id)
            values = {
                "members": anew.members,
                "root": anew.root,
                "previous": anew.previous,
                "digest": previous,
                "signature": key.sign(previous),
            }
            for column, value in values.items():
                await self._set_seal(seal, column, value)
        return {(Kind.FORGED, (first, self._log.seals[-1].last_seq))}

    async def pretend_retention(self) -> Found:
        seal = self._log.seals[0]
        for each in self._log.events[: seal.count]:
            await self._remove(each)
        await self._execute(
            "UPDATE audit_seals SET removed_at = sealed_at, members = $3 WHERE tenant_id = $1"
            " AND first_seq = $2",
            self._tenant(),
            seal.first_seq,
            b"",
        )
        return {(Kind.DELETED, (1, seal.last_seq))}

    def _event(self) -> SealedEvent:
        return self._chance.choice(self._log.events)

    def _some(self, count: int) -> list[SealedEvent]:
        return self._chance.sample(self._log.events, count)

    def _earlier(self, event: SealedEvent) -> Any:
        moment = audit_seals.moment(event.event.occurred_at) - timedelta(microseconds=1)
        return self._value(moment)

    async def _turn(self, events: Sequence[SealedEvent]) -> Found:
        for each in events:
            await self._set(each, "seq = $1", -each.seq)
        for each, other in zip(events, [*events[1:], events[0]], strict=True):
            await self._set(each, "seq = $1", other.seq)
        return {(Kind.REORDERED, each.event.id) for each in events}

    async def _copy(self, event: SealedEvent, seq: int) -> str:
        event_id = str(uuid4())
        columns = ", ".join(each for each in leaves.COLUMNS if each not in ("id", "actor_id"))
        await self._execute(
            f"INSERT INTO audit_events (tenant_id, id, seq, actor_id, salt, commitment, {columns})"  # noqa: S608
            f" SELECT tenant_id, $1, $2, 'nobody', salt, commitment, {columns} FROM audit_events"
            " WHERE id = $3",
            self._value(UUID(event_id)),
            seq,
            self._value(UUID(event.event.id)),
        )
        return event_id

    async def _set(self, event: SealedEvent, what: str, *values: object) -> None:
        number = len(values) + 1
        await self._execute(
            f"UPDATE audit_events SET {what} WHERE id = ${number}",  # noqa: S608
            *values,
            self._value(UUID(event.event.id)),
        )

    async def _remove(self, event: SealedEvent) -> None:
        await self._execute(
            "DELETE FROM audit_events WHERE id = $1", self._value(UUID(event.event.id))
        )

    async def _set_seal(self, seal: Seal, column: str, value: bytes) -> None:
        await self._execute(
            f"UPDATE audit_seals SET {column} = $3 WHERE tenant_id = $1 AND first_seq = $2",  # noqa: S608
            self._tenant(),
            seal.first_seq,
            value,
        )

    async def _remove_seal(self, seal: Seal) -> None:
        await self._execute(
            "DELETE FROM audit_seals WHERE tenant_id = $1 AND first_seq = $2",
            self._tenant(),
            seal.first_seq,
        )

    def _tenant(self) -> Any:
        return self._value(current_tenant().id)

    def _value(self, value: Any) -> Any:
        return value


class SqliteTamperer(Tamperer):
    """The same on SQLite, where ids and moments are texts."""

    def _value(self, value: Any) -> Any:
        return value.isoformat(sep=" ") if hasattr(value, "isoformat") else str(value)
