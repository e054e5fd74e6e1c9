"""What no client can be, whoever registers it: a command, the API, a page or the client itself."""

import re
from collections.abc import Iterator
from functools import partial

from authgate.languages import text
from authgate.provisioning import client_keys_fitness, profile_fitness, sectors, token_fitness
from authgate.provisioning.unfit import UnfitClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.tokens.scopes import is_admin
from authgate.vocabulary import ApplicationType, ConsentPolicy
from authgate.web import redirect_uris
from authgate.web.redirect_uris import BadRedirectUri

_LONGEST_NAME = 80
_LONGEST_DESCRIPTION = 500
_LONGEST_CONTACT = 254
_WEB_PAGE = re.compile(r"https://[A-Za-z0-9.\[\]:-]{1,255}(?:[/?#][!-~]{0,1800})?\Z")
_BY_REDIRECT = "authorization_code"
_BY_ITSELF = "client_credentials"
_BY_TOKENS = frozenset(
    f"urn:ietf:params:oauth:grant-type:{each}" for each in ("token-exchange", "jwt-bearer")
)


def check(draft: ClientDraft) -> None:
    """Raises ``UnfitClient`` for the first fault, and ``BadRedirectUri``."""
    for field, fault in _faults(draft):
        raise UnfitClient(field, fault)
    for uri in draft.redirect_uris:
        redirect_uris.check(uri, draft.application_type)


def faults(draft: ClientDraft) -> dict[str, str]:
    """Every fault, by the field that would have to be another."""
    found: dict[str, str] = {}
    for field, fault in _faults(draft):
        found.setdefault(field, fault)
    try:
        for uri in draft.redirect_uris:
            redirect_uris.check(uri, draft.application_type)
    except BadRedirectUri as error:
        found.setdefault("redirect_uris", str(error))
    return found


def _faults(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    if not 0 < len(draft.name.strip()) <= _LONGEST_NAME:
        yield "name", text("The name has 1 to %(most)s characters.", most=_LONGEST_NAME)
    if len(draft.description) > _LONGEST_DESCRIPTION:
        fault = text("The description has at most %(most)s characters.", most=_LONGEST_DESCRIPTION)
        yield "description", fault
    if _BY_REDIRECT in draft.grant_types and not draft.redirect_uris:
        yield "redirect_uris", text("The grant authorization_code needs a redirect URI.")
    if draft.consent is ConsentPolicy.IMPLICIT and not draft.first_party:
        yield (
            "consent",
            text("Only the tenant's own applications (first party) do without consent."),
        )
    if draft.consent is ConsentPolicy.IMPLICIT and any(is_admin(each) for each in draft.scopes):
        yield (
            "consent",
            text("Whoever lets an application administer the tenant is asked each time."),
        )
    yield from client_keys_fitness.faults(draft)
    yield from sectors.faults(draft)
    yield from profile_fitness.faults(draft)
    if draft.owner_id is not None and any(is_admin(each) for each in draft.scopes):
        yield "scopes", text("Nobody's own application administers the tenant.")
    if draft.public:
        yield from _faults_without_secret(draft)
    yield from _faults_of_addresses(draft)
    yield from _faults_of_pages(draft.metadata)
    yield from token_fitness.faults(draft)


def _faults_of_addresses(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    said, kind = draft.metadata, draft.application_type
    for field, check_address in (
        ("allowed_origins", redirect_uris.check_origin),
        ("post_logout_redirect_uris", partial(redirect_uris.check, application_type=kind)),
    ):
        try:
            for uri in getattr(said, field):
                check_address(uri)
        except BadRedirectUri as error:
            yield field, str(error)
    yield from _faults_of_logout(draft)


def _faults_of_logout(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    back, front = draft.metadata.backchannel_logout_uri, draft.metadata.frontchannel_logout_uri
    for field, uri in (("backchannel_logout_uri", back), ("frontchannel_logout_uri", front)):
        try:
            if uri:
                redirect_uris.check(uri, ApplicationType.WEB)
        except BadRedirectUri as error:
            yield field, str(error)
            return
    if back and not redirect_uris.is_claimed(back):
        yield (
            "backchannel_logout_uri",
            text("%(back)r is not https, and only that is asked.", back=back),
        )
    # OpenID Connect Front-Channel Logout 2: else anybody's page could be loaded in ours.
    if front and redirect_uris.origin(front) not in redirect_uris.origins(draft.redirect_uris):
        fault = text("%(front)r is not on the origin of a redirect URI of the client.", front=front)
        yield "frontchannel_logout_uri", fault


def _faults_of_pages(said: ClientMetadata) -> Iterator[tuple[str, str]]:
    # People are led there: nothing but https, and nobody's name before the host.
    for field in ("client_uri", "logo_uri", "policy_uri", "tos_uri"):
        uri = getattr(said, field)
        if uri and not _WEB_PAGE.match(uri):
            yield field, text("%(uri)r is no https address.", uri=uri[:80])
    if any("@" not in each or len(each) > _LONGEST_CONTACT for each in said.contacts):
        yield "contacts", text("A contact is an e-mail address.")


def _faults_without_secret(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    if _BY_ITSELF in draft.grant_types:
        fault = text("A public client has no credentials for the grant client_credentials.")
        yield "grant_types", fault
    if not _BY_TOKENS.isdisjoint(draft.grant_types):
        fault = text(
            "A public client cannot prove that it may bring others' tokens and assertions."
        )
        yield "grant_types", fault
    if draft.unauthenticated_device_grant:
        fault = text("A public client has no secret that it could leave out.")
        yield "unauthenticated_device_grant", fault
    if draft.metadata.unauthenticated_refresh:
        fault = text("A public client has no secret that it could leave out.")
        yield "unauthenticated_refresh", fault
    if draft.pkce_optional:
        yield "pkce_optional", text("A public client proves by PKCE who it is.")
    if draft.introspects:
        yield "introspects", text("A public client cannot prove that it may ask about tokens.")
