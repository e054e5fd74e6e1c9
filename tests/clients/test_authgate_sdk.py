"""AuthGate's own Python SDK, as it is published, signs in against a tenant."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from authgate_testing.application import decided, sent_on
from authgate_testing.live import PASSWORD, LiveServer
from authgate_testing.person import Person

HERE = Path(__file__).parent

Start = Callable[[str, str], Awaitable[Process]]


@pytest.fixture
async def start(live_server: LiveServer, sdk_python: Path, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the program for a flow and a client."""
    started: list[Process] = []

    async def starting(flow: str, client_id: str) -> Process:
        program = await asyncio.create_subprocess_exec(
            sdk_python,
            "-u",
            HERE / "sdk_program.py",
            flow,
            live_server.issuer,
            client_id,
            tmp_path / "tokens.json",
            stdout=PIPE,
            env={
                "PATH": str(HERE / "desktop"),
                "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            },
        )
        started.append(program)
        return program

    yield starting
    for program in started:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def line(program: Process) -> str:
    assert program.stdout is not None
    return (await asyncio.wait_for(program.stdout.readline(), 30)).decode()


async def told(program: Process) -> dict[str, Any]:
    output, _ = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 0
    known: dict[str, Any] = json.loads(output)
    assert known["userinfo"]["preferred_username"] == "mira.halvorsen"
    assert known["userinfo"]["email"] == "mira@northwind.example"
    return known


async def test_the_sdk_signs_a_person_in_by_device_flow(
    live_server: LiveServer, mira: Person, start: Start
) -> None:
    program = await start("device", live_server.client_id)
    shown = await line(program)
    found = re.search(r"Open (\S+) in your browser and enter code: ([A-Z]{4}-[A-Z]{4})", shown)
    assert found is not None, shown
    await mira.sign_in(live_server.issuer, "mira.halvorsen", PASSWORD)
    await mira.visit(found[1])
    await mira.submit({"user_code": found[2]}, to="/device")
    done = await mira.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert done.status_code == 200
    known = await told(program)
    assert known["tokeninfo"] | {"exp": 0} == {
        "active": True,
        "user_id": known["userinfo"]["sub"],
        "client_id": live_server.client_id,
        "scope": "profile email",
        "exp": 0,
        "iss": live_server.issuer,
        "subject_type": "user",
    }


async def test_the_sdk_signs_a_person_in_by_browser_and_refreshes(
    live_server: LiveServer, mira: Person, start: Start
) -> None:
    client_id, _ = live_server.applications
    program = await start("browser", client_id)
    await mira.sign_in(live_server.issuer, "mira.halvorsen", PASSWORD)
    await sent_on(mira, (await line(program)).rstrip())
    back = await decided(mira, "allow")
    arrived = await mira.http.get(back.headers["Location"])
    assert "Authentication successful" in arrived.text
    known = await told(program)
    assert known["tokeninfo"]["client_id"] == client_id
    assert known["refreshed"]
