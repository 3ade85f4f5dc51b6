"""Several calls at once, in threads that nobody has to wait for.

Law of this file: the threads are daemons and touch nothing but the call they were given, so that
whoever interrupts the loop is let go at once, though a call may wait for its answer for minutes.
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
    """Yield the place of each of `asked` with the result of its call or its error, as they come.

    Close it when leaving the loop early (`contextlib.closing`): an error would keep it, and with it
    the calls, going for as long as somebody holds the error. The queue of results is short, so that
    memory does not grow with the fleet when recording is slower than reading.
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
