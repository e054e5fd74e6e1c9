"""What a client finds at the issuer's address: who answers, by which certificate, with what."""

import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx2

from authgate.cli.doctor import certificate
from authgate.cli.sign_in.device_flow import DeviceFlow, NoAnswer, SignInFailed
from authgate.diagnosis.misconfiguration import Area, Finding, Misconfiguration, Severity, well
from authgate.diagnosis.network import is_local
from authgate.settings import Settings
from authgate.web.security_headers import Answer, security_headers
from authgate_tenants import Tenant

ISSUER_SILENT = Misconfiguration(
    code="issuer-silent",
    severity=Severity.WARNING,
    area=Area.ADDRESS,
    wrong="Nobody answers at the issuer's address.",
    why="Nobody can sign in; what a proxy does to requests could not be looked at.",
    cure="Start it: `authgate serve`. If it runs, look at the proxy and at `base_url`.",
)
ISSUER_DIFFERS = Misconfiguration(
    code="issuer-differs",
    area=Area.ADDRESS,
    wrong="What answers at the issuer's address calls itself otherwise, or is no issuer.",
    why="Clients refuse its tokens. Often a proxy sends on another `Host`, or a path of its own.",
    cure="Set `base_url` to the address that browsers use, and let the proxy send on their `Host`.",
)
CERTIFICATE_REFUSED = Misconfiguration(
    code="certificate-refused",
    area=Area.ADDRESS,
    wrong="The certificate at the issuer's address has ended, is for another name, or nobody known"
    " vouches for it.",
    why="Browsers and clients refuse it, and people learn to click warnings away.",
    cure="Get one from an authority that clients know, for the host in `base_url`.",
)
HEADERS_CHANGED = Misconfiguration(
    code="headers-changed",
    severity=Severity.WARNING,
    area=Area.ADDRESS,
    wrong="A proxy takes away, changes or doubles the headers that protect pages.",
    why="Of two that contradict each other a browser may take either; without them pages can be"
    " framed and scripts run.",
    cure="Let the proxy add no `{header}` of its own and pass on ours.",
)
METRICS_OPEN = Misconfiguration(
    code="metrics-open",
    area=Area.ADDRESS,
    wrong="`/metrics` answers anybody at the public address.",
    why="It tells how many people sign in, fail and are held back. Without a token it is for this"
    " machine, which a proxy that adds no `X-Forwarded-For` speaks for.",
    cure="Set `metrics_token`, and let the proxy add `X-Forwarded-For`.",
)

_PATIENCE_SECONDS = 10.0


async def findings(settings: Settings, tenant: Tenant) -> AsyncIterator[Finding]:
    """What is wrong at the address of this tenant, or that nothing is."""
    async with _http(tenant.issuer) as http:
        try:
            await DeviceFlow(http, client_id="").discover(tenant.issuer)
            answered = [each async for each in _answers(http, settings, tenant)]
        except (NoAnswer, httpx2.HTTPError) as error:
            yield _no_answer(error)
            return
        except SignInFailed as error:
            yield ISSUER_DIFFERS.found(_plainly(error))
            return
        yield well(Area.ADDRESS, f"{tenant.issuer} answers, and calls itself so")
        for finding in answered:
            yield finding


async def _answers(
    http: httpx2.AsyncClient, settings: Settings, tenant: Tenant
) -> AsyncIterator[Finding]:
    page = await http.get(f"{tenant.issuer}/login")
    for finding in _changed(page):
        yield finding
    if settings.server.certificate_file is None:
        for finding in _ends(page):
            yield finding
    if not is_local(settings.base_url):
        measured = await http.get(f"{settings.base_url}/metrics")
        if measured.status_code == httpx2.codes.OK:
            yield METRICS_OPEN.found(f"{settings.base_url}/metrics answers 200")


def _changed(page: httpx2.Response) -> Iterator[Finding]:
    is_https = page.url.scheme == "https"
    for name, value in security_headers(Answer.PAGE, https=is_https):
        found = page.headers.get_list(name.decode())
        if found != [value.decode()]:
            said = "is missing" if not found else f"is {' and '.join(found)}"
            yield HEADERS_CHANGED.found(f"{name.decode()} {said}", header=name.decode())


def _ends(page: httpx2.Response) -> Iterator[Finding]:
    line = page.extensions["network_stream"].get_extra_info("ssl_object")
    if line is not None:
        until = ssl.cert_time_to_seconds(line.getpeercert()["notAfter"])
        now = datetime.now(UTC)
        yield from certificate.ends(datetime.fromtimestamp(until, UTC), now=now)


def _http(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        timeout=_PATIENCE_SECONDS,
        verify=ssl.create_default_context(),
        trust_env=not is_local(url),  # a proxy would look for us on its own machine
    )


def _no_answer(error: Exception) -> Finding:
    refused = _refused_certificate(error)
    return CERTIFICATE_REFUSED.found(refused) if refused else ISSUER_SILENT.found(_plainly(error))


def _refused_certificate(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return ""


def _plainly(error: Exception) -> str:
    return str(error).removesuffix(".")
