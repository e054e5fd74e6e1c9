"""Redis whose commands are spans. Built only where traces are wanted."""

from authgate.storage.redis.connection import RedisConnection, Reply, Word
from authgate.telemetry.tracing import Attribute, Tracer


class TracedRedis(RedisConnection):
    """Names each command by its verb: keys and values say whom it is about."""

    def __init__(self, url: str, tracer: Tracer) -> None:
        super().__init__(url)
        self._tracer = tracer

    async def call(self, *words: Word) -> Reply:
        """Ask one command."""
        verb = str(words[0])
        about = {Attribute.SYSTEM: "redis", Attribute.OPERATION: verb}
        with self._tracer.child(verb, "client", about):
            return await super().call(*words)
