"""Text in encodings that are older than Unicode is guessed, said, and read; broken UTF-8 stays a matter of its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.formats.inputs.encodings import as_utf8

RUSSIAN = "Посольство сообщает о новых решениях правительства и встрече министров"
TEXTS = {
    "cp1251": RUSSIAN,
    "koi8_r": RUSSIAN,
    "cp1256": "السفارة الإيرانية تعلن عن اجتماع الوزراء الجديد في طهران",
    "cp1253": "Η πρεσβεία ανακοινώνει νέα συνάντηση των υπουργών",
    "gb18030": "中国驻外大使馆发表声明外交部发言人表示",
    "shift_jis": "大使館は新しい声明を発表しましたこんにちは",
    "euc_kr": "대사관은 새로운 성명을 발표했습니다",
}


def read(data: bytes) -> tuple[str, str]:
    encoding, blocks = as_utf8(iter([data]))
    return encoding, b"".join(blocks).decode()


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_table_in_an_older_encoding_is_guessed_and_said_to_be(encoding: str) -> None:
    table = "id,text\n" + "".join(f'135941178143224634{number},"{TEXTS[encoding]}"\n' for number in range(10))
    assert read(table.encode(encoding)) == (f"{encoding} (guessed)", table)


def test_of_a_western_text_all_that_is_ascii_is_as_it_was() -> None:
    """Which of the Western and Central European ones it is, nobody can tell from a few words."""
    table = "id,handle,text\n1359411781432246349,LaREM_AN,séance à l'Assemblée où le député\n" * 3
    encoding, text = read(table.encode("cp1252"))
    assert encoding.endswith("(guessed)")
    assert text.count("1359411781432246349,LaREM_AN,s") == 3


def test_broken_lines_in_a_file_of_utf_8_stay_broken_lines() -> None:
    data = f"{RUSSIAN}\n".encode() + RUSSIAN.encode("cp1251") + b"\n" + f"{RUSSIAN}\n".encode()
    encoding, blocks = as_utf8(iter([data]))
    assert (encoding, b"".join(blocks)) == ("utf-8", data)


@given(st.text(), st.integers(0, 40))
def test_utf_8_is_never_taken_for_anything_else_wherever_it_is_cut(text: str, cut: int) -> None:
    text = "0123" + text.replace("\x00", "").replace("\n", "").replace("\ufeff", "")
    data = text.encode("utf-8", "ignore")
    data = data[: max(4, len(data) - cut)]
    encoding, blocks = as_utf8(iter([data, b"more"]))
    assert (encoding, b"".join(blocks)) == ("utf-8", data + b"more")


@given(st.binary(min_size=4))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    _, blocks = as_utf8(iter([data]))
    b"".join(blocks).decode("utf-8", "replace")
