"""A file that was changed, cut, forged or meant for others: refused, and nothing is stored."""

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from authgate import portable, provisioning
from authgate.audit import SYSTEM
from authgate.installation import Installation
from authgate.portable import (
    Choice,
    TenantIsHere,
    UnfitFile,
    Wanted,
    WeakPassphrase,
    WrongPassphrase,
    document,
)
from authgate.settings import Settings
from authgate.storage.metering import usage_statements
from authgate.storage.metering.usage_statements import UsageStatementRow
from authgate.storage.people import users
from authgate.storage.portable.parts import EXPORTED
from authgate.tokens.signed_statement import StatementKey
from authgate.tokens.usage_statement import USAGE
from authgate_tenants import use_tenant
from authgate_tenants.key_encryption import KeyEncryptionKey
from authgate_tenants.lifecycle import SlugTaken, all_tenants
from authgate_tenants.resolver import BadSlug
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.lived import PASSPHRASE, Lived, exported, keep, opened

Lines = list[dict[str, Any]]


def _as_lines(whole: bytes) -> Lines:
    return [orjson.loads(line) for line in whole.splitlines()]


def _forged(whole: bytes, change: Callable[[Lines], None]) -> bytes:
    """What somebody makes of a file who knows its form, and not its passphrase."""
    lines = _as_lines(whole)
    change(lines)
    writer = document.Writer(None)
    said = [writer._said(document.line(lines[0]))]
    part = None
    for line in lines[1:-1]:
        if "part" in line:
            part = next(each for each in EXPORTED if each.table == line["part"])
            said.append(writer.begin(part, line["columns"]))
        elif "end" in line and "sha256" in line:
            assert part is not None
            said.append(writer.end(part))
        else:
            said.append(writer.rows([line]))
    last = _as_lines(writer.close())[0]
    return b"".join(said) + document.line(last | {"mac": lines[-1]["mac"]})


def _row(lines: Lines, table: str) -> dict[str, Any]:
    return lines[1 + next(n for n, line in enumerate(lines) if line.get("part") == table)]


def _rise(lines: Lines) -> None:
    _row(lines, "users")["role"] = "owner"


def _swap_secrets(lines: Lines) -> None:
    first = 1 + next(n for n, line in enumerate(lines) if line.get("part") == "clients")
    one, other = lines[first : first + 2]
    one["secret_hash"], other["secret_hash"] = other["secret_hash"], one["secret_hash"]


def _add_flag(lines: Lines) -> None:
    lines[0]["tenant"]["operator"] = True


def _take_a_plan(lines: Lines) -> None:
    lines[0]["tenant"]["plan"] = "business"


def _add_column(lines: Lines) -> None:
    begin = next(line for line in lines if line.get("part") == "users")
    begin["columns"].append("tenant_id")
    _row(lines, "users")["tenant_id"] = "01a22b9b-242f-72ca-909d-473febcc52b1"


def _another_kind(lines: Lines) -> None:
    _row(lines, "users")["status"] = "mighty"


def _weaker(lines: Lines) -> None:
    lines[0]["secrets"]["memory_kib"] = 8


def _newer_form(lines: Lines) -> None:
    lines[0]["version"] += 1


def _newer_schema(lines: Lines) -> None:
    lines[0]["schema"] = "9999_from_tomorrow"


FORGERIES = {
    "a_user_is_made_an_owner": (_rise, "passphrase"),
    "a_flag_of_the_platform": (_add_flag, "does not know"),
    "a_row_names_its_tenant": (_add_column, "does not know"),
    "a_secret_of_another_row": (_swap_secrets, "another place"),
    "a_plan": (_take_a_plan, "what plan"),
    "a_value_that_cannot_be": (_another_kind, "does not fit"),
    "a_passphrase_that_is_cheap_to_guess": (_weaker, "does not know"),
    "a_newer_form": (_newer_form, "newer version"),
    "a_newer_schema": (_newer_schema, "newer version"),
}


async def refused(parts: Installation, file: Path, whole: bytes, wanted: Wanted) -> str:
    """Why a file is not read in; nothing is there then."""
    keep(file, whole)
    with pytest.raises(UnfitFile) as caught:
        await portable.bring_in(parts, file, wanted, actor=SYSTEM)
    assert [each.slug async for each in all_tenants()] == []
    return str(caught.value)


@on_sqlite
async def test_ex_08_ti_19_what_was_changed_cut_or_forged_is_refused_and_stores_nothing(
    lived: Lived, elsewhere: Settings, subtests: pytest.Subtests
) -> None:
    whole, wanted = lived.file.read_bytes(), Wanted(PASSPHRASE)
    async with opened(elsewhere) as (parts, _):
        for name, (change, why) in FORGERIES.items():
            with subtests.test(name):
                assert why in await refused(parts, lived.file, _forged(whole, change), wanted)
        lines = whole.splitlines(keepends=True)
        for place in range(0, len(whole), len(whole) // 25):
            with subtests.test("cut", at=place):
                await refused(parts, lived.file, whole[:place], wanted)
            with subtests.test("a bit", at=place):
                flipped = bytes([whole[place] ^ 1])
                changed = whole[:place] + flipped + whole[place + 1 :]
                try:
                    await refused(parts, lived.file, changed, wanted)
                except WrongPassphrase:
                    assert place < len(lines[0])
        for place in range(1, len(lines), 7):
            with subtests.test("a line less", at=place):
                await refused(
                    parts, lived.file, b"".join(lines[:place] + lines[place + 1 :]), wanted
                )
        with subtests.test("more behind it"):
            await refused(parts, lived.file, whole + b"\n", wanted)
        keep(lived.file, whole)
        assert (await portable.bring_in(parts, lived.file, wanted, actor=SYSTEM)).slug == "acme"


@on_sqlite
async def test_a_refusal_names_the_line_and_what_it_is_of(
    lived: Lived, elsewhere: Settings
) -> None:
    whole, wanted = lived.file.read_bytes(), Wanted(PASSPHRASE)
    lines = whole.splitlines(keepends=True)
    begun = next(at for at, line in enumerate(lines, 1) if b'"part":"tokens"' in line)
    cases = [
        (_forged(whole, _another_kind), "users", 3),
        (_forged(whole, _newer_form), None, 1),
        (b"".join([*lines[:begun], b"no JSON\n", *lines[begun:]]), "tokens", begun + 1),
        (b"".join(lines[:begun]), "tokens", begun + 1),
        (b"".join(lines[:-1]), None, len(lines)),
    ]
    async with opened(elsewhere) as (parts, _):
        for content, part, line in cases:
            keep(lived.file, content)
            with pytest.raises(UnfitFile, match=f"^Line {line}: ") as caught:
                await portable.examine(parts, lived.file, wanted)
            assert (caught.value.line, caught.value.part) == (line, part)


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(b"PK\x03\x04" + b"../../etc/x" * 9, id="ex_05_an_archive"),
        pytest.param(b"\x1f\x8b" + b"\0" * 99, id="ex_06_what_unpacks_to_more"),
        pytest.param(b"!!python/object/apply:os.system [id]\n", id="ex_07_yaml"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>\n', id="ex_07_xml"),
        pytest.param(b"[" * 9999 + b"]" * 9999 + b"\n", id="ex_06_nested"),
        pytest.param(b'{"format":"authgate-tenant","version":1}\n', id="a_head_and_nothing"),
    ],
)
def test_what_is_no_file_of_a_tenant_is_refused_at_its_first_line(
    whole: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "given"
    file.write_bytes(whole)
    with file.open("rb") as stream, pytest.raises(UnfitFile):
        document.Reader(stream)


def test_a_line_that_holds_too_much_is_not_even_parsed(tmp_path: Path) -> None:
    head = {
        "format": document.FORMAT,
        "version": 1,
        "schema": "0001",
        "tenant": {"id": str(UUID(int=1))},
    }
    file = tmp_path / "bomb.authgate"
    keep(file, document.line(head) + b'{"part":[' + b"[]," * 1_000_000 + b"[]]}\n")
    with file.open("rb") as stream, pytest.raises(UnfitFile, match="holds too much") as caught:
        next(document.Reader(stream).pages(None))
    assert caught.value.line == 2


def test_a_page_has_no_more_than_some_long_rows(tmp_path: Path) -> None:
    users_part = next(part for part in EXPORTED if part.table == "users")
    writer = document.Writer(None)
    row = {"id": "", "name": "x" * 3_000_000}
    wide = {"id": "", "name": [0] * 60_000}
    file = tmp_path / "long.authgate"
    keep(
        file,
        writer.head({"tenant": {"id": str(UUID(int=1))}})
        + writer.begin(users_part, ["id", "name"])
        + writer.rows([row] * 3 + [wide] * 3)
        + writer.end(users_part)
        + writer.close(),
    )
    with file.open("rb") as stream:
        pages = list(document.Reader(stream).pages(None))
    assert [(len(page.rows), page.first_line) for page in pages] == [(2, 3), (3, 5), (1, 8)]


@on_sqlite
async def test_a_file_whose_statements_of_usage_are_none_is_refused_and_anothers_are_taken(
    lived: Lived, elsewhere: Settings, subtests: pytest.Subtests
) -> None:
    key = StatementKey.of(USAGE, KeyEncryptionKey("00", bytes(range(32))))
    rsa_key = rsa.generate_private_key(65537, 2048)
    jwk = orjson.loads(RSAAlgorithm.to_jwk(rsa_key.public_key()))
    by_rsa = jwt.encode({}, rsa_key, "RS256", headers={"typ": USAGE.type, "jwk": jwk})

    def signed(**changes: object) -> str:
        tenant = {"id": str(lived.tenant.id)}
        said = {"tenant": tenant, "plan": "", "lines": [], "corrections": []}
        return key.sign(said | {"month": "2026-03"} | changes)

    march = date(2026, 3, 1)
    unfit = {
        "is none": (march, ("x", by_rsa, signed(lines=[{}]))),
        "another tenant's": (march, (signed(tenant={"id": "x"}),)),
        "another month": (march, (signed(month="2026-04"),)),
        "not over": (date(2999, 3, 1), (signed(month="2999-03"),)),
    }
    cases = [(why, month, each) for why, (month, those) in unfit.items() for each in those]
    for why, month, stated in [*cases, ("", march, signed())]:
        async with opened(lived.settings) as (parts, _):
            with use_tenant(lived.tenant):
                await UsageStatementRow.all().delete()
                await usage_statements.add(month, stated, now=parts.clock())
            keep(lived.file, await exported(parts, lived.tenant, Choice(PASSPHRASE)))
        async with opened(elsewhere) as (parts, _):
            with subtests.test(why or "another installation's"):
                if why:
                    with pytest.raises(UnfitFile, match=why) as caught:
                        await portable.examine(parts, lived.file, Wanted(PASSPHRASE))
                    assert caught.value.part == "usage_statements"
                else:
                    found = await portable.examine(parts, lived.file, Wanted(PASSPHRASE))
                    assert found.rows["usage_statements"] == 1


@on_sqlite
async def test_ti_19_37_ex_08_a_tenant_comes_once_and_takes_nobodys_place(
    lived: Lived, elsewhere: Settings
) -> None:
    operated = elsewhere.model_copy(update={"operator_tenant": "operators"})
    async with opened(operated) as (parts, _):

        async def brought(slug: str | None = None, passphrase: str = PASSPHRASE) -> str:
            wanted = Wanted(passphrase, slug)
            return (await portable.bring_in(parts, lived.file, wanted, actor=SYSTEM)).slug

        theirs = await provisioning.add_tenant(parts, slug="acme", name="Another Acme")
        before = await Ledger().rows(theirs)
        with pytest.raises(SlugTaken):
            await brought()
        with pytest.raises(BadSlug):
            await brought("Admin")
        with pytest.raises(BadSlug, match="taken for"):
            await brought("0perat0rs")
        with pytest.raises(WrongPassphrase):
            await brought("acme-inc", "another passphrase")
        with pytest.raises(WeakPassphrase):
            await brought("acme-inc", "short")
        assert await brought("acme-inc") == "acme-inc"
        assert await Ledger().rows(theirs) == before
        with pytest.raises(TenantIsHere, match="acme-inc"):
            await brought("acme-3")


@on_sqlite
async def test_ex_12_without_a_passphrase_there_are_no_secrets_and_nobody_moves_in(
    lived: Lived, elsewhere: Settings
) -> None:
    sealed = _as_lines(lived.file.read_bytes())
    async with opened(lived.settings) as (parts, _):
        plain = await exported(parts, lived.tenant, Choice())
    for whole in (plain, lived.file.read_bytes()):
        assert b"argon2id$" not in whole
        assert lived.refresh_token.encode() not in whole
    names = {name for line in _as_lines(plain) for name in line}
    assert not {each for each in names if "hash" in each or "sealed" in each}
    parts_of = [
        {line["part"] for line in lines if "part" in line} for lines in (_as_lines(plain), sealed)
    ]
    assert parts_of[1] - parts_of[0] >= {"refresh_tokens", "signing_keys", "tokens", "connections"}
    async with opened(elsewhere) as (parts, _):
        assert "reading only" in await refused(parts, lived.file, plain, Wanted(PASSPHRASE))


@on_sqlite
async def test_a_dry_run_tells_what_would_come_and_stores_nothing(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(elsewhere) as (parts, _):
        would = await portable.examine(parts, lived.file, Wanted(PASSPHRASE))
        assert [each async for each in all_tenants()] == []
        did = await portable.bring_in(parts, lived.file, Wanted(PASSPHRASE), actor=SYSTEM)
    assert did == would
    assert would.rows["users"] == 2
    assert would.signing_keys


async def test_ex_10_whoever_writes_meanwhile_is_not_seen(lived: Lived) -> None:
    async with opened(lived.settings) as (parts, _):
        pieces = portable.export(
            parts, lived.tenant, Choice(PASSPHRASE, signing_keys=True), actor=SYSTEM
        )
        whole = await anext(pieces)
        with use_tenant(lived.tenant):
            await asyncio.gather(*(users.create(username=f"late-{n}") for n in range(5)))
        whole += b"".join([piece async for piece in pieces])
    assert whole == lived.file.read_bytes()
