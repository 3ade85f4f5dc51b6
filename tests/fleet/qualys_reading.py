"""How tests read an emulated subscription: a client, a source, and all that the source lists."""

from contextlib import contextmanager

from patchfleet.fleet import QualysSource
from patchfleet.qualys import Qualys, Retries


def calling(host, timeout=5.0):
    """Return a client of the emulated subscription that repeats nothing."""
    account = host.emulator.qualys
    return Qualys(
        account.username,
        account.password,
        override_platform={"gateway_url": host.url},
        retries=Retries(attempts=1),
        timeout=timeout,
        ca_file=host.ca_file,
    )


@contextmanager
def reading(host, *, timeout=5.0, **settings):
    """Open a source of the emulated subscription."""
    with calling(host, timeout) as client:
        yield QualysSource(client, now=lambda: host.emulator.now, **settings)


def listed(source):
    """Return the findings of every device by its id; raise what any of them could not tell."""
    answers = {}
    devices = source.inventory().devices
    for device, answer in source.listings(devices):
        if isinstance(answer, Exception):
            raise answer
        assert device.id not in answers
        answers[device.id] = answer.findings
    assert set(answers) == {device.id for device in devices}
    return answers


def states_of(answers):
    """Return the state of every finding, by device and finding id."""
    return {
        (device, finding.id): finding.state
        for device, findings in answers.items()
        for finding in findings
    }
