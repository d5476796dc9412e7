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

/* Statements --------------------------------------------------------------------------------- */

static int run(const char **at, trv_object *space, trv_object **result);

/* ( unpack count name ... x ) */
static int unpack(const char **at, trv_object *space)
{
    const char *names;
    char word[TABLE_WORD_MOST];
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *items = NULL;
    size_t length;
    int count;

    table_read_word(at, word);
    count = atoi(word);
    names = *at;
    for (int i = 0; i < count; i++)
        table_read_word(at, word);
    if (!(value = table_evaluate(at, space)))
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
        table_read_word(&names, word);
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

    if (!old || !(right = table_evaluate(at, space)))
        return NULL;
    return table_operate(operator, old, right);
}

static int set_item(const char **at, trv_object *space)
{
    char operator[TABLE_WORD_MOST];
    trv_auto trv_object *object = NULL;
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *old = NULL;

    table_read_word(at, operator);
    if (!strcmp(operator, "=")) {
        const char *target = *at;
        table_skip(at);
        table_skip(at);
        if (!(value = table_evaluate(at, space)) || !(object = table_evaluate(&target, space)) ||
            !(key = table_evaluate(&target, space)))
            return -1;
        return trv_setitem(object, key, value);
    }
    if (!(object = table_evaluate(at, space)) || !(key = table_evaluate(at, space)))
        return -1;
    old = trv_getitem(object, key);
    value = new_value(operator, old, at, space);
    return value ? trv_setitem(object, key, value) : -1;
}

static int set_attribute(const char **at, trv_object *space)
{
    char operator[TABLE_WORD_MOST], name[TABLE_WORD_MOST];
    trv_auto trv_object *object = NULL;
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *old = NULL;

    table_read_word(at, operator);
    object = table_evaluate(at, space);
    table_read_word(at, name);
    if (!object)
        return -1;
    if (!strcmp(operator, "="))
        value = table_evaluate(at, space);
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
    trv_auto trv_object *exception = table_evaluate(at, space);
    trv_auto trv_object *cause = exception ? table_evaluate(at, space) : NULL;

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

    while (status == 0 && !table_at_end(&at))
        status = run(&at, space, NULL);
    return status;
}

static int run_for(const char **at, trv_object *space)
{
    char name[TABLE_WORD_MOST];
    trv_auto trv_object *iterable = NULL;
    trv_auto trv_object *iterator = NULL;
    int more;

    table_read_word(at, name);
    iterable = table_evaluate(at, space);
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
    trv_auto trv_object *test = table_evaluate(at, space);
    int answer = test ? trv_truth(test) : -1;

    return answer > 0 ? run_all(*at, space) : answer;
}

/* 0, -1, or 1 if it is no statement. */
static int run_form(const char *name, const char **at, trv_object *space)
{
    char word[TABLE_WORD_MOST];
    trv_auto trv_object *a = NULL;
    trv_auto trv_object *b = NULL;

    if (!strcmp(name, "=")) {
        table_read_word(at, word);
        return (a = table_evaluate(at, space)) ? trv_dict_set_str(space, word, a) : -1;
    }
    if (!strcmp(name, "delname") || !strcmp(name, "delattr")) {
        if (name[3] == 'a' && !(a = table_evaluate(at, space)))
            return -1;
        table_read_word(at, word);
        return a ? trv_delattr(a, word) : delete_name(word, space);
    }
    if (!strcmp(name, "delitem"))
        return (a = table_evaluate(at, space)) && (b = table_evaluate(at, space))
                   ? trv_delitem(a, b)
                   : -1;
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
    char word[TABLE_WORD_MOST];
    trv_object *value;
    int status;

    if (*inside == '(') {
        table_read_word(&inside, word);
        table_read_word(&inside, word);
        status = run_form(word, &inside, space);
        if (status <= 0) {
            table_skip(at);
            if (result)
                trv_clear(result);
            return status;
        }
    }
    value = table_evaluate(at, space);
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

    while (status == 0 && !table_at_end(&at))
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
