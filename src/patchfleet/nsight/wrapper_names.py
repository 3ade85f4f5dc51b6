"""The six patch calls under the names of the existing wrapper.

Each takes the parameters of Patchfleet's own call and, last, `describe`: if it is true, the
service's manual is returned instead, as their types show.
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, overload

from patchfleet.nsight.operations.describe import describe
from patchfleet.nsight.operations.patches import PatchIds
from patchfleet.nsight.records.inventory import Description
from patchfleet.transport.client import AsyncClient, Client, Line
from patchfleet.transport.operation import Work

R_co = TypeVar("R_co", covariant=True)
D_co = TypeVar("D_co", covariant=True)
T = TypeVar("T")


class DeviceCall(Protocol[R_co, D_co]):
    """`listPatches` for a type checker."""

    @overload
    def __call__(self, deviceid: int, describe: Literal[False] = False) -> R_co: ...
    @overload
    def __call__(self, deviceid: int, describe: Literal[True]) -> D_co: ...
    @overload
    def __call__(self, deviceid: int, describe: bool) -> R_co | D_co: ...


class PatchesCall(Protocol[R_co, D_co]):
    """`approvePatches` and its four companions for a type checker."""

    @overload
    def __call__(
        self, deviceid: int, patchids: PatchIds, describe: Literal[False] = False
    ) -> R_co: ...
    @overload
    def __call__(self, deviceid: int, patchids: PatchIds, describe: Literal[True]) -> D_co: ...
    @overload
    def __call__(self, deviceid: int, patchids: PatchIds, describe: bool) -> R_co | D_co: ...


class WrapperMethod(Line):
    """A line of the table, made of a builder and the service that it calls."""

    def __init__(self, build: Callable[..., Work[Any]], service: str) -> None:
        super().__init__(build)
        self._service = service

    def parameters(self) -> inspect.Signature:
        """Return the builder's parameters and `describe`."""
        return _with_describe(self.build)

    def work(self, *args: Any, **kwargs: Any) -> Work[Any]:
        """Return the operation: the builder's, or the manual of its service."""
        given = self.parameters().bind_partial(*args, **kwargs).arguments
        if given.pop("describe", False):
            return describe(self._service)
        return self.build(**given)  # type: ignore[no-any-return]


class DeviceMethod(WrapperMethod, Generic[T]):
    """The wrapper's call that reads a device."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
        @overload
        def __get__(self, client: Client, owner: type) -> DeviceCall[T, Description]: ...
        @overload
        def __get__(
            self, client: AsyncClient, owner: type
        ) -> DeviceCall[Awaitable[T], Awaitable[Description]]: ...
        def __get__(self, client: Any, owner: type) -> Any: ...


class PatchesMethod(WrapperMethod, Generic[T]):
    """The wrapper's calls that change patches of a device."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
        @overload
        def __get__(self, client: Client, owner: type) -> PatchesCall[T, Description]: ...
        @overload
        def __get__(
            self, client: AsyncClient, owner: type
        ) -> PatchesCall[Awaitable[T], Awaitable[Description]]: ...
        def __get__(self, client: Any, owner: type) -> Any: ...


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
