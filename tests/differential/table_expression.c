/* SPDX-License-Identifier: MIT */
/*
 * The expressions of `run_table`: read and evaluated at once, over Trivet's public interface. How they are
 * written is said in table.c.
 */
#include "operators.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reading ------------------------------------------------------------------------------------ */

void table_read_word(const char **at, char *word)
{
    size_t length = strcspn(*at += strspn(*at, " "), " ");

    if (!length || length >= TABLE_WORD_MOST)
        table_abort("a word is missing or too long", *at);
    memcpy(word, *at, length);
    word[length] = 0;
    *at += length;
}

bool table_at_end(const char **at)
{
    *at += strspn(*at, " ");
    if (**at != ')')
        return !**at;
    ++*at;
    return true;
}

void table_skip(const char **at)
{
    int depth = 0;

    do {
        *at += strspn(*at, " ");
        depth += **at == '(' ? 1 : **at == ')' ? -1 : 0;
        *at += strcspn(*at, " ");
    } while (depth);
}

/* Passes over what is left of a form, and its end. */
static void skip_rest(const char **at)
{
    while (!table_at_end(at))
        table_skip(at);
}

static trv_object *from_hex(const char *text, size_t length, bool is_str)
{
    char *data = malloc(length / 2 + 1);
    trv_object *made;
    unsigned byte;

    for (size_t i = 0; i < length / 2; i++) {
        sscanf(text + 2 * i, "%2x", &byte);
        data[i] = (char)byte;
    }
    made = is_str ? trv_str_new_sized(data, length / 2) : trv_bytes_new(data, length / 2);
    free(data);
    return made;
}

static trv_object *parse_int(const char *text, size_t length)
{
    char *digits = strndup(text, length);
    trv_object *made = trv_int_parse(digits, 10);

    free(digits);
    return made;
}

static trv_object *look_up(const char *name, trv_object *space)
{
    trv_object *value;

    if (trv_dict_get_str(space, name, &value) != 0)
        return value;
    return table_name(name);
}

static trv_object *atom(const char **at, trv_object *space)
{
    const char *text = *at;
    size_t length = strcspn(text, " ");
    char name[TABLE_WORD_MOST];

    *at += length;
    switch (*text) {
    case 'N':
        return trv_none_new();
    case 'T':
    case 'F':
        return trv_bool_new(*text == 'T');
    case 'i':
        return parse_int(text + 1, length - 1);
    case 'f':
        return trv_float_new(strtod(text + 1, NULL));
    case 'c':
        return trv_complex_new(0, strtod(text + 1, NULL));
    case 's':
    case 'y':
        return from_hex(text + 1, length - 1, *text == 's');
    case '$':
        table_read_word(&text, name);
        return look_up(name + 1, space);
    default:
        return table_abort("no such value", text);
    }
}

/* Expressions -------------------------------------------------------------------------------- */

/* The values up to the end of a form, in a list; on failure the rest is passed over. */
static trv_object *evaluate_all(const char **at, trv_object *space)
{
    trv_object *list = trv_list_new();

    while (!table_at_end(at)) {
        trv_auto trv_object *item = list ? table_evaluate(at, space) : NULL;
        if (!list)
            table_skip(at);
        else if (!item || trv_list_append(list, item) < 0)
            trv_clear(&list);
    }
    return list;
}

static trv_object *make_dict(trv_object *items)
{
    trv_auto trv_object *dict = trv_dict_new();
    size_t count;

    if (!items || trv_list_len(items, &count) < 0)
        return NULL;
    for (size_t i = 0; dict && i < count; i += 2) {
        trv_auto trv_object *key = trv_list_get(items, (int64_t)i);
        trv_auto trv_object *value = trv_list_get(items, (int64_t)i + 1);
        if (trv_dict_set(dict, key, value) < 0)
            trv_clear(&dict);
    }
    return trv_steal(&dict);
}

/* Notes one of a call's arguments. */
static int add_argument(const char **at, trv_object *space, trv_object *items, trv_object *keywords)
{
    const char *begin = *at;
    char word[TABLE_WORD_MOST], name[TABLE_WORD_MOST] = "";
    trv_auto trv_object *value = NULL;
    bool is_special;
    int status;

    table_read_word(at, word);
    if (*word == '(')
        table_read_word(at, word);
    is_special = begin[strspn(begin, " ")] == '(' &&
                 (!strcmp(word, "star") || !strcmp(word, "stars") || !strcmp(word, "key"));
    if (!is_special) {
        *at = begin;
        value = table_evaluate(at, space);
        return value ? trv_list_append(items, value) : -1;
    }
    if (!strcmp(word, "key"))
        table_read_word(at, name);
    if (!(value = table_evaluate(at, space)))
        status = -1;
    else if (*name)
        status = trv_dict_set_str(keywords, name, value);
    else
        status = word[4] ? trv_dict_update(keywords, value) : trv_list_extend(items, value);
    skip_rest(at);
    return status;
}

static trv_object *make_call(const char **at, trv_object *space)
{
    trv_auto trv_object *callable = table_evaluate(at, space);
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *keywords = trv_dict_new();
    trv_object *items[64];
    trv_object *result = NULL;
    size_t count = 0, keyword_count = 0;
    int status = callable && list && keywords ? 0 : -1;

    while (status == 0 && !table_at_end(at))
        status = add_argument(at, space, list, keywords);
    if (status < 0) {
        skip_rest(at);
        return NULL;
    }
    if (trv_list_len(list, &count) < 0 || trv_dict_len(keywords, &keyword_count) < 0)
        return NULL;
    if (count > 64)
        table_abort("too many arguments", *at);
    for (size_t i = 0; i < count; i++)
        items[i] = trv_list_get(list, (int64_t)i);
    result = trv_call_array(callable, items, count, keyword_count ? keywords : NULL);
    for (size_t i = 0; i < count; i++)
        trv_unref(items[i]);
    return result;
}

/* The parameter "**name". */
static int set_keywords(trv_object *space, trv_object *name, trv_object *keywords)
{
    trv_auto trv_object *own = trv_str_slice(name, 2, 100);
    trv_auto trv_object *dict = keywords ? trv_copy(keywords) : trv_dict_new();

    return own && dict ? trv_dict_set(space, own, dict) : -1;
}

/* What a lambda's closure holds: its variables, the names of its parameters, its expression. */
static trv_object *call_lambda(const trv_args *args)
{
    trv_object *outer, *names, *given[4] = {0};
    trv_auto trv_object *rest = NULL;
    trv_auto trv_object *space = NULL;
    const char *body, *at;
    char format[8] = "";
    size_t count, fixed = SIZE_MAX;
    bool is_open = false;

    if (trv_parse_tuple(args->self, "oos", &outer, &names, &body) < 0 ||
        trv_tuple_len(names, &count) < 0 || !(space = trv_copy(outer)))
        return NULL;
    for (size_t i = 0, all = count; i < all; i++) {
        trv_auto trv_object *name = trv_tuple_get(names, (int64_t)i);
        if (strncmp(trv_str_utf8(name, NULL), "**", 2) == 0) {
            if (set_keywords(space, name, args->keywords) < 0)
                return NULL;
            is_open = true;
            count--;
        } else if (*trv_str_utf8(name, NULL) == '*') {
            trv_auto trv_object *rest_name = trv_str_slice(name, 1, 100);
            rest = args->count > i ? trv_tuple_new(args->items + i, args->count - i)
                                   : trv_tuple_new(NULL, 0);
            if (!rest || trv_dict_set(space, rest_name, rest) < 0)
                return NULL;
            is_open = true;
            fixed = i;
        } else
            strcat(format, "o");
    }
    count = fixed < count ? fixed : count;
    if (is_open) {
        if (args->count < count)
            return trv_raise(trv_TypeError, "<lambda>() missing arguments");
        for (size_t i = 0; i < count; i++)
            given[i] = args->items[i];
    } else if (trv_parse(args, format, given, given + 1, given + 2, given + 3) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *name = trv_tuple_get(names, (int64_t)i);
        if (trv_dict_set(space, name, given[i]) < 0)
            return NULL;
    }
    at = body;
    return table_evaluate(&at, space);
}

static trv_object *make_lambda(const char **at, trv_object *space)
{
    char word[TABLE_WORD_MOST], signature[4 * TABLE_WORD_MOST] = "<lambda>(";
    trv_auto trv_object *names = trv_list_new();
    trv_auto trv_object *tuple = NULL;
    trv_auto trv_object *body = NULL;
    trv_auto trv_object *data = NULL;
    const char *begin;
    int count;

    table_read_word(at, word);
    count = atoi(word);
    for (int i = 0; i < count; i++) {
        trv_auto trv_object *name = NULL;
        table_read_word(at, word);
        name = trv_str_new(word);
        if (!names || !name || trv_list_append(names, name) < 0)
            return NULL;
        strcat(strcat(signature, i ? ", " : ""), word);
    }
    strcat(signature, ")");
    begin = *at;
    table_skip(at);
    body = trv_str_new_sized(begin, (size_t)(*at - begin));
    tuple = trv_tuple_from(names);
    data = trv_build("(ooo)", space, tuple, body);
    return data ? trv_function_new(call_lambda, signature, data) : NULL;
}

/* `and` gives the first false value, `or` the first true one, or the last. */
static trv_object *choose(const char **at, trv_object *space, int stops_at)
{
    trv_object *value = NULL;
    int truth = !stops_at;

    while (!table_at_end(at)) {
        if (truth == stops_at || truth < 0) {
            table_skip(at);
            continue;
        }
        trv_unref(value);
        value = table_evaluate(at, space);
        truth = value ? trv_truth(value) : -1;
        if (truth < 0)
            trv_clear(&value);
    }
    return value;
}

static trv_object *decide(const char **at, trv_object *space)
{
    trv_auto trv_object *test = table_evaluate(at, space);
    int truth = test ? trv_truth(test) : -1;
    trv_object *value = NULL;

    if (truth >= 0) {
        if (!truth)
            table_skip(at);
        value = table_evaluate(at, space);
    }
    skip_rest(at);
    return value;
}

static trv_object *get_attribute(const char **at, trv_object *space)
{
    trv_auto trv_object *object = table_evaluate(at, space);
    char name[TABLE_WORD_MOST];

    table_read_word(at, name);
    skip_rest(at);
    return object ? trv_getattr(object, name) : NULL;
}

static trv_object *in(trv_object *item, trv_object *container)
{
    return truth(trv_contains(container, item));
}

static trv_object *not_in(trv_object *item, trv_object *container)
{
    int answer = trv_contains(container, item);

    return answer < 0 ? NULL : trv_bool_new(!answer);
}

static trv_object *is(trv_object *a, trv_object *b)
{
    return trv_bool_new(trv_is(a, b));
}

static trv_object *is_not(trv_object *a, trv_object *b)
{
    return trv_bool_new(!trv_is(a, b));
}

static trv_object * not(trv_object * a)
{
    int answer = trv_truth(a);

    return answer < 0 ? NULL : trv_bool_new(!answer);
}

static const struct operation operations[] = {
    OPERATORS,
    {"@", trv_matrix_multiply, NULL},
    {"+=", trv_iadd, NULL},
    {"-=", trv_isubtract, NULL},
    {"*=", trv_imultiply, NULL},
    {"/=", trv_idivide, NULL},
    {"//=", trv_ifloor_divide, NULL},
    {"%=", trv_iremainder, NULL},
    {"**=", trv_ipower, NULL},
    {"<<=", trv_ishift_left, NULL},
    {">>=", trv_ishift_right, NULL},
    {"&=", trv_iand, NULL},
    {"|=", trv_ior, NULL},
    {"^=", trv_ixor, NULL},
    {"@=", trv_imatrix_multiply, NULL},
    {"pos", NULL, trv_positive},
    {"inv", NULL, trv_invert},
    {"not", NULL, not },
    {"in", in, NULL},
    {"notin", not_in, NULL},
    {"is", is, NULL},
    {"isnot", is_not, NULL},
    {"getitem", trv_getitem, NULL},
};

static const struct operation *find_operation(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (!strcmp(operations[i].name, name))
            return &operations[i];
    return table_abort("no such operation", name);
}

trv_object *table_operate(const char *name, trv_object *a, trv_object *b)
{
    return find_operation(name)->binary(a, b);
}

static trv_object *operate(const char **at, trv_object *space, const struct operation *operation)
{
    trv_auto trv_object *a = table_evaluate(at, space);
    trv_auto trv_object *b = a && operation->binary ? table_evaluate(at, space) : NULL;

    skip_rest(at);
    if (!a || (operation->binary && !b))
        return NULL;
    return operation->binary ? operation->binary(a, b) : operation->unary(a);
}

static trv_object *make_container(const char *kind, const char **at, trv_object *space)
{
    trv_auto trv_object *items = evaluate_all(at, space);
    trv_object *parts[3];

    if (!items)
        return NULL;
    if (!strcmp(kind, "tuple"))
        return trv_tuple_from(items);
    if (!strcmp(kind, "set"))
        return trv_set_from(items);
    if (!strcmp(kind, "dict"))
        return make_dict(items);
    if (!strcmp(kind, "slice")) {
        for (int i = 0; i < 3; i++) {
            parts[i] = trv_list_get(items, i);
            trv_unref(parts[i]); /* the list holds it */
        }
        return trv_slice_new(parts[0], parts[1], parts[2]);
    }
    return trv_steal(&items);
}

/* An expression in parentheses. */
static trv_object *evaluate_form(const char *name, const char **at, trv_object *space)
{
    if (!strcmp(name, "call"))
        return make_call(at, space);
    if (!strcmp(name, "getattr"))
        return get_attribute(at, space);
    if (!strcmp(name, "and") || !strcmp(name, "or"))
        return choose(at, space, *name == 'o');
    if (!strcmp(name, "if"))
        return decide(at, space);
    if (!strcmp(name, "lambda")) {
        trv_object *made = make_lambda(at, space);
        skip_rest(at);
        return made;
    }
    if (!strcmp(name, "list") || !strcmp(name, "tuple") || !strcmp(name, "set") ||
        !strcmp(name, "dict") || !strcmp(name, "slice"))
        return make_container(name, at, space);
    return operate(at, space, find_operation(name));
}

trv_object *table_evaluate(const char **at, trv_object *space)
{
    char word[TABLE_WORD_MOST];

    *at += strspn(*at, " ");
    if (**at != '(')
        return atom(at, space);
    table_read_word(at, word);
    table_read_word(at, word);
    return evaluate_form(word, at, space);
}
