"""``authgate tenant plan``, ``apply``, ``pull`` and ``schema``: a tenant as code.

What they need is imported when they are asked for: the other commands of a tenant wait for none of
it.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.doors.administered import CLIENT_ID, ISSUER, OfTenant, administered, named_by
from authgate.cli.failures import Conflict, Failure, Unhealthy
from authgate.cli.options import Yes
from authgate.cli.output import ONCE, Format, Output, confirm, say, show, show_all

if TYPE_CHECKING:
    from authgate.cli.declaration.applying import Applied, SecretFile
    from authgate.cli.declaration.plan import Plan
    from authgate.cli.declaration.tenant_file import Declaration

File = Annotated[Path, typer.Argument(help="The file that declares the tenant: YAML or JSON")]
ExitCode = Annotated[
    bool,
    typer.Option(
        "--exit-code",
        help="End with 2 where something differs, with 0 where not; what fails ends with another",
    ),
]
Out = Annotated[
    Path | None, typer.Option(help="Keep the plan in a new file, for authgate tenant apply --plan")
]
Kept = Annotated[
    Path | None, typer.Option("--plan", help="Do what this plan says, and nothing where it differs")
]
Secrets = Annotated[
    Path | None,
    typer.Option(help="Keep the secrets of new clients in this new file; else they are printed"),
]
Into = Annotated[
    Path | None, typer.Argument(help="A new file; printed where there is none", show_default=False)
]

CHANGES = 2
"""How ``plan --exit-code`` ends where something differs, and no ``plan`` that fails."""


def plan(
    file: File,
    tenant: OfTenant = None,
    exit_code: ExitCode = False,
    out: Out = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what would change for a tenant to be as a file declares it. Nothing is changed."""
    from authgate.cli.declaration import display, tenant_file

    declared = tenant_file.declared(file)
    with administered(tenant) as api:
        planned = _planned(api, declared, tenant)
    if out is not None:
        with out.open("x", encoding="utf-8") as kept:
            kept.write(f"{json.dumps(planned.told(), indent=2)}\n")
    display.show_plan(planned, output)
    if exit_code and planned.changes:
        raise typer.Exit(CHANGES)


def apply(
    file: File,
    tenant: OfTenant = None,
    kept: Kept = None,
    secrets: Secrets = None,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Change a tenant to be as a file declares it, after showing what that changes.

    On this machine's installation all of it is done or nothing. By an issuer it is done change by
    change: what was left undone is done by doing it again.
    """
    from authgate.cli.declaration import applying, display, tenant_file

    declared = tenant_file.declared(file)
    with administered(tenant) as api:
        planned = _planned(api, declared, tenant)
        if kept is not None:
            _refuse_another(planned, kept)
        applying.refuse_unset(planned, declared)
        display.show_changes(planned, aside=True)
        if planned.changes and not yes:
            confirm(f"Change {planned.issuer or 'the tenant'} so?")
        applied = _applied(api, planned, declared, secrets)
    _show(planned, applied, output, are_kept=secrets is not None)


def pull(file: Into = None, tenant: OfTenant = None) -> None:
    """Write down what a tenant has, as a file that declares it. No secret is in it."""
    from authgate.cli.declaration import pulling

    if file is not None and file.exists():
        raise Conflict(f"{file} is there already.")
    with administered(tenant) as api:
        text = pulling.pulled(api)
    if file is None:
        sys.stdout.write(text)
        return
    pulling.write(file, text)
    say(f"✓ {file} declares the tenant.")


def schema() -> None:
    """Write down how a file may declare a tenant, as a JSON Schema for editors."""
    from authgate.cli.declaration import tenant_file

    sys.stdout.write(tenant_file.schema_text())


def _planned(api: AdminApi, declared: "Declaration", tenant: str | None) -> "Plan":
    from authgate.cli.declaration import planning

    return planning.planned(api, declared, acts_as=_client(tenant))


def _client(tenant: str | None) -> str | None:
    """The client that commands for this tenant act by; none on this machine's installation."""
    from authgate.cli.sign_in import sign_ins

    issuer = named_by(tenant).issuer
    if issuer is None:
        return None
    issuer = issuer.rstrip("/")
    if CLIENT_ID in os.environ and os.environ.get(ISSUER, "").rstrip("/") == issuer:
        return os.environ[CLIENT_ID]
    known = sign_ins.remembered().by_place.get(issuer)
    return known.client_id if known else None


def _refuse_another(planned: "Plan", path: Path) -> None:
    try:
        kept: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Failure(f"{path} is no plan.") from error
    if kept != json.loads(json.dumps(planned.told())):
        raise Conflict(f"Something has changed since {path} was made: plan again.")


def _applied(
    api: AdminApi, planned: "Plan", declared: "Declaration", secrets: Path | None
) -> "Applied":
    from authgate.cli.declaration.applying import Applied, SecretFile, apply

    applied, keeper = Applied(), SecretFile(secrets) if secrets else None
    if keeper:
        keeper.open()
    try:
        apply(api, planned, declared, applied)
    except BaseException:
        say(f"{applied.done} of {len(planned.changes)} changes are done.")
        if applied.secrets and keeper is None:
            _show_secrets(applied)
        raise
    finally:
        if keeper:
            _keep(keeper, applied)
    return applied


def _keep(keeper: "SecretFile", applied: "Applied") -> None:
    try:
        keeper.keep(applied.secrets)
    except Unhealthy:
        # Nobody else has them: better seen than lost.
        _show_secrets(applied)
        raise


def _show(planned: "Plan", applied: "Applied", output: Format, *, are_kept: bool) -> None:
    if output is Format.JSON:
        told = planned.told() | {"domains": applied.proofs}
        show(told | ({} if are_kept else {"client_secrets": applied.secrets}), output)
    elif applied.secrets and not are_kept:
        _show_secrets(applied)
    for each in applied.proofs:
        say(f"{each['host']} has to be proven, by a TXT record {each['record']}: {each['value']}")
    done = "1 change is" if applied.done == 1 else f"{applied.done} changes are"
    say(f"✓ {done} made." if planned.changes else "✓ Nothing was to be done.")


def _show_secrets(applied: "Applied") -> None:
    secrets = applied.secrets.items()
    show_all([{"client_id": each, "client_secret": it} for each, it in secrets], Format.TABLE)
    say(ONCE)
