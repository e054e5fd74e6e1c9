"""What no client can have as its keys and ways to prove itself (RFC 7591 section 2)."""

from collections.abc import Collection, Iterator
from urllib.parse import urldefrag, urlsplit

import orjson
from cryptography import x509

from authgate.languages import text
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import (
    AUTHENTICATION_METHODS,
    CLIENT_SECRET_JWT,
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS,
    TLS,
    TLS_METHODS,
)
from authgate.tokens import id_token, jwk
from authgate.tokens.jwk import ALGORITHMS, BadJwk
from authgate_tenants.scope import tenant_in_scope

_LONGEST_URI = 2048
_LARGEST_SET = 65_536


def faults(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    """Each fault with the field that would have to be another."""
    yield from _of_methods(draft)
    yield from _of_keys(draft)
    yield from _of_requests(draft)
    yield from _of_certificates(draft)
    yield from _of_answers(draft)
    metadata, methods = draft.metadata, draft.methods()
    fitting = _fitting(methods)
    if metadata.token_endpoint_auth_signing_alg not in ("", *fitting):
        named = ", ".join(fitting) or "none"
        yield (
            "token_endpoint_auth_signing_alg",
            text("Of its methods this signs with one of: %(named)s.", named=named),
        )


def _of_requests(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    metadata = draft.metadata
    if metadata.request_object_signing_alg not in ("", *ALGORITHMS):
        fault = text(
            "Requests are signed with one of: %(algorithms)s.", algorithms=", ".join(ALGORITHMS)
        )
        yield "request_object_signing_alg", fault
    for uri in metadata.request_uris:
        if not _is_https(urldefrag(uri).url):
            yield "request_uris", text("%(uri)r is no https address.", uri=uri[:80])
    if metadata.require_signed_request_object and metadata.jwks is None and not metadata.jwks_uri:
        yield "jwks", text("A client that signs its requests has jwks or jwks_uri.")


def _of_answers(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    if draft.metadata.id_token_signed_response_alg not in ("", *id_token.ALGORITHMS):
        fault = text(
            "ID tokens are signed with one of: %(algorithms)s.",
            algorithms=", ".join(id_token.ALGORITHMS),
        )
        yield "id_token_signed_response_alg", fault
    tenant = tenant_in_scope()
    algorithm = draft.metadata.userinfo_signed_response_alg
    if algorithm and tenant is not None:
        own = id_token.algorithm_of(tenant.settings.signing_algorithm)
        if algorithm != own:
            yield "userinfo_signed_response_alg", text("The tenant signs with %(own)s.", own=own)


def _of_certificates(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    metadata = draft.metadata
    names = (metadata.tls_client_auth_subject_dn, metadata.tls_client_auth_san_dns)
    if TLS in draft.methods() and sum(map(bool, names)) != 1:
        yield (
            "tls_client_auth_subject_dn",
            text("One name of its certificate, and no more, is needed."),
        )
    try:
        x509.Name.from_rfc4514_string(metadata.tls_client_auth_subject_dn)
    except ValueError:
        yield "tls_client_auth_subject_dn", text("This is no name as RFC 4514 writes one.")


def _of_methods(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    methods = set(draft.methods())
    unknown = methods - {*AUTHENTICATION_METHODS, *TLS_METHODS}
    if unknown:
        yield "authentication_methods", text("There is no method %(method)r.", method=min(unknown))
    if "none" in methods and len(methods) > 1:
        yield "authentication_methods", text("A client that proves nothing has no other method.")
    if ("none" in methods) != draft.public:
        yield "authentication_methods", text("A public client, and no other, has the method none.")


def _of_keys(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    metadata = draft.metadata
    if metadata.jwks is not None and metadata.jwks_uri:
        yield "jwks", text("A client has jwks or jwks_uri, not both.")
    if metadata.jwks is not None:
        yield from _of_key_set(metadata.jwks)
    for name in ("jwks_uri", "sector_identifier_uri"):
        uri = getattr(metadata, name)
        if uri and not _is_https(uri):
            yield name, text("%(name)s is an https URL without user name and fragment.", name=name)
    has_keys = metadata.jwks is not None or metadata.jwks_uri
    signs = not {PRIVATE_KEY_JWT, SELF_SIGNED_TLS}.isdisjoint(draft.methods())
    if signs and not has_keys:
        yield "jwks", text("A client that signs with its key has jwks or jwks_uri.")


def _of_key_set(document: object) -> Iterator[tuple[str, str]]:
    try:
        jwk.check_key_set(document)
        written = orjson.dumps(document)
    except (BadJwk, orjson.JSONEncodeError) as error:
        yield "jwks", str(error)
        return
    if b"\\u0000" in written or len(written) > _LARGEST_SET:
        yield (
            "jwks",
            text("A set has up to %(most)s bytes, and no NUL character.", most=_LARGEST_SET),
        )


def _fitting(methods: Collection[str]) -> tuple[str, ...]:
    by_key = ALGORITHMS if PRIVATE_KEY_JWT in methods else ()
    return (*by_key, "HS256") if CLIENT_SECRET_JWT in methods else by_key


def _is_https(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    is_plain = uri.isascii() and uri.isprintable() and " " not in uri and "\\" not in uri
    is_bare = "@" not in parts.netloc and not parts.fragment
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and is_plain
        and is_bare
        and len(uri) <= _LONGEST_URI
    )
