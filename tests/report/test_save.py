import errno
import gc
import os
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from patchfleet.errors import ConfigError
from patchfleet.report import Column, Table, check_destination, save, tables

SMALL = Table(name="t", title="T", columns=(Column("a", "A"),), rows=[("Öl",)])
ENDINGS = (".xlsx", ".html", ".md", ".csv", ".json")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refused(what, path):
    with pytest.raises(ConfigError) as caught:
        save(what, path)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_ending_chooses_the_format_and_nothing_else_is_left(tmp_path, ending):
    path = save(SMALL, tmp_path / f"out{ending.upper()}")
    assert names(tmp_path) == [path.name]
    starts = {
        ".xlsx": b"PK",
        ".html": b"<!doctype",
        ".md": b"# T\n",
        ".csv": b"\xef\xbb\xbfa\r\n",
        ".json": b"{",
    }
    assert path.read_bytes().startswith(starts[ending])


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_report_gives_the_same_bytes(tmp_path, made, ending):
    what = tables.worklist_table([made.work(0)]) if ending == ".csv" else made.report()
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    save(what, first)
    save(what, second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["fleet.pdf", "fleet", "fleet.xls", ".csv"])
def test_an_unknown_ending_names_those_that_are_known(tmp_path, name):
    error = refused(SMALL, tmp_path / name)
    assert all(ending in error.hint for ending in ENDINGS)


def test_a_csv_holds_one_table(tmp_path, made):
    error = refused(made.report(), tmp_path / "fleet.csv")
    assert "6" in str(error)
    assert "open_findings" in error.hint
    save(replace(made.report(), tables=(SMALL,)), tmp_path / "one.csv")
    assert names(tmp_path) == ["one.csv"]


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "fleet.html").mkdir()
    assert "folder" in str(refused(SMALL, tmp_path / "fleet.html"))


def test_a_folder_that_is_not_there(tmp_path):
    error = refused(SMALL, tmp_path / "reports" / "fleet.json")
    assert f"mkdir -p {tmp_path / 'reports'}" in error.hint
    with pytest.raises(ConfigError):
        check_destination(tmp_path / "reports" / "fleet.json")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child only writes a file
@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_a_folder_that_may_not_be_written():
    """Root may write anywhere, so the test writes as another user where it runs as root."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        save(SMALL, folder / "first.csv")  # loads all that another user may not
        folder.chmod(0o555)
        reads, writes = os.pipe()
        if not (child := os.fork()):
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                os.write(writes, str(refused(SMALL, folder / "fleet.csv")).encode())
            finally:
                os._exit(0)
        os.close(writes)
        said = os.read(reads, 4096).decode()
        os.close(reads)
        assert os.waitpid(child, 0) == (child, 0)
        folder.chmod(0o755)
    assert "permission denied" in said


# XlsxWriter drops its working files unclosed when it fails.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("ending", [".csv", ".json", ".xlsx"])
def test_no_room_leaves_the_old_file(tmp_path, made, ending, monkeypatch):
    (tmp_path / "working").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "working"))
    target = tmp_path / f"out{ending}"
    target.write_text("the old one")
    table = tables.findings_table([made.finding(number) for number in range(400)])
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A file may not grow beyond 4 kB: the same refusal as of a full disk (EFBIG for ENOSPC).
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        message = str(refused(table, target)).lower()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        gc.collect()
    assert os.strerror(errno.EFBIG).lower() in message
    assert target.read_text() == "the old one"
    assert names(tmp_path) == [target.name, "working"]
    assert names(tmp_path / "working") == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_replaced_file_keeps_its_permissions_and_a_link_stays_a_link(tmp_path):
    real = tmp_path / "real.csv"
    real.write_text("old")
    real.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    save(SMALL, link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "Öl" in real.read_text(encoding="utf-8-sig")
