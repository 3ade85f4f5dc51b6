"""Entry point of the command line: `patchfleet`, or `python -m patchfleet`."""

import os
import sys
import threading


def main() -> None:
    """Run the command line; `--version` prints without importing it."""
    if sys.argv[1:] == ["--version"]:
        from patchfleet.version import __version__

        sys.stdout.write(f"patchfleet {__version__}\n")
        return
    from patchfleet.cli import run

    code = run()
    if threading.active_count() > 1:
        # After an error or Ctrl-C, threads may still wait for responses. Nothing is lost with them
        # and the record is closed; an orderly exit would unload libraries they use.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
