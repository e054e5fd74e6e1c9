"""A service that speaks the API of S3, in TLS: moto, which checks signatures and permissions."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

_ACCOUNT, _REGION = "123456789012", "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running service with one bucket, and a key that may write its objects."""

    host: str
    bucket: str
    access_key_id: str
    secret_access_key: str

    def objects(self) -> dict[str, bytes]:
        """What is in the bucket, by name."""
        kept = s3_backends[_ACCOUNT]["aws"].get_bucket(self.bucket).keys
        return {name: each.value for name, each in kept.items()}


class _Quiet(WSGIRequestHandler):
    def log(self, kind: str, message: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def s3_running(certificate: tuple[Path, Path]) -> Iterator[S3Server]:
    """Run one that keeps its objects in memory, for as long as the block lasts."""
    s3, iam = s3_backends[_ACCOUNT]["aws"], iam_backends[_ACCOUNT]["aws"]
    s3.create_bucket("audit", _REGION)
    iam.create_user(region_name=_REGION, user_name="sink")
    key = iam.create_access_key("sink")
    may = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::audit/*"}
    iam.put_user_policy("sink", "put", json.dumps({"Version": "2012-10-17", "Statement": [may]}))
    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=_Quiet,
        ssl_context=(str(certificate[0]), str(certificate[1])),
    )
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        # From the first request on it lets in nobody but who is allowed.
        patch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
        patch.setattr(ActionAuthenticatorMixin, "request_count", 0)
        thread.start()
        try:
            at = f"localhost:{server.port}"
            yield S3Server(at, "audit", key.access_key_id, key.secret_access_key)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            s3.reset()
            iam.reset()
