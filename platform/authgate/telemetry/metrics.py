"""What is measured, for Prometheus: one prefix, base units, few labels.

Several server processes write into the folder that ``PROMETHEUS_MULTIPROC_DIR`` names, which has
to be set before this module is imported; whoever of them is asked then answers for all.
"""

import platform

from authgate import __version__
from authgate.telemetry.families import OTHER, Count, Distribution, Level, constant

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Whatever else a request calls itself is counted together."""

_STATUS_CLASSES = {1: "1xx", 2: "2xx", 3: "3xx", 4: "4xx", 5: "5xx"}

_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PLUGIN_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_HASH_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_WAIT_SECONDS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1)
_STORAGE_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_EXCHANGE_SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1)
_LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_BATCH_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

_request_seconds = Distribution(
    "authgate_http_request_duration_seconds",
    "From a request's first line to its answer's last byte.",
    "route",
    "method",
    "status_class",
    buckets=_REQUEST_SECONDS,
)
tokens_issued = Count("authgate_tokens_issued_total", "Tokens issued, by grant.", "grant")
logins = Count("authgate_logins_total", "Sign-ins tried by people.", "method", "result")
device_requests = Count(
    "authgate_device_requests_total", "Device authorizations, by what became of them.", "result"
)
authorizations = Count(
    "authgate_authorizations_total", "Authorization requests, by what became of them.", "result"
)
end_session_requests = Count(
    "authgate_end_session_requests_total",
    "Sign-outs that clients asked for: done, to be confirmed, or not believed.",
    "result",
)
logout_deliveries = Count(
    "authgate_logout_deliveries_total",
    "Attempts to tell clients of sessions that are over, by what became of them.",
    "result",
)
mails = Count(
    "authgate_mails_total",
    "Attempts to have mail taken by its server, by what became of them.",
    "result",
)
mails_waiting = Level(
    "authgate_mails_waiting",
    "Mails that have waited for more than ten minutes for a server that takes them; a thousand are"
    " told as such.",
    together="livemostrecent",
)
rate_limited = Count(
    "authgate_rate_limited_total", "Requests refused because there were too many.", "rule"
)
blocked_requests = Count(
    "authgate_blocked_requests_total", "Requests from addresses that their tenant keeps out."
)
quota_refusals = Count(
    "authgate_quota_refusals_total",
    "What was not made because the tenant has as much as its plan allows.",
    "quota",
)
client_authentications = Count(
    "authgate_client_authentications_total", "Clients that proved who they are.", "method", "result"
)
client_key_fetches = Count(
    "authgate_client_key_fetches_total", "Key sets fetched from clients' jwks_uri.", "result"
)
dpop_proofs = Count(
    "authgate_dpop_proofs_total", "DPoP proofs, by whether they were believed.", "result"
)
client_documents = Count(
    "authgate_client_documents_total",
    "Documents of applications that were asked for, by whether they could be used.",
    "result",
)
client_registrations = Count(
    "authgate_client_registrations_total",
    "Clients that registered, changed or removed themselves.",
    "result",
)
api_problems = Count(
    "authgate_api_problems_total", "Requests that the admin API refused, by the problem.", "problem"
)
user_selections = Count(
    "authgate_people_acts_total",
    "People to whom something was done among several, by what it was and what came of it.",
    "act",
    "outcome",
)
audit_alarms = Count(
    "authgate_audit_alarms_total",
    "Audit events that are more than information.",
    "event",
    "severity",
)
unavailable = Count(
    "authgate_unavailable_total",
    "Requests answered 503: the database is away, pages or passwords wait in too long a line.",
    "reason",
)
password_hash_seconds = Distribution(
    "authgate_password_hash_duration_seconds",
    "Time spent on a password, the wait for a processor included.",
    buckets=_HASH_SECONDS,
)
plugin_failures = Count(
    "authgate_plugin_failures_total",
    "Calls in which a plugin did not do its part, or was left out because it had failed before.",
    "plugin",
    "hook",
    "outcome",
)
security_alerts = Count(
    "authgate_security_alerts_total", "Alerts that tenants' rules have raised.", "rule"
)
audit_events_sealed = Count(
    "authgate_audit_events_sealed_total", "Events of audit logs that were sealed."
)
audit_seal_lag_seconds = Level(
    "authgate_audit_seal_lag_seconds",
    "How long the oldest event has waited that is not sealed yet, of any tenant.",
    together="livemostrecent",
)
plugin_events_told = Count(
    "authgate_plugin_events_told_total", "Events of audit logs that plugins were told of.", "plugin"
)
plugin_feed_lag_seconds = Level(
    "authgate_plugin_feed_lag_seconds",
    "How long the oldest event has waited of which a plugin was not told yet, of any tenant that"
    " does not have it wait.",
    "plugin",
    together="livemostrecent",
)
plugin_feeds_waiting = Level(
    "authgate_plugin_feeds_waiting",
    "Tenants of whose events a plugin could not be told last, up to a thousand.",
    "plugin",
    together="livemostrecent",
)
plugin_feeds_paused = Level(
    "authgate_plugin_feeds_paused",
    "Tenants whose events wait since they pause a plugin or have not set it up, up to a thousand.",
    "plugin",
    together="livemostrecent",
)
webhook_deliveries = Count(
    "authgate_webhook_deliveries_total",
    "Attempts to send an event to a tenant's webhook, by what became of them.",
    "result",
)
webhook_lag_seconds = Level(
    "authgate_webhook_lag_seconds",
    "For how long the oldest event has been due at a webhook that has not failed, or has waited to"
    " be taken out of the log for it, of any tenant.",
    together="livemostrecent",
)
webhook_deliveries_waiting = Level(
    "authgate_webhook_deliveries_waiting",
    "Events that wait for a webhook to take them, up to ten thousand.",
    together="livemostrecent",
)
webhook_deliveries_dead = Level(
    "authgate_webhook_deliveries_dead",
    "Events that were given up and can be sent once more, up to ten thousand.",
    together="livemostrecent",
)
webhook_endpoints_paused = Level(
    "authgate_webhook_endpoints_paused",
    "Webhooks that are left alone since they took nothing for days, up to ten thousand.",
    together="livemostrecent",
)
plugin_hook_seconds = Distribution(
    "authgate_plugin_hook_duration_seconds",
    "Time spent in a plugin.",
    "plugin",
    "hook",
    buckets=_PLUGIN_SECONDS,
)

db_pool_connections = Level(
    "authgate_db_pool_connections",
    "Connections of the pool for pages, by what they do.",
    "state",
    together="livesum",
)
db_pool_limit = Level(
    "authgate_db_pool_limit_connections",
    "Connections that the pool for pages may have.",
    together="livesum",
)
db_pool_wait_seconds = Distribution(
    "authgate_db_pool_wait_seconds",
    "Time that a page waited for a connection.",
    buckets=_WAIT_SECONDS,
)
db_pool_timeouts = Count("authgate_db_pool_timeouts_total", "Pages that got no connection in time.")
append_log_batch_rows = Distribution(
    "authgate_append_log_batch_rows",
    "Rows of tokens and audit events that one transaction stored.",
    buckets=_BATCH_ROWS,
)
append_log_commit_seconds = Distribution(
    "authgate_append_log_commit_duration_seconds",
    "Time that one transaction took to store rows of tokens and audit events.",
    buckets=_STORAGE_SECONDS,
)
append_log_waiting = Level(
    "authgate_append_log_waiting_requests",
    "Requests whose rows wait for the next transaction.",
    together="livesum",
)
lookup_seconds = Distribution(
    "authgate_lookup_duration_seconds",
    "Time that one statement took to find rows for several requests.",
    buckets=_STORAGE_SECONDS,
)
lookups_waiting = Level(
    "authgate_lookups_waiting_requests",
    "Requests that wait for rows to be found.",
    together="livesum",
)
expired_rows_removed = Count(
    "authgate_expired_rows_removed_total", "Rows removed because their time was over.", "table"
)
tenant_deletions = Count(
    "authgate_tenant_deletions_total",
    "Tenants whose deletion was requested, taken back, begun (shredded) or ended (deleted).",
    "step",
)
operator_accesses = Count(
    "authgate_operator_accesses_total",
    "Operators who asked to come into a tenant, stated an emergency, were approved or refused, came"
    " in, or whose access ended.",
    "step",
)
announcements = Count(
    "authgate_announcements_total",
    "What operators told the administrators of all tenants: made, or ended before its time.",
    "step",
)
domain_checks = Count(
    "authgate_domain_checks_total",
    "Proofs of tenants' hosts that were looked for again, by what was found.",
    "result",
)
erased_rows = Count(
    "authgate_erased_rows_total", "Rows removed because their tenant is deleted.", "table"
)
signing_key_rotation_delay_seconds = Level(
    "authgate_signing_key_rotation_delay_seconds",
    "For how long the signing key that is to be followed next has been due; 0 if none is.",
    together="livemostrecent",
)
signing_key_age_seconds = Level(
    "authgate_signing_key_age_seconds",
    "For how long the signing key has signed that has signed longest; 0 if none signs.",
    together="livemostrecent",
)
tenant_erasure_delay_seconds = Level(
    "authgate_tenant_erasure_delay_seconds",
    "For how long the tenant that is to be erased next has been due; 0 if none is.",
    together="livemostrecent",
)

cache_requests = Count(
    "authgate_cache_requests_total",
    "Values asked for: kept (hit), loaded (miss), or awaited together with others (joined).",
    "cache",
    "result",
)
cache_entries = Level(
    "authgate_cache_entries", "Values that are kept.", "cache", together="livesum"
)
cache_drops = Count(
    "authgate_cache_drops_total",
    "Values dropped before their time: for want of room (evicted) or because they have changed.",
    "cache",
    "reason",
)
invalidation_lag_seconds = Distribution(
    "authgate_invalidation_lag_seconds",
    "From telling of a change until this process hears it back, where Redis passes it on.",
    buckets=_LAG_SECONDS,
)
invalidations_connected = Level(
    "authgate_invalidations_connected",
    "Whether every process hears of what others change; else it forgets all it knows each second.",
    together="livemin",
)
invalidations_owed = Level(
    "authgate_invalidations_owed",
    "Changes that others have not been told of yet.",
    together="livesum",
)

news_told = Count("authgate_news_told_total", "Those who waited and were told of news.", "kind")
waiting = Level("authgate_waiting", "Those who wait for news.", "room", together="livesum")
waiting_refused = Count(
    "authgate_waiting_refused_total",
    "Those for whom there was no room: at the process, in the tenant, or of one.",
    "room",
    "limit",
)

redis_connected = Level(
    "authgate_redis_connected",
    "Whether every process has its line to Redis.",
    together="livemin",
)
redis_exchange_seconds = Distribution(
    "authgate_redis_exchange_duration_seconds",
    "Time for what was asked of Redis together: one round trip.",
    buckets=_EXCHANGE_SECONDS,
)
redis_fallbacks = Count(
    "authgate_redis_fallbacks_total",
    "What was decided without Redis, by this process alone.",
    "what",
)

event_loop_lag_seconds = Distribution(
    "authgate_event_loop_lag_seconds",
    "How much later than it was due the event loop came round, twice a second.",
    buckets=_LAG_SECONDS,
)
check_ok = Level(
    "authgate_check_ok",
    "Whether a check of readiness went well the last time.",
    "check",
    together="livemostrecent",
)
breach_checks = Count(
    "authgate_breach_checks_total",
    "Passwords that were looked for among stolen ones, by what was said of them.",
    "result",
)
processes = Level("authgate_processes", "Processes that answer together.", together="livesum")
build_info = constant(
    "authgate_build_info",
    "Version of the server and of what runs it.",
    version=__version__,
    python=platform.python_version(),
)


for _login in ("success", "failure", "locked"):
    logins.expect("password", _login)
    logins.expect("second_factor", _login)
    logins.expect("connection", _login)
for _result in ("success", "failure"):
    logins.expect("passkey", _result)
    client_documents.expect(_result)
for _result in ("clean", "found", "unanswered"):
    breach_checks.expect(_result)
for _what in ("rate_limits", "poll_pacing"):
    redis_fallbacks.expect(_what)
for _result in ("granted", "denied", "refused"):
    authorizations.expect(_result)
for _step in ("requested", "restored", "shredded", "deleted"):
    tenant_deletions.expect(_step)
for _step in ("asked", "emergency", "approved", "refused", "entered", "ended"):
    operator_accesses.expect(_step)
for _step in ("made", "ended"):
    announcements.expect(_step)
for _result in ("found", "missing", "unreachable"):
    domain_checks.expect(_result)
for _result in ("delivered", "postponed", "failed"):
    logout_deliveries.expect(_result)
for _result in ("sent", "postponed", "failed"):
    mails.expect(_result)
for _result in ("signed_out", "asked", "refused"):
    end_session_requests.expect(_result)
for _result in ("registered", "changed", "removed", "refused"):
    client_registrations.expect(_result)
for _reason in ("database", "pages", "passwords"):
    unavailable.expect(_reason)


def request_answered(*, route: str, method: str, status: int, seconds: float) -> None:
    """Note a request by its route as it is declared, never by the path that was asked for."""
    known = method if method in METHODS else OTHER
    _request_seconds.observe(seconds, route, known, _STATUS_CLASSES.get(status // 100, OTHER))
