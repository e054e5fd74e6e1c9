"""What no client's tokens can be: how long they live, whom they are for, what they say."""

import re
from collections.abc import Iterator

from authgate.languages import text
from authgate.plugin_api import RESERVED_CLAIMS
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import GROUP_KINDS, ClientMetadata
from authgate.tokens.authentication import ACR_VALUES
from authgate.tokens.lifetimes import TokenProfile
from authgate_tenants.scope import tenant_in_scope

_LEAST_SECONDS = 60
_MOST_SECONDS = 31_536_000  # a year, as for a tenant
_MOST_NAMES = 16
_LONGEST_PREFIX = 100
_CLAIM = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_AUDIENCE = re.compile(r"[!-~]{1,255}")
_PROJECT = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?)?")
_SERVICE_ACCOUNT = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.@-]{0,254})?")
_LIFETIMES = ("access_token_lifetime", "refresh_token_lifetime")


def faults(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    """Each fault, after the field that would have to be another."""
    said = draft.metadata
    yield from _faults_of_tokens(said)
    if not _PROJECT.fullmatch(draft.project):
        yield "project", text("A project is 1 to 64 letters, digits, - _ and . between them.")
    if not _SERVICE_ACCOUNT.fullmatch(draft.service_account):
        yield (
            "service_account",
            text("A service account is up to 255 letters, digits, - _ . and @."),
        )
    if said.minimum_acr_value not in ("", *ACR_VALUES):
        yield (
            "minimum_acr_value",
            text("A sign-in is worth one of %(acr_values)s.", acr_values=", ".join(ACR_VALUES)),
        )
    yield from _faults_of_groups(said)
    yield from _faults_of_claims(said.extra_claims)


def _faults_of_tokens(said: ClientMetadata) -> Iterator[tuple[str, str]]:
    if said.token_profile not in ("", *TokenProfile):
        yield (
            "token_profile",
            text(
                "The token profile is one of %(profiles)s.",
                profiles=", ".join(TokenProfile),
            ),
        )
    for field in _LIFETIMES:
        lifetime = getattr(said, field)
        if lifetime is not None and not _LEAST_SECONDS <= lifetime <= _MOST_SECONDS:
            yield (
                field,
                text(
                    "A lifetime has %(least)s to %(most)s seconds.",
                    least=_LEAST_SECONDS,
                    most=_MOST_SECONDS,
                ),
            )
    if not all(map(_AUDIENCE.fullmatch, said.audience)) or len(said.audience) > _MOST_NAMES:
        yield (
            "audience",
            text(
                "An audience is up to %(most)s names of visible ASCII characters.", most=_MOST_NAMES
            ),
        )


def _faults_of_groups(said: ClientMetadata) -> Iterator[tuple[str, str]]:
    if said.groups_claim not in GROUP_KINDS:
        yield (
            "groups_claim",
            text("Groups are told by one of %(group_kinds)s.", group_kinds=", ".join(GROUP_KINDS)),
        )
    for field in ("groups_prefix", "roles_prefix"):
        prefix = getattr(said, field)
        if len(prefix) > _LONGEST_PREFIX or not prefix.isprintable():
            yield (
                field,
                text("A prefix has at most %(most)s printable characters.", most=_LONGEST_PREFIX),
            )


def _faults_of_claims(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(names) > _MOST_NAMES:
        yield (
            "extra_claims",
            text("A client puts at most %(most)s claims into its tokens.", most=_MOST_NAMES),
        )
    for name in names:
        if not _CLAIM.fullmatch(name) or name in RESERVED_CLAIMS or _is_private(name):
            # RFC 8725 section 3.8: somebody decides by them who is calling, and with which rights.
            yield (
                "extra_claims",
                text("The claim %(name)r is not a client's to make.", name=name[:64]),
            )


def _is_private(name: str) -> bool:
    tenant = tenant_in_scope()
    return tenant is not None and name.startswith(f"{tenant.settings.private_claim_prefix}_")
