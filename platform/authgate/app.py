"""Builds the server. Every part is made once, here, and handed what it needs.

What is mounted is the map of the product: ``programs`` for programs, ``_people`` for
people, ``_platform_routes`` for whoever operates it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import structlog

from authgate import background, installation, readings
from authgate.accounts import language_choice, second_factor_doors, user_agents, ways_in
from authgate.accounts.account import AccountPages
from authgate.accounts.apps import AppPages
from authgate.accounts.breaches import Breaches
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.device_verification import DeviceVerification
from authgate.accounts.guest_entry import GuestEntry
from authgate.accounts.kept_mails import KeptMails
from authgate.accounts.live_streams import LiveStreams
from authgate.accounts.passwords import Passwords
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.second_step import SecondStep
from authgate.accounts.signed_out import SigningOut
from authgate.admin.console import pages as console_pages
from authgate.admin.console.frame import Console
from authgate.admin.own import pages as own_pages
from authgate.clock import Clock, utc_now
from authgate.diagnosis import production
from authgate.installation import Installation
from authgate.oauth import (
    pushed_authorization_endpoint,
)
from authgate.oauth.authorization_answers import AuthorizationAnswers
from authgate.oauth.authorization_endpoint import AuthorizationEndpoint
from authgate.oauth.brought_requests import BroughtRequests
from authgate.oauth.client_documents import ClientDocuments
from authgate.oauth.client_keys import ClientKeys
from authgate.oauth.expected_person import ExpectedPerson
from authgate.oauth.registered_origins import RegisteredOrigins
from authgate.oauth.request_object import RequestObjects
from authgate.oidc.end_session_endpoint import EndSessionEndpoint
from authgate.operator import places as operator_places
from authgate.operator.console import pages as operator_pages
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.sign_up_pages import SignUpPages
from authgate.people import PeopleApp
from authgate.programs import Programs
from authgate.provisioning import memberships, operator_accesses
from authgate.refusals import Refusals
from authgate.registration import endpoint as registration_endpoint
from authgate.registration.documents import MetadataDocuments
from authgate.settings import Settings
from authgate.storage import fitness
from authgate.storage.redis.poll_pacing import MemoryPollPacer, PollPacer, RedisPollPacer
from authgate.storage.redis.rate_limits import MemoryRateLimiter, RateLimiter, RedisRateLimiter
from authgate.storage.sqlite import service_lock
from authgate.telemetry import logs, metrics, tracing
from authgate.telemetry.access_log import AccessLog
from authgate.telemetry.request_spans import TracedAccessLog
from authgate.telemetry.sampling import Sampler
from authgate.tokens.authorization_response import AuthorizationResponses
from authgate.tokens.id_token import IdTokens
from authgate.web import draining, health, platform_pages, tls_ask
from authgate.web.client_ip import ClientAddress
from authgate.web.cross_origin import CrossOrigin
from authgate.web.edge import App, Edge
from authgate.web.health import Health, Readiness
from authgate.web.lifespan import Lifespan
from authgate.web.limits import Limits
from authgate.web.machine import Handler
from authgate.web.pages import Pages
from authgate.web.static_files import StaticFiles
from authgate.web.tenant_shares import TenantShares
from authgate.web.tls_ask import TlsAsk
from authgate.web.traced_app import TracedApp

_log = structlog.get_logger(__name__)


_FOR_ANYBODY = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/.well-known/jwks.json",
    registration_endpoint.PATH,
)
"""What any page may read, wherever it comes from."""

_FOR_APPLICATIONS = (
    "/oauth/token",
    "/oauth/userinfo",
    "/oauth/revoke",
    pushed_authorization_endpoint.PATH,
)
"""What the pages of a tenant's clients may ask."""


def create_app(settings: Settings, *, clock: Clock = utc_now) -> Lifespan:
    """The ASGI application; it opens its database when the server starts it."""

    @asynccontextmanager
    async def application() -> AsyncIterator[App]:
        async with serving(settings, clock=clock) as (edge, _):
            yield edge

    return Lifespan(application)


@asynccontextmanager
async def serving(settings: Settings, *, clock: Clock) -> AsyncIterator[tuple[App, Installation]]:
    """The open application and the parts it is made of, on a database that is fit to serve.

    Raises ``UnfitForProduction``, ``LoginRefused``, ``NotMigrated``, ``WallMissing`` and
    ``DatabaseInUse``.
    """
    production.refuse(settings)
    with service_lock.held(settings.database):
        async with assembled(settings, clock=clock) as (edge, parts):
            await fitness.wait(settings.database)
            if settings.database.is_sqlite:
                _log.warning("tenants are kept apart by two walls, not three", database="SQLite")
            async with background.job_queue(parts):
                with draining.heard_by(parts.newsroom.wake_all):
                    yield edge, parts


@asynccontextmanager
async def assembled(settings: Settings, *, clock: Clock) -> AsyncIterator[tuple[App, Installation]]:
    """The open application, however many others serve the same database."""
    handler = logs.configure(settings)
    await asyncio.to_thread(user_agents.warm_up)
    async with (
        tracing.opened(settings.tracing) as tracer,
        installation.opened(settings, clock=clock, tracer=tracer) as parts,
        Sampler(readings.of(parts)) as sampler,
    ):
        if tracer is None:
            yield _edge(parts, sampler, AccessLog(settings, handler)), parts
        else:
            access_log = TracedAccessLog(settings, handler, tracer)
            edge = _edge(parts, sampler, access_log)
            yield TracedApp(edge, tracer, _addresses(settings)), parts


def _edge(parts: Installation, sampler: Sampler, access_log: AccessLog) -> Edge:
    settings = parts.settings
    static = StaticFiles()
    pages = Pages(static=static, base_url=settings.base_url)
    limits = Limits(_rate_limiter(parts), settings.limits)
    plugins = parts.plugins.hooks
    client_keys = ClientKeys(parts.outside, clock=parts.clock)
    documents = MetadataDocuments(parts, parts.outside, limits)
    url = settings.egress.breached_passwords_url
    passwords = Passwords(breaches=Breaches(parts.outside, url=url))
    people = _people(parts, pages, limits, client_keys, documents, passwords)
    machine, apis = Programs(
        parts=parts,
        limits=limits,
        plugins=plugins,
        client_keys=client_keys,
        pacer=_poll_pacer(parts),
        pages=pages,
        passwords=passwords,
    ).doors()
    return Edge(
        resolver=parts.resolver,
        platform=_platform_routes(parts, sampler, pages, static),
        machine=machine,
        apis=apis,
        people=cast(App, people),
        cross_origin=CrossOrigin(
            RegisteredOrigins(parts.origins), anybody=_FOR_ANYBODY, applications=_FOR_APPLICATIONS
        ),
        refusals=Refusals(pages),
        addresses=_addresses(settings),
        body_limit=settings.server.body_limit,
        body_seconds=settings.server.body_seconds,
        access_log=access_log,
        shares=TenantShares(limits) if limits.enabled else None,
        https=settings.base_url.startswith("https:"),
    )


def _addresses(settings: Settings) -> ClientAddress:
    return ClientAddress(settings.server.trusted_proxies)


def _people(
    parts: Installation,
    pages: Pages,
    limits: Limits,
    client_keys: ClientKeys,
    documents: ClientDocuments,
    passwords: Passwords,
) -> PeopleApp:
    factors, streams = SecondFactors(parts.encryption), LiveStreams(parts)
    second_step = SecondStep(encryption=parts.encryption, clock=parts.clock)
    sessions = BrowserSessions(parts, second_step=second_step)
    signing_out = SigningOut(pages=pages, sessions=sessions)
    id_tokens = IdTokens(keys=parts.keys, subjects=parts.subjects, clock=parts.clock)
    doors = (
        *ways_in.made(
            parts,
            pages,
            limits,
            passwords,
            sessions,
            signing_out,
            memberships=memberships.keep_memberships,
        ),
        *second_factor_doors.made(parts, pages, limits, factors, second_step, sessions),
        _guests(parts, pages, limits, sessions),
        _devices(parts, pages, limits, signing_out, streams),
        AccountPages(pages=pages, places=parts.settings.geoip_file, clock=parts.clock),
        AppPages(pages=pages, clock=parts.clock),
        KeptMails(parts=parts, pages=pages),
        _authorization(parts, pages, limits, client_keys, documents, signing_out, id_tokens),
        _end_session(parts, pages, signing_out, id_tokens),
    )
    people = _empty_people(parts, pages)
    people.mount([language_choice.blueprint(), *(each.blueprint() for each in doors)])
    console = Console(parts=parts, pages=pages, hash_password=passwords.hash, streams=streams)
    people.mount(console_pages.blueprints(console))
    people.mount(own_pages.blueprints(parts, pages, passwords, limits, sessions))
    if parts.settings.sign_up.mode != "off":
        sign_up = SignUpPages(parts=parts, pages=pages, passwords=passwords, limits=limits)
        people.mount([sign_up.blueprint()])
    operators = OperatorConsole(parts=parts, pages=pages, streams=streams)
    people.mount(operator_pages.blueprints(operators))
    return people


def _devices(
    parts: Installation,
    pages: Pages,
    limits: Limits,
    signing_out: SigningOut,
    streams: LiveStreams,
) -> DeviceVerification:
    return DeviceVerification(
        pages=pages,
        signing_out=signing_out,
        limits=limits,
        streams=streams,
        newsroom=parts.newsroom,
        clock=parts.clock,
    )


def _authorization(
    parts: Installation,
    pages: Pages,
    limits: Limits,
    client_keys: ClientKeys,
    documents: ClientDocuments,
    signing_out: SigningOut,
    id_tokens: IdTokens,
) -> AuthorizationEndpoint:
    return AuthorizationEndpoint(
        pages=pages,
        signing_out=signing_out,
        expected=ExpectedPerson(id_tokens=id_tokens, subjects=parts.subjects),
        subjects=parts.subjects,
        brought=BroughtRequests(
            request_objects=RequestObjects(keys=client_keys, http=parts.outside, clock=parts.clock),
            documents=documents,
            clock=parts.clock,
        ),
        answers=AuthorizationAnswers(
            pages=pages, responses=AuthorizationResponses(keys=parts.keys, clock=parts.clock)
        ),
        limits=limits,
        clock=parts.clock,
    )


def _guests(
    parts: Installation, pages: Pages, limits: Limits, sessions: BrowserSessions
) -> GuestEntry:
    return GuestEntry(
        operator_accesses.ENTRY,
        pages=pages,
        sessions=sessions,
        arrive=lambda key, now: operator_accesses.arrive(key, now=now),
        limits=limits,
        clock=parts.clock,
    )


def _end_session(
    parts: Installation, pages: Pages, signing_out: SigningOut, id_tokens: IdTokens
) -> EndSessionEndpoint:
    return EndSessionEndpoint(
        pages=pages,
        signing_out=signing_out,
        id_tokens=id_tokens,
        subjects=parts.subjects,
        encryption=parts.encryption,
        clock=parts.clock,
    )


def _empty_people(parts: Installation, pages: Pages) -> PeopleApp:
    return PeopleApp(
        pages=pages,
        serves=parts.resolver.serves,
        clock=parts.clock,
        body_limit=parts.settings.server.body_limit,
        at_once=max(1, parts.settings.database.pool_size - 2),
        body_seconds=parts.settings.server.body_seconds,
        hides=operator_places.is_hidden,
    )


def _platform_routes(
    parts: Installation, sampler: Sampler, pages: Pages, static: StaticFiles
) -> dict[str, Handler]:
    endpoints = Health(
        _readiness(parts), metrics_token=parts.settings.metrics_token, look=sampler.look
    )
    return {
        "/": platform_pages.landing(pages),
        "/static/": platform_pages.static(static),
        tls_ask.PATH: TlsAsk(
            is_known=parts.resolver.is_known, asked_from=parts.settings.server.tls_ask_from
        ).answer,
        **endpoints.endpoints(),
    }


def _readiness(parts: Installation) -> Readiness:
    checks = health.checks(parts.settings.database, parts.redis)
    # Without Redis limits fall back to this process: worse, but better than nobody serving.
    return Readiness(checks, draining=draining.has_begun, dispensable=("redis",))


def _rate_limiter(parts: Installation) -> RateLimiter:
    if parts.redis is None:
        return MemoryRateLimiter(processes=parts.settings.server.workers)
    return RedisRateLimiter(
        parts.redis,
        processes=parts.settings.server.workers,
        on_fallback=partial(metrics.redis_fallbacks.add, "rate_limits"),
    )


def _poll_pacer(parts: Installation) -> PollPacer:
    if parts.redis is None:
        return MemoryPollPacer()
    return RedisPollPacer(
        parts.redis, on_fallback=partial(metrics.redis_fallbacks.add, "poll_pacing")
    )
