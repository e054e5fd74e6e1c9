"""``authgate audit``: whether a log is as it was, and how far it has come, for whoever keeps it."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from authgate.cli import installed
from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Failure, Misused, NotFound
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate.installation import Installation
from authgate.portable import exported_log, sealed_log
from authgate.sealing import checkpoints, stored_log
from authgate.sealing.sealer import Sealer, keys_of
from authgate.sealing.verification import Report
from authgate.tokens.audit_seal import read_checkpoint
from authgate_tenants import Tenant, use_tenant
from authgate_tenants.lifecycle import all_tenants

OneTenant = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        "-t",
        "--issuer",
        help="Slug of one tenant, or its issuer, from anywhere; all of this machine's where not"
        " given",
        metavar="SLUG|ISSUER",
    ),
]
Slug = Annotated[str, typer.Option("--tenant", "-t", help="Slug of the tenant")]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="A checkpoint of the tenant's log that was kept elsewhere; - is standard input",
        allow_dash=True,
    ),
]
From = Annotated[
    int, typer.Option("--from", metavar="PLACE", min=1, help="The first place to be looked at")
]
Export = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="A tenant's file (authgate tenant export), or one of the log (authgate audit export)"
        " with --seals, instead of a database; needs --key",
    ),
]
Seals = Annotated[
    Path | None,
    typer.Option(
        "--seals", metavar="FILE", help="What a file of the log is checked by: authgate audit seals"
    ),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="THUMBPRINT", help="A key that is trusted beside this installation's"
    ),
]

_SEALS_FOR_SECONDS = 60.0


def verify(
    tenant: OneTenant = None,
    checkpoint: Checkpoint = None,
    starts: From = 1,
    file: Export = None,
    seals: Seals = None,
    key: Keys = None,
    output: Output = Format.TABLE,
) -> None:
    """Check that no event of a log was changed, removed, put in or moved since it was sealed.

    Ends with 1 where something is wrong, and names it. That the end of a log was cut off is seen by
    a checkpoint alone, which has to be kept elsewhere. Of an issuer its server
    does so, by its own keys.
    """
    if tenant is not None and "://" in tenant:
        if file or checkpoint or key or starts > 1:
            raise Misused("An issuer's server checks all of its log, by its own keys.")
        with administered(tenant) as api:
            _asked(api, output)
        return
    if file is not None:
        _end([_of_file(file, seals, checkpoint, key or [])], output)
        return
    if seals is not None:
        raise Misused("Seals of which file? Give --file.")
    if tenant is None and (checkpoint is not None or starts > 1):
        raise Misused("Of which tenant? Give --tenant.")
    text = _text(checkpoint) if checkpoint else None
    _end(asyncio.run(_reports(tenant, text, starts, key or [])), output)


def _of_file(file: Path, seals: Path | None, checkpoint: Path | None, keys: list[str]) -> Report:
    """No server and no database is asked."""
    if not keys:
        raise Misused("By which key? Give --key THUMBPRINT: authgate audit seal-keys prints it.")
    stated = read_checkpoint(_text(checkpoint), trusted=keys) if checkpoint else None
    with file.open("rb", buffering=1024 * 1024) as stream:
        if seals is None:
            return sealed_log.checked(stream, trusted=keys, checkpoint=stated)
        with seals.open("rb") as beside:
            return exported_log.checked(stream, beside, trusted=keys, checkpoint=stated)


def _end(reports: list[Report], output: Format) -> None:
    _show(reports, output)
    wrong = [each.tenant for each in reports if not each.is_sound]
    if wrong:
        raise Failure(f"The log is not as it was sealed: {', '.join(wrong)}.")
    events, waiting = (sum(getattr(each, of) for each in reports) for of in ("events", "waiting"))
    wait = f" {waiting} wait for their seal: nothing holds them fast yet." if waiting else ""
    if not all(each.is_comparable for each in reports):
        say(
            "The seal that the checkpoint names was folded since: whether the log was the same up"
            " to there can no longer be said, only that it is one chain from its beginning on."
        )
    say(f"✓ {events} events are as they were sealed.{wait}")


def verification(
    tenant: OfTenant = None,
    begin: Annotated[
        bool, typer.Option("--begin", help="Have the log be checked, and wait for it")
    ] = False,
    output: Output = Format.TABLE,
) -> None:
    """Show what was found when a log was checked last, or how far that has come.

    Ends with 1 where something is wrong.
    """
    with administered(tenant) as api:
        if begin:
            _asked(api, output)
        else:
            _show_found(api.get(_FOUND), output)


def _asked(api: AdminApi, output: Format) -> None:
    found, told = api.post(_FOUND, {}), -1
    while found["ended_at"] is None:
        if sys.stderr.isatty() and found["percent"] != told:
            told = found["percent"]
            say(f"{told} %: {found['events']} events")
        time.sleep(_LOOKS_SECONDS)
        found = api.get(_FOUND)
    _show_found(found, output)


def _show_found(found: dict[str, Any], output: Format) -> None:
    faults = found["faults"]
    if output is Format.JSON:
        show(found, output)
    else:
        show({name: value for name, value in found.items() if name != "faults"}, output)
        for fault in faults:
            show(fault, output)
    if not found["sound"]:
        raise Failure("The log is not as it was sealed.")


_FOUND = "/audit-verification"
_LOOKS_SECONDS = 1.0


def checkpoint(tenant: Slug) -> None:
    """Print how far a tenant's log has come, signed, for a file that is kept elsewhere.

    What waits for its seal is sealed before.
    """

    async def made(parts: Installation) -> str | None:
        await Sealer(parts).seal(seconds=_SEALS_FOR_SECONDS)
        return await checkpoints.newest(parts, keys_of(parts))

    found = installed.do(tenant, made)
    if found is None:
        raise NotFound(f"Nothing has happened at {tenant} yet.")
    sys.stdout.write(f"{found}\n")


def seals(tenant: Slug) -> None:
    """Print the seals of a tenant's log, for a file of the log that is checked elsewhere.

    What waits for its seal is sealed before.
    """

    async def printed(parts: Installation) -> None:
        await Sealer(parts).seal(seconds=_SEALS_FOR_SECONDS)
        async for line in exported_log.seal_lines():
            sys.stdout.write(line.decode())

    installed.do(tenant, printed)


def seal_keys() -> None:
    """Print the thumbprints of the keys that logs are sealed with, the present one first."""

    async def names() -> list[str]:
        async with installed.opened() as parts:
            keys = keys_of(parts)
        present = keys.present.thumbprint
        return [present, *sorted(keys.thumbprints - {present})]

    sys.stdout.write("".join(f"{each}\n" for each in asyncio.run(names())))


async def _reports(
    slug: str | None, checkpoint: str | None, starts: int, keys: list[str]
) -> list[Report]:
    reports = []
    async with installed.opened() as parts:
        trusted = keys_of(parts).thumbprints | set(keys)
        slugs = [slug] if slug else [row.slug async for row in all_tenants()]
        for each in slugs:
            tenant = await installed.tenant(parts, each)
            stated = _stated(checkpoint, tenant, trusted) if checkpoint else None
            with use_tenant(tenant):
                reports.append(
                    await stored_log.verified(trusted=trusted, checkpoint=stated, starts=starts)
                )
    return reports


def _stated(text: str, tenant: Tenant, trusted: frozenset[str]) -> Mapping[str, Any]:
    stated = read_checkpoint(text, trusted=trusted)
    if stated["tenant"]["id"] != str(tenant.id):
        raise Misused(f"The checkpoint is of {stated['tenant']['slug']}, and not of {tenant.slug}.")
    return stated


def _text(file: Path) -> str:
    return (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()


def _show(reports: list[Report], output: Format) -> None:
    if output is Format.JSON:
        show_all([each.told() for each in reports], output)
        return
    show_all([_line(each) for each in reports], output)
    for report in reports:
        for fault in report.faults:
            show({"tenant": report.tenant, **fault.told()}, output)


def _line(report: Report) -> Record:
    return {
        "tenant": report.tenant,
        "sound": report.is_sound,
        "events": report.events,
        "until": report.last_seq,
        "erased": report.erased,
        "removed": report.removed,
        "waiting": report.waiting,
        "faults": len(report.faults),
        "signed_by": report.signed_by,
    }
