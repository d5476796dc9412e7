# SPDX-License-Identifier: MIT
"""Compares Trivet's numbers and texts with Python's own.

Thinks up operations on values (all that are at an edge, and random ones), has the program `cases`
evaluate them, evaluates them here, and compares results and the names of exceptions. The seed is
fixed, so that a failure can be seen again; DIFFERENTIAL_SEED tries another.

What differs on purpose is only that ints of any size become text.
"""

import math
import operator
import os
import random
import struct
import subprocess
import sys
import unicodedata

if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow, "<<": operator.lshift,
    ">>": operator.rshift, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
    ">": operator.gt, ">=": operator.ge, "round": round, "in": operator.contains, "[]": operator.getitem,
}
ARITHMETIC = ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^"]
COMPARISONS = ["<", "<=", "==", "!=", ">", ">="]
TYPES = {"int": int, "float": float, "bool": bool, "str": str, "bytes": bytes}


def to_bytes(n):
    """As pickle writes an int: two's complement, as few bytes as hold it."""
    if n == 0:
        return b""
    size = (n.bit_length() >> 3) + 1
    data = n.to_bytes(size, "little", signed=True)
    if n < 0 and size > 1 and data[-1] == 0xff and data[-2] & 0x80:
        data = data[:-1]
    return data


def digits(n, base):
    text, rest = "", abs(n)
    while rest or not text:
        rest, digit = divmod(rest, base)
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + text
    return "-" + text if n < 0 else text


UNARY = {
    "neg": operator.neg, "abs": abs, "~": operator.invert, "len": len, "hash": hash,
    "truth": bool, "repr": repr, "str": str, "list": list, "to_bytes": to_bytes,
    "from_bytes": lambda b: int.from_bytes(b, "little", signed=True),
    "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round": round,
    "fromhex": float.fromhex, "complex": complex,
}


def evaluate(name, arguments):
    if name == "slice":
        return arguments[0][arguments[1]:arguments[2]]
    if name == "format":
        return digits(*arguments)
    if name.startswith("method:"):
        return getattr(arguments[0], name[7:])(*arguments[1:])
    if name.startswith("call:"):
        return TYPES[name[5:]](*arguments)
    return (BINARY if len(arguments) == 2 else UNARY)[name](*arguments)


def expected(name, arguments):
    try:
        result = evaluate(name, arguments)
    except Exception as error:
        return "!" + type(error).__name__
    return type(result).__name__ + " " + repr(result)


def encode(value):
    if value is None:
        return "n:"
    if isinstance(value, bool):
        return "b:%d" % value
    if isinstance(value, int):
        return "i:%d" % value
    if isinstance(value, float):
        return "f:" + value.hex()
    if isinstance(value, str):
        return "s:" + value.encode().hex()
    if isinstance(value, bytes):
        return "y:" + value.hex()
    return "l:" + "".join("," + item.encode().hex() for item in value)


# Values ---------------------------------------------------------------------------------------

EDGES = [0, 1, 2, 3, 5, 6, 7, 10, 255, 256, 257, 2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**61 - 2,
         2**61 - 1, 2**61, 2**62, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1, 2**64, 2**64 + 1, 10**18,
         10**19, 10**30, 2**127, 2**128 - 1, 3**100, 10**308, 10**309, 2**1024 - 2**970,
         2**1024 - 2**970 - 1, 2**1023, 2**1024]
INTS = EDGES + [-n for n in EDGES]
FLOATS = [0.0, 1.0, 0.5, 1.5, 2.0, 3.0, 0.1, 1 / 3, 1e15, 1e16, 1e17, 123456789012345680.0, 1e22,
          1e23, 9007199254740993.0, 2.0**53, 2.0**63, 2.0**64, 5e-324, 2.2250738585072014e-308,
          2.225073858507201e-308, 1.7976931348623157e308, 2.0**-44, 1e-4, 1e-5, 0.00012345,
          1e100, 3.14, 100.0, 1e-7, 255.0, 7.0, float("inf")]
FLOATS += [-x for x in FLOATS] + [float("nan")]
TEXTS = ["", "a", "b", "ab", "abc", "aaa", "abcabc", " ", "  a b  c ", "\t\n", "héllo", "é", "éé",
         "日本語テキスト", "😀x😀", "a\n\tb\r\nc\rd", "it's", 'say "hi"', "both ' and \"", "\\",
         "\x00\x01\x1f\x7f\x80\xa0\xad", "\u2003x\u3000", "\ue000\ufeff\u200b", "\U0010ffff",
         "\U000e0001\u0378", "one two three", "a,b,,c", ",", "ａ", "x" * 100, "日本" * 40 + "a",
         "line\x0bline\x1c\x85\u2028end", "Trivet"]
NUMBERS = ["0", "1", "-1", "+7", " 42 ", "1_000", "_1", "1_", "1__0", "0x10", "0X1f", "0b101",
           "0o17", "0x", "0x_f", "010", "00", "0_0", "0_1", "ff", "zz", "1e5", "1.5", ".5", "5.",
           ".", "-.5e-3", "1e400", "1e-400", "-1e400", "inf", "-Infinity", "nan", "+nan", "infin",
           "1_0.0_1e1_0", "1_.5", "1._5", "1e_5", "1e5_", "1e", "e5", "0x1p3", "\u20037\u3000",
           "9223372036854775807", "9223372036854775808", "-9223372036854775808",
           "-9223372036854775809", "123456789012345678901234567890", "0.1e-10", "1 2", "- 1",
           "--1", "1e23", "9007199254740993", "2.2250738585072011e-308", "4.9e-324", "2e-324",
           "0.000000000000000000000000000000000000000000001", "1" * 400, "7" * 60 + "e-40",
           "179769313486231580793e289", "", "\x001", "1\x00", "\x1c3", "é"]
BYTES = [b"", b"a", b"abc", b"\x00\xff", b"\xc3\xa9", b"\xe2\x82\xac", b"\xe2\x82", b"\xff",
         b"a\x80", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xf5", b"\xc0\x80", b"\xf4\x90\x80\x80",
         b"it's", b'"', b"'\"", b"\\\t\n\r\x7f", b"ab" * 20, b"\xe0\x80\x80", b"\xf0\x8f\xbf\xbf",
         b"12", b" 1.5 ", b"\x80", b"\x00\x80", b"\xff\x7f", b"\x01" * 9, b"\xff" * 9,
         b"\x00" * 8 + b"\x80", b"\x00" * 7 + b"\x80", b"x" * 15 + b"\xc3\xa9" * 9 + b"\xc3"]


def random_int(r):
    n = r.getrandbits(r.choice([3, 8, 16, 31, 53, 62, 63, 64, 65, 100, 128, 200, 1000]))
    return -n if r.random() < 0.5 else n


def random_float(r):
    kind = r.random()
    if kind < 0.4:
        return struct.unpack("d", struct.pack("Q", r.getrandbits(64)))[0]
    if kind < 0.6:
        return 2.0 ** r.randint(-1074, 1023)
    if kind < 0.8:
        return round(r.uniform(-1000, 1000), r.randint(0, 8))
    return r.uniform(-1, 1) * 10.0 ** r.randint(-20, 25)


def random_text(r):
    alphabet = r.choice(["ab", "abc ,", "aé", "日本a ", "\x00\n\t' \"\\", "😀aé\u2028\x85"])
    return "".join(r.choice(alphabet) for _ in range(r.randint(0, 20)))


def words(r):
    """Letters with and without a case, what stands within words, and what ends them."""
    alphabet = r.choice(["aA .'", "\u03c3\u03a3aA' .\u0301", "\u01c4\u01c5\u01c6 \u00df\ufb03I",
                         "\u0130i\u0307\u0131I\u00aa", "\u2160\u24d0\U00010400\U00010428\u65e5 "])
    return "".join(r.choice(alphabet) for _ in range(r.randint(0, 9)))


def number(r):
    return r.choice([lambda: r.choice(INTS), lambda: random_int(r), lambda: r.choice(FLOATS),
                     lambda: random_float(r), lambda: r.random() < 0.5])()


def text(r):
    return r.choice(TEXTS) if r.random() < 0.6 else random_text(r)


def cut(r):
    return r.choice(["a", "b", "ab", ",", " ", "é", "日", "", text(r)])


# Operations -----------------------------------------------------------------------------------


def tame(name, a, b):
    """Whether the result is of a size worth waiting for."""
    if name == "**" and isinstance(a, int) and isinstance(b, int):
        return b < 0 or abs(a) < 2 or b * a.bit_length() < 20000
    return name != "<<" or not isinstance(b, int) or b < 5000


def number_cases(r):
    for a in INTS + FLOATS + [True, False]:
        for name in ("neg", "abs", "~", "truth", "repr", "str"):
            yield name, a
        if a == a:
            yield "hash", a
        for type_name in ("int", "float", "bool"):
            yield "call:" + type_name, a
        if isinstance(a, int):
            yield "to_bytes", a
            yield "method:bit_length", a
            for base in (2, 3, 8, 10, 16, 36):
                yield "format", a, base
    for _ in range(3000):
        x = random_float(r)
        yield "repr", x
        yield "call:int", x
        if x == x:
            yield "hash", x
        yield "call:float", repr(x)
        yield "call:float", "%.*e" % (r.randint(0, 40), x)
        n = random_int(r)
        yield "repr", n
        yield "hash", n
        yield "to_bytes", n
        yield "call:float", n
        base = r.randint(2, 36)
        yield "call:int", digits(n, base), base
    for _ in range(12000):
        a, b = number(r), number(r)
        name = r.choice(ARITHMETIC + COMPARISONS)
        if name in ("<<", ">>") and r.random() < 0.9:
            b = r.randint(-2, 200)
        if name == "**" and r.random() < 0.7:
            b = r.choice([r.randint(-5, 60), r.choice(FLOATS), 0.5])
        if tame(name, a, b):
            yield name, a, b
    for n in INTS:
        for x in (n, n + 0.0) if abs(n) < 10**308 else (n,):
            for m in (n - 1, n, n + 1):
                for name in COMPARISONS:
                    yield name, x, m
                    yield name, m, x
    for _ in range(1500):
        a, b = random_int(r), random_int(r)
        a *= r.choice([1, b, 2**r.randint(0, 1200)])
        yield "/", a, b
        yield "//", a, b
        yield "%", a, b
    for s in NUMBERS:
        yield "call:float", s
        yield "call:int", s
        yield "call:int", s.encode()
        yield "call:float", s.encode()
        for base in (0, 1, 2, 8, 10, 16, 36, 37, -1, 2**70):
            yield "call:int", s, base
    for _ in range(1500):
        s = "".join(r.choice("0123456789_.eE+- xb") for _ in range(r.randint(1, 9)))
        yield "call:int", s, r.choice([0, 10, 16])
        yield "call:float", s
    for x in FLOATS + INTS:
        for name in ("floor", "ceil", "trunc", "round", "method:as_integer_ratio", "method:conjugate"):
            yield name, x
        for places in (0, 1, 2, 5, 15, 16, 17, 22, 300, 324, -1, -2, -5, -22, -308, -309, 2**70):
            yield "round", x, places
    for _ in range(3000):
        x = random_float(r)
        yield "round", x, r.randint(-30, 30)
        yield "round", r.randint(-10**6, 10**6) / 2**r.randint(0, 8), r.randint(-6, 6)
        yield "round", random_int(r), r.randint(-30, 1)
        yield "round", r.randint(-9999, 9999) * 5, r.randint(-6, 0)
        for name in ("method:hex", "method:as_integer_ratio", "method:is_integer", "floor", "ceil", "trunc",
                     "round"):
            yield name, x
        yield "fromhex", x.hex()
        yield "fromhex", "".join(r.choice("0123456789abcdefABF.pP+-x ") for _ in range(r.randint(1, 9)))
        yield "fromhex", "%s0x%x.%xp%d" % (r.choice(["", "-", " +"]), r.getrandbits(r.choice([1, 8, 70])),
                                          r.getrandbits(r.choice([1, 60, 90])), r.randint(-1100, 1030))
        yield "method:bit_count", random_int(r)
        yield "method:to_bytes", random_int(r), r.randint(0, 20), r.choice(["big", "little"])
        yield "complex", r.choice(["%r%+rj", "(%r%+rj)", " %r %+rj", "%r%rj", "%rj%r", "( %r%+rJ )"]) % (
            r.choice(FLOATS), x)
        yield "complex", "".join(r.choice("0123_.e+-j()i ") for _ in range(r.randint(1, 8)))
    for _ in range(300):
        yield "from_bytes", bytes(r.getrandbits(8) for _ in range(r.randint(0, 40)))


def text_cases(r):
    for s in TEXTS:
        for name in ("repr", "str", "len", "truth", "list", "call:int", "call:float"):
            yield name, s
        for name in ("strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "isspace",
                     "isprintable", "isascii", "encode", "upper", "lower", "title", "capitalize",
                     "swapcase", "casefold", "isalnum", "isalpha", "isdecimal", "isdigit", "isnumeric",
                     "isidentifier", "islower", "isupper", "istitle", "expandtabs"):
            yield "method:" + name, s
        for n in (-3, 0, 1, 4, 7, 40):
            yield "method:expandtabs", s, n
            yield "method:zfill", s, n
            yield "method:zfill", "-" + s, n
        yield "method:splitlines", s, True
        for encoding in ("utf-8", "UTF8", "ascii", "latin-1", "Latin_1", "iso-8859-1", "nonsense"):
            yield "method:encode", s, encoding
    for code in list(range(0x250)) + [r.randrange(0x110000) for _ in range(2000)]:
        if unicodedata.category(chr(code)) not in ("Cs", "Cn"): # a later Unicode may have given it away
            yield "repr", chr(code)
            yield "method:isspace", chr(code)
    for _ in range(2500):
        a, b, c = text(r), text(r), cut(r)
        start, end = r.randint(-12, 12), r.choice([None, r.randint(-12, 30)])
        yield r.choice(COMPARISONS + ["+", "in"]), a, b
        yield "in", a, c
        yield "*", a, r.randint(-1, 5)
        yield "*", r.randint(-1, 5), a
        name = r.choice(["lower", "upper", "title", "capitalize", "swapcase", "casefold", "istitle",
                         "islower", "isupper"])
        yield "method:" + name, words(r)
        yield "[]", a, start
        yield "slice", a, start, r.randint(-12, 30)
        name = r.choice(["find", "rfind", "index", "rindex", "count", "startswith", "endswith"])
        yield "method:" + name, a, c
        yield "method:" + name, a, c, start
        yield "method:" + name, a, c, start, end
        yield "method:" + name, a, c, None, end
        name = r.choice(["split", "rsplit"])
        yield "method:" + name, a, c
        yield "method:" + name, a, c, r.randint(-1, 3)
        yield "method:" + name, a, None, r.randint(-1, 3)
        yield "method:" + r.choice(["partition", "rpartition"]), a, c
        yield "method:" + r.choice(["removeprefix", "removesuffix"]), a, c
        yield "method:" + r.choice(["strip", "lstrip", "rstrip"]), a, c
        yield "method:replace", a, c, b
        yield "method:replace", a, c, r.choice(["", "x", "é", "yy"]), r.randint(-1, 4)
        yield "method:join", c, [text(r) for _ in range(r.randint(0, 4))]
        name = r.choice(["center", "ljust", "rjust"])
        yield "method:" + name, a, r.randint(-1, 30)
        yield "method:" + name, a, r.randint(-1, 30), r.choice(["*", "é", "😀", "", "ab"])


def bytes_cases(r):
    for b in BYTES:
        for name in ("repr", "str", "len", "truth", "list", "from_bytes", "method:hex",
                     "call:int", "call:float"):
            yield name, b
        for encoding in ((), ("utf-8",), ("ascii",), ("latin-1",), ("no such",)):
            yield ("method:decode", b) + encoding
            if encoding:
                yield ("call:str", b) + encoding
    for _ in range(600):
        a, b = r.choice(BYTES), r.choice(BYTES)
        yield r.choice(COMPARISONS + ["+", "in"]), a, b
        yield "*", a, r.randint(-1, 5)
        yield "[]", a, r.randint(-5, 5)
        yield "in", a, r.randint(-1, 257)
        yield "slice", a, r.randint(-12, 12), r.randint(-12, 30)
        yield "method:" + r.choice(["startswith", "endswith"]), a, b
        noise = bytes(r.choice(b"a\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\xed") for _ in range(r.randint(0, 9)))
        yield "method:decode", noise
        yield "repr", noise
    for source in (0, 3, -1, 2**70, True, 1.5, None, "a", b"ab", ["a"], []):
        yield "call:bytes", source
    yield "call:bytes", "é", "latin-1"
    yield "call:bytes", "é", "ascii"
    yield "call:bytes", b"a", "ascii"


def odd_cases():
    """Operands that do not go together, and results that are too large."""
    odd = [None, True, 3, -(2**70), 1.5, "a", b"a", ["a"]]
    for a in odd:
        for b in odd:
            for name in ARITHMETIC + COMPARISONS + ["in", "[]"]:
                if not (name == "%" and isinstance(a, (str, bytes))):
                    yield name, a, b
        for name in ("neg", "~", "abs", "len", "truth", "call:int", "call:float", "call:str",
                     "call:bool"):
            yield name, a
        yield "call:int", a, 10
        yield "method:find", "abc", a
        yield "method:split", "abc", a
        yield "method:join", ",", a
        yield "method:replace", "abc", a, "x"
        yield "method:startswith", "abc", a
        yield "method:strip", "abc", a
    yield "*", "ab", 2**62
    yield "*", "ab", 2**70
    yield "*", b"ab", 2**62
    yield "<<", 1, 2**70
    yield "<<", 0, 2**70
    yield ">>", -5, 2**70
    yield "**", 1, 2**70
    yield "**", -1, 2**70 + 1
    yield "**", 2**70, -1
    yield "**", 2**2000, -1


def main():
    r = random.Random(int(os.environ.get("DIFFERENTIAL_SEED", "1")))
    cases = list(number_cases(r)) + list(text_cases(r)) + list(bytes_cases(r)) + list(odd_cases())
    lines = "".join("\t".join([name] + [encode(a) for a in arguments]) + "\n"
                    for name, *arguments in cases)
    done = subprocess.run(sys.argv[1:], input=lines.encode(), stdout=subprocess.PIPE)
    results = done.stdout.decode().split("\n")[:-1]
    failures = 0
    for (name, *arguments), result in zip(cases, results):
        wanted = expected(name, arguments)
        if result != wanted and failures < 50:
            failures += 1
            print("%s %s\n  Trivet %s\n  Python %s"
                  % (name, ", ".join(map(repr, arguments)), result, wanted))
    print("%d cases, %d results, %d or more differ" % (len(cases), len(results), failures))
    if done.returncode:
        print("the program ended with status %d" % done.returncode)
    return failures > 0 or done.returncode != 0 or len(results) != len(cases)


if __name__ == "__main__":
    sys.exit(main())
