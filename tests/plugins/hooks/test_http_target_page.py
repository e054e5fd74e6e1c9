"""What ``docs/http-targets.md`` shows is what is sent, and its receivers believe it alone."""

import json
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from authgate.plugin_api import HttpResponse
from authgate.plugin_api.signatures import key_of, signed
from authgate.plugin_manager import GuardedHttp, Isolation, PluginFailed
from authgate_testing.environments import node_of, python_with
from authgate_testing.http_target import OTHER_SECRET, SECRET, Bench, said
from authgate_testing.pretend_host import Host
from authgate_testing.processes import running

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs/http-targets.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.usefixtures("unhurried")
async def test_the_events_of_the_page_are_those_that_are_sent(
    host: Host, http: GuardedHttp, isolation: Isolation
) -> None:
    shown = {each["type"]: each for each in map(_read, examples("json")) if "type" in each}
    bench, site = Bench(host.name, http, isolation), {"claims": {}, "decision": "allow"}
    host.site = lambda asked: said(**site)
    await bench.claims()
    await bench.objection()
    bench.settings["audit_events"] = True
    await bench.tell("019c1f4e-7c1a-7b52-9f7e-0d2a4c6e8f10")
    for asked in host.asked:
        event = json.loads(asked.body)
        example = shown.pop(event["type"])
        assert list(event) == list(example)
        kinds = {name: type(value) for name, value in event["data"].items()}
        assert kinds == {name: type(value) for name, value in example["data"].items()}
        assert len(event["timestamp"]) == len(example["timestamp"])
        if "events" in event["data"]:
            assert list(event["data"]["events"][0]) == list(example["data"]["events"][0])
    assert not shown


def _read(example: str) -> Any:
    return json.loads(example.splitlines()[0] if example.count("\n{") else example)


def _python() -> tuple[Path, str]:
    return Path(sys.executable), "receiver.py"


def _node() -> tuple[Path, str]:
    clients = python_with(REPOSITORY / "tests/clients/requirements.txt", "clients")
    return node_of(clients), "receiver.mjs"


RECEIVERS: dict[str, Callable[[], tuple[Path, str]]] = {"python": _python, "javascript": _node}


@pytest.fixture
def receiver(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path], tmp_path: Path
) -> Iterator[str]:
    """The receiver of the page in this language: its name and port."""
    program, name = RECEIVERS[request.param]()
    [source] = examples(request.param)
    (tmp_path / name).write_text(source)
    settings = f"SECRET={SECRET}", f"CERTIFICATE={certificate[0]}", f"KEY={certificate[1]}"

    def command(port: int) -> list[str | Path]:
        return ["/usr/bin/env", *settings, f"PORT={port}", program, tmp_path / name]

    with running(command, answers=_listens, log=tmp_path / "log") as port:
        yield f"localhost:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("receiver", RECEIVERS, indirect=True)
async def test_ss_09_a_receiver_of_the_page_believes_what_is_signed_and_fresh_and_nothing_else(
    receiver: str, http: GuardedHttp, isolation: Isolation
) -> None:
    bench = Bench(receiver, http, isolation)
    assert await bench.claims() == {"http-target_department": "research"}
    assert await bench.objection() is None
    bench.settings |= {"secret": OTHER_SECRET, "next_secret": SECRET}
    assert await bench.objection() is None, "one signature of several is enough"
    bench.settings["next_secret"] = ""
    assert await bench.claims() == {}
    with pytest.raises(PluginFailed):
        await bench.objection()
    body, now = b'{"type":"token.claims"}', int(time.time())

    async def post(body: bytes, headers: dict[str, str]) -> HttpResponse:
        return await http.post_bytes(f"https://{receiver}/", content=body, headers=headers)

    fresh, late = (
        signed(body, [key_of(SECRET)], message_id="msg_1", timestamp=when)
        for when in (now, now - 900)
    )
    assert (await post(body, fresh)).status == 200
    assert (await post(body, late)).status == 401
    assert (await post(body, {**late, "webhook-timestamp": str(now)})).status == 401
    assert (await post(body.replace(b"token", b"login"), fresh)).status == 401
    assert (await post(body, {})).status == 401
