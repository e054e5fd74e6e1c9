"""What the console shows of the server that a tenant has its mail sent by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authgate.web.console_view_models import ConsoleFrame


@dataclass(frozen=True, slots=True)
class MailServerFields:
    """What is in the form, as it is kept or was typed; the password is never in it."""

    host: str = ""
    port: str = "587"
    security: str = "starttls"
    username: str = ""
    sender: str = ""
    recipient: str = ""
    """Of a test mail."""
    plugin: str = ""
    """Empty where a server sends."""


@dataclass(frozen=True, slots=True)
class TriedStep:
    """A step of handing over a test mail, in the words that the API has for it."""

    step: str
    outcome: str
    fault: str = ""
    code: int | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class MailServerPage:
    """``console/mail_server.html``. ``action`` gets what ``MailServerFields`` has and ``password``,
    ``test_action`` gets ``recipient``."""

    frame: ConsoleFrame
    action: str
    test_action: str
    remove_action: str
    host: str
    """Of the server that is kept, or the plugin in its place; empty where the tenant has none of
    its own."""
    has_password: bool
    installation_sends: bool
    """Whether mail leaves where the tenant has none of its own."""
    fields: MailServerFields = MailServerFields()
    faults: Mapping[str, str] = field(default_factory=dict)
    tried: Sequence[TriedStep] = ()
    """What became of the test mail that was sent just now."""
    plugins: Sequence[str] = ()
    """Those that could send in the place of a server."""

    @property
    def plugin_names(self) -> Sequence[tuple[str, str]]:
        """Those, as they are chosen and as they are called."""
        return [(each, each) for each in self.plugins]

    @property
    def was_taken(self) -> bool:
        """Whether the server has it."""
        return all(each.outcome == "passed" for each in self.tried)
