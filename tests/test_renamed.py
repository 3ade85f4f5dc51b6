"""Every former name still works for one minor version, and warns of the new one."""

import importlib
import subprocess
import sys
from operator import attrgetter

import msgspec
import pytest

from patchfleet._renamed import modules, table
from patchfleet.nsight import NAble
from patchfleet.qualys import TokenAuth
from patchfleet.qualys.client import client_of

MODULES = {f"patchfleet.{old}": f"patchfleet.{new}" for old, new in modules.MODULES.items()}
NAMES = {f"patchfleet.{old}": f"patchfleet.{new}" for old, new in table.NAMES.items()}


@pytest.mark.parametrize(("old", "new"), MODULES.items(), ids=MODULES)
def test_a_former_module_is_found_and_warns(old, new, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(DeprecationWarning, match=f"{old} is now {new};"):
        module = importlib.import_module(old)
    there = importlib.import_module(new)
    for name in _public(there):
        if f"{old}:{name}" not in NAMES:
            assert getattr(module, name) is getattr(there, name), name


@pytest.mark.parametrize(("old", "new"), NAMES.items(), ids=NAMES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_former_name_is_the_new_one(old, new):
    assert _named(old) is _named(new)


@pytest.mark.parametrize("old", [old for old in NAMES if old.split(":")[0] not in MODULES])
def test_a_former_name_warns(old):
    with pytest.warns(DeprecationWarning, match="is now"):
        _named(old)


@pytest.mark.parametrize("new", [*MODULES.values(), *NAMES.values()])
def test_no_new_name_is_a_former_one(new):
    module = new.partition(":")[0]
    assert module not in MODULES
    assert new not in NAMES or NAMES[new] != new


@pytest.mark.parametrize(("old", "new"), table.FIELDS.items(), ids=table.FIELDS)
def test_a_former_field_is_a_keyword_and_an_attribute(old, new):
    address, _, field = old.rpartition(".")
    kind = _named(f"patchfleet.{address}")
    value = object()
    needed = {one.name: None for one in msgspec.structs.fields(kind) if one.required}
    needed.pop(new, None)
    with pytest.warns(DeprecationWarning, match=f"{field} is now {kind.__name__}.{new};"):
        made = kind(**{field: value}, **needed)
    assert getattr(made, new) is value
    with pytest.warns(DeprecationWarning, match=f"{field} is now"):
        assert getattr(made, field) is value
    with (
        pytest.raises(TypeError, match="are one field"),
        pytest.warns(DeprecationWarning, match=field),
    ):
        kind(**{field: value, new: value}, **needed)
    with pytest.raises(AttributeError):
        _ = made.never
    with pytest.raises(TypeError):
        kind(never=1, **needed)


ACCOUNTS = {
    "nsight.client:ClientOptions": lambda **given: NAble("us", "key-of-a-test", **given),
    "qualys.auth:ClientOptions": lambda **given: TokenAuth("user", "a password", **given),
}


@pytest.mark.parametrize(("old", "new"), table.KEYWORDS.items())
def test_a_former_keyword_works_and_warns(old, new):
    address, _, name = old.rpartition(".")
    make = ACCOUNTS[address]
    with pytest.warns(DeprecationWarning, match=f"{name}= is now {new}=;"):
        make(**{name: 7})
    with pytest.raises(TypeError, match="one setting"):
        make(**{new: 7, name: 7})


def test_former_names_cost_nothing_until_they_are_used():
    code = (
        "import sys, patchfleet, patchfleet.errors, patchfleet.models;"
        "tables = {'patchfleet._renamed.table', 'patchfleet._renamed.modules'};"
        "sys.exit(bool(tables & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_never_was_is_an_ordinary_error():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("patchfleet.store.never")
    with pytest.raises(ImportError):
        exec("from patchfleet.store import Never", {})
    with pytest.raises(AttributeError):
        _named("patchfleet.models:Never")


def _named(name):
    module, _, leaf = name.partition(":")
    return attrgetter(leaf)(importlib.import_module(module))


def _public(module):
    return [name for name in vars(module) if not name.startswith("_")]


def test_a_former_member_of_a_class_warns_at_the_line_that_uses_it():
    auth = TokenAuth("user", "password")
    with pytest.warns(DeprecationWarning, match=r"TokenAuth.client is now .*client_of;") as caught:
        client = auth.client
    assert client is client_of(auth)
    assert caught[0].filename == __file__
