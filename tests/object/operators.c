/* SPDX-License-Identifier: MIT */
/*
 * Writes what every operator and conversion gives for every pair of some forty values, one case a
 * line: the Python expression, a tab, and the result's repr or "!" and the exception.
 * tests/object/differential evaluates the expressions in Python and compares.
 *
 * Left out is only what would take all memory (10**30 as a count or an exponent) and what Trivet
 * does not have: % as formatting, complex numbers.
 */
#include <trivet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MOST 64
#define TEXT_BYTES 160

enum kind { NUMBER, LARGE, TEXT, OTHER }; /* LARGE: an int beyond what can be a count */

static struct value {
    const char *text;
    trv_object *object;
    enum kind kind;
} values[VALUES_MOST];
static size_t value_count;

static const struct {
    const char *text;
    trv_object *(*apply)(trv_object *, trv_object *);
} binary[] = {
    {"+", trv_add},           {"-", trv_subtract},  {"*", trv_multiply}, {"/", trv_divide},
    {"//", trv_floor_divide}, {"%", trv_remainder}, {"**", trv_power},   {"<<", trv_shift_left},
    {">>", trv_shift_right},  {"&", trv_and},       {"|", trv_or},       {"^", trv_xor},
};

static const char *const comparisons[] = {"<", "<=", "==", "!=", ">", ">="};

static trv_object *truth(int answer)
{
    return answer < 0 ? NULL : trv_bool_new(answer);
}

/* Writes a case; the result is dropped. */
static void report(const char *expression, trv_object *made)
{
    trv_auto trv_object *result = made, *error = NULL, *text = NULL;

    if (result && (text = trv_repr(result))) {
        printf("%s\t%s\n", expression, trv_str_utf8(text, NULL));
        return;
    }
    error = trv_error_take();
    text = error ? trv_str(error) : NULL;
    printf("%s\t!%s: %s\n", expression, error ? trv_type_name(error) : "NULL",
           text ? trv_str_utf8(text, NULL) : "");
    trv_error_clear();
}

static void add(const char *text, enum kind kind, trv_object *object)
{
    if (!object || value_count == VALUES_MOST) {
        trv_error_print();
        exit(1);
    }
    values[value_count++] = (struct value){text, object, kind};
}

static trv_object *set_of(trv_object *list)
{
    trv_object *set = trv_set_from(list);

    trv_unref(list);
    return set;
}

static void make_numbers(void)
{
    add("0", NUMBER, trv_int_new(0));
    add("1", NUMBER, trv_int_new(1));
    add("(-1)", NUMBER, trv_int_new(-1));
    add("3", NUMBER, trv_int_new(3));
    add("7", NUMBER, trv_int_new(7));
    add("(-7)", NUMBER, trv_int_new(-7));
    add("64", NUMBER, trv_int_new(64));
    add("(2**63-1)", LARGE, trv_int_new(INT64_MAX));
    add("2**63", LARGE, trv_int_parse("9223372036854775808", 10));
    add("(-2**63)", LARGE, trv_int_new(INT64_MIN));
    add("(-10**30)", LARGE, trv_int_parse("-1000000000000000000000000000000", 10));
    add("True", NUMBER, trv_bool_new(1));
    add("False", NUMBER, trv_bool_new(0));
    add("0.0", NUMBER, trv_float_new(0));
    add("(-0.0)", NUMBER, trv_float_new(-0.0));
    add("1.5", NUMBER, trv_float_new(1.5));
    add("(-2.5)", NUMBER, trv_float_new(-2.5));
    add("1e308", NUMBER, trv_float_new(1e308));
    add("float('inf')", NUMBER, trv_float_new(__builtin_inf()));
    add("float('nan')", NUMBER, trv_float_new(__builtin_nan("")));
}

static void make_others(void)
{
    add("None", OTHER, trv_none_new());
    add("''", TEXT, trv_str_new(""));
    add("'abc'", TEXT, trv_str_new("abc"));
    add("'h\xc3\xa9'", TEXT, trv_str_new("h\xc3\xa9"));
    add("b'ab'", TEXT, trv_bytes_new("ab", 2));
    add("()", OTHER, trv_build("()"));
    add("(1, 2)", OTHER, trv_build("ii", 1, 2));
    add("(1, 'a')", OTHER, trv_build("is", 1, "a"));
    add("[]", OTHER, trv_build("[]"));
    add("[1, 2]", OTHER, trv_build("[ii]", 1, 2));
    add("[1, 3]", OTHER, trv_build("[ii]", 1, 3));
    add("[[1], 'abc']", OTHER, trv_build("[[i]s]", 1, "abc"));
    add("{}", OTHER, trv_build("{}"));
    add("{'a': 1}", OTHER, trv_build("{s:i}", "a", 1));
    add("{'a': True}", OTHER, trv_build("{s:b}", "a", 1));
    add("{1, 2}", OTHER, set_of(trv_build("[ii]", 1, 2)));
    add("{1}", OTHER, set_of(trv_build("[i]", 1)));
    add("range(3)", OTHER, trv_range_new(0, 3, 1));
    add("range(0, 4, 2)", OTHER, trv_range_new(0, 4, 2));
    add("range(0, 3, 2)", OTHER, trv_range_new(0, 3, 2));
}

/* One value ---------------------------------------------------------------------------------- */

static void convert(const struct value *value)
{
    static const struct {
        const char *name;
        trv_object *type;
        int is_sized; /* takes an int for a length */
    } types[] = {{"int", trv_int_type, 0},     {"float", trv_float_type, 0},
                 {"str", trv_str_type, 0},     {"bool", trv_bool_type, 0},
                 {"list", trv_list_type, 0},   {"tuple", trv_tuple_type, 0},
                 {"dict", trv_dict_type, 0},   {"bytes", trv_bytes_type, 1},
                 {"range", trv_range_type, 1}, {"type", trv_type_type, 0}};
    char text[TEXT_BYTES];

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].is_sized && value->kind == LARGE)
            continue;
        snprintf(text, sizeof text, "%s(%s)", types[i].name, value->text);
        report(text, trv_call(types[i].type, "o", value->object));
    }
}

static void one(const struct value *value)
{
    char text[TEXT_BYTES];
    int64_t hash;
    size_t length;

    report(value->text, trv_ref(value->object));
    snprintf(text, sizeof text, "-(%s)", value->text);
    report(text, trv_negative(value->object));
    snprintf(text, sizeof text, "~(%s)", value->text);
    report(text, trv_invert(value->object));
    snprintf(text, sizeof text, "abs(%s)", value->text);
    report(text, trv_absolute(value->object));
    snprintf(text, sizeof text, "not %s", value->text);
    report(text, truth(1 - trv_truth(value->object)));
    snprintf(text, sizeof text, "len(%s)", value->text);
    report(text, trv_len(value->object, &length) < 0 ? NULL : trv_int_new((int64_t)length));
    snprintf(text, sizeof text, "hash(%s) is None", value->text);
    report(text, trv_hash(value->object, &hash) < 0 ? NULL : trv_bool_new(0));
    snprintf(text, sizeof text, "[x for x in %s]", value->text);
    {
        trv_auto trv_object *list = trv_list_new();
        int is_bad = 0;
        TRV_FOR(item, value->object)
            is_bad |= trv_list_append(list, item);
        report(text, is_bad || trv_error_occurred() ? NULL : trv_ref(list));
    }
    convert(value);
}

/* Two values --------------------------------------------------------------------------------- */

static int is_negative(const struct value *value)
{
    return value->text[0] == '(' && value->text[1] == '-';
}

static int is_left_out(const struct value *a, const char *operator, const struct value * b)
{
    int is_large = a->kind == LARGE || b->kind == LARGE;

    if (strcmp(operator, "%") == 0)
        return a->kind == TEXT;
    if (strcmp(operator, "<<") == 0)
        return b->kind == LARGE;
    if (strcmp(operator, "*") == 0)
        return is_large && (a->kind > LARGE || b->kind > LARGE);
    if (strcmp(operator, "**") == 0)
        return b->kind == LARGE || (is_negative(a) && strchr(b->text, '.'));
    return 0;
}

static void two(const struct value *a, const struct value *b)
{
    char text[2 * TEXT_BYTES];
    int64_t hash_a, hash_b;

    for (size_t i = 0; i < sizeof binary / sizeof binary[0]; i++) {
        if (is_left_out(a, binary[i].text, b))
            continue;
        snprintf(text, sizeof text, "(%s) %s (%s)", a->text, binary[i].text, b->text);
        report(text, binary[i].apply(a->object, b->object));
    }
    for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        snprintf(text, sizeof text, "(%s) %s (%s)", a->text, comparisons[i], b->text);
        report(text, truth(trv_compare(a->object, b->object, (trv_comparison)i)));
    }
    if (strncmp(a->text, "{1", 2) != 0 || strncmp(b->text, "{1", 2) != 0) {
        snprintf(text, sizeof text, "(%s) in (%s)", a->text, b->text);
        report(text, truth(trv_contains(b->object, a->object)));
    }
    snprintf(text, sizeof text, "(%s)[%s]", b->text, a->text);
    report(text, trv_getitem(b->object, a->object));
    if (trv_equal(a->object, b->object) != 1)
        return;
    snprintf(text, sizeof text, "hash(%s) == hash(%s)", a->text, b->text);
    report(text, trv_hash(a->object, &hash_a) < 0 || trv_hash(b->object, &hash_b) < 0
                     ? NULL
                     : trv_bool_new(hash_a == hash_b));
}

int main(void)
{
    if (trv_init(NULL) < 0)
        return 1;
    make_numbers();
    make_others();
    for (size_t i = 0; i < value_count; i++) {
        one(&values[i]);
        for (size_t j = 0; j < value_count; j++)
            two(&values[i], &values[j]);
    }
    while (value_count > 0)
        trv_unref(values[--value_count].object);
    trv_fini();
    return 0;
}
