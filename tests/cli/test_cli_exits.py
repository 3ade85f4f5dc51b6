"""Every error that Patchfleet raises on purpose has an exit code, and each code its meaning."""

from patchfleet import errors
from patchfleet.cli.exit_codes import MEANINGS, Exit, exit_of


def all_kinds(kind: type[errors.Error]) -> list[type[errors.Error]]:
    return [kind, *(below for one in kind.__subclasses__() for below in all_kinds(one))]


def made(kind: type[errors.Error]) -> errors.Error:
    if issubclass(kind, errors.PolicyError):
        return kind("message", file="file", line=1)
    if issubclass(kind, errors.Incomplete):
        return kind("message", [])
    return kind("message")


def test_every_kind_of_error_has_an_exit_code() -> None:
    import patchfleet.cli.options  # noqa: F401 -- errors of the command line are there

    kinds = [kind for kind in all_kinds(errors.Error) if kind is not errors.Error]
    assert errors.PolicyError in kinds
    without = [kind.__name__ for kind in kinds if exit_of(made(kind)) is Exit.BUG]
    assert without == []


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)
