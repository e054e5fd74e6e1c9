"""Encrypted lines on which nobody looks who is at the other end."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration
from authgate.settings import Settings

REDIS_UNVERIFIED = Misconfiguration(
    code="redis-unverified",
    area=Area.REDIS,
    wrong="The URL of Redis says not to verify its certificate.",
    why="Whoever is on the way can pass for Redis: they get its password, and decide what limits"
    " count and which jobs are done.",
    cure="Take `ssl_cert_reqs` and `ssl_check_hostname` out of the URL; name a certificate"
    " authority of your own by `ssl_ca_certs=<path>`.",
    refused=True,
)

_SAYS_NO = {
    "ssl_cert_reqs": {"none", "optional"},
    "ssl_check_hostname": {"0", "f", "false", "n", "no"},
}


def findings(settings: Settings) -> Iterator[Finding]:
    """URLs that switch verification off."""
    for name, url in (
        ("redis_url", settings.redis_url),
        ("jobs.broker_url", settings.jobs.broker_url),
    ):
        if url is not None:
            query = parse_qs(urlsplit(url.get_secret_value()).query)
            for option, no in _SAYS_NO.items():
                if no & {value.lower() for value in query.get(option, ())}:
                    yield REDIS_UNVERIFIED.found(f"{option} in {name}")
