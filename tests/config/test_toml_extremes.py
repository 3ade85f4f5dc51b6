"""Every file of TOML is read or refused in one line, whatever stands in it."""

from itertools import product
from pathlib import Path

import pytest

import patchfleet
from patchfleet import config
from patchfleet.errors import ConfigError, PolicyError
from patchfleet.policy.pack_file import read_pack

_OPENINGS = ("[", "{a=", "[{a=", "{a=[")
_HOLDERS = ("a = ", "[t]\na = ", "[[t]]\na = ", "a.b.c = ")
_EXTREMES = [
    *(opening * 20_000 for opening in _OPENINGS),
    *(sign + "9" * 5_000 for sign in ("", "+", "-")),
    "[" + "1" * 4_301 + "]",
]


@pytest.mark.parametrize(("holder", "value"), list(product(_HOLDERS, _EXTREMES)))
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_extreme_value_is_refused_in_one_line(
    tmp_path: Path, holder: str, value: str, mark: str
) -> None:
    content = f"{mark}{holder}{value}\n".encode()
    file = tmp_path / "settings.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as settings:
        config.load(file, {})
    with pytest.raises(PolicyError) as pack:
        read_pack("pack.toml", content)

    for refusal in (settings, pack):
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 300


def test_a_byte_order_mark_changes_nothing_of_a_pack() -> None:
    packs = Path(patchfleet.__file__).parent / "policy" / "packs"
    files = sorted(packs.glob("*.toml"))
    assert files
    for file in files:
        content = file.read_bytes()
        assert read_pack(file.name, b"\xef\xbb\xbf" + content) == read_pack(file.name, content)
