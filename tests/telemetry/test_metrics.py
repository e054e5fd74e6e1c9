"""What is measured, under which names, and never per tenant."""

import os
import subprocess
import sys
import timeit
from collections.abc import Callable, Iterator

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from authgate import __version__
from authgate.telemetry import metrics
from authgate.telemetry.families import MOST_MEMBERS, REGISTRY, Count
from authgate.telemetry.shared_folder import shared_folder

LABELS = {
    "authgate_http_request_duration_seconds": {"route", "method", "status_class"},
    "authgate_tokens_issued": {"grant"},
    "authgate_logins": {"method", "result"},
    "authgate_device_requests": {"result"},
    "authgate_rate_limited": {"rule"},
    "authgate_client_authentications": {"method", "result"},
    "authgate_plugin_hook_duration_seconds": {"plugin", "hook"},
    "authgate_job_duration_seconds": {"job", "result"},
    "authgate_expired_rows_removed": {"table"},
    "authgate_append_log_batch_rows": set(),
    "authgate_build_info": {"version", "python"},
}
"""Every family and its labels. There is none for a tenant, a client or a person."""


def families() -> dict[str, Metric]:
    metrics.request_answered(route="/oauth/token", method="POST", status=200, seconds=0.01)
    metrics.tokens_issued.add("client_credentials")
    metrics.logins.add("password", "success")
    metrics.device_requests.add("approved")
    metrics.rate_limited.add("login_per_ip")
    metrics.client_authentications.add("client_secret_basic", "success")
    metrics.plugin_hook_seconds.observe(0.1, "github", "identify")
    metrics.job_seconds.observe(0.1, "remove-expired", "done")
    metrics.expired_rows_removed.add("tokens", by=3)
    metrics.append_log_batch_rows.observe(7)
    _, text = metrics.exposition()
    return {each.name: each for each in text_string_to_metric_families(text.decode())}


def labels_of(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}


def test_ti_22_every_family_has_the_labels_it_is_allowed_and_no_other() -> None:
    found = families()
    ours = {name: labels_of(each) for name, each in found.items() if name.startswith("authgate_")}
    assert ours == LABELS


def test_ti_22_nothing_else_is_registered() -> None:
    families()
    known = {family.name for family in REGISTRY.collect()}
    assert {name for name in known if not name.startswith("process_")} == set(LABELS)


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
    measured = {"route": "/livez", "method": "GET", "status_class": "2xx"}
    name = "authgate_http_request_duration_seconds_bucket"
    metrics.request_answered(route="/livez", method="GET", status=200, seconds=0.003)
    assert value(name, **measured, le="0.0025") == 0
    assert value(name, **measured, le="0.005") == 1


def test_the_build_tells_its_version() -> None:
    [sample] = families()["authgate_build_info"].samples
    assert sample.labels["version"] == __version__


def test_several_processes_are_counted_together_in_a_folder_that_goes_with_them() -> None:
    program = (
        "import sys; from authgate.telemetry import metrics;"
        "metrics.tokens_issued.add('client_credentials', by=int(sys.argv[1]));"
        "metrics.request_answered(route='/x', method='GET', status=200, seconds=0.1);"
        "sys.stdout.write(metrics.exposition()[1].decode())"
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
