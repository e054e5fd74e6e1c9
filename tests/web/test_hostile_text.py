"""Texts made to break what reads them: every parser refuses or reads, quickly and in one way."""

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers

import authgate
import authgate_tenants
from authgate.accounts.device_verification import normalized
from authgate.oauth.client_authentication import _basic, _url_parameters
from authgate.oauth.errors import OAuthError
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.telemetry import redaction
from authgate.tokens import scopes, verifier
from authgate.web import csrf, return_to, session_cookie
from authgate.web.client_ip import ClientAddress, bucket
from authgate.web.machine import BadRequest, MachineRequest, parse_form, parse_json_form
from authgate_tenants import use_tenant
from authgate_tenants.resolver import _split
from authgate_testing.tenants import ACME

LENGTH = 100_000
SECONDS = 0.05
SEEDS = [
    *"a0A-_./:%=&;,\"'\\{[(<@ \t\né\u2028",
    "ab",
    "a=",
    "a.",
    "/a",
    "//",
    "a@",
    "%41",
    "charset=",
    "Bearer a",
    "-----BEGIN ",
    "a:b;",
    "127.",
]


Ways = dict[str, tuple[re.Pattern[str] | re.Pattern[bytes], set[str]]]


def patterns() -> Ways:
    """Every pattern that a module of ours has made, by where it is, and how it is used there."""
    found: Ways = {}
    plugins = [importlib.import_module(each.value) for each in entry_points(group="authgate")]
    for package in (authgate, authgate_tenants, *plugins):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if each.name.endswith(("__main__", ".asgi")) or ".migrations." in each.name:
                continue
            module = importlib.import_module(each.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    used = set(re.findall(rf"\b{name}\.(\w+)\(", inspect.getsource(module)))
                    searched = (
                        {"search"} if used & {"search", "sub", "split", "finditer"} else set()
                    )
                    found[f"{each.name}.{name}"] = (value, {"match", "fullmatch", *searched})
    return found


def slowest(read: Callable[[str], object]) -> float:
    """Of our own processor time, over all the texts."""
    worst = 0.0
    for seed in SEEDS:
        text = seed * (LENGTH // len(seed)) + "\0"
        began = time.thread_time()
        read(text)
        worst = max(worst, time.thread_time() - began)
    return worst


def test_un_11_no_pattern_takes_long_over_any_text() -> None:
    every = patterns()
    assert len(every) > 20
    slow = {}
    for name, (pattern, ways) in every.items():
        if name.startswith(redaction.__name__):
            continue  # is given the beginning of a text only, as below
        for way in ways:
            took = slowest(_using(pattern, way))
            if took > SECONDS:
                slow[name, way] = took
    assert slow == {}


def _using(pattern: re.Pattern[str] | re.Pattern[bytes], way: str) -> Callable[[str], object]:
    run: Callable[[object], object] = getattr(pattern, way)
    is_bytes = isinstance(pattern.pattern, bytes)
    return lambda text: run(text.encode() if is_bytes else text)


@pytest.mark.parametrize(
    "read",
    [
        redaction.text,
        normalized,
        bucket,
        lambda text: return_to.safe(text, otherwise="/"),
        lambda text: ClientAddress(["10.0.0.0/8"]).of(
            "10.0.0.1", [(b"x-forwarded-for", text.encode())]
        ),
        lambda text: refused(scopes.parse, text),
        lambda text: refused(canonical, text),
        lambda text: refused(verifier.parse_unverified, text),
        lambda text: refused(_basic, f"Basic {text}"),
        lambda text: refused(parse_form, text.encode()),
        lambda text: refused(parse_json_form, text.encode()),
    ],
)
def test_un_11_nothing_that_reads_a_strangers_text_takes_long(
    read: Callable[[str], object],
) -> None:
    with use_tenant(ACME):
        assert slowest(read) < SECONDS


REFUSALS = (BadRequest, OAuthError, scopes.MalformedScope, BadUsername, verifier.InvalidToken)


def refused(read: Callable[..., object], *text: object) -> object | None:
    """What was read, or None where it was refused in one of the ways there are."""
    try:
        return read(*text)
    except REFUSALS:
        return None


anything = st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zs", "Po"]))
quick = settings(max_examples=150, deadline=None, database=None)


@quick
@given(st.binary() | anything.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_a_body_is_read_or_refused(body: bytes) -> None:
    for read in (parse_form, parse_json_form):
        form = refused(read, body)
        if form is not None:
            values = form.values  # type: ignore[attr-defined]  # both give forms
            for text in (*values, *values.values()):
                assert "\0" not in text
                text.encode("utf-8")


@quick
@given(st.binary())
def test_headers_are_read_or_refused(value: bytes) -> None:
    request = MachineRequest("POST", "/", value, [(b"content-type", value)], value, "::1", "")
    refused(request.form)
    refused(request.content_type)
    refused(_basic, value.decode("latin-1"))
    refused(_basic, f"Basic {value.decode('latin-1')}")
    assert isinstance(_url_parameters(value), dict)


@quick
@given(anything)
def test_texts_are_read_or_refused(text: str) -> None:
    with use_tenant(ACME):
        refused(scopes.parse, text)
        refused(verifier.parse_unverified, text)
        name = refused(canonical, text)
        if isinstance(name, str):
            assert canonical(name) == name, "one spelling stays the one it is"
        code = normalized(text)
        assert code is None or re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{8}", code)
        target = return_to.safe(text, otherwise="/home")
        assert target.startswith("/t/acme/")
        assert target.isascii()
        assert "//" not in target
        assert isinstance(bucket(text), str)
        if text.isprintable():  # else no server hands it on in a header
            assert not csrf.is_genuine(text, b"key")
            assert session_cookie.read(Headers([("Cookie", text)]), "authgate_session") in (
                None,
                text.partition("=")[2].strip(),
            )


@quick
@given(st.text(st.sampled_from("/t.-abz%\\;\0é"), max_size=30))
def test_a_path_belongs_to_one_tenant_or_to_none(path: str) -> None:
    slug, inner = _split(f"/{path}")
    assert inner.startswith("/")
    assert "//" not in inner
    assert slug is None or "/" not in slug
