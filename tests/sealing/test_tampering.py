"""Whatever is done to a sealed log is found, and named: 200 things by chance on SQLite, and one of
each kind on PostgreSQL."""

from collections.abc import Callable
from random import Random, randrange
from typing import Any
from uuid import uuid4

from tortoise import connections

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.sealing import checkpoints
from authgate.sealing.faults import Fault
from authgate.sealing.sealer import Sealer
from authgate.sealing.verification import Report
from authgate.storage.audit import audit_events, audit_seals, sealed
from authgate.tokens.algorithms import EdDSA
from authgate.tokens.audit_seal import CHANGE, read_checkpoint
from authgate.tokens.signed_statement import StatementKey
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.server import RunningServer
from authgate_testing.tampering import Found, Log, SqliteTamperer, Tamperer

TIMES = 200


async def lived(server: RunningServer, tenant: Tenant) -> Log:
    """A log of 60 events and more, under eight seals."""
    sealer = Sealer(server.parts)
    with use_tenant(tenant):
        for batch in range(8):
            made = [
                audit.event(
                    Event.USER_UPDATED,
                    actor=Actor("user", f"id{batch}{number}", f"Person {number}"),
                    client_id="console",
                    resource=("user", f"u{number}"),
                    details={"is": {"name": f"Ä {number}", "of": [1, 2.5, None]}},
                )._replace(ip="192.0.2.1", user_agent="Browser/1", request_id=f"r{number}")
                for number in range(8)
            ]
            await audit_events.append(*made)
            await sealer.step()
        events = await sealed.following(0, limit=1000)
        return Log(events, await audit_seals.following(0, limit=100))


def names(fault: Fault) -> set[tuple[str, object]]:
    """What a fault says, by event, by place and by places."""
    return {
        (fault.kind, fault.event_id),
        (fault.kind, fault.seq),
        (fault.kind, (fault.seq, fault.until)),
    }


def is_named(expected: Found, report: Report) -> bool:
    """Whether all that was done is found, and nothing is said of an event that nobody touched."""
    told = [names(each) for each in report.faults]
    events = {each for each in expected if isinstance(each[1], str)}
    about_events = [each for each in report.faults if each.event_id]
    return all(any(one in each for each in told) for one in expected) and (
        not events or len(about_events) == len(events)
    )


@on_sqlite
async def test_au_01_02_03_04_whatever_is_done_to_a_log_is_found_and_named(
    server: RunningServer, acme: Tenant, verified: Callable[..., Any]
) -> None:
    log = await lived(server, acme)
    keys = Sealer(server.parts).keys
    with use_tenant(acme):
        kept = await checkpoints.newest(server.parts, keys)
    assert kept is not None
    checkpoint = read_checkpoint(kept, trusted=keys.thumbprints)
    sound = await verified(acme, checkpoint=checkpoint)
    assert sound.faults == []
    assert (sound.events, sound.seals) == (len(log.events), len(log.seals))
    seed = randrange(10**9)  # noqa: S311  # told where it fails
    chance, found = Random(seed), 0  # noqa: S311  # by that seed

    async def execute(statement: str, *values: object) -> None:
        numbered = statement.replace("$", "?")
        await connections.get("default").execute_query(numbered, list(values))

    for number in range(TIMES):
        tamperer = SqliteTamperer(log, execute, chance)
        with use_tenant(acme):
            async with storage.transaction() as unit:
                unit.doom()
                did, expected = await tamperer.act()
                known = checkpoint if tamperer.has_checkpoint else None
                report = await verified(acme, checkpoint=known)
                assert is_named(expected, report), (seed, number, did, expected, report.faults)
                found += 1
    assert found == TIMES
    assert (await verified(acme)).is_sound


@on_postgres
async def test_au_01_02_04_what_the_owner_of_postgresql_does_is_found_and_named(
    server: RunningServer,
    acme: Tenant,
    verified: Callable[..., Any],
    as_owner: Callable[..., Any],
) -> None:
    log = await lived(server, acme)
    assert (await verified(acme)).is_sound
    tamperer = Tamperer(log, as_owner, Random(1))  # noqa: S311  # the same each time
    expected: Found = set()
    with use_tenant(acme):
        for act in (tamperer.edit, tamperer.delete, tamperer.insert, tamperer.recompute):
            expected |= await act()
    report = await verified(acme)
    told = [names(each) for each in report.faults]
    assert all(any(one in each for each in told) for one in expected), (expected, report.faults)


@on_sqlite
async def test_au_03_what_somebody_says_of_the_log_without_its_key_excuses_nothing(
    server: RunningServer, acme: Tenant, verified: Callable[..., Any]
) -> None:
    log = await lived(server, acme)
    sealer, foreign = Sealer(server.parts), EdDSA.generate()
    last = log.seals[-1]

    async def execute(statement: str, *values: object) -> None:
        numbered = statement.replace("$", "?")
        await connections.get("default").execute_query(numbered, list(values))

    stated = {
        "iat": int(server.clock().timestamp()),
        "tenant": str(acme.id),
        "seq": last.last_seq,
        "digest": last.digest.hex(),
        "until": last.last_seq,
        "places": f"1-{last.last_seq}",
    }
    others = stated | {"digest": "00" * 32}
    own = sealer.keys.state
    with use_tenant(acme):
        for event_type, act, statement in (
            (Event.AUDIT_EVENTS_REMOVED, "pretend_retention", ""),
            (Event.AUDIT_PERSON_ERASED, "empty", ""),
            (Event.AUDIT_PERSON_ERASED, "empty", StatementKey(CHANGE, foreign).sign(stated)),
            (Event.AUDIT_PERSON_ERASED, "empty", own(others)),
            (Event.AUDIT_PERSON_ERASED, "empty", own(stated | {"tenant": str(uuid4())})),
            # Nothing goes that is as young as that.
            (Event.AUDIT_EVENTS_REMOVED, "pretend_retention", own(stated)),
        ):
            async with storage.transaction() as unit:
                unit.doom()
                details = {"until": "x", "places": f"1-{last.last_seq}", "statement": statement}
                await audit.record(event_type, actor=SYSTEM, details=details)
                await sealer.step()
                tamperer = SqliteTamperer(log, execute, Random(1))  # noqa: S311  # the same each time
                expected = await getattr(tamperer, act)()
                report = await verified(acme)
                assert is_named(expected, report), (event_type, statement, report.faults)
