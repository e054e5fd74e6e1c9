"""Settings of the process.

Each comes from the environment (``AUTHGATE_DATABASE__URL``), a secret also from a file that the
environment names (``AUTHGATE_DATABASE__URL_FILE``), from ``authgate.toml`` in the working
directory, or from its default here. What a tenant chooses for itself is in
``authgate_tenants.settings``.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from authgate.limit_settings import PLANNED_LIMITS, LimitSettings
from authgate.outward_settings import EgressSettings, MailSettings, Section, TracingSettings
from authgate.secret_files import Environment

__all__ = [
    "HEARTBEAT_SECONDS",
    "PLANNED_LIMITS",
    "SQLITE_SEVERAL_WORKERS",
    "DatabaseSettings",
    "EgressSettings",
    "JobSettings",
    "KeySettings",
    "LimitSettings",
    "MailSettings",
    "ServerSettings",
    "Settings",
    "SignUpSettings",
    "TracingSettings",
]

SQLITE_SEVERAL_WORKERS = "sqlite_several_workers"
"""Type of the validation error that says so."""

HEARTBEAT_SECONDS = 10.0
"""A worker or a beat that goes round touches ``jobs.heartbeat_file`` this often."""


class DatabaseSettings(Section):
    """Where rows are kept."""

    url: SecretStr = SecretStr("sqlite://.authgate/authgate.db")
    """``sqlite://<path>``, or ``postgres://user:password@host:port/name`` as the role that serves
    requests: it owns nothing and cannot see past row-level security. Off this machine add
    ``?sslmode=verify-full&sslrootcert=<path>``."""

    owner_url: SecretStr | None = None
    """PostgreSQL: the role that owns the tables. Only ``authgate migrate`` uses it."""

    append_url: SecretStr | None = None
    """PostgreSQL: the role that may insert tokens, device codes and audit events, and nothing else.
    Without it: the user of ``url`` with ``_append`` added, and the same password."""

    sweep_url: SecretStr | None = None
    """PostgreSQL: the role that sees and deletes expired rows, and nothing else. Without it: the
    user of ``url`` with ``_sweep`` added, and the same password."""

    pool_size: int = Field(default=10, ge=1, le=200)
    """Connections to PostgreSQL that one process holds for requests."""

    statement_seconds: float = Field(default=3.0, gt=0)
    """After this many seconds PostgreSQL ends a statement."""

    pgbouncer: bool = False
    """Whether the URLs lead to a pooler in transaction mode: prepared statements are left out."""

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_secret_value().startswith("sqlite:")

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: SecretStr) -> SecretStr:
        scheme = url.get_secret_value().partition("://")[0]
        if scheme not in ("sqlite", "postgres", "postgresql"):
            raise ValueError("must begin with sqlite:// or postgres://")
        return url


class ServerSettings(Section):
    """How requests are taken."""

    host: str = "127.0.0.1"
    """Address to listen on."""

    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on."""

    workers: int = Field(default=1, ge=1, le=64)
    """Server processes. SQLite takes one."""

    kind: Literal["hypercorn", "uvicorn"] = "hypercorn"
    """``hypercorn`` speaks HTTP/2 and TLS; ``uvicorn`` (extra ``fast``) serves more requests from
    the same processor behind a proxy."""

    certificate_file: Path | None = None
    """TLS certificate chain, PEM. TLS ends here if it is set; else a proxy's job."""

    certificate_key_file: Path | None = None
    """Key of the TLS certificate, PEM."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose ``X-Forwarded-For`` is believed, for its right-most entry that
    is none of them."""

    tls_ask_from: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks from which a proxy may ask by ``/tls-ask`` for which hosts it may get certificates;
    none turns that off."""

    client_certificate_header: str = ""
    """Header in which those proxies pass the certificate of a client (RFC 8705): as RFC 9440 has
    it, as PEM with escapes (nginx ``$ssl_client_escaped_cert``), or as bare base64. They have to
    take it out of what clients send."""

    client_certificate_verified_header: str = ""
    """Header in which they say ``SUCCESS`` where they have followed the certificate to an authority
    (nginx ``$ssl_client_verify``); without it nobody proves itself by ``tls_client_auth``."""

    drain_seconds: float = Field(default=8.0, ge=0)
    """How long a worker that leaves waits for its connections."""

    connections: int = Field(default=4096, ge=16)
    """Connections that a worker has open at a time. When there are so many, idle ones are closed
    and new ones wait."""

    connections_per_address: int = Field(default=1024, ge=1)
    """Connections that a worker takes from one address (a /64 for IPv6). Requests that share one
    by HTTP/2 count each. Addresses in ``trusted_proxies`` have no such limit."""

    stalled_seconds: float = Field(default=30.0, ge=1)
    """How long a client may leave its answer lying: in that time it has to take 8 KiB of it, or
    the connection is cut."""

    body_limit: int = Field(default=65536, ge=1024)
    """Largest request body, in bytes; a larger one is answered 413."""

    body_seconds: float = Field(default=10.0, gt=0)
    """How long a client may take to send its body; a slower one is answered 408."""

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            ip_network(proxy, strict=False)
        return proxies


class KeySettings(Section):
    """What seals the tenants' keys at rest."""

    kek: SecretStr | None = None
    """Key-encryption key: 32 random bytes, base64 or hex (``openssl rand -base64 32``)."""

    kek_file: Path = Path(".authgate/kek")
    """File that holds it if ``kek`` is not set, its owner's alone. ``dev`` makes one if need be."""

    retired_keks: tuple[SecretStr, ...] = ()
    """Former key-encryption keys that still open what they sealed."""

    provider: str = Field(default="", pattern=r"^([a-z][a-z0-9]*(-[a-z0-9]+)*)?$")
    """Plugin that opens those keys, each as ``authgate keys wrap-kek`` prints it, at each start."""


class SignUpSettings(Section):
    """How tenants are begun by those who want them, at the tenant of ``operator_tenant``."""

    mode: Literal["off", "invitation", "open"] = "off"
    """``off`` has operators begin all of them, ``invitation`` whom they invite as well, ``open``
    everybody who has an address for mail."""


class JobSettings(Section):
    """What is done later, and where."""

    runner: Literal["in-process", "celery"] = "in-process"
    """``in-process`` runs jobs beside the requests; ``celery`` hands them to workers."""

    broker_url: SecretStr | None = None
    """Celery's broker, Redis or RabbitMQ (``amqp://``, ``amqps://``); ``redis_url`` where it is not
    set."""

    cleanup_seconds: float = Field(default=300.0, gt=0)
    """Between two removals of expired codes and sessions."""

    cleanup_batch: int = Field(default=1000, ge=1)
    """Rows that one statement of the clean-up removes."""

    export_gigabytes: int = Field(default=10, ge=1)
    """What the files that owners of one tenant ask for may take in the database, all together, for
    the day that they are kept; and how large a file may be that operators send."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port at ``server.host`` on which ``authgate worker`` answers ``/metrics``, by the same rules
    as a server. Without it a worker's measurements are nobody's."""

    heartbeat_file: Path | None = None
    """File that a worker or a beat touches every ten seconds while it has a broker, for
    ``authgate healthcheck``. Each needs one of its own."""


class Settings(BaseSettings):
    """Everything that one installation chooses."""

    model_config = SettingsConfigDict(
        env_prefix="AUTHGATE_",
        env_nested_delimiter="__",
        toml_file="authgate.toml",
        extra="forbid",
        frozen=True,
    )

    profile: Literal["dev", "prod"] = "dev"
    """``prod`` refuses to start with what is dangerous: plain http, weak secrets, made-up keys,
    limits that are off, and what else docs/doctor.md calls refused."""

    base_url: str = "http://localhost:8080"
    """Where browsers and clients reach the installation: scheme, host and port."""

    base_domain: str = ""
    """Serve tenants at ``<slug>.<base_domain>`` rather than ``<base_url>/t/<slug>``."""

    default_tenant: str = ""
    """Slug of the tenant served at the root of ``base_url``, for clients that know no tenants."""

    operator_tenant: str = ""
    """Slug of the tenant whose owners and administrators operate the installation, and whose
    auditors look on. Without it nobody does but who is at the machine."""

    tenant_deletion_days: int = Field(default=30, ge=0, le=3650)
    """For how many days a tenant that is to be deleted waits and can be restored. A request that
    was made before keeps the time that held then."""

    geoip_file: Path | None = None
    """A file of places (MaxMind DB: GeoLite2 or DB-IP, of cities or countries) by which people see
    where their sessions are (extra ``geoip``). Nobody is asked."""

    redis_url: SecretStr | None = None
    """Redis for limits, Celery, and changes told behind a pooler. Without it: in memory."""

    log_format: Literal["json", "console"] = "json"
    """``json`` for machines, ``console`` for eyes."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are written."""

    metrics_token: SecretStr | None = None
    """Bearer token that ``/metrics`` asks for. Without it ``/metrics`` answers loopback only."""

    database: DatabaseSettings = DatabaseSettings()
    server: ServerSettings = ServerSettings()
    keys: KeySettings = KeySettings()
    limits: LimitSettings = LimitSettings()
    egress: EgressSettings = EgressSettings()
    mail: MailSettings = MailSettings()
    sign_up: SignUpSettings = SignUpSettings()
    jobs: JobSettings = JobSettings()
    tracing: TracingSettings = TracingSettings()

    @field_validator("base_url")
    @classmethod
    def _origin_only(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http or https URL")
        if parts.port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be scheme, host and port, nothing more")
        return url.rstrip("/")

    @field_validator("base_domain")
    @classmethod
    def _host_only(cls, domain: str) -> str:
        parts = urlsplit(f"//{domain}")
        if domain and (parts.netloc != domain or not parts.hostname or "@" in domain):
            raise ValueError("must be a host, such as login.example.com")
        return domain.lower()

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.database.is_sqlite and self.server.workers > 1:
            raise PydanticCustomError(
                SQLITE_SEVERAL_WORKERS,
                "SQLite takes one worker: set server.workers to 1 or use PostgreSQL",
            )
        if self.jobs.runner == "celery" and not (self.jobs.broker_url or self.redis_url):
            raise ValueError("jobs.runner is celery: set redis_url or jobs.broker_url")
        if self.sign_up.mode != "off" and not self.operator_tenant:
            raise ValueError(f"sign_up.mode is {self.sign_up.mode}: set operator_tenant")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls)
        return (init_settings, Environment(settings_cls), toml)
