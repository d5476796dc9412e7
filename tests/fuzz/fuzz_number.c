/* SPDX-License-Identifier: MIT */
/*
 * Any text as an int in a base, and as a float. What could be read is printed and read as the same; a
 * text that a base takes is taken by the type as well.
 */
#include "fuzz/fuzz.h"

static void is_refused(trv_object *type)
{
    FUZZ_ASSERT(trv_error_matches(type) || trv_error_matches(trv_SystemError));
    trv_error_clear();
}

static void parse_int(const char *text, int base)
{
    trv_object *number = trv_int_parse(text, base);

    if (!number) {
        is_refused(trv_ValueError);
        return;
    }
    if (base) {
        trv_object *printed = trv_int_format(number, base), *again;
        FUZZ_ASSERT(printed);
        again = trv_int_parse(trv_str_utf8(printed, NULL), base);
        FUZZ_ASSERT(again && trv_equal(again, number) == 1);
        trv_unref(again);
        trv_unref(printed);
    }
    trv_unref(number);
}

static void parse_float(const char *text)
{
    trv_object *number = trv_float_parse(text), *printed, *again;
    double value, value_again;

    if (!number) {
        is_refused(trv_ValueError);
        return;
    }
    printed = trv_repr(number);
    FUZZ_ASSERT(printed);
    again = trv_float_parse(trv_str_utf8(printed, NULL));
    FUZZ_ASSERT(again && trv_float_get(number, &value) == 0 &&
                trv_float_get(again, &value_again) == 0);
    FUZZ_ASSERT(value == value_again || (value != value && value_again != value_again));
    trv_unref(again);
    trv_unref(printed);
    trv_unref(number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, data + size};
    int base = fuzz_byte(&input) % 40;
    size_t length = (size_t)(input.end - input.at);
    char *text = malloc(length + 1);

    if (!text)
        return 0;
    fuzz_begin();
    if (length)
        memcpy(text, input.at, length);
    text[length] = 0;
    parse_int(text, base);
    parse_float(text);
    free(text);
    fuzz_end();
    return 0;
}
