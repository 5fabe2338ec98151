"""The texts that scripts/compare-tokens and scripts/compare-embeddings compare on."""
import base64
import pathlib
import random
import tempfile

SAMPLES = {
    "english": "The gate opens when the water on both sides stands level; nobody need push it. "
    "It's what they'd expect, isn't it? We'll see—I've no doubt they're right. ",
    "german": "Übergrößenträger fließen über Straßenbahnschienen, während Ärzte Öfen prüfen. ",
    "french": "L'été dernier, où étions-nous donc ? « Ça va », dit-elle, naïve. ",
    "greek": "Η πύλη ανοίγει όταν το νερό είναι στο ίδιο επίπεδο. ΑΘΗΝΑ ΕΛΛΑΔΑ. ",
    "russian": "Шлюз открывается, когда вода стоит вровень. МОСКВА, Санкт-Петербург! ",
    "hebrew": "השער נפתח כאשר המים שווים. שָׁלוֹם עֲלֵיכֶם. ",
    "arabic": "تفتح البوابة عندما يتساوى الماء. السَّلَامُ عَلَيْكُمْ ١٢٣٤٥. ",
    "hindi": "जब पानी बराबर होता है तब द्वार खुलता है। संख्या १२३४५६। ",
    "bengali": "জল সমান হলে দরজা খোলে। ১২৩৪। ",
    "tamil": "நீர் சமமாக இருக்கும்போது கதவு திறக்கிறது. ",
    "thai": "ประตูจะเปิดเมื่อน้ำเท่ากัน ๑๒๓๔๕ ",
    "khmer": "ទ្វារបើកនៅពេលទឹកស្មើគ្នា។ ",
    "tibetan": "ཆུ་མཉམ་པའི་ཚེ་སྒོ་འབྱེད་དོ། ",
    "georgian": "კარიბჭე იხსნება, როცა წყალი თანაბარია. ",
    "armenian": "Դարպասը բացվում է, երբ ջուրը հավասար է։ ",
    "ethiopic": "ውኃው እኩል ሲሆን በሩ ይከፈታል። ",
    "chinese": "当两侧水位相平时，闸门就会打开。一二三四五，上山打老虎！𠀀𠮷野家。",
    "japanese": "水位が等しくなると、ゲートが開きます。カタカナとひらがな、ﾊﾝｶｸも。",
    "korean": "양쪽 수위가 같아지면 수문이 열린다. 안녕하세요 세계! ",
    "vietnamese": "Cửa mở khi mực nước hai bên bằng nhau. Tiếng Việt có dấu: ằẵẳặ. ",
    "combining": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘! é è ñ. ",
    "emoji": "🙂🙃👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇩🇪🇫🇷 ❤️ ☃ ✈︎ 🫠🪿 1️⃣2️⃣ ",
    "symbols": "∀x∈ℝ: ⌈x⌉ ≤ x+1 ⇒ ∑ᵢ xᵢ² ≥ 0 … ½ ⅔ Ⅷ ① ㊿ 𝔸𝔹𝕔 ﷽ ※ ™®© ",
    "code": "fn main() {\n    let xs: Vec<u64> = (0..10).map(|x| x * x).collect();\n\tprintln!(\"{xs:?}\");\n}\n\n",
    "python": "def f(a, b=None):\n    \"\"\"Doc.\"\"\"\n    return {k: v for k, v in zip(a, b or [])}  # why\n\n\n",
    "json": '{"id": 12345678, "names": ["a", "b"], "nested": {"x": 1.5e-10, "ok": true, "none": null}}\r\n',
    "html": '<div class="a b" id=\'c\'>&nbsp;<a href="https://example.com/?q=1&r=2#x">x</a></div>\r\n',
    "paths": "/usr/local/bin/../lib//x.so\n///\n// comment\nC:\\Windows\\System32\\\r\n./a/b/\n",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |\n=====\n-----\n##### Title ######\n",
    "special": "<|endoftext|> <|fim_prefix|><|im_start|>user<|im_end|><|endofprompt|> ",
    "camel": "HTTPServerConnectionPoolABCdefGHI jsonToXMLParser getHTTPResponseCode iOS macOS eBay ǅungla ǅ ",
    "contractions": "I'M WE'LL YOU'VE they'Re it'S'd don'tcha 'tis o'clock x'ſ y'ſs 'LLama 'Vex I’m 'd'm't ",
    "numbers": "1 12 123 1234 12345 3.14159 1,000,000 0x1F 2⁶⁴ ١٢٣٤ ⅨⅨⅨⅨ 一二 1a2b3c ",
    "base64": base64.b64encode(bytes(range(256))).decode() + " ",
    "spaces": "a b  c   d    e\t\tf \t g\n\n\nh \n i\r\n\r\nj   \n   k\u00a0\u00a0l\u3000m\u2028n\u0085o \u2003 p",
}

EDGES = [
    "", " ", "  ", "   ", "\n", "\n\n", " \n", "\n ", " \n ", "\r\n", "\r\n ", "\t", "\ta", " a", "  a", "\u00a0a",
    "\n a", "\n  a", "a\n", "a \n", "a  ", "a\n\n b", "'", "''", "'s", "'S", "'ſ", "'l", "'ll", "'lL", "'v", "'ve",
    "'r", "'re", "'x", " 's", "!'s", "a's", "A'S", "a'", "a''s", "a'ſb", "1's", "\u0301", "a\u0301", "\u0301a",
    "\u0301A", "\u0301\u0301", "A\u0301B", "AB\u0301CD", "ABʰCD", "ABʰ", "ʰ", "Aʰa", "一A", "A一", "A一B C",
    "\u0301ABC", "!\u0301ABC", "\u0301ABC'S", " \u0301", " \u0301 ", "/", "//", "/\n/", "a/b", "!/\n/!", "\n/",
    "1234567", "１２３４", "½½½½", "a1b2", "\u200d", "\ufeff", "\ufffd", "\ufffd\ufffd\ufffd", "\x00", "\x00\x00a",
    "\x1f", "\x7f", "\u0085", "\u0085a", "\u2028\n", "\u180e", "\u200b", "\U0001f600", "\U0010ffff", "\ue000", "\u0378",
    "ſ", "İ", "ı", "ß", "ẞ", "ﬁ", "Ǆ", "ǅ", "ǆ", "ა", "Ა", "\U0001e900", "a" * 127, "a" * 128, "a" * 129, "a" * 1000,
    " " * 127, " " * 128, " " * 129, " " * 300, "\n" * 300, "ab" * 300, "=" * 200, "-" * 200 + "\n", "0" * 100,
    "あ" * 200, "🙂" * 100, "\ufffd" * 100, "aA" * 100, "x " * 100, " \n" * 100, "a" * 95, "a" * 96, "a" * 97,
    "zq" * 48, "zq" * 49, "!" * 300, "\u0301" * 150, "É" * 150, "qzx" * 400,
]

RAW = [
    b"\xff", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x82a", b"\xf0\x9f\x98", b"\xf0\x9f\x98\x80\x80", b"\xc0\xaf",
    b"\xed\xa0\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"a\x80b\xbfc",
    b"ok \xe4\xb8 ok", b"\xfe\xff\x00a", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"'\xc5s", b"\x80" * 50, b"\xe2\x82" * 40,
]


def code_point(dice):
    """Any scalar value, with the crowded parts of Unicode more often."""
    while True:
        point = dice.randrange(dice.choice([0x80, 0x250, 0x600, 0x3000, 0x11000, 0x20000, 0x110000]))
        if not 0xD800 <= point < 0xE000:
            return chr(point)


def random_text(dice):
    kind = dice.randrange(8)
    length = dice.choice([3, 10, 40, 200])
    if kind == 0:
        return "".join(code_point(dice) for _ in range(length))
    if kind == 1:
        return "".join(dice.choice(" \n\r\t\u00a0\u3000\u2028a'S/.1") for _ in range(length))
    if kind == 2:
        return "".join(dice.choice("AaBbʰ一\u0301\u0903ǅ' !1ſ") for _ in range(length))
    if kind == 3:
        return bytes(dice.randrange(256) for _ in range(length))
    if kind == 4:
        text = bytearray("".join(dice.choice(list(SAMPLES.values())) for _ in range(2)).encode())
        for _ in range(dice.randrange(1, 6)):
            text[dice.randrange(len(text))] = dice.randrange(256)
        return bytes(text)
    if kind == 5:
        unit = "".join(code_point(dice) for _ in range(dice.randrange(1, 4)))
        return unit * dice.randrange(1, 60)
    if kind == 6:
        return "".join(dice.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(length * 2))
    parts = []
    for _ in range(dice.randrange(1, 8)):
        sample = dice.choice(list(SAMPLES.values()))
        start = dice.randrange(len(sample))
        parts.append(sample[start : start + dice.randrange(1, 30)])
    return dice.choice(["", " ", "\n", "  "]).join(parts)


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def as_text(raw):
    return raw.decode("utf-8", errors="replace")


def corpus(folders, count):
    for text in list(SAMPLES.values()) + EDGES + RAW:
        yield as_bytes(text)
    everything = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
    for start in range(0, len(everything), 4096):
        block = everything[start : start + 4096]
        yield block.encode()
        yield " ".join(block).encode()
        yield "".join(f"a{letter}B!{letter}\n" for letter in block).encode()
    for length in [10_000, 100_000]:
        for unit in ["a", " ", "\n", "ab", "é", "🙂", "zq", "=-", "\u0301", "Aa"]:
            yield (unit * (length // len(unit))).encode()
    dice = random.Random(7)
    for _ in range(count):
        yield as_bytes(random_text(dice))
    yield from files(folders)


def files(folders):
    total = 0
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if not path.is_file() or path.is_symlink() or path.stat().st_size > 1 << 20:
                continue
            if ".build" in path.parts or ".git" in path.parts:
                continue
            total += path.stat().st_size
            if total > 400 << 20:
                return
            yield path.read_bytes()


def written(texts):
    file = tempfile.NamedTemporaryFile(delete=False)
    for text in texts:
        file.write(len(text).to_bytes(4, "little"))
        file.write(text)
    file.close()
    return file.name
