"""The top of the package: public names that load when they are used, and nothing before."""

import importlib
import subprocess
import sys

import pytest

import patchfleet
from docs.generator.public_names import PUBLIC, names_of


@pytest.mark.parametrize("name", patchfleet.__all__)
def test_a_public_name_is_at_the_top(name):
    assert name in dir(patchfleet)
    assert getattr(patchfleet, name) is not None


def test_importing_the_package_loads_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import patchfleet\n"
        "new = [n for n in set(sys.modules) - before if n.startswith('patchfleet.')]\n"
        "print(*sorted(n for n in new if '_renamed' not in n and not n.endswith('version')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_other_name_is_at_the_top():
    with pytest.raises(AttributeError, match="no attribute 'Nable'"):
        _ = patchfleet.Nable


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_module_has_the_names_that_it_lists(module):
    there = importlib.import_module(module)
    names = names_of(there)
    assert names
    assert all(hasattr(there, name) for name in names)
