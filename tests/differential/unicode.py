# SPDX-License-Identifier: MIT
"""Compares what Trivet knows of every character with what Python knows.

They may know different versions of Unicode: Trivet has that of libutf8proc. Characters that only one of
the two versions has are counted and passed over, and there must be none if the versions are the same. All
others have to agree in everything: an exception would be written down here, and there is none.
"""

import subprocess
import sys
import unicodedata

QUESTIONS = ["isalnum", "isalpha", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric",
             "isprintable", "isspace", "istitle", "isupper"]
CASES = ["lower", "upper", "title", "casefold", "swapcase", "capitalize"]
FORMS = ["NFC", "NFD", "NFKC", "NFKD"]
WIDTHS = {"W": "2", "F": "2", "Na": "1", "H": "1"}


def points(text):
    return ",".join("%x" % ord(c) for c in text)


def expected(c):
    char = chr(c)
    yes = "".join("01"[getattr(char, name)()] for name in QUESTIONS)
    words = ["%x" % c, unicodedata.category(char), yes, str(unicodedata.decimal(char, -1)),
             str(unicodedata.digit(char, -1)), "%.17g" % unicodedata.numeric(char, -1)]
    if c and (c % 256 == 1 or words[1] not in ("Cn", "Co")):
        words += [points(getattr(char, name)()) for name in CASES]
        words += [points(unicodedata.normalize(form, char)) for form in FORMS]
    return words


def has_wrong_width(c, width):
    """What is wide, and narrow, by its East Asian width; the rest is not agreed upon anywhere."""
    char = chr(c)
    wanted = WIDTHS.get(unicodedata.east_asian_width(char))
    return (wanted and unicodedata.category(char)[0] in "LNPS" and width not in (wanted, "0")
            and not 0x1f1e6 <= c <= 0x1f3ff)


def main():
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
    version, *lines = done.stdout.decode().split("\n")[:-1]
    failures = 0
    unknown = 0
    for line in lines:
        words = line.split(" ")
        c, width = int(words[0], 16), words.pop(6)
        wanted = expected(c)
        if version != unicodedata.unidata_version and (words[1] == "Cn") != (wanted[1] == "Cn"):
            unknown += 1
        elif words != wanted or has_wrong_width(c, width):
            failures += 1
            if failures < 30:
                print("Trivet %s width %s\nPython %s" % (" ".join(words), width, " ".join(wanted)))
    print("Unicode %s and %s: %d characters, %d of them in one only, %d differ"
          % (version, unicodedata.unidata_version, len(lines), unknown, failures))
    return failures > 0 or done.returncode != 0 or len(lines) != 0x110000 - 0x800


if __name__ == "__main__":
    sys.exit(main())
