/* SPDX-License-Identifier: MIT */
/*
 * Literals in signatures, and the defaults they stand for.
 *
 * A function made at run time has the defaults that its signature's text says, evaluated once when it is
 * made, as Python's `def` does: a list that is a default is one list for all calls. The literals are
 * Python's: None, True, False, numbers, texts without escapes, and tuples, lists and dicts of these.
 */
#include "object/signature.h"

static trv_object *read_literal(const char **at);

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " ");
}

static bool take_char(const char **at, char c)
{
    skip_blanks(at);
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_word(const char **at, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

static trv_object *raise_no_literal(const char *at)
{
    return trv_raise(trv_ValueError, "no literal in a signature: %.40s", at);
}

static trv_object *read_text(const char **at)
{
    const char *begin = *at + 1, *end = strchr(begin, **at);

    if (!end)
        return raise_no_literal(*at);
    *at = end + 1;
    return trv_str_new_sized(begin, (size_t)(end - begin));
}

static trv_object *read_number(const char **at)
{
    size_t length = strcspn(*at, " ,)]}:");
    char text[64];

    if (length >= sizeof text || !strchr("0123456789.+-", length ? **at : 0) || !length)
        return raise_no_literal(*at);
    memcpy(text, *at, length);
    text[length] = 0;
    if (strspn(text, "0123456789_+-.eExXabcdefABCDEFoO") != length)
        return raise_no_literal(*at);
    *at += length;
    return strpbrk(text, "xX") || !strpbrk(text, ".eE") ? trv_int_parse(text, 0)
                                                        : trv_float_parse(text);
}

/* The literals up to a closing character, in a list; of a dict, keys and values in turn. */
static trv_object *read_items(const char **at, char close, bool are_pairs)
{
    trv_auto trv_object *list = trv_list_new();
    size_t count = 0;

    if (!list || trv__enter_recursion(" in a literal") < 0)
        return NULL;
    while (!take_char(at, close)) {
        trv_auto trv_object *item = read_literal(at);
        if (!item || trv_list_append(list, item) < 0)
            return NULL;
        skip_blanks(at);
        if (are_pairs && count++ % 2 == 0 ? !take_char(at, ':')
                                          : !take_char(at, ',') && **at != close)
            return raise_no_literal(*at);
    }
    return trv_steal(&list);
}

static trv_object *dict_of(trv_object *items)
{
    trv_auto trv_object *dict = trv_dict_new();
    trv_object *const *item;
    size_t count;

    item = trv__list_items(items, &count);
    for (size_t i = 0; dict && i + 1 < count; i += 2)
        if (trv_dict_set(dict, item[i], item[i + 1]) < 0)
            trv_clear(&dict);
    return trv_steal(&dict);
}

static trv_object *read_container(const char **at)
{
    trv_auto trv_object *items = NULL;

    if (take_char(at, '['))
        return read_items(at, ']', false);
    if (take_char(at, '(')) {
        items = read_items(at, ')', false);
        return items ? trv_tuple_from(items) : NULL;
    }
    ++*at;
    items = read_items(at, '}', true);
    return items ? dict_of(items) : NULL;
}

static trv_object *read_literal(const char **at)
{
    skip_blanks(at);
    switch (**at) {
    case '\'':
    case '"':
        return read_text(at);
    case '[':
    case '(':
    case '{':
        return read_container(at);
    default:
        if (take_word(at, "None"))
            return trv_none_new();
        if (take_word(at, "True"))
            return trv_bool_new(1);
        if (take_word(at, "False"))
            return trv_bool_new(0);
        return read_number(at);
    }
}

/* Notes the default of a parameter, if it has one. */
static int add_default(const struct trv__parameter *parameter, bool after_star,
                       trv_object *positions, trv_object *by_name)
{
    const char *at = parameter->literal;
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *name = NULL;

    if (!at || strspn(at, " ") == strcspn(at, ",)"))
        return 0;
    if (!(value = read_literal(&at)))
        return -1;
    if (!after_star)
        return trv_list_append(positions, value);
    name = trv_str_new_sized(parameter->name, parameter->length);
    return name ? trv_dict_set(by_name, name, value) : -1;
}

int trv__signature_defaults(const char *signature, trv_object **positions, trv_object **by_name)
{
    const char *cursor = trv__signature_parameters(signature);
    trv_auto trv_object *list = NULL;
    trv_auto trv_object *dict = NULL;
    struct trv__parameter parameter;
    bool after_star = false;

    *positions = *by_name = NULL;
    if (!cursor || !strchr(cursor, '='))
        return 0;
    if (!(list = trv_list_new()) || !(dict = trv_dict_new()))
        return -1;
    while (trv__parameter_next(&cursor, &parameter)) {
        after_star |= parameter.kind == TRV__PARAMETER_REST;
        if (add_default(&parameter, after_star, list, dict) < 0)
            return -1;
    }
    if (trv_truth(list) > 0 && !(*positions = trv_tuple_from(list)))
        return -1;
    if (trv_truth(dict) > 0)
        *by_name = trv_steal(&dict);
    return 0;
}
