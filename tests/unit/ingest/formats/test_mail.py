"""EML."""

import random
from email.message import EmailMessage

import pytest

from service.errors import NoTextError, UnsafeError, UnsupportedMediaTypeError
from service.ingest.charsets import decode
from tests.unit.ingest.formats.builders import parsed, paths, xlsx


def mail(text: str | None = "The bees fly.\n", subject: str = "Grüße vom Stand") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada Keeper <ada@example.org>"
    message["To"] = "bob@example.org"
    message["Subject"] = subject
    message["Date"] = "Mon, 23 Nov 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@example.org>"
    if text is not None:
        message.set_content(text)
    return message


def test_headers_are_read_and_kept():
    read = parsed(mail().as_bytes())
    assert read.title == "Grüße vom Stand"
    assert read.text == (
        "From: Ada Keeper <ada@example.org>\nTo: bob@example.org\nDate: Mon, 23 Nov 2026 10:00:00 +0000\n"
        "Subject: Grüße vom Stand\n\nThe bees fly."
    )
    assert read.metadata == {
        "mail_from": "Ada Keeper <ada@example.org>",
        "mail_to": "bob@example.org",
        "mail_date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "mail_message_id": "<1@example.org>",
    }


@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_headers_that_nobody_encoded_are_read_as_text_is(charset):
    head = (
        "From: Jürgen Köhler <juergen@example.org>\nSubject: Grüße von den Bienen\n"
        "To: =?utf-8?q?M=C3=BCller?= und Schröder <m@example.org>\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n'
    )
    part = '--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename="Rähmchen.txt"\n\nOak.\n--b--\n'
    read = parsed((head + part).encode(charset), "message/rfc822")
    assert read.title == "Grüße von den Bienen"
    assert read.metadata["mail_from"] == "Jürgen Köhler <juergen@example.org>"
    if charset == "utf-8":  # the other one cannot be told by a word
        assert read.metadata["mail_to"] == "Müller und Schröder <m@example.org>"
        assert read.metadata["mail_attachments"] == "Rähmchen.txt"


def test_a_header_of_bytes_that_are_no_text_does_not_cost_the_mail():
    noise = random.Random(1).randbytes(300).translate(None, b"\r\n")
    with pytest.raises(UnsupportedMediaTypeError):
        decode(noise)
    assert parsed(b"Subject: " + noise + b"\n\nThe bees fly.", "message/rfc822").text.endswith("The bees fly.")


def test_a_media_type_that_is_no_text_can_be_named():
    content = b"Subject: Bees\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: x/\xff\n\nx\n--b--\n"
    read = parsed(content, "message/rfc822")
    assert read.metadata["mail_attachments"].encode()


def test_of_two_versions_of_the_text_the_plain_one_is_read_unless_it_is_a_stub():
    both = mail("The bees fly.\n")
    both.add_alternative("<p>The <b>bees</b> fly.</p>", subtype="html")
    assert parsed(both.as_bytes()).text.count("fly") == 1
    stub = mail("See HTML.\n")
    stub.add_alternative("<h1>Bees</h1><p>They fly far and wide, over hill and dale.</p>", subtype="html")
    assert parsed(stub.as_bytes()).text.endswith("# Bees\n\nThey fly far and wide, over hill and dale.")


@pytest.mark.parametrize(
    ("page", "error"), [(b"<div>" * 600, UnsafeError), (random.Random(1).randbytes(300), UnsupportedMediaTypeError)]
)
def test_a_mail_whose_html_part_is_damaged_or_unsafe_is_read_when_its_plain_part_suffices(page, error):
    only = mail(None)
    only.set_content(page, "text", "html")
    with pytest.raises(error):
        parsed(only.as_bytes())
    both = mail("The bees fly.\n" * 150)
    both.add_alternative(page, "text", "html")
    assert parsed(both.as_bytes()).text.count("The bees fly.") == 150


def test_attachments_are_named_and_read_one_level_deep():
    message = mail()
    message.add_attachment("# Hives\n\nOak and lime.", subtype="markdown", filename="hives.md")
    message.add_attachment(xlsx({"Frames": [["Oak", 12]]}), "application", "octet-stream", filename="Rähmchen.xlsx")
    message.add_attachment(b"\x89PNG\r\n", "image", "png", filename="bee.png")
    inner = mail("An inner mail.\n", "Inner")
    inner.add_attachment("Too deep.", filename="deep.txt")
    message.add_attachment(inner)
    read = parsed(message.as_bytes())
    assert read.metadata["mail_attachments"] == "hives.md, Rähmchen.xlsx, bee.png, message/rfc822"
    assert [path for path in paths(read) if path[1].startswith("#")] == [
        ("hives.md", "# hives.md", None),
        ("hives.md > Hives", "# Hives", None),
        ("Rähmchen.xlsx", "# Rähmchen.xlsx", None),
        ("Rähmchen.xlsx > Frames", "# Frames", 1),
        ("message/rfc822", "# message/rfc822", None),
    ]
    assert "An inner mail." in read.text
    assert "Attachments: deep.txt" in read.text
    assert "Too deep." not in read.text


def test_a_hostile_attachment_costs_nothing_but_itself():
    message = mail()
    message.add_attachment(b"PK\x03\x04 damaged", "application", "zip", filename="bomb.zip")
    message.add_attachment("Fine.", filename="fine.txt")
    read = parsed(message.as_bytes())
    assert read.text.endswith("# fine.txt\n\nFine.")


def test_a_mail_in_another_charset_is_read_as_it_declares():
    message = mail(None)
    message.set_content("Пчелы летают.\n", charset="koi8-r")
    assert "Пчелы летают." in parsed(message.as_bytes()).text
    raw = b"From: a@example.org\r\nMessage-ID: <1>\r\nSubject: Bees \xfcber all\r\n\r\nBees.\r\n"
    assert parsed(raw).title.startswith("Bees ")


def test_parts_without_end_are_unsafe():
    body = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(3000)
    )
    with pytest.raises((UnsafeError, NoTextError)):
        parsed(b"Message-ID: <1>\r\nFrom: a\r\n" + body)
    many = b"--b\r\n\r\nx\r\n" * 2000
    head = b'Message-ID: <1>\r\nFrom: a\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    with pytest.raises(UnsafeError, match="at most 1000 parts"):
        parsed(head + many)


def test_a_header_whose_encoding_is_damaged_is_shown_as_it_is():
    broken = b"Message-ID: <1>\r\nFrom: a@example.org\r\nSubject: =?utf-8?b?5p2x5?= bees\r\n\r\nIn the hive.\r\n"
    assert parsed(broken).title == "=?utf-8?b?5p2x5?= bees"
