"""The life of signing keys, in the database: made, rotated, revoked, ended."""

import asyncio
import base64
import json
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from authgate.audit import SYSTEM
from authgate.settings import DatabaseSettings
from authgate.storage import transaction
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.invalidation import Invalidations
from authgate.storage.keys import signing_keys
from authgate.storage.keys.signing_key_steps import SigningKeyStep
from authgate.storage.keys.signing_keys import KeyState, NewKey, SigningKey
from authgate.storage.shared_cache import SharedCache
from authgate.tokens.algorithms import ES256
from authgate.tokens.imported_key import ImportedKey
from authgate.tokens.key_set import KeySet
from authgate.tokens.keys import KeysChanged, NoSigningKey, SigningKeys, UnknownKey
from authgate.tokens.verifier import AccessToken, InvalidToken, TokenVerifier
from authgate_tenants import Plan, lifecycle
from authgate_tenants.encryption import SealBroken, TenantCipher, TenantEncryption
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_tenants.models import TenantDataKey
from authgate_tenants.scope import Tenant, use_tenant
from authgate_tenants.setting_caps import within
from authgate_tenants.settings import SigningAlgorithm

_DAY = timedelta(days=1)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def kek() -> KeyEncryptionKey:
    return KeyEncryptionKey.from_text(base64.b64encode(os.urandom(32)).decode())


@pytest.fixture
def invalidations() -> Invalidations:
    return Invalidations()


@pytest.fixture
def process(
    database: DatabaseSettings,
    kek: KeyEncryptionKey,
    clock: Clock,
    invalidations: Invalidations,
) -> Callable[[], SigningKeys]:
    """The keys as one more process knows them; all are told of changes."""

    def process() -> SigningKeys:
        cache = SharedCache[KeySet]("signing_keys", invalidations, size=10, ttl=3600.0)
        return SigningKeys(encryption=TenantEncryption([kek]), cache=cache, clock=clock)

    return process


@pytest.fixture
def keys(process: Callable[[], SigningKeys]) -> SigningKeys:
    return process()


@pytest.fixture
def tenant(acme: Tenant) -> Iterator[Tenant]:
    """A tenant without keys, in whose scope the test is."""
    with use_tenant(replace(acme, id=uuid4())) as tenant:
        yield tenant


async def _kids(keys: SigningKeys) -> list[str]:
    return [jwk["kid"] for jwk in json.loads((await keys.jwks()).body)["keys"]]


async def _states() -> dict[str, KeyState]:
    return {row.kid: row.state for row in await signing_keys.every()}


async def _signed(keys: SigningKeys, tenant: Tenant, clock: Clock) -> str:
    now = int(clock().timestamp())
    claims = {"iss": tenant.issuer, "aud": tenant.issuer, "sub": "a", "client_id": "c"}
    times = {"iat": now, "exp": now + 3600, "jti": str(uuid4()), "type": "access"}
    return await (await keys.signer("ES256")).sign(claims | times)


async def _believed(keys: SigningKeys, token: str, clock: Clock) -> AccessToken:
    return await TokenVerifier(keys=keys, clock=clock).verify(token)


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_a_new_tenant_has_a_key_that_signs_and_one_that_waits(
    algorithm: SigningAlgorithm, keys: SigningKeys, tenant: Tenant
) -> None:
    await keys.ensure(algorithm)
    active, pending = await _kids(keys)
    assert await _states() == {active: KeyState.ACTIVE, pending: KeyState.PENDING}
    assert (await keys.signer(algorithm)).kid == active


async def test_a_shared_secret_signs_and_is_not_published(
    keys: SigningKeys, tenant: Tenant
) -> None:
    await keys.ensure("HS256")
    assert (await keys.signer("HS256")).algorithm == "HS256"
    assert await _kids(keys) == []


async def test_no_key_is_called_what_passes_for_an_option(
    keys: SigningKeys, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``authgate keys revoke -nQi6…`` was refused for one key in 64."""
    made = (ES256.generate() for _ in count())
    dashed = next(key for key in made if key.thumbprint().startswith("-"))
    following = iter([dashed, *(ES256.generate() for _ in range(400))])
    monkeypatch.setattr(ES256, "generate", staticmethod(lambda: next(following)))
    await keys.ensure("ES256")
    assert dashed.thumbprint() not in await _kids(keys)
    assert len(await _kids(keys)) == 2


async def test_asking_again_makes_no_more_keys(keys: SigningKeys, tenant: Tenant) -> None:
    await keys.ensure("ES256")
    before = await _states()
    await keys.ensure("ES256")
    assert await _states() == before


async def test_asking_many_times_at_once_makes_two_keys(
    process: Callable[[], SigningKeys], tenant: Tenant
) -> None:
    await asyncio.gather(*(process().ensure("ES256") for _ in range(10)))
    assert sorted((await _states()).values()) == [KeyState.ACTIVE, KeyState.PENDING]


async def test_without_keys_there_is_no_signer(keys: SigningKeys, tenant: Tenant) -> None:
    with pytest.raises(NoSigningKey):
        await keys.signer("ES256")
    assert await _kids(keys) == []


async def test_a_rotation_moves_every_key_on_and_makes_the_next(
    keys: SigningKeys, tenant: Tenant
) -> None:
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    rotation = await keys.rotate("ES256", actor=SYSTEM)
    assert rotation
    assert (rotation.retiring, rotation.active) == (first, second)
    assert await _kids(keys) == [second, rotation.pending, first]
    assert (await keys.signer("ES256")).kid == second


async def test_a_rotation_reaches_every_process(
    process: Callable[[], SigningKeys], tenant: Tenant
) -> None:
    here, there = process(), process()
    await here.ensure("ES256")
    _, second = await _kids(there)
    await here.rotate("ES256", actor=SYSTEM)
    assert (await there.signer("ES256")).kid == second


async def test_ky_05_tokens_signed_before_a_rotation_stay_good(
    keys: SigningKeys, tenant: Tenant, clock: Clock
) -> None:
    await keys.ensure("ES256")
    known = set(await _kids(keys))
    for _ in range(3):
        token = await _signed(keys, tenant, clock)
        assert (await keys.signer("ES256")).kid in known  # clients have seen it before
        known = set(await _kids(keys))
        await keys.rotate("ES256", actor=SYSTEM)
        await _believed(keys, token, clock)


async def test_ky_05_who_has_not_heard_of_a_rotation_looks_before_it_refuses(
    process: Callable[[], SigningKeys],
    tenant: Tenant,
    clock: Clock,
    kek: KeyEncryptionKey,
) -> None:
    elsewhere = SharedCache[KeySet]("signing_keys", Invalidations(), size=9, ttl=3600.0)
    deaf = SigningKeys(encryption=TenantEncryption([kek]), cache=elsewhere, clock=clock)
    await process().ensure("ES256")
    _, second = await _kids(deaf)
    assert second not in (await deaf.key_set(verifying=second)).verification_keys
    await process().rotate("ES256", actor=SYSTEM)
    assert second in (await deaf.key_set(verifying=second)).verification_keys
    assert (await deaf.signer("ES256")).kid != second


async def test_ky_06_rotations_at_once_make_one_new_key(
    process: Callable[[], SigningKeys], tenant: Tenant
) -> None:
    keys = process()
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    rotations = [process().rotate("ES256", actor=SYSTEM, replacing=first) for _ in range(10)]
    done = [rotation for rotation in await asyncio.gather(*rotations) if rotation]
    assert len(done) == 1
    assert await _states() == {
        first: KeyState.RETIRING,
        second: KeyState.ACTIVE,
        done[0].pending: KeyState.PENDING,
    }


async def test_ky_06_a_rotation_that_comes_late_changes_nothing(
    keys: SigningKeys, tenant: Tenant
) -> None:
    await keys.ensure("ES256")
    first, _ = await _kids(keys)
    await keys.rotate("ES256", actor=SYSTEM, replacing=first)
    before = await _states()
    assert await keys.rotate("ES256", actor=SYSTEM, replacing=first) is None
    assert await _states() == before


async def test_a_rotation_leaves_other_algorithms_alone(keys: SigningKeys, tenant: Tenant) -> None:
    await keys.ensure("ES256")
    await keys.ensure("EdDSA")
    before = (await keys.signer("EdDSA")).kid
    await keys.rotate("ES256", actor=SYSTEM)
    assert (await keys.signer("EdDSA")).kid == before


async def test_a_rotation_that_is_rolled_back_has_not_happened(
    keys: SigningKeys, tenant: Tenant
) -> None:
    await keys.ensure("ES256")
    before = await _kids(keys)

    async def failing() -> None:
        async with transaction():
            await keys.rotate("ES256", actor=SYSTEM)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert await _kids(keys) == before
    assert (await keys.signer("ES256")).kid == before[0]


async def test_nobody_is_told_of_a_change_before_it_is_committed(
    keys: SigningKeys, tenant: Tenant, invalidations: Invalidations
) -> None:
    await keys.ensure("ES256")
    told: list[UUID | None] = []
    invalidations.subscribe("signing_keys", lambda tenant_id, *_: told.append(tenant_id))
    async with transaction():
        await keys.rotate("ES256", actor=SYSTEM)
        assert told == []
    assert told == [tenant.id]


async def test_a_retired_key_ends_after_its_last_token_and_not_before(
    process: Callable[[], SigningKeys], tenant: Tenant, clock: Clock
) -> None:
    await process().ensure("ES256")
    rotation = await process().rotate("ES256", actor=SYSTEM)
    assert rotation
    clock.now += 14 * _DAY - timedelta(seconds=1)
    assert rotation.retiring in await _kids(process())
    clock.now += timedelta(seconds=1)
    assert rotation.retiring not in await _kids(process())


@pytest.mark.parametrize(
    "lifetime", ["access_token_lifetime", "client_credentials_lifetime", "id_token_lifetime"]
)
async def test_a_retired_key_outlives_the_longest_token(
    process: Callable[[], SigningKeys], acme: Tenant, clock: Clock, lifetime: str
) -> None:
    patient = acme.settings.changed({lifetime: 40 * 86400})
    with use_tenant(replace(acme, id=uuid4(), settings=patient)):
        await process().ensure("ES256")
        rotation = await process().rotate("ES256", actor=SYSTEM)
        assert rotation
        clock.now += 40 * _DAY
        assert rotation.retiring in await _kids(process())
        clock.now += timedelta(hours=1)
        assert rotation.retiring not in await _kids(process())


async def test_ky_04_jw_19_a_revoked_key_is_out_at_once_and_everywhere(
    process: Callable[[], SigningKeys], tenant: Tenant, clock: Clock
) -> None:
    here, there = process(), process()
    await here.ensure("ES256")
    first, second = await _kids(there)
    token = await _signed(there, tenant, clock)
    await _believed(there, token, clock)
    await here.revoke(first, actor=SYSTEM)
    with pytest.raises(InvalidToken):
        await _believed(there, token, clock)
    assert first not in await _kids(there)
    assert (await there.signer("ES256")).kid == second
    assert len(await _kids(there)) == 2  # a new key waits already


async def test_ky_04_after_a_revocation_clients_keep_the_jwks_shortly(
    process: Callable[[], SigningKeys], tenant: Tenant, clock: Clock
) -> None:
    await process().ensure("ES256")
    first, _ = await _kids(process())
    await process().revoke(first, actor=SYSTEM)
    assert "max-age=60," in (await process().jwks()).cache_control
    clock.now += _DAY + timedelta(seconds=1)
    assert "max-age=900," in (await process().jwks()).cache_control


async def test_a_revoked_key_keeps_its_row_and_loses_its_private_part(
    keys: SigningKeys, tenant: Tenant, clock: Clock
) -> None:
    await keys.ensure("ES256")
    first, _ = await _kids(keys)
    await keys.revoke(first, actor=SYSTEM)
    row = await signing_keys.find(first)
    assert row
    assert (row.state, row.revoked_at, row.sealed_private) == (KeyState.REVOKED, clock(), b"")
    assert row.public_jwk["kid"] == first


async def test_a_waiting_key_can_be_revoked_and_another_waits(
    keys: SigningKeys, tenant: Tenant
) -> None:
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    await keys.revoke(second, actor=SYSTEM)
    now = await _kids(keys)
    assert now[0] == first
    assert len(now) == 2
    assert second not in now


async def test_a_retiring_key_can_be_revoked(keys: SigningKeys, tenant: Tenant) -> None:
    await keys.ensure("ES256")
    rotation = await keys.rotate("ES256", actor=SYSTEM)
    assert rotation
    assert rotation.retiring in await _kids(keys)
    await keys.revoke(rotation.retiring, actor=SYSTEM)
    assert await _kids(keys) == [rotation.active, rotation.pending]


async def test_a_key_is_revoked_once(keys: SigningKeys, tenant: Tenant) -> None:
    await keys.ensure("ES256")
    first, _ = await _kids(keys)
    await keys.revoke(first, actor=SYSTEM)
    for kid in (first, "unknown"):
        with pytest.raises(UnknownKey):
            await keys.revoke(kid, actor=SYSTEM)


async def test_of_revocations_at_once_one_counts(
    process: Callable[[], SigningKeys], tenant: Tenant
) -> None:
    keys = process()
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    results = await asyncio.gather(
        *(process().revoke(first, actor=SYSTEM) for _ in range(5)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert all(result is None or isinstance(result, KeysChanged | UnknownKey) for result in results)
    assert sorted((await _states()).values()) == [
        KeyState.ACTIVE,
        KeyState.PENDING,
        KeyState.REVOKED,
    ]
    assert (await keys.signer("ES256")).kid == second


async def test_another_tenant_does_not_know_the_key(
    keys: SigningKeys, acme: Tenant, clock: Clock
) -> None:
    mine, other = replace(acme, id=uuid4()), replace(acme, id=uuid4())
    with use_tenant(mine):
        await keys.ensure("ES256")
        first, _ = await _kids(keys)
        token = await _signed(keys, mine, clock)
    with use_tenant(other):  # even with the same issuer
        assert await _kids(keys) == []
        with pytest.raises(UnknownKey):
            await keys.revoke(first, actor=SYSTEM)
        with pytest.raises(InvalidToken):
            await _believed(keys, token, clock)
        await keys.ensure("ES256")
        assert first not in await _kids(keys)


async def test_ky_07_restored_keys_of_a_deleted_tenant_stay_shut(
    process: Callable[[], SigningKeys], tenant: Tenant
) -> None:
    await process().ensure("ES256")
    await TenantDataKey.filter(tenant_id=tenant.id).delete()
    with pytest.raises(SealBroken):
        await process().key_set()


async def test_ky_08_no_private_key_lies_open_in_the_database(
    keys: SigningKeys, tenant: Tenant, kek: KeyEncryptionKey
) -> None:
    for algorithm in ("ES256", "EdDSA", "HS256"):
        await keys.ensure(algorithm)
    cipher = await TenantEncryption([kek]).cipher(tenant.id)
    for row in await SigningKey.all():
        kind = f"signing-key/{row.algorithm}"
        private = cipher.open(kind=kind, object_id=row.kid, sealed=row.sealed_private)
        assert private not in row.sealed_private
        assert private[-32:] not in json.dumps(row.public_jwk).encode()


async def _put_back(row: dict[str, Any]) -> None:
    columns = {name: value for name, value in row.items() if name not in ("id", "tenant_id")}
    await SigningKey.filter(kid=row["kid"]).update(**columns)


async def test_ky_02_a_revoked_key_whose_old_row_is_put_back_is_not_used(
    process: Callable[[], SigningKeys], tenant: Tenant, clock: Clock
) -> None:
    keys = process()
    await keys.ensure("ES256")
    first, _ = await _kids(keys)
    token = await _signed(keys, tenant, clock)
    [before] = await SigningKey.filter(kid=first).values()
    rotation = await keys.rotate("ES256", actor=SYSTEM)
    assert rotation
    [retiring] = await SigningKey.filter(kid=first).values()
    await keys.revoke(first, actor=SYSTEM)
    now = [rotation.active, rotation.pending]
    for old in (retiring, before | {"state": KeyState.RETIRING}):
        await _put_back(old)
        with capture_logs() as logs:
            assert await _kids(process()) == now
        assert [(each["event"], each["kid"]) for each in logs] == [
            ("signing key was put back", first)
        ]
        with pytest.raises(InvalidToken):
            await _believed(process(), token, clock)
    await SigningKey.filter(kid=rotation.active).update(state=KeyState.RETIRING)
    await _put_back(before)
    assert first not in await _kids(process())
    with pytest.raises(NoSigningKey):
        await process().signer("ES256")
    await SigningKey.filter(kid=first).update(state=KeyState.REVOKED)
    await SigningKey.filter(kid=rotation.active).update(state=KeyState.ACTIVE)
    assert (await process().signer("ES256")).kid == rotation.active


async def _rotated(keys: SigningKeys) -> SigningKeyStep:
    await keys.ensure("ES256")
    assert await keys.rotate("ES256", actor=SYSTEM)
    return await SigningKeyStep.get(state=KeyState.ACTIVE)


@pytest.mark.parametrize("forged", ["of another state", "of another key", "of another tenant"])
async def test_ky_02_a_step_belongs_to_its_key_and_state_and_tenant(
    process: Callable[[], SigningKeys], acme: Tenant, forged: str
) -> None:
    with use_tenant(replace(acme, id=uuid4())):
        foreign = await _rotated(process())
    with use_tenant(replace(acme, id=uuid4())):
        own = await _rotated(process())
        assert len(await _kids(process())) == 3
        kid, state, sealed = {
            "of another state": (own.kid, KeyState.REVOKED, own.sealed),
            "of another key": (foreign.kid, KeyState.ACTIVE, own.sealed),
            "of another tenant": (foreign.kid, KeyState.ACTIVE, foreign.sealed),
        }[forged]
        await SigningKeyStep.create(kid=kid, state=state, sealed=sealed)
        with pytest.raises(SealBroken):
            await process().key_set()


async def test_every_change_of_keys_is_written_down(keys: SigningKeys, tenant: Tenant) -> None:
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    await keys.rotate("ES256", actor=SYSTEM)
    await keys.revoke(first, actor=SYSTEM)
    events: list[Any] = await AuditEvent.all().order_by("occurred_at", "id")
    assert [(event.event_type, event.resource_id) for event in events] == [
        ("SIGNING_KEY_ROTATED", second),
        ("SIGNING_KEY_REVOKED", first),
    ]


async def test_a_retired_key_outlives_what_it_signed_before_the_tenant_had_its_plan(
    process: Callable[[], SigningKeys], acme: Tenant, clock: Clock
) -> None:
    patient = acme.settings.changed({"access_token_lifetime": 40 * 86400})
    plan = Plan("short", longest_access_token=86400)
    row = lifecycle.new_tenant(slug="patient", name="Patient", settings=patient)
    await lifecycle.store(row)
    with use_tenant(replace(acme, id=row.id, settings=within(patient, plan), plan=plan)):
        await process().ensure("ES256")
        rotation = await process().rotate("ES256", actor=SYSTEM)
        assert rotation
        clock.now += 40 * _DAY
        assert rotation.retiring in await _kids(process())


def _meddle(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Awaitable[object]]) -> None:
    """Have somebody else change the keys, once they were looked at and before they are changed."""
    find, left = TenantEncryption.cipher, [change]

    async def cipher(self: TenantEncryption, tenant_id: UUID) -> TenantCipher:
        if left:
            await left.pop()()
        return await find(self, tenant_id)

    monkeypatch.setattr(TenantEncryption, "cipher", cipher)


async def test_a_rotation_that_comes_second_leaves_a_key_that_signs_in_a_unit_that_goes_on(
    keys: SigningKeys, tenant: Tenant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    take = partial(signing_keys.revoke, second, was=KeyState.PENDING, now=clock())
    _meddle(monkeypatch, take)
    async with transaction():
        with pytest.raises(KeysChanged):
            await keys.rotate("ES256", actor=SYSTEM)
    assert await _states() == {first: KeyState.ACTIVE, second: KeyState.REVOKED}
    assert await AuditEvent.filter(event_type="signing_key.rotated").count() == 0


async def test_a_key_that_is_brought_second_leaves_the_one_that_waits_in_a_unit_that_goes_on(
    keys: SigningKeys, tenant: Tenant, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keys.ensure("ES256")
    first, second = await _kids(keys)
    theirs = NewKey("2024", "ES256", {"kty": "EC"}, b"")
    _meddle(monkeypatch, partial(signing_keys.insert, theirs, state=KeyState.RETIRING, now=clock()))
    async with transaction():
        with pytest.raises(KeysChanged):
            await keys.bring_in(ImportedKey(ES256.generate(), "2024"), actor=SYSTEM)
    states = await _states()
    assert (states[first], states[second]) == (KeyState.ACTIVE, KeyState.PENDING)
