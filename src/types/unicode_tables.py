# SPDX-License-Identifier: MIT
"""Writes unicode_tables.h: what Python's str methods know of characters and libutf8proc does not tell.

    python3.11 src/types/unicode_tables.py >src/types/unicode_tables.h
"""

import fractions
import sys
import unicodedata

CODE_POINTS = [c for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
HEAD = """/* SPDX-License-Identifier: MIT */
/*
 * Where characters differ from what their category says, cases that are no single character, and
 * numbers. Only unicode.c includes it. Written by unicode_tables.py from Unicode %s.
 */
#ifndef TRV_TYPES_UNICODE_TABLES_H
#define TRV_TYPES_UNICODE_TABLES_H

#include "types/unicode.h"

/* clang-format off */
"""


def category(c):
    return unicodedata.category(chr(c))


def runs(points):
    found = []
    for c in points:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def rows(texts):
    line = "   "
    for text in texts:
        if len(line) + len(text) > 98:
            print(line)
            line = "   "
        line += " " + text
    print(line + "\n};\n")


def ranges(name, comment, claim):
    print("/* %s */\nstatic const struct range %s[] = {" % (comment, name))
    rows("{0x%x, 0x%x}," % tuple(run) for run in runs(c for c in CODE_POINTS if claim(chr(c))))


def is_case_ignorable(c):
    """The lower sigma looks past these, and then sees the letter before."""
    return (not (c + "\u03a3").lower().endswith("\u03c2")
            and ("a" + c + "\u03a3").lower().endswith("\u03c2"))


START = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl")
CONTINUE = START + ("Nd", "Mn", "Mc", "Pc")


def special_cases():
    print("/* Cases of several characters; zeros where a single one is right. */")
    print("static const struct special_case special_cases[] = {")
    texts = []
    for c in CODE_POINTS:
        upper, title = chr(c).upper(), chr(c).title()
        if len(upper) > 1 or len(title) > 1:
            cells = [[ord(x) for x in s] + [0] * (3 - len(s)) if len(s) > 1 else [0] * 3
                     for s in (upper, title)]
            texts.append("{0x%x, {%s}, {%s}}," % (
                c, ", ".join("0x%x" % x for x in cells[0]), ", ".join("0x%x" % x for x in cells[1])))
    rows(texts)


def numbers():
    """Runs in which the number grows by one step from character to character."""
    found = []
    for c in CODE_POINTS:
        if category(c) == "Nd":
            continue
        value = unicodedata.numeric(chr(c), None)
        if value is None:
            continue
        value = fractions.Fraction(value).limit_denominator(1000)
        last = found[-1] if found else None
        if last and last[1] == c - 1 and value - last[3] == last[4]:
            last[1], last[3] = c, value
        elif last and last[0] == last[1] == c - 1 and value - last[3] in (1, 10, 100, 1000, 10000):
            last[1], last[4], last[3] = c, value - last[3], value
        else:
            found.append([c, c, value, value, fractions.Fraction(0)])
    print("/* The number of the first is numerator / denominator; each next one is `step` more. */")
    print("static const struct number numbers[] = {")
    rows("{0x%x, 0x%x, %d, %d, %d}," % (a, b, v.numerator, v.denominator, step)
         for a, b, v, _, step in found)


def main():
    sys.stdout.write(HEAD % unicodedata.unidata_version)
    ranges("other_lower", "Lower case, but no Ll.", lambda c: c.islower() and category(ord(c)) != "Ll")
    ranges("other_upper", "Upper case, but no Lu.", lambda c: c.isupper() and category(ord(c)) != "Lu")
    ranges("superscript_digits", "Digits, but no Nd.",
           lambda c: c.isdigit() and not c.isdecimal())
    ranges("case_ignorable", "Between letters of a word, but no Mn, Me, Cf, Lm or Sk.",
           lambda c: is_case_ignorable(c) and category(ord(c)) not in ("Mn", "Me", "Cf", "Lm", "Sk"))
    ranges("odd_starts", "Begin an identifier although their category says no, or the reverse.",
           lambda c: c != "_" and c.isidentifier() != (category(ord(c)) in START))
    ranges("odd_continues", "Go on in an identifier although their category says no, or the reverse.",
           lambda c: ("a" + c).isidentifier() != (category(ord(c)) in CONTINUE))
    special_cases()
    numbers()
    print("/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    main()
