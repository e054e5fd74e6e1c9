"""Clients of the MCP SDKs find the tenant behind a tool server by themselves."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from authgate_tenants import TenantSettings
from authgate_testing.conversation import outcome
from authgate_testing.issuers import Issuer, MakeIssuer
from authgate_testing.live import PASSWORD
from authgate_testing.person import Person
from authgate_testing.processes import free_port, running

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
async def served(
    make_issuer: MakeIssuer, clients_python: Path, tmp_path: Path
) -> AsyncIterator[tuple[Issuer, str]]:
    """A tenant where clients register themselves, and a tool server that takes its tokens."""
    port = free_port()
    server = f"http://127.0.0.1:{port}/mcp"
    issuer = await make_issuer(
        TenantSettings(
            resources=(server,),
            client_registration="open",
            client_registration_approval=False,
            client_registration_scopes=("openid", "offline_access", "fleet.read"),
        )
    )
    program = PROGRAMS / "mcp_resource.py"
    command: list[str | Path] = [clients_python, program, str(port), issuer.url]
    with running(lambda _: command, answers=lambda _: _refuses(server), log=tmp_path / "log"):
        yield issuer, server


def _refuses(server: str) -> bool:
    try:
        return httpx2.get(server, trust_env=False).status_code == 401
    except httpx2.TransportError:
        return False


async def test_a_client_of_the_python_sdk_needs_nothing_but_the_tool_servers_address(
    served: tuple[Issuer, str], mira: Person, clients_python: Path
) -> None:
    issuer, server = served
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    told = await outcome(
        clients_python, PROGRAMS / "mcp_program.py", given={"server": server}, person=mira
    )
    assert told["said"] == ["Truck 7 is at home"] * 2
    assert told["client"]["issuer"] == issuer.url
    assert told["scope"].split() == ["fleet.read", "offline_access"]
    assert told["refreshed"]
    assert told["rotated"]


async def test_nor_does_one_of_the_typescript_sdk(
    served: tuple[Issuer, str], mira: Person, clients_node: Path
) -> None:
    issuer, server = served
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    program = PROGRAMS.parent / "npm/mcp_client.mjs"
    told = await outcome(clients_node, program, given={"server": server}, person=mira)
    assert told["said"] == ["Truck 7 is at home"] * 2
    assert told["client"]["issuer"] == issuer.url
    assert "client_secret" not in told["client"]
    assert told["scope"] == "fleet.read"
    assert told["refreshed"]
    assert told["rotated"]
