"""What the rooms below may refuse, as an end of a command; imported once something was refused."""

from tomllib import TOMLDecodeError

from pydantic import ValidationError
from pydantic_settings import SettingsError

from authgate import storage
from authgate.accounts.connection_setup import BadConnectionSlug, UnknownConnection
from authgate.accounts.passwords import BadPassword
from authgate.cli.failures import Conflict, Failure, Misused, NotFound, Unhealthy
from authgate.cli.sign_in.device_flow import NoAnswer, SignInFailed
from authgate.diagnosis.production import UnfitForProduction
from authgate.jobs.celery_settings import NoBroker
from authgate.mail_addresses import BadAddress
from authgate.plugin_api import ConnectorConfigError
from authgate.plugin_manager import NoConnector, PluginRefused
from authgate.portable import TenantIsHere, UnfitFile, WeakPassphrase, WrongPassphrase
from authgate.portable.exported_log import UnfitLogFile
from authgate.provisioning import (
    DomainInUse,
    NotConfirmed,
    TooLate,
    UnfitDeletion,
    UnfitIssuer,
    UnfitTenant,
    UnknownInitialAccessToken,
    UnknownUser,
)
from authgate.provisioning.domain_proof import NotProven, ProofUnreachable
from authgate.provisioning.plans import PlanChanged
from authgate.serving import PortTaken, ServingError
from authgate.storage.database import OwnerUrlMissing
from authgate.storage.fitness import LoginRefused, NotMigrated
from authgate.storage.migrate import TableBusy, UnknownMigration
from authgate.storage.people.usernames import BadUsername
from authgate.storage.people.users import UsernameTaken
from authgate.storage.portable.former_database import NotAuthGate
from authgate.storage.postgres.roles import RoleMissing
from authgate.storage.postgres.row_security import WallMissing
from authgate.storage.redis.connection import RedisUnavailable
from authgate.storage.redis.rate_limits import BadLimit
from authgate.storage.sign_in.connections import ConnectionExists
from authgate.storage.sqlite.service_lock import DatabaseInUse
from authgate.storage.tenants.quotas import QuotaReached
from authgate.telemetry.tracing import TracingNotInstalled
from authgate.tokens.keys import KeysChanged, KeyTooYoung, UnknownKey
from authgate.tokens.signed_statement import BadStatement
from authgate_tenants.deletions import UnknownDeletion
from authgate_tenants.domains import BadHost, HostTaken, TooManyHosts, UnknownDomain
from authgate_tenants.encryption import UnknownKeyEncryptionKey
from authgate_tenants.key_encryption import KeyEncryptionKeyError
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.plans import BadPlanName, PlanInUse, TooManyPlans, UnknownPlan
from authgate_tenants.resolver import BadSlug
from authgate_tenants.settings import UnknownTenantSetting

_ENDS: tuple[tuple[type[Exception], type[Failure], str], ...] = (
    (BadSlug, Misused, "{}"),
    (BadHost, Misused, "{}"),
    (BadPlanName, Misused, "{}"),
    (BadUsername, Misused, "{}"),
    (BadAddress, Misused, "{}"),
    (UnfitTenant, Misused, "{}"),
    (NotConfirmed, Misused, "{} Nothing was done."),
    (QuotaReached, Conflict, "{}"),
    (UnfitDeletion, Conflict, "{}"),
    (TooLate, Conflict, "The keys of {} are destroyed already: it cannot be restored."),
    (UnknownPlan, NotFound, "There is no plan {}: authgate plan list shows them all."),
    (PlanChanged, Conflict, "Somebody else has changed the plan {} meanwhile: look again."),
    (PlanInUse, Conflict, "Tenants have the plan {}: give them another one first."),
    (TooManyPlans, Conflict, "{}"),
    (UnknownDeletion, NotFound, "No tenant {} is to be deleted: authgate tenant deletions."),
    (BadStatement, Failure, "{}"),
    (UnfitLogFile, Failure, "{}"),
    (UnfitFile, Failure, "{} Nothing was stored."),
    (WrongPassphrase, Failure, "{} Nothing was stored."),
    (WeakPassphrase, Misused, "{}"),
    (NotAuthGate, Failure, "{}"),
    (TenantIsHere, Conflict, "{}"),
    (BadConnectionSlug, Misused, "{}"),
    (ConnectorConfigError, Misused, "{}"),
    (
        NoConnector,
        Misused,
        "The tenant has not enabled the plugin of {}: authgate tenant set, enabled_plugins.",
    ),
    (BadPassword, Misused, "{}"),
    (BadLimit, Misused, "{}"),
    (UnknownTenantSetting, Misused, "There is no tenant setting {}."),
    (SettingsError, Misused, "{}"),
    (TOMLDecodeError, Misused, "authgate.toml: {}"),
    (OwnerUrlMissing, Misused, "{}"),
    (NoBroker, Misused, "{}"),
    (TracingNotInstalled, Misused, "{}"),
    (UnknownMigration, NotFound, "There is no migration {}."),
    (UnknownInitialAccessToken, NotFound, "There is no initial access token {}."),
    (UnknownUser, NotFound, "There is no user {}."),
    (UnknownKey, NotFound, "There is no signing key {}, or it is revoked already."),
    (UnknownDomain, NotFound, "The tenant has not claimed {}: authgate domain add."),
    (UnknownConnection, NotFound, "There is no connection {}."),
    (DomainInUse, Conflict, "{}"),
    (UnfitIssuer, Conflict, "{}"),
    (TooManyHosts, Conflict, "{}"),
    (HostTaken, Conflict, "{} is another tenant's, who has to give it up first."),
    (ConnectionExists, Conflict, "There is a connection {} already."),
    (SlugTaken, Conflict, "There is a tenant {} already."),
    (UsernameTaken, Conflict, "There is a user {} already, or one with that address or id."),
    (
        KeyTooYoung,
        Conflict,
        "Clients that keep the JWKS know the waiting key by {}: wait, or use --now.",
    ),
    (KeysChanged, Conflict, "Somebody else changed the keys in this moment: try again."),
    (PortTaken, Conflict, "{}"),
    (DatabaseInUse, Conflict, "{}"),
    (UnfitForProduction, Unhealthy, "{}"),
    (LoginRefused, Unhealthy, "{}"),
    (NotMigrated, Unhealthy, "{}"),
    (WallMissing, Unhealthy, "{}"),
    (RoleMissing, Unhealthy, "{}"),
    (TableBusy, Unhealthy, "{}"),
    (KeyEncryptionKeyError, Unhealthy, "{}"),
    (UnknownKeyEncryptionKey, Unhealthy, "{}"),
    (PluginRefused, Unhealthy, "{}"),
    (RedisUnavailable, Unhealthy, "Redis cannot be reached: {}"),
    (ProofUnreachable, Unhealthy, "{}"),
    (NotProven, Failure, "{}"),
    (NoAnswer, Unhealthy, "{}"),
    (SignInFailed, Failure, "{}"),
    (ServingError, Failure, "{}"),
)


def failure_of(error: Exception) -> Failure | None:
    """The end that this error means; ``None`` where nobody expected it."""
    if isinstance(error, ValidationError):
        return Misused(f"The settings do not fit: {'; '.join(complaints(error))}")
    for kind, failure, words in _ENDS:
        if isinstance(error, kind):
            return failure(words.format(error))
    if isinstance(error, OSError) and error.filename is not None:
        return Failure(f"{error.filename}: {error.strerror}")
    if storage.is_outage(error):
        return Unhealthy(f"The database cannot be reached: {str(error) or type(error).__name__}")
    return None


def complaints(error: ValidationError) -> list[str]:
    """What is wrong with the settings, one sentence each, without the values."""
    return [
        ": ".join(filter(None, (".".join(map(str, each["loc"])), _plainly(each["msg"]))))
        for each in error.errors(include_input=False, include_url=False)
    ]


def _plainly(message: str) -> str:
    return message.removeprefix("Value error, ")
