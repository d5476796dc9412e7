/* SPDX-License-Identifier: MIT */
/*
 * The shared part of tuple and list; see sequence.h for the rule it keeps.
 *
 * As in Python an item that is the very object asked for counts as equal without being asked, so
 * that a NaN is found in the list that holds it.
 */
#include "types/sequence.h"

#include "object/heap_type.h"
#include "object/number.h"

#include "types/arguments.h"
#include "types/builder.h"

static int compare_lengths(size_t a, size_t b, trv_comparison op)
{
    switch (op) {
    case TRV_LESS:
        return a < b;
    case TRV_LESS_EQUAL:
        return a <= b;
    case TRV_EQUAL:
        return a == b;
    case TRV_NOT_EQUAL:
        return a != b;
    case TRV_GREATER:
        return a > b;
    default:
        return a >= b;
    }
}

/* The item at `index`, held, or NULL with nothing set if the sequence ends before it. */
static trv_object *item_at(const trv_object *self, size_t index, trv__view *view)
{
    size_t count;
    trv_object *const *items = view(self, &count);

    return index < count ? trv_ref(items[index]) : NULL;
}

static size_t length_of(const trv_object *self, trv__view *view)
{
    size_t count;

    view(self, &count);
    return count;
}

/* Compares the items at one place. 2: they are equal, the next ones decide; else the answer. */
static int compare_items(trv_object *x, trv_object *y, trv_comparison op)
{
    int equal = trv__same_or_equal(x, y);

    if (equal)
        return equal < 0 ? -1 : 2;
    if (op == TRV_EQUAL || op == TRV_NOT_EQUAL)
        return op == TRV_NOT_EQUAL;
    return trv_compare(x, y, op);
}

int trv__sequence_compare(trv_object *a, trv_object *b, trv_comparison op, trv__view *view)
{
    if (trv__enter_recursion(" in comparison") < 0)
        return -1;
    if ((op == TRV_EQUAL || op == TRV_NOT_EQUAL) && length_of(a, view) != length_of(b, view))
        return op == TRV_NOT_EQUAL;
    for (size_t i = 0;; i++) {
        trv_auto trv_object *x = item_at(a, i, view);
        trv_auto trv_object *y = item_at(b, i, view);
        int answer;

        if (!x || !y)
            return compare_lengths(length_of(a, view), length_of(b, view), op);
        answer = compare_items(x, y, op);
        if (answer != 2)
            return answer;
    }
}

static size_t cut_to_ends(int64_t index, size_t length)
{
    if (index < 0)
        index = MAX_OF(index + (int64_t)length, 0);
    return (size_t)index;
}

int trv__sequence_find(trv_object *self, trv_object *item, int64_t start, int64_t stop,
                       size_t *where, trv__view *view)
{
    size_t first = cut_to_ends(start, length_of(self, view));
    size_t end = cut_to_ends(stop, length_of(self, view));

    for (size_t i = first; i < end; i++) {
        trv_auto trv_object *here = item_at(self, i, view);
        int equal;

        if (!here)
            return 0;
        equal = trv__same_or_equal(here, item);
        if (equal) {
            *where = i;
            return equal;
        }
    }
    return 0;
}

int trv__sequence_count(trv_object *self, trv_object *item, size_t *count, trv__view *view)
{
    *count = 0;
    for (size_t i = 0;; i++) {
        trv_auto trv_object *here = item_at(self, i, view);
        int equal;

        if (!here)
            return 0;
        equal = trv__same_or_equal(here, item);
        if (equal < 0)
            return -1;
        *count += (size_t)equal;
    }
}

static int add_items(struct trv__builder *b, trv_object *self, const char *last, trv__view *view)
{
    for (size_t i = 0;; i++) {
        trv_auto trv_object *item = item_at(self, i, view);

        if (!item)
            return i == 1 ? trv__builder_add_text(b, last) : 0;
        if ((i && trv__builder_add_text(b, ", ") < 0) || trv__builder_add_repr(b, item) < 0)
            return -1;
    }
}

trv_object *trv__sequence_repr(trv_object *self, char open, char close, const char *last,
                               trv__view *view)
{
    struct trv__builder b;
    int inside, status;

    if (trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    inside = trv__repr_enter(self);
    if (inside)
        return inside < 0 ? NULL : trv_str_printf("%c...%c", open, close);
    trv__builder_init(&b);
    status = trv__builder_add_char(&b, open) < 0 || add_items(&b, self, last, view) < 0 ||
             trv__builder_add_char(&b, close) < 0;
    trv__repr_leave(self);
    if (!status)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}

int trv__sequence_index(const struct trv_type *type, trv_object *key, const size_t *length,
                        bool is_to_assign, size_t *where)
{
    int64_t index;

    if (!trv__may_index(key))
        return trv_raise_int(trv_TypeError, "%s indices must be integers or slices, not %s",
                             type->name, key->type->name);
    if (trv__subscript_of(key, &index) < 0)
        return -1;
    if (!trv__index_in(index, *length, where))
        return trv_raise_int(trv_IndexError, "%s%s index out of range", type->name,
                             is_to_assign ? " assignment" : "");
    return 0;
}

/* Where to begin or end looking. */
static int end_of_search(trv_object *object, int64_t *place)
{
    if (!trv__may_index(object))
        return trv_raise_int(trv_TypeError,
                             "slice indices must be integers or have an __index__ method");
    return trv__index_get(object, place);
}

int trv__sequence_parse_index(const trv_args *args, trv_object **item, int64_t *start,
                              int64_t *stop)
{
    trv_object *from = NULL, *to = NULL;

    *start = 0;
    *stop = INT64_MAX;
    if (trv_parse(args, "o|oo", item, &from, &to) < 0 || (from && end_of_search(from, start) < 0) ||
        (to && end_of_search(to, stop) < 0))
        return -1;
    return 0;
}

int trv__sequence_times(trv_object *a, trv_object *b, const struct trv_type *type,
                        trv_object **sequence, size_t *times)
{
    trv_object *number = trv__type_derives(a->type, type) ? b : a;

    if (!trv__is_int(number))
        return TRV_UNKNOWN;
    *sequence = number == b ? a : b;
    return trv__times_get(number, times);
}

bool trv__plain_arguments(const struct trv_type *type, const trv_args *args, size_t most)
{
    const char *name = trv__static_base(type)->name;
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return false;
    if (keywords)
        trv_raise(trv_TypeError, "%s() takes no keyword arguments", name);
    else if (args->count > most)
        trv_raise(trv_TypeError, "%s expected at most %zu argument%s, got %zu", name, most,
                  most == 1 ? "" : "s", args->count);
    else
        return true;
    return false;
}
