"""Words in five scripts, and the ways in which the same words are written differently, for properties of texts."""

from typing import Final

from hypothesis import strategies as st

from streams.core.texts.fingerprints import ALPHABETIC, DENSE_SAMPLING

__all__ = ["ALPHABETS", "DENSE_SCRIPTS", "found_length", "noise", "passages", "rewritten", "words_of"]

# Letters as they are left by normalisation: a passage of n of them has n letters afterwards.
ALPHABETS: Final = {
    "persian": "ابپتثجچحخدذرزژسشصضطظعغفقكگلمنوهي",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "cyrillic": "абвгдежзиклмнопрстуфхцчшщъыьэюя",
    "latin": "abcdefghijklmnopqrstuvwxyz",
    "chinese": "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说",
}
DENSE_SCRIPTS: Final = frozenset({"chinese"})


def found_length(script: str) -> int:
    """Letters and digits, spaces not counted, of a shared passage that surely has a fingerprint."""
    sampling = DENSE_SAMPLING if script in DENSE_SCRIPTS else ALPHABETIC
    return sampling.gram + sampling.window - 1


def words_of(script: str, *, max_size: int = 12) -> st.SearchStrategy[str]:
    """A word; in Chinese a clause."""
    return st.text(ALPHABETS[script], min_size=1, max_size=max_size)


@st.composite
def passages(draw: st.DrawFn, script: str, letters: int) -> str:
    """Words with at least so many letters together, spaces not counted, and often no more."""
    length = letters + draw(st.sampled_from([0, 0, 1, 30]))
    run = draw(st.text(ALPHABETS[script], min_size=length, max_size=length))
    step = draw(st.integers(1, 12))
    return ("" if script in DENSE_SCRIPTS else " ").join(run[at : at + step] for at in range(0, length, step))


# What platforms and people put between words and what says nothing. Each stands between spaces.
noise: Final = st.sampled_from(
    [
        "https://t.co/AbCdEf0123",
        "http://example.org/راه/?a=b&c=%D8%A7#x",
        "HTTPS://EXAMPLE.ORG/",
        "www.example.org/path",
        "pic.twitter.com/AbC",
        "@Khamenei_site",
        "RT @Khamenei_fa:",
        "@\u2068someone\u2069",
        "@someone@example.social",
        "@someone.bsky.social",
        "&amp;",
        "🇮🇷❤️👍🏽",
        "…!?؟،。「」—",
        "\u200f\u202b\u2066",
    ]
)

_VARIANTS: Final = {
    "ي": "ییىئﻳ",
    "ك": "ککﻛ",
    "ه": "ەةۀﻫ",
    "ا": "اأإآٱ",
    "و": "وؤ",
    "e": "éèEÉｅ",
    "i": "ıİIí",
    "o": "øóÖ",
    "c": "çČ",
    "и": "йЙ",
    "е": "ёЁ",
}
_MARKS: Final = {
    "persian": "\u064e\u0650\u0651\u0640\u200c\u200d\u200f\ufeff",
    "arabic": "\u064b\u064e\u0652\u0670\u0640\u200d\u2067\u061c",
    "cyrillic": "\u0301\u00ad\u200b",
    "latin": "\u0301\u0327\u00ad\u200b\u2060\ufe0f",
    "chinese": "\u200b\ufe00\U000e0100",
}


@st.composite
def rewritten(draw: st.DrawFn, text: str, script: str) -> str:
    """The same words in another spelling: letter variants, case, marks, invisible characters, signs for spaces."""
    out = []
    for letter in text:
        written = draw(st.sampled_from([letter, letter, letter.upper(), *_VARIANTS.get(letter, "")]))
        if letter == " ":
            written = draw(st.sampled_from([" ", "  ", "\n", " #", "_", ", ", "\u00a0"]))
        elif draw(st.integers(0, 5)) == 0:
            written += draw(st.sampled_from(_MARKS[script]))
        out.append(written)
    return "".join(out)
