"""``authgate jobs``: what is done for a tenant beside its requests."""

from typing import Annotated

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, say, show, show_all

app = Noun()

Id = Annotated[str, typer.Argument(metavar="JOB", help="Its id: authgate jobs list")]

_EXAMPLE = "01a22b9b-242f-72ca-909d-473febcc52b1"


@app.verb("list", example="jobs list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List what is being done, waits, or was given up."""
    with administered(tenant) as api:
        show_all(api.get("/jobs")["items"], output)


@app.verb("show", example=f"jobs show {_EXAMPLE}")
def show_(job: Id, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show how far a job has come, or what went wrong."""
    with administered(tenant) as api:
        show(api.get(within("jobs", job)), output)


@app.verb(example=f"jobs retry {_EXAMPLE}")
def retry(job: Id, tenant: OfTenant = None) -> None:
    """Have a job tried again that was given up."""
    with administered(tenant) as api:
        api.post(within("jobs", job, "retry"))
    say("✓ It is tried again.")


@app.verb(example=f"jobs cancel {_EXAMPLE}")
def cancel(job: Id, tenant: OfTenant = None) -> None:
    """Break off a job that writes or reads a file, or let one be that was given up."""
    with administered(tenant) as api:
        api.post(within("jobs", job, "cancel"))
    say("✓ It is broken off. What it had done stays.")
