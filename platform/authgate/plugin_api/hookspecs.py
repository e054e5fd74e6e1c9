"""Every place where a plugin can take part. ``docs/plugin-hooks.md`` explains each.

A hook states its own rules: how long one implementation may take for one call, and what becomes
of the request where an implementation fails.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from authgate.plugin_api.claims import ClaimValue, TokenClaimsRequest
from authgate.plugin_api.console import ConsolePage, ConsolePart, ConsoleRequest
from authgate.plugin_api.events import AuditEvent
from authgate.plugin_api.http import HttpClient
from authgate.plugin_api.login import LoginConnector, SetupStep
from authgate.plugin_api.mail import MailMessage, MailTaken
from authgate.plugin_api.passwords import PasswordConnector
from authgate.plugin_api.policy import LoginDecision, LoginRequest
from authgate.plugin_api.streams import Network

if TYPE_CHECKING:  # a server has no commands to wait for
    import typer

SpecT = TypeVar("SpecT", bound=Callable[..., object])

hookimpl = pluggy.HookimplMarker("authgate")
"""Marks a function of a plugin as its part in the hook of the same name."""


class OnFailure(StrEnum):
    """What a failing implementation does to the request."""

    SKIP = "skip"
    """The request goes on without it (fail open): for what only adds."""

    REFUSE = "refuse"
    """The request is refused (fail closed): for what decides."""

    RETRY = "retry"
    """It is called again later with the same, for as long as it fails: for what is told after it
    has happened. No request waits for it."""


@dataclass(frozen=True, slots=True)
class HookRules:
    """What holds for every implementation of one hook."""

    budget: float
    """Seconds that one implementation may take for one call."""

    on_failure: OnFailure


def rules_of(spec: Callable[..., object]) -> HookRules:
    """The rules that a hook on this page states."""
    rules: HookRules = spec.authgate_rules  # type: ignore[attr-defined]  # set by _hook
    return rules


def _hook(*, budget: float, on_failure: OnFailure) -> Callable[[SpecT], SpecT]:
    def mark(spec: SpecT) -> SpecT:
        spec.authgate_rules = HookRules(budget, on_failure)  # type: ignore[attr-defined]  # a function
        return pluggy.HookspecMarker("authgate")(spec)

    return mark


@_hook(budget=1.0, on_failure=OnFailure.SKIP)
def register_login_connectors() -> Sequence[type[LoginConnector[Any]]]:
    """Ways to sign in at another identity provider. Asked once, when the server starts."""


@_hook(budget=1.0, on_failure=OnFailure.SKIP)
def register_password_connectors() -> Sequence[type[PasswordConnector[Any]]]:
    """Places that keep passwords, and are asked whether one is right. Asked once, when the server
    starts."""


@_hook(budget=1.0, on_failure=OnFailure.REFUSE)
def register_config() -> type[object]:
    """The settings that each tenant gives the plugin: a frozen dataclass, as connectors have it.
    Asked once, when the server starts; the other hooks are given one of them as ``config``."""


@_hook(budget=5.5, on_failure=OnFailure.SKIP)
def examine_config(
    tenant: str, config: Any, http: HttpClient, network: Network
) -> Sequence[SetupStep] | Awaitable[Sequence[SetupStep]]:
    """What there is to see of what a tenant has set, step by step. Asked when an administrator of
    the tenant, of this slug, wants to see it."""


@_hook(budget=0.3, on_failure=OnFailure.SKIP)
def token_claims(
    request: TokenClaimsRequest, config: Any, http: HttpClient
) -> dict[str, ClaimValue] | Awaitable[dict[str, ClaimValue]]:
    """Claims to add to an access token, named with the plugin's own name in front."""


@_hook(budget=1.0, on_failure=OnFailure.REFUSE)
def login_policy(
    request: LoginRequest, config: Any, http: HttpClient
) -> LoginDecision | Awaitable[LoginDecision]:
    """Whether a person who has proven who they are is signed in, or has to prove more. Asked each
    time before a browser is signed in."""


@_hook(budget=20.0, on_failure=OnFailure.REFUSE)
def send_mail(
    message: MailMessage, config: Any, http: HttpClient
) -> MailTaken | Awaitable[MailTaken]:
    """Hands one mail to a service that sends it, in the place of a mail server. Asked again later
    where it fails."""


@_hook(budget=10.0, on_failure=OnFailure.RETRY)
def audit_events(
    events: Sequence[AuditEvent], config: Any, http: HttpClient, network: Network
) -> Awaitable[None] | None:
    """What has happened at a tenant: up to a hundred events of its audit log at once, in order and
    each at least once. Told after it was committed."""


@_hook(budget=10.0, on_failure=OnFailure.REFUSE)
def wrap_key(key: bytes) -> bytes:
    """The installation's key-encryption key in the form in which it is kept, so that ``unwrap_key``
    opens it and nobody else does. Asked by ``authgate keys wrap-kek``."""


@_hook(budget=10.0, on_failure=OnFailure.REFUSE)
def unwrap_key(wrapped: bytes) -> bytes:
    """The key that ``wrap_key`` was given. Asked when a process starts."""


@_hook(budget=1.0, on_failure=OnFailure.REFUSE)
def register_commands() -> "typer.Typer":
    """Commands below ``authgate <plugin>``. Asked when one of them is typed."""


@_hook(budget=1.0, on_failure=OnFailure.REFUSE)
def register_console_pages() -> Sequence[ConsolePage]:
    """Pages in the console's menu. Asked once, when the server starts."""


@_hook(budget=3.0, on_failure=OnFailure.SKIP)
def console_page(
    request: ConsoleRequest, config: Any, http: HttpClient
) -> Sequence[ConsolePart] | Awaitable[Sequence[ConsolePart]]:
    """What is on one of these pages, for whoever looks at it or has sent a form of it."""
