"""What is different between a client and what it wants to be."""

from collections.abc import Collection
from dataclasses import replace

from authgate.registration import metadata
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.rows import Client
from authgate.tokens.security_profile import stricter


def between(client: Client, wanted: ClientDraft) -> ClientChange:
    """All that becomes different, the status included: RFC 7591 section 5, since what an
    administrator has approved is not this any more."""
    [method] = wanted.methods()
    said = replace(
        client.metadata,
        **{
            name: getattr(wanted.metadata, name)
            for name in metadata.Described.model_fields
            if hasattr(wanted.metadata, name)
        },
    )
    # It may demand more of itself, and never less than somebody has demanded of it.
    profile = stricter(client.metadata.security_profile, said.security_profile)
    is_legacy = said.legacy_assertion_audience and not profile
    said = replace(said, security_profile=profile, legacy_assertion_audience=is_legacy)
    change = ClientChange(
        name=wanted.name if wanted.name != client.name else None,
        grant_types=_other(list(wanted.grant_types), client.grant_types),
        scopes=_other(list(wanted.scopes), client.scopes),
        redirect_uris=_other(list(wanted.redirect_uris), client.redirect_uris),
        application_type=(
            wanted.application_type if wanted.application_type != client.application_type else None
        ),
        # Whether it has to prove itself by PKCE is an administrator's to say, of who has a secret.
        pkce_optional=False if client.pkce_optional and (wanted.public or profile) else None,
        authentication_methods=None if method in client.authentication_methods else [method],
        metadata=said if said != client.metadata else None,
    )
    return replace(change, status=wanted.status) if change.given() else change


def _other(wanted: list[str], registered: Collection[str]) -> list[str] | None:
    return wanted if set(wanted) != set(registered) else None
