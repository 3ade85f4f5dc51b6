"""Minimal PDF writer: pages of plain text lines in a font that every reader has."""

from collections.abc import Sequence

_LINES_A_PAGE = 50
_FIRST = 4
"""The number of the first page's object: after the catalogue, the pages and the font."""


def text_pdf(lines: Sequence[str]) -> bytes:
    """Return a PDF of these lines, fifty on a page, one page at least."""
    pages = [lines[at : at + _LINES_A_PAGE] for at in range(0, len(lines), _LINES_A_PAGE)] or [[]]
    kids = " ".join(f"{_FIRST + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        content = _content(page)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 595] /Resources << /Font << /F1 3 0 "
            b"R >> >> /Contents %d 0 R >>" % (_FIRST + 2 * number + 1),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    return _document(objects)


def _content(lines: Sequence[str]) -> bytes:
    shown = [f"({_escaped(line)}) Tj T*" for line in lines]
    return "\n".join(["BT /F1 8 Tf 10 TL 30 560 Td", *shown, "ET"]).encode("cp1252", "replace")


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _document(objects: Sequence[bytes]) -> bytes:
    """Return the objects with the table of their offsets."""
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return (
        b"%sxref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (body, count, table, count, len(body))
    )
