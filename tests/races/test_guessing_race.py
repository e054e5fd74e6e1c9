"""Of guesses that arrive together, over two processes, no more are looked at than one by one."""

from authgate.audit import Event
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures
from authgate_tenants import Tenant
from authgate_testing.ledger import Ledger
from authgate_testing.racer import Racers

GUESSES = 200


async def test_lg_02_of_two_hundred_guesses_at_two_processes_no_more_than_five_are_looked_at(
    racers: Racers, acme: Tenant, alice: User
) -> None:
    ledger = Ledger()
    async with ledger.nothing_granted(acme):
        statuses = await racers.race(
            {
                "url": f"{acme.issuer}/login",
                "form": "/login",
                "data": {"username": "alice", "password": "a guess that is wrong"},
                "times": GUESSES // 2,
            }
        )
    assert statuses.total() == GUESSES
    assert set(statuses) <= {400, 429, 503}, "503: the queue of those who hash is full"
    assert 1 <= statuses[400] <= login_failures.AT_ONE_PLACE.free
    failures = await ledger.events(acme, Event.AUTHENTICATION_FAILURE)
    looked_at = [each for each in failures if each.details["reason"] == "mismatch"]
    assert len(looked_at) == statuses[400]
