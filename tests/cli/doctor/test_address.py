"""``authgate doctor`` on how the installation is reached, and what answers there."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from authgate.pretend.certificate import certificate_in
from authgate_testing.doctor import Doctor
from authgate_testing.guarded_postgres import ANYWHERE
from authgate_testing.processes import free_port

Serve = Callable[..., AbstractContextManager[str]]


def of_https(certificate: tuple[Path, Path]) -> dict[str, str]:
    """Variables of a server that ends TLS."""
    return {
        "AUTHGATE_SERVER__CERTIFICATE_FILE": str(certificate[0]),
        "AUTHGATE_SERVER__CERTIFICATE_KEY_FILE": str(certificate[1]),
    }


@contextmanager
def proxied(
    behind: str,
    port: int = 0,
    *,
    host: str = "",
    added: tuple[str, str] = ("X-Cache", "MISS"),
    removed: str = "",
) -> Iterator[int]:
    """A proxy on this port that sends on another host, or changes the headers of answers."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {"Host": host or self.headers["Host"], "Accept-Encoding": "identity"}
            answer = httpx2.get(f"{behind}{self.path}", headers=asked)
            self.send_response(answer.status_code)
            for name, value in (*answer.headers.multi_items(), added):
                if name.lower() not in ("connection", removed):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Proxy)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_http_for_others_is_found(dev: Doctor) -> None:
    port = os.environ["AUTHGATE_SERVER__PORT"]
    os.environ["AUTHGATE_BASE_URL"] = f"http://{ANYWHERE}:{port}"
    # The server is another issuer's.
    assert ANYWHERE in dev.finds("plain-http", "issuer-differs")["found"]


def test_http_in_production_is_found_on_loopback_too(prod: Doctor, http_issuer: str) -> None:
    os.environ["AUTHGATE_BASE_URL"] = http_issuer
    prod.finds("plain-http")


def test_an_address_with_another_port_than_the_server_s_is_found(dev: Doctor) -> None:
    os.environ["AUTHGATE_SERVER__PORT"] = str(free_port())
    dev.finds("other-port")
    os.environ["AUTHGATE_SERVER__TRUSTED_PROXIES"] = '["127.0.0.1"]'
    dev.finds()  # the port is the proxy's


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3", "::ffff:0:0/96", "8.8.8.8/4"]
)
def test_a_network_of_proxies_with_strangers_in_it_is_found(dev: Doctor, network: str) -> None:
    os.environ["AUTHGATE_SERVER__TRUSTED_PROXIES"] = f'["{network}"]'
    assert dev.finds("every-proxy-trusted")["found"].startswith(network)


@pytest.mark.parametrize(
    "network", ["10.0.0.0/8", "fd00::/8", "104.16.0.0/13", "2400:cb00::/32", "192.0.2.7"]
)
def test_a_network_of_proxies_alone_is_well(dev: Doctor, network: str) -> None:
    os.environ["AUTHGATE_SERVER__TRUSTED_PROXIES"] = f'["{network}"]'
    dev.finds()


def test_tls_that_ends_at_a_proxy_which_is_not_trusted_is_found(prod: Doctor) -> None:
    del os.environ["AUTHGATE_SERVER__TRUSTED_PROXIES"]
    prod.finds("no-proxy-trusted")


@pytest.mark.parametrize(
    "network", ["0.0.0.0/0", "127.0.0.1", "169.254.169.254", "::1", "::/0", "fd00:ec2::/32"]
)
def test_requests_of_tenants_into_this_machine_are_found(dev: Doctor, network: str) -> None:
    os.environ["AUTHGATE_EGRESS__ALLOWED_NETWORKS"] = f'["{network}"]'
    dev.finds("egress-inside")


def test_a_company_s_own_network_may_be_reached(dev: Doctor) -> None:
    os.environ["AUTHGATE_EGRESS__ALLOWED_NETWORKS"] = '["10.20.0.0/16", "fd12:3456::/48"]'
    dev.finds()


@pytest.mark.parametrize("content", [None, "no certificate\n"], ids=["missing", "empty"])
def test_authorities_that_cannot_be_read_are_found(
    dev: Doctor, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    os.environ["AUTHGATE_EGRESS__CA_FILE"] = str(file)
    assert str(file) in dev.finds("authorities-unusable")["found"]


def test_a_certificate_that_ends_soon_is_found(
    dev: Doctor, certificate: tuple[Path, Path], long_certificate: tuple[Path, Path]
) -> None:
    os.environ |= of_https(long_certificate)
    dev.finds()
    os.environ |= of_https(certificate)
    dev.finds("certificate-ends")


def test_a_certificate_with_another_s_key_is_found(
    dev: Doctor, certificate: tuple[Path, Path], long_certificate: tuple[Path, Path]
) -> None:
    os.environ |= of_https((certificate[0], long_certificate[1]))
    dev.finds("certificate-unusable")


def test_a_certificate_s_key_that_others_may_read_is_found(dev: Doctor, tmp_path: Path) -> None:
    files = certificate_in(tmp_path, valid=timedelta(days=90))
    files[1].chmod(0o644)
    os.environ |= of_https(files)
    dev.finds("exposed-certificate-key")


@pytest.mark.usefixtures("silent_address")
def test_an_address_at_which_nobody_answers_is_found(lite: Doctor) -> None:
    lite.finds("issuer-silent")


def test_an_issuer_has_one_name(dev: Doctor) -> None:
    port = os.environ["AUTHGATE_SERVER__PORT"]
    os.environ["AUTHGATE_BASE_URL"] = f"http://127.0.0.1:{port}"
    found = dev.finds("issuer-differs")["found"]
    assert f"calls itself 'http://localhost:{port}/t/acme'" in found


def test_a_proxy_that_sends_on_another_host_is_found(dev: Doctor, http_issuer: str) -> None:
    with proxied(http_issuer, host="backend.internal") as port:
        os.environ["AUTHGATE_BASE_URL"] = f"http://localhost:{port}"
        os.environ["AUTHGATE_SERVER__PORT"] = str(port)
        assert "answers 421" in dev.finds("issuer-differs")["found"]


def test_a_certificate_that_nobody_vouches_for_is_found(prod: Doctor) -> None:
    del os.environ["SSL_CERT_FILE"]
    assert "certificate" in prod.finds("certificate-refused")["found"]


def test_a_certificate_of_a_server_that_ends_soon_is_found(
    prod: Doctor, serve: Serve, certificate: tuple[Path, Path]
) -> None:
    token = {"AUTHGATE_METRICS_TOKEN": "0d9e7340b1c2d3e4f506175b0a6a1f2c"}
    with serve("https", ANYWHERE, **of_https(certificate), **token) as base_url:
        os.environ["AUTHGATE_BASE_URL"] = base_url
        os.environ["SSL_CERT_FILE"] = str(certificate[0])
        prod.finds("certificate-ends")


def test_measurements_that_anybody_may_read_are_found(
    prod: Doctor, serve: Serve, long_certificate: tuple[Path, Path]
) -> None:
    # Without a token they are for this machine, whence the doctor comes: as does a careless proxy.
    with serve("https", ANYWHERE, **of_https(long_certificate)) as base_url:
        os.environ["AUTHGATE_BASE_URL"] = base_url
        assert prod.finds("metrics-open")["found"] == f"{base_url}/metrics answers 200"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            {"added": ("X-Frame-Options", "SAMEORIGIN")},
            "x-frame-options is DENY and SAMEORIGIN",
        ),
        ({"removed": "content-security-policy"}, "content-security-policy is missing"),
    ],
    ids=["doubled", "removed"],
)
def test_a_proxy_that_changes_headers_is_found(
    dev: Doctor, serve: Serve, change: dict[str, Any], found: str
) -> None:
    public = free_port()
    with serve(port=public) as behind, proxied(behind, public, **change):
        os.environ["AUTHGATE_BASE_URL"] = f"http://localhost:{public}"
        os.environ["AUTHGATE_SERVER__PORT"] = str(public)
        assert dev.finds("headers-changed")["found"] == found
