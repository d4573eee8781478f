"""Workers for many like tasks: processes of this machine, or those of a Ray cluster."""

import concurrent.futures
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

RETRIES = 3  # of a task whose worker died


class Lost(RuntimeError):
    """A task whose workers died, again and again."""


class WorkersError(RuntimeError):
    """There are no workers any more."""


@dataclass(frozen=True)
class Workers:
    """Do tasks, whatever does them."""

    submit: Callable[..., Any]  # gives a ticket
    first: Callable[[Sequence[Any]], Sequence[Any]]  # of tickets: those that are done, at least one
    result: Callable[[Any], Any]  # of a ticket. Raises what the task does, Lost and WorkersError
    most: Callable[[], int]  # tasks that keep all of them busy


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def processes(task: Callable[..., Any], count: int) -> Iterator[Workers]:
    """Hold processes of this machine; what they have not finished when the block raises is given up."""

    def result(ticket: Any) -> Any:
        try:
            return ticket.result()
        except BrokenProcessPool:
            said = "a process was ended from outside, maybe for lack of memory: fewer --jobs need less"
            raise WorkersError(f"{said}; what is done is not done again") from None

    def first(tickets: Sequence[Any]) -> Sequence[Any]:
        return list(concurrent.futures.wait(tickets, return_when=FIRST_COMPLETED).done)

    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin)
    try:
        yield Workers(lambda *arguments: pool.submit(task, *arguments), first, result, lambda: count)
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leave Ctrl-C to the process that began this one, end in good order, and at the latest with that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()  # Where it was killed, nobody else would end this process.
    os._exit(1)


@contextmanager
def ray_cluster(task: Callable[..., Any], address: str) -> Iterator[Workers]:
    """Hold a connection to a Ray cluster; "local" starts one of this machine. Raises ValueError where there is none."""
    try:
        import ray
    except ImportError:
        raise ValueError("--ray needs the package ray, which is an extra of this one") from None
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, ValueError) as error:
        raise ValueError(f"--ray {address}: there is no such cluster: {error}") from None
    remote = ray.remote(num_cpus=1, max_retries=RETRIES)(task)

    def result(ticket: Any) -> Any:
        try:
            return ray.get(ticket)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise Lost(f"its worker died {RETRIES + 1} times: {type(error).__name__}") from None

    try:
        yield Workers(
            remote.remote, lambda tickets: ray.wait(tickets)[0], result,
            lambda: max(2, 2 * int(ray.cluster_resources().get("CPU", 0))),
        )  # fmt: skip
    finally:
        ray.shutdown()
