/* SPDX-License-Identifier: MIT */
/*
 * Evaluates operations on built-in values that cases.py has thought up, so that it can compare
 * the results with Python's own.
 *
 * Each line of standard input is an operation and its arguments, with tabs between:
 *
 *     i:-12  f:0x1.8p+1  b:1  n:  s:<UTF-8 in hex>  y:<bytes in hex>  l:<strs in hex, commas>
 *
 * Each line of standard output is the type and repr of the result, or "!" and the name of the
 * exception. Every object a line makes must be gone at its end; that is looked at, too.
 */
#include "operators.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MOST 6

static int unhex(const char *text, char *out)
{
    unsigned byte;
    int size = 0;

    while (sscanf(text, "%2x", &byte) == 1) {
        out[size++] = (char)byte;
        text += 2;
    }
    return size;
}

static trv_object *list_of(char *text)
{
    trv_object *list = trv_list_new();

    while (*text == ',') {
        char *data = malloc(strlen(text)), *end = strchr(text + 1, ',');
        trv_object *item;
        if (end)
            *end = 0;
        item = trv_str_new_sized(data, (size_t)unhex(text + 1, data));
        free(data);
        if (!item || trv_list_append(list, item) < 0)
            abort();
        trv_unref(item);
        if (!end)
            break;
        *end = ',';
        text = end;
    }
    return list;
}

static trv_object *value_of(char *text)
{
    char kind = text[0], *data;
    trv_object *value = NULL;
    int size;

    if (strlen(text) < 2 || text[1] != ':')
        return NULL;
    text += 2;
    switch (kind) {
    case 'i':
        return trv_int_parse(text, 10);
    case 'f':
        return trv_float_new(strtod(text, NULL));
    case 'b':
        return trv_bool_new(*text == '1');
    case 'n':
        return trv_none_new();
    case 'l':
        return list_of(text);
    default:
        data = malloc(strlen(text) + 1);
        size = unhex(text, data);
        value =
            kind == 's' ? trv_str_new_sized(data, (size_t)size) : trv_bytes_new(data, (size_t)size);
        free(data);
        return value;
    }
}

static trv_object *length_of(trv_object *object)
{
    size_t length;

    return trv_len(object, &length) < 0 ? NULL : trv_int_new((int64_t)length);
}

static trv_object *hash_of(trv_object *object)
{
    int64_t hash;

    return trv_hash(object, &hash) < 0 ? NULL : trv_int_new(hash);
}

static trv_object *truth_of(trv_object *object)
{
    return truth(trv_truth(object));
}

static trv_object *contains(trv_object *container, trv_object *item)
{
    return truth(trv_contains(container, item));
}

static trv_object *from_bytes(trv_object *bytes)
{
    size_t size;
    const void *data = trv_bytes_data(bytes, &size);

    return data ? trv_int_from_bytes(data, size) : NULL;
}

static trv_object *round_once(trv_object *number)
{
    return trv_round(number, NULL);
}

static trv_object *from_hex(trv_object *text)
{
    trv_auto trv_object *function = trv_getattr(trv_float_type, "fromhex");

    return function ? trv_call(function, "o", text) : NULL;
}

static trv_object *complex_of(trv_object *object)
{
    return trv_call(trv_complex_type, "o", object);
}

static const struct operation operations[] = {
    OPERATORS,
    {"abs", NULL, trv_absolute},
    {"~", NULL, trv_invert},
    {"in", contains, NULL},
    {"[]", trv_getitem, NULL},
    {"len", NULL, length_of},
    {"hash", NULL, hash_of},
    {"truth", NULL, truth_of},
    {"repr", NULL, trv_repr},
    {"str", NULL, trv_str},
    {"list", NULL, trv_list_from},
    {"to_bytes", NULL, trv_int_to_bytes},
    {"from_bytes", NULL, from_bytes},
    {"round", trv_round, round_once},
    {"floor", NULL, trv_floor},
    {"ceil", NULL, trv_ceil},
    {"trunc", NULL, trv_trunc},
    {"fromhex", NULL, from_hex},
    {"complex", NULL, complex_of},
};

static trv_object *slice(trv_object **arguments)
{
    int64_t start, end;
    trv_object *object = arguments[0];

    if (trv_int_get(arguments[1], &start) < 0 || trv_int_get(arguments[2], &end) < 0)
        return NULL;
    return trv_isinstance(object, trv_str_type) ? trv_str_slice(object, start, end)
                                                : trv_bytes_slice(object, start, end);
}

/* "slice", "format", "call:type", "method:name", or one of the table. */
static trv_object *evaluate(const char *name, trv_object **arguments, size_t count)
{
    if (strcmp(name, "slice") == 0)
        return slice(arguments);
    if (strcmp(name, "format") == 0) {
        int64_t base;
        return trv_int_get(arguments[1], &base) < 0 ? NULL
                                                    : trv_int_format(arguments[0], (int)base);
    }
    if (strncmp(name, "method:", 7) == 0) {
        trv_auto trv_object *method = trv_getattr(arguments[0], name + 7);
        return method ? trv_call_array(method, arguments + 1, count - 1, NULL) : NULL;
    }
    if (strncmp(name, "call:", 5) == 0) {
        trv_object *type = strcmp(name + 5, "int") == 0     ? trv_int_type
                           : strcmp(name + 5, "float") == 0 ? trv_float_type
                           : strcmp(name + 5, "bool") == 0  ? trv_bool_type
                           : strcmp(name + 5, "str") == 0   ? trv_str_type
                                                            : trv_bytes_type;
        return trv_call_array(type, arguments, count, NULL);
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(name, operations[i].name) == 0)
            return count == 2 ? operations[i].binary(arguments[0], arguments[1])
                              : operations[i].unary(arguments[0]);
    fprintf(stderr, "no such operation: %s\n", name);
    exit(1);
}

static void print_result(trv_object *result)
{
    trv_auto trv_object *text = result ? trv_repr(result) : NULL;
    trv_auto trv_object *error = text ? NULL : trv_error_take();

    if (text)
        printf("%s %s\n", trv_type_name(result), trv_str_utf8(text, NULL));
    else
        printf("!%s\n", trv_type_name(error));
}

static void run_line(char *line)
{
    char *name = strtok(line, "\t\n"), *argument;
    trv_object *arguments[ARGUMENTS_MOST], *result;
    size_t count = 0;

    while ((argument = strtok(NULL, "\t\n")) != NULL) {
        arguments[count] = value_of(argument);
        if (!arguments[count++]) {
            fprintf(stderr, "bad argument: %s\n", argument);
            trv_error_print();
            exit(1);
        }
    }
    result = evaluate(name, arguments, count);
    print_result(result);
    trv_unref(result);
    while (count > 0)
        trv_unref(arguments[--count]);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    trv_heap_stats before, after;

    if (trv_init(NULL) < 0)
        return 1;
    trv_heap_stats_get(&before);
    while (getline(&line, &room, stdin) > 0)
        run_line(line);
    if (trv_gc_collect(2, NULL) < 0) /* caches are dropped */
        return 1;
    trv_heap_stats_get(&after);
    if (after.live_objects != before.live_objects) {
        fprintf(stderr, "%zu objects before, %zu after\n", before.live_objects, after.live_objects);
        return 1;
    }
    free(line);
    trv_fini();
    return 0;
}
