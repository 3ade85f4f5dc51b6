"""Start the command line: `patchfleet`, or `python -m patchfleet`."""

import sys


def main() -> None:
    """Run the command line; `--version` answers before anything is imported."""
    if sys.argv[1:] == ["--version"]:
        from patchfleet import __version__

        sys.stdout.write(f"patchfleet {__version__}\n")
        return
    from patchfleet.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
