"""Locks of a record in a file: one run per source, and the holders of a locked database.

The lock of a run is a file lock, which the operating system releases when the process ends. Whether
a run is alive is read from the lock, never from a stored process id; process ids only name the
holder in messages.
"""

import os
import sys
from io import BufferedIOBase
from pathlib import Path
from typing import Self


class FileLock:
    """Lock on the runs of one source; held until `release` or the end of the process."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file

    @classmethod
    def take(cls, database: Path, source: str) -> Self | None:
        """Acquire the lock; return None if another process holds it.

        The file stays behind empty: removing it would let two processes lock two files of one name.
        """
        mode = database.stat().st_mode & 0o666  # as the record itself is shared
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        file = os.fdopen(os.open(lock_file(database, source), flags, mode), "ab")
        if _lock(file):
            return cls(file)
        file.close()
        return None

    @classmethod
    def is_held(cls, database: Path, source: str) -> bool:
        """Return whether a process is writing a run of this source."""
        try:
            with lock_file(database, source).open("rb") as file:
                return not _lock(file)
        except FileNotFoundError:
            return False

    def check(self) -> None:
        """Do nothing: the system releases a file lock only when its process ends."""

    def release(self) -> None:
        """Release the lock."""
        self._file.close()


def lock_file(database: Path, source: str) -> Path:
    """Return the path of the lock file for runs of `source`."""
    return database.with_name(f"{database.name}-{source}.lock")


def writers(database: Path, table: Path = Path("/proc/locks")) -> list[str]:
    """Name the processes that keep `database` locked, as far as this system reports them.

    Linux lists locks by inode in `table`; in WAL mode the writer's is on the -shm file. Returns an
    empty list on other systems, and where the holder is in another container.
    """
    inodes = set()
    for suffix in ("", "-wal", "-shm"):
        try:
            inodes.add(str(database.with_name(database.name + suffix).stat().st_ino))
        except FileNotFoundError:
            continue
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    pids = set()
    for line in lines:
        # 1: POSIX  ADVISORY  WRITE 4711 fe:00:2180489 120 120; a waiting lock has -> before POSIX
        fields = line.split()
        if "WRITE" in fields and "->" not in fields and fields[5].rpartition(":")[2] in inodes:
            pids.add(int(fields[4]))
    return [_process(pid) for pid in sorted(pids)]


def _process(pid: int) -> str:
    """Return the name and id of a process for a message."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"pid {pid}"
    mine = ", this process" if pid == os.getpid() else ""
    return f"{name} (pid {pid}{mine})"


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BufferedIOBase) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: BufferedIOBase) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
