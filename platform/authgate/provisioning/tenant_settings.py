"""What a tenant may choose: rules for settings that go beyond what one of them can be.

The shape of each is in ``TenantSettings``; these look at several at once, at the plan, and at who
asks.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any
from urllib.parse import urlsplit

from authgate import languages
from authgate.alerts import rules
from authgate.audit import SYSTEM, Actor
from authgate.languages import LANGUAGES, offered
from authgate.provisioning import resource_uris
from authgate.provisioning.limits import check_limits
from authgate.tokens.security_profile import SIGNING_ALGORITHMS, signs_well
from authgate.web import redirect_uris
from authgate_tenants import Plan, TenantSettings
from authgate_tenants.setting_caps import beyond
from authgate_tenants.setting_groups import OF_OPERATORS

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}", re.IGNORECASE)
_LONGEST_LIST = 100
_LONGEST_TEXT = 2048
_LONGEST_WORDS: Mapping[str, int] = {"sign_in_titles": 80, "sign_in_texts": 300}


class UnfitTenant(ValueError):
    """Settings that do not go together, or a status that it cannot have. The text says which."""


class UnfitSetting(UnfitTenant):
    """A setting that the tenant cannot have; ``setting`` is what would have to be another."""

    def __init__(self, setting: str, fault: str) -> None:
        super().__init__(languages.text("%(setting)s: %(fault)s", setting=setting, fault=fault))
        self.setting = setting
        self.fault = fault


def check(before: TenantSettings, after: TenantSettings, *, plan: Plan, actor: Actor) -> None:
    """Whether this actor may have these settings instead of those; what does not change stays as
    it is, whatever is true of it now. Raises ``UnfitSetting`` and ``BadLimit``."""
    changed = {name for name, _, _ in differences(before, after)}
    check_limits(after.login_limits)
    for name, fault in _faults(after, changed, plan, actor):
        if name in changed:
            raise UnfitSetting(name, fault)
    if after.security_profile and not signs_well(after):
        named = ", ".join(SIGNING_ALGORITHMS)
        raise UnfitSetting(
            "signing_algorithm",
            languages.text("With a security profile it is one of %(named)s.", named=named),
        )


def differences(before: TenantSettings, after: TenantSettings) -> list[tuple[str, object, object]]:
    """Each setting that is another one: its name, what it was, and what it is."""
    return [
        (each.name, was, now)
        for each in fields(TenantSettings)
        if (was := getattr(before, each.name)) != (now := getattr(after, each.name))
    ]


def _faults(
    settings: TenantSettings, changed: set[str], plan: Plan, actor: Actor
) -> Iterator[tuple[str, str]]:
    if actor.type != SYSTEM.type:
        for name in sorted(changed & OF_OPERATORS):
            yield name, languages.text("The operator of the installation decides about it.")
    for name, most in beyond(settings, plan):
        yield name, languages.text("At most %(most)s seconds: the plan allows no more.", most=most)
    yield from _of_sizes(asdict(settings))
    yield from _of_addresses(settings)
    yield from _of_alerts(settings)
    yield from _of_languages(settings)


def _of_sizes(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, str | tuple | dict) and len(value) > _most(value):
            yield name, languages.text("At most %(most)s.", most=_most(value))
        if isinstance(value, str) and not value.isprintable():
            yield name, languages.text("A text of characters that can be printed, in one line.")
        if isinstance(value, tuple | dict) and any(_is_odd(each) for each in _texts(value)):
            yield (
                name,
                languages.text(
                    "Texts of 1 to %(most)s characters that can be printed.", most=_LONGEST_TEXT
                ),
            )


def _most(value: object) -> int:
    return _LONGEST_TEXT if isinstance(value, str) else _LONGEST_LIST


def _texts(value: tuple[str, ...] | dict[str, str]) -> Iterable[str]:
    return value if isinstance(value, tuple) else (*value.keys(), *value.values())


def _is_odd(text: str) -> bool:
    return not text or len(text) > _LONGEST_TEXT or not text.isprintable()


def _of_addresses(settings: TenantSettings) -> Iterator[tuple[str, str]]:
    for name, check_one in _CHECKS.items():
        for text in getattr(settings, name):
            try:
                check_one(text)
            except ValueError as error:
                yield (
                    name,
                    languages.text("%(value)s: %(fault)s", value=text[:80], fault=str(error)),
                )
    if not all(map(_is_https, (*settings.trusted_issuers, *settings.trusted_issuers.values()))):
        yield (
            "trusted_issuers",
            languages.text("An issuer and the address of its keys both begin with https."),
        )


def _of_languages(settings: TenantSettings) -> Iterator[tuple[str, str]]:
    tags = [each.tag for each in offered(settings.languages)]
    if settings.default_language and settings.default_language not in tags:
        yield (
            "default_language",
            languages.text("One that is offered: %(tags)s.", tags=", ".join(tags)),
        )
    for name, longest in _LONGEST_WORDS.items():
        if any(len(words) > longest for words in getattr(settings, name).values()):
            yield name, languages.text("At most %(most)s characters each.", most=longest)


def _of_alerts(settings: TenantSettings) -> Iterator[tuple[str, str]]:
    for name, said in settings.alert_rules.items():
        try:
            rules.check(name, said)
        except ValueError as error:
            yield (
                "alert_rules",
                languages.text("%(value)s: %(fault)s", value=name[:80], fault=str(error)),
            )


def _check_domain(text: str) -> None:
    if not _DOMAIN.fullmatch(text):
        raise ValueError(languages.text("Say what follows the @ in an address."))


def _check_language(tag: str) -> None:
    if all(tag != each.tag for each in LANGUAGES):
        raise ValueError(
            languages.text("One of %(tags)s.", tags=", ".join(each.tag for each in LANGUAGES))
        )


_CHECKS: Mapping[str, Callable[[str], None]] = {
    "resources": resource_uris.check,
    "allowed_origins": redirect_uris.check_origin,
    "auto_register_domains": _check_domain,
    "languages": _check_language,
    "sign_in_titles": _check_language,
    "sign_in_texts": _check_language,
}
"""By the setting, what each of its texts is held to."""


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
