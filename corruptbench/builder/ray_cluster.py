"""Connect to a Ray cluster, or start one on this machine, and divide its resources."""

from __future__ import annotations

import logging
import math
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from corruptbench.errors import InputError
from corruptbench.processors import usable_processors
from corruptbench.progress import counted

#: Bytes of the object store of a cluster that is started here: near the least that Ray takes, as
#: only names of clips and counts travel.
STORE = 100_000_000
#: Read when Ray is imported. A cluster that is started here reports its use to nobody, and lines of
#: other nodes (20 for each node that dies) do not get into the output.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}
#: Seconds in which a cluster has to take a connection. Ray itself tries for minutes.
ANSWER = 5.0
_SILENT: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
#: Ray counts resources in steps of 1/10000.
STEP = 10_000


@dataclass(frozen=True)
class Cluster:
    """The resources of a cluster.

    Attributes:
        where: its address and size, or that it was started here, for people.
        cpus: number of processors.
        gpus: number of GPUs.
    """

    where: str
    cpus: int
    gpus: int

    def workers(self, device: str) -> int:
        """Return the default number of workers: one for each GPU, or for each processor."""
        return self.cpus if device == "cpu" else self.gpus


def load_ray() -> Any:
    """Import Ray.

    Raises:
        InputError: it is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return import_module("ray")
    except ImportError:
        raise InputError(
            "the engine ray needs the package ray, which is not installed; install it with "
            "pip install 'corruptbench[ray]'",
            "engine",
        ) from None


@contextmanager
def connected(device: str) -> Iterator[Cluster]:
    """Connect to the running cluster (RAY_ADDRESS, or one on this machine), or else start one.

    A connection that the caller's own program has made is used, and stays.

    Raises:
        InputError: Ray is not installed; the cluster cannot be reached, runs other versions, or
            has no GPU though one is asked for; or the device has a number.
    """
    if ":" in device:
        kind = device.partition(":")[0]
        message = f"device '{device}': Ray chooses the GPU of each worker; expected {kind}"
        raise InputError(message, "device")
    ray = load_ray()
    own = not ray.is_initialized()
    try:
        how = _connect(ray) if own else "the Ray cluster of this program"
        cluster = _cluster(ray, how)
        if device != "cpu" and not cluster.gpus:
            raise InputError(f"device '{device}': {cluster.where}: it has no GPU", "device")
        yield cluster
    finally:
        if own:
            ray.shutdown()


def share(total: int, workers: int) -> float:
    """Return how much of a resource each worker takes: 1, or 1/n where n workers share one.

    Args:
        total: GPUs or processors of the cluster, at least 1.
        workers: number of workers.
    """
    sharing = math.ceil(workers / total)
    return STEP // sharing / STEP


def options(ray: Any, device: str, workers: int) -> dict[str, Any]:
    """Return what an actor takes: (part of) a processor, and of a GPU if there is one to take."""
    have = ray.cluster_resources()
    gpus = 0.0 if device == "cpu" else share(int(have["GPU"]), workers)
    return {
        "num_cpus": share(max(int(have.get("CPU", 0)), 1), workers),
        "num_gpus": gpus,
        "max_restarts": 0,
        "scheduling_strategy": "SPREAD",
        "concurrency_groups": {"count": 1},  # beside the one thread that builds
    }


def _cluster(ray: Any, how: str) -> Cluster:
    have = ray.cluster_resources()
    cpus, gpus = max(int(have.get("CPU", 0)), 1), int(have.get("GPU", 0))
    nodes = sum(node["Alive"] for node in ray.nodes())
    size = [counted(nodes, "node"), counted(cpus, "processor"), counted(gpus, "GPU")]
    return Cluster(f"{how} ({', '.join(size)})", cpus, gpus)


def _connect(ray: Any) -> str:
    """Connect to the cluster that is there, or start one; return what it is, for people."""
    with _same_signals():
        if _is_there():
            try:
                context = ray.init(address="auto", **_SILENT)
                return f"the Ray cluster at {context.address_info['address']}"
            except ConnectionError as error:
                if "RAY_ADDRESS" in os.environ or "Failed to connect" in str(error):
                    raise InputError(
                        f"the Ray cluster does not take this connection: {_line(error)}; if it is "
                        "protected by a token, as is usual, set RAY_AUTH_MODE=token, and give "
                        "this machine the cluster's ~/.ray/auth_token"
                    ) from error
            except (RuntimeError, ValueError) as error:  # other versions, or no address
                raise InputError(f"the Ray cluster cannot be used: {_line(error)}") from error
        ray.init(
            address="local", num_cpus=usable_processors(), object_store_memory=STORE,
            include_dashboard=False, **_SILENT,
        )  # fmt: skip
    return "a Ray cluster started on this machine, as none was found"


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _is_there() -> bool:
    """Tell whether a cluster may be there: not if the last one of this machine answers no more.

    Raises:
        InputError: nothing answers at the address that a user has set.
    """
    if wanted := os.environ.get("RAY_ADDRESS"):
        if problem := _unreachable(wanted):
            raise InputError(
                f"RAY_ADDRESS={wanted}: no Ray cluster answers there ({problem}); start it, or "
                "unset RAY_ADDRESS to build on this machine"
            )
        return True
    last = import_module("ray._private.utils").read_ray_address()  # a crash leaves it there
    return not (last and _unreachable(last))


def _unreachable(address: str) -> str:
    """Return why no connection can be made to an address; empty if one can."""
    match = re.fullmatch(r"(?:ray://)?(.+):(\d{1,5})", address)
    if not match:  # a word such as "auto", which Ray knows
        return ""
    try:
        socket.create_connection((match[1], int(match[2])), ANSWER).close()
    except (OSError, OverflowError) as error:
        return str(error)
    return ""


@contextmanager
def _same_signals() -> Iterator[None]:
    """Undo that Ray takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)
