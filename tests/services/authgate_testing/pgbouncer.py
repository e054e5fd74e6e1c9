"""PgBouncer in transaction mode, in front of the run's PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from authgate_testing.postgres import SUPERUSER, PostgresServer, postgres_answers
from authgate_testing.processes import LOOPBACK, running, service_account, service_folder
from authgate_testing.programs import find

# Any role of the server may come in: who it is gets looked up, no password is asked for.
_CONFIGURATION = """\
[databases]
* = host={host} port={server_port} auth_user={superuser}

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
auth_query = SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1
pool_mode = transaction
default_pool_size = {pool_size}
server_round_robin = 1
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
server_login_retry = 1
"""


@dataclass(frozen=True, slots=True)
class PgBouncer:
    """A running pooler; each transaction may land on another server connection."""

    port: int
    server: PostgresServer

    def dsn(self, database: str, *, user: str = SUPERUSER) -> str:
        """Address a database of the server through the pooler."""
        return f"postgres://{user}@{LOOPBACK}:{self.port}/{database}"


@contextmanager
def pgbouncer_running(server: PostgresServer, *, pool_size: int = 10) -> Iterator[PgBouncer]:
    """Run a pooler with this many server connections for each pair of database and role."""
    program = find("pgbouncer", package="pgbouncer")
    account = service_account()  # PgBouncer refuses to run as root
    with service_folder("pgbouncer", owner=account) as folder:
        (folder / "users.txt").write_text(f'"{SUPERUSER}" ""\n')

        def command(port: int) -> list[str]:
            configuration = folder / "pgbouncer.ini"
            configuration.write_text(
                _CONFIGURATION.format(
                    host=LOOPBACK,
                    server_port=server.port,
                    superuser=SUPERUSER,
                    port=port,
                    folder=folder,
                    pool_size=pool_size,
                )
            )
            return [str(program), str(configuration)]

        with running(
            command,
            answers=lambda port: postgres_answers(
                PgBouncer(port=port, server=server).dsn("postgres")
            ),
            log=folder / "pgbouncer.log",
            account=account,
        ) as port:
            yield PgBouncer(port=port, server=server)
