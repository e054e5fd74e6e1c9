"""Objects into the bucket.

What it answers is shown to nobody: else whoever may name a server could look around.
"""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

from authgate.plugin_api import HttpClient
from authgate_s3.objects import BucketObject
from authgate_s3.settings import BucketConfig
from authgate_s3.signing import signed

_GZIP = "application/gzip"


class BucketFailed(Exception):
    """The bucket is not there, or takes nothing from us."""


async def put(one: BucketObject, config: BucketConfig, http: HttpClient) -> None:
    """Write an object. Raises ``BucketFailed`` and ``HttpFailure``."""
    path = config.path_of(one.key)
    headers = {
        "content-type": _GZIP,
        # Asked for where objects are locked against changes.
        "x-amz-checksum-sha256": b64encode(sha256(one.content).digest()).decode("ascii"),
    }
    answer = await http.put_bytes(
        f"https://{config.host}{path}",
        content=one.content,
        content_type=_GZIP,
        headers=signed(path, headers, one.content, config, now=datetime.now(UTC)),
    )
    if not answer.ok:
        raise BucketFailed("It does not take the object.")
