"""What documents say, read by the confined child; what cannot be read says why."""

import io
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfWriter

from app.candidates.knowledge.reading.parent import Read, read
from app.examples.unpacking.kinds import Unreadable


def reading(folder: Path, name: str, content: bytes) -> list[Read]:
    path = folder / "upload"
    path.write_bytes(content)
    return read(path, name, date(2024, 1, 1), lambda: False)


def pdf(text: str | None) -> bytes:
    """Written by hand, as the library writes no text; without text: one empty page of the library's."""
    if text is None:
        writer, out = PdfWriter(), io.BytesIO()
        writer.add_blank_page(200, 200)
        writer.write(out)
        return out.getvalue()
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start
    )


def test_markdown_knows_its_headings_and_its_front_matter(tmp_path: Path) -> None:
    long = "Words of a sentence. " * 40
    content = f"---\ntitle: Terms\n---\n\n# Payment\n\n{long}\n\n## By *card*\n\n{long}\n\n```\n# no heading\n```\n"
    (one,) = reading(tmp_path, "terms.md", content.encode())
    assert [heading for _text, heading in one.passages] == ["Terms › Payment", "Terms › Payment › By card"]
    assert all(len(text) <= 1_200 for text, _heading in one.passages)
    assert "title:" not in one.passages[0][0]


def test_html_is_read_as_its_reader_sees_it(tmp_path: Path) -> None:
    page = (
        "<html><head><title>Prices</title><style>p{}</style></head><body><nav>Home</nav><h2>Plans</h2>"
        "<p>The plan costs <b>€9</b>, see <a href='http://x'>here</a>.</p><script>alert(1)</script>"
        "<table><tr><th>Plan</th><th>Price</th></tr><tr><td>Solo</td><td>9</td></tr></table></body></html>"
    )
    (one,) = reading(tmp_path, "prices.html", page.encode("latin-1", "xmlcharrefreplace"))
    ((text, heading),) = one.passages
    assert heading == "Prices"
    assert "The plan costs **€9**, see here." in text
    assert "| Solo | 9 |" in text
    assert not any(word in text for word in ("alert", "Home", "p{}", "http://x"))


def test_a_pdf_names_its_page(tmp_path: Path) -> None:
    (one,) = reading(tmp_path, "manual.pdf", pdf("The warranty is two years."))
    assert one.passages == [("The warranty is two years.", "page 1")]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.pdf", pdf(None), "holds no text"),
        ("a.pdf", b"%PDF-1.4 broken", "PDF is broken"),
        ("a.pdf", b"hello", "called a PDF but is none"),
        ("a.docx", b"PK\x03\x04", "Word document"),
        ("a.txt", b"fine\nnot \xe9", "Line 2 is not UTF-8"),
        ("a.txt", b"", "empty"),
        ("a.html", b"<div>" * 30_000, "more memory"),
        ("a.jsonl", b'{"path": "a", "text": "x", "date": "May"}', "Line 1: “date” must be a date"),
        ("a.jsonl", b'{"path": "a", "text": "x", "date": "2020-01-01"}\n{"path": 7}', "Line 2 needs"),
        ("a.jsonl", b'{"path": "a", "text": "x", "date": "2020-01-01"}\nno', "Line 2 is not JSON"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        reading(tmp_path, name, content)
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]


def test_the_same_file_gives_the_same_passages(tmp_path: Path) -> None:
    content = ("# A\n\n" + "One sentence after another. " * 300).encode()
    assert reading(tmp_path, "a.md", content) == reading(tmp_path, "a.md", content)
