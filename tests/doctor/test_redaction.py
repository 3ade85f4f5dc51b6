"""A file of shapes names nobody: every name and value of emulated accounts is looked for in it."""

import json
import re

import msgspec
import pytest
from listed import is_of_a_list

from patchfleet.doctor import NSIGHT_READS, QUALYS_READS, Recording, record, write_recording
from patchfleet.doctor.recording import FORMAT
from patchfleet.doctor.vocabulary import MEDIA_TYPES, NSIGHT, QUALYS, media_type
from patchfleet.emulator import Emulator
from patchfleet.nsight import NAble
from patchfleet.qualys import Qualys

WORLDS = [
    {"seed": 5, "customers": 24, "devices": 60, "patches": 30, "lookalikes": 2},
    {"seed": 8, "customers": 2, "devices": 9, "patches": 300, "qualys_jobs": 3},
]


class Memory:
    """Every text and number of every answer of a client."""

    def __init__(self, client):
        self.bodies = []
        send = client._wire.send

        def remembered(request):
            outcome = send(request)
            self.bodies.append((outcome.body, outcome.headers))
            return outcome

        client._wire.send = remembered

    def values(self):
        for body, headers in self.bodies:
            # the size of an answer is kept, as part of a range
            yield from (value for name, value in headers.items() if name != "content-length")
            text = body.decode("utf-8", "replace")
            if text[:1] in "[{":
                yield from leaves(json.loads(text))
            else:
                yield from re.findall(r"<!\[CDATA\[(.*?)\]\]>", body.decode("latin-1"))
                yield from re.findall(r">([^<>]+)<", body.decode("latin-1"))
                yield text


def is_in(value, text):
    """Return whether a text holds a value as whole words."""
    return value in text and bool(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text))


def leaves(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"seed {world['seed']}")
def account(request, tmp_path_factory):
    """The text of a file, its recording, and everything that must not be in it."""
    emulator = Emulator(**request.param)
    with emulator.running() as host:
        own = emulator.qualys
        with (
            NAble(base_url=host.url, key=host.api_key, rate_limit=None) as nable,
            Qualys(
                own.username, own.password, override_platform={"gateway_url": host.url},
            ) as qualys,
        ):  # fmt: skip
            memories = [Memory(nable), Memory(qualys)]
            found = {
                "nsight": record(nable, NSIGHT_READS, sample=8)[0],
                "qualys": record(qualys, QUALYS_READS, sample=8)[0],
            }
        secrets = {host.api_key, own.username, own.password, host.url.rpartition(":")[2]}
        truths = [emulator.ground_truth(), emulator.ground_truth(vendor="qualys")]
    values = {text.strip() for memory in memories for text in memory.values()}
    values |= {text for truth in truths for text in leaves(truth)}
    path = tmp_path_factory.mktemp("shapes") / "shapes.json"
    recording = Recording(found)
    write_recording(recording, path)
    return path.read_text(encoding="utf-8"), recording, values, secrets


def test_the_worlds_hold_what_is_looked_for(account):
    _, _, values, _ = account
    assert any("Acme Logistics" in value for value in values)
    assert any(re.fullmatch(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}", value) for value in values)
    assert any(re.fullmatch(r"10\.\d+\.\d+\.\d+", value) for value in values)
    assert sum(len(value) > 3 for value in values) > 1000


def test_every_text_of_the_file_is_of_a_shipped_list(account):
    _, recording, _, _ = account
    for vendor, vocabulary in (("nsight", NSIGHT), ("qualys", QUALYS)):
        mine = Recording({vendor: recording.vendors[vendor]})
        for text in mine.texts():
            assert (
                is_of_a_list(text, vocabulary) or text == "#text" or media_type(text) == text
                or re.fullmatch(r"read(, with problems)?|[A-Z][A-Za-z]+|XML .*|text|empty", text)
            ), text  # fmt: skip
    assert MEDIA_TYPES


def test_no_name_and_no_value_of_the_account_is_in_the_file(account):
    text, recording, values, secrets = account
    kept = {*recording.texts(), FORMAT, "nsight", "qualys"}
    kept |= {word for one in kept for word in re.split(r"\W+", one)}
    kept |= {name for reads in recording.vendors.values() for name in reads}
    kept |= {"text", "count", "shape", "fields", "present", "words", "lists", "items", "headers"}
    numbers = set(re.findall(r"\d+", text))
    lower = {one.lower() for one in kept}
    for value in values:
        is_word_of_ours = value.lower() in lower
        if len(value) > 3 and not value.isdigit() and not is_word_of_ours:
            assert not is_in(value, text), value
        if value.isdigit() and len(value) > 5:
            assert value not in numbers, value
    for secret in secrets:
        assert secret not in text or secret.isdigit()


def test_numbers_of_an_account_are_not_among_the_texts(account):
    _, recording, values, _ = account
    codes = {text for text in recording.texts() if text.isdigit()}
    assert all(len(code) <= 5 for code in codes)
    assert not {value for value in values if value.isdigit() and len(value) > 5} & codes


def test_field_names_that_an_account_chose_are_not_written():
    from patchfleet.doctor.shaping import Shaper

    shaper = Shaper(NSIGHT)
    body = {"Custom of Birchwood": {"Acme": "x"}, "124a99b9-00d4-482d-b119-20f7272e3414": 1}
    text = msgspec.json.encode(shaper.of_json(body)).decode()
    assert "Birchwood" not in text
    assert "124a99b9" not in text
    assert shaper.withheld.names.keys() == {"Custom of Birchwood", "Acme"}
