"""Whether the time of an answer tells who has an account: ``python -m bench.sign_in_times [1000]``.

Signs in so often with a wrong password, in turn by a name that somebody has and by one that nobody
has, on a database of its own, and compares both by the Mann-Whitney test: 1 where so large a
difference would be chance less often than once in a hundred times.
"""

import argparse
import asyncio
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2
from pydantic import SecretStr

from authgate import provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.app import serving
from authgate.cli.sign_in.headless_browser import Browser
from authgate.clock import utc_now
from authgate.settings import DatabaseSettings, KeySettings, LimitSettings, Settings
from authgate.storage.migrate import migrate
from authgate.storage.people import users
from authgate_tenants import use_tenant

LEAST = 0.01
"""Chance below which the difference is none."""

_BASE = "http://localhost:8080"


def chance(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely two samples of one distribution differ so much or more (Mann-Whitney, two-sided,
    by the normal distribution, which is near from a few dozen on)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, whose) in enumerate(ranked, 1) if whose == 0)
    n, m = len(one), len(other)
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(ranks - n * (n + m + 1) / 2) / deviation / math.sqrt(2))


def main() -> int:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.sign_in_times", description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=1000)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        known, unknown = asyncio.run(_measured(Path(folder), times))
    found = chance(known, unknown)
    for name, sample in (("known", known), ("unknown", unknown)):
        print(f"{name:8} median {sorted(sample)[len(sample) // 2] * 1000:.2f} ms")
    print(f"p = {found:.3f} over 2 x {times}")
    return 1 if found < LEAST else 0


async def _measured(folder: Path, times: int) -> tuple[list[float], list[float]]:
    database = DatabaseSettings(url=SecretStr(f"sqlite://{folder / 'authgate.db'}"))
    await migrate(database)
    settings = Settings(
        database=database,
        keys=KeySettings(kek_file=folder / "kek"),
        limits=LimitSettings(enabled=False),
        log_level="error",
    )
    async with serving(settings, clock=utc_now) as (app, parts):
        acme = await provisioning.add_tenant(parts, slug="acme", name="Acme")
        passwords = Passwords(threads=1)
        hashed = await passwords.hash("violet harbour ticks nine")
        passwords.close()
        with use_tenant(acme):
            async with storage.transaction():
                for number in range(times):
                    await users.create(username=f"known{number}", password_hash=hashed)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=_BASE) as http:
            return await _in_turn(http, f"{acme.issuer}/login", times)


async def _in_turn(
    http: httpx2.AsyncClient, login: str, times: int
) -> tuple[list[float], list[float]]:
    page = Browser(http)
    await page.open(login)
    form = page.form_with("password")
    assert form is not None  # what the sign-in page is for
    samples: dict[str, list[float]] = {"known": [], "unkno": []}
    for number in range(times):
        for name, sample in samples.items():
            fields = form.fields | {"username": f"{name}{number}", "password": "a wrong password"}
            began = time.perf_counter()
            answer = await http.post(login, data=fields)
            sample.append(time.perf_counter() - began)
            if answer.status_code != 400:
                raise SystemExit(f"the server answered {answer.status_code}")
    return samples["known"], samples["unkno"]


if __name__ == "__main__":
    sys.exit(main())
