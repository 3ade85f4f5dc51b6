"""Where publications stand: a folder, or an object storage that teams share.

Law of this file: a file has its name only when it is whole, and `place` returns only when all of
them have theirs; nothing that had its name before is harmed by what fails.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from blake3 import blake3

from patchfleet.addresses import shown, without_secrets
from patchfleet.errors import StoreError

if TYPE_CHECKING:
    import duckdb

Digests = dict[str, str]
"""The digest of each file of a publication by its name, the kind of digest before it.

Those of SHA-256 that earlier versions wrote say no kind.
"""
_KINDS: dict[str, Any] = {"blake3": blake3, "": hashlib.sha256}


class Shelf(Protocol):
    """What the rest of the room needs of a place for files."""

    @property
    def address(self) -> Path | str:
        """The folder, or the address, below which all publications stand."""
        ...

    def name_of(self, folder: str, name: str) -> str:
        """Name a file for a person and for DuckDB."""
        ...

    def connect(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Make the files readable for a connection."""
        ...

    def place(self, work: Path, folder: str, names: Iterable[str]) -> Digests:
        """Put files made in `work` in place of those in `folder`; return their digests."""
        ...

    def damage(self, folder: str, digests: Digests) -> list[str]:
        """Name each file that is missing, damaged or outdated, and which of these."""
        ...

    def clear(self, folder: str) -> None:
        """Remove what stands in a folder that nothing points to."""
        ...


def shelf_at(address: Path | str) -> Shelf:
    """Return the shelf at a folder or, with `://`, at an address that fsspec knows."""
    if isinstance(address, str) and "://" in address:
        return Storage(address)
    return Folder(Path(address))


class Folder:
    """A folder of this machine, or one it shares."""

    def __init__(self, path: Path) -> None:
        self.address = path

    def name_of(self, folder: str, name: str) -> str:
        """Name a file."""
        return str(self.address / folder / name)

    def connect(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Do nothing: DuckDB reads files."""

    def place(self, work: Path, folder: str, names: Iterable[str]) -> Digests:
        """Give every file its name once all are on the disk; `work` stands in `folder`."""
        there = self.address / folder
        names = list(names)
        for name in names:
            with (work / name).open("r+b") as file:
                os.fsync(file.fileno())
        digests = {name: _digest(work / name) for name in names}
        for name in names:
            (work / name).replace(there / name)
        _keep(there)
        return digests

    def damage(self, folder: str, digests: Digests) -> list[str]:
        """Name each file that is missing, damaged or outdated, or the folder that is missing."""
        if not (self.address / folder).is_dir():
            return [f"{self.address / folder} is missing"]
        found = []
        for name, digest in digests.items():
            path = self.address / folder / name
            if not path.is_file():
                found.append(f"{path} is missing")
            elif _digest(path, like=digest) != digest:
                found.append(f"{path} is {_other(digest)}")
        return found

    def clear(self, folder: str) -> None:
        """Remove a folder."""
        shutil.rmtree(self.address / folder, ignore_errors=True)


class Storage:
    """An object storage, by whatever fsspec makes of its address: s3://, gs://, abfs://, …"""

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
                f"nothing here can publish to {kind}://: {_said(error, self.address)}",
                hint="install the package that fsspec names for it, for example s3fs",
            ) from error

    def name_of(self, folder: str, name: str) -> str:
        """Name a file."""
        return f"{self.address}/{folder}/{name}"

    def connect(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Let DuckDB read through fsspec."""
        connection.register_filesystem(self._files)

    def place(self, work: Path, folder: str, names: Iterable[str]) -> Digests:
        """Upload every file; an upload has its name only when it is whole."""
        digests = {}
        self._files.makedirs(f"{self._root}/{folder}", exist_ok=True)
        for name in names:
            digests[name] = _digest(work / name)
            self._files.put_file(str(work / name), f"{self._root}/{folder}/{name}")
        return digests

    def damage(self, folder: str, digests: Digests) -> list[str]:
        """Name each file that is missing, damaged or outdated, or the folder that is missing."""
        if not self._files.exists(f"{self._root}/{folder}"):
            return [f"{shown(self.address)}/{folder} is missing"]
        found = []
        for name, digest in digests.items():
            what = f"{shown(self.address)}/{folder}/{name}"
            try:
                with self._files.open(f"{self._root}/{folder}/{name}", "rb") as file:
                    is_same = _digest_of(file, like=digest) == digest
            except FileNotFoundError:
                found.append(f"{what} is missing")
                continue
            if not is_same:
                found.append(f"{what} is {_other(digest)}")
        return found

    def clear(self, folder: str) -> None:
        """Remove a folder."""
        if self._files.exists(f"{self._root}/{folder}"):
            self._files.rm(f"{self._root}/{folder}", recursive=True)


def _said(error: Exception, address: str) -> str:
    lines = str(error).splitlines() or [""]
    return without_secrets(lines[0], address) or type(error).__name__


def _keep(folder: Path) -> None:
    """Put the names of a folder on the disk."""
    if os.name == "posix":  # elsewhere a folder cannot be opened, and need not be
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _other(digest: str) -> str:
    """Say what another file is; the digest of one that is outdated was emptied in the record."""
    return "damaged" if digest else "outdated"


def _digest(path: Path, like: str = "blake3:") -> str:
    with path.open("rb") as file:
        return _digest_of(file, like)


def _digest_of(file: Any, like: str) -> str:
    """Read a file as another digest was made of it; see decision 22 for what is made."""
    kind, mark, _ = like.rpartition(":")
    return f"{kind}{mark}{hashlib.file_digest(file, _KINDS[kind]).hexdigest()}"
