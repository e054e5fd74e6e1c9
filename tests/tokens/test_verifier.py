"""Access tokens that come back: rows JW of the attack list, at the function that decides.

Each forged token differs from a good one in the one thing its row names, and is signed with the
tenant's own key where the attack allows for that.
"""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate.tokens.algorithms import ALGORITHMS, ES256, HS256, P256_ORDER, PrivateKey, base64url
from authgate.tokens.key_set import KeySet, VerificationKey
from authgate.tokens.verifier import AccessToken, InvalidToken, Unverified, parse_unverified
from authgate_tenants.encryption import TenantCipher
from authgate_tenants.scope import Tenant

Verify = Callable[..., Awaitable[AccessToken]]
Sign = Callable[..., Awaitable[str]]
Forge = Callable[..., str]
Claims = dict[str, Any]
_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MISSING = object()


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _segment(raw: bytes) -> str:
    return base64url(raw).decode()


def _changed(values: dict[str, Any], **changes: object) -> dict[str, Any]:
    merged = values | changes
    return {name: value for name, value in merged.items() if value is not _MISSING}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_of_ours_is_believed(
    algorithm: str, sign: Sign, verify: Verify, claims: Claims
) -> None:
    token = await verify(await sign(claims, algorithm=algorithm))
    assert token.jti == UUID(claims["jti"])
    assert (token.subject, token.client_id) == (claims["sub"], claims["client_id"])
    assert (token.scope, token.audience) == (claims["scope"], (claims["aud"],))
    assert (token.issued_at, token.expires_at) == (claims["iat"], claims["exp"])
    assert token.claims == claims


async def test_a_token_without_scope_has_none(sign: Sign, verify: Verify, claims: Claims) -> None:
    assert (await verify(await sign(claims | {"scope": ""}))).scope == ""
    del claims["scope"]
    assert (await verify(await sign(claims))).scope == ""


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", _MISSING, None, 0, ["ES256"]])
@pytest.mark.parametrize("signed", [False, True])
async def test_jw_01_no_algorithm(
    alg: object, signed: bool, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    token = forge(_changed(header, alg=alg), claims)
    with pytest.raises(InvalidToken):
        await verify(token if signed else token.rpartition(".")[0] + ".")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("form", ["PEM", "DER", "JWK", "raw"])
async def test_jw_02_the_public_key_as_a_shared_secret(
    algorithm: str,
    form: str,
    forge: Forge,
    verify: Verify,
    private_keys: dict[str, PrivateKey],
    claims: Claims,
) -> None:
    key = private_keys[algorithm]
    public: Any = key.verifying_key()
    secret = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": _compact(key.public_jwk()),
        "raw": key.thumbprint().encode(),
    }[form]
    header = {"alg": "HS256", "typ": "at+jwt", "kid": key.thumbprint()}
    with pytest.raises(InvalidToken):
        await verify(forge(header, claims, key=HS256(secret)))


@pytest.mark.parametrize(
    "kid",
    [
        "../../../../etc/passwd",
        "' OR '1'='1",
        "kid\0",
        "k" * 1_000_000,
        "",
        7,
        None,
        True,
        [],
        {},
        {"kid": "kid"},
        _MISSING,
    ],
    ids=lambda kid: str(kid)[:12],
)
async def test_jw_03_strange_key_ids(
    kid: object, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(forge(_changed(header, kid=kid), claims))


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "x5t"])
@pytest.mark.parametrize("key_is_theirs", [True, False])
async def test_jw_04_keys_that_the_token_brings_along(
    member: str, key_is_theirs: bool, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    theirs = ES256.generate()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/jwks"
        value: object = {"jwk": theirs.public_jwk(), "x5c": ["MIIB"]}.get(member, url)
        brought = header | {member: value}
        token = forge(brought, claims, key=theirs) if key_is_theirs else forge(brought, claims)
        with pytest.raises(InvalidToken):
            await verify(token)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("issuer", ["acme", "globex"])
async def test_jw_05_a_key_of_one_tenant_signs_nothing_for_another(
    issuer: str,
    forge: Forge,
    verify: Verify,
    stored: Callable[..., SigningKey],
    cipher: TenantCipher,
    acme: Tenant,
    globex: Tenant,
    header: Claims,
    claims: Claims,
) -> None:
    of_globex = KeySet.opened([stored(ES256.generate())], cipher=cipher)
    claims["iss"] = {"acme": acme, "globex": globex}[issuer].issuer
    with pytest.raises(InvalidToken):
        await verify(forge(header, claims), at=globex, by=of_globex)


async def test_jw_06_the_same_key_id_in_two_tenants(
    forge: Forge, verify: Verify, globex: Tenant, header: Claims, claims: Claims, keys: KeySet
) -> None:
    kid = header["kid"]
    own = VerificationKey(kid, ES256.generate())
    of_globex = replace(keys, verification_keys={kid: own})
    claims["iss"] = globex.issuer
    with pytest.raises(InvalidToken):
        await verify(forge(header, claims), at=globex, by=of_globex)


@pytest.mark.parametrize("audience", [_MISSING, "theirs"])
async def test_jw_07_a_token_of_one_tenant_at_another(
    audience: object, sign: Sign, verify: Verify, globex: Tenant, claims: Claims
) -> None:
    claims["aud"] = globex.issuer if audience == "theirs" else claims["aud"]
    token = await sign(claims)  # even if both had the same keys
    with pytest.raises(InvalidToken):
        await verify(token, at=globex)


async def test_jw_08_a_token_of_the_installation_at_a_tenant_and_the_other_way_round(
    sign: Sign, verify: Verify, acme: Tenant, claims: Claims
) -> None:
    at_root = replace(acme, issuer="https://auth.example")
    with pytest.raises(InvalidToken):
        await verify(await sign(claims | {"iss": at_root.issuer}))
    with pytest.raises(InvalidToken):
        await verify(await sign(claims), at=at_root)


@pytest.mark.parametrize(
    "typ",
    ["JWT", "logout+jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "", None, _MISSING, 1, []],
)
async def test_jw_09_tokens_of_another_kind(
    typ: object, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(forge(_changed(header, typ=typ), claims))


@pytest.mark.parametrize("kind", ["refresh", "id", "", None, _MISSING])
async def test_jw_09_claims_of_another_kind(
    kind: object, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(forge(header, _changed(claims, type=kind)))


@pytest.mark.parametrize(
    "audience",
    [
        "https://api.example",
        ["https://api.example"],
        ["https://auth.example/t/acme", "https://api.example"],
        "https://auth.example/t/acme/",
        "https://auth.example/t/ac",
    ],
)
async def test_jw_10_a_token_for_another_audience(
    audience: object, sign: Sign, verify: Verify, acme: Tenant, claims: Claims
) -> None:
    token = await sign(claims | {"aud": audience})
    await verify(token)  # where every audience is welcome
    with pytest.raises(InvalidToken):
        await verify(token, audience=acme.issuer)


@pytest.mark.parametrize("audience", [_MISSING, None, "", [], [""], [None], 1, {}, [["a"]]])
async def test_jw_10_a_token_for_no_audience(
    audience: object, sign: Sign, verify: Verify, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(await sign(_changed(claims, aud=audience)))


@pytest.mark.parametrize(
    "issuer",
    [
        "https://auth.example/t/acme/",
        "https://auth.example/t/acm",
        "https://auth.example/t/acme2",
        "https://auth.example",
        "HTTPS://auth.example/t/acme",
        "https://auth.example/t/ACME",
        " https://auth.example/t/acme",
        "",
        None,
        _MISSING,
        ["https://auth.example/t/acme"],
    ],
)
async def test_jw_11_almost_the_issuer(
    issuer: object, sign: Sign, verify: Verify, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(await sign(_changed(claims, iss=issuer)))


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "json_value",
    [
        b'"1795435200"',
        b"1795435200.0",
        b"1795435200.5",
        b"1e400",
        b"-1e400",
        b"NaN",
        b"Infinity",
        b"9" * 5_000,
        b"99999999999999999999",
        b"-1",
        b"true",
        b"null",
        b"[]",
        b"[1795435200]",
        b"{}",
    ],
    ids=lambda value: value.decode()[:12],
)
async def test_jw_12_times_that_are_no_times(
    name: str, json_value: bytes, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    payload = _compact(_changed(claims, **{name: "@"})).replace(b'"@"', json_value)
    with pytest.raises(InvalidToken):
        await verify(forge(header, payload))


@pytest.mark.parametrize("name", ["exp", "iat", "jti", "sub", "client_id"])
async def test_jw_12_a_claim_that_every_token_has_is_missing(
    name: str, sign: Sign, verify: Verify, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(await sign(_changed(claims, **{name: _MISSING})))


@pytest.mark.parametrize("name", ["jti", "sub", "client_id", "scope"])
@pytest.mark.parametrize("value", [0, True, None, [], {}, ["a"]])
async def test_jw_12_a_claim_that_is_no_text(
    name: str, value: object, sign: Sign, verify: Verify, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(await sign(claims | {name: value}))


# The clock of these tests stands 60 seconds after ``iat``.
@pytest.mark.parametrize(
    ("name", "seconds_from_now", "is_good"),
    [
        ("iat", 0, True),
        ("iat", 30, True),
        ("iat", 31, False),
        ("iat", 60, False),
        ("nbf", -60, True),
        ("nbf", 30, True),
        ("nbf", 31, False),
        ("exp", 1, True),
        ("exp", -29, True),
        ("exp", -30, False),
        ("exp", -60, False),
    ],
)
async def test_jw_13_clocks_may_differ_by_30_seconds(
    name: str, seconds_from_now: int, is_good: bool, sign: Sign, verify: Verify, claims: Claims
) -> None:
    now = claims["iat"] + 60
    token = await sign(claims | {name: now + seconds_from_now})
    if is_good:
        await verify(token)
        return
    with pytest.raises(InvalidToken):
        await verify(token)


async def test_jw_14_a_claim_twice(
    forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    for payload in (
        _compact(claims)[:-1] + b',"sub":"admin"}',
        b'{"sub":"admin",' + _compact(claims)[1:],
        _compact(claims)[:-1] + b',"sub":' + _compact(claims["sub"]) + b"}",
        _compact(claims)[:-1] + b',"s\\u0075b":"admin"}',
        _compact(claims | {"nested": 1}).replace(b'"nested":1', b'"nested":{"a":1,"a":2}'),
    ):
        with pytest.raises(InvalidToken):
            await verify(forge(header, payload))


async def test_jw_14_a_header_member_twice(
    forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    for twice in (
        _compact(header)[:-1] + b',"alg":"ES256"}',
        _compact(header)[:-1] + b',"alg":"none"}',
        b'{"typ":"JWT",' + _compact(header)[1:],
    ):
        with pytest.raises(InvalidToken):
            await verify(forge(twice, claims))


@pytest.mark.parametrize(
    "shape",
    [
        "deep array",
        "deep object",
        "deep header",
        "1 MB",
        "8 KB and a bit",
        "five segments",
        "two segments",
        "one segment",
        "dots",
        "nothing",
        "encrypted",
        "compressed",
    ],
)
async def test_jw_15_shapes_that_cost_time_or_are_no_token(
    shape: str, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    shallow_enough = b"[" * 2_500 + b"]" * 2_500
    token = {
        "deep array": forge(header, deep),
        "deep object": forge(header, b'{"a":' * 800 + b"1" + b"}" * 800),
        "deep header": forge(shallow_enough, claims),
        "1 MB": forge(header, claims | {"filler": "x" * 1_000_000}),
        "8 KB and a bit": forge(header, claims | {"filler": "x" * 6_000}),
        "five segments": forge(header, claims) + ".AAAA.AAAA",
        "two segments": forge(header, claims).rpartition(".")[0],
        "one segment": "AAAA",
        "dots": "." * 8_000,
        "nothing": "",
        "encrypted": "AAAA.AAAA.AAAA.AAAA.AAAA",
        "compressed": forge(header | {"zip": "DEF"}, claims),
    }[shape]
    seconds = []
    for _ in range(3):  # of which one may meet the garbage collector
        started = time.process_time()
        with pytest.raises(InvalidToken):
            await verify(token)
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.005


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("added", ["=", "==", " ", "\n", "\t", "\0", "é", "\ud800", "+", "/", "."])
@pytest.mark.parametrize("where", ["before", "inside", "after"])
async def test_jw_16_other_spellings_of_a_good_token(
    part: int, added: str, where: str, sign: Sign, verify: Verify, claims: Claims
) -> None:
    segments = (await sign(claims)).split(".")
    at = {"before": 0, "inside": 8, "after": len(segments[part])}[where]
    segments[part] = segments[part][:at] + added + segments[part][at:]
    with pytest.raises(InvalidToken):
        await verify(".".join(segments))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_jw_16_no_character_of_a_token_can_be_changed(
    algorithm: str, sign: Sign, verify: Verify, claims: Claims
) -> None:
    token = await sign(claims, algorithm=algorithm)
    ends = [at - 1 for at in range(len(token) + 1) if at == len(token) or token[at] == "."]
    # All 63 alternatives where spare bits are, and a few everywhere else.
    places = [(end, other) for end in ends for other in _BASE64URL]
    places += [(at, "A" if token[at] != "A" else "B") for at in range(0, len(token), 7)]
    for at, other in places:
        changed = token[:at] + other + token[at + 1 :]
        if changed != token:
            with pytest.raises(InvalidToken):
                await verify(changed)


async def test_jw_16_the_other_signature_that_verifies_is_refused(
    sign: Sign, verify: Verify, claims: Claims, private_keys: dict[str, PrivateKey]
) -> None:
    signing_input, _, signature = (await sign(claims)).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    other = r.to_bytes(32, "big") + (P256_ORDER - s).to_bytes(32, "big")
    public: Any = private_keys["ES256"].verifying_key()
    der = encode_dss_signature(r, P256_ORDER - s)
    public.verify(der, signing_input.encode(), ES256._hash)  # a good one to everybody else
    with pytest.raises(InvalidToken):
        await verify(f"{signing_input}.{_segment(other)}")


@pytest.mark.parametrize("space", [b" ", b"\n", b"\t", b"\r\n"])
async def test_jw_16_json_in_another_spelling(
    space: bytes, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    for spaced_header, spaced_claims in (
        (space + _compact(header), _compact(claims)),
        (_compact(header), _compact(claims) + space),
        (_compact(header), _compact(claims).replace(b",", b"," + space)),
        (b"\xef\xbb\xbf" + _compact(header), _compact(claims)),
        (_compact(header), b"\xff" + _compact(claims)),
    ):
        with pytest.raises(InvalidToken):
            await verify(forge(spaced_header, spaced_claims))


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"text"', b"1", b"{}", b"{", b"\x00"])
async def test_jw_16_a_payload_that_is_no_object_of_claims(
    payload: bytes, forge: Forge, verify: Verify, header: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(forge(header, payload))


@pytest.mark.parametrize("form", ["raw", "DER"])
@pytest.mark.parametrize("r", [0, 1, P256_ORDER - 1, P256_ORDER, P256_ORDER + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, P256_ORDER // 2, P256_ORDER - 1, P256_ORDER, 2**256 - 1])
async def test_jw_17_signatures_without_a_key(
    form: str, r: int, s: int, sign: Sign, verify: Verify, claims: Claims
) -> None:
    signing_input = (await sign(claims)).rpartition(".")[0]
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    forged = raw if form == "raw" else encode_dss_signature(r, s)
    with pytest.raises(InvalidToken):
        await verify(f"{signing_input}.{_segment(forged)}")


async def test_jw_17_a_good_signature_in_another_form(
    sign: Sign, verify: Verify, claims: Claims
) -> None:
    signing_input, _, signature = (await sign(claims)).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    for form in (encode_dss_signature(r, s), raw + b"\0", b"\0" + raw, raw[:-1], raw * 2, b""):
        with pytest.raises(InvalidToken):
            await verify(f"{signing_input}.{_segment(form)}")


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA", "HS256"])
@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 64, 256])
async def test_jw_17_zeros_for_a_signature(
    algorithm: str, length: int, sign: Sign, verify: Verify, claims: Claims
) -> None:
    signing_input = (await sign(claims, algorithm=algorithm)).rpartition(".")[0]
    with pytest.raises(InvalidToken):
        await verify(f"{signing_input}.{_segment(bytes(length))}")


@pytest.mark.parametrize(
    "members",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"cty": "JWT"},
        {"enc": "A128GCM"},
    ],
)
async def test_jw_18_demands_in_the_header_that_we_do_not_know(
    members: Claims, forge: Forge, verify: Verify, header: Claims, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        await verify(forge(header | members, claims))


@pytest.mark.parametrize(
    ("state", "is_believed"),
    [(KeyState.PENDING, False), (KeyState.ACTIVE, True), (KeyState.RETIRING, True)],
)
async def test_jw_19_what_a_key_may_do_depends_on_its_state(
    state: KeyState,
    is_believed: bool,
    forge: Forge,
    verify: Verify,
    stored: Callable[..., SigningKey],
    cipher: TenantCipher,
    private_keys: dict[str, PrivateKey],
    header: Claims,
    claims: Claims,
) -> None:
    keys = KeySet.opened([stored(private_keys["ES256"], state)], cipher=cipher)
    if is_believed:
        await verify(forge(header, claims), by=keys)
        return
    with pytest.raises(InvalidToken):
        await verify(forge(header, claims), by=keys)


async def test_jw_19_a_key_of_another_algorithm_is_not_used(
    forge: Forge,
    verify: Verify,
    private_keys: dict[str, PrivateKey],
    claims: Claims,
) -> None:
    for named in ALGORITHMS:
        for used in ALGORITHMS.keys() - {named}:
            header = {"alg": used, "typ": "at+jwt", "kid": private_keys[named].thumbprint()}
            with pytest.raises(InvalidToken):
                await verify(forge(header, claims, key=private_keys[used]))


async def test_where_to_look_for_a_token_is_read_without_its_signature(
    sign: Sign, claims: Claims, header: Claims
) -> None:
    token = await sign(claims)
    unsigned = token.rpartition(".")[0] + "." + _segment(hashlib.sha256(b"").digest())
    for text in (token, unsigned):
        assert parse_unverified(text) == Unverified(header["kid"], UUID(claims["jti"]), claims)


@pytest.mark.parametrize("kid", [_MISSING, None, 1, ["kid"], {}])
def test_a_token_that_names_no_key_is_refused(
    kid: object, forge: Forge, header: Claims, claims: Claims
) -> None:
    with pytest.raises(InvalidToken):
        parse_unverified(forge(_changed(header, kid=kid), claims))


@pytest.mark.parametrize(
    "jti",
    [
        "",
        "x",
        1,
        None,
        "0193AC2F-7C00-7000-8000-00000000ABCD",
        "{0193ac2f-7c00-7000-8000-00000000abcd}",
        "0193ac2f7c0070008000 00000000abcd",
        "urn:uuid:0193ac2f-7c00-7000-8000-00000000abcd",
    ],
)
async def test_an_id_that_is_none_of_ours_is_refused(
    jti: object, sign: Sign, verify: Verify, claims: Claims
) -> None:
    token = await sign(claims | {"jti": jti})
    with pytest.raises(InvalidToken):
        parse_unverified(token)
    with pytest.raises(InvalidToken):
        await verify(token)


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "opaque", "é.é.é", "x" * 1_000_000])
def test_what_is_no_token_leads_nowhere(text: str) -> None:
    with pytest.raises(InvalidToken):
        parse_unverified(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    header=some.one_of(some.binary(max_size=60), some.just(b"@")),
    payload=some.one_of(some.binary(max_size=60), some.just(b"@")),
    signature=some.binary(max_size=80),
)
async def test_whatever_is_sent_is_invalid_and_never_a_fault(
    header: bytes, payload: bytes, signature: bytes, verify: Verify, claims: Claims
) -> None:
    first = _compact({"alg": "ES256"}) if header == b"@" else header
    second = _compact(claims) if payload == b"@" else payload
    for token in (
        ".".join(_segment(part) for part in (first, second, signature)),
        (first + b"." + second + b"." + signature).decode("latin-1"),
    ):
        with pytest.raises(InvalidToken):
            await verify(token)


def test_a_refusal_does_not_repeat_the_token(claims: Claims) -> None:
    secret = hmac.new(b"k", b"m", "sha256").hexdigest()
    with pytest.raises(InvalidToken) as refusal:
        parse_unverified(f"{secret}.{secret}.{secret}")
    assert secret not in str(refusal.value)
