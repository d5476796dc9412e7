/* SPDX-License-Identifier: MIT */
/*
 * Runs the cases of table.py over Trivet's public interface.
 *
 * Each line of standard input is a case: statements and expressions with blanks between. An expression is
 *
 *     N T F  i-12  f0x1.8p+1  c0x1p+0 (imaginary)  s<UTF-8 in hex>  y<bytes in hex>  $name
 *     ( list x ... )  ( tuple x ... )  ( set x ... )  ( dict key value ... )  ( slice x y z )
 *     ( + x y ) and the other operators, ( += x y ) those in place  ( neg x )  ( < x y )  ( in x y )
 *     ( and x ... )  ( or x ... )  ( not x )  ( if test x y )  ( lambda count name ... x )
 *     ( getattr x name )  ( getitem x y )  ( call x y ... )
 *
 * where a call's arguments may be ( star x ), ( key name x ) and ( stars x ), and a statement
 *
 *     ( = name x )  ( unpack count name ... x )  ( setitem = x key value ), ( setattr = x name value ),
 *     both also with "+=" and the like for "="  ( delname name )  ( delitem x y )  ( delattr x name )
 *     ( raise x cause )  ( for name x statement ... )  ( when test statement ... )
 *
 * Each line of standard output is the type and repr of the last statement's value ("-" if it has none),
 * or "!", the exception's type and message; then, after tabs, "name=repr" of each variable. A case
 * that leaves objects behind says so at the end of its line.
 *
 * Names are looked up in the case's variables, a dict, and then in the table at the end of
 * table_names.c.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MOST 100

static trv_object *evaluate(const char **at, trv_object *space);

/* Reading ------------------------------------------------------------------------------------ */

static void read_word(const char **at, char *word)
{
    size_t length = strcspn(*at += strspn(*at, " "), " ");

    if (!length || length >= WORD_MOST)
        table_abort("a word is missing or too long", *at);
    memcpy(word, *at, length);
    word[length] = 0;
    *at += length;
}

static bool at_end(const char **at)
{
    *at += strspn(*at, " ");
    if (**at != ')')
        return !**at;
    ++*at;
    return true;
}

/* Passes over an expression or statement. */
static void skip(const char **at)
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
    while (!at_end(at))
        skip(at);
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
    char name[WORD_MOST];

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
        read_word(&text, name);
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

    while (!at_end(at)) {
        trv_auto trv_object *item = list ? evaluate(at, space) : NULL;
        if (!list)
            skip(at);
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
    char word[WORD_MOST], name[WORD_MOST] = "";
    trv_auto trv_object *value = NULL;
    bool is_special;
    int status;

    read_word(at, word);
    if (*word == '(')
        read_word(at, word);
    is_special = begin[strspn(begin, " ")] == '(' &&
                 (!strcmp(word, "star") || !strcmp(word, "stars") || !strcmp(word, "key"));
    if (!is_special) {
        *at = begin;
        value = evaluate(at, space);
        return value ? trv_list_append(items, value) : -1;
    }
    if (!strcmp(word, "key"))
        read_word(at, name);
    if (!(value = evaluate(at, space)))
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
    trv_auto trv_object *callable = evaluate(at, space);
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *keywords = trv_dict_new();
    trv_object *items[64];
    trv_object *result = NULL;
    size_t count = 0, keyword_count = 0;
    int status = callable && list && keywords ? 0 : -1;

    while (status == 0 && !at_end(at))
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
    return evaluate(&at, space);
}

static trv_object *make_lambda(const char **at, trv_object *space)
{
    char word[WORD_MOST], signature[4 * WORD_MOST] = "<lambda>(";
    trv_auto trv_object *names = trv_list_new();
    trv_auto trv_object *tuple = NULL;
    trv_auto trv_object *body = NULL;
    trv_auto trv_object *data = NULL;
    const char *begin;
    int count;

    read_word(at, word);
    count = atoi(word);
    for (int i = 0; i < count; i++) {
        trv_auto trv_object *name = NULL;
        read_word(at, word);
        name = trv_str_new(word);
        if (!names || !name || trv_list_append(names, name) < 0)
            return NULL;
        strcat(strcat(signature, i ? ", " : ""), word);
    }
    strcat(signature, ")");
    begin = *at;
    skip(at);
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

    while (!at_end(at)) {
        if (truth == stops_at || truth < 0) {
            skip(at);
            continue;
        }
        trv_unref(value);
        value = evaluate(at, space);
        truth = value ? trv_truth(value) : -1;
        if (truth < 0)
            trv_clear(&value);
    }
    return value;
}

static trv_object *decide(const char **at, trv_object *space)
{
    trv_auto trv_object *test = evaluate(at, space);
    int truth = test ? trv_truth(test) : -1;
    trv_object *value = NULL;

    if (truth >= 0) {
        if (!truth)
            skip(at);
        value = evaluate(at, space);
    }
    skip_rest(at);
    return value;
}

static trv_object *get_attribute(const char **at, trv_object *space)
{
    trv_auto trv_object *object = evaluate(at, space);
    char name[WORD_MOST];

    read_word(at, name);
    skip_rest(at);
    return object ? trv_getattr(object, name) : NULL;
}

static trv_object *truth(int answer)
{
    return answer < 0 ? NULL : trv_bool_new(answer);
}

struct operation {
    const char *name;
    trv_object *(*binary)(trv_object *, trv_object *);
    trv_object *(*unary)(trv_object *);
};

#define COMPARISON(name, op)                                                                       \
    static trv_object *name(trv_object *a, trv_object *b)                                          \
    {                                                                                              \
        return truth(trv_compare(a, b, op));                                                       \
    }
COMPARISON(less, TRV_LESS)
COMPARISON(less_equal, TRV_LESS_EQUAL)
COMPARISON(equal, TRV_EQUAL)
COMPARISON(not_equal, TRV_NOT_EQUAL)
COMPARISON(greater, TRV_GREATER)
COMPARISON(greater_equal, TRV_GREATER_EQUAL)

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
    {"+", trv_add, NULL},
    {"-", trv_subtract, NULL},
    {"*", trv_multiply, NULL},
    {"/", trv_divide, NULL},
    {"//", trv_floor_divide, NULL},
    {"%", trv_remainder, NULL},
    {"**", trv_power, NULL},
    {"<<", trv_shift_left, NULL},
    {">>", trv_shift_right, NULL},
    {"&", trv_and, NULL},
    {"|", trv_or, NULL},
    {"^", trv_xor, NULL},
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
    {"neg", NULL, trv_negative},
    {"inv", NULL, trv_invert},
    {"not", NULL, not },
    {"<", less, NULL},
    {"<=", less_equal, NULL},
    {"==", equal, NULL},
    {"!=", not_equal, NULL},
    {">", greater, NULL},
    {">=", greater_equal, NULL},
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

static trv_object *operate(const char **at, trv_object *space, const struct operation *operation)
{
    trv_auto trv_object *a = evaluate(at, space);
    trv_auto trv_object *b = a && operation->binary ? evaluate(at, space) : NULL;

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

static trv_object *evaluate(const char **at, trv_object *space)
{
    char word[WORD_MOST];

    *at += strspn(*at, " ");
    if (**at != '(')
        return atom(at, space);
    read_word(at, word);
    read_word(at, word);
    return evaluate_form(word, at, space);
}

/* Statements --------------------------------------------------------------------------------- */

static int run(const char **at, trv_object *space, trv_object **result);

/* ( unpack count name ... x ) */
static int unpack(const char **at, trv_object *space)
{
    const char *names;
    char word[WORD_MOST];
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *items = NULL;
    size_t length;
    int count;

    read_word(at, word);
    count = atoi(word);
    names = *at;
    for (int i = 0; i < count; i++)
        read_word(at, word);
    if (!(value = evaluate(at, space)))
        return -1;
    if (!trv_isinstance(value, trv_str_type) && !(items = trv_iter(value)))
        return trv_raise_int(trv_TypeError, "cannot unpack non-iterable %s object",
                             trv_type_name(value));
    trv_clear(&items);
    if (!(items = trv_tuple_from(value)) || trv_tuple_len(items, &length) < 0)
        return -1;
    if ((size_t)count != length)
        return count < (int)length
                   ? trv_raise_int(trv_ValueError, "too many values to unpack (expected %d)", count)
                   : trv_raise_int(trv_ValueError,
                                   "not enough values to unpack (expected %d, got %zu)", count,
                                   length);
    for (int i = 0; i < count; i++) {
        trv_auto trv_object *item = trv_tuple_get(items, i);
        read_word(&names, word);
        if (trv_dict_set_str(space, word, item) < 0)
            return -1;
    }
    return 0;
}

/* The value an assignment stores: the right side, or with an operator that of the old value and it. */
static trv_object *new_value(const char *operator, trv_object * old, const char **at,
                             trv_object *space)
{
    trv_auto trv_object *right = NULL;

    if (!old || !(right = evaluate(at, space)))
        return NULL;
    return find_operation(operator)->binary(old, right);
}

static int set_item(const char **at, trv_object *space)
{
    char operator[WORD_MOST];
    trv_auto trv_object *object = NULL;
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *old = NULL;

    read_word(at, operator);
    if (!strcmp(operator, "=")) {
        const char *target = *at;
        skip(at);
        skip(at);
        if (!(value = evaluate(at, space)) || !(object = evaluate(&target, space)) ||
            !(key = evaluate(&target, space)))
            return -1;
        return trv_setitem(object, key, value);
    }
    if (!(object = evaluate(at, space)) || !(key = evaluate(at, space)))
        return -1;
    old = trv_getitem(object, key);
    value = new_value(operator, old, at, space);
    return value ? trv_setitem(object, key, value) : -1;
}

static int set_attribute(const char **at, trv_object *space)
{
    char operator[WORD_MOST], name[WORD_MOST];
    trv_auto trv_object *object = NULL;
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *old = NULL;

    read_word(at, operator);
    object = evaluate(at, space);
    read_word(at, name);
    if (!object)
        return -1;
    if (!strcmp(operator, "="))
        value = evaluate(at, space);
    else {
        old = trv_getattr(object, name);
        value = new_value(operator, old, at, space);
    }
    return value ? trv_setattr(object, name, value) : -1;
}

static int delete_name(const char *name, trv_object *space)
{
    trv_auto trv_object *key = trv_str_new(name);

    if (key && trv_dict_remove(space, key) == 0)
        return 0;
    trv_error_clear();
    return trv_raise_int(trv_NameError, "name '%s' is not defined", name);
}

static int raise(const char **at, trv_object *space)
{
    trv_auto trv_object *exception = evaluate(at, space);
    trv_auto trv_object *cause = exception ? evaluate(at, space) : NULL;

    if (exception && trv_isinstance(exception, trv_type_type) == 1) {
        trv_object *made = trv_call(exception, "");
        trv_unref(exception);
        exception = made;
    }
    if (exception)
        trv_raise_object(exception);
    return -1;
}

static int run_all(const char *at, trv_object *space)
{
    int status = 0;

    while (status == 0 && !at_end(&at))
        status = run(&at, space, NULL);
    return status;
}

static int run_for(const char **at, trv_object *space)
{
    char name[WORD_MOST];
    trv_auto trv_object *iterable = NULL;
    trv_auto trv_object *iterator = NULL;
    int more;

    read_word(at, name);
    iterable = evaluate(at, space);
    if (!iterable || !(iterator = trv_iter(iterable)))
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        more = trv_next(iterator, &item);
        if (more <= 0)
            return more;
        if (trv_dict_set_str(space, name, item) < 0 || run_all(*at, space) < 0)
            return -1;
    }
}

static int run_when(const char **at, trv_object *space)
{
    trv_auto trv_object *test = evaluate(at, space);
    int answer = test ? trv_truth(test) : -1;

    return answer > 0 ? run_all(*at, space) : answer;
}

/* 0, -1, or 1 if it is no statement. */
static int run_form(const char *name, const char **at, trv_object *space)
{
    char word[WORD_MOST];
    trv_auto trv_object *a = NULL;
    trv_auto trv_object *b = NULL;

    if (!strcmp(name, "=")) {
        read_word(at, word);
        return (a = evaluate(at, space)) ? trv_dict_set_str(space, word, a) : -1;
    }
    if (!strcmp(name, "delname") || !strcmp(name, "delattr")) {
        if (name[3] == 'a' && !(a = evaluate(at, space)))
            return -1;
        read_word(at, word);
        return a ? trv_delattr(a, word) : delete_name(word, space);
    }
    if (!strcmp(name, "delitem"))
        return (a = evaluate(at, space)) && (b = evaluate(at, space)) ? trv_delitem(a, b) : -1;
    if (!strcmp(name, "setitem"))
        return set_item(at, space);
    if (!strcmp(name, "setattr"))
        return set_attribute(at, space);
    if (!strcmp(name, "unpack"))
        return unpack(at, space);
    if (!strcmp(name, "raise"))
        return raise(at, space);
    if (!strcmp(name, "for"))
        return run_for(at, space);
    return !strcmp(name, "when") ? run_when(at, space) : 1;
}

/* A statement; the value of an expression, or NULL, goes to *result. */
static int run(const char **at, trv_object *space, trv_object **result)
{
    const char *begin = *at, *inside = begin + strspn(begin, " ");
    char word[WORD_MOST];
    trv_object *value;
    int status;

    if (*inside == '(') {
        read_word(&inside, word);
        read_word(&inside, word);
        status = run_form(word, &inside, space);
        if (status <= 0) {
            skip(at);
            if (result)
                trv_clear(result);
            return status;
        }
    }
    value = evaluate(at, space);
    if (result) {
        trv_unref(*result);
        *result = value;
    } else
        trv_unref(value);
    return value ? 0 : -1;
}

/* Output ------------------------------------------------------------------------------------- */

static void print_text(trv_object *text)
{
    const char *utf8 = text ? trv_str_utf8(text, NULL) : "?";

    for (; *utf8; utf8++)
        switch (*utf8) {
        case '\\':
            fputs("\\\\", stdout);
            break;
        case '\n':
            fputs("\\n", stdout);
            break;
        case '\t':
            fputs("\\t", stdout);
            break;
        default:
            putchar(*utf8);
        }
}

static void print_repr(trv_object *object)
{
    trv_auto trv_object *repr = trv_repr(object);

    if (repr)
        print_text(repr);
    else {
        trv_auto trv_object *error = trv_error_take();
        printf("?%s", trv_type_name(error));
    }
}

static void print_error(void)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *said = error ? trv_str(error) : NULL;

    printf("!%s: ", trv_type_name(error));
    print_text(said);
    trv_error_clear();
}

static int by_name(const void *a, const void *b)
{
    return strcmp(trv_str_utf8(*(trv_object *const *)a, NULL),
                  trv_str_utf8(*(trv_object *const *)b, NULL));
}

static void print_variables(trv_object *space)
{
    trv_object *names[64], *name;
    size_t position = 0, count = 0;

    while (trv_dict_next(space, &position, &name, NULL) > 0)
        names[count++] = name;
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *value = NULL;
        if (trv_dict_get(space, names[i], &value) < 0)
            table_abort("no such variable", trv_str_utf8(names[i], NULL));
        printf("\t%s=", trv_str_utf8(names[i], NULL));
        print_repr(value);
        trv_unref(names[i]);
    }
}

static void run_case(const char *at)
{
    trv_auto trv_object *space = trv_dict_new();
    trv_object *result = NULL;
    int status = 0;

    while (status == 0 && !at_end(&at))
        status = run(&at, space, &result);
    if (status < 0)
        print_error();
    else if (result) {
        printf("%s ", trv_type_name(result));
        print_repr(result);
    } else
        putchar('-');
    trv_unref(result);
    print_variables(space);
}

static long long count_objects(void)
{
    trv_heap_stats stats;

    trv_heap_stats_get(&stats);
    return (long long)stats.live_objects;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0, found;
    long long before;

    if (trv_init(NULL) < 0 || table_begin() < 0)
        return 2;
    before = count_objects();
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        run_case(line);
        if (count_objects() != before && trv_gc_collect(2, &found) < 0)
            return 2;
        if (count_objects() > before) /* fewer: a collection drops caches, too */
            printf("\t%lld objects left", count_objects() - before);
        before = count_objects();
        putchar('\n');
        fflush(stdout);
    }
    free(line);
    table_end();
    trv_fini();
    return 0;
}
