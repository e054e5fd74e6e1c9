"""What no client can be of which a profile of FAPI 2.0 is demanded."""

from collections.abc import Iterator

from authgate.languages import text
from authgate.storage.clients.drafts import ClientDraft
from authgate.tokens.jwk import BadJwk, usable_keys
from authgate.tokens.security_profile import (
    METHODS,
    SIGNING_ALGORITHMS,
    SecurityProfile,
    signs_well,
)
from authgate.web import redirect_uris
from authgate_tenants.scope import tenant_in_scope

_ALGORITHMS = (
    "token_endpoint_auth_signing_alg",
    "request_object_signing_alg",
    "id_token_signed_response_alg",
)


def faults(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    """Each fault, after the field that would have to be another."""
    profile = draft.metadata.security_profile
    if profile not in set(SecurityProfile):
        named = ", ".join(filter(None, SecurityProfile))
        yield (
            "security_profile",
            text("The security profile is one of %(named)s, or none.", named=named),
        )
    elif profile:
        yield from _of_the_tenant()
        yield from _of_proofs(draft)
        yield from _of_requests(draft)


def _of_proofs(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    said, named = draft.metadata, ", ".join(sorted(METHODS))
    if not METHODS.issuperset(draft.methods()):
        yield (
            "authentication_methods",
            text("FAPI 2.0 takes no other method than %(named)s.", named=named),
        )
    for name, is_lax in (
        ("unauthenticated_refresh", said.unauthenticated_refresh),
        ("unauthenticated_device_grant", draft.unauthenticated_device_grant),
        ("legacy_assertion_audience", said.legacy_assertion_audience),
    ):
        if is_lax:
            yield name, text("FAPI 2.0 makes no such exception.")
    for name in _ALGORITHMS:
        if getattr(said, name) not in ("", *SIGNING_ALGORITHMS):
            yield (
                name,
                text(
                    "FAPI 2.0 takes %(signing_algorithms)s only.",
                    signing_algorithms=", ".join(SIGNING_ALGORITHMS),
                ),
            )
    if said.jwks is not None and not _has_fitting_key(said.jwks):
        yield (
            "jwks",
            text(
                "No key of the set is for one of %(signing_algorithms)s.",
                signing_algorithms=", ".join(SIGNING_ALGORITHMS),
            ),
        )


def _of_the_tenant() -> Iterator[tuple[str, str]]:
    tenant = tenant_in_scope()
    if tenant is not None and not signs_well(tenant.settings):
        named = ", ".join(SIGNING_ALGORITHMS)
        yield "security_profile", text("The tenant signs with none of %(named)s.", named=named)


def _of_requests(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    said = draft.metadata
    if draft.pkce_optional:
        yield "pkce_optional", text("FAPI 2.0 demands PKCE.")
    if not all(map(redirect_uris.is_claimed, draft.redirect_uris)):
        yield "redirect_uris", text("FAPI 2.0 takes https alone.")
    signs = said.security_profile == SecurityProfile.FAPI2_MESSAGE_SIGNING
    if signs and said.jwks is None and not said.jwks_uri:
        yield "jwks", text("A client that signs its requests has jwks or jwks_uri.")


def _has_fitting_key(jwks: object) -> bool:
    try:
        return any(not key.algorithms.isdisjoint(SIGNING_ALGORITHMS) for key in usable_keys(jwks))
    except BadJwk:
        return True  # what is wrong with it is told elsewhere
