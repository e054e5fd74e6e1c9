"""Of uses of one thing that arrive together, over two processes, exactly one counts: every time.

``--rounds 20`` makes it a hundred rounds.
"""

from authgate_testing.application import Application
from authgate_testing.racer import Racers

USES = 100


async def test_mx_12_a_pushed_request_is_taken_once_however_many_try_at_once(
    racers: Racers, console: Application, rounds: int
) -> None:
    issuer, client_id = console.tenant.issuer, console.client.client.client_id
    for _ in range(rounds):
        request_uri = (await console.pushed(console.ask())).json()["request_uri"]
        statuses = await racers.race(
            {
                "url": f"{issuer}/oauth/authorize",
                "data": {"client_id": client_id, "request_uri": request_uri},
                "times": USES // 2,
            }
        )
        assert statuses == {303: 1, 400: USES - 1}, statuses
