"""A job that goes round the tenants ends within its window, however many are due."""

from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest

from authgate import background, installation
from authgate.clock import utc_now
from authgate.jobs import RemoveExpired, Result
from authgate.provisioning import rounds
from authgate.settings import JobSettings, Settings
from authgate.storage.sweep import expiry
from authgate_tenants import Tenant, current_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.expired_rows import ExpiredRows
from authgate_testing.server import RunningServer


@on_sqlite
async def test_a_round_whose_time_is_over_begins_at_no_other_tenant(
    server: RunningServer, acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[str] = []

    async def visit() -> None:
        visited.append(current_tenant().slug)

    moments = iter((0.0, 0.0, 10.1))
    monkeypatch.setattr(rounds, "time", SimpleNamespace(monotonic=moments.__next__))
    await rounds.at_each(server.parts, [acme.id, globex.id], visit)
    assert visited == [acme.slug]


@on_sqlite
@pytest.mark.parametrize("window", [0.1, 0.2])
async def test_what_is_over_is_removed_for_most_of_a_window_where_there_is_so_much_of_it(
    expired_rows: ExpiredRows, settings: Settings, monkeypatch: pytest.MonkeyPatch, window: float
) -> None:
    await expired_rows.more_tokens(200, now=utc_now())
    # By this clock each row takes some milliseconds, however fast the machine.
    moment = partial(next, count(0, 0.001))
    monkeypatch.setattr(expiry, "time", SimpleNamespace(monotonic=moment))
    jobs = JobSettings(cleanup_seconds=window, cleanup_batch=1)
    async with installation.opened(settings.model_copy(update={"jobs": jobs})) as parts:
        ended = await background.performer(parts).perform(RemoveExpired(), tenant_id=None)
    assert ended is Result.DONE
    assert 0.7 * window < moment() < window
