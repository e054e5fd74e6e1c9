"""HTTP clients of tests begin at once.

Each would read all authorities of the machine, which nobody in a test is vouched for by, and look
for Trio at each request to an application in the same process.
"""

import os
import ssl
from collections.abc import Iterator

import httpcore2
import pytest
from httpx2._transports import asgi

_READ_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_read = httpcore2.default_ssl_context


@pytest.fixture(scope="session", autouse=True)
def _begin_at_once() -> Iterator[None]:
    known: list[ssl.SSLContext] = []

    def authorities(*, _trust_env: bool = True) -> ssl.SSLContext:
        if _trust_env and any(os.environ.get(name) for name in _READ_BY):
            return _read(_trust_env=_trust_env)
        if not known:
            known.append(_read(_trust_env=False))
        return known[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", authorities)
        patch.setattr(asgi, "is_running_trio", lambda: False)
        yield
