"""Clients of the MCP SDKs find the tenant behind a tool server by themselves."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from authgate_tenants import TenantSettings
from authgate_testing.conversation import outcome
from authgate_testing.issuers import Issuer, MakeIssuer
from authgate_testing.live import PASSWORD
from authgate_testing.person import Person
from authgate_testing.pretend_host import *  # noqa: F403 - a fixture
from authgate_testing.pretend_host import Host
from authgate_testing.processes import free_port, running

HERE = Path(__file__).parent


@pytest.fixture
async def served(
    make_issuer: MakeIssuer, clients_python: Path, tmp_path: Path
) -> AsyncIterator[tuple[Issuer, str]]:
    """A tenant where clients need nobody to register them, and a tool server for its tokens."""
    port = free_port()
    server = f"http://127.0.0.1:{port}/mcp"
    issuer = await make_issuer(
        TenantSettings(
            resources=(server,),
            client_registration="open",
            client_registration_approval=False,
            client_registration_scopes=("openid", "offline_access", "fleet.read"),
            client_id_metadata_documents=True,
        )
    )
    program = HERE / "programs/mcp_resource.py"
    command: list[str | Path] = [clients_python, program, str(port), issuer.url]
    with running(lambda _: command, answers=lambda _: _refuses(server), log=tmp_path / "log"):
        yield issuer, server


def _refuses(server: str) -> bool:
    try:
        return httpx2.get(server, trust_env=False).status_code == 401
    except httpx2.TransportError:
        return False


@pytest.fixture(params=["mcp_program.py", "mcp_client.mjs"])
def program(request: pytest.FixtureRequest, clients_python: Path, clients_node: Path) -> list[Path]:
    """The one that uses the SDK for Python, and the one that uses that for TypeScript."""
    if request.param == "mcp_program.py":
        return [clients_python, HERE / "programs" / request.param]
    return [clients_node, HERE / "npm" / request.param]


async def told(program: list[Path], issuer: Issuer, person: Person, **given: str) -> dict[str, Any]:
    await person.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    said = await outcome(*program, given=given, person=person)
    assert said["said"] == ["Truck 7 is at home"] * 2
    assert said["client"]["issuer"] == issuer.url
    assert "fleet.read" in said["scope"].split()
    assert said["refreshed"]
    assert said["rotated"]
    return said


async def test_a_client_needs_nothing_but_the_tool_servers_address(
    served: tuple[Issuer, str], mira: Person, program: list[Path]
) -> None:
    issuer, server = served
    said = await told(program, issuer, mira, server=server)
    assert "://" not in said["client"]["client_id"]


async def test_a_client_is_known_by_the_address_of_its_document(
    served: tuple[Issuer, str], mira: Person, program: list[Path], host: Host
) -> None:
    issuer, server = served
    url = f"https://{host.name}/assistant.json"
    document = {
        "client_id": url,
        "client_name": "Fleet assistant",
        "redirect_uris": ["http://127.0.0.1:8765/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    }
    host.says(body=json.dumps(document).encode())
    said = await told(program, issuer, mira, server=server, document=url)
    assert said["client"]["client_id"] == url
