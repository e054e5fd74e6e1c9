"""``authgate operator``."""

import sys
from typing import Annotated, Any

import typer

from authgate.cli.doors import lists
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import operated
from authgate.cli.failures import Misused, NotFound
from authgate.cli.nouns import Noun
from authgate.cli.operator import announcements, arrivals, guests, metering
from authgate.cli.operator.found import Operators, Slug, found, path_of
from authgate.cli.output import ONCE, Format, Output, Record, say, show, show_all
from authgate.cli.tenant import usage_statements

app = Noun()

NewSlug = Annotated[str, typer.Argument(help="Its name in addresses: a-z, 0-9 and inner dashes")]
Name = Annotated[str, typer.Option(help="Its name for people; the slug where not given")]
NewName = Annotated[str, typer.Argument(help="Its new name for people")]
PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's name")]
PlanChanges = Annotated[
    list[str],
    typer.Argument(
        metavar="KEY=VALUE...",
        help="What it allows; nothing after = is as much as a tenant wants, a limit is"
        " limits.<name>=<limit>",
    ),
]
Owner = Annotated[str, typer.Option(metavar="USERNAME", help="Its first owner, made with it")]
OwnerEmail = Annotated[str | None, typer.Option(help="Their address, taken as verified")]
Begins = Annotated[
    str | None, typer.Option("--search", help="How slugs begin; names with --by-name")
]
ByName = Annotated[bool, typer.Option("--by-name", help="In the order of names for people")]
HostName = Annotated[str | None, typer.Option("--host", help="The one that has proven this host")]
Status = Annotated[
    str | None, typer.Option(help="Only these: active, suspended, deleting or erasing")
]
Confirm = Annotated[
    str, typer.Option("--confirm", metavar="SLUG", help="The slug once more; asked for if missing")
]


@app.verb(example="operator tenants --status suspended")
def tenants(
    *,
    operators: Operators = None,
    search: Begins = None,
    by_name: ByName = False,
    host: HostName = None,
    status: Status = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List the installation's tenants."""
    with operated(operators) as api:
        lists.show_items(
            api,
            "/tenants",
            _record,
            extent,
            output,
            search=search,
            sort="name" if by_name else None,
            host=host,
            status=status,
        )


@app.verb("show", example="operator show acme --json")
def show_(slug: Slug, operators: Operators = None, output: Output = Format.TABLE) -> None:
    """Show a tenant, from outside."""
    with operated(operators) as api:
        show(found(api, slug), output)


@app.verb(example='operator create acme --name "Acme" --owner mira')
def create(
    slug: NewSlug,
    *,
    owner: Owner,
    owner_email: OwnerEmail = None,
    name: Name = "",
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Create a tenant with its keys and its owner, whose password is shown this once."""
    first = {"username": owner} | ({"email": owner_email} if owner_email else {})
    said = {"slug": slug, "name": name or slug.capitalize(), "owner": first}
    with operated(operators) as api:
        made = api.post("/tenants", said)
    show(
        {each: made[each] for each in ("id", "slug", "name", "issuer", "owner", "password")}, output
    )
    say(ONCE)


@app.verb(example='operator rename acme "Acme & Sons"')
def rename(slug: Slug, name: NewName, operators: Operators = None) -> None:
    """Give a tenant another name for people."""
    with operated(operators) as api:
        api.change(path_of(api, slug), {"name": name})
    say(f"✓ {slug} is called {name}.")


@app.verb(example="operator plans")
def plans(operators: Operators = None, output: Output = Format.TABLE) -> None:
    """List the installation's plans."""
    with operated(operators) as api:
        told = api.get("/plans")["items"]
    brief = ("name", "clients", "users", "groups", "monthly_active_users")
    show_all(
        told if output is Format.JSON else [{name: each[name] for name in brief} for each in told],
        output,
    )


@app.verb("show-plan", example="operator show-plan free --json")
def show_plan(plan: PlanName, operators: Operators = None, output: Output = Format.TABLE) -> None:
    """Show all that a plan allows."""
    with operated(operators) as api:
        show(api.get(within("plans", plan)), output)


@app.verb("set-plan", example="operator set-plan team clients=50 users=5000")
def set_plan(plan: PlanName, changes: PlanChanges, operators: Operators = None) -> None:
    """Make a plan or change it, for all tenants that have it, within a second."""
    with operated(operators) as api:
        known = {each["name"]: each for each in api.get("/plans")["items"]}
        if plan in known:
            api.change(within("plans", plan), plan_patch(changes))
        else:
            api.post("/plans", {"name": plan, **plan_patch(changes)})
    say(f"✓ The plan {plan} is set.")


@app.verb("remove-plan", example="operator remove-plan team")
def remove_plan(plan: PlanName, operators: Operators = None) -> None:
    """Remove a plan that no tenant has; a built-in one is then as it was."""
    with operated(operators) as api:
        api.delete(within("plans", plan))
    say(f"✓ The plan {plan} is removed.")


@app.verb("give-plan", example="operator give-plan acme free")
def give_plan(slug: Slug, plan: PlanName, operators: Operators = None) -> None:
    """Give a tenant a plan. What it has beyond it stays."""
    with operated(operators) as api:
        api.post(f"{path_of(api, slug)}/plan", {"plan": plan})
    say(f"✓ {slug} has the plan {plan}.")


@app.verb(example="operator suspend acme")
def suspend(slug: Slug, operators: Operators = None) -> None:
    """Stop serving a tenant within a second. Its data stays."""
    with operated(operators) as api:
        api.post(f"{path_of(api, slug)}/suspend")
    say(f"✓ {slug} is suspended.")


@app.verb(example="operator resume acme")
def resume(slug: Slug, operators: Operators = None) -> None:
    """Serve a suspended tenant again."""
    with operated(operators) as api:
        api.post(f"{path_of(api, slug)}/resume")
    say(f"✓ {slug} is served.")


@app.verb(example="operator delete acme --confirm acme")
def delete(
    slug: Slug, confirm: Confirm = "", operators: Operators = None, output: Output = Format.TABLE
) -> None:
    """Serve a tenant no longer, and erase it once its time to be restored is over."""
    with operated(operators) as api:
        path = path_of(api, slug)
        told = api.post(f"{path}/deletion", {"confirmation": confirm or _typed(slug)})
    show(_deletion(told), output)
    say(f"✓ {slug} is refused from now on. Until it is due: authgate operator restore {slug}")


@app.verb(example="operator restore acme")
def restore(slug: Slug, operators: Operators = None) -> None:
    """Make a tenant that waits to be deleted what it was before."""
    with operated(operators) as api:
        api.post(f"{path_of(api, slug)}/restore")
    say(f"✓ {slug} is restored.")


@app.verb(example="operator deletions")
def deletions(
    *, operators: Operators = None, extent: lists.Extent, output: Output = Format.TABLE
) -> None:
    """List tenants that wait to be deleted, are being erased, were restored or are gone."""
    with operated(operators) as api:
        lists.show_items(api, "/deletions", _deletion, extent, output)


@app.verb(example="operator certificate 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa")
def certificate(
    tenant_id: Annotated[str, typer.Argument(help="Id of the tenant: authgate operator deletions")],
    operators: Operators = None,
) -> None:
    """Print the certificate of a tenant that is gone."""
    with operated(operators) as api:
        told = api.get(within("tenants", tenant_id, "deletion"))
    if not told["certificate"]:
        raise NotFound(f"{told['slug']} is not gone yet: it is {told['state']}.")
    sys.stdout.write(f"{told['certificate']}\n")


@app.verb(example="operator invite ada@lovelace.example")
def invite(
    email: Annotated[str, typer.Argument(help="Address that the link is sent to")],
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Invite somebody to begin a tenant, by a mail with a link."""
    with operated(operators) as api:
        show(_invitation(api.post("/sign-up-invitations", {"email": email})), output)


@app.verb(example="operator invitations --json")
def invitations(operators: Operators = None, output: Output = Format.TABLE) -> None:
    """List the invitations to begin a tenant that nobody has followed yet."""
    with operated(operators) as api:
        items = api.get("/sign-up-invitations")["items"]
        show_all([_invitation(each) for each in items], output)


@app.verb(example="operator withdraw-invitation 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc")
def withdraw_invitation(
    invitation_id: Annotated[str, typer.Argument(help="Its id: authgate operator invitations")],
    operators: Operators = None,
) -> None:
    """Take an invitation to begin a tenant back."""
    with operated(operators) as api:
        api.delete(within("sign-up-invitations", invitation_id))
    say("The invitation is taken back.")


app.verb(example="operator overview --span 90d")(metering.overview)
app.verb(example="operator usage acme --days 7")(metering.usage)
app.verb(example="operator health acme")(metering.health)
app.verb("export-usage", example="operator export-usage --since 2026-03-01 --to 2026-03-31 --csv")(
    metering.export_usage
)
app.verb("export-statements", example="operator export-statements 2026-03 --output json")(
    metering.export_statements
)
app.verb(example="operator statement acme 2026-03")(metering.statement)
app.verb("statement-keys", example="operator statement-keys")(metering.statement_keys)
app.verb("verify-statement", example="operator verify-statement acme-2026-03.jws --keys keys.json")(
    usage_statements.verify
)
app.verb(example="operator accesses acme")(guests.accesses)
app.verb(example='operator ask acme --reason "Ticket 4711" --role auditor --hours 2')(guests.ask)
app.verb(example="operator enter acme 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc")(guests.enter)
app.verb(example="operator leave acme 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc")(guests.leave)
app.verb(example="operator imports")(arrivals.imports)
app.verb("import", example="operator import acme.authgate --dry-run")(arrivals.import_)
app.verb("forget-import", example="operator forget-import 01a22b9b-242f-72ca-909d-473febcc52b2")(
    arrivals.forget_import
)
app.verb(example="operator announcements")(announcements.announcements)
app.verb(example='operator announce "On Sunday from 2 to 3 UTC nobody can sign in." --hours 48')(
    announcements.announce
)
app.verb(example="operator end-announcement 0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd")(
    announcements.end_announcement
)


@app.verb(example="operator system --json")
def system(operators: Operators = None, output: Output = Format.TABLE) -> None:
    """Tell whether the installation is well, as far as the server that is asked knows."""
    with operated(operators) as api:
        told = api.get("/system")
    if output is Format.JSON:
        show(told, output)
        return
    parts = {each["name"]: each["verdict"] for each in told["parts"]}
    plain = {name: told[name] for name in ("version", "runner", "jobs_waiting", "jobs_queued")}
    show({**plain, **parts}, output)
    show_all(told["queues"], output)
    show_all(told["jobs"], output)


def plan_patch(pairs: list[str]) -> dict[str, Any]:
    """What becomes different of a plan (RFC 7396). Raises ``Misused``."""
    patch: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        name, dot, limit = key.partition(".")
        if not equals:
            raise Misused(f"{pair!r} is not KEY=VALUE.")
        if dot:
            patch.setdefault(name, {})[limit] = value or None
        elif value in ("true", "false"):
            patch[key] = value == "true"
        else:
            patch[key] = int(value) if value.isdigit() else value or None
    return patch


def _record(tenant: dict[str, Any]) -> Record:
    return {
        "slug": tenant["slug"],
        "name": tenant["name"],
        "status": tenant["status"],
        "plan": tenant["plan"],
        "issuer": tenant["issuer"],
        "created": tenant["created_at"],
        "id": tenant["id"],
    }


def _invitation(told: dict[str, Any]) -> Record:
    return {
        "email": told["email"],
        "by": told["invited_by"],
        "until": told["expires_at"],
        "id": told["id"],
    }


def _deletion(told: dict[str, Any]) -> Record:
    return {
        "slug": told["slug"],
        "state": told["state"],
        "requested": told["requested_at"],
        "due": told["due_at"],
        "ended": told["ended_at"],
        "tenant": told["tenant_id"],
    }


def _typed(slug: str) -> str:
    sys.stderr.write(f"Everything of {slug} will be gone. Type its slug to delete it: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()
