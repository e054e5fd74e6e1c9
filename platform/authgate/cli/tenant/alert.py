"""``authgate alert``: what the log has shown that deserves a look, and what is looked for."""

from typing import Annotated
from uuid import UUID

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate.vocabulary import AlertState

app = Noun()

_EXAMPLE = "01a22b9b-242f-72ca-909d-473febcc52b1"
_MOST = 100

Id = Annotated[UUID, typer.Argument(metavar="ALERT", help="Its id: authgate alert list")]
State = Annotated[AlertState | None, typer.Option(help="Only those that are so")]
OfRule = Annotated[str | None, typer.Option("--rule", help="Only those of a rule")]


@app.verb("list", example="alert list --state open")
def list_(
    tenant: OfTenant = None,
    state: State = None,
    rule: OfRule = None,
    output: Output = Format.TABLE,
) -> None:
    """List alerts, the newest first, a hundred at the most."""
    with administered(tenant) as api:
        found = api.get("/alerts", state=state, rule=rule, limit=_MOST)["items"]
    show_all(found if output is Format.JSON else [_line(each) for each in found], output)


@app.verb("show", example=f"alert show {_EXAMPLE}")
def show_(alert_id: Id, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show what an alert is about, and what became of it."""
    with administered(tenant) as api:
        show(api.get(within("alerts", str(alert_id))), output)


@app.verb(example=f"alert acknowledge {_EXAMPLE}")
def acknowledge(alert_id: Id, tenant: OfTenant = None) -> None:
    """Say that you look after an alert."""
    with administered(tenant) as api:
        api.post(within("alerts", str(alert_id), "acknowledge"))
    say("✓ It is yours.")


@app.verb(example=f"alert close {_EXAMPLE}")
def close(alert_id: Id, tenant: OfTenant = None) -> None:
    """Be done with an alert."""
    with administered(tenant) as api:
        api.post(within("alerts", str(alert_id), "close"))
    say("✓ It is closed.")


@app.verb(example="alert rules")
def rules(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List what is looked for, and how many it takes."""
    with administered(tenant) as api:
        show_all(api.get("/alert-rules")["items"], output)


@app.verb("set-rule", example="alert set-rule failed-sign-ins-address 20/10min")
def set_rule(
    rule: Annotated[str, typer.Argument(help="Its name: authgate alert rules")],
    choice: Annotated[
        str, typer.Argument(help="How many within how long (20/10min), off, or default")
    ],
    tenant: OfTenant = None,
) -> None:
    """Have a rule look otherwise from now on, not at all, or as it began."""
    if not rule or not choice:
        raise Misused("Say which rule, and how it is to be.")
    said = None if choice == "default" else choice
    with administered(tenant) as api:
        api.change("/settings", {"settings": {"alert_rules": {rule: said}}})
    say(f"✓ {rule} is {choice} from now on.")


def _line(alert: Record) -> Record:
    names = ("id", "rule", "severity", "state", "subject_type", "subject_id", "events", "last_at")
    return {name: alert[name] for name in names}
