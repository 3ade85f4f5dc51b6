"""XML envelope of every N-able answer: its errors, and lists that hold nothing else.

The three shapes of failure [D: error_messages_.htm, D: add_site.htm, mav pages] all become errors;
an answer without its documented root is unreadable, not empty. A list with unknown content is never
a shorter list: a foreign record, a text in place of a record, a second list or another wrapping is
an error. A text beside records is kept and reported, since N-able's own examples have one.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from xml.etree.ElementTree import Element

from patchfleet.errors import Rejected, Unauthorized, Unreadable, VendorError
from patchfleet.nsight.codes import stamp, whole_number
from patchfleet.nsight.document import document_of, printable, sample
from patchfleet.transport.messages import Response

# N-able's elements around a sentence: with one of them, a list is not a list.
_SENTENCES = frozenset({"msg", "message", "error", "errorcode", "warning", "notice", "info"})
# N-able's elements of records: inside an unknown element they are another wrapping.
_RECORDS = frozenset(
    {"items", "client", "site", "server", "workstation", "mobiledevice", "device"}
    | {"servers", "workstations", "devices", "check", "patch", "item", "record", "row"}
    | {"software", "hardware", "outage", "note"}
)


class Answer:
    """A successful answer while it is read: its root, its time and its problems.

    `problems` are sentences for people that name the record; readers of the answer add to them.
    """

    __slots__ = ("answered_at", "is_mended", "problems", "root")

    def __init__(
        self, root: Element, damage: tuple[str, ...] = (), *, is_mended: bool = False
    ) -> None:
        self.root = root
        self.answered_at: datetime | None = stamp(root.get("created"))
        self.problems = list(damage)
        self.is_mended = is_mended

    def items(self, name: str) -> list[Element]:
        """Return the elements of the `<items>` list; a missing `<items>` is unreadable."""
        holder = self.only("items")
        if holder is None:
            raise Unreadable("the answer has no <items>")
        return self.listed(holder, name)

    def only(self, *names: str) -> Element | None:
        """Return the single element under the root, which has one of these names, or None."""
        found = list(self.root)
        for element in found:
            if name_of(element) not in names:
                raise Unreadable(f"the answer holds <{_shown(element)}>, not <{names[0]}>")
        if len(found) > 1:
            raise Unreadable(f"the answer holds <{_shown(found[1])}> beside <{_shown(found[0])}>")
        self._no_text(self.root, has_records=bool(found and len(found[0])))
        return found[0] if found else None

    def listed(self, parent: Element, name: str) -> list[Element]:
        """Return the elements of a list that holds records of one name and nothing else."""
        found = list(parent)
        wanted = plain(name)
        for element in found:
            if name_of(element) != wanted:
                raise Unreadable(
                    f"<{_shown(parent)}> holds <{_shown(element)}>, and not only <{name}>"
                )
        self._no_text(parent, has_records=bool(found))
        return found

    def inner(self, parent: Element, *names: str) -> list[Element]:
        """Return the records of these names among the fields of another record.

        Unknown fields are accepted, but no sentence, no record of another name and no wrapping
        around records.
        """
        found = []
        wanted = set(map(plain, names))
        for element in parent:
            tag = name_of(element)
            if tag in wanted:
                found.append(element)
            elif tag in _SENTENCES or tag in _RECORDS or _wraps(element):
                raise Unreadable(
                    f"<{_shown(parent)}> holds <{_shown(element)}>, and not only <{names[0]}>"
                )
        self._no_text(parent, has_records=bool(found))
        return found

    def optional(self, parent: Element, outer: str, inner: str) -> list[Element]:
        """Return the elements of a list inside a record; an empty one may be left out."""
        holders = list(children(parent, outer))
        if len(holders) > 1:
            raise Unreadable(f"<{_shown(parent)}> holds <{outer}> twice")
        return self.listed(holders[0], inner) if holders else []

    def _no_text(self, parent: Element, *, has_records: bool) -> None:
        """Refuse a text in place of records; note one beside them."""
        text = printable(" ".join([parent.text or "", *(one.tail or "" for one in parent)]))
        if not text.strip():
            return
        if not has_records:
            raise Unreadable(f"<{_shown(parent)}> holds no record but the text: {text.strip()}")
        self.problems.append(f"there is a text beside the records: {text.strip()}")


def opened(response: Response, expected: str = "result") -> Answer:
    """Open a successful answer, or raise the vendor's error.

    `expected` is the documented root: `result`, or `patches` for patch_list_all
    [D: list_all_patches_for_device.htm].
    """
    root, damage, is_mended = document_of(response.body)
    failure = failure_of(root)
    if failure is not None:
        raise failure
    if name_of(root) != expected:
        raise Unreadable(
            f"the answer's root is <{_shown(root)}>, not <{expected}>",
            sample=sample(response.body),
        )
    return Answer(root, damage, is_mended=is_mended)


def answer(response: Response) -> Element:
    """Return the root of a successful answer that holds no list; raise as `opened` does."""
    return opened(response).root


def failure_of(root: Element) -> VendorError | None:
    """Return the error that an answer holds, in any of the three shapes, or None."""
    status = root.get("status", "").upper()
    error = child(root, "error")
    if error is not None:  # E1 with status FAIL and a number, or E2 with neither
        return _business_error(whole_number(text_of(error, "errorcode")), text_of(error, "message"))
    if status == "FAIL":  # E3: an action refused, with its reason in <msg>
        return _business_error(None, text_of(root, "msg") or "no reason given")
    if status not in {"", "OK"}:
        return Unreadable(f"the answer's status is '{status[:20]}', neither OK nor FAIL")
    return None


def _business_error(code: int | None, message: str) -> VendorError:
    if code == 3 or (code is None and message.lower().startswith("login failed")):
        return Unauthorized(f"N-able does not accept the key ({message or 'Login failed'})")
    name = message.rpartition(": ")[2] if code in {4, 5} and ": " in message else None
    hints = {
        4: "the id does not exist, or this key may not see it",
        5: "a parameter of the call is missing or misspelt",
    }
    number = "" if code is None else f" (error {code})"
    return Rejected(
        f"N-able refuses: {message or 'no reason given'}{number}",
        code=code,
        reason=message,
        parameter=name,
        hint=hints.get(code or 0),
    )


def name_of(element: Element) -> str:
    """Return the name of an element: in lower case, without its namespace and its separators.

    Names differ in case between services and inside one.
    """
    return plain(element.tag)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a wire name without namespace, case and separators: `installDateText`."""
    return name.rpartition("}")[2].lower().replace("_", "")


def child(parent: Element, name: str) -> Element | None:
    """Return the first child of that name, in any case, or None."""
    wanted = plain(name)
    for element in parent:
        if name_of(element) == wanted:
            return element
    return None


def children(parent: Element, name: str) -> Iterator[Element]:
    """Yield the children of that name, in any case: none, one or many."""
    wanted = plain(name)
    return (element for element in parent if name_of(element) == wanted)


def text_of(parent: Element, name: str) -> str:
    """Return the stripped text of a child, or the empty text without one."""
    element = child(parent, name)
    return "" if element is None else whole_text(element)


def whole_text(element: Element) -> str:
    """Return the text of an element, and of markup inside it, without surrounding blanks."""
    return ("".join(element.itertext()) if len(element) else element.text or "").strip()


def _wraps(element: Element) -> bool:
    """Return whether an unknown element may hold records: things with an id."""
    inside = [name_of(one) for one in element.iter() if one is not element]
    return any(name in _RECORDS or name.endswith("id") for name in inside)


def _shown(element: Element) -> str:
    return printable(element.tag.rpartition("}")[2], 40)
