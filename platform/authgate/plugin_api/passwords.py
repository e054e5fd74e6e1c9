"""Signing in with a password that another place keeps: a directory, or a company's own service."""

from abc import abstractmethod
from dataclasses import dataclass

from authgate.plugin_api.config import Secret
from authgate.plugin_api.login import ConfigT, Connector, ExternalIdentity, SignInRefused


class WrongPassword(SignInRefused):
    """The directory knows no such name, or another password for it: which of the two, nobody is
    told. Counts as a wrong guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordAttempt:
    """What somebody has typed into a sign-in form."""

    login: str
    """The name or address: never empty, one spelling for many, and without what is not printed."""

    password: Secret
    """Never empty. For the directory alone: it is in no log, error or answer."""


class PasswordConnector(Connector[ConfigT]):
    """One place that keeps passwords, and says whether one is right.

    The person types it into the tenant's own sign-in page, and the server sends it to this one
    place. Attempts are counted before it is asked.
    """

    @abstractmethod
    async def check_password(self, attempt: PasswordAttempt) -> ExternalIdentity:
        """Who it is that has this password.

        Raises ``WrongPassword``; ``SignInRefused`` with a text for the person where the password
        is right and they may not come in all the same; ``ProviderUnavailable`` where nobody can
        tell, which does not count as a guess.
        """
