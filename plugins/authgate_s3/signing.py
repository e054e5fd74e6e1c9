"""AWS Signature Version 4, in the headers of a request that writes an object.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from authgate_s3.settings import BucketConfig

_ALGORITHM = "AWS4-HMAC-SHA256"


def signed(
    path: str, headers: Mapping[str, str], content: bytes, config: BucketConfig, *, now: datetime
) -> dict[str, str]:
    """These headers, of lower-case names, and those that sign them with the path and the content.

    The path is of characters that need no escape.
    """
    moment, digest = f"{now:%Y%m%dT%H%M%SZ}", sha256(content).hexdigest()
    sent = {**headers, "x-amz-content-sha256": digest, "x-amz-date": moment}
    covered = dict(sorted({**sent, "host": config.host}.items()))
    names = ";".join(covered)
    lines = "".join(f"{name}:{value}\n" for name, value in covered.items())
    request = f"PUT\n{path}\n\n{lines}\n{names}\n{digest}"
    scope = f"{moment[:8]}/{config.region}/s3/aws4_request"
    said = f"{_ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode('ascii')).hexdigest()}"
    signature = hmac.digest(_key(scope, config), said.encode("ascii"), "sha256").hex()
    credential = f"Credential={config.access_key_id}/{scope}"
    return {
        **sent,
        "authorization": f"{_ALGORITHM} {credential},SignedHeaders={names},Signature={signature}",
    }


def _key(scope: str, config: BucketConfig) -> bytes:
    key = f"AWS4{config.secret_access_key.reveal()}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode("ascii"), "sha256")
    return key
