"""PyPI `django-oauth-toolkit` behind gunicorn: what a Python user would otherwise pick.

It keeps everything in PostgreSQL, as AuthGate does, and its access tokens are opaque.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.machine import Cores, pinned
from bench.postgres import Cluster
from bench.rivals import Rival
from bench.scenario import SCOPE
from bench.servers import free_port, running
from bench.site import Credentials, Site

NAME = "django-oauth-toolkit"
_HOME = Path(__file__).parent / "peers" / NAME
_VENV = _HOME / ".venv"
_PYTHON = _VENV / "bin" / "python"
_DATABASE = "django"
_MACHINE = Credentials("machine", "a-secret-of-no-worth-to-anyone-but-the-benchmark")
_DEVICE = Credentials("device")
# One process, as the others; threads, because a connection that is kept open takes one.
_GUNICORN = (
    "-m", "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "8",
    "--worker-connections", "200", "--keep-alive", "75", "--log-level", "warning",
)  # fmt: skip
_APPROVE_ALL = """
UPDATE oauth2_provider_devicegrant SET status = 'authorized', user_id = (SELECT id FROM auth_user)
  WHERE status = 'authorization-pending'
"""
_COUNT = "SELECT count(*) FROM oauth2_provider_accesstoken"


def install() -> None:
    """Bring the locked versions into an environment of their own, once."""
    lock, installed = _HOME / "requirements.txt", _VENV / "installed"
    if installed.exists() and installed.read_text() == lock.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(_VENV)], check=True)
    command = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
    subprocess.run(command, check=True)
    installed.write_text(lock.read_text())


def versions() -> dict[str, str]:
    """What is being compared with."""
    command = [str(_PYTHON), "-m", "pip", "list", "--format", "json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = {each["name"].lower(): each["version"] for each in json.loads(done.stdout)}
    return {name: found[name] for name in (NAME, "django", "gunicorn")}


@contextmanager
def django_oauth_toolkit(directory: Path, cores: Cores, cluster: Cluster) -> Iterator[Rival]:
    """One worker process of it, on *cluster*."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}/o"
    environment = _environment(issuer, cluster)
    cluster.create(_DATABASE)
    token = _set_up(environment)
    site = Site(
        issuer=issuer,
        machine=_MACHINE,
        machine_by_header=_MACHINE,
        device=_DEVICE,
        person_token=lambda: token,
        approve_all=lambda: cluster.execute(_APPROVE_ALL, database=_DATABASE),
        unlisted={
            "device_authorization_endpoint": f"{issuer}/device-authorization/",
            "introspection_endpoint": f"{issuer}/introspect/",
        },
        signs_tokens=False,
    )
    command = [
        str(_PYTHON),
        *_GUNICORN,
        "--bind",
        f"127.0.0.1:{port}",
        "django.core.wsgi:get_wsgi_application()",
    ]
    with running(
        pinned(command, cores.server),
        ready_url=site.discovery_url,
        log=directory / f"{NAME}.log",
        environment=environment,
        cwd=_HOME,
    ) as processes:
        yield Rival(
            NAME,
            site,
            processes,
            database=cluster.processes,
            stored_tokens=lambda: int(cluster.execute(_COUNT, database=_DATABASE)),
        )


def _environment(issuer: str, cluster: Cluster) -> Mapping[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "settings",
        "PEER_ISSUER": issuer,
        "PEER_DATABASE": _DATABASE,
        "PEER_DATABASE_PORT": str(cluster.port),
        "PEER_SCOPES": f"{SCOPE} openid profile email",
        "PEER_SECRET": _MACHINE.client_secret,
        "PEER_KEY": _rsa_key(),
    }


def _rsa_key() -> str:
    """It signs with nothing else; no measured answer is signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _set_up(environment: Mapping[str, str]) -> str:
    """Alice's token."""
    done = subprocess.run(
        [str(_PYTHON), "set_up.py"],
        cwd=_HOME,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()
