"""TI-16: a job that was edited, moved or made up on its way is not done."""

import os
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import orjson
import pytest

from authgate.jobs import BadArguments, Handlers, Job, UnknownJob
from authgate.jobs.envelope import Envelopes, Forged
from authgate_tenants.key_encryption import KeyEncryptionKey

ACME, GLOBEX = UUID(int=1), UUID(int=2)


@dataclass(frozen=True, slots=True)
class Export(Job):
    name: ClassVar[str] = "export"
    what: str


@pytest.fixture
def envelopes() -> Envelopes:
    return Envelopes([os.urandom(32)])


@pytest.mark.parametrize("tenant_id", [ACME, None])
def test_what_is_sealed_can_be_opened(envelopes: Envelopes, tenant_id: UUID | None) -> None:
    message = envelopes.open("export", envelopes.seal(Export("users"), tenant_id=tenant_id))
    assert (message.name, message.tenant_id, message.arguments) == (
        "export",
        tenant_id,
        {"what": "users"},
    )


def test_ti_16_a_job_of_one_tenant_cannot_be_given_to_another(envelopes: Envelopes) -> None:
    sealed = envelopes.seal(Export("users"), tenant_id=ACME)
    sealed["message"] = sealed["message"].replace(str(ACME), str(GLOBEX))
    with pytest.raises(Forged):
        envelopes.open("export", sealed)


def test_ti_16_the_seal_of_another_tenants_job_does_not_fit(envelopes: Envelopes) -> None:
    own = envelopes.seal(Export("users"), tenant_id=ACME)
    other = envelopes.seal(Export("users"), tenant_id=GLOBEX)
    with pytest.raises(Forged):
        envelopes.open("export", own | {"seal": other["seal"]})


def test_ti_16_a_job_cannot_be_sent_as_another_job(envelopes: Envelopes) -> None:
    with pytest.raises(Forged):
        envelopes.open("delete-tenant", envelopes.seal(Export("users"), tenant_id=ACME))


def test_ti_16_the_seal_of_another_installation_does_not_fit(envelopes: Envelopes) -> None:
    stranger = Envelopes([os.urandom(32)])
    with pytest.raises(Forged):
        envelopes.open("export", stranger.seal(Export("users"), tenant_id=ACME))


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"message": "{}"},
        {"seal": "00"},
        {"message": None, "seal": None},
        {"message": "{}", "seal": ""},
        {"message": {"job": "export"}, "seal": "00"},
        {"message": "{}", "seal": "ü"},
        {"message": "\ud800", "seal": "\ud800"},
        {"what": "users", "tenant": str(ACME)},
    ],
)
def test_ti_16_what_carries_no_seal_is_refused(
    envelopes: Envelopes, sent: dict[str, object]
) -> None:
    with pytest.raises(Forged):
        envelopes.open("export", sent)


def test_ti_16_nothing_can_be_added_beside_the_envelope(envelopes: Envelopes) -> None:
    sealed = envelopes.seal(Export("users"), tenant_id=ACME)
    with pytest.raises(Forged):
        envelopes.open("export", sealed | {"tenant": str(GLOBEX)})


def test_what_a_retired_key_has_sealed_can_still_be_opened() -> None:
    old, new = os.urandom(32), os.urandom(32)
    sealed = Envelopes([old]).seal(Export("users"), tenant_id=ACME)
    assert Envelopes([new, old]).open("export", sealed).tenant_id == ACME
    with pytest.raises(Forged):
        Envelopes([new]).open("export", sealed)


def test_processes_with_the_same_key_encryption_key_open_each_others_envelopes() -> None:
    kek = KeyEncryptionKey.from_text(os.urandom(32).hex())
    here, there = (Envelopes.from_key_encryption_keys([kek]) for _ in range(2))
    assert there.open("export", here.seal(Export("users"), tenant_id=ACME)).tenant_id == ACME


def test_the_key_of_the_seals_is_not_the_one_that_wraps_data_keys() -> None:
    kek = KeyEncryptionKey.from_text(os.urandom(32).hex())
    sealed = Envelopes([kek.secret]).seal(Export("users"), tenant_id=ACME)
    with pytest.raises(Forged):
        Envelopes.from_key_encryption_keys([kek]).open("export", sealed)


def test_the_message_is_readable_for_operators(envelopes: Envelopes) -> None:
    sealed = envelopes.seal(Export("users"), tenant_id=ACME)
    assert orjson.loads(sealed["message"]) == {
        "job": "export",
        "tenant": str(ACME),
        "arguments": {"what": "users"},
    }


async def test_a_job_is_read_by_its_name_and_arguments() -> None:
    handlers, done = Handlers(), []

    async def handle(export: Export) -> None:
        done.append(export.what)

    handlers.add(Export, handle)
    await handlers.handle(handlers.read("export", {"what": "users"}))
    assert done == ["users"]
    with pytest.raises(UnknownJob):
        handlers.read("import", {})
    for arguments in ({}, {"what": "users", "where": "elsewhere"}):
        with pytest.raises(BadArguments):
            handlers.read("export", arguments)
