"""Bring the generated parts of all pages, or of those named, up to date; or check that they are."""

import argparse
import difflib
import sys
from pathlib import Path

from docs.generator import picture
from docs.generator.pages import HOME, all_pages, is_ours, with_generated_parts
from docs.generator.sessions import with_results


def main() -> int:
    """Do what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(prog="script/docs", description="Write or check the docs.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail if stale")
    parser.add_argument("--picture", action="store_true", help="make the picture of the report")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="only these pages")
    asked = parser.parse_args()
    if asked.picture:
        picture.make(HOME / "docs" / "images" / "report.png")
        return 0
    stale = [page for page in _chosen(asked.pages) if not _is_current(page, write=not asked.check)]
    if stale and asked.check:
        sys.stderr.write("stale; ./script/docs brings them up to date\n")
    return 1 if stale and asked.check else 0


def _chosen(names: list[str]) -> list[Path]:
    for name in names:
        if not is_ours(HOME / name):
            raise SystemExit(f"{name} is written by something else")
    return [HOME / name for name in names] if names else all_pages()


def _is_current(page: Path, *, write: bool) -> bool:
    """Say whether a page is as it should be; show the difference, and write it when asked."""
    old = page.read_text(encoding="utf-8")
    new = with_results(with_generated_parts(old))
    if new == old:
        return True
    name = page.relative_to(HOME).as_posix()
    if write:
        page.write_text(new, encoding="utf-8", newline="\n")
        sys.stderr.write(f"wrote {name}\n")
    else:
        lines = difflib.unified_diff(old.split("\n"), new.split("\n"), name, "as it is now", "", "")
        sys.stdout.write("\n".join(line.rstrip("\n") for line in lines) + "\n")
    return False


if __name__ == "__main__":
    sys.exit(main())
