"""Parallel calls in daemon threads.

Daemons, since a call may wait for its response for minutes and an interrupted sync must end at
once. Each thread touches nothing but its own calls.
"""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")


def imap_unordered(
    call: Callable[[A], R], asked: Sequence[A], at_once: int
) -> Generator[tuple[int, R | BaseException], None, None]:
    """Yield the index of each of `asked` with the result or the error of its call, as they come.

    Close it when leaving the loop early (`contextlib.closing`): a traceback holds a reference to
    the generator, and the calls would go on. The queue of results is short, so that memory does not
    grow with the fleet when recording is slower than reading.
    """
    todo: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    done: queue.Queue[tuple[int, R | BaseException]] = queue.Queue(2 * at_once)
    stopping = threading.Event()

    def work() -> None:
        while (place := todo.get()) is not None and not stopping.is_set():
            try:
                result: R | BaseException = call(asked[place])
            except BaseException as error:  # noqa: BLE001 -- handed to the loop, which raises it
                result = error
            done.put((place, result))

    for place in range(len(asked)):
        todo.put(place)
    for _ in range(min(at_once, len(asked))):
        todo.put(None)
        threading.Thread(target=work, name="patchfleet-call", daemon=True).start()
    try:
        for _ in asked:
            yield done.get()
    finally:
        stopping.set()
        while not done.empty():  # let a thread that waits for room go
            done.get_nowait()
