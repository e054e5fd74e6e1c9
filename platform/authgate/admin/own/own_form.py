"""The form of a person's own application: of a client's form, the fields that they may fill in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from authgate.admin.console import client_form
from authgate.admin.console.client_form import Filled
from authgate.admin.console.client_kinds import BEGINNINGS, GRANTS
from authgate.languages import text
from authgate.storage.clients.rows import Client
from authgate.tokens.scopes import usual
from authgate.web.client_form_view_models import ClientFields
from authgate.web.console_view_models import ClientKind
from authgate_tenants import current_tenant

_THEIRS = (
    "name",
    "description",
    "redirect_uris",
    "allowed_origins",
    "post_logout_redirect_uris",
    "scopes",
    "refresh_token",
    "client_uri",
    "policy_uri",
)


def kinds() -> Sequence[ClientKind]:
    """The kinds that the tenant lets people register."""
    allowed = current_tenant().settings.client_registration_grant_types
    return [kind for kind in ClientKind if GRANTS[BEGINNINGS[kind].grant] in allowed]


def known_scopes() -> Sequence[str]:
    """The scopes that people's applications may ask for."""
    # Whoever registers an application administers nothing by it, whatever a list says.
    return usual(current_tenant().settings.client_registration_scopes)


def beginning(kind: ClientKind) -> ClientFields:
    """The fields of an application that is not there yet."""
    begun = client_form.beginning(kind)
    allowed = [name for name in begun.scopes.split() if name in known_scopes()]
    return replace(begun, scopes=" ".join(allowed), refresh_token=_may_refresh())


def fields_of(client: Client) -> ClientFields:
    """The fields of an application as it is."""
    return client_form.of(client)


def new(kind: ClientKind, form: Mapping[str, str]) -> Filled:
    """An application of this kind, as a form says it."""
    filled = client_form.new(kind, _theirs(form))
    return _within(filled, scopes=known_scopes(), refresh=_may_refresh())


def changed(client: Client, form: Mapping[str, str]) -> Filled:
    """An application that there is, as a form says it; what is not theirs stays as it was."""
    filled = client_form.changed(client, _theirs(form))
    refresh = _may_refresh() or GRANTS["refresh_token"] in client.grant_types
    return _within(filled, scopes=[*known_scopes(), *client.scopes], refresh=refresh)


def _theirs(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(name, "") for name in _THEIRS if client_form.is_asked(form, name)}


def _may_refresh() -> bool:
    return GRANTS["refresh_token"] in current_tenant().settings.client_registration_grant_types


def _within(filled: Filled, *, scopes: Sequence[str], refresh: bool) -> Filled:
    faults = dict(filled.faults)
    beyond = sorted(set(filled.draft.scopes) - set(scopes))
    if beyond:
        faults.setdefault(
            "scopes", text("Only administrators give %(scopes)s.", scopes=", ".join(beyond))
        )
    if filled.fields.refresh_token and not refresh:
        faults.setdefault("refresh_token", text("Only administrators give refresh tokens."))
    return replace(filled, faults=faults)
