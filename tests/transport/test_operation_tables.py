"""Methods that come from a table are functions to everything that looks at classes."""

import asyncio
import inspect
import pydoc

import pytest

from patchfleet.nsight import AsyncNAble, NAble
from patchfleet.qualys import AsyncQualys, Qualys
from patchfleet.transport.client import table_of

CLIENTS = [NAble, AsyncNAble, Qualys, AsyncQualys]
METHODS = [(kind, name) for kind in CLIENTS for name in table_of(kind)]


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_a_method_is_a_function_of_its_class(kind, name):
    method = inspect.getattr_static(kind, name)
    assert inspect.isfunction(method)
    assert (method.__name__, method.__qualname__) == (name, f"{kind.__name__}.{name}")
    assert method.__module__ == kind.__module__
    assert inspect.getdoc(method)
    signature = inspect.signature(method)
    assert next(iter(signature.parameters)) == "self"
    assert not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    is_coroutine = kind in (AsyncNAble, AsyncQualys) and not name.startswith("iter_")
    assert inspect.iscoroutinefunction(method) is is_coroutine


@pytest.mark.parametrize("kind", CLIENTS)
def test_help_shows_every_method_with_its_parameters(kind):
    text = pydoc.plain(pydoc.render_doc(kind))
    for name in table_of(kind):
        assert f"{name}(self" in text, name
    assert "operation object" not in text


WRONG = [
    (NAble, "list_sites", (), {}),
    (NAble, "list_sites", (1, 2), {}),
    (NAble, "approvePatches", (1,), {}),
    (NAble, "listPatches", (1,), {"colour": "green"}),
    (Qualys, "get_job", (), {}),
    (Qualys, "list_jobs", ("windows",), {"colour": "green"}),
]


@pytest.mark.parametrize(("kind", "name", "given", "named"), WRONG)
def test_a_signature_refuses_a_wrong_call(kind, name, given, named):
    """What makes stand-ins of a class checks their calls by these signatures."""
    with pytest.raises(TypeError):
        inspect.signature(getattr(kind, name)).bind(None, *given, **named)


def test_a_signature_takes_every_right_call():
    inspect.signature(NAble.list_sites).bind(None, 1)
    inspect.signature(NAble.listPatches).bind(None, deviceid=1, describe=True)
    inspect.signature(Qualys.list_jobs).bind(None, "windows", filter="status:`Enabled`")


def test_both_clients_have_the_same_methods():
    assert table_of(NAble) == table_of(AsyncNAble)
    assert table_of(Qualys) == table_of(AsyncQualys)


def test_a_subclass_keeps_what_it_overrides():
    class Mine(NAble):
        def list_sites(self, client_id):
            return [client_id]

    assert Mine("us", "key-of-a-test").list_sites(7) == [7]
    assert Mine.list_clients is NAble.list_clients


def test_a_wrong_call_is_a_type_error_before_anything_is_sent():
    with pytest.raises(TypeError):
        NAble("us", "key-of-a-test").list_sites()
    with pytest.raises(TypeError):
        asyncio.run(AsyncNAble("us", "key-of-a-test").list_sites())
