"""What a request costs, counted in instructions, so that no clock and no neighbour has a say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import callgrind, counting, instructions
from bench.authgate_server import Installation, set_up
from bench.instructions import Ceilings, Count
from bench.scenarios import Jwks
from bench.site import Site

_SLOWER = """
from authgate.oidc import discovery

as_it_is = discovery.jwks_endpoint

def slower(**parts):
    handler = as_it_is(**parts)

    async def jwks(request):
        sum(range(3000))
        return await handler(request)

    return jwks

discovery.jwks_endpoint = slower

from authgate.asgi import app
"""
"""Adds about an eighth to the cheapest endpoint."""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with counting.installed() as place:
        yield place


@pytest.fixture(scope="module")
def site(installation: Installation) -> Site:
    return set_up(installation)


@pytest.fixture(scope="module")
def counts(installation: Installation, site: Site) -> list[Count]:
    with callgrind.counted(installation) as server:
        return instructions.count(server, site, instructions.GATED, print)


def test_no_hot_endpoint_costs_more_than_it_did(counts: list[Count]) -> None:
    calibration = callgrind.cost_of_calibration()
    limits = instructions.ceilings(instructions.this_build(), calibration)
    assert instructions.too_slow(counts, limits) == []


def test_a_handler_that_became_slower_is_noticed(
    installation: Installation, site: Site, counts: list[Count], tmp_path: Path
) -> None:
    as_it_was = Ceilings(1, {each.scenario: each.instructions for each in counts})
    (tmp_path / "slower.py").write_text(_SLOWER)
    with callgrind.counted(installation, app="slower:app", python_path=[tmp_path]) as server:
        slower = instructions.count(server, site, [Jwks()], print)
    assert [fault.split(":")[0] for fault in instructions.too_slow(slower, as_it_was)] == ["JWKS"]


def test_another_build_of_python_is_held_to_an_estimate() -> None:
    known = Ceilings(100, {"JWKS": 1000})
    assert known.estimated(100).instructions == {"JWKS": 1000}
    assert 1000 < known.estimated(120).limit("JWKS") < 2 * known.limit("JWKS")
    assert known.estimated(80).instructions["JWKS"] < 1000
