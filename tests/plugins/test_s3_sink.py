"""The bundled sink that writes to a bucket: its signatures are those of others, and a service
that checks them takes what it writes."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import authgate_s3
from authgate.plugin_api import ConnectorConfigError, parse_config
from authgate.plugin_manager import GuardedHttp
from authgate.pretend.host import Answer
from authgate.testing.fake_http import FakeHttp
from authgate.testing.sink_contract import EVENTS, events
from authgate_s3.bucket import BucketFailed
from authgate_s3.settings import BucketConfig
from authgate_s3.signing import signed
from authgate_testing.s3_server import S3Server, s3_running

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
KEY = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG"}
AT_AWS = {"endpoint": "https://s3.eu-central-1.amazonaws.com", "bucket": "acme-audit", **KEY}


@pytest.fixture(scope="module")
def service(certificate: tuple[Path, Path]) -> Iterator[S3Server]:
    with s3_running(certificate) as running:
        yield running


@pytest.fixture
async def http(certificate: tuple[Path, Path]) -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(allowed_networks=LOOPBACK, authorities=certificate[0]) as guarded:
        yield guarded


def at(service: S3Server, **more: Any) -> BucketConfig:
    said = {
        "endpoint": f"https://{service.host}",
        "bucket": service.bucket,
        "path_style": True,
        "access_key_id": service.access_key_id,
        "secret_access_key": service.secret_access_key,
    }
    return parse_config(BucketConfig, said | more)


async def test_a_batch_is_an_object_of_each_day_and_the_same_again_is_written_over_it(
    service: S3Server, http: GuardedHttp
) -> None:
    config = at(service, prefix="log/")
    await authgate_s3.audit_events(EVENTS, config, http)
    first = service.objects()
    assert sorted(first) == [
        f"log/acme/2026/03/02/{EVENTS[0].id}-{EVENTS[1].id}.jsonl.gz",
        f"log/acme/2026/03/03/{EVENTS[2].id}-{EVENTS[-1].id}.jsonl.gz",
    ]
    lines = [
        json.loads(line)
        for name in sorted(first)
        for line in gzip.decompress(first[name]).splitlines()
    ]
    assert [each["id"] for each in lines] == [each.id for each in EVENTS]
    assert [each["details"] for each in lines] == [dict(each.details) for each in EVENTS]
    await authgate_s3.audit_events(EVENTS, config, http)
    assert service.objects() == first


async def test_tenants_have_names_of_their_own_in_a_bucket_that_they_share(
    service: S3Server, http: GuardedHttp
) -> None:
    config = at(service, format="ocsf")
    for tenant in ("acme", "globex"):
        await authgate_s3.audit_events(events(tenant, 2), config, http)
    for tenant, other in (("acme", "globex"), ("globex", "acme")):
        [kept] = [
            value for name, value in service.objects().items() if name.startswith(f"{tenant}/")
        ]
        assert {
            json.loads(each)["metadata"]["tenant_uid"]
            for each in gzip.decompress(kept).splitlines()
        } == {tenant}
        assert other.encode() not in gzip.decompress(kept)


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret_access_key": "another"},
        {"access_key_id": "AKIAANOTHER"},
        {"bucket": "not-there"},
    ],
    ids=lambda each: next(iter(each)),
)
async def test_what_the_service_does_not_take_is_not_taken_and_told_without_its_words(
    service: S3Server, http: GuardedHttp, wrong: dict[str, object]
) -> None:
    with pytest.raises(BucketFailed):
        await authgate_s3.audit_events(EVENTS, at(service, **wrong), http)
    [step] = await authgate_s3.examine_config("acme", at(service, **wrong), http)
    assert (step.passed, step.said) == (False, "It does not take the object.")


async def test_a_test_writes_an_object_over_the_one_before(
    service: S3Server, http: GuardedHttp
) -> None:
    for _ in range(2):
        [step] = await authgate_s3.examine_config("initech", at(service), http)
        assert step.passed
    assert [name for name in service.objects() if "initech" in name] == ["initech/test.jsonl.gz"]


@pytest.mark.parametrize("port", ["", ":443"], ids=["no-port", "port"])
@pytest.mark.parametrize("path_style", [True, False], ids=["path", "host"])
async def test_a_signature_is_the_one_that_the_library_of_aws_makes(
    path_style: bool, port: str
) -> None:
    """The very headers that are sent, signed by it once more."""
    http = FakeHttp()
    service = "s3.eu-central-1.amazonaws.com"
    http.serve(service if path_style else f"acme-audit.{service}", lambda _: Answer())
    config = parse_config(
        BucketConfig,
        AT_AWS
        | {"endpoint": f"https://{service}{port}", "region": "eu-central-1"}
        | {"prefix": "a/b_c.d/", "path_style": path_style},
    )
    await authgate_s3.audit_events(EVENTS[:1], config, http)
    [(host, asked)] = http.asked
    assert asked.method == "PUT"
    assert asked.path.startswith("/acme-audit/a/" if path_style else "/a/")
    others = {
        name: value
        for name, value in asked.headers.items()
        if name not in {"authorization", "x-amz-date", "x-amz-content-sha256"}
    }
    theirs = AWSRequest("PUT", f"https://{host}{asked.path}", headers=others, data=asked.body)
    theirs.context["timestamp"] = asked.headers["x-amz-date"]
    library = S3SigV4Auth(Credentials(*KEY.values()), "s3", "eu-central-1")
    theirs.headers["x-amz-content-sha256"] = asked.headers["x-amz-content-sha256"]
    theirs.headers["x-amz-date"] = asked.headers["x-amz-date"]
    text = library.string_to_sign(theirs, library.canonical_request(theirs))
    assert asked.headers["authorization"].endswith(f"Signature={library.signature(text, theirs)}")


def test_the_key_itself_is_in_no_header() -> None:
    config = parse_config(BucketConfig, AT_AWS)
    headers = signed("/a", {"content-type": "text/plain"}, b"", config, now=datetime.now(UTC))
    assert KEY["secret_access_key"] not in str(headers)
    assert KEY["access_key_id"] in headers["authorization"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://s3.example"},
        {"endpoint": "https://s3.example/path"},
        {"endpoint": "https://s3.example:65536"},
        {"bucket": "A"},
        {"bucket": "a..b"},
        {"bucket": "logs.acme"},
        {"access_key_id": "a/b"},
        {"region": "eu central"},
        {"prefix": "/audit"},
        {"prefix": "../"},
        {"format": "csv"},
    ],
    ids=str,
)
def test_what_names_no_bucket_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConnectorConfigError) as refused:
        parse_config(BucketConfig, AT_AWS | wrong)
    assert [refused.value.field] == list(wrong)
