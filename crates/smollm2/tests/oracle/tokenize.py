"""An independent tokenizer for SmolLM2, to test the Rust one against.

Byte-level byte-pair encoding, written from the papers alone: it reads the vocabulary and the
merges from the weights file itself and uses no tokenizer library. Needs Python 3.9 or later and
the package `regex`, for Unicode classes.

    python3 tokenize.py SmolLM2-135M-Instruct.Q4_1.gguf > tokens.json
"""

import json
import random
import struct
import sys
import unicodedata

import regex


# The weights file.

FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def read_settings(path):
    """The settings of a GGUF file, as a dictionary."""
    with open(path, "rb") as file:

        def number(form):
            return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))[0]

        def value(kind):
            if kind == 8:
                return file.read(number("Q"))
            if kind == 9:
                item = number("I")
                return [value(item) for _ in range(number("Q"))]
            return number(FORMATS[kind])

        assert file.read(4) == b"GGUF"
        number("I")
        number("Q")
        settings = {}
        for _ in range(number("Q")):
            key = value(8).decode()
            settings[key] = value(number("I"))
        return settings


# The tokenizer.


def byte_letters():
    """GPT-2's letter for each byte: itself where it can be seen, else one from U+0100 on."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in visible}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(0x100 + len(letters) - len(visible))
    return letters


LETTERS = byte_letters()
# \s is written out, for libraries differ in what it holds.
WORD = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d"
    r"| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+"
    r"|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+"
)


class Unspellable(Exception):
    pass


class Tokenizer:
    def __init__(self, settings):
        tokens = [token.decode() for token in settings["tokenizer.ggml.tokens"]]
        merges = [merge.decode() for merge in settings["tokenizer.ggml.merges"]]
        self.ids = {token: number for number, token in enumerate(tokens)}
        self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
        kinds = settings["tokenizer.ggml.token_type"]
        self.special = [token for token, kind in zip(tokens, kinds) if kind == 3]
        longest_first = sorted(self.special, key=len, reverse=True)
        self.cut = regex.compile("(" + "|".join(map(regex.escape, longest_first)) + ")")

    def encode(self, text):
        ids = []
        for part in self.cut.split(text):
            if part in self.special:
                ids.append(self.ids[part])
                continue
            for piece in regex.split(r"(\p{N})", part):
                for word in WORD.findall(piece):
                    ids.extend(self.merge(word))
        return ids

    def merge(self, word):
        symbols = [LETTERS[byte] for byte in word.encode()]
        while len(symbols) > 1:
            pairs = list(zip(symbols, symbols[1:]))
            best = min(pairs, key=lambda pair: self.ranks.get(pair, float("inf")))
            if best not in self.ranks:
                break
            merged, place = [], 0
            while place < len(symbols):
                if tuple(symbols[place : place + 2]) == best:
                    merged.append("".join(best))
                    place += 2
                else:
                    merged.append(symbols[place])
                    place += 1
            symbols = merged
        if any(symbol not in self.ids for symbol in symbols):
            raise Unspellable(word)
        return [self.ids[symbol] for symbol in symbols]


# The texts.

WRITTEN = [
    "The cat sat on the mat because it was tired",
    "The trophy did not fit in the suitcase because it was too big",
    "The capital of France is",
    "a", " ", "  ", "   ", "\n", "\n\n", "\n\n\n", "\t", "\t\t", "\r\n", "\r", " \n ", "\n \n", " a", "a ", "  a", "a  ",
    "a  b", "a   b", "a    b", "a\tb", "a\t\tb", "a\n\tb", "a \n b", "a\n\n b", "  leading", "trailing  ",
    "\u00a0", "a\u00a0b", "a \u00a0 b", "\u2003em space", "a\u2028b\u2029c", "\u3000wide", "\u200bzero", "\u200d\u200c", "\ufeffBOM",
    "\x00", "\x01\x02\x03", "\x07\x08\x0b\x0c", "\x0e\x0f\x10\x11\x12\x15", "\x17\x18\x19\x1a\x1b\x1c", "\x1e\x1f\x7f", "a\x1cb",
    "a\x1f b", "\x85next", "\x1b[31mred\x1b[0m", "\x80\x81\x9f",
    "0", "7", "10", "42", "123", "1234567890", "3.14159", "-1", "1,000,000", "1e-5", "0xFF", "2026-11-24", "12:34:56", "$9.99",
    "50%", "a1b2c3", "v2.0.1", "  42", "42  ", "4 2", "1 2 3", "1\n2", "x1 ", " 1x", "H2O", "CO\u2082", "x\u00b2 + y\u00b2", "\u00bd cup", "\u2160\u2161\u2162 \u2163",
    "\u0661\u0662\u0663", "\u0967\u0968\u0969", "\uff11\uff12\uff13", "\u2460\u2461", "\u4e00\u4e8c\u4e09", "1\u00bd2", "\U0001d7d8\U0001d7d9",
    "it's", "don't", "we're", "I've", "I'm", "they'll", "she'd", "It'S", "DON'T", "'s", "'sx", " 's", "'' '", "it\u2019s", "o'clock",
    "rock 'n' roll", "'tis", "y'all'd've", "can't've", "1's", "'re're", "the 1980's",
    "caf\u00e9", "cafe\u0301", "na\u00efve r\u00e9sum\u00e9", "\u00c5ngstr\u00f6m", "gar\u00e7on", "ma\u00f1ana", "\u0141\u00f3d\u017a", "\u010ce\u0161tina", "Stra\u00dfe", "\u00c6r\u00f8", "\u0130stanbul",
    "ti\u1ebfng Vi\u1ec7t", "\u1e9e", "e\u0301\u0302\u0303", "\u0301", "\u00df\u0301", "\ufb01 \ufb02", "\u01c4",
    "\u03b1\u03b2\u03b3", "\u0397 \u03b3\u03ac\u03c4\u03b1", "\u041a\u043e\u0448\u043a\u0430 \u0441\u0438\u0434\u0435\u043b\u0430", "\u05d7\u05ea\u05d5\u05dc", "\u0642\u0637\u0629 \u0635\u063a\u064a\u0631\u0629", "\u092c\u093f\u0932\u094d\u0932\u0940", "\u0e41\u0e21\u0e27", "\u10d9\u10d0\u10e2\u10d0", "\u053f\u0561\u057f\u0578\u0582",
    "\u732b\u5750\u5728\u57ab\u5b50\u4e0a\u3002", "\u732b\u304c\u5ea7\u3063\u305f\u3002", "\u30ab\u30bf\u30ab\u30ca", "\uace0\uc591\uc774", "\u1112\u1161\u11ab", "\u4f60\u597d, world", "\u300c\u5f15\u7528\u300d", "\u3001\u3002\uff01\uff1f", "\U00020000\U0002a6df",
    "\U0001f600", "\U0001f431 \U0001f436", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "I \u2764\ufe0f \U0001f355!", "\u263a", "\U0001f600\U0001f600", "a\U0001f600b", "1\ufe0f\u20e3",
    "!", "?!", "...", "\u2026", "--", "\u2014", "\u2013", "-", "_", "__init__", "(a)", "[b]", "{c}", "<d>", "\"quoted\"", "\u201cquoted\u201d", "\u00abguillemets\u00bb", "\u00bfQu\u00e9?", "a/b", "a\\b",
    "#hashtag", "@name", "&amp;", "a*b**c", "~!@#$%^&*()_+", "`code`", "|", "||", "=>", "->", "::", ";;", "a,b,c", "a , b", "hello,world", "Hello, world!", " !", "! ", "!!  !!", "$$x^2$$", "\u20ac5", "\u00a35", "\u00a5", "\u00b0C", "\u00a9 2026", "\u2122", "\u2190\u2191\u2192", "\u2200x\u2203y", "\u221a2 \u2248 1.414", "\u2500\u2502\u250c", "\u2588\u2588", "\ufffd", "\ufffc",
    "fn main() {\n    println!(\"Hello\");\n}", "def f(x):\n\treturn x**2\n", "for (int i = 0; i < 10; i++) {", "let x: Vec<f32> = vec![1.0, 2.0];",
    "SELECT * FROM t WHERE id = 42;", "<html><body class=\"a\">", "https://example.org/a?b=c&d=e#f", "user@example.org", "C:\\Users\\cat", "/usr/bin/env python3", "a = b if c else d", "x += 1;  // add", "/* comment */", "# Title\n\n- item\n- item", "```rust\nlet x = 1;\n```", "{\"key\": [1, 2, 3]}", "a\n    b\n        c", "\t\tindent", "        eight", "if(x){y();}", "camelCaseName", "snake_case_name", "SCREAMING_CASE", "kebab-case-name", "x_1", "#!/bin/sh",
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_start|>user\nHi<|im_end|>\n", "a<|im_start|>b", " <|im_end|> ", "<|im_start|><|im_end|>", "<|im_start|", "|im_start|>", "<| im_start |>", "<|IM_START|>", "<|unknown|>", "<<|im_end|>>", "<repo_name>", "<reponame>x", "<repo_name", "<filename>a.py", "<file_sep>", "<gh_stars>100", "<issue_start><issue_comment><issue_closed>", "<jupyter_start><jupyter_text><jupyter_code><jupyter_output><jupyter_script>", "<empty_output>", "<s>", "</s>", "[CLS] [SEP]", "1<|im_end|>2", "  <|im_end|>  ",
    "antidisestablishmentarianism", "Pneumonoultramicroscopicsilicovolcanoconiosis", "Llanfairpwllgwyngyll", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "hahahahahahaha", "THE CAT SAT", "tHe CaT", "The the THE", "ABCDEFG", "zzzzzz", "qxzjkv",
    "The quick brown fox jumps over the lazy dog.", "It was the best of times, it was the worst of times.", "\u0120hello", "\u010a", "\u0120", "a\u0120b", "\u0100\u0143", "\u0394x/\u0394t", "\u0441at \u0430nd cat", "abc\u0434\u0435\u0444\u6f22\u5b57", "en\u4e2d\u6587\u0440\u0443\u0441\u0441\u043a\u0438\u0439", "\u0669a\u0669", "\u202eright to left\u202c", "\ue000private", "\U000e0001tag", "\U0010ffff", "\U00100000",
]

ALPHABETS = [
    "abcdefghij klm nop ", "ABCxyz'.,-! ", "0123456789 .,", " \t\n\r", "a 1\n!", "'sdtmlvre ", "\u00e9\u00e8\u00fc\u00df\u00f1\u00e7 ae", "\u0430\u0431\u0432\u0433 \u0434",
    "\u4e2d\u6587\u5b57\u3042\u30a2\uac00 a1", "\U0001f600\U0001f680\u200d\ufe0f\u2764 a", "<|im_start|>endoftext ", "\u00bd\u00b2\u2160\u0663a1 ", "{}()[];:=+-*/&|^~\"'`\\ \n\tx1", "\u00a0\u2003\u3000\u2028\u200b a", "\x00\x01\x0b\x0c\x1c\x1f\x7f\x85 a",
]


def texts():
    yield from WRITTEN
    choose = random.Random(135)
    for alphabet in ALPHABETS:
        for _ in range(12):
            yield "".join(choose.choices(alphabet, k=choose.randint(2, 40)))
    ranges = [(0x20, 0x2FF), (0x300, 0x20FF), (0x2100, 0x9FFF), (0xAC00, 0xD7A3), (0x1F300, 0x1F64F)]
    for _ in range(60):
        low, high = choose.choice(ranges)
        letters = [chr(choose.randint(low, high)) for _ in range(choose.randint(1, 12))]
        # Only characters that this Unicode knows: another library may know newer ones.
        yield " ".join(letter for letter in letters if unicodedata.category(letter) != "Cn") + "a"


REFUSED = [
    "\x04", "ab\x06", "\x13", "caf\u00e9 \x14", "\x16\x16", "1\x1d", "\U00040000", "x\U0007ffff", "\U00080000y", "\U000bffff", "<|im_end|>\x04",
]


def main():
    tokenizer = Tokenizer(read_settings(sys.argv[1]))
    unique = list(dict.fromkeys(texts()))
    for text in REFUSED:
        try:
            tokenizer.encode(text)
        except Unspellable:
            continue
        raise SystemExit(f"{text!r} can be spelled")
    accepted = [{"text": text, "ids": tokenizer.encode(text)} for text in unique]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in accepted)
    print('{"accepted":[\n' + lines + '\n],\n"refused":' + json.dumps(REFUSED) + "}")
    print(f"{len(accepted)} texts", file=sys.stderr)


if __name__ == "__main__":
    main()
