/* SPDX-License-Identifier: MIT */
/*
 * Does to containers what containers.py says, so that it can compare what becomes of them with
 * Python's own.
 *
 * There are ten variables, all None at first. Each line of standard input is a variable that takes
 * the result ("_" for none), an operation, and its operands, with blanks between. An operand is a
 * variable, "$3", or a value:
 *
 *     i-12;  f0x1.8p+1;  b1  n  s<UTF-8 in hex>;  R0,10,2;  (...)  [...]  {key value ...}  <...>
 *     /start stop step
 *
 * Each line of standard output is the type and repr of the result, or "!" and the name of the
 * exception, then a tab and the repr of the first operand. What the lines have made must be gone
 * at the end; that is looked at, too.
 */
#include <trivet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERANDS_MOST 6

static trv_object *variables[10];

static trv_object *read_value(const char **at);

static trv_object *read_str(const char **at)
{
    char data[256];
    size_t size = 0;
    unsigned byte;

    for (; sscanf(*at, "%2x", &byte) == 1; *at += 2)
        data[size++] = (char)byte;
    ++*at;
    return trv_str_new_sized(data, size);
}

static trv_object *read_int(const char **at)
{
    char digits[100];
    size_t size = strcspn(*at, ";");

    memcpy(digits, *at, size);
    digits[size] = 0;
    *at += size + 1;
    return trv_int_parse(digits, 10);
}

static trv_object *read_float(const char **at)
{
    char *end;
    double value = strtod(*at, &end);

    *at = end + 1;
    return trv_float_new(value);
}

static trv_object *read_range(const char **at)
{
    long long start, stop, step;
    int size;

    if (sscanf(*at, "%lld,%lld,%lld;%n", &start, &stop, &step, &size) != 3)
        abort();
    *at += size;
    return trv_range_new(start, stop, step);
}

/* The values up to a closing character, in a list. */
static trv_object *read_items(const char **at, char close)
{
    trv_object *list = trv_list_new();

    while (**at != close) {
        trv_auto trv_object *item = read_value(at);
        if (!item || trv_list_append(list, item) < 0)
            abort();
    }
    ++*at;
    return list;
}

static trv_object *read_dict(const char **at)
{
    trv_object *dict = trv_dict_new();

    while (**at != '}') {
        trv_auto trv_object *key = read_value(at);
        trv_auto trv_object *value = read_value(at);
        if (trv_dict_set(dict, key, value) < 0)
            abort();
    }
    ++*at;
    return dict;
}

static trv_object *read_slice(const char **at)
{
    trv_auto trv_object *start = read_value(at);
    trv_auto trv_object *stop = read_value(at);
    trv_auto trv_object *step = read_value(at);

    return trv_slice_new(start, stop, step);
}

static trv_object *read_value(const char **at)
{
    trv_auto trv_object *items = NULL;

    switch (*(*at)++) {
    case '$':
        return trv_ref(variables[*(*at)++ - '0']);
    case 'i':
        return read_int(at);
    case 'f':
        return read_float(at);
    case 'b':
        return trv_bool_new(*(*at)++ == '1');
    case 'n':
        return trv_none_new();
    case 's':
        return read_str(at);
    case 'R':
        return read_range(at);
    case '[':
        return read_items(at, ']');
    case '(':
        items = read_items(at, ')');
        return trv_tuple_from(items);
    case '<':
        items = read_items(at, '>');
        return trv_set_from(items);
    case '{':
        return read_dict(at);
    case '/':
        return read_slice(at);
    default:
        abort();
    }
}

static trv_object *truth(int answer)
{
    return answer < 0 ? NULL : trv_bool_new(answer);
}

static trv_object *none_unless(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

static trv_object *call_method(const char *name, trv_object **operands, size_t count)
{
    trv_auto trv_object *bound = trv_getattr(operands[0], name);

    return bound ? trv_call_array(bound, operands + 1, count - 1, NULL) : NULL;
}

static trv_object *call_type(const char *name, trv_object **operands, size_t count)
{
    trv_object *const types[] = {trv_list_type, trv_tuple_type, trv_set_type,
                                 trv_dict_type, trv_range_type, trv_frozenset_type};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        trv_auto trv_object *type_name = trv_getattr(types[i], "__name__");
        if (strcmp(trv_str_utf8(type_name, NULL), name) == 0)
            return trv_call_array(types[i], operands, count, NULL);
    }
    abort();
}

static trv_object *evaluate(const char *name, trv_object **v, size_t count)
{
    static const char *const comparisons[] = {"<", "<=", "==", "!=", ">", ">="};
    static const char operators[] = "+-*|&^";
    static trv_object *(*const binary[])(trv_object *, trv_object *) = {
        trv_add, trv_subtract, trv_multiply, trv_or, trv_and, trv_xor};
    int64_t hash;
    size_t length;

    for (int i = 0; i < 6; i++)
        if (strcmp(name, comparisons[i]) == 0)
            return truth(trv_compare(v[0], v[1], (trv_comparison)i));
    if (strlen(name) == 1 && strchr(operators, *name))
        return binary[strchr(operators, *name) - operators](v[0], v[1]);
    if (strncmp(name, "method:", 7) == 0)
        return call_method(name + 7, v, count);
    if (strncmp(name, "call:", 5) == 0)
        return call_type(name + 5, v, count);
    if (strcmp(name, "value") == 0)
        return trv_ref(v[0]);
    if (strcmp(name, "in") == 0)
        return truth(trv_contains(v[0], v[1]));
    if (strcmp(name, "getitem") == 0)
        return trv_getitem(v[0], v[1]);
    if (strcmp(name, "setitem") == 0)
        return none_unless(trv_setitem(v[0], v[1], v[2]));
    if (strcmp(name, "delitem") == 0)
        return none_unless(trv_delitem(v[0], v[1]));
    if (strcmp(name, "len") == 0)
        return trv_len(v[0], &length) < 0 ? NULL : trv_int_new((int64_t)length);
    if (strcmp(name, "hash") == 0)
        return trv_hash(v[0], &hash) < 0 ? NULL : trv_bool_new(1);
    if (strcmp(name, "truth") == 0)
        return truth(trv_truth(v[0]));
    abort();
}

static void print_repr(trv_object *object)
{
    trv_auto trv_object *repr = trv_repr(object);

    if (!repr)
        trv_error_clear();
    fputs(repr ? trv_str_utf8(repr, NULL) : "?", stdout);
}

static void print_result(trv_object *result)
{
    if (result) {
        printf("%s ", trv_type_name(result));
        print_repr(result);
    } else {
        trv_auto trv_object *error = trv_error_take();
        printf("!%s", trv_type_name(error));
    }
}

static void run(char *line)
{
    trv_object *operands[OPERANDS_MOST];
    char *target = strtok(line, " \n"), *name = strtok(NULL, " \n"), *text;
    trv_object *result;
    size_t count = 0;

    while ((text = strtok(NULL, " \n"))) {
        const char *at = text;
        if (count == OPERANDS_MOST || !(operands[count++] = read_value(&at)))
            abort();
    }
    result = evaluate(name, operands, count);
    print_result(result);
    putchar('\t');
    print_repr(operands[0]);
    putchar('\n');
    if (*target != '_') {
        trv_unref(variables[*target - '0']);
        variables[*target - '0'] = result ? trv_ref(result) : trv_none_new();
    }
    trv_unref(result);
    for (size_t i = 0; i < count; i++)
        trv_unref(operands[i]);
}

int main(void)
{
    trv_heap_stats before, after;
    char *line = NULL;
    size_t size = 0, found;

    if (trv_init(NULL) < 0)
        return 2;
    for (int i = 0; i < 10; i++)
        variables[i] = trv_none_new();
    trv_heap_stats_get(&before);
    while (getline(&line, &size, stdin) > 0)
        run(line);
    free(line);
    for (int i = 0; i < 10; i++)
        trv_clear(&variables[i]);
    if (trv_gc_collect(2, &found) < 0)
        return 2;
    trv_heap_stats_get(&after);
    printf("%lld objects left\n", (long long)(after.live_objects - before.live_objects));
    trv_fini();
    return 0;
}
