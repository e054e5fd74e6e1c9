"""``authgate usage``: statements of what was used within a month, and whether one is genuine."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Misused, NotFound
from authgate.cli.output import Format, Output, Record, say, show, show_all

Month = Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month, by UTC")]
File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The statement; - is standard input", allow_dash=True),
]
Keys = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FILE", help="The JWK set of authgate usage statement-keys"),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="THUMBPRINT", help="The key that signed it"),
]


def statements(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the months that are stated, and what they come to."""
    with administered(tenant) as api:
        told = api.get("/usage/statements")["items"]
    show_all(told if output is Format.JSON else [brief(each) for each in told], output)


def statement(month: Month, tenant: OfTenant = None) -> None:
    """Print the signed statement of a month, for a file."""
    with administered(tenant) as api:
        print_signed(api.get("/usage/statements", month=month)["items"], month)


def statement_keys(tenant: OfTenant = None) -> None:
    """Print the keys that statements are checked by, as a JWK set for a file."""
    with administered(tenant) as api:
        show(api.get("/usage/statement-keys"), Format.JSON)


def verify(file: File, keys: Keys = None, key: Key = None, output: Output = Format.JSON) -> None:
    """Check a statement by keys that you have, and show what it states; asks no server.

    A key of which only the thumbprint was noted is as good as the set.
    """
    # What reads a signature takes a while to import, and other commands ask a server for all.
    from authgate.tokens import signed_statement
    from authgate.tokens.usage_statement import USAGE

    text = (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()
    trusted = [*([key] if key else []), *(_thumbprints(keys) if keys else [])]
    if not trusted:
        raise Misused("By which key? Give --keys FILE or --key THUMBPRINT.")
    stated = signed_statement.read(USAGE, text, trusted=trusted)
    show(stated | {"signed_by": signed_statement.signer_of(USAGE, text)}, output)
    say("✓ It is genuine.")


def print_signed(found: list[dict[str, Any]], month: str) -> None:
    """Print the one of this month. Raises ``NotFound``."""
    for each in found:
        if each["month"] == month:
            sys.stdout.write(f"{each['statement']}\n")
            return
    raise NotFound(f"There is no statement of {month}: a month is stated a day after its end.")


def brief(told: dict[str, Any]) -> Record:
    """A statement in one line: the sum of each thing that is measured."""
    sums: dict[str, int] = {}
    for line in told["lines"]:
        sums[line["measure"]] = sums.get(line["measure"], 0) + line["total"]
    measures = ("tokens", "sign_ins", "monthly_active_users", "api_calls")
    return {
        "month": told["month"],
        "plan": told["plan"],
        **{each: sums.get(each, 0) for each in measures},
        "corrections": len(told["corrections"]),
        "issued": told["issued_at"],
        "signed_here": told["signed_here"],
    }


def _thumbprints(file: Path) -> list[str]:
    from authgate.tokens.jwk import BadJwk, public_key

    try:
        return [public_key(each).thumbprint for each in json.loads(file.read_text())["keys"]]
    except (ValueError, KeyError, TypeError, BadJwk) as error:
        raise Misused(f"{file} is no JWK set.") from error
