"""Loop over the existing wrapper, NAbleAPI 0.0.9, in a process of its own on Python 3.12.

The wrapper's code is unchanged, but its constructor, which validates the key with the vendor, is
skipped and its address is the emulator's; it opens a connection for each call, as always.
"""

from NAbleAPI.client import NAble  # type: ignore[import-not-found]

from benchmarks.processes import Used, answer, question


def main() -> None:
    """List the patches of each requested device; answer with the resources used."""
    asked = question()
    wrapper = NAble.__new__(NAble)
    wrapper.useOgValues = True
    wrapper.queryUrlBase = f"{asked['url']}/api/?apikey={asked['key']}&service="
    wrapper.listPatches(asked["devices"][0])  # imports at the first call are not counted
    begin = Used.so_far()
    records = sum(len(wrapper.listPatches(device)[0]["patch"]) for device in asked["devices"])
    answer(in_all=Used.so_far().since(begin), records=records)


if __name__ == "__main__":
    main()
