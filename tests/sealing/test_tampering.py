"""Whatever is done to a sealed log is found, and named: 200 things by chance on SQLite, and one of
each kind on PostgreSQL."""

from collections.abc import Callable
from random import Random, randrange
from typing import Any
from uuid import uuid4

from tortoise import connections

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import key_encryption_keys
from authgate.sealing import checkpoints
from authgate.sealing.faults import Fault, Kind
from authgate.sealing.sealer import Sealer
from authgate.sealing.verification import Report
from authgate.storage.audit import audit_events, audit_seals, sealed
from authgate.tokens.algorithms import EdDSA
from authgate.tokens.audit_seal import CHANGE, SealKeys, read_checkpoint
from authgate.tokens.signed_statement import StatementKey
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.key_encryption import KeyEncryptionKey
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
                await Sealer(server.parts).step()
                tamperer = SqliteTamperer(log, execute, Random(1))  # noqa: S311  # the same each time
                expected = await getattr(tamperer, act)()
                report = await verified(acme)
                assert is_named(expected, report), (event_type, statement, report.faults)


@on_sqlite
async def test_au_03_a_past_that_was_edited_to_be_sealed_anew_is_found(
    server: RunningServer, acme: Tenant, verified: Callable[..., Any], as_owner: Callable[..., Any]
) -> None:
    log = await lived(server, acme)
    sealer = Sealer(server.parts)

    async def happens() -> None:
        with use_tenant(acme):
            await audit.record(Event.LOGOUT, actor=SYSTEM)
            await sealer.step()

    # Another process cannot be made to keep silent about how far the log has come.
    await as_owner("UPDATE audit_seals SET checkpoint_at = $1", "2999-01-01 00:00:00+00:00")
    for _ in range(2):
        await happens()
    assert (await verified(acme)).is_sound
    with use_tenant(acme):
        assert await audit_events.of_type("AUDIT_CHECKPOINT")
        last = await audit_seals.newest()
    assert last is not None
    cut = log.seals[3].first_seq
    for who, kind, until, broken in (
        (Sealer(server.parts), Kind.REWRITTEN, last.first_seq - 1, []),
        (sealer, Kind.SEALS_MISSING, last.last_seq, [{"until": cut - 1, "seen": last.last_seq}]),
    ):
        with use_tenant(acme):
            async with storage.transaction() as unit:
                unit.doom()
                await as_owner("DELETE FROM audit_seals WHERE first_seq >= $1", cut)
                await as_owner(
                    "UPDATE audit_events SET seq = NULL, salt = NULL, commitment = NULL,"
                    " actor_name = 'mallory' WHERE seq >= $1",
                    cut,
                )
                assert await who.step()
                [fault, *_] = [e for e in (await verified(acme)).faults if e.kind is kind]
                told = await audit_events.of_type("AUDIT_LOG_BROKEN")
        assert fault.until == until
        assert [each.details for each in told] == broken


@on_sqlite
async def test_what_was_said_by_a_former_key_is_believed_up_to_where_the_present_one_vouches_for_it(
    server: RunningServer, acme: Tenant, verified: Callable[..., Any]
) -> None:
    log = await lived(server, acme)
    former, known, present, alone = (Sealer(server.parts) for _ in range(4))
    [kek, *_] = key_encryption_keys(server.parts.settings.keys, may_create=False)
    following = KeyEncryptionKey("next", bytes(range(32)))
    known.keys, present.keys = SealKeys.of([kek, following]), SealKeys.of([following, kek])
    alone.keys = SealKeys.of([following])
    stated = {
        "iat": 0,
        "tenant": str(acme.id),
        "seq": log.seals[-1].last_seq,
        "digest": log.seals[-1].digest.hex(),
    }

    async def say(place: int) -> None:
        statement = former.keys.state(stated | {"places": str(place)})
        await audit.record(
            Event.AUDIT_PERSON_ERASED, actor=SYSTEM, details={"statement": statement}
        )

    async def execute(statement: str, *values: object) -> None:
        numbered = statement.replace("$", "?")
        await connections.get("default").execute_query(numbered, list(values))

    tamperer = SqliteTamperer(log, execute, Random(1))  # noqa: S311  # the same each time
    with use_tenant(acme):
        [(_, place)] = await tamperer.empty()
        await say(int(str(place)))
        assert await former.step()
        await audit.record(Event.LOGOUT, actor=SYSTEM)
        for each in (known, former, present, known, present):
            await audit.record(Event.LOGOUT, actor=SYSTEM)
            assert await each.step()
        await audit.record(Event.LOGOUT, actor=SYSTEM)
        await known.step()
        await present.take_over()
        await audit.record(Event.LOGOUT, actor=SYSTEM)
        await alone.step()
        assert await audit_events.of_type("AUDIT_LOG_BROKEN") == []
        trusted = {present.keys.present.thumbprint}
        assert (await verified(acme, trusted=trusted)).faults == []
        [(_, place)] = await SqliteTamperer(log, execute, Random(2)).empty()  # noqa: S311  # as above
        await say(int(str(place)))
        assert await present.step()
        [fault] = (await verified(acme, trusted=trusted)).faults
    assert (fault.kind, fault.seq) == (Kind.EDITED, place)
