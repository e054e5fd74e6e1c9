"""Bad requests by the thousand: every one is answered or ended, and none of them is felt by others.

``--rounds 20`` says other ones each time. What a request did is done again by its name alone: its
seed and its number make its bytes.
"""

import json
import re
import shutil
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx2
import pytest
from hpack import Encoder
from pydantic import SecretStr

from authgate import installation
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_testing import PostgresServer, RedisServer
from authgate_testing.bad_requests.answers import Answer, parsed
from authgate_testing.bad_requests.conversation import Neighbour, misbehave
from authgate_testing.bad_requests.frames import FrameGenerator, faults, frame, send_frames
from authgate_testing.bad_requests.generator import Generator
from authgate_testing.bad_requests.message import Field, Message
from authgate_testing.bad_requests.stage import Stage
from authgate_testing.databases import postgres_settings
from authgate_testing.faults.household import PASSWORD, PERSON, Household, settled
from authgate_testing.http2 import Http2Client
from authgate_testing.limits import NEVER_REACHED
from authgate_testing.person import Person, forms
from authgate_testing.processes import free_port

if TYPE_CHECKING:
    from tests.serving.conftest import Serve, Service

KINDS = {
    "hypercorn": "authgate.asgi:app",
    "uvicorn": "product:without_door",
    "uvicorn-door": "authgate.asgi:app",
}
REQUESTS, WARM_UP, WAITING, CONNECTIONS = 1800, 600, 150, 600
MEBIBYTE = 1024 * 1024
MOST_GROWTH = 8 * MEBIBYTE
_FAILURE = re.compile(r'"level":"(?:error|critical)"|^(?:ERROR|CRITICAL)|Traceback', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Product:
    """AuthGate itself, served."""

    service: "Service"
    stage: Stage

    def failures(self) -> list[str]:
        """Lines of its log that say that something has failed."""
        return [line for line in self.service.log.splitlines() if _FAILURE.search(line)]


@pytest.fixture(scope="module", params=KINDS)
async def product(
    request: pytest.FixtureRequest, lasting: "Serve", databases: dict[str, DatabaseSettings],
    redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory,
) -> Product:  # fmt: skip
    """Each server, on PostgreSQL or on SQLite."""
    kind: str = request.param
    folder = tmp_path_factory.mktemp("product")
    port = free_port()
    settings = Settings(
        database=databases[kind],
        keys=KeySettings(kek_file=folder / "kek"),
        base_url=f"http://localhost:{port}",
        redis_url=SecretStr(redis_server.url(5)),
    )
    household = await furnished(settings)
    environment = variables(settings)
    service = lasting(kind, app=KINDS[kind], port=port, environment=environment)
    service.said("ready: 1 worker")
    return Product(service, await set_for(household, settings.base_url))


def variables(settings: Settings) -> dict[str, str]:
    """The environment in which a server finds the same installation."""
    named = {
        "AUTHGATE_DATABASE__URL": settings.database.url.get_secret_value(),
        "AUTHGATE_KEYS__KEK_FILE": str(settings.keys.kek_file),
        "AUTHGATE_BASE_URL": settings.base_url,
        "AUTHGATE_SERVER__BODY_SECONDS": "2",
    }
    if settings.redis_url is not None:
        named["AUTHGATE_REDIS_URL"] = settings.redis_url.get_secret_value()
    return named | NEVER_REACHED


@pytest.fixture(scope="module")
def databases(
    sqlite_template: Path,
    postgres: PostgresServer,
    postgres_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, DatabaseSettings]]:
    """One for each kind of server."""
    file = tmp_path_factory.mktemp("database") / "authgate.db"
    shutil.copy(sqlite_template, file)
    names = [f"generated_{uuid4().hex}" for _ in range(2)]
    for name in names:
        postgres.create_database(name, template=postgres_template)
    yield {
        "hypercorn": postgres_settings(postgres, names[0]),
        "uvicorn": DatabaseSettings(url=SecretStr(f"sqlite://{file}")),
        "uvicorn-door": postgres_settings(postgres, names[1]),
    }
    for name in names:
        postgres.drop_database(name)


async def furnished(settings: Settings) -> Household:
    """A tenant with everybody in it."""
    async with installation.opened(settings) as parts:
        return await settled(parts, "northwind")


async def set_for(
    household: Household, base_url: str, *, trust: ssl.SSLContext | bool = True
) -> Stage:
    """What the tenant's clients and its person get from the server."""
    async with httpx2.AsyncClient(verify=trust) as http:
        page = await Person(http).sign_in(household.issuer, PERSON, PASSWORD)
        assert page.url.path.endswith("/account/sessions"), page.text
        shown = await http.post(
            f"{household.issuer}/oauth/device/code", data={"client_id": household.device}
        )
        form = {"grant_type": "client_credentials"}
        token = await http.post(
            f"{household.issuer}/oauth/token", data=form, auth=household.machine
        )
        return Stage(
            authority=base_url.partition("://")[2],
            prefix=household.prefix,
            machine=household.machine,
            device=household.device,
            access_token=token.json()["access_token"],
            device_code=shown.json()["device_code"],
            user_code=shown.json()["user_code"],
            cookies="; ".join(f"{each.name}={each.value}" for each in http.cookies.jar),
            csrf_token=forms(page.text)[0].hidden["csrf_token"],
        )


# --- One by one: what no server in front of the product may take away ----------------------------

FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
JSON = (b"Content-Type", b"application/json")
TOKEN, DEVICE, LOGIN = b"/oauth/token", b"/oauth/device/code", b"/login"


def answered(
    product: Product, method: bytes, path: bytes, *fields: Field, body: bytes | None = None
) -> Answer:
    """The only answer on a connection of its own; ``path`` is below the tenant."""
    stage = product.stage
    asked = Message(
        method,
        stage.prefix.encode() + path,
        [(b"Host", stage.authority.encode()), (b"Connection", b"close"), *fields],
        body,
    )
    [answer], rest = parsed(product.service.say(asked.to_bytes()), may_lack_bodies=False)
    assert rest == b""
    return answer


def refusal(answer: Answer) -> tuple[int, str]:
    """The status of a refusal, and its code."""
    return answer.status, json.loads(answer.body)["error"]


@pytest.mark.parametrize("size", [66_000, 400_000])
def test_ht_07_a_body_over_its_limit_is_refused(product: Product, size: int) -> None:
    body = b"x=" + b"a" * size
    refused = answered(product, b"POST", TOKEN, FORM, body=body)
    assert refusal(refused) == (413, "invalid_request")
    assert answered(product, b"POST", LOGIN, FORM, body=body).status == 413


def test_ht_08_a_form_of_too_many_fields_is_refused(product: Product) -> None:
    body = b"&".join(b"f%d=" % number for number in range(200))
    refused = answered(product, b"POST", TOKEN, FORM, body=body)
    assert refusal(refused) == (400, "invalid_request")
    assert answered(product, b"POST", LOGIN, FORM, body=body).status in (400, 413)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 12_000, b'{"client_id":{"a":1}}'])
def test_ht_09_deep_json_is_refused(product: Product, body: bytes) -> None:
    assert refusal(answered(product, b"POST", DEVICE, JSON, body=body)) == (400, "invalid_request")


def test_ht_13_half_a_body_is_waited_for_only_so_long(product: Product) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(product.service.connect()) for _ in range(2)]
        for connection, path in zip(connections, (TOKEN, LOGIN), strict=True):
            head = Message(b"POST", product.stage.prefix.encode() + path, [FORM])
            head.add(b"Host", product.stage.authority.encode())
            head.framing = [b"Content-Length: 10"]
            connection.sendall(head.to_bytes() + b"a")
        for connection in connections:
            assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_ht_16_other_methods_are_refused(product: Product) -> None:
    for method in (b"TRACE", b"PUT", b"DELETE", b"PROPFIND"):
        assert answered(product, method, TOKEN).status == 405
        assert answered(product, method, LOGIN).status == 405


@pytest.mark.parametrize("path", [b"/", b"/livez", b"/readyz", b"/metrics", b"/static/app.css"])
def test_ht_16_what_belongs_to_no_tenant_is_only_read(product: Product, path: bytes) -> None:
    for method in (b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PROPFIND"):
        asked = Message(method, path, [(b"Host", product.stage.authority.encode())])
        asked.add(b"Connection", b"close")
        [answer], _ = parsed(product.service.say(asked.to_bytes()), may_lack_bodies=False)
        assert (answer.status, answer.fields[b"allow"]) == (405, b"GET, HEAD")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"application/x-www-form-urlencoded; charset=utf-7", b"grant_type=a"),
        (b"application/x-www-form-urlencoded; charset=utf-16", "grant_type=a".encode("utf-16")),
        (b"application/x-www-form-urlencoded", b"grant_type=\xff\xfe"),
        (b"application/x-www-form-urlencoded", b"grant_type=%ff%fe"),
        (b"application/x-www-form-urlencoded", b"grant_type=%zz"),
        (b"multipart/form-data; boundary=x", b"--x--"),
        (b"text/plain", b"grant_type=a"),
    ],
)
def test_ht_18_a_body_of_another_encoding_is_refused(
    product: Product, kind: bytes, body: bytes
) -> None:
    refused = answered(product, b"POST", TOKEN, (b"Content-Type", kind), body=body)
    assert refusal(refused) == (400, "invalid_request")


@pytest.mark.parametrize(
    "target",
    [b"/%b/login", b"//evil.test%b/login", b"/%b//evil.test", b"%b/%%2e%%2e/login", b"%b\\login"],
)
def test_ht_19_an_address_with_other_slashes_leads_nowhere(product: Product, target: bytes) -> None:
    asked = Message(b"GET", target % product.stage.prefix.encode(), [])
    asked.fields = [(b"Host", product.stage.authority.encode()), (b"Connection", b"close")]
    [answer], _ = parsed(product.service.say(asked.to_bytes()), may_lack_bodies=False)
    assert answer.status == 404
    assert b"location" not in answer.fields


def test_ht_01_a_strange_host_is_misdirected(product: Product) -> None:
    asked = Message(b"GET", b"/", [(b"Host", b"evil.test"), (b"Connection", b"close")])
    [answer], _ = parsed(product.service.say(asked.to_bytes()), may_lack_bodies=False)
    assert refusal(answer) == (421, "misdirected_request")


# --- By the thousand -----------------------------------------------------------------------------


async def test_generated_bad_requests_are_refused_and_felt_by_nobody(
    product: Product, seed: int
) -> None:
    service, generator = product.service, Generator(product.stage, seed)
    neighbour = Neighbour(service.port, product.stage)
    warm_up = map(generator.request, range(WARM_UP))
    found = await misbehave(service.port, warm_up, neighbour)
    memory = service.resident_bytes()
    others = range(WARM_UP, REQUESTS)
    requests = (generator.request(each, waits=each < WARM_UP + WAITING) for each in others)
    found += await misbehave(service.port, requests, neighbour)
    growth = service.resident_bytes() - memory
    await neighbour.close()
    assert not found, "\n".join(found[:20])
    assert neighbour.answered >= REQUESTS // 20
    assert growth < MOST_GROWTH
    assert service.comes_to(lambda: service.connections() == 0)
    assert product.failures() == []
    assert service.log.count("is ready") == 1, "the worker was replaced"


@pytest.fixture(scope="module")
async def secure_product(
    lasting: "Serve", sqlite_template: Path, certificate: tuple[Path, Path],
    with_tls: dict[str, str], tmp_path_factory: pytest.TempPathFactory,
) -> Product:  # fmt: skip
    """Hypercorn, which speaks HTTP/2 over TLS."""
    folder = tmp_path_factory.mktemp("secure")
    shutil.copy(sqlite_template, folder / "authgate.db")
    port = free_port()
    settings = Settings(
        database=DatabaseSettings(url=SecretStr(f"sqlite://{folder}/authgate.db")),
        keys=KeySettings(kek_file=folder / "kek"),
        base_url=f"https://localhost:{port}",
    )
    household = await furnished(settings)
    service = lasting(
        "hypercorn", app=KINDS["hypercorn"], port=port, environment=variables(settings), **with_tls
    )
    service.said("ready: 1 worker")
    trust = ssl.create_default_context(cafile=certificate[0])
    return Product(service, await set_for(household, settings.base_url, trust=trust))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([(":status", "503"), ("retry-after", "2")], []),
        ([(":status", "503")], ["is answered 503"]),
        ([(":status", "500"), ("retry-after", "2")], ["is answered 500"]),
    ],
)
def test_an_answer_that_does_not_say_when_to_come_back_is_noticed(
    fields: list[tuple[str, str]], told: list[str]
) -> None:
    said = frame(1, 0x4, 1, Encoder().encode(fields))
    assert list(faults(said, count())) == told


async def test_ht_15_generated_frames_are_refused_and_felt_by_nobody(
    secure_product: Product, certificate: tuple[Path, Path], seed: int
) -> None:
    service, stage = secure_product.service, secure_product.stage
    generator = FrameGenerator(stage, seed)
    trust = ssl.create_default_context(cafile=certificate[0])
    trust.set_alpn_protocols(["h2"])
    connections = map(generator.connection, range(CONNECTIONS))
    with Http2Client(service.port, certificate[0]) as neighbour:
        path = f"{stage.prefix}/.well-known/openid-configuration".encode()
        authority = stage.authority.encode()
        assert neighbour.status(neighbour.request(path, authority=authority)) == 200
        found, answered = await send_frames(service.port, trust, connections)
        assert neighbour.status(neighbour.request(path, authority=authority)) == 200
    assert not found, "\n".join(found[:20])
    assert answered > CONNECTIONS // 10, "few of the frames came so far as to be answered"
    assert service.comes_to(lambda: service.connections() == 0)
    assert secure_product.failures() == []
