"""Whether hosts belong together as a client says (OpenID Connect Core section 8.1): what lies at
its ``sector_identifier_uri`` lists each of its redirect URIs."""

from collections.abc import Iterator
from typing import Final

from authgate import storage
from authgate.installation import Installation
from authgate.languages import text
from authgate.plugin_api import HttpFailure
from authgate.provisioning.unfit import UnfitClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import PAIRWISE, SUBJECT_TYPES
from authgate.tokens.subjects import redirect_hosts

FIELD: Final = "sector_identifier_uri"

_LARGEST = 65_536
_BY_REDIRECT = frozenset({"authorization_code", "refresh_token", "client_credentials"})
"""Grants by which nobody is told of a person but who is answered at a redirect URI."""


def faults(draft: ClientDraft) -> Iterator[tuple[str, str]]:
    """Each fault that is seen without asking anybody, with the field that would have to be
    another."""
    said = draft.metadata
    if said.subject_type not in SUBJECT_TYPES:
        yield (
            "subject_type",
            text(
                "The subject type is one of %(subject_types)s.",
                subject_types=", ".join(SUBJECT_TYPES),
            ),
        )
    if said.subject_type != PAIRWISE:
        return
    if said.sector_identifier_uri and not draft.redirect_uris:
        yield FIELD, text("It lists redirect URIs, and the client has none.")
    hosts = redirect_hosts(draft.redirect_uris)
    if len(hosts) > 1 and not said.sector_identifier_uri:
        yield (
            FIELD,
            text("Redirect URIs on several hosts need it, so that it is known whose they are."),
        )
    is_vouched_for = not said.self_registered and draft.owner_id is None
    if not is_vouched_for and any(hosts) and not _BY_REDIRECT.issuperset(draft.grant_types):
        # Nobody of that host need have a part in it where people are told of otherwise.
        fault = text("With pairwise subjects it is told of people at its redirect URIs alone.")
        yield "grant_types", fault


def must_ask(draft: ClientDraft, former: ClientDraft | None = None) -> bool:
    """Whether the host has to say it, or to say it anew."""
    if draft.metadata.subject_type != PAIRWISE or not draft.metadata.sector_identifier_uri:
        return False
    return former is None or _said(draft) != _said(former)


async def confirm(parts: Installation, draft: ClientDraft) -> None:
    """Ask the host. Raises ``UnfitClient`` where it does not say so.

    An open unit of work is set aside meanwhile.
    """
    uri = draft.metadata.sector_identifier_uri
    try:
        async with storage.set_aside():
            listed = await _listed(parts, uri)
    except HttpFailure as failure:
        raise UnfitClient(
            FIELD, text("It cannot be read: %(failure)s", failure=str(failure))
        ) from failure
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise UnfitClient(FIELD, text("What lies there is no JSON list of redirect URIs."))
    missing = [each for each in draft.redirect_uris if each not in listed]
    if missing:
        raise UnfitClient(
            FIELD, text("What lies there does not list %(missing)r.", missing=missing[0])
        )


async def _listed(parts: Installation, uri: str) -> object:
    answer = await parts.outside.get(uri, headers={"accept": "application/json"})
    if not answer.ok or len(answer.body) > _LARGEST:
        raise HttpFailure(
            text(
                "Status %(status)s, %(bytes)s bytes.",
                status=str(answer.status),
                bytes=len(answer.body),
            )
        )
    return answer.json()


def _said(draft: ClientDraft) -> tuple[str, str, frozenset[str]]:
    said = draft.metadata
    return said.subject_type, said.sector_identifier_uri, frozenset(draft.redirect_uris)
