"""What is measured, under which names, and never per tenant."""

import os
import re
import subprocess
import sys
import timeit
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from authgate import __version__
from authgate.telemetry import job_metrics, metrics
from authgate.telemetry.exposition import exposition
from authgate.telemetry.families import MOST_MEMBERS, REGISTRY, Count
from authgate.telemetry.shared_folder import shared_folder

LABELS = {
    "authgate_api_problems": {"problem"},
    "authgate_append_log_batch_rows": set(),
    "authgate_append_log_commit_duration_seconds": set(),
    "authgate_append_log_waiting_requests": set(),
    "authgate_audit_alarms": {"event", "severity"},
    "authgate_audit_events_sealed": set(),
    "authgate_audit_seal_lag_seconds": set(),
    "authgate_authorizations": {"result"},
    "authgate_security_alerts": {"rule"},
    "authgate_webhook_deliveries": {"result"},
    "authgate_webhook_deliveries_dead": set(),
    "authgate_webhook_deliveries_waiting": set(),
    "authgate_webhook_endpoints_paused": set(),
    "authgate_webhook_lag_seconds": set(),
    "authgate_end_session_requests": {"result"},
    "authgate_erased_rows": {"table"},
    "authgate_logout_deliveries": {"result"},
    "authgate_mails": {"result"},
    "authgate_mails_waiting": set(),
    "authgate_breach_checks": {"result"},
    "authgate_build_info": {"version", "python"},
    "authgate_cache_drops": {"cache", "reason"},
    "authgate_cache_entries": {"cache"},
    "authgate_cache_requests": {"cache", "result"},
    "authgate_check_ok": {"check"},
    "authgate_client_authentications": {"method", "result"},
    "authgate_db_pool_connections": {"state"},
    "authgate_db_pool_limit_connections": set(),
    "authgate_db_pool_timeouts": set(),
    "authgate_db_pool_wait_seconds": set(),
    "authgate_device_requests": {"result"},
    "authgate_event_loop_lag_seconds": set(),
    "authgate_domain_checks": {"result"},
    "authgate_expired_rows_removed": {"table"},
    "authgate_http_request_duration_seconds": {"route", "method", "status_class"},
    "authgate_invalidation_lag_seconds": set(),
    "authgate_invalidations_connected": set(),
    "authgate_invalidations_owed": set(),
    "authgate_job_duration_seconds": {"kind", "result"},
    "authgate_job_last_done_timestamp_seconds": {"kind"},
    "authgate_job_wait_seconds": {"kind"},
    "authgate_jobs_given_up": {"kind"},
    "authgate_jobs_kept_given_up": set(),
    "authgate_jobs_queued": set(),
    "authgate_jobs_waiting": set(),
    "authgate_client_key_fetches": {"result"},
    "authgate_client_documents": {"result"},
    "authgate_client_registrations": {"result"},
    "authgate_dpop_proofs": {"result"},
    "authgate_logins": {"method", "result"},
    "authgate_lookup_duration_seconds": set(),
    "authgate_lookups_waiting_requests": set(),
    "authgate_password_hash_duration_seconds": set(),
    "authgate_news_told": {"kind"},
    "authgate_outbox_lag_seconds": {"table"},
    "authgate_periodic_job_late_periods": {"kind"},
    "authgate_plugin_events_told": {"plugin"},
    "authgate_plugin_feed_lag_seconds": {"plugin"},
    "authgate_plugin_feeds_waiting": {"plugin"},
    "authgate_plugin_feeds_paused": {"plugin"},
    "authgate_plugin_failures": {"plugin", "hook", "outcome"},
    "authgate_plugin_hook_duration_seconds": {"plugin", "hook"},
    "authgate_processes": set(),
    "authgate_blocked_requests": set(),
    "authgate_quota_refusals": {"quota"},
    "authgate_rate_limited": {"rule"},
    "authgate_redis_connected": set(),
    "authgate_redis_exchange_duration_seconds": set(),
    "authgate_redis_fallbacks": {"what"},
    "authgate_signing_key_age_seconds": set(),
    "authgate_signing_key_rotation_delay_seconds": set(),
    "authgate_tenant_deletions": {"step"},
    "authgate_operator_accesses": {"step"},
    "authgate_people_acts": {"act", "outcome"},
    "authgate_announcements": {"step"},
    "authgate_tenant_erasure_delay_seconds": set(),
    "authgate_tokens_issued": {"grant"},
    "authgate_unavailable": {"reason"},
    "authgate_waiting": {"room"},
    "authgate_waiting_refused": {"room", "limit"},
}
"""Every family and its labels. There is none for a tenant, a client or a person."""

UNITS = ("_seconds", "_rows", "_connections", "_requests", "_periods", "_info")
WITHOUT_UNIT = (
    "_processes", "_entries", "_owed", "_waiting", "_paused", "_queued", "_ok", "_connected",
    "_given_up", "_dead",
)  # fmt: skip
"""Levels of what is counted one by one, and answers that are yes or no."""


def ours() -> dict[str, Any]:
    """The families as they are declared, by name."""
    named = vars(metrics) | vars(job_metrics)
    kept = [getattr(each, "_family", None) for each in named.values()]
    declared = {family._name: family for family in kept if family is not None}
    return declared | {"authgate_build_info": metrics.build_info}


def families() -> dict[str, Metric]:
    metrics.request_answered(route="/oauth/token", method="POST", status=200, seconds=0.01)
    _, text = exposition()
    return {each.name: each for each in text_string_to_metric_families(text.decode())}


def test_ti_22_every_family_has_the_labels_it_is_allowed_and_no_other() -> None:
    assert {name: set(each._labelnames) for name, each in ours().items()} == LABELS


def test_ti_22_nothing_else_is_registered() -> None:
    known = {family.name for family in REGISTRY.collect()}
    assert {name for name in known if not name.startswith("process_")} == set(LABELS)


def test_every_name_ends_with_its_unit_and_a_counters_with_total() -> None:
    _, text = exposition()
    types = dict(re.findall(r"^# TYPE (authgate_\w+) (\w+)$", text.decode(), re.MULTILINE))
    counters = {name for name, kind in types.items() if kind == "counter"}
    assert all(name.endswith("_total") for name in counters)
    assert all(name.endswith(UNITS + WITHOUT_UNIT) for name in types.keys() - counters)
    assert {name.removesuffix("_total") for name in types} == set(LABELS)


def test_every_name_is_one_that_prometheus_takes() -> None:
    assert all(re.fullmatch(r"authgate(_[a-z0-9]+)+", name) for name in LABELS)


def test_every_family_says_in_a_sentence_what_it_is() -> None:
    said = {name: each._documentation for name, each in ours().items()}
    assert not [name for name, text in said.items() if not re.fullmatch(r"[A-Z].{8,}\.", text)]


def test_ti_22_a_method_that_a_stranger_invents_makes_no_member() -> None:
    for number in range(50):
        metrics.request_answered(
            route="/oauth/token", method=f"HACK{number}", status=405, seconds=0.001
        )
    found = families()["authgate_http_request_duration_seconds"]
    assert not any(sample.labels["method"].startswith("HACK") for sample in found.samples)


def test_what_happens_is_counted() -> None:
    before = value("authgate_tokens_issued_total", grant="device_code")
    metrics.tokens_issued.add("device_code")
    metrics.tokens_issued.add("device_code", by=2)
    assert value("authgate_tokens_issued_total", grant="device_code") == before + 3


def test_a_request_falls_into_its_bucket() -> None:
    def within(le: str) -> float:
        samples = families()["authgate_http_request_duration_seconds"].samples
        return sum(each.value for each in samples if each.labels.get("le") == le)

    before = within("0.0025"), within("0.005")
    metrics.request_answered(route="/livez", method="GET", status=200, seconds=0.003)
    assert (within("0.0025"), within("0.005")) == (before[0], before[1] + 1)


def test_the_build_tells_its_version() -> None:
    [sample] = families()["authgate_build_info"].samples
    assert sample.labels["version"] == __version__


def test_several_processes_are_counted_together_in_a_folder_that_goes_with_them() -> None:
    program = (
        "import sys; from authgate.telemetry import exposition, metrics;"
        "metrics.tokens_issued.add('client_credentials', by=int(sys.argv[1]));"
        "metrics.request_answered(route='/x', method='GET', status=200, seconds=0.1);"
        "sys.stdout.write(exposition.exposition()[1].decode())"
    )
    with shared_folder() as folder:
        _, told = (
            subprocess.run(
                [sys.executable, "-c", program, number], check=True, capture_output=True, text=True
            ).stdout
            for number in ("2", "3")
        )
    assert 'authgate_tokens_issued_total{grant="client_credentials"} 5.0' in told
    assert f'version="{__version__}"' in told
    assert "pid=" not in told
    assert not folder.exists()
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


def test_measuring_is_cheap_enough_for_every_request() -> None:
    """1.4 µs on a quiet core; the bound leaves room for a busy one."""

    def measure() -> None:
        metrics.request_answered(route="/oauth/token", method="POST", status=200, seconds=0.01)

    assert min(timeit.repeat(measure, number=2000, repeat=10)) / 2000 < 6e-6


def samples() -> Iterator[tuple[str, dict[str, str], float]]:
    for family in REGISTRY.collect():
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def value(name: str, **labels: str) -> float:
    return next((v for n, has, v in samples() if (n, has) == (name, labels)), 0.0)


@pytest.fixture
def count() -> Iterator[Callable[..., Count]]:
    """Make a family that is gone after the test."""
    made: list[Count] = []

    def make(name: str, *labels: str) -> Count:
        made.append(Count(name, "For this test.", *labels))
        return made[-1]

    yield make
    for each in made:
        REGISTRY.unregister(each._family)


def test_a_family_without_labels_is_counted_too(count: Callable[..., Count]) -> None:
    count("authgate_test_only_total").add()
    assert value("authgate_test_only_total") == 1


def test_ti_22_a_family_never_grows_beyond_its_bound(count: Callable[..., Count]) -> None:
    family = count("authgate_test_flood_total", "route", "method")
    for number in range(MOST_MEMBERS + 500):
        family.add(f"/invented/{number}", "GET")
    members = [labels for name, labels, _ in samples() if name == "authgate_test_flood_total"]
    assert len(members) == MOST_MEMBERS + 1
    assert value("authgate_test_flood_total", route="other", method="other") == 500
