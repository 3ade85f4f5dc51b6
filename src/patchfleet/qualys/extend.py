"""Public parts to write a Qualys operation of one's own.

A builder returns `call(name, method, path, parse, …)`; `parse` reads a response with `whole`, which
returns its JSON or raises. Run the result with `client.run`, or make it a method: a class whose
lines are `operation(builder)`, inherited before `Qualys` or `AsyncQualys`.
"""

from patchfleet.qualys.envelope import whole
from patchfleet.qualys.operations.request import call
from patchfleet.transport.client import operation
from patchfleet.transport.operation import Operation

__all__ = ["Operation", "call", "operation", "whole"]
