"""What a request costs, counted in instructions, so that no clock and no neighbour has a say."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from bench import bytecodes, callgrind, counting, growth, instructions
from bench.authgate_server import Installation, set_up
from bench.instructions import Ceilings, Count
from bench.scenarios import HOT
from bench.scenarios.metadata import Jwks
from bench.site import Site

import authgate

_SLOWER = """

_as_it_is = jwks_endpoint


def jwks_endpoint(**parts):
    handler = _as_it_is(**parts)

    async def slower(request):
        for number in range(300):
            abs(number)
        return await handler(request)

    return slower
"""


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with counting.installed() as place:
        yield place


@pytest.fixture(scope="module")
def site(installation: Installation) -> Site:
    return set_up(installation)


@pytest.fixture
def slower(installation: Installation, tmp_path: Path) -> Installation:
    """The same installation, served by code that has a dearer JWKS endpoint."""
    room = tmp_path / "platform"
    shutil.copytree(Path(authgate.__file__).parent, room / "authgate")
    with (room / "authgate" / "oidc" / "discovery.py").open("a") as module:
        module.write(_SLOWER)
    return installation.finding(room)


@pytest.fixture(scope="module")
def counts(installation: Installation, site: Site) -> list[Count]:
    with callgrind.counted(installation) as server:
        return instructions.count(server, site, HOT, print)


def test_no_hot_endpoint_costs_more_than_it_did(counts: list[Count]) -> None:
    calibration = callgrind.cost_of_calibration()
    limits = instructions.ceilings(instructions.this_build(), calibration)
    assert instructions.too_slow(counts, limits) == []


def test_a_handler_that_became_slower_is_noticed(
    slower: Installation, site: Site, counts: list[Count]
) -> None:
    as_it_was = Ceilings(1, {each.scenario: each.instructions for each in counts})
    with callgrind.counted(slower) as server:
        now = instructions.count(server, site, [Jwks()], print)
    assert [fault.split(":")[0] for fault in instructions.too_slow(now, as_it_was)] == ["JWKS"]


@pytest.mark.usefixtures("started_as_ever")  # or it would be served by what is imported already
def test_the_function_that_became_slower_is_named(
    installation: Installation, slower: Installation, site: Site
) -> None:
    before, now = (_executed(each, site) for each in (installation, slower))
    # Whoever calls it grew with it, and by more where something was read anew meanwhile.
    changed = growth.most_changed(now, before)
    assert any(each.endswith("discovery.py:jwks_endpoint.<locals>.slower") for each in changed)


def _executed(installation: Installation, site: Site) -> Mapping[str, int]:
    with bytecodes.traced(installation) as server:
        return growth.executed(server, site, Jwks())


def test_another_build_of_python_is_held_to_an_estimate() -> None:
    known = Ceilings(100, {"JWKS": 1000})
    assert known.estimated(100).instructions == {"JWKS": 1000}
    assert 1000 < known.estimated(120).limit("JWKS") < 2 * known.limit("JWKS")
    assert known.estimated(80).instructions["JWKS"] < 1000
