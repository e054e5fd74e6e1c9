"""The clients of the servers under fire, who go on whatever happens."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import ClassVar

from authgate_testing.faults import asking
from authgate_testing.faults.client import Client
from authgate_testing.faults.history import Call, History
from authgate_testing.faults.host import Host
from authgate_testing.faults.household import Household
from authgate_testing.faults.resident import Resident

ATTEMPTS = 8
"""How often a client tries what it has no answer to before it begins anew."""

_ABROAD = 0.2
"""How often somebody knocks at another tenant's doors."""


class Trader(ABC):
    """A client of one tenant, who knows the tenant next door."""

    longest_pause: ClassVar[float] = 0.2
    """Seconds between once and once again, at most."""

    def __init__(
        self, client: Client, hosts: Sequence[Host], households: Sequence[Household], luck: Random
    ) -> None:
        self._client = client
        self._hosts = hosts
        self._household, self._neighbour = households
        self._luck = luck

    @abstractmethod
    async def once(self) -> None:
        """Do what is done over and over."""

    def _anywhere(self) -> Host:
        return self._luck.choice(self._hosts)

    async def _goes_abroad(self, *, token: str = "", code: str = "") -> None:
        if self._luck.random() < _ABROAD:
            await asking.abroad(
                self._client,
                self._anywhere(),
                self._neighbour,
                self._household,
                token=token,
                code=code,
            )


class Steady(Trader):
    """Asks with hardly a pause, and has nothing to complain of."""

    longest_pause: ClassVar[float] = 0.04

    async def once(self) -> None:
        """A token, its first use, and the keys that it is signed by."""
        here = self._anywhere()
        call = await asking.machine_token(self._client, here, self._household)
        await asking.tokeninfo(self._client, here, self._household, call.gave)
        await asking.keys(self._client, here, self._household)


class Machine(Trader):
    """Asks for tokens, and shows each to a resource server that asks another host."""

    async def once(self) -> None:
        """A token, from its birth to its first use."""
        call = await asking.machine_token(self._client, self._anywhere(), self._household)
        if call.status != 200:
            await rest(self._luck)
            return
        await asking.tokeninfo(self._client, self._anywhere(), self._household, call.gave)
        await self._goes_abroad(token=call.gave)


class Device(Trader):
    """Asks for a code, has it approved, and redeems it twice at once."""

    def __init__(
        self, client: Client, hosts: Sequence[Host], households: Sequence[Household], luck: Random
    ) -> None:
        super().__init__(client, hosts, households, luck)
        self._person = Resident(client, self._household)
        self._is_signed_in = False

    async def once(self) -> None:
        """A device code, from its birth to its token."""
        if not self._is_signed_in:
            self._is_signed_in = await self._person.sign_in(self._anywhere())
            return
        asked, shown = await asking.device_code(self._client, self._anywhere(), self._household)
        if asked.status != 200:
            await rest(self._luck)
            return
        await self._decided(shown["user_code"], asked.gave)
        await self._goes_abroad(code=asked.gave)
        # Each rival tries its own host first, so that both are asked at once.
        rivals = [self._redeemed(host, asked.gave) for host in self._two_hosts()]
        for call in await asyncio.gather(*rivals):
            if call is not None and call.status == 200:
                await asking.userinfo(self._client, self._anywhere(), self._household, call.gave)

    async def _decided(self, user_code: str, device_code: str) -> None:
        # Without an answer it may be approved all the same: the device asks in any case.
        for _ in range(ATTEMPTS):
            call = await self._person.approve(
                self._anywhere(), user_code=user_code, device_code=device_code
            )
            if not call.may_have_been_done:
                return
            await rest(self._luck)

    async def _redeemed(self, host: Host, code: str) -> Call | None:
        call = None
        for _ in range(ATTEMPTS):
            call = await asking.redemption(self._client, host, self._household, code)
            if not call.may_have_been_done:
                return call
            await rest(self._luck)
            host = self._anywhere()
        return call

    def _two_hosts(self) -> list[Host]:
        if len(self._hosts) == 1:
            return [*self._hosts, *self._hosts]
        return self._luck.sample(self._hosts, 2)


async def rest(luck: Random) -> None:
    """Wait before asking again."""
    await asyncio.sleep(luck.uniform(0.1, 0.4))


@asynccontextmanager
async def crowd(
    history: History,
    hosts: Sequence[Host],
    households: Sequence[Household],
    traders: Sequence[type[Trader]],
    *,
    seed: int,
) -> AsyncIterator[None]:
    """Clients of every tenant, at work until the block ends; half of them keep connections."""
    clients = [Client(history, keeps_connections=n // 2 % 2 == 0) for n in range(len(traders))]
    enough = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for n, (trader, client) in enumerate(zip(traders, clients, strict=True)):
                luck = Random(f"{seed} {n}")  # noqa: S311  # to be repeated, not to be secret
                neighbours = [households[(n + k) % len(households)] for k in (0, 1)]
                group.create_task(_work(enough, trader(client, hosts, neighbours, luck), luck))
            try:
                yield
            finally:
                enough.set()
    finally:
        for client in clients:
            await client.close()


async def _work(enough: asyncio.Event, trader: Trader, luck: Random) -> None:
    while not enough.is_set():
        await trader.once()
        await asyncio.sleep(luck.uniform(0.0, trader.longest_pause))
