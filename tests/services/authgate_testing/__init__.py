"""Real services for the tests: PostgreSQL, PgBouncer, Redis and Chromium on this machine.

Each is started the first time a test asks for it, on a free loopback port and in a folder of its
own, and ended with the test run. A missing program is an error, never a skipped test.
"""

from authgate_testing.browser import BrowserContextFactory, axe_violations
from authgate_testing.pgbouncer import PgBouncer
from authgate_testing.postgres import PostgresServer
from authgate_testing.redis_server import RedisServer

__all__ = [
    "BrowserContextFactory",
    "PgBouncer",
    "PostgresServer",
    "RedisServer",
    "axe_violations",
]
