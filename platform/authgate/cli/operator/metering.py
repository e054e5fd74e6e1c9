"""``authgate operator``: what tenants use, day by day and month by month."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from authgate.cli.doors.administered import operated
from authgate.cli.operator.found import Operators, Slug, path_of
from authgate.cli.output import (
    Csv,
    Format,
    Output,
    Record,
    say,
    show,
    show_all,
    show_csv,
    show_line,
)
from authgate.cli.tenant.usage import Since, To
from authgate.cli.tenant.usage_statements import Month, brief, print_signed

_COLUMNS = (
    "tenant_id",
    "slug",
    "plan",
    "day",
    "tokens",
    "sign_ins",
    "active_users",
    "api_calls",
)


def usage(
    slug: Slug,
    days: Annotated[int, typer.Option(help="So many days up to today (UTC)")] = 30,
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what a tenant has used, day by day."""
    with operated(operators) as api:
        told = api.get(f"{path_of(api, slug)}/usage", days=days)
    if output is Format.JSON:
        show(told, output)
        return
    show_all(told["days"], output)
    say(f"{told['tokens']} access tokens, counted until {told['counted_until']}.")


def health(slug: Slug, operators: Operators = None, output: Output = Format.TABLE) -> None:
    """Show how a tenant is: failures, limits, keys, hosts and mail, of the last seven days."""
    with operated(operators) as api:
        show(api.get(f"{path_of(api, slug)}/health"), output)


def overview(
    span: Annotated[
        str, typer.Option(metavar="SPAN", help="Whole days up to yesterday: 7d, 30d, 90d")
    ] = "30d",
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Tell what all tenants together come to, beside the time before."""
    with operated(operators) as api:
        told = api.get("/overview", span=span)
    if output is Format.JSON:
        show(told, output)
        return
    new = {"total": told["new_tenants"], "before": told["new_tenants_before"]}
    show_all([*told["figures"], {"measure": "new_tenants", **new}], output)
    show_all([{"status": each, "tenants": many} for each, many in told["tenants"].items()], output)
    for name in ("failing", "busiest"):
        if told[name]:
            say(f"{name.capitalize()} on the last day that is over:")
            show_all(told[name], output)
    say(f"Added up: {told['counted_at'] or 'not yet'}.")
    if told["tenants_behind"]:
        say(f"Tenants of which the last day is not all added up: {told['tenants_behind']}.")


def export_usage(
    since: Since = None, to: To = None, *, csv: Csv = False, operators: Operators = None
) -> None:
    """Print what every tenant has used, day by day, as far as it is added up.

    A line for each tenant and day comes as soon as it is known: JSON, or CSV with --csv.
    """
    with operated(operators) as api:
        found = _lines(api.each("/usage", since=since, to=to))
        if csv:
            show_csv(_COLUMNS, found)
            return
        for each in found:
            show_line(each)


def _lines(tenants: Iterator[dict[str, Any]]) -> Iterator[Record]:
    for tenant in tenants:
        named = {name: tenant[name] for name in ("tenant_id", "slug", "plan")}
        for day in tenant["days"]:
            yield named | day


def export_statements(
    month: Month, *, operators: Operators = None, output: Output = Format.TABLE
) -> None:
    """Print what every tenant has used within a month, as it is stated: with -o json signed, a line
    for each."""
    with operated(operators) as api:
        found = api.each("/usage/statements", month=month)
        if output is Format.JSON:
            for each in found:
                show_line(each)
            return
        told = list(found)
    stated = [each for each in told if each["statement"]]
    show_all([{"slug": each["slug"], **brief(each["statement"])} for each in stated], output)
    unstated = [each["slug"] for each in told if not each["statement"]]
    if unstated:
        say(f"No statement of {month}: {', '.join(unstated)}.")


def statement(slug: Slug, month: Month, operators: Operators = None) -> None:
    """Print the signed statement of what a tenant has used within a month, for a file."""
    with operated(operators) as api:
        print_signed(api.get(f"{path_of(api, slug)}/usage/statements")["items"], month)


def statement_keys(operators: Operators = None) -> None:
    """Print the keys that statements are checked by, as a JWK set for a file."""
    with operated(operators) as api:
        show(api.get("/usage/statement-keys"), Format.JSON)
