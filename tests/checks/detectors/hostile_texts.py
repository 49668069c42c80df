"""Texts that break programs, made here: each name says of what kind. None is longer than ``SIZE`` characters or so."""

from collections.abc import Iterator

SIZE = 4_000
ODD = {
    "nothing": "",
    "blanks alone": " \t\r\n\x0b\x0c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000",
    "every control character": "".join(map(chr, [*range(32), *range(127, 160)])),
    "NUL in words": "card\x004111\x001111\x001111\x001111 mail a\x00b@c.de",
    "halves of surrogate pairs": "a\ud800b\udfff \udc00\ud83d x@y.\ud800de",
    "noncharacters": "\ufffe\uffff\U0001fffe\U0010ffff\ufdd0",
    "byte order marks": "\ufefftext\ufeff\ufeff",
    "invisible characters": "p\u200bass\u200cwo\u200drd\u2060: \u00adhun\u180eter\u20612",
    "directions overridden": "\u202ecard \u2066 4111 1111 1111 1111 \u2069\u202c\u200f\u061c\u202dend",
    "combining marks alone": "\u0301\u0300\u0327 \u20dd\u0489 \u0f71",
    "the longest ligature": "\ufdfa\ufdfa\ufdfa \ufdfb \u3300\u3316",
    "folding changes the length": "İıſßẞŉǰΐ ﬃ ǅ K Å Ω",
    "mixed scripts": "Раssword: hunter２０２４ на сервере 服务器 パスワード סיסמה كلمة ᚠᛇ 𝕡𝕒𝕤𝕤 𝖜𝖔𝖗𝖉 𐎀𐎁",
    "digits of other scripts": "٤١١١ ١١١١ ١١١١ ١١١١ · ４１１１-１１１１ · 𝟒𝟏𝟏𝟏 · ᠔᠑᠑᠑ · ²³¹½Ⅻ㊿",
    "joined emoji": "👩‍👩‍👧‍👦🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f👍🏿🇩🇪🇩❤️\ufe0f\u20e3",
    "numbers that are none": "1e309 -0 NaN Infinity 0x1p-1074 1_000 ٠ 1,2,3..4 $ € £1e9 ¥-",
    "dates that are none": "2024-13-45 31/02/0000 99:99:99 Feb 30th, 0000 in Q9 version 1.2.3.4.5.6.7.8.9",
    "code that is not run": "{{7*7}} ${jndi:x} %s%n%x {0.__class__} `rm -rf /` $(id) ' or 1=1;-- <script>a()</script>",
    "markup without an end": "<a href='" + "<![CDATA[" * 9 + "&#x0;&#1114112;&amp" + "[[[((({{{",
    "JSON without an end": '{"a": {"b": [1, 2, {"c": "\\ud800\\u0000',
    "addresses that are none": "@@ a@ @b a@b a@.b a@b. mailto: http:// https://[::1 ftp://:@: 1.2.3.4.5 :::: fe80::%",
}
REPEATED = {
    "one letter": "a",
    "one digit": "1",
    "digits and blanks": "4 ",
    "digits and hyphens": "4-",
    "plus signs": "+",
    "at signs": "@",
    "the beginning of an address": "a@",
    "labels of a name": "a.",
    "labels before a sign": "a-b.",
    "opening brackets": "[",
    "pairs of brackets": "([{",
    "backslashes": "\\",
    "quotes": "\"'",
    "equals signs": "key=",
    "password words": "password is ",
    "colons": "0:",
    "hexadecimal": "0f",
    "base64": "Ab1+/",
    "line ends": "\r\n",
    "placeholders begun": "{{",
    "placeholders": "{{name}} [NAME] <name> ",
    "tags": "<b>",
    "percent signs": "%7B",
    "prices": "$1,",
    "dates": "2024-01-",
    "versions": "v1.",
    "combining marks": "e\u0301\u0327",
    "one letter under many marks": "\u0300",
    "joiners": "👨‍",
    "flags": "🇦",
    "direction marks": "\u202e\u2066",
    "ligatures": "\ufdfa",
    "key marks": "-----BEGIN ",
    "country codes": "DE89 ",
    "token dots": "eyJhbGciOi.",
    "wide digits": "４",
    "blanks": "\u3000 ",
}
# what patterns with repetition in repetition take very long for: much that matches, and an end that does not
NEARLY = {
    "nearly a mail": "a.b-c_d+" * (SIZE // 8) + "!",
    "nearly a host": "a" * 63 + ("." + "b" * 63) * (SIZE // 64) + "_",
    "nearly a card": "4111 1111 1111 111x " * (SIZE // 20),
    "nearly a number": "+1 (" + "555) 555-" * (SIZE // 9) + "x",
    "nearly a key": "sk-" + "A" * SIZE + "!",
    "nearly a token": ("eyJ" + "a" * 40 + ".") * (SIZE // 44),
    "nearly a private key": "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "A" * SIZE,
    "nearly an assignment": "password" + " " * SIZE + "=",
    "nearly a list": "- \n" * (SIZE // 3) + "1.",
    "nearly JSON": '{"a":' * (SIZE // 5),
    "nearly a fence": "``` " * (SIZE // 4),
    "(a+)+$": "a" * SIZE + "!",
    "a word of a whole book": "Donaudampfschiff" * (SIZE // 16),
}


def hostile_texts() -> Iterator[tuple[str, str]]:
    """(of what kind, the text)."""
    yield from ODD.items()
    for name, piece in REPEATED.items():
        yield f"many times {name}", piece * (SIZE // len(piece))
    yield from NEARLY.items()
