"""The command `qualysdk-pm`: its options, help and workbooks, on Patchfleet.

`-oU` and the platforms beyond the first four are accepted, as by the existing command, but not in
the help, which is the documented one.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from patchfleet.cli.exit_codes import Exit, exit_of
from patchfleet.cli.qualys.tables import records_table, results_report
from patchfleet.errors import ConfigError, Error
from patchfleet.qualys import BaseList, JobResultSummary, PMJob, PMRun, TokenAuth, pm
from patchfleet.qualys.platforms import GATEWAYS
from patchfleet.report import Report, Table, check_destination, save

SHOWN_PLATFORMS = "{qg1,qg2,qg3,qg4}"


class _Formatter(argparse.HelpFormatter):
    """Writes `-u, --username USERNAME`, as newer Pythons do, and the usage in one line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=160)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"


class _Parser(argparse.ArgumentParser):
    """Reports errors as Patchfleet's command line does, with a hint."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"error: {message}\n")
        raise SystemExit(int(Exit.USAGE))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = _Parser(
        prog="qualysdk-pm",
        formatter_class=_Formatter,
        description="CLI script to quickly perform Patch Management (PM) operations using qualysdk",
    )
    top.add_argument("-u", "--username", required=True, help="Qualys username")
    top.add_argument("-p", "--password", required=True, help="Qualys password")
    top.add_argument(
        "-P",
        "--platform",
        default="qg3",
        metavar=SHOWN_PLATFORMS,
        type=_platform,
        help="Qualys platform",
    )
    top.add_argument("-oU", "--override_urls", nargs=3, help=argparse.SUPPRESS)
    actions = top.add_subparsers(dest="action", required=True, help="Action to perform")
    _action(actions, "list_jobs", "Get a list of PM jobs.")
    _action(actions, "get_job_results", "Get results for a PM job.", job_id="results for")
    _action(actions, "get_job_runs", "Get runs for a PM job.", job_id="runs for")
    return top


def _platform(text: str) -> str:
    if text not in GATEWAYS:
        raise argparse.ArgumentTypeError(f"'{text}' is none of {', '.join(GATEWAYS)}")
    return text


def _action(actions: Any, name: str, summary: str, job_id: str = "") -> None:
    """Add one action with its options."""
    one = actions.add_parser(name, help=summary, formatter_class=_Formatter)
    one.add_argument("-o", "--output", help="Output xlsx file to write results to")
    if job_id:
        several = "" if "runs" in name else ". Can be used multiple times"
        one.add_argument(
            "-j",
            "--job-id",
            required=True,
            action="append",
            help=f"Specify the job ID to get {job_id}{several}",
        )
    one.add_argument(
        "--kwarg",
        nargs=2,
        action="append",
        default=[],
        metavar=("key", "value"),
        help="Specify a keyword argument to pass to the action. Can be used multiple times",
    )


TEXT_FLAGS: Mapping[str, bool] = {"true": True, "false": False}


def keywords(given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the keyword arguments of the command line, flags and numbers as such."""
    found: dict[str, Any] = {}
    for name, text in given:
        if name in found:
            raise ConfigError(f"--kwarg {name} is given twice", hint="give it once")
        found[name] = TEXT_FLAGS.get(text.lower(), text)
        if name in ("page_count", "pageSize") and text.isascii() and text.isdigit():
            found[name] = int(text)
    return found


def _list_jobs(auth: TokenAuth, _: Sequence[str], given: dict[str, Any]) -> Table:
    jobs = pm.list_jobs(auth, **given)
    return records_table("jobs", "Deployment jobs", PMJob, jobs)


def _get_job_results(auth: TokenAuth, job_ids: Sequence[str], given: dict[str, Any]) -> Report:
    if len(job_ids) == 1:  # Only a single job can have its run named.
        one = pm.get_job_results(auth, job_ids[0], **given)
        found: BaseList[JobResultSummary] = BaseList([one])
    else:
        found = pm.get_job_results(auth, list(job_ids), **given)
    return results_report(found, datetime.now(UTC))


def _get_job_runs(auth: TokenAuth, job_ids: Sequence[str], given: dict[str, Any]) -> Table:
    runs = pm.get_job_runs(auth, list(job_ids), **given)
    return records_table("runs", "Runs", PMRun, runs)


ACTIONS: Mapping[str, tuple[Callable[..., Table | Report], str]] = {
    "list_jobs": (_list_jobs, "pm_jobs.xlsx"),
    "get_job_results": (_get_job_results, "pm_job_results.xlsx"),
    "get_job_runs": (_get_job_runs, "pm_job_runs.xlsx"),
}
"""The function of each action, and the file it writes by default."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return one of Patchfleet's exit codes."""
    asked = parser().parse_args(arguments)
    act, file = ACTIONS[asked.action]
    try:
        target = check_destination(Path(asked.output or file))
        override: dict[str, str] | None = None
        if asked.override_urls:
            names = ("api_url", "gateway_url", "qualysguard_url")
            override = {
                name: str(url) for name, url in zip(names, asked.override_urls, strict=True)
            }
        auth = TokenAuth(asked.username, asked.password, asked.platform, override_platform=override)
        found = act(auth, getattr(asked, "job_id", ()), _checked(act, keywords(asked.kwarg)))
        save(found, target)
    except Error as error:
        return _failed(error)
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        return Exit.INTERRUPTED
    sys.stdout.write(f"wrote {target}\n")
    return Exit.DONE


KNOWN: Mapping[Callable[..., Any], tuple[str, ...]] = {
    _list_jobs: (
        "platform", "page_count", "filter", "attributes", "coauthorJob", "ownedJob", "pageSize",
        "sort",
    ),
    _get_job_results: ("jobInstanceId", "pageSize", "sort"),
    _get_job_runs: (),
}  # fmt: skip


def _checked(act: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords; refuse one that the action does not accept."""
    for name in given:
        if name not in KNOWN[act]:
            known = ", ".join(KNOWN[act]) or "none"
            raise ConfigError(f"there is no keyword '{name}' here", hint=f"known are: {known}")
    return given


def _failed(error: Error) -> int:
    for note in getattr(error, "__notes__", ()):
        sys.stderr.write(f"note: {note}\n")
    sys.stderr.write(f"error: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"hint: {error.hint}\n")
    return exit_of(error)


if __name__ == "__main__":
    sys.exit(main())
