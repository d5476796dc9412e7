/* SPDX-License-Identifier: MIT */
/*
 * trv_build: values from formats; and the arguments of trv_call, which are built the same way.
 *
 * Nothing is left behind on failure: every object made so far is in a trv__items or a container
 * that is dropped on the way out, and the builder goes on reading the arguments (see build.h).
 */
#include "object/build.h"

int trv__raise_bad_format(const char *whole, const char *at)
{
    if (*at)
        return trv_raise_int(trv_SystemError, "bad format \"%s\": '%c' at %d is not understood",
                             whole, *at, (int)(at - whole));
    return trv_raise_int(trv_SystemError, "bad format \"%s\": it ends too early", whole);
}

static void lose_way(struct trv__builder *b)
{
    if (!b->has_failed)
        trv__raise_bad_format(b->whole, b->at);
    b->has_failed = b->is_lost = true;
}

/* Items ---------------------------------------------------------------------------------------- */

static void items_init(struct trv__items *items)
{
    items->items = items->first;
    items->count = 0;
    items->capacity = TRV__ITEMS_INLINE;
}

void trv__items_drop(struct trv__items *items)
{
    while (items->count > 0)
        trv_unref(items->items[--items->count]);
    if (items->items != items->first)
        trv__free(items->items, items->capacity * sizeof *items->items);
    items_init(items);
}

/* Takes over an item; on failure drops it. */
static int items_give(struct trv__items *items, trv_object *item)
{
    if (items->count == items->capacity) {
        size_t size = items->capacity * sizeof *items->items;
        trv_object **grown = trv__allocate(2 * size);
        if (!grown) {
            trv_unref(item);
            return -1;
        }
        memcpy(grown, items->items, size);
        if (items->items != items->first)
            trv__free(items->items, size);
        items->items = grown;
        items->capacity *= 2;
    }
    items->items[items->count++] = item;
    return 0;
}

void trv__build_items(struct trv__builder *b, char end, struct trv__items *items)
{
    char letter;

    items_init(items);
    while (!b->is_lost && (letter = trv__format_letter(&b->at)) != end) {
        trv_object *item = letter ? trv__build_item(b) : NULL;
        if (!letter)
            lose_way(b);
        if (item && items_give(items, item) < 0)
            b->has_failed = true;
    }
    if (end && !b->is_lost)
        b->at++;
}

/* Containers ----------------------------------------------------------------------------------- */

static trv_object *build_tuple(struct trv__builder *b, char end)
{
    struct trv__items items;
    trv_object *tuple = NULL;

    trv__build_items(b, end, &items);
    if (!b->has_failed && (tuple = trv__tuple_take(items.items, items.count)))
        items.count = 0;
    trv__items_drop(&items);
    return tuple;
}

static trv_object *build_list(struct trv__builder *b)
{
    trv_auto trv_object *list = NULL;
    struct trv__items items;

    trv__build_items(b, ']', &items);
    if (!b->has_failed)
        list = trv_list_new();
    for (size_t i = 0; list && i < items.count; i++)
        if (trv_list_append(list, items.items[i]) < 0)
            trv_clear(&list);
    trv__items_drop(&items);
    return trv_steal(&list);
}

static void build_entry(struct trv__builder *b, trv_object *dict)
{
    trv_auto trv_object *key = trv__build_item(b);
    trv_auto trv_object *value = NULL;

    if (b->is_lost)
        return;
    if (trv__format_letter(&b->at) != ':') {
        lose_way(b);
        return;
    }
    b->at++;
    if (!trv__format_letter(&b->at)) {
        lose_way(b);
        return;
    }
    value = trv__build_item(b);
    if (!b->has_failed && trv_dict_set(dict, key, value) < 0)
        b->has_failed = true;
}

static trv_object *build_dict(struct trv__builder *b)
{
    trv_auto trv_object *dict = b->has_failed ? NULL : trv_dict_new();
    char letter;

    if (!dict)
        b->has_failed = true;
    while (!b->is_lost && (letter = trv__format_letter(&b->at)) != '}') {
        if (letter)
            build_entry(b, dict);
        else
            lose_way(b);
    }
    if (!b->is_lost)
        b->at++;
    return b->has_failed ? NULL : trv_steal(&dict);
}

static trv_object *build_container(struct trv__builder *b, char letter)
{
    if (trv__enter_recursion(" in a format") < 0) {
        b->has_failed = b->is_lost = true;
        return NULL;
    }
    return letter == '(' ? build_tuple(b, ')') : letter == '[' ? build_list(b) : build_dict(b);
}

/* Single values -------------------------------------------------------------------------------- */

/* Each takes its arguments first, and makes its value only if nothing failed before. */

static trv_object *build_bytes(struct trv__builder *b)
{
    const void *data = va_arg(*b->arguments, const void *);
    size_t size = va_arg(*b->arguments, size_t);

    return b->has_failed ? NULL : trv_bytes_new(data, size);
}

static trv_object *build_str(struct trv__builder *b)
{
    const char *utf8 = va_arg(*b->arguments, const char *);

    if (b->has_failed)
        return NULL;
    return utf8 ? trv_str_new(utf8) : trv_none_new();
}

static trv_object *build_object(struct trv__builder *b)
{
    trv_object *object = va_arg(*b->arguments, trv_object *);

    if (b->has_failed || !trv__given(object, "a format with 'o'"))
        return NULL;
    return trv_ref(object);
}

static trv_object *build_integer(struct trv__builder *b, char letter)
{
    int64_t value = letter == 'l' ? va_arg(*b->arguments, int64_t) : va_arg(*b->arguments, int);

    return b->has_failed ? NULL : trv_int_new(value);
}

static trv_object *build_size(struct trv__builder *b)
{
    size_t value = va_arg(*b->arguments, size_t);

    return b->has_failed ? NULL : trv_int_new_unsigned(value);
}

static trv_object *build_float(struct trv__builder *b)
{
    double value = va_arg(*b->arguments, double);

    return b->has_failed ? NULL : trv_float_new(value);
}

static trv_object *build_bool(struct trv__builder *b)
{
    int value = va_arg(*b->arguments, int);

    return b->has_failed ? NULL : trv_bool_new(value);
}

static trv_object *build_letter(struct trv__builder *b, char letter)
{
    switch (letter) {
    case 'i':
    case 'l':
        return build_integer(b, letter);
    case 'z':
        return build_size(b);
    case 'd':
        return build_float(b);
    case 'b':
        return build_bool(b);
    case 's':
        return build_str(b);
    case 'y':
        return build_bytes(b);
    case 'o':
        return build_object(b);
    case 'n':
        return b->has_failed ? NULL : trv_none_new();
    case '(':
    case '[':
    case '{':
        return build_container(b, letter);
    default:
        b->at--;
        lose_way(b);
        return NULL;
    }
}

trv_object *trv__build_item(struct trv__builder *b)
{
    char letter = trv__format_letter(&b->at);
    trv_object *item;

    b->at++;
    item = build_letter(b, letter);
    if (!item)
        b->has_failed = true;
    return item;
}

/* Whole formats -------------------------------------------------------------------------------- */

trv_object *trv_build_va(const char *format, va_list *arguments)
{
    struct trv__builder builder = {format ? format : "", format ? format : "", arguments, false,
                                   false};
    struct trv__items items;
    trv_object *value = NULL;

    trv__build_items(&builder, 0, &items);
    if (!builder.has_failed) {
        if (items.count == 0)
            value = trv_none_new();
        else if (items.count == 1)
            value = items.items[--items.count];
        else if ((value = trv__tuple_take(items.items, items.count)))
            items.count = 0;
    }
    trv__items_drop(&items);
    return value;
}

trv_object *trv_build(const char *format, ...)
{
    trv_object *value;
    va_list arguments;

    va_start(arguments, format);
    value = trv_build_va(format, &arguments);
    va_end(arguments);
    return value;
}

bool trv__format_is_group(const char *format, const char **inner)
{
    const char *p = format, *first;
    int depth = 0;

    if (trv__format_letter(&p) != '(')
        return false;
    first = p + 1;
    for (; *p; p++) {
        depth += (*p == '(') - (*p == ')');
        if (depth == 0)
            break;
    }
    if (!*p++ || trv__format_letter(&p))
        return false;
    *inner = first;
    return true;
}

int trv__build_call(const char *format, va_list *arguments, struct trv__items *items)
{
    struct trv__builder builder = {format ? format : "", format ? format : "", arguments, false,
                                   false};
    bool is_group = trv__format_is_group(builder.whole, &builder.at);

    trv__build_items(&builder, is_group ? ')' : 0, items);
    if (!builder.has_failed)
        return 0;
    trv__items_drop(items);
    return -1;
}

trv_object *trv__build_arguments(const char *format, va_list *arguments)
{
    struct trv__items items;
    trv_object *tuple;

    if (!format || !*format)
        return trv_tuple_new(NULL, 0);
    if (trv__build_call(format, arguments, &items) < 0)
        return NULL;
    if ((tuple = trv__tuple_take(items.items, items.count)))
        items.count = 0;
    trv__items_drop(&items);
    return tuple;
}

trv_object *trv_call(trv_object *callable, const char *format, ...)
{
    struct trv__items items;
    trv_object *result = NULL;
    va_list arguments;
    int built;

    va_start(arguments, format);
    built = trv__build_call(format, &arguments, &items);
    va_end(arguments);
    if (built < 0)
        return NULL;
    result = trv_call_array(callable, items.items, items.count, NULL);
    trv__items_drop(&items);
    return result;
}
