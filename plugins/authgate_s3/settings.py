"""What a tenant says of its bucket."""

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from authgate.plugin_api import ConnectorConfigError, EventFormat, Secret, Setting, check_format
from authgate.plugin_api.hosts import check_https

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*")
_REGION = re.compile(r"[a-z0-9-]{1,64}")
_KEY_ID = re.compile(r"[!-.0-~]{1,128}")
_LONGEST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketConfig:
    """What a tenant chooses."""

    endpoint: Annotated[
        str,
        Setting(
            "Where the service is: https://s3.eu-central-1.amazonaws.com, or your own.",
            label="Endpoint",
            place=True,
        ),
    ]
    bucket: Annotated[
        str, Setting("The name of the bucket, which is there.", label="Bucket", place=True)
    ]
    access_key_id: Annotated[
        str,
        Setting(
            "The key's identifier. All that it has to be allowed is s3:PutObject.",
            label="Access key",
        ),
    ]
    secret_access_key: Annotated[Secret, Setting("The key itself.", label="Secret access key")]
    region: Annotated[
        str,
        Setting("The region, which is signed too: MinIO has us-east-1.", label="Region"),
    ] = "us-east-1"
    prefix: Annotated[
        str,
        Setting(
            "What the names of objects begin with, such as audit/. The tenant follows.",
            label="Prefix",
        ),
    ] = ""
    path_style: Annotated[
        bool,
        Setting(
            "Say the bucket in the path, as MinIO has it, and not in the name of the host.",
            label="Bucket in the path",
        ),
    ] = False
    format: Annotated[
        str,
        Setting("What events are written as: plain, ecs or ocsf.", label="Format"),
    ] = EventFormat.PLAIN.value

    def __post_init__(self) -> None:
        check_https("endpoint", self.endpoint)
        if urlsplit(self.endpoint).path not in {"", "/"}:
            raise ConnectorConfigError("endpoint", "must have no path")
        if not _BUCKET.fullmatch(self.bucket) or ".." in self.bucket:
            raise ConnectorConfigError("bucket", "is no name of a bucket")
        if "." in self.bucket and not self.path_style:
            raise ConnectorConfigError(
                "bucket", "has a dot, so no certificate covers it: have it in the path"
            )
        if not _KEY_ID.fullmatch(self.access_key_id):
            raise ConnectorConfigError("access_key_id", "must be plain characters, without a slash")
        if not self.secret_access_key.reveal():
            raise ConnectorConfigError("secret_access_key", "must not be empty")
        if not _REGION.fullmatch(self.region):
            raise ConnectorConfigError("region", "is no name of a region")
        if not _PREFIX.fullmatch(self.prefix) or len(self.prefix) > _LONGEST:
            raise ConnectorConfigError("prefix", "must be names, each with a slash behind it")
        check_format("format", self.format)

    @property
    def host(self) -> str:
        """The host that is asked."""
        # Without the port that goes without saying: clients say no other, and that is signed.
        service = urlsplit(self.endpoint).netloc.removesuffix(":443")
        return service if self.path_style else f"{self.bucket}.{service}"

    def path_of(self, key: str) -> str:
        """The path of an object."""
        return f"/{self.bucket}/{key}" if self.path_style else f"/{key}"
