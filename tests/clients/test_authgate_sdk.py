"""AuthGate's own Python SDK, as it is published, signs in against a tenant."""

import asyncio
import json
import re
from pathlib import Path

import httpx2

from authgate_testing.live import PASSWORD, LiveServer
from authgate_testing.person import Person

HERE = Path(__file__).parent


async def test_the_sdk_signs_a_person_in_by_device_flow(
    live_server: LiveServer, sdk_python: Path, tmp_path: Path
) -> None:
    program = await asyncio.create_subprocess_exec(
        sdk_python,
        "-u",
        HERE / "sdk_program.py",
        live_server.issuer,
        live_server.client_id,
        tmp_path / "tokens.json",
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
    )
    assert program.stdout is not None
    told = (await asyncio.wait_for(program.stdout.readline(), 30)).decode()
    found = re.search(r"Open (\S+) in your browser and enter code: ([A-Z]{4}-[A-Z]{4})", told)
    assert found is not None, told
    async with httpx2.AsyncClient() as http:
        person = Person(http)
        await person.sign_in(live_server.issuer, "mira.halvorsen", PASSWORD)
        await person.visit(found[1])
        await person.submit({"user_code": found[2]}, to="/device")
        done = await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
        assert done.status_code == 200
    output, _ = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 0
    known = json.loads(output)
    assert known["userinfo"]["preferred_username"] == "mira.halvorsen"
    assert known["userinfo"]["email"] == "mira@northwind.example"
    assert known["tokeninfo"] | {"exp": 0} == {
        "active": True,
        "user_id": known["userinfo"]["sub"],
        "client_id": live_server.client_id,
        "scope": "profile email",
        "exp": 0,
        "iss": live_server.issuer,
        "subject_type": "user",
    }
