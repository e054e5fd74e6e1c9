"""Whoever writes a tenant down, or reads one in, may be killed: there is a whole one or none."""

from collections.abc import AsyncIterator

import pytest

from authgate import portable
from authgate.audit import SYSTEM
from authgate.cli.tenant import portability
from authgate.portable import Choice, Wanted
from authgate.settings import Settings
from authgate_tenants.lifecycle import all_tenants
from authgate_testing.databases import on_sqlite
from authgate_testing.killed import killed_half_way
from authgate_testing.lived import PASSPHRASE, Lived, exported, opened


async def test_who_is_killed_while_importing_has_left_nothing_and_starts_over(
    lived: Lived, elsewhere: Settings
) -> None:
    async with opened(elsewhere) as (parts, http):
        await killed_half_way(elsewhere, "movers", str(lived.file), PASSPHRASE)
        assert [each async for each in all_tenants()] == []
        assert (await http.get("/t/acme/login")).status_code == 404
        assert (await portable.bring_in(parts, lived.file, Wanted(PASSPHRASE), actor=SYSTEM)).slug
        assert (await http.get("/t/acme/login")).status_code == 200
        acme = await parts.resolver.find("acme")
        assert acme is not None
        again = await exported(parts, acme, Choice(PASSPHRASE, signing_keys=True))
    assert again == lived.file.read_bytes()


@on_sqlite
async def test_ex_11_a_file_has_its_name_once_it_is_whole(lived: Lived) -> None:
    file, seen = lived.file.with_name("again.authgate"), []
    async with opened(lived.settings) as (parts, _):
        choice = Choice(PASSPHRASE, signing_keys=True)

        async def pieces(last: int) -> AsyncIterator[bytes]:
            async for piece in portable.export(parts, lived.tenant, choice, actor=SYSTEM):
                seen.append(file.exists())
                if len(seen) == last:
                    raise ConnectionAbortedError
                yield piece

        with pytest.raises(ConnectionAbortedError):
            await portability.write(pieces(9), file)
        assert list(file.parent.glob("again*")) == []
        await portability.write(pieces(-1), file)
    assert file.read_bytes() == lived.file.read_bytes()
    assert len(seen) > 20
    assert not any(seen)
