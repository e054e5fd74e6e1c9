"""What a plugin may import, and all it may import.

Nothing here depends on the rest of the server, so the server can change behind it. The hooks are
on one page, ``hookspecs.py``; ``docs/plugin-hooks.md`` explains each.
"""

from authgate.plugin_api.claims import RESERVED_CLAIMS, ClaimValue, TokenClaimsRequest
from authgate.plugin_api.config import (
    ConfigField,
    ConnectorConfigError,
    Secret,
    Setting,
    config_fields,
    parse_config,
)
from authgate.plugin_api.console import (
    ConsoleFacts,
    ConsoleFigures,
    ConsoleForm,
    ConsoleLink,
    ConsoleNotice,
    ConsolePage,
    ConsolePart,
    ConsoleRequest,
    ConsoleTable,
    ConsoleText,
    ConsoleValue,
)
from authgate.plugin_api.delivery import EventsRefused, bare, deliver, trial_event, tried
from authgate.plugin_api.documents import Documents, FetchedDocuments, UnfitDocument
from authgate.plugin_api.events import AuditEvent, Lifecycle
from authgate.plugin_api.formats import EventFormat, as_json, check_format, formatted
from authgate.plugin_api.hookspecs import OnFailure, hookimpl
from authgate.plugin_api.http import HttpClient, HttpFailure, HttpResponse, NoConnection, NoHttp
from authgate.plugin_api.login import (
    Connector,
    ConnectorError,
    Ending,
    ExternalIdentity,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    ProviderUnavailable,
    SetupStep,
    SignInRefused,
)
from authgate.plugin_api.mail import MailMessage, MailNotSent, MailTaken
from authgate.plugin_api.passwords import PasswordAttempt, PasswordConnector, WrongPassword
from authgate.plugin_api.policy import Allow, Deny, LoginDecision, LoginRequest, StepUp
from authgate.plugin_api.streams import Network, NoNetwork, Stream, StreamFailure
from authgate.plugin_api.version import API_VERSION

__all__ = [
    "API_VERSION",
    "RESERVED_CLAIMS",
    "Allow",
    "AuditEvent",
    "ClaimValue",
    "ConfigField",
    "Connector",
    "ConnectorConfigError",
    "ConnectorError",
    "ConsoleFacts",
    "ConsoleFigures",
    "ConsoleForm",
    "ConsoleLink",
    "ConsoleNotice",
    "ConsolePage",
    "ConsolePart",
    "ConsoleRequest",
    "ConsoleTable",
    "ConsoleText",
    "ConsoleValue",
    "Deny",
    "Documents",
    "Ending",
    "EventFormat",
    "EventsRefused",
    "ExternalIdentity",
    "FetchedDocuments",
    "HttpClient",
    "HttpFailure",
    "HttpResponse",
    "Lifecycle",
    "LoginAttempt",
    "LoginConnector",
    "LoginDecision",
    "LoginRequest",
    "MailMessage",
    "MailNotSent",
    "MailTaken",
    "Network",
    "NoConnection",
    "NoHttp",
    "NoNetwork",
    "OnFailure",
    "PasswordAttempt",
    "PasswordConnector",
    "ProviderAnswer",
    "ProviderUnavailable",
    "Secret",
    "Setting",
    "SetupStep",
    "SignInRefused",
    "StepUp",
    "Stream",
    "StreamFailure",
    "TokenClaimsRequest",
    "UnfitDocument",
    "WrongPassword",
    "as_json",
    "bare",
    "check_format",
    "config_fields",
    "deliver",
    "formatted",
    "hookimpl",
    "parse_config",
    "trial_event",
    "tried",
]
