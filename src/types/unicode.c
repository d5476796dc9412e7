/* SPDX-License-Identifier: MIT */
/*
 * Single characters, over libutf8proc and the tables of what it does not know; see unicode.h.
 *
 * ASCII, which nearly all text is, is answered without either. Sets of categories are masks, a bit
 * for each category of utf8proc.
 */
#include "types/unicode.h"

#include "trivet/text.h"

#include <utf8proc.h>

struct range {
    uint32_t first, last;
};

struct special_case {
    uint16_t c, upper[TRV__CASE_MOST], title[TRV__CASE_MOST];
};

struct number {
    uint32_t first, last;
    int64_t numerator;
    uint32_t denominator, step;
};

#include "types/unicode_tables.h"

/* Categories ------------------------------------------------------------------------------------ */

#define BIT(name) (1u << UTF8PROC_CATEGORY_##name)
#define LETTERS (BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO))
#define UNPRINTABLE (BIT(CC) | BIT(CF) | BIT(CS) | BIT(CO) | BIT(CN) | BIT(ZL) | BIT(ZP) | BIT(ZS))

static bool is_of(uint32_t c, uint32_t categories)
{
    return categories >> utf8proc_category((utf8proc_int32_t)c) & 1;
}

/* The place of the range that holds `c`, or of none, in rows sorted by their first and last. */
#define FIND(rows, c)                                                                              \
    find_row(rows, sizeof *(rows), COUNT_OF(rows), offsetof(__typeof__(*(rows)), last), c)

static const void *find_row(const void *rows, size_t size, size_t count, size_t last, uint32_t c)
{
    size_t low = 0, high = count;
    const char *row;
    uint32_t first;

    while (low < high) { /* the first row that ends at c or above */
        size_t middle = (low + high) / 2;
        if (*(const uint32_t *)(const void *)((const char *)rows + middle * size + last) < c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count)
        return NULL;
    row = (const char *)rows + low * size;
    memcpy(&first, row, sizeof first);
    return first <= c ? row : NULL;
}

const char *trv__category(uint32_t c)
{
    return utf8proc_category_string((utf8proc_int32_t)c);
}

static bool is_ascii_letter(uint32_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

bool trv__is_alpha(uint32_t c)
{
    return c < 0x80 ? is_ascii_letter(c) : is_of(c, LETTERS);
}

bool trv__is_decimal(uint32_t c)
{
    return c < 0x80 ? is_ascii_digit(c) : is_of(c, BIT(ND));
}

bool trv__is_digit(uint32_t c)
{
    return trv__is_decimal(c) || (c >= 0x80 && FIND(superscript_digits, c));
}

bool trv__is_numeric(uint32_t c)
{
    if (c < 0x80)
        return is_ascii_digit(c);
    return is_of(c, BIT(ND) | BIT(NL) | BIT(NO)) || FIND(numbers, c);
}

bool trv__is_alnum(uint32_t c)
{
    return trv__is_alpha(c) || trv__is_numeric(c);
}

bool trv__is_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z';
    return is_of(c, BIT(LL)) || FIND(other_lower, c);
}

bool trv__is_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z';
    return is_of(c, BIT(LU)) || FIND(other_upper, c);
}

bool trv__is_title(uint32_t c)
{
    return c >= 0x80 && is_of(c, BIT(LT));
}

bool trv__is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool trv__is_printable(uint32_t c)
{
    return c < 0x7f ? c >= 0x20 : !is_of(c, UNPRINTABLE);
}

bool trv__is_cased(uint32_t c)
{
    return trv__is_lower(c) || trv__is_upper(c) || trv__is_title(c);
}

bool trv__is_case_ignorable(uint32_t c)
{
    return is_of(c, BIT(MN) | BIT(ME) | BIT(CF) | BIT(LM) | BIT(SK)) || FIND(case_ignorable, c);
}

bool trv__begins_identifier(uint32_t c)
{
    if (c < 0x80)
        return is_ascii_letter(c) || c == '_';
    return is_of(c, LETTERS | BIT(NL)) != !!FIND(odd_starts, c);
}

bool trv__continues_identifier(uint32_t c)
{
    if (c < 0x80)
        return is_ascii_letter(c) || c == '_' || is_ascii_digit(c);
    return is_of(c, LETTERS | BIT(NL) | BIT(ND) | BIT(MN) | BIT(MC) | BIT(PC)) !=
           !!FIND(odd_continues, c);
}

/* Cases ----------------------------------------------------------------------------------------- */

static const struct special_case *find_special(uint32_t c)
{
    size_t low = 0, high = COUNT_OF(special_cases);

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (special_cases[middle].c < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNT_OF(special_cases) && special_cases[low].c == c ? &special_cases[low] : NULL;
}

/* Writes a case of several characters, and returns how many; 0 if there is none. */
static size_t write_special(const uint16_t *special, uint32_t mapped[TRV__CASE_MOST])
{
    size_t count = 0;

    while (count < TRV__CASE_MOST && special[count]) {
        mapped[count] = special[count];
        count++;
    }
    return count;
}

/* The dotted capital I is the only one whose small letter is two characters. */
size_t trv__to_lower(uint32_t c, uint32_t mapped[TRV__CASE_MOST])
{
    if (c == 0x130) {
        mapped[0] = 'i';
        mapped[1] = 0x307;
        return 2;
    }
    mapped[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
    return 1;
}

size_t trv__to_upper(uint32_t c, uint32_t mapped[TRV__CASE_MOST])
{
    const struct special_case *special = find_special(c);
    size_t count = special ? write_special(special->upper, mapped) : 0;

    if (count)
        return count;
    mapped[0] = (uint32_t)utf8proc_toupper((utf8proc_int32_t)c);
    return 1;
}

size_t trv__to_title(uint32_t c, uint32_t mapped[TRV__CASE_MOST])
{
    const struct special_case *special = find_special(c);
    size_t count = special ? write_special(special->title, mapped) : 0;

    if (count)
        return count;
    mapped[0] = (uint32_t)utf8proc_totitle((utf8proc_int32_t)c);
    return 1;
}

size_t trv__fold_case(uint32_t c, uint32_t mapped[TRV__CASE_MOST])
{
    utf8proc_int32_t folded[TRV__CASE_MOST];
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)c, folded, TRV__CASE_MOST,
                                                     UTF8PROC_CASEFOLD, NULL);

    if (count < 1 || count > TRV__CASE_MOST) { /* no character has more */
        mapped[0] = c;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++)
        mapped[i] = (uint32_t)folded[i];
    return (size_t)count;
}

/* Numbers --------------------------------------------------------------------------------------- */

/* Decimal digits come in rows of ten that begin with zero. Some rows follow one another without a
 * gap, so that the place is counted from where the first of those begins. */
int trv__decimal_value(uint32_t c)
{
    uint32_t first = c;

    if (c < 0x80)
        return is_ascii_digit(c) ? (int)(c - '0') : -1;
    if (!is_of(c, BIT(ND)))
        return -1;
    while (is_of(first - 1, BIT(ND)))
        first--;
    return (int)((c - first) % 10);
}

bool trv__numeric_value(uint32_t c, int64_t *numerator, int64_t *denominator)
{
    const struct number *row;
    int decimal = trv__decimal_value(c);

    *denominator = 1;
    if (decimal >= 0) {
        *numerator = decimal;
        return true;
    }
    row = FIND(numbers, c);
    if (!row)
        return false;
    *denominator = row->denominator;
    *numerator = row->numerator + (int64_t)(c - row->first) * row->step * row->denominator;
    return true;
}

int trv__digit_value(uint32_t c)
{
    int64_t value, one;

    if (!trv__is_digit(c) || !trv__numeric_value(c, &value, &one))
        return -1;
    return (int)value;
}

/* Width ----------------------------------------------------------------------------------------- */

int trv__column_width(uint32_t c)
{
    return utf8proc_charwidth((utf8proc_int32_t)c);
}

/* Public ---------------------------------------------------------------------------------------- */

const char *trv_unicode_version(void)
{
    return utf8proc_unicode_version();
}

const char *trv_character_category(uint32_t c)
{
    return trv__category(c);
}

int trv_character_decimal(uint32_t c)
{
    return trv__decimal_value(c);
}

int trv_character_digit(uint32_t c)
{
    return trv__digit_value(c);
}

int trv_character_numeric(uint32_t c, double *value)
{
    int64_t numerator, denominator;

    if (!trv__numeric_value(c, &numerator, &denominator))
        return 0;
    *value = (double)numerator / (double)denominator;
    return 1;
}
