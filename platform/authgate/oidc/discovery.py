"""``GET /.well-known/…``: what clients discover (OpenID Connect Discovery; RFC 8414; RFC 9728; RFC
7517).

Each tenant's answer is made once and kept as bytes until the tenant changes.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial

import orjson

from authgate import storage
from authgate.languages import offered
from authgate.oauth import client_assertion, dpop, pkce, request_object
from authgate.oauth.authorization_request import PROMPTS, RESPONSE_MODES, SIGNED_MODES
from authgate.oauth.grants import Grant
from authgate.storage.clients.metadata import AUTHENTICATION_METHODS, SUBJECT_TYPES, TLS_METHODS
from authgate.storage.shared_cache import SharedCache
from authgate.storage.tenants import scopes
from authgate.tokens import group_claims, security_profile
from authgate.tokens.authentication import ACR, ACR_VALUES
from authgate.tokens.id_token import ALGORITHMS, algorithm_of
from authgate.tokens.keys import SigningKeys
from authgate.tokens.refresh_rotation import OFFLINE
from authgate.tokens.security_profile import SecurityProfile
from authgate.web.machine import Handler, Headers, MachineRequest, Reply
from authgate_tenants import Tenant, TenantSettings, current_tenant

_MAX_AGE = 900
_KEPT = 10_000
_SCOPES = ("openid", "profile", "email", OFFLINE, *sorted(group_claims.SCOPES))
_PROVING_METHODS = [name for name in AUTHENTICATION_METHODS if name != "none"]


Content = Callable[[Tenant, tuple[str, ...]], dict[str, object]]
"""What is said of a tenant, and of the scopes that it has described."""


@dataclass(frozen=True, slots=True)
class _Document:
    settings: TenantSettings
    scopes: tuple[str, ...]
    body: bytes
    etag: str
    headers: Headers


class Discovery:
    """A tenant's metadata, of one kind."""

    def __init__(self, content: Content, *, scopes: SharedCache[tuple[str, ...]]) -> None:
        self._content = content
        self._scopes = scopes
        self._kept: dict[str, _Document] = {}

    async def metadata(self, request: MachineRequest) -> Reply:
        """Answers with the metadata, or that it has not changed."""
        tenant = current_tenant()
        kept = self._scopes.kept((tenant.id, "advertised"))
        described = kept[0] if kept is not None else await self._described(tenant)
        document = self._kept.get(tenant.issuer)
        # A changed tenant is another value: what was made for the former one is not served.
        if document is None or (document.settings, document.scopes) != (tenant.settings, described):
            document = self._keep(tenant, described)
        elif document.settings is not tenant.settings:
            # An equal value that was read anew: from now on it is known without a comparison.
            document = replace(document, settings=tenant.settings)
            self._kept[tenant.issuer] = document
        return _cacheable(request, document.body, document.etag, document.headers)

    async def _described(self, tenant: Tenant) -> tuple[str, ...]:
        try:
            return await self._scopes.get((tenant.id, "advertised"), scopes.advertised)
        except Exception as error:
            if not storage.is_outage(error):
                raise
            # Metadata is worth more than the names of scopes that nobody needs to start.
            former = self._kept.get(tenant.issuer)
            return former.scopes if former else ()

    def _keep(self, tenant: Tenant, described: tuple[str, ...]) -> _Document:
        if len(self._kept) >= _KEPT:
            self._kept.pop(next(iter(self._kept)))
        body = orjson.dumps(self._content(tenant, described))
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = _cache_headers(etag, f"public, max-age={_MAX_AGE}", b"application/json")
        document = self._kept[tenant.issuer] = _Document(
            tenant.settings, described, body, etag, headers
        )
        return document


def jwks_endpoint(*, keys: SigningKeys) -> Handler:
    """``GET /.well-known/jwks.json``: the keys to check tokens with (RFC 7517)."""

    async def jwks(request: MachineRequest) -> Reply:
        document = await keys.jwks()
        headers = _cache_headers(document.etag, document.cache_control, b"application/jwk-set+json")
        return _cacheable(request, document.body, document.etag, headers)

    return jwks


def _cacheable(request: MachineRequest, body: bytes, etag: str, headers: Headers) -> Reply:
    # RFC 9110 section 13.1.2: who has it already is told that it has not changed.
    known = request.header(b"if-none-match")
    if known is not None and etag in known:
        return Reply(304, b"", headers)
    return Reply(200, body, headers)


def _cache_headers(etag: str, cache_control: str, content_type: bytes) -> Headers:
    return (
        (b"content-type", content_type),
        (b"cache-control", cache_control.encode()),
        (b"etag", etag.encode()),
        (b"access-control-allow-origin", b"*"),
    )


def server(grants: Iterable[Grant], *, certificates: bool) -> Content:
    """What there is to know of an authorization server (RFC 8414)."""
    grant_types = [grant.grant_type for grant in grants]
    return partial(_metadata, grant_types, _by_certificates() if certificates else {})


def _by_certificates() -> dict[str, object]:
    """RFC 8705 sections 2 and 3.3, where a proxy passes certificates."""
    return {
        "tls_client_certificate_bound_access_tokens": True,
        "token_endpoint_auth_methods_supported": [*AUTHENTICATION_METHODS, *TLS_METHODS],
    }


def protected_resource(tenant: Tenant, described: tuple[str, ...]) -> dict[str, object]:
    """What there is to know of what a tenant serves for access tokens (RFC 9728 section 2)."""
    return {
        "resource": tenant.issuer,
        "resource_name": tenant.name,
        "authorization_servers": [tenant.issuer],
        "scopes_supported": _scopes(described),
        "bearer_methods_supported": ["header", "body"],
        "dpop_signing_alg_values_supported": list(dpop.SIGNING_ALGORITHMS),
    }


def _metadata(
    grant_types: list[str],
    more: dict[str, object],
    tenant: Tenant,
    described: tuple[str, ...],
) -> dict[str, object]:
    provided = _provided(tenant, grant_types, described) | _registration(tenant) | more
    return _demanded(tenant.settings.security_profile, provided)


def _demanded(profile: str, provided: dict[str, object]) -> dict[str, object]:
    """What is left of it where a security profile is demanded of every client."""
    if not profile:
        return provided
    demanded: dict[str, object] = {
        name: _of_those(values, security_profile.METHODS | {*security_profile.SIGNING_ALGORITHMS})
        for name, values in provided.items()
        if name.endswith(("_auth_methods_supported", "_alg_values_supported"))
    }
    demanded["require_pushed_authorization_requests"] = True
    if profile == SecurityProfile.FAPI2_MESSAGE_SIGNING:
        demanded |= {
            "require_signed_request_object": True,
            "response_modes_supported": list(SIGNED_MODES),
        }
    return provided | demanded


def _of_those(values: object, taken: Collection[str]) -> list[str]:
    return [each for each in values if each in taken] if isinstance(values, list) else []


def _scopes(described: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys((*_SCOPES, *described)))


def _registration(tenant: Tenant) -> dict[str, object]:
    """How clients become known without an administrator, if they may."""
    chosen = tenant.settings
    may_register = chosen.client_registration != "off"
    endpoint = {"registration_endpoint": f"{tenant.issuer}/oauth/register"} if may_register else {}
    return {
        **endpoint,
        "client_id_metadata_document_supported": chosen.client_id_metadata_documents,
    }


def _provided(
    tenant: Tenant, grant_types: list[str], described: tuple[str, ...]
) -> dict[str, object]:
    return {
        **_endpoints(tenant.issuer),
        **_proofs(),
        **_authorization(),
        **_signed_answers(tenant),
        **_LOGOUT,
        "grant_types_supported": grant_types,
        "require_pushed_authorization_requests": (
            tenant.settings.require_pushed_authorization_requests
        ),
        "scopes_supported": _scopes(described),
        "subject_types_supported": list(SUBJECT_TYPES),
        "acr_values_supported": _acr_values(tenant.settings),
        "claims_parameter_supported": True,
        "ui_locales_supported": [each.tag for each in offered(tenant.settings.languages)],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "jti", "auth_time", "nonce", "at_hash", "amr", "acr",
            "sid",
            "name", "preferred_username", "picture", "updated_at", "email", "email_verified",
            "groups", "roles",
        ],
    }  # fmt: skip


def _acr_values(settings: TenantSettings) -> list[str]:
    return [ACR] if settings.second_factor == "off" else list(ACR_VALUES)


_LOGOUT: dict[str, object] = {
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "frontchannel_logout_supported": True,
    "frontchannel_logout_session_supported": True,
}


def _endpoints(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "token_endpoint": f"{issuer}/oauth/token",
        "device_authorization_endpoint": f"{issuer}/oauth/device/code",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
    }


def _proofs() -> dict[str, object]:
    """How clients prove who they are, and that a token is theirs."""
    methods, signing = list(AUTHENTICATION_METHODS), list(client_assertion.SIGNING_ALGORITHMS)
    return {
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_methods_supported": _PROVING_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "dpop_signing_alg_values_supported": list(dpop.SIGNING_ALGORITHMS),
    }


def _authorization() -> dict[str, object]:
    """What a request for authorization may say, and how it is answered."""
    return {
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "prompt_values_supported": list(PROMPTS),
        "code_challenge_methods_supported": [pkce.METHOD],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(request_object.SIGNING_ALGORITHMS),
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
    }


def _signed_answers(tenant: Tenant) -> dict[str, object]:
    algorithm = algorithm_of(tenant.settings.signing_algorithm)
    return {
        "userinfo_signing_alg_values_supported": [algorithm],
        "introspection_signing_alg_values_supported": [algorithm],
        "authorization_signing_alg_values_supported": [algorithm],
        # First what signs where a client has chosen nothing: some take the first that they can.
        "id_token_signing_alg_values_supported": list(dict.fromkeys((algorithm, *ALGORITHMS))),
    }
