"""Events onto the end of a stream."""

from collections.abc import Iterator, Sequence

from authgate.plugin_api import AuditEvent, Network, as_json
from authgate_redis_stream.conversation import Answers, command
from authgate_redis_stream.settings import RedisConfig


async def append(events: Sequence[AuditEvent], config: RedisConfig, network: Network) -> None:
    """Append these, in order. Raises ``RedisRefused`` and ``StreamFailure``."""
    host, port = config.server
    async with network.open(host, port, authorities=config.authorities) as stream:
        answers = Answers(stream)
        if config.password.reveal():
            # By itself: whoever is not let in is sent no event.
            await stream.send(_auth(config))
            await answers.good()
        await stream.send(b"".join(_added(each, config) for each in events))
        for _ in events:
            await answers.good()


def _auth(config: RedisConfig) -> bytes:
    user = (config.username,) if config.username else ()
    return command("AUTH", *user, config.password.reveal())


def _added(event: AuditEvent, config: RedisConfig) -> bytes:
    return command("XADD", config.stream, *_limit(config), "*", *_fields(event, config))


def _limit(config: RedisConfig) -> tuple[str, ...]:
    return ("MAXLEN", "~", str(config.longest)) if config.longest else ()


def _fields(event: AuditEvent, config: RedisConfig) -> Iterator[str | bytes]:
    # By ``id`` a reader knows what it was told before.
    yield from ("id", event.id, "tenant", event.tenant, "type", event.type)
    yield from ("event", as_json(event, config.format))
