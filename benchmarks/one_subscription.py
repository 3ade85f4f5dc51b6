"""Emulated Qualys over TLS in a process of its own: prints its credentials, serves until ended.

The subscription is complete before the answer.
"""

from benchmarks.processes import answer, question
from patchfleet.emulator import Emulator, Host


def main() -> None:
    """Serve the requested subscription."""
    emulator = Emulator(devices=10, patches=1, **question())
    jobs = [job["id"] for job in emulator.ground_truth(vendor="qualys")["jobs"]]

    def ready(host: Host) -> None:
        user = emulator.qualys
        answer(
            url=host.url,
            ca_file=host.ca_file,
            username=user.username,
            password=user.password,
            jobs=jobs,
        )

    emulator.serve_forever(on_ready=ready, https=True)


if __name__ == "__main__":
    main()
