"""A script written for the N-sight wrapper finds its module and its names."""

from patchfleet.emulator import Emulator


def test_a_script_runs_unchanged_but_for_its_server() -> None:
    from NAbleAPI import NAble

    with Emulator(customers=1, devices=4, exact_patches=True, patches=10).running() as host:
        na = NAble("us", host.api_key, base_url=host.url)
        client = na.clients()[0]
        kinds = ("server", "workstation")
        device = next(one for kind in kinds for one in na.clientDevices(client["clientid"], kind))
        patches = na.listPatches(device["id"])
        assert patches
        chosen = [patches[0]["patchid"]]
        na.approvePatches(device["id"], chosen)
        assert na.listPatches(device["id"])[0]["policy"] == 66
        na.close()


def test_the_names_are_those_of_the_library() -> None:
    import NAbleAPI

    from patchfleet.nsight import AsyncNAble, NAble

    assert NAbleAPI.NAble is NAble
    assert NAbleAPI.AsyncNAble is AsyncNAble
