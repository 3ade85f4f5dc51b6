"""The six patch calls under the names that users of the existing wrapper know.

Each takes what our own name takes and, last, `describe`: when it is true, the service's manual is
returned instead, as their types say.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, Literal, Protocol, TypeVar, cast, overload

from patchfleet.nsight.operations.describe import describe
from patchfleet.nsight.operations.patches import PatchIds
from patchfleet.transport.client import AsyncClient, Client
from patchfleet.transport.operation import Work

R_co = TypeVar("R_co", covariant=True)
D_co = TypeVar("D_co", covariant=True)
F = TypeVar("F")


class DeviceCall(Protocol[R_co, D_co]):
    """What `listPatches` looks like to a type checker."""

    @overload
    def __call__(self, deviceid: int, describe: Literal[False] = False) -> R_co: ...
    @overload
    def __call__(self, deviceid: int, describe: Literal[True]) -> D_co: ...
    @overload
    def __call__(self, deviceid: int, describe: bool) -> R_co | D_co: ...


class PatchesCall(Protocol[R_co, D_co]):
    """What `approvePatches` and its four companions look like to a type checker."""

    @overload
    def __call__(
        self, deviceid: int, patchids: PatchIds, describe: Literal[False] = False
    ) -> R_co: ...
    @overload
    def __call__(self, deviceid: int, patchids: PatchIds, describe: Literal[True]) -> D_co: ...
    @overload
    def __call__(self, deviceid: int, patchids: PatchIds, describe: bool) -> R_co | D_co: ...


class WrapperMethod(Generic[F]):
    """Make a method of either client out of a builder and the service it calls."""

    def __init__(self, build: Callable[..., Work[Any]], service: str) -> None:
        self._build = build
        self._service = service

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, client: "Client | AsyncClient | None", owner: type) -> F:
        if client is None:
            return cast("F", self)

        def call(*args: Any, **kwargs: Any) -> Any:
            return client.run(self.work(*args, **kwargs))

        call.__name__ = self._name
        call.__doc__ = self._build.__doc__
        call.__signature__ = _with_describe(self._build)  # type: ignore[attr-defined]
        return cast("F", call)

    def work(self, *args: Any, **kwargs: Any) -> Work[Any]:
        """Return the operation: the builder's, or the manual of its service."""
        given = _with_describe(self._build).bind_partial(*args, **kwargs).arguments
        if given.pop("describe", False):
            return describe(self._service)
        return self._build(**given)


@cache
def _with_describe(build: Callable[..., Work[Any]]) -> inspect.Signature:
    signature = inspect.signature(build)
    extra = inspect.Parameter(
        "describe", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=False, annotation=bool
    )
    return signature.replace(
        parameters=[*signature.parameters.values(), extra],
        return_annotation=inspect.Signature.empty,
    )
