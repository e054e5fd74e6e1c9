"""What people have allowed a client that registered itself goes with it when its time is over."""

from datetime import timedelta

import pytest

from authgate import background
from authgate.clock import utc_now
from authgate.jobs import RemoveExpired, Result
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.grants import consents
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.server import RunningServer


@pytest.mark.usefixtures("nothing_scheduled")  # of two at once one does it
async def test_ad_08_what_people_have_allowed_a_client_goes_with_it_when_its_time_is_over(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    for client_id, hours in (("over", -1), ("used", 1)):
        expires_at = utc_now() + timedelta(hours=hours)
        with use_tenant(acme):
            await clients.create(
                ClientDraft(
                    client_id=client_id, name=client_id, grant_types=[], expires_at=expires_at
                )
            )
            await consents.grant(alice.id, client_id, ["openid"], now=utc_now())
    performer = background.performer(server.parts)
    assert await performer.perform(RemoveExpired(), tenant_id=None) is Result.DONE
    with use_tenant(acme):
        assert [each.client_id for each in await consents.of(alice.id)] == ["used"]
        assert await clients.find("over") is None
