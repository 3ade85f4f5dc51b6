"""Emulated vendor in a process of its own: prints its address as JSON, serves until ended."""

from benchmarks.processes import answer, question
from patchfleet.emulator import Emulator, Host


def main() -> None:
    """Serve the requested fleet."""
    asked = question()
    emulator = Emulator(exact_patches=True, **asked)

    def ready(host: Host) -> None:
        devices = [
            device["deviceid"]
            for customer in emulator.ground_truth()["customers"]
            for site in customer["sites"]
            for device in site["devices"]
            if device["is_managed"]
        ]
        answer(url=host.url, key=host.api_key, devices=devices)

    emulator.serve_forever(on_ready=ready)


if __name__ == "__main__":
    main()
