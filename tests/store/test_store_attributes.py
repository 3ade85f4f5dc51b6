"""Columns are declared once: the record, the published files and the views have them all."""

import pytest
from msgspec import Struct
from small_fleet import finding, sync

from patchfleet.store import attributes
from patchfleet.store.record import schema
from patchfleet.store.views.columns import VIEWS

GROUPS = {
    "devices": attributes.DEVICE,
    "patches": attributes.PATCH,
    "findings": (*attributes.STATUS, *attributes.PATCH),
    "jobs": attributes.JOB,
    "job_runs": attributes.JOB_RUN,
    "job_results": attributes.JOB_RESULT,
}
"""The views, and the columns of models in each."""


@pytest.mark.parametrize("view", GROUPS)
def test_a_view_has_each_column_with_its_type_and_meaning(store, view):
    sync(store, {"d1": [finding(1)]})
    with store.snapshot(with_history=True) as snapshot:
        shown = {
            one.column: (one.kind, one.meaning) for one in snapshot.views() if one.view == view
        }
    for one in GROUPS[view]:
        assert shown[one.name] == (attributes.TABLE_TYPES[one.type], VIEWS[view][one.name])
        assert one.meaning == VIEWS[view][one.name]


def test_the_record_has_each_column_of_its_models():
    tables = {
        "patch": attributes.PATCH,
        "condition": attributes.STATUS,
        "description": schema.DESCRIBED,
        "scan": schema.SEEN,
    }
    for name, listed in tables.items():
        table = schema.metadata.tables[name]
        assert [(table.c[one.recorded].nullable) for one in listed] == [
            one.is_optional for one in listed
        ]
    assert {*schema.DESCRIBED, *schema.SEEN} == set(attributes.DEVICE)


class Rack(Struct):
    """A model with a field of each type."""

    id: str
    height: int
    load: float | None
    serials: tuple[str, ...] = ()


def test_a_field_without_a_meaning_is_an_error():
    meanings = {"height": "in units", "load": "in kW", "serials": "of its devices"}
    listed = attributes._attributes(Rack, meanings, without=("id",))
    assert [(one.name, one.type, one.is_optional) for one in listed] == [
        ("height", "integer", False),
        ("load", "number", True),
        ("serials", "texts", False),
    ]
    with pytest.raises(TypeError, match=r"^Rack: a field or a meaning too few: id$"):
        attributes._attributes(Rack, meanings)
    with pytest.raises(TypeError, match=r"few: depth, id$"):
        attributes._attributes(Rack, {**meanings, "depth": "in mm"})
