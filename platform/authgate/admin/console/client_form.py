"""The form of a client: what was typed, what it makes of a client, and what is wrong with it.

Lists have an entry on each line; what is not asked for of this kind of client stays as it was.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from authgate.admin.console import metadata_fields
from authgate.admin.console.administrators import beyond_role
from authgate.admin.console.client_kinds import BEGINNINGS, GRANTS, REFRESH_TOKEN
from authgate.languages import text
from authgate.provisioning import client_fitness
from authgate.storage.clients import ids
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import AUTHENTICATION_METHODS, TLS_METHODS
from authgate.storage.clients.rows import Client
from authgate.storage.tenants import scopes
from authgate.tokens import id_token
from authgate.tokens.jwk import ALGORITHMS
from authgate.tokens.lifetimes import TokenProfile
from authgate.tokens.scopes import MalformedScope, parse
from authgate.vocabulary import ConsentPolicy
from authgate.web.client_form_view_models import ClientFields, OfferedSettings
from authgate.web.console_view_models import ClientKind
from authgate_tenants import current_tenant

_TICKS = {each.name for each in fields(ClientFields) if each.type in (bool, "bool")}
_METHODS = frozenset((*AUTHENTICATION_METHODS, *TLS_METHODS)) & _TICKS
_LONGEST = {
    "name": 80,
    "description": 500,
    "client_id": ids.LONGEST,
    "project": 64,
    "service_account": 255,
    "jwks": 65_536,
}
_LONGEST_TEXT = 8000
_ASKED = "asked-"
_STANDARD_SCOPES = ("openid", "profile", "email", "offline_access", "groups", "roles")


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
            authentication_methods=draft.authentication_methods or None,
            metadata=draft.metadata,
        )


async def known_scopes(kind: ClientKind) -> Sequence[str]:
    """Scopes that a client may well ask for: what the tenant has described, and the standard's
    where it acts for people."""
    standard = () if kind is ClientKind.MACHINE else _STANDARD_SCOPES
    return [*standard, *await scopes.advertised()]


def beginning(kind: ClientKind) -> ClientFields:
    """The fields of a client that is not there yet."""
    begun = BEGINNINGS[kind]
    return ClientFields(
        redirect_uris=begun.redirect_uris,
        scopes=begun.scopes,
        refresh_token=begun.grant != "client_credentials",
    )


def offered(client: Client, *, certificates: bool) -> OfferedSettings:
    """What its form lets choose from."""
    settings = current_tenant().settings
    return OfferedSettings(
        resources=settings.resources,
        issuers=list(settings.trusted_issuers),
        algorithms=ALGORITHMS,
        answers=id_token.algorithm_of(settings.signing_algorithm),
        id_tokens=id_token.ALGORITHMS,
        profiles=list(TokenProfile),
        certificates=certificates or not client.authentication_methods.isdisjoint(TLS_METHODS),
        extra_claims=settings.extra_claims_enabled,
        has_secret=client.secrets.current is not None,
    )


def of(client: Client) -> ClientFields:
    """The fields of a client as it is."""
    said = metadata_fields.of(client.metadata)
    said |= {name: grant in client.grant_types for name, grant in GRANTS.items()}
    said |= {method: method in client.authentication_methods for method in _METHODS}
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
        **said,
    )


def within_role(filled: Filled) -> Filled:
    """What was typed, at fault where the client could do more than whoever typed it."""
    beyond = beyond_role(*filled.draft.scopes)
    fault = (
        {"scopes": text("Your role is not enough to give %(beyond)s.", beyond=", ".join(beyond))}
        if beyond
        else {}
    )
    return replace(filled, faults={**filled.faults, **fault})


def _typed(form: Mapping[str, str], former: ClientFields) -> ClientFields:
    """What a form says; what it does not ask for is the former one."""
    names = {each.name for each in fields(ClientFields)}
    said: dict[str, Any] = {name: form[name].strip() for name in names & form.keys() - _TICKS}
    said |= {name: form.get(name) == "1" for name in _TICKS if is_asked(form, name)}
    return replace(former, **said)


def is_asked(form: Mapping[str, str], name: str) -> bool:
    """Whether a form asks for a tick: one that is not ticked is not sent."""
    return name in form or f"{_ASKED}{name}" in form


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
    kept = client.grant_types - set(GRANTS.values())
    chosen = {grant for name, grant in GRANTS.items() if getattr(said, name)}
    methods = client.authentication_methods
    if not client.is_public:
        methods = frozenset(name for name in _METHODS if getattr(said, name))
    draft = replace(
        ClientDraft.of(client), grant_types=sorted(kept | chosen), authentication_methods=methods
    )
    filled = _filled(said, draft)
    return replace(filled, faults=dict(_faults_of_methods(client, methods)) | dict(filled.faults))


def _faults_of_methods(client: Client, methods: Collection[str]) -> Iterator[tuple[str, str]]:
    if not methods:
        yield "authentication_methods", text("It has to prove itself in one way at least.")
    by_secret = any(name.startswith("client_secret_") for name in methods)
    if by_secret and client.secrets.current is None:
        yield "authentication_methods", text("It has no secret: create another client for that.")


def _filled(said: ClientFields, draft: ClientDraft) -> Filled:
    faults = dict(_faults(said))
    filled = replace(
        draft,
        name=said.name,
        description=said.description,
        redirect_uris=metadata_fields.lines(said.redirect_uris),
        scopes=_scopes(said.scopes) or (),
        consent=_consent(said.consent),
        first_party=said.first_party,
        pkce_optional=said.pkce_optional,
        introspects=said.introspects,
        unauthenticated_device_grant=said.unauthenticated_device_grant,
        project=said.project,
        service_account=said.service_account,
        metadata=metadata_fields.read(said, draft.metadata),
    )
    return Filled(said, filled, client_fitness.faults(filled) | faults)


def _faults(said: ClientFields) -> Iterator[tuple[str, str]]:
    for name, longest in _LONGEST.items():
        if len(getattr(said, name)) > longest:
            yield name, text("At most %(most)s characters.", most=longest)
    for each in fields(said):
        bounded = each.name in _TICKS or each.name in _LONGEST
        if not bounded and len(getattr(said, each.name)) > _LONGEST_TEXT:
            yield each.name, text("At most %(most)s characters.", most=_LONGEST_TEXT)
    if _scopes(said.scopes) is None:
        yield "scopes", text("Names of visible ASCII characters, with spaces between them.")
    yield from metadata_fields.faults(said)


def _scopes(said: str) -> tuple[str, ...] | None:
    try:
        return parse(" ".join(said.split()))
    except MalformedScope:
        return None


def _consent(said: str) -> ConsentPolicy:
    return ConsentPolicy(said) if said in set(ConsentPolicy) else ConsentPolicy.REMEMBERED
