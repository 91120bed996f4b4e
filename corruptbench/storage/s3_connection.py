"""The connection to S3 of a process, and what its errors mean."""

from __future__ import annotations

import atexit
import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from corruptbench.errors import InputError, StorageError

#: Attempts of a request that fails, with growing pauses of pyarrow's: 10 to 20 s, our own choice.
ATTEMPTS = 6
OPTIONS = ("endpoint_override", "scheme", "region")
_ERROR = re.compile(r"AWS Error (\w+) during \w+ operation: (.*)", re.DOTALL)
_REFUSED = {
    "ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "INVALID_CLIENT_TOKEN_ID", "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN", "REQUEST_EXPIRED", "SIGNATURE_DOES_NOT_MATCH",
    "UNRECOGNIZED_CLIENT",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Connection:
    """How S3 is reached; what is empty is found by the software of AWS, like the credentials.

    Attributes:
        endpoint: address of the server, with or without a scheme; "" for that of AWS.
        scheme: "http" or "https".
        region: of AWS.
    """

    endpoint: str = ""
    scheme: str = ""
    region: str = ""

    @classmethod
    def parse(cls, query: str) -> Connection:
        """Return the connection of a URI's query; the endpoint may come from the environment.

        Raises:
            InputError: an option is unknown.
        """
        found = dict(parse_qsl(query, keep_blank_values=True))
        for name in found:
            if name not in OPTIONS:
                raise InputError(
                    f"s3://...?{name}=...: unknown option; expected {', '.join(OPTIONS)} "
                    "(credentials come from the environment)"
                )
        if found.get("scheme", "http") not in ("http", "https"):
            raise InputError("s3://...?scheme=...: expected http or https")
        given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        return cls(
            endpoint=found.get("endpoint_override", given),
            scheme=found.get("scheme", ""),
            region=found.get("region", ""),
        )

    def __str__(self) -> str:
        return self.endpoint.rpartition("@")[2] or "S3"


@cache
def file_system(connection: Connection) -> Any:
    """Return the file system of pyarrow for a connection; each process makes its own."""
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

    atexit.register(_end)
    options = {
        "endpoint_override": connection.endpoint,
        "scheme": connection.scheme,
        "region": connection.region,
    }
    return S3FileSystem(
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
        **{name: value for name, value in options.items() if value},
    )


def _end() -> None:
    """End all connections before the interpreter does, which at times aborts the process."""
    from pyarrow.fs import finalize_s3

    file_system.cache_clear()
    gc.collect()  # files and connections in cycles
    finalize_s3()


@contextmanager
def explained(place: str, bucket: str, connection: Connection) -> Iterator[None]:
    """Turn the errors of S3 within the block into `StorageError`; others stay as they are.

    Args:
        place: of the object.
        bucket: its bucket.
        connection: to S3.
    """
    try:
        yield
    except OSError as error:
        match = _ERROR.search(str(error))
        if match is None:
            raise
        raise StorageError(
            f"{place}: {_sentence(match[1], match[2], bucket, connection)}"
        ) from None


def _sentence(kind: str, text: str, bucket: str, connection: Connection) -> str:
    """Return what is wrong, and what to do."""
    said = text.partition("Details: ")[2] or text.partition(" (Request ID")[0]
    if kind == "NO_SUCH_BUCKET":
        return f"there is no bucket '{bucket}' at {connection}; correct its name, or create it"
    if kind in _REFUSED:
        return f"{connection} denies access ({kind}); {_credentials()}"
    again = "then run the same command again"
    if kind == "NETWORK_CONNECTION":
        return (
            f"no connection to {connection} in {ATTEMPTS} attempts ({said}); check the network and "
            f"the endpoint (AWS_ENDPOINT_URL, endpoint_override, scheme), {again}"
        )
    return (
        f"{connection} refuses ({kind}: {said}); set AWS_REGION if it is about the region, {again}"
    )


def _credentials() -> str:
    """Say what to do about credentials, without showing any."""
    rights = "to list the bucket, and to get, put and delete objects"
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return f"AWS_ACCESS_KEY_ID is set: check that this key is right, and has the right {rights}"
    return (
        "AWS_ACCESS_KEY_ID is not set: set it and AWS_SECRET_ACCESS_KEY, or use a profile or role "
        f"of AWS that has the right {rights}"
    )
