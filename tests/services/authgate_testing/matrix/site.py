"""An installation with two tenants, whose tours have been tried from beginning to end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any, cast

import pytest

from authgate.app import assembled
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.plugin_api import ExternalIdentity, LoginAttempt, ProviderAnswer
from authgate.plugin_manager import egress, loading
from authgate.settings import Settings
from authgate.storage.database import sqlite_path
from authgate_github.connector import GitHubConnector
from authgate_testing.matrix import plugin, reads, unthreaded
from authgate_testing.matrix.requests import App
from authgate_testing.matrix.routes import Routes
from authgate_testing.matrix.stored import Stored
from authgate_testing.matrix.things import Household, furnished
from authgate_testing.matrix.tours import toured
from authgate_testing.matrix.trials import Trials
from authgate_testing.matrix.walk import Stage, Walk

_WORDS = "qaxolemi", "zuvybaro"
"""One for each tenant, in all names that it gives."""

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """What a test may look at."""

    parts: Installation
    app: App
    routes: Routes
    stored: Stored
    trials: Trials
    ours: Household
    theirs: Household


@asynccontextmanager
async def tried(settings: Settings, password_hash: str) -> AsyncIterator[Site]:
    """The whole matrix, on a database of SQLite that nobody else uses. Time stands still there."""
    now = utc_now()
    with pytest.MonkeyPatch.context() as patch:
        unthreaded.connect_so(patch)
        _install(patch)
        # Who is slow today is not to look like somebody else.
        patch.setattr(egress, "_WHOLE_SECONDS", _PATIENCE_SECONDS)
        async with assembled(settings, clock=lambda: now) as (app, parts):
            patch.setattr(GitHubConnector, "identify", _identified)
            reads.watch(cast(Any, app)._people, patch)
            ours, theirs = [await furnished(parts, word, password_hash) for word in _WORDS]
            routes = Routes(app)
            stored = Stored(sqlite_path(settings.database), ours.tenant.id, unthreaded.written)
            trials = Trials(app, parts, stored, routes, ours, theirs)
            await _toured(Stage(trials.lockstep(), stored, routes, parts), ours, theirs)
            yield Site(parts, app, routes, stored, trials, ours, theirs)
            stored.close()


def _install(patch: pytest.MonkeyPatch) -> None:
    """The plugin of the matrix, beside those that are installed."""
    installed = loading.installed
    ours = EntryPoint("household", plugin.__name__, loading.GROUP)

    def found(only: str | None = None) -> list[EntryPoint]:
        return [each for each in (*installed(), ours) if only in (None, each.name)]

    patch.setattr(loading, "installed", found)


async def _identified(
    connector: GitHubConnector, _attempt: LoginAttempt, answer: ProviderAnswer
) -> ExternalIdentity:
    """Nobody is asked who has signed in: the code says it."""
    issuer = connector.config.issuer
    return ExternalIdentity(issuer=issuer, subject=answer.code, username=answer.code)


async def _toured(stage: Stage, *homes: Household) -> None:
    async def tour(side: int, home: Household) -> None:
        await toured(Walk(stage, side, home))
        stage.lockstep.leave(side)

    async with asyncio.TaskGroup() as both:
        for side, home in enumerate(homes):
            both.create_task(tour(side, home))
