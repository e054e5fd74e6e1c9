"""Whether what administrators choose for a connection can be."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from authgate import languages
from authgate.accounts import external_accounts
from authgate.storage.people import groups
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.connection_rules import ConnectionRules, Provisioned
from authgate_tenants.domains import BadHost, check_host

MOST_DOMAINS = 50
MOST_GROUPS = 500
_LONGEST_GROUP = 255


class UnfitRules(ValueError):
    """A rule that cannot be; ``field`` is what would have to be another."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


async def fit(slug: str, rules: ConnectionRules, *, takes_passwords: bool) -> ConnectionRules:
    """The rules as they are kept. Raises ``UnfitRules``."""
    if rules.sign_in_form:
        await _check_only_one(slug, takes_passwords=takes_passwords)
    kept = replace(
        rules,
        allowed_domains=_domains("allowed_domains", rules.allowed_domains),
        email_domains=_domains("email_domains", rules.email_domains),
    )
    await _refuse_shared(slug, kept.email_domains)
    await _check_groups(kept.groups)
    if kept.provisioned is Provisioned.EMAIL:
        await _check_proven(kept.email_domains)
    return kept


def _domains(field: str, names: Collection[str]) -> tuple[str, ...]:
    if len(names) > MOST_DOMAINS:
        raise UnfitRules(field, languages.text("At most %(most)s domains.", most=MOST_DOMAINS))
    try:
        return tuple(dict.fromkeys(check_host(each) for each in names))
    except BadHost as error:
        raise UnfitRules(field, languages.told(error)) from error


async def _refuse_shared(slug: str, domains: Iterable[str]) -> None:
    """An address leads to one place."""
    wanted = set(domains)
    for other in await connections.every():
        shared = wanted & set(other.rules.email_domains)
        if other.slug != slug and shared:
            raise UnfitRules(
                "email_domains",
                languages.text(
                    "%(domain)s leads to %(slug)s already.", domain=min(shared), slug=other.slug
                ),
            )


async def _check_only_one(slug: str, *, takes_passwords: bool) -> None:
    """A password that is typed for a name that nobody knows goes to one place."""
    if not takes_passwords:
        raise UnfitRules("sign_in_form", languages.text("This way to sign in takes no passwords."))
    for other in await connections.every():
        if other.slug != slug and other.rules.sign_in_form:
            raise UnfitRules(
                "sign_in_form",
                languages.text("The sign-in form asks %(slug)s already.", slug=other.slug),
            )


async def _check_groups(named: Mapping[str, str]) -> None:
    if len(named) > MOST_GROUPS:
        raise UnfitRules("groups", languages.text("At most %(most)s groups.", most=MOST_GROUPS))
    if any(not 0 < len(each) <= _LONGEST_GROUP or not each.isprintable() for each in named):
        raise UnfitRules(
            "groups",
            languages.text("A group's name has 1 to %(most)s characters.", most=_LONGEST_GROUP),
        )
    ids = {each: _as_id(each) for each in named.values()}
    known = await groups.known({each for each in ids.values() if each}) if ids else ()
    for text, group_id in ids.items():
        if group_id not in known:
            raise UnfitRules(
                "groups", languages.text("There is no group %(text)r here.", text=text[:60])
            )


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _check_proven(domains: Collection[str]) -> None:
    """Who decides whose addresses there are must not be another than the tenant."""
    missing = set(domains) - await external_accounts.proven_domains()
    if missing or not domains:
        which = min(missing) if missing else "no domain"
        raise UnfitRules(
            "provisioned",
            languages.text(
                "People are known by their address at domains that are proven alone: "
                "%(which)s is not.",
                which=which,
            ),
        )
