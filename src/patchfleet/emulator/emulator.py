"""The emulator: both vendors' accounts, the control API beside them, and a host for both.

A client is tested against an implementation of the vendors' documentation that shares no code
with it.

Invariant: no other room is imported (contract "The emulator imports nothing else").
"""

from collections.abc import Callable

from patchfleet.emulator import control, host, origins
from patchfleet.emulator.response import Response
from patchfleet.emulator.vendors import Pairs, Vendors


class Emulator(Vendors):
    """Emulate N-sight and Qualys over a seeded world of customers, sites and machines.

    Settings: `customers`, `devices` and `seed` make the world; `patches` is the average number of
    patch rows of a device (Windows devices have more, others none; with `exact_patches` every
    device runs Windows and has exactly that number); `start` is the first time of the clock
    (aware); `latency_ms` is added to every vendor call on the wire; `non_windows` is the answer to
    patch calls for other devices, an empty list or error 4; `blocked_agents` is a regular
    expression of User-Agents answered with 403; `settle_seconds` delays the effect of approval
    actions; `lookalikes` is the number of machines of each kind that is hard to tell apart:
    re-imaged, renamed at one vendor, cloned, of one hostname, without a serial of its own.

    Qualys knows some of the machines and others besides; its account is opened on first use.
    `qualys_assets` and `qualys_patches` are exact numbers, for measurements; `qualys_jobs` is a
    number of finished jobs of `qualys_job_assets` assets each, instead of the usual jobs (40
    assets, or all that report if they are fewer); `qualys_token_seconds` is the lifetime of a
    token; with `qualys_forbidden` the user lacks the permission. Raises ValueError for an
    impossible world.
    """

    def handle(
        self,
        method: str,
        path: str,
        query_pairs: Pairs = (),
        headers: Pairs = (),
        body: bytes = b"",
        *,
        port: int | None = None,
    ) -> Response:
        """Answer one request of either API or of the control API; `headers` may come in any case.

        Vendor calls take their parameters from the query alone, GET and POST alike [O: ps-rmm].
        `port` is the one the request came in at; pages of other origins cannot use the control API.
        """
        if path != control.PREFIX and not path.startswith(control.PREFIX + "/"):
            return super().handle(method, path, query_pairs, headers, body, port=port)
        with self._lock:
            reason = origins.refusal(list(headers), port)
            if reason:
                return control.refuse(reason)
            return control.respond(self, method, path, dict(query_pairs), body)

    def running(self, port: int = 0, *, https: bool = False) -> "host.Running":
        """Return a context in which the emulator answers on a loopback port (0: any free one).

        With `https` it does so over TLS; `ca_file` of the host is the authority to trust.
        """
        return host.Running(self, port, https=https)

    def serve_forever(
        self,
        port: int = 0,
        on_ready: Callable[["host.Host"], None] | None = None,
        *,
        https: bool = False,
    ) -> None:
        """Answer on a loopback port until Ctrl-C or SIGTERM; call `on_ready` once listening."""
        host.serve_forever(self, port, on_ready, https=https)
