"""The secret that pairwise subjects are made with: one of each tenant, whoever needs it first."""

import asyncio
from dataclasses import replace

from authgate.provisioning import NewClient
from authgate.storage.clients.metadata import PAIRWISE, ClientMetadata
from authgate.storage.keys.pairwise_secrets import PairwiseSecret
from authgate.storage.people import users
from authgate.tokens.subjects import Subjects
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer


async def test_many_that_need_it_at_once_name_a_person_alike_and_no_other_tenant_does(
    server: RunningServer, acme: Tenant, globex: Tenant, machine: NewClient
) -> None:
    client = replace(machine.client, metadata=ClientMetadata(subject_type=PAIRWISE))
    with use_tenant(acme):
        alice = await users.create(username="alice")

    async def name(tenant: Tenant) -> str:
        # As a process of its own.
        subjects = Subjects(encryption=server.parts.encryption, clock=server.clock)
        with use_tenant(tenant):
            return await subjects.of(alice, client)

    named = {await each for each in asyncio.as_completed([name(acme) for _ in range(8)])}
    theirs = {await each for each in asyncio.as_completed([name(globex) for _ in range(8)])}
    assert (len(named), len(theirs), len(named | theirs)) == (1, 1, 2)
    for tenant in (acme, globex):
        with use_tenant(tenant):
            assert await PairwiseSecret.all().count() == 1
