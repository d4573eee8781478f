"""Stands in for Spaces' package of this name: each call runs in a forked process that is killed when its time is over.

As there, what goes in is forked and what comes out is pickled: nothing that the call changes in memory remains.
"""

import functools
import multiprocessing
import pickle
import time
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

CALLS: list[float] = []  # seconds that each call asked for
SENT: list[bool] = []  # whether each record that came out of a call held a scene
QUOTA: list[float] = [float("inf")]  # seconds that may still be asked for


def GPU(duration: Callable[..., float]) -> Callable[..., Any]:
    def decorate(function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        @functools.wraps(function)
        def called(*arguments: Any) -> Iterator[Any]:
            seconds = duration(*arguments)
            if seconds > QUOTA[0]:
                raise gr.Error(f"You have exceeded your GPU quota ({seconds:.0f}s requested)")
            QUOTA[0] -= seconds
            CALLS.append(seconds)
            yield from _forked(function, arguments, seconds)

        return called

    return decorate


def _forked(function: Callable[..., Iterator[Any]], arguments: tuple[Any, ...], seconds: float) -> Iterator[Any]:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        for item in function(*arguments):
            sender.send_bytes(pickle.dumps(item))
        sender.send_bytes(pickle.dumps(None))

    process = context.Process(target=work, daemon=True)
    process.start()
    end = time.monotonic() + seconds
    try:
        while True:
            if not receiver.poll(max(0, end - time.monotonic())):
                raise gr.Error("GPU task aborted")
            item = pickle.loads(receiver.recv_bytes())
            if item is None:
                return
            SENT.append(item.checkpoint is not None)
            yield item
    finally:
        process.kill()
        process.join()
