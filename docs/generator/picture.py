"""The picture of the report on the front page: the demo's own HTML in a real browser.

Law of this file: what is shown is what the demo writes, without any touch.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SIZE = (1280, 1400)
"""Pixels of the window; the report is longer."""


def make(target: Path) -> None:
    """Run the demo, open its report in Chromium and write the picture to `target`."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        raise SystemExit("there is no chromium; the picture cannot be made")
    with TemporaryDirectory() as folder:
        demo = [sys.executable, "-m", "patchfleet", "demo", "--folder", folder]
        subprocess.run(demo, check=True, capture_output=True)  # noqa: S603 -- ours
        flags = ["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
        size = f"--window-size={SIZE[0]},{SIZE[1]}"
        page = (Path(folder) / "fleet.html").as_uri()
        shot = [browser, *flags, size, f"--screenshot={target}", "--virtual-time-budget=8000", page]
        subprocess.run(shot, check=True, capture_output=True, timeout=120)  # noqa: S603 -- ours
