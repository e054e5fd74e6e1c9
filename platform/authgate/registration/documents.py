"""Clients whose ``client_id`` is the address of a document that describes them (OAuth Client ID
Metadata Documents, draft-ietf-oauth-client-id-metadata-document).

The document is fetched when a person arrives, through the guard that holds for every address that
somebody else chose, and remembered for as long as its host says, within bounds. What it says is
stored as a client like any other, so that whatever hangs on a client works with it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from authgate import provisioning, storage
from authgate.audit import ANONYMOUS
from authgate.installation import Installation
from authgate.oauth.client_documents import UnreadableDocument
from authgate.oauth.errors import OAuthError
from authgate.plugin_api import HttpClient, HttpFailure, HttpResponse
from authgate.provisioning import UnfitClient, UnknownClient
from authgate.registration import changes, metadata
from authgate.storage.caches import Cached
from authgate.storage.clients import clients, ids
from authgate.storage.clients.clients import ClientIdTaken
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import PRIVATE_KEY_JWT
from authgate.storage.clients.rows import Client
from authgate.storage.tenants.quotas import QuotaReached
from authgate.telemetry import metrics
from authgate.vocabulary import ClientStatus
from authgate.web.limits import Limits
from authgate.web.redirect_uris import BadRedirectUri
from authgate_tenants import TenantSettings, current_tenant

METHODS: Final = ("none", PRIVATE_KEY_JWT)
"""How such a client may prove itself: what anybody can read holds no secret."""

_LARGEST = 16_384
_KEPT_DOCUMENTS = 2_000
_FRESH_SECONDS = range(60, 86_401)
_USUAL_SECONDS = 600
_FAILED_SECONDS = 60
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})", re.IGNORECASE)
_UNREADABLE = "The description of the application, at the address that is its name, cannot be used."

_log = structlog.get_logger(__name__)


class _Known(NamedTuple):
    draft: ClientDraft | None
    """Nothing where the document could not be used."""
    until: float


class MetadataDocuments:
    """Reads documents, and stores the clients that they describe."""

    def __init__(self, parts: Installation, http: HttpClient, limits: Limits) -> None:
        self._parts = parts
        self._http = http
        self._limits = limits
        self._known: Cached[tuple[UUID | None, str], _Known] = Cached(
            size=_KEPT_DOCUMENTS, ttl=_FRESH_SECONDS[-1], clock=self._now
        )

    async def introduce(self, client_id: str, *, address: str) -> None:
        """Have the client stored as its document says, on behalf of this network address.

        Raises ``UnreadableDocument`` and ``TooMany``.
        """
        if not current_tenant().settings.client_id_metadata_documents:
            return
        stored = await clients.find(client_id) if len(client_id) <= ids.LONGEST else None
        if stored is not None and not stored.has_document:
            return  # an administrator has made it
        draft = await self._described(client_id, address)
        if draft is None:
            raise UnreadableDocument(_UNREADABLE)
        async with storage.set_aside():
            await self._store(draft, stored)

    async def _described(self, client_id: str, address: str) -> ClientDraft | None:
        place = (current_tenant().id, client_id)
        kept = self._known.kept(place)
        if kept is not None and kept[0].until > self._now():
            return kept[0].draft
        await self._limits.count("client_documents_per_ip", address)
        self._known.invalidate(place)
        return (await self._known.get(place, partial(self._read, client_id))).draft

    async def _read(self, client_id: str) -> _Known:
        try:
            check_address(client_id)
            async with storage.set_aside():
                answer = await self._http.get(client_id, headers={"accept": "application/json"})
            draft = described(client_id, answer)
        except (HttpFailure, OAuthError, UnreadableDocument) as error:
            metrics.client_documents.add("failure")
            _log.warning("a client's document cannot be used", reason=str(error))
            return _Known(None, self._now() + _FAILED_SECONDS)
        metrics.client_documents.add("success")
        return _Known(draft, self._now() + _fresh_for(answer))

    async def _store(self, draft: ClientDraft, stored: Client | None) -> None:
        try:
            if stored is None:
                unused = timedelta(seconds=current_tenant().settings.unused_client_lifetime)
                made = replace(draft, expires_at=self._parts.clock() + unused)
                await provisioning.add_client(self._parts, made, actor=ANONYMOUS)
            elif (change := changes.between(stored, draft)).given():
                # Whether it is served is not its document's to say.
                same = replace(change, status=None)
                await provisioning.change_client(
                    self._parts, stored.client_id, same, actor=ANONYMOUS
                )
        except (ClientIdTaken, UnknownClient):
            return  # another request has read the same, or an administrator has removed it
        except (UnfitClient, BadRedirectUri, QuotaReached) as error:
            raise UnreadableDocument(_UNREADABLE) from error

    def _now(self) -> float:
        return self._parts.clock().timestamp()


def check_address(client_id: str) -> None:
    """Refuse what is no address of a document (section 3). Raises ``UnreadableDocument``."""
    try:
        parts = urlsplit(client_id)
        _ = parts.port
    except ValueError as error:
        raise UnreadableDocument("It is no URL.") from error
    segments = parts.path.split("/")
    is_plain = client_id.isascii() and client_id.isprintable() and "\\" not in client_id
    if not (
        is_plain
        and len(client_id) <= ids.LONGEST
        and parts.scheme == "https"
        and parts.hostname
        and "@" not in parts.netloc
        and "#" not in client_id
        and len(parts.path) > 1
        and not {".", ".."} & set(segments)
    ):
        raise UnreadableDocument("It is no address of a document.")


def described(client_id: str, answer: HttpResponse) -> ClientDraft:
    """The client that a document describes. Raises ``UnreadableDocument`` and ``OAuthError``."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or len(answer.body) > _LARGEST:
        raise UnreadableDocument(f"Status {answer.status}, {len(answer.body)} bytes.")
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnreadableDocument("It is not JSON.")
    document = metadata.parse(answer.body)
    if document.get("client_id") != client_id:
        raise UnreadableDocument("It describes another client.")
    if {"client_secret", "client_secret_expires_at"} & document.keys():
        raise UnreadableDocument("It holds a secret.")
    if document.setdefault("token_endpoint_auth_method", "none") not in METHODS:
        raise UnreadableDocument("It asks for a way to prove itself that needs a secret.")
    wanted = metadata.wanted(_within(document, current_tenant().settings))
    # Such clients are made for every server alike: what is for older ones is not for them.
    held = replace(wanted.metadata, legacy_assertion_audience=False)
    return replace(
        wanted,
        client_id=client_id,
        status=ClientStatus.ACTIVE,
        pkce_optional=False,
        metadata=held,
    )


def _within(document: dict[str, Any], settings: TenantSettings) -> Mapping[str, Any]:
    """What of it the tenant lets strangers have: it was written for every server alike."""
    scope, grants = document.get("scope"), document.get("grant_types")
    if isinstance(scope, str):
        allowed = settings.client_registration_scopes
        document["scope"] = " ".join(each for each in scope.split(" ") if each in allowed) or None
    if isinstance(grants, list):
        document["grant_types"] = [
            each for each in grants if each in settings.client_registration_grant_types
        ]
    return {name: value for name, value in document.items() if value is not None}


def _fresh_for(answer: HttpResponse) -> int:
    """For how many seconds a document counts (RFC 9111 section 4.2), within bounds."""
    said = answer.headers.get("cache-control", "")
    if "no-store" in said.lower() or "no-cache" in said.lower():
        return _FRESH_SECONDS[0]
    found = _MAX_AGE.search(said)
    wanted = int(found[1]) if found else _USUAL_SECONDS
    return min(max(wanted, _FRESH_SECONDS[0]), _FRESH_SECONDS[-1])
