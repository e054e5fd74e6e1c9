"""A syslog server for the run: rsyslog, which takes messages in TLS and writes each on a line."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from authgate_testing.processes import Service, kept_up, service_folder, takes_connections
from authgate_testing.programs import find


@dataclass(frozen=True, slots=True)
class Rsyslogd:
    """A running server."""

    port: int
    written: Path
    """What it has taken: facility, severity, host name, identifier of the process and of the
    message, and what it says, with tabs between."""


@contextmanager
def rsyslogd_running(certificate: tuple[Path, Path]) -> Iterator[Rsyslogd]:
    """Run a server for as long as the block lasts."""
    program = find("rsyslogd", package="rsyslog and rsyslog-gnutls")
    with service_folder("rsyslogd") as folder:

        def command(port: int) -> list[str | Path]:
            settings = folder / f"{port}.conf"
            settings.write_text(_settings(folder, certificate, port))
            return [program, "-n", "-f", settings, "-i", "NONE"]

        service = Service(command, answers=takes_connections, log=folder / "rsyslogd.log")
        with kept_up(service, stop_signal=signal.SIGKILL):
            yield Rsyslogd(service.port, folder / "written")


def _settings(folder: Path, certificate: tuple[Path, Path], port: int) -> str:
    chain, key = certificate
    return dedent(f"""\
        global(workDirectory="{folder}" defaultNetstreamDriver="gtls"
               defaultNetstreamDriverCAFile="{chain}"
               defaultNetstreamDriverCertFile="{chain}"
               defaultNetstreamDriverKeyFile="{key}"
               maxMessageSize="64k" net.enableDNS="off")
        module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
               streamDriver.authMode="anon")
        template(name="line" type="list") {{
            property(name="syslogfacility") constant(value="\\t")
            property(name="syslogseverity") constant(value="\\t")
            property(name="hostname") constant(value="\\t")
            property(name="procid") constant(value="\\t")
            property(name="msgid") constant(value="\\t")
            property(name="msg" position.from="1") constant(value="\\n")
        }}
        input(type="imtcp" port="{port}" address="127.0.0.1")
        action(type="omfile" file="{folder}/written" template="line")
        """)
