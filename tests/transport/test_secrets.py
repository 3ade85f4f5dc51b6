"""A server may repeat the secret it was sent, in any spelling: none of them comes back."""

import io
from typing import Any
from urllib.parse import quote, quote_plus

from patchfleet.config import Secret
from patchfleet.transport.line import Line
from patchfleet.transport.wire import Request, Response

AWKWARD = "a/b c+d&e=ü%41"


def test_a_server_that_repeats_the_key_in_any_spelling_is_not_believed(
    send: Any, scripted: Any, every_log: io.StringIO
) -> None:
    spellings = [AWKWARD, quote(AWKWARD), quote(AWKWARD, safe=""), quote_plus(AWKWARD)]
    body = " | ".join(spellings).encode()
    head = b"HTTP/1.1 200 OK\r\nX-Asked: %b\r\nLocation: /?apikey=%b\r\nContent-Length: %d\r\n\r\n"
    server = scripted(
        head % (quote(AWKWARD).encode(), quote_plus(AWKWARD).encode(), len(body)) + body
    )
    line = Line(server.url, secret_query={"apikey": Secret(AWKWARD)})
    answer = send(line, Request(path="/api/", query=(("service", "x"),)))
    assert isinstance(answer, Response)
    assert answer.body == b"*** | *** | *** | ***"
    assert answer.headers["x-asked"] == "***"
    assert answer.headers["location"] == "/?apikey=***"
    for spelled in spellings:
        assert spelled not in every_log.getvalue()
