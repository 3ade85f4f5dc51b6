"""Former names of the fields of value types, as keywords and as attributes.

Invariant: every row of the table works and warns (tests/test_renamed.py).
"""

from typing import TYPE_CHECKING, Any

from msgspec import StructMeta

if TYPE_CHECKING:
    FormerFields = StructMeta
    """To a type checker there are no former names."""
else:
    from patchfleet._renamed import warn_of_option

    class FormerFields(StructMeta):
        """The metaclass of a `Struct` of which fields have been renamed."""

        def __new__(
            mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
        ) -> type:
            namespace.setdefault("__getattr__", _attribute)
            return super().__new__(mcls, name, bases, namespace, **options)

        def __call__(cls, *values: Any, **fields: Any) -> Any:
            for name in fields.keys() - set(cls.__struct_fields__):
                new = _new_field(cls, name)
                if new is not None:
                    if new in fields:
                        raise TypeError(f"{cls.__name__}: {name} and {new} are one field")
                    fields[new] = fields.pop(name)
            return super().__call__(*values, **fields)

    def _attribute(self: Any, name: str) -> Any:
        new = _new_field(type(self), name)
        if new is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self, new)

    def _new_field(kind: type, name: str) -> str | None:
        """Return the present name of a former field, with a warning, or None for an unknown one."""
        from patchfleet._renamed.table import FIELDS

        address = f"{kind.__module__}:{kind.__name__}.{name}"
        new = FIELDS.get(address.removeprefix("patchfleet."))
        if new is not None:
            warn_of_option(f"{kind.__name__}.{name}", f"{kind.__name__}.{new}")
        return new
