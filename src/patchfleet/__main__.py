"""Start the command line: `patchfleet`, or `python -m patchfleet`."""

import os
import sys
import threading


def main() -> None:
    """Run the command line; `--version` answers before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from patchfleet import __version__

        sys.stdout.write(f"patchfleet {__version__}\n")
        return
    from patchfleet.cli import run

    code = run()
    if threading.active_count() > 1:
        # After an error or Ctrl-C calls may still wait for their answers. Nothing is lost with
        # them, the record is closed, and an orderly end would tear down libraries under them.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
