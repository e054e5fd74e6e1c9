"""Whether a directory that speaks LDAP takes a password, and whose it is.

With a search account the person's entry is looked for, exactly one, and bound to with what was
typed (RFC 4513 section 5.1.3). Without one people bind as what a template makes of their name, and
read their own entry.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from uuid import UUID

from authgate.plugin_api import (
    ExternalIdentity,
    PasswordAttempt,
    PasswordConnector,
    ProviderUnavailable,
    SetupStep,
    SignInRefused,
    StreamFailure,
    WrongPassword,
)
from authgate_ldap.conversation import SIZE_LIMIT, Conversation, Found, speaking
from authgate_ldap.entries import Entry, NoLdap
from authgate_ldap.groups import groups_in, groups_of
from authgate_ldap.messages import Result, Search
from authgate_ldap.names import escaped
from authgate_ldap.settings import LOGIN, START_TLS, LdapConfig

_INVALID_CREDENTIALS = 49
_SAYS_NO = frozenset({_INVALID_CREDENTIALS, 19, 34, 48, 50, 53})
"""Wrong, or locked (``constraintViolation``, ``unwillingToPerform``), or no name at all."""
_NO_SUCH_OBJECT = 32
_EXPIRED = ("data 532", "data 773")
"""What Active Directory says of a password that is right and has to be another one first."""
_SECONDS_OF_ALL = 4.0
"""To connect, where there are several servers: the last of them has its part too."""
_SECONDS_OF_TEST = 2.5
"""To connect, while they are tried side by side."""
_LONGEST_SUBJECT = 255
_MOST_SAID = 300
_PRINCIPAL = "userPrincipalName"
_ACCOUNT = "sAMAccountName"
_BINARY_UUIDS = ("objectguid",)


class LdapConnector(PasswordConnector[LdapConfig]):
    """Asks the first server that is there."""

    name = "ldap"
    label = "LDAP"
    icon = "key-round"
    config_type = LdapConfig

    async def check_password(self, attempt: PasswordAttempt) -> ExternalIdentity:
        """Bind as the person, and read who they are."""
        if not attempt.password.reveal() or not attempt.login:
            raise WrongPassword(cause="without a password")
        try:
            async with self._connected() as directory:
                if self.config.bind_dn:
                    return await self._by_search(directory, attempt)
                return await self._by_template(directory, attempt)
        except (NoLdap, StreamFailure) as error:
            raise ProviderUnavailable(str(error)) from error

    async def examine(self) -> Sequence[SetupStep]:
        """Connect to each server; then what the search account can see."""
        servers = self.config.servers
        steps = await asyncio.gather(*(self._reached(*each) for each in servers))
        there = (server for server, step in zip(servers, steps, strict=True) if step.passed)
        first = next(there, None)
        return [*steps, *(await self._seen(*first) if first and self.config.bind_dn else ())]

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Conversation]:
        """The first server that is there. Raises ``NoLdap`` and ``StreamFailure``."""
        async with AsyncExitStack() as stack:
            yield await self._first_there(stack)

    async def _first_there(self, stack: AsyncExitStack) -> Conversation:
        *earlier, last = self.config.servers
        seconds = _SECONDS_OF_ALL / len(self.config.servers)
        for server in earlier:
            with suppress(NoLdap, StreamFailure, TimeoutError):
                async with asyncio.timeout(seconds):
                    return await stack.enter_async_context(self._speaking(*server))
        return await stack.enter_async_context(self._speaking(*last))

    @asynccontextmanager
    async def _speaking(self, host: str, port: int) -> AsyncIterator[Conversation]:
        starts_tls = self.config.security == START_TLS
        async with speaking(self.network, host, port, starts_tls=starts_tls) as directory:
            yield directory

    async def _by_search(
        self, directory: Conversation, attempt: PasswordAttempt
    ) -> ExternalIdentity:
        await self._bind_to_search(directory)
        entry = await self._entry(directory, attempt.login)
        # As many questions for a name that nobody has: the time tells nothing.
        dn = entry.dn if entry else f"cn={secrets.token_hex(8)},{self.config.base_dn}"
        result = await directory.bind(dn, attempt.password.reveal())
        if entry is None:
            raise WrongPassword(cause="not one entry")
        _refuse(result)
        groups = None
        if self.config.groups_base:
            await self._bind_to_search(directory)
            groups = await groups_of(directory, entry.dn, self.config)
        return self._identity(entry, attempt.login, groups)

    async def _by_template(
        self, directory: Conversation, attempt: PasswordAttempt
    ) -> ExternalIdentity:
        template = self.config.user_dn
        if "=" not in template:
            if set(attempt.login) & set('@\\/"'):
                raise WrongPassword(cause="no name for the template")
            bound = template.replace(LOGIN, attempt.login)
            _refuse(await directory.bind(bound, attempt.password.reveal()))
            entry = await self._entry_of_bound(directory, bound, attempt.login)
        else:
            dn = template.replace(LOGIN, escaped(attempt.login))
            _refuse(await directory.bind(dn, attempt.password.reveal()))
            entry = await self._own_entry(directory, dn)
        if entry is None:
            raise SignInRefused(cause="not one entry")
        return self._identity(entry, attempt.login, None)

    async def _bind_to_search(self, directory: Conversation) -> None:
        config = self.config
        result = await directory.bind(config.bind_dn, config.bind_password.reveal())
        if not result.is_success:
            raise ProviderUnavailable(f"The search account is refused: result {result.code}.")

    async def _entry(self, directory: Conversation, login: str) -> Entry | None:
        """The one entry of this name; nothing where there is none, or several."""
        config = self.config
        search = Search(
            base=config.base_dn,
            any_of=[(each, login) for each in config.login_attributes],
            all_of=config.conditions,
            attributes=config.attributes,
        )
        return await self._one(directory, search)

    async def _entry_of_bound(
        self, directory: Conversation, bound: str, login: str
    ) -> Entry | None:
        """The entry of whoever is bound by this name, which need not be the login's: where an
        account has it as its ``userPrincipalName``, Active Directory lets in that one before the
        one whose ``sAMAccountName`` is its first part."""
        found = await self._called(directory, _PRINCIPAL, bound)
        if not found.entries:
            return await self._entry_of_account(directory, login)
        return await self._own_entry_of(directory, found)

    async def _entry_of_account(self, directory: Conversation, login: str) -> Entry | None:
        """The entry of whoever the server says is bound. The login in any other attribute may be
        somebody else's: a tenant chooses where names are looked for, and people write some."""
        said = await directory.who_am_i()
        kind, _, name = (f"u:{login}" if said is None else said).partition(":")
        if kind == "dn" and name:
            entry = await self._entry(directory, login)
            return entry if entry and entry.dn.casefold() == name.casefold() else None
        account = name.rpartition("\\")[2]  # Active Directory says u:ACME\pat
        if kind != "u" or not account:
            return None
        return await self._own_entry_of(directory, await self._called(directory, _ACCOUNT, account))

    async def _called(self, directory: Conversation, attribute: str, name: str) -> Found:
        search = Search(base=self.config.base_dn, any_of=[(attribute, name)])
        found = await directory.search(search)
        if not found.is_whole and found.result.code != SIZE_LIMIT:
            raise ProviderUnavailable(f"The search came to nothing: result {found.result.code}.")
        return found

    async def _own_entry_of(self, directory: Conversation, found: Found) -> Entry | None:
        is_one = found.is_whole and len(found.entries) == 1
        return await self._own_entry(directory, found.entries[0].dn) if is_one else None

    async def _own_entry(self, directory: Conversation, dn: str) -> Entry | None:
        config = self.config
        search = Search(
            base=dn, all_of=config.conditions, attributes=config.attributes, only_base=True
        )
        return await self._one(directory, search)

    async def _one(self, directory: Conversation, search: Search) -> Entry | None:
        found = await directory.search(search)
        if found.is_whole or found.result.code == SIZE_LIMIT:
            return found.entries[0] if len(found.entries) == 1 and found.is_whole else None
        if found.result.code == _NO_SUCH_OBJECT and search.only_base:
            return None
        raise ProviderUnavailable(f"The search came to nothing: result {found.result.code}.")

    def _identity(
        self, entry: Entry, login: str, groups: tuple[str, ...] | None
    ) -> ExternalIdentity:
        config = self.config
        subject = _subject(entry, config.subject_attribute)
        if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
            raise ProviderUnavailable(f"The entry has no {config.subject_attribute}.")
        email = _text(entry, config.email_attribute)
        if config.groups_attribute and not config.groups_base:
            groups = groups_in(entry, config.groups_attribute)
        return ExternalIdentity(
            issuer=config.issuer,
            subject=subject,
            username=_text(entry, config.username_attribute) or login,
            email=email,
            email_verified=config.confirms_addresses and bool(email),
            name=_text(entry, config.name_attribute),
            groups=groups,
            said=_said(entry),
        )

    async def _reached(self, host: str, port: int) -> SetupStep:
        try:
            async with asyncio.timeout(_SECONDS_OF_TEST), self._speaking(host, port):
                return SetupStep(name=host, passed=True, said="TLS, with a certificate")
        except TimeoutError:
            said = f"No connection within {_SECONDS_OF_TEST:g} seconds."
        except (NoLdap, StreamFailure) as error:
            said = str(error)
        return SetupStep(name=host, passed=False, said=said)

    async def _seen(self, host: str, port: int) -> list[SetupStep]:
        try:
            async with self._speaking(host, port) as directory:
                return await self._seen_by_account(directory)
        except (NoLdap, StreamFailure) as error:
            return [SetupStep(name="Search account", passed=False, said=str(error))]

    async def _seen_by_account(self, directory: Conversation) -> list[SetupStep]:
        config = self.config
        result = await directory.bind(config.bind_dn, config.bind_password.reveal())
        bound = f"{config.bind_dn} is let in." if result.is_success else f"Result {result.code}."
        steps = [SetupStep(name="Search account", passed=result.is_success, said=bound)]
        if result.is_success:
            steps.append(await self._looked(directory, "Base", config.base_dn))
            if config.groups_base:
                steps.append(await self._looked(directory, "Base of groups", config.groups_base))
        return steps

    async def _looked(self, directory: Conversation, name: str, base: str) -> SetupStep:
        found = await directory.search(Search(base=base, only_base=True))
        is_there = found.is_whole and len(found.entries) == 1
        said = f"{base} is there." if is_there else f"Result {found.result.code}: {base}"
        return SetupStep(name=name, passed=is_there, said=said)


def _refuse(result: Result) -> None:
    """Raises what a bind comes to that did not succeed."""
    if result.is_success:
        return
    if result.code == _INVALID_CREDENTIALS and any(each in result.text for each in _EXPIRED):
        raise SignInRefused(
            "Your password has expired. Choose another one where your directory has you do so.",
            cause="the password has expired",
        )
    if result.code in _SAYS_NO or result.code == _NO_SUCH_OBJECT:
        raise WrongPassword(cause=f"the directory said no: result {result.code}")
    raise ProviderUnavailable(f"The directory answered with result {result.code}.")


def _subject(entry: Entry, attribute: str) -> str:
    values = entry.attributes.get(attribute.lower(), ())
    if len(values) != 1:
        return ""
    if attribute.lower() in _BINARY_UUIDS:
        return str(UUID(bytes_le=values[0])) if len(values[0]) == 16 else ""
    return _decoded(values[0])


def _text(entry: Entry, attribute: str) -> str:
    values = entry.attributes.get(attribute.lower(), ()) if attribute else ()
    text = _decoded(values[0]) if values else ""
    return text if text.isprintable() else ""


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return ""


def _said(entry: Entry) -> Mapping[str, str]:
    said = {"dn": entry.dn[:_MOST_SAID]}
    for name, values in entry.attributes.items():
        said[name[:100]] = ", ".join(filter(None, map(_decoded, values)))[:_MOST_SAID]
    return {name: text for name, text in said.items() if text.isprintable() and name.isprintable()}
