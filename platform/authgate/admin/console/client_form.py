"""The form of a client: what was typed, what it makes of a client, and what is wrong with it.

Lists have an entry on each line; what is not asked for of this kind of client stays as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from authgate.admin.console.client_kinds import BEGINNINGS, GRANTS, REFRESH_TOKEN
from authgate.provisioning import client_fitness
from authgate.storage import client_ids, scopes
from authgate.storage.client_drafts import ClientChange, ClientDraft
from authgate.storage.client_metadata import ClientMetadata
from authgate.storage.client_rows import Client, ConsentPolicy
from authgate.tokens.scopes import MalformedScope, parse
from authgate.web.console_view_models import ClientFields, ClientKind

_TICKS = {each.name for each in fields(ClientFields) if each.type in (bool, "bool")}
_METADATA_TEXTS = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
_METADATA_LISTS = ("allowed_origins", "contacts", "audience")
_LIFETIMES = ("access_token_lifetime", "refresh_token_lifetime")
_LONGEST_LIFETIME = 365 * 86400
_LONGEST = {
    "name": 80,
    "description": 500,
    "client_id": client_ids.LONGEST,
    "project": 64,
    "service_account": 255,
}
_LONGEST_TEXT = 8000
_STANDARD_SCOPES = ("openid", "profile", "email", "offline_access")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was sent."""

    fields: ClientFields
    draft: ClientDraft
    """What it would make, fit or not."""
    faults: Mapping[str, str]
    """By the field that would have to be another."""

    def change(self) -> ClientChange:
        """What it makes of a client that there is."""
        draft = self.draft
        return ClientChange(
            name=draft.name,
            description=draft.description,
            grant_types=sorted(draft.grant_types),
            scopes=draft.scopes,
            redirect_uris=draft.redirect_uris,
            consent=draft.consent,
            pkce_optional=draft.pkce_optional,
            introspects=draft.introspects,
            first_party=draft.first_party,
            unauthenticated_device_grant=draft.unauthenticated_device_grant,
            project=draft.project,
            service_account=draft.service_account,
            metadata=draft.metadata,
        )


async def known_scopes() -> Sequence[str]:
    """Scopes that a client may well ask for: the standard's, and what the tenant has described."""
    return [*_STANDARD_SCOPES, *await scopes.advertised()]


def beginning(kind: ClientKind) -> ClientFields:
    """The fields of a client that is not there yet."""
    begun = BEGINNINGS[kind]
    return ClientFields(
        redirect_uris=begun.redirect_uris,
        scopes=begun.scopes,
        refresh_token=begun.grant != "client_credentials",
    )


def of(client: Client) -> ClientFields:
    """The fields of a client as it is."""
    said = client.metadata
    texts: dict[str, Any] = {name: getattr(said, name) for name in _METADATA_TEXTS}
    texts |= {name: "\n".join(getattr(said, name)) for name in _METADATA_LISTS}
    texts |= {name: str(getattr(said, name) or "") for name in _LIFETIMES}
    texts |= {name: grant in client.grant_types for name, grant in GRANTS.items()}
    return ClientFields(
        name=client.name,
        description=client.description,
        client_id=client.client_id,
        redirect_uris="\n".join(client.redirect_uris),
        scopes=" ".join(client.scopes),
        consent=client.consent,
        first_party=client.first_party,
        pkce_optional=client.pkce_optional,
        introspects=client.introspects,
        unauthenticated_device_grant=client.unauthenticated_device_grant,
        project=client.project,
        service_account=client.service_account,
        **texts,
    )


def _typed(form: Mapping[str, str], former: ClientFields) -> ClientFields:
    """What a form says; a text that it does not ask for is the former one."""
    said: dict[str, Any] = {name: form.get(name) == "1" for name in _TICKS}
    texts = {each.name for each in fields(ClientFields)} - _TICKS
    said |= {name: form[name].strip() for name in texts & form.keys()}
    return replace(former, **said)


def new(kind: ClientKind, form: Mapping[str, str]) -> Filled:
    """A client of this kind, as a form says it."""
    begun, said = BEGINNINGS[kind], _typed(form, ClientFields())
    refresh = [REFRESH_TOKEN] if said.refresh_token else []
    draft = ClientDraft(
        name="",
        grant_types=[GRANTS[begun.grant], *refresh],
        public=begun.public,
        application_type=begun.application_type,
        client_id=said.client_id or None,
    )
    return _filled(said, draft)


def changed(client: Client, form: Mapping[str, str]) -> Filled:
    """A client that there is, as a form says it."""
    said = replace(_typed(form, of(client)), client_id=client.client_id)
    offered = {name: getattr(said, name) for name in GRANTS}
    kept = client.grant_types - set(GRANTS.values())
    chosen = {GRANTS[name] for name, ticked in offered.items() if ticked}
    return _filled(said, replace(ClientDraft.of(client), grant_types=sorted(kept | chosen)))


def _filled(said: ClientFields, draft: ClientDraft) -> Filled:
    faults = dict(_faults(said))
    filled = replace(
        draft,
        name=said.name,
        description=said.description,
        redirect_uris=_lines(said.redirect_uris),
        scopes=_scopes(said.scopes) or (),
        consent=_consent(said.consent),
        first_party=said.first_party,
        pkce_optional=said.pkce_optional,
        introspects=said.introspects,
        unauthenticated_device_grant=said.unauthenticated_device_grant,
        project=said.project,
        service_account=said.service_account,
        metadata=_metadata(said, draft.metadata),
    )
    return Filled(said, filled, client_fitness.faults(filled) | faults)


def _metadata(said: ClientFields, former: ClientMetadata) -> ClientMetadata:
    values: dict[str, Any] = {name: getattr(said, name) for name in _METADATA_TEXTS}
    values |= {name: _lines(getattr(said, name)) for name in _METADATA_LISTS}
    values |= {name: _seconds(getattr(said, name)) for name in _LIFETIMES}
    return replace(former, **values)


def _faults(said: ClientFields) -> Iterator[tuple[str, str]]:
    for name, longest in _LONGEST.items():
        if len(getattr(said, name)) > longest:
            yield name, f"At most {longest} characters."
    for each in fields(said):
        if each.name not in _TICKS and len(getattr(said, each.name)) > _LONGEST_TEXT:
            yield each.name, f"At most {_LONGEST_TEXT} characters."
    if _scopes(said.scopes) is None:
        yield "scopes", "Names of visible ASCII characters, with spaces between them."
    for name in _LIFETIMES:
        if getattr(said, name) and _seconds(getattr(said, name)) is None:
            yield name, f"Whole seconds, from 1 to {_LONGEST_LIFETIME}."


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _scopes(text: str) -> tuple[str, ...] | None:
    try:
        return parse(" ".join(text.split()))
    except MalformedScope:
        return None


def _consent(text: str) -> ConsentPolicy:
    return ConsentPolicy(text) if text in set(ConsentPolicy) else ConsentPolicy.REMEMBERED


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return seconds if 0 < (seconds := int(text)) <= _LONGEST_LIFETIME else None
