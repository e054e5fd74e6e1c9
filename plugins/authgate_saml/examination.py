"""What an administrator is told of a provider's metadata before anybody has signed in."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from authgate.plugin_api import SetupStep
from authgate_saml.certificates import is_valid
from authgate_saml.provider import Provider

EARLY = timedelta(days=30)
"""How long before its end a certificate is spoken of."""


def steps_of(provider: Provider, *, now: datetime) -> Sequence[SetupStep]:
    """Each thing that was looked at."""
    return (
        _metadata(provider, now),
        _step("Single sign-on service", provider.sso_url),
        _requests(provider),
        _certificates(provider, now),
    )


def _metadata(provider: Provider, now: datetime) -> SetupStep:
    ends = provider.valid_until
    if ends is not None and ends - EARLY <= now:
        said = f"Of {provider.entity_id}. They end on {ends:%Y-%m-%d}."
        return _step("Metadata", said, passed=ends - timedelta(days=1) > now)
    return _step("Metadata", f"Of {provider.entity_id}.")


def _requests(provider: Provider) -> SetupStep:
    if provider.wants_signed_requests:
        # No failure: some say so in everybody's metadata, and ask it of each client by itself.
        return _step(
            "Requests",
            "They are not signed. Its metadata say that it wants them to be: switch that off for"
            " this client.",
        )
    return _step("Requests", "The provider takes them unsigned.")


def _certificates(provider: Provider, now: datetime) -> SetupStep:
    ends = sorted(each.not_valid_after_utc for each in provider.certificates if is_valid(each, now))
    if not ends:
        return _step("Signing certificates", "None of them is valid now.", passed=False)
    told = ", ".join(f"{each:%Y-%m-%d}" for each in ends)
    if ends[-1] - EARLY > now:
        return _step("Signing certificates", f"Valid until {told}.")
    said = f"Valid until {told}: have the provider publish its next one before."
    return _step("Signing certificates", said, passed=False)


def _step(name: str, said: str, *, passed: bool = True) -> SetupStep:
    return SetupStep(name=name, passed=passed, said=said)
