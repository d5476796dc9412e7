/* SPDX-License-Identifier: MIT */
/*
 * Says what Trivet knows of every character, for unicode.py, which compares it with Python.
 *
 * The first line is the version of Unicode. Each other line is a code point, its category, a digit for
 * the answer of each method that asks something of it, its numbers and width, and then its cases and normal forms as
 * code points in hex, all with blanks between.
 */
#include <trivet.h>

#include <stdio.h>
#include <stdlib.h>

static const char *const questions[] = {"isalnum",      "isalpha", "isdecimal", "isdigit",
                                        "isidentifier", "islower", "isnumeric", "isprintable",
                                        "isspace",      "istitle", "isupper"};
static const char *const cases[] = {"lower",    "upper",    "title",
                                    "casefold", "swapcase", "capitalize"};
static const char *const forms[] = {"NFC", "NFD", "NFKC", "NFKD"};

static trv_object *made(trv_object *object)
{
    if (object)
        return object;
    trv_error_print();
    exit(1);
}

static trv_object *answer(trv_object *str, const char *method)
{
    trv_auto trv_object *function = made(trv_getattr(str, method));

    return made(trv_call(function, ""));
}

static void print_points(trv_object *str)
{
    const unsigned char *at = (const unsigned char *)trv_str_utf8(str, NULL);
    unsigned long c;

    for (char between = ' '; *at; between = ',') {
        int more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
        c = more ? *at & (0x3fu >> more) : *at;
        for (at++; more; more--)
            c = c << 6 | (*at++ & 0x3f);
        printf("%c%lx", between, c);
    }
    trv_unref(str);
}

static trv_object *character(unsigned c)
{
    char text[4];
    int size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    text[0] = (char)c;
    for (int i = size - 1; size > 1 && i > 0; i--, c >>= 6)
        text[i] = (char)(0x80 | (c & 0x3f));
    if (size > 1)
        text[0] = (char)((0xf00u >> size & 0xff) | c);
    return made(trv_str_new_sized(text, (size_t)size));
}

/* Those that are private or nobody's stand for themselves; they are too many to look at each one. */
static int has_cases(unsigned c)
{
    const char *category = trv_character_category(c);

    return c % 256 == 1 || category[0] != 'C' || (category[1] != 'n' && category[1] != 'o');
}

static void print_character(unsigned c)
{
    trv_auto trv_object *str = character(c);
    double number = -1;
    size_t i, columns;

    printf("%x %s ", c, trv_character_category(c));
    for (i = 0; i < sizeof questions / sizeof *questions; i++) {
        trv_auto trv_object *yes = answer(str, questions[i]);
        putchar('0' + trv_truth(yes));
    }
    trv_character_numeric(c, &number);
    if (trv_str_width(str, &columns) < 0)
        exit(1);
    printf(" %d %d %.17g %zu", trv_character_decimal(c), trv_character_digit(c), number, columns);
    if (c && has_cases(c)) { /* what would be printed of NUL is nothing */
        for (i = 0; i < sizeof cases / sizeof *cases; i++)
            print_points(answer(str, cases[i]));
        for (i = 0; i < sizeof forms / sizeof *forms; i++)
            print_points(made(trv_str_normalize(str, forms[i])));
    }
    putchar('\n');
}

int main(void)
{
    if (trv_init(NULL) < 0)
        return 1;
    puts(trv_unicode_version());
    for (unsigned c = 0; c < 0x110000; c++)
        if (c < 0xd800 || c >= 0xe000)
            print_character(c);
    trv_fini();
    return 0;
}
