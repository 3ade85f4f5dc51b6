"""Who may read what is made, and reading where nothing may be written."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_fleet import NOW, finding, sync

from patchfleet.cli.main import run
from patchfleet.errors import StoreError
from patchfleet.store import Store, queries

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")

READING = [["today"], ["report", "posture"], ["runs"], ["sql", "SELECT count(*) FROM findings"]]


def rights(root):
    """Return the rights of all that stands below a folder, by its name."""
    return {
        str(path.relative_to(root)): stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*")
    }


@pytest.fixture
def umask():
    was = os.umask(0o022)
    yield
    os.umask(was)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_what_is_made_is_for_its_owner_alone(tmp_path, mask):
    os.umask(mask)
    with Store.open(tmp_path / "fleet.db") as store:
        sync(store, {"d1": [finding()]})
        store.copy_to(tmp_path / "copy.db")
        made = rights(tmp_path)
    assert {"fleet.db-wal", "fleet.db-shm", "copy.db"} <= set(made)
    with Store.open(tmp_path / "fleet.db") as store:  # what is made when all is opened again
        sync(store, {"d1": [finding()], "d2": [finding()]})
        made |= rights(tmp_path)
    for name, mode in made.items():
        assert mode == (0o700 if (tmp_path / name).is_dir() else 0o600), name


@pytest.mark.usefixtures("umask")
def test_rights_are_those_of_the_umask_where_it_is_set_so(tmp_path):
    with Store.open(tmp_path / "fleet.db", is_private=False) as store:
        sync(store, {"d1": [finding()]})
        made = rights(tmp_path)
    for name, mode in made.items():
        assert mode == (0o755 if (tmp_path / name).is_dir() else 0o644), name


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o500, 0o750, 0o777])
def test_the_rights_of_what_is_there_stay(tmp_path, mode):
    published, database = tmp_path / "published", tmp_path / "fleet.db"
    published.mkdir()
    published.chmod(mode | 0o700)
    database.touch()
    database.chmod(mode & 0o666 | 0o600)
    with Store.open(database, published=published) as store:
        sync(store, {"d1": [finding()]})
    assert stat.S_IMODE(published.stat().st_mode) == mode | 0o700
    assert stat.S_IMODE(database.stat().st_mode) == mode & 0o666 | 0o600


@pytest.fixture
def shut(monkeypatch):
    """A folder that others than root may read and nobody else may write to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(folder / "fleet.db", is_private=False) as store:
            sync(store, {"d1": [finding(1), finding(2)]})
        monkeypatch.setenv("XDG_CONFIG_HOME", "/nowhere")
        monkeypatch.chdir("/")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield folder
        folder.chmod(0o755)
        for path in folder.rglob("*"):
            path.chmod(0o755)


@contextmanager
def as_nobody():
    """Run without the powers of root, which no permission stops."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_record_in_a_folder_that_is_shut_is_read(shut):
    with as_nobody(), Store.open(shut / "fleet.db", create=False) as store:
        with store.snapshot(with_history=True) as snapshot:
            assert queries.count_findings(snapshot) == 2
        assert [row.state for row in store.runs.latest()] == ["complete"]
        assert store.publications.damaged() == []
        with pytest.raises(StoreError, match="cannot be"):
            store.begin("nsight", now=NOW)


@pytest.mark.parametrize("command", READING)
def test_every_command_that_reads_does_so_where_nothing_can_be_written(shut, command, capsys):
    asked = ["--store", str(shut / "fleet.db"), *command]
    assert run(asked) == 0, "loads what nobody may"
    before = sorted(path.name for path in shut.iterdir())
    with as_nobody():
        assert run(asked) == 0, capsys.readouterr().err
    assert sorted(path.name for path in shut.iterdir()) == before


def test_what_is_only_in_the_log_is_not_passed_over(shut, tmp_path):
    """As after a kill: rows are in a log that cannot be read without writing beside it."""
    shut.chmod(0o755)
    for path in shut.glob("fleet.db*"):
        path.chmod(0o644)
    with Store.open(shut / "fleet.db") as store:
        sync(store, {"d1": []}, now=NOW)
        for path in shut.glob("fleet.db*"):
            shutil.copy(path, tmp_path / path.name)
    for path in tmp_path.glob("fleet.db*"):
        if not path.name.endswith("-shm"):
            shutil.copy(path, shut / path.name)
            (shut / path.name).chmod(0o444)
    shut.chmod(0o555)
    with (
        as_nobody(),
        pytest.raises(StoreError, match=r"cannot be read without fleet\.db-wal") as told,
    ):
        Store.open(shut / "fleet.db", create=False)
    assert "copy both" in told.value.hint


def test_a_record_on_a_disk_that_only_reads_is_read(shut, tmp_path):
    """A mount of its own, which binds root too; where none can be made nothing is proved."""
    code = (
        "import sys; from patchfleet.store import Store, queries; "
        "store = Store.open(sys.argv[1], create=False); snapshot = store.snapshot(); "
        "print(queries.count_findings(snapshot)); snapshot.close(); store.close()"
    )
    mount = tmp_path / "mount"
    mount.mkdir()
    script = 'mount --bind -o ro "$1" "$2" && exec "$3" -c "$4" "$2/fleet.db"'
    made = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", shut, mount, sys.executable, code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "mount:" in made.stderr or "unshare:" in made.stderr:
        pytest.skip(f"NO MOUNT can be made here: {made.stderr.strip()}")
    assert made.stdout == "2\n", made.stderr
