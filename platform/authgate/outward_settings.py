"""Settings of what leaves the process: requests that tenants cause, mail, traces."""

import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from authgate.mail_addresses import is_sender


class Section(BaseModel):
    """Settings that are about one thing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EgressSettings(Section):
    """Requests that tenants cause: to their identity providers and clients, and for the proofs of
    their domains."""

    allowed_networks: tuple[str, ...] = ()
    """Networks that may be reached although they are not public, such as that of a company's own
    GitHub Enterprise: ``["10.20.0.0/16"]``."""

    ca_file: Path | None = None
    """Certificate authorities to believe, PEM, instead of the system's."""

    nameservers: tuple[str, ...] = ()
    """Name servers asked whether a domain is a tenant's own, instead of the system's: addresses,
    with a port where it is not 53."""

    breached_passwords_url: str = Field(
        default="https://api.pwnedpasswords.com/range/", pattern=r"^(?:https://[!-~]+/)?$"
    )
    """Where tenants that want it (``breached_password_check``) ask whether a password was stolen:
    an https address that lists SHA-1 hashes by their first five characters, as Have I Been Pwned
    does and copies of it do. Empty: nowhere, whatever tenants want."""

    @field_validator("nameservers")
    @classmethod
    def _addresses(cls, nameservers: tuple[str, ...]) -> tuple[str, ...]:
        for nameserver in nameservers:
            parts = urlsplit(f"//{nameserver}")
            ip_address(parts.hostname or "")
            _ = parts.port  # raises where it is none
        return nameservers

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks


class MailSettings(Section):
    """How mail leaves. Tenants may have servers of their own."""

    host: str = ""
    """SMTP server. Without one the ``dev`` profile keeps mail and shows it at ``/mails`` of each
    tenant, on this machine only; in ``prod`` it waits, and is given up after a day."""

    port: int = Field(default=587, ge=1, le=65535)
    """Port of the server."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """``starttls`` encrypts the line before anything is said, ``tls`` from its first byte (usually
    port 465), ``none`` never: for a server on the same machine or network."""

    username: str = ""
    """Who signs in to the server; nobody where empty."""

    password: SecretStr | None = None
    """Their password."""

    sender: str = ""
    """Whom mail comes from, ``AuthGate <no-reply@example.com>``. Needed with ``host`` and
    ``plugin``."""

    ca_file: Path | None = None
    """Certificate authorities that the server is believed by, PEM, instead of the system's."""

    plugin: str = ""
    """The plugin that sends mail in the place of a server."""

    plugin_settings: SecretStr | None = None
    """The plugin's own settings, as a JSON object: ``{"key": "…"}``. Kept in a file
    (``AUTHGATE_MAIL__PLUGIN_SETTINGS_FILE``), since they hold secrets."""

    @field_validator("plugin_settings")
    @classmethod
    def _object(cls, settings: SecretStr | None) -> SecretStr | None:
        try:
            said = json.loads(settings.get_secret_value()) if settings else {}
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise ValueError("must be a JSON object") from None
        return settings

    @field_validator("sender")
    @classmethod
    def _address(cls, sender: str) -> str:
        if sender and not is_sender(sender):
            raise ValueError("must be name@host, or a name with <name@host> behind it")
        return sender

    @model_validator(mode="after")
    def _sent_by_somebody(self) -> Self:
        if self.host and self.plugin:
            raise ValueError("mail.host and mail.plugin are both set: keep one of them")
        if (self.host or self.plugin) and not self.sender:
            raise ValueError(f"mail.{'host' if self.host else 'plugin'} is set: set mail.sender")
        return self


class TracingSettings(Section):
    """Traces for an OpenTelemetry collector (extra ``otel``)."""

    endpoint: str = ""
    """Where traces go by OTLP over HTTP: ``http://collector:4318/v1/traces``; else nowhere."""

    headers: SecretStr | None = None
    """Headers that the collector asks for: ``name=value,name=value``, values percent-encoded."""

    sample_ratio: float = Field(default=0.1, ge=0, le=1)
    """Share of the requests that are traced, where no trusted proxy has decided that already."""

    service_name: str = "authgate"
    """What this installation is called in traces."""

    @field_validator("endpoint")
    @classmethod
    def _http_url(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if endpoint and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an http or https URL")
        return endpoint

    @field_validator("headers")
    @classmethod
    def _pairs(cls, headers: SecretStr | None) -> SecretStr | None:
        given = headers.get_secret_value() if headers else ""
        if not all("=" in each for each in given.split(",") if each.strip()):
            raise ValueError("must be name=value, several of them with commas between")
        return headers
