"""``authgate client``."""

from datetime import timedelta

from authgate.cli.client import metadata, options, records, registration_token
from authgate.cli.client.logouts import logouts
from authgate.cli.doors import lists
from authgate.cli.doors.admin_api import Document, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused, NotFound
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes, given
from authgate.cli.output import ONCE, Format, Output, ask_secret, confirm, say, show
from authgate.clock import utc_now

app = Noun()
app.verb(example="client logouts -t acme --status failed")(logouts)
app.add_typer(registration_token.app, name="registration-token")


@app.verb(example="client create --name Nightly --grant client_credentials --scope orders:read")
def create(
    *,
    tenant: OfTenant = None,
    settings: options.Creation,
    secret_stdin: options.Given = False,
    output: Output = Format.TABLE,
) -> None:
    """Create a client. A secret that was made up is shown this once."""
    said = settings.said() | given(
        {
            "client_id": settings.client_id,
            "public": settings.public,
            "client_secret": _given_secret(public=settings.public) if secret_stdin else None,
            "secret_expires_at": _in_days(settings.secret_days),
        }
    )
    with administered(tenant) as api:
        made = api.post("/clients", said)
    secret = made["client_secret"]
    show({"client_id": made["client_id"]} | ({"client_secret": secret} if secret else {}), output)
    if secret:
        say(ONCE)


@app.verb("list", example="client list --status pending")
def list_(
    *,
    tenant: OfTenant = None,
    search: options.Search = None,
    status: options.InStatus = None,
    public: options.Kind = None,
    unseen: options.Unseen = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List a tenant's clients."""
    with administered(tenant) as api:
        lists.show_items(
            api,
            "/clients",
            records.summary,
            extent,
            output,
            search=search,
            status=status,
            public=public,
            unseen=unseen,
        )


@app.verb("show", example="client show nightly-export")
def show_(
    client_id: options.ClientId, tenant: OfTenant = None, output: Output = Format.TABLE
) -> None:
    """Show a client."""
    with administered(tenant) as api:
        show(records.whole(api.get(within("clients", client_id))), output)


@app.verb(example="client update orders --redirect-uri https://orders.example/callback")
def update(
    client_id: options.ClientId, *, tenant: OfTenant = None, settings: options.Settings
) -> None:
    """Change a client; what is not given stays as it is."""
    said = settings.said()
    if not said:
        raise Misused("Say what to change.")
    with administered(tenant) as api:
        api.change(within("clients", client_id), said)
    say(f"✓ {client_id} is changed.")


@app.verb(
    "set", example="client set payroll token_endpoint_auth_method=private_key_jwt jwks=@keys.json"
)
def set_(
    client_id: options.ClientId,
    pairs: options.Pairs = None,
    tenant: OfTenant = None,
    unset: options.Unset = None,
) -> None:
    """Change what a client says of itself: its keys, how it proves itself, what it asks for."""
    if not pairs and not unset:
        raise Misused("Say what to change.")
    path = within("clients", client_id)
    with administered(tenant) as api:
        known = api.get(path)["metadata"]
        api.change(path, metadata.patch(known, pairs or [], unset=unset or []))
    say(f"✓ {client_id} is changed.")


@app.verb(example="client rotate-secret nightly-export --keep-former-hours 24")
def rotate_secret(
    client_id: options.ClientId,
    tenant: OfTenant = None,
    keep_former_hours: options.KeptHours = 0,
    secret_days: options.SecretDays = None,
    method: options.NewMethods = None,
    output: Output = Format.TABLE,
) -> None:
    """Give a client a new secret, shown this once. The old one ends at once, or when you say."""
    said = given(
        {
            "overlap_seconds": keep_former_hours * 3600,
            "secret_expires_at": _in_days(secret_days),
            "authentication_methods": method,
        }
    )
    with administered(tenant) as api:
        told = api.post(within("clients", client_id, "secret"), said)
    show({"client_id": client_id, "client_secret": told["client_secret"]}, output)
    say(ONCE)


@app.verb(example="client end-former-secret nightly-export")
def end_former_secret(client_id: options.ClientId, tenant: OfTenant = None) -> None:
    """Let only a client's current secret count from now on."""
    with administered(tenant) as api:
        try:
            api.delete(within("clients", client_id, "former-secret"))
        except NotFound as error:
            raise NotFound(f"There is no client {client_id} with a former secret.") from error
    say(f"✓ {client_id} has one secret.")


@app.verb(example="client disable orders")
def disable(client_ids: options.ClientIds, tenant: OfTenant = None) -> None:
    """Stop serving clients: their tokens end at once."""
    _done_to_all(tenant, client_ids, "disable")
    say(f"✓ {_named(client_ids)} disabled.")


@app.verb(example="client enable orders")
def enable(client_ids: options.ClientIds, tenant: OfTenant = None) -> None:
    """Serve clients again, unless one waits for approval or was rejected."""
    _done_to_all(tenant, client_ids, "enable")
    say(f"✓ {_named(client_ids)} enabled.")


@app.verb(example="client approve orders nightly-export")
def approve(client_ids: options.ClientIds, tenant: OfTenant = None) -> None:
    """Serve clients that wait for it."""
    _done_to_all(tenant, client_ids, "approve")
    say(f"✓ {_named(client_ids)} approved.")


@app.verb(example="client reject orders")
def reject(client_id: options.ClientId, tenant: OfTenant = None) -> None:
    """Turn down a client that waits to be served."""
    _done(tenant, client_id, "reject")
    say(f"✓ {client_id} is rejected.")


@app.verb(example="client mark-seen orders")
def mark_seen(client_ids: options.ClientIds, tenant: OfTenant = None) -> None:
    """Note that somebody has looked at clients that were served at once: client list --unseen."""
    _done_to_several(tenant, client_ids, "mark-seen")
    say(f"✓ {_named(client_ids)} seen.")


@app.verb(example="client revoke-tokens orders --yes")
def revoke_tokens(client_ids: options.ClientIds, tenant: OfTenant = None, yes: Yes = False) -> None:
    """End whatever clients were given, at once. People's consents stay."""
    if not yes:
        confirm(f"End all that {', '.join(client_ids)} got?")
    ended = _done_to_all(tenant, client_ids, "revoke-tokens").get("revoked", "all")
    say(f"✓ {', '.join(client_ids)}: {ended} tokens ended.")


@app.verb(example="client delete orders --yes")
def delete(client_id: options.ClientId, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Remove a client with its tokens and consents. There is no way back."""
    if not yes:
        confirm(f"Remove {client_id} and all that it was given?")
    with administered(tenant) as api:
        api.delete(within("clients", client_id))
    say(f"✓ {client_id} is gone.")


def _done(tenant: str | None, client_id: str, what: str) -> Document:
    with administered(tenant) as api:
        return api.post(within("clients", client_id, what))


def _done_to_all(tenant: str | None, client_ids: list[str], what: str) -> Document:
    if len(client_ids) == 1:
        return _done(tenant, client_ids[0], what)
    return _done_to_several(tenant, client_ids, what)


def _done_to_several(tenant: str | None, client_ids: list[str], what: str) -> Document:
    said = {"clients": [{"client_id": each} for each in client_ids]}
    things = {f"/clients/{place}": each for place, each in enumerate(client_ids)}
    with administered(tenant) as api:
        return api.post(within("bulk", "clients", what), said, things=things)


def _named(client_ids: list[str]) -> str:
    return f"{', '.join(client_ids)} {'is' if len(client_ids) == 1 else 'are'}"


def _given_secret(*, public: bool) -> str:
    if public:
        raise Misused("A public client has no secret.")
    return ask_secret("Secret")


def _in_days(days: int | None) -> str | None:
    return (utc_now() + timedelta(days=days)).isoformat() if days else None
