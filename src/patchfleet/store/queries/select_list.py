"""Select lists of statements, derived from the row type that a statement is read into.

A field is written once, in its row type; only what is not a column of that name is written here.
"""

from msgspec import Struct


def select_list(row: type[Struct], table: str = "", /, **expressions: str) -> str:
    """Return the columns of a SELECT that is read as rows of `row`, in the order of its fields.

    A field is the column of its name, of `table` if one is given, or what `expressions` has for it.
    Raises TypeError if `row` has no field of the name of an expression.
    """
    unknown = expressions.keys() - set(row.__struct_fields__)
    if unknown:
        raise TypeError(f"{row.__name__} has no field {', '.join(sorted(unknown))}")
    of = f"{table}." if table else ""
    return ", ".join(
        f'{expressions[name]} AS "{name}"' if name in expressions else f'{of}"{name}"'
        for name in row.__struct_fields__
    )
