"""One transaction for one request: what counts as committed, and what follows."""

import pytest
from structlog.testing import capture_logs

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.asyncpg_client import NotCommitted
from authgate_tenants.lifecycle import SlugTaken, create_tenant
from authgate_tenants.models import TenantRow


async def test_a_transaction_that_postgresql_aborted_is_not_taken_for_committed(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    async def overlooks_an_error() -> None:
        async with storage.transaction():
            await create_tenant(slug="lost", name="Lost")
            with pytest.raises(SlugTaken):
                await create_tenant(slug="lost", name="Lost")

    async with storage.opened(postgres_settings_of_own):
        with pytest.raises(NotCommitted):
            await overlooks_an_error()
        assert await TenantRow.all().count() == 0
        await create_tenant(slug="next", name="Next")


@pytest.mark.usefixtures("database")
async def test_what_follows_a_commit_is_done_although_something_before_it_fails() -> None:
    called = []

    async def fails() -> None:
        raise RuntimeError("nobody hears me")

    async def works() -> None:
        called.append(await TenantRow.all().count())

    with capture_logs() as logs:
        async with storage.transaction():
            await create_tenant(slug="acme", name="Acme")
            for callback in (fails, works, fails, works):
                await storage.after_commit(callback)
    assert called == [1, 1]
    assert [line["event"] for line in logs] == ["after commit failed"] * 2


@pytest.mark.usefixtures("database")
async def test_nothing_follows_a_rollback() -> None:
    called = []

    async def follows() -> None:
        called.append(True)

    async with storage.transaction() as unit:
        await storage.after_commit(follows)
        unit.doom()
    assert called == []
