"""A sync and two workers, each a process of its own: equal to ground truth, row by row."""

from team import until
from truth import learned_findings, patched, true_findings

from patchfleet.store import Store
from patchfleet.store.questions import findings


def learned(team):
    with Store.open(team.address, create=False) as store, store.facts() as facts:
        return learned_findings(findings(facts))


def listings(emulator):
    return [call.params["deviceid"] for call in emulator.calls if call.service == "patch_list_all"]


def test_two_workers_learn_the_truth(team, emulator):
    workers = team.workers(2)
    result = team.sync()
    assert result.code == 0, result.err
    assert learned(team) == true_findings(emulator)
    assert sorted(listings(emulator)) == sorted(patched(emulator)), "each device once"
    assert result.json["calls"] == len(emulator.calls)
    print(result.err)
    for worker in workers:
        worker.kill(2)
    for worker in workers:
        print(worker.result())
