"""Storage of published files: a local folder or any fsspec URL.

A file gets its final name only when it is complete, and a failed write leaves files that already
had their names unchanged.
"""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from blake3 import blake3

from patchfleet.addresses import shown, without_secrets
from patchfleet.errors import StoreError

if TYPE_CHECKING:
    import duckdb

Digests = dict[str, str]
"""The digest of each file of a publication by its name, the kind of digest before it.

SHA-256 digests of earlier versions have no kind.
"""
_KINDS: dict[str, Any] = {"blake3": blake3, "": hashlib.sha256}


class Storage(Protocol):
    """The operations that publications need of a storage."""

    @property
    def address(self) -> Path | str:
        """The folder or URL that contains all publications."""
        ...

    def name_of(self, folder: str, name: str) -> str:
        """Return the path or URL of a file, for messages and for DuckDB."""
        ...

    def connect(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Make the files readable for a connection."""
        ...

    def put(self, work: Path, folder: str, names: Iterable[str]) -> Digests:
        """Move files from `work` into `folder`, replacing those there; return their digests."""
        ...

    def verify(self, folder: str, digests: Digests) -> list[str]:
        """Return a line for each file that is missing, damaged or outdated."""
        ...

    def is_plain(self, folder: str, names: Iterable[str]) -> bool:
        """Return whether opening these files cannot block."""
        ...

    def delete(self, folder: str) -> None:
        """Delete a folder that no publication refers to."""
        ...

    def delete_files(self, folder: str, names: Iterable[str]) -> None:
        """Delete files that no publication refers to, as far as they exist."""
        ...

    def folders(self, parent: str) -> list[str]:
        """List the names in the folder `parent`, none if it does not exist."""
        ...


def open_storage(address: Path | str, *, is_private: bool = True) -> Storage:
    """Return the storage at a folder or, with `://`, at a URL that fsspec supports.

    Files in a folder are readable by their owner only if it `is_private`, else as the umask has it.
    """
    if isinstance(address, str) and "://" in address:
        return ObjectStorage(address)
    return LocalStorage(Path(address), is_private=is_private)


class LocalStorage:
    """A local or shared folder."""

    def __init__(self, path: Path, *, is_private: bool = True) -> None:
        self.address = path
        self._is_private = is_private

    def name_of(self, folder: str, name: str) -> str:
        """Return the path or URL of a file."""
        return str(self.address / folder / name)

    def connect(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Do nothing: DuckDB reads files."""

    def put(self, work: Path, folder: str, names: Iterable[str]) -> Digests:
        """Rename all files once they are on the disk; `work` is inside `folder`."""
        there = self.address / folder
        names = list(names)
        for name in names:
            with (work / name).open("r+b") as file:
                os.fsync(file.fileno())
        digests = {name: _digest(work / name) for name in names}
        for name in names:
            if self._is_private:
                (work / name).chmod(0o600)
            with suppress(OSError):  # an empty folder that has a file's name
                (there / name).rmdir()
            (work / name).replace(there / name)
        _sync_folder(there)
        return digests

    def verify(self, folder: str, digests: Digests) -> list[str]:
        """Return a line for each file that is missing, damaged or outdated, or for the folder."""
        there = self.address / folder
        if not there.is_dir():
            return [f"{there} is missing"]
        if self._leads_away(there):
            return [f"{there} is a link to elsewhere"]
        found = []
        for name, digest in digests.items():
            try:
                with _regular(there / name) as file:
                    if _digest_of(file, like=digest) != digest:
                        found.append(f"{there / name} is {_other(digest)}")
            except FileNotFoundError:
                found.append(f"{there / name} is {_other(digest, 'missing')}")
            except OSError as error:
                found.append(f"{there / name} cannot be read: {error.strerror}")
        return found

    def is_plain(self, folder: str, names: Iterable[str]) -> bool:
        """Return whether these are regular files: opening a pipe, for example, may block."""
        there = self.address / folder
        try:
            return not self._leads_away(there) and all(
                stat.S_ISREG((there / name).lstat().st_mode) for name in names
            )
        except OSError:
            return False

    def make(self, folder: str) -> Path:
        """Create a folder if it does not exist, for its owner only if `is_private`."""
        there = self.address / folder
        for path in (*reversed(there.parents), there):
            if path.is_symlink() and self.address in path.parents and self._leads_away(path):
                path.unlink()
            if not path.is_dir():
                path.mkdir(0o700 if self._is_private else 0o777, exist_ok=True)
        return there

    def _leads_away(self, there: Path) -> bool:
        return not there.resolve().is_relative_to(self.address.resolve())

    def delete(self, folder: str) -> None:
        """Delete a folder."""
        shutil.rmtree(self.address / folder, ignore_errors=True)

    def delete_files(self, folder: str, names: Iterable[str]) -> None:
        """Delete files, as far as they exist."""
        for name in names:
            path = self.address / folder / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"{path} cannot be deleted: {error.strerror}",
                    hint="change the permissions of its folder, then try again",
                ) from error

    def folders(self, parent: str) -> list[str]:
        """List the names in a folder, none if it does not exist."""
        try:
            return sorted(path.name for path in (self.address / parent).iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(
                f"{self.address / parent} cannot be listed: {error.strerror}",
                hint="change its permissions, then try again",
            ) from error


class ObjectStorage:
    """An object storage at a URL of fsspec: s3://, gs://, abfs://, …"""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        try:
            from fsspec.core import url_to_fs
        except ModuleNotFoundError as error:
            raise StoreError(
                f"publishing to {shown(self.address)} needs fsspec, which is not installed",
                hint='pip install "patchfleet[storage]"',
            ) from error
        try:
            self._files, self._root = url_to_fs(self.address)
        except (ImportError, ValueError) as error:
            kind = self.address.partition("://")[0]
            raise StoreError(
                f"nothing here can publish to {kind}://: {_reason(error, self.address)}",
                hint="install the package that fsspec names for it, for example s3fs",
            ) from error

    def name_of(self, folder: str, name: str) -> str:
        """Return the path or URL of a file."""
        return f"{self.address}/{folder}/{name}"

    def connect(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Let DuckDB read through fsspec."""
        connection.register_filesystem(self._files)

    def put(self, work: Path, folder: str, names: Iterable[str]) -> Digests:
        """Upload every file; an upload gets its name only when it is complete."""
        digests = {}
        self._files.makedirs(f"{self._root}/{folder}", exist_ok=True)
        for name in names:
            digests[name] = _digest(work / name)
            self._files.put_file(str(work / name), f"{self._root}/{folder}/{name}")
        return digests

    def verify(self, folder: str, digests: Digests) -> list[str]:
        """Return a line for each file that is missing, damaged or outdated, or for the folder."""
        if not self._files.exists(f"{self._root}/{folder}"):
            return [f"{shown(self.address)}/{folder} is missing"]
        found = []
        for name, digest in digests.items():
            what = f"{shown(self.address)}/{folder}/{name}"
            try:
                with self._files.open(f"{self._root}/{folder}/{name}", "rb") as file:
                    is_same = _digest_of(file, like=digest) == digest
            except FileNotFoundError:
                found.append(f"{what} is {_other(digest, 'missing')}")
                continue
            if not is_same:
                found.append(f"{what} is {_other(digest)}")
        return found

    def is_plain(self, folder: str, names: Iterable[str]) -> bool:  # noqa: ARG002 -- they all are
        """Return True: every object is a plain file."""
        return True

    def delete(self, folder: str) -> None:
        """Delete a folder."""
        if self._files.exists(f"{self._root}/{folder}"):
            self._files.rm(f"{self._root}/{folder}", recursive=True)

    def delete_files(self, folder: str, names: Iterable[str]) -> None:
        """Delete files, as far as they exist."""
        for name in names:
            if self._files.exists(f"{self._root}/{folder}/{name}"):
                self._files.rm_file(f"{self._root}/{folder}/{name}")

    def folders(self, parent: str) -> list[str]:
        """List the names in a folder, none if it does not exist."""
        self._files.invalidate_cache()
        try:
            paths = self._files.ls(f"{self._root}/{parent}", detail=False)
        except FileNotFoundError:
            return []
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in paths)


def _reason(error: Exception, address: str) -> str:
    lines = str(error).splitlines() or [""]
    return without_secrets(lines[0], address) or type(error).__name__


def _sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    if os.name == "posix":  # elsewhere a folder cannot be opened, and need not be
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _regular(path: Path) -> BinaryIO:
    """Open a regular file without blocking; raise OSError for anything else."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(descriptor, "rb")


def _other(digest: str, harm: str = "damaged") -> str:
    """Return the word for a file that differs; the record empties the digest of an outdated one."""
    return harm if digest else "outdated"


def _digest(path: Path, like: str = "blake3:") -> str:
    with path.open("rb") as file:
        return _digest_of(file, like)


def _digest_of(file: Any, like: str) -> str:
    """Return the digest of a file, of the same kind as `like`; see decision 22."""
    kind, mark, _ = like.rpartition(":")
    return f"{kind}{mark}{hashlib.file_digest(file, _KINDS[kind]).hexdigest()}"
