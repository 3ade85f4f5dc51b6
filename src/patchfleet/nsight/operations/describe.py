"""A service's own manual [D: describe.htm].

The published form is not well-formed and the live form is not recorded, so a body that cannot be
parsed is returned as raw text; a refusal is still an error.
"""

from patchfleet.errors import ConfigError, Unreadable
from patchfleet.nsight.document import document_of
from patchfleet.nsight.envelope import Answer, child, children, failure_of, text_of
from patchfleet.nsight.operations.request import call
from patchfleet.nsight.records.inventory import Description, Parameter
from patchfleet.nsight.records.record import read_all
from patchfleet.transport.messages import Response
from patchfleet.transport.operation import Operation


def describe(service: str) -> Operation[Description]:
    """Get the manual of a service; its required parameters may be omitted."""
    if not service.replace("_", "").replace("/", "").isalnum():
        raise ConfigError(f"{service!r} is not the name of a service")
    return call(service, _read_description, describe="true")


def _read_description(response: Response) -> Description:
    raw = response.body.decode("latin-1")
    try:
        root = document_of(response.body).root
    except Unreadable:
        if "<service" not in raw:  # not even the outline of a manual
            raise
        return Description(raw=raw)
    failure = failure_of(root)
    if failure is not None:
        raise failure
    service = child(root, "service")
    if service is None:
        raise Unreadable("the answer has no <service>")
    parameters = child(service, "parameters")
    listed = [] if parameters is None else list(children(parameters, "parameter"))
    return Description(
        name=text_of(service, "name"),
        url=text_of(service, "url"),
        description=text_of(service, "description"),
        parameters=tuple(read_all(listed, Parameter, Answer(root))),
        example=text_of(service, "example"),
        field_descriptions=text_of(service, "fielddescriptions"),
        raw=raw,
    )
