/* SPDX-License-Identifier: MIT */
/*
 * list: a sequence that grows.
 *
 * The items stand in a block of their own that is an eighth larger than needed, as CPython's, so
 * that appending n items copies O(n) pointers, and is halved when it is more than half empty.
 * A reference is dropped only when the list is whole again. Giving memory back cannot fail: if
 * there is no smaller block to be had the list keeps the larger one.
 *
 * Sorting is in list_sort.c, what tuple and list have in common in sequence.c.
 */
#include "types/list.h"

#include "object/lookup.h"

#include "types/arguments.h"
#include "types/iterator.h"
#include "types/sequence.h"
#include "types/slice.h"

#define COUNT_MOST ((size_t)PTRDIFF_MAX / sizeof(trv_object *))

typedef struct trv__list_object list_object;

/* Drops a list that could not be filled. */
static trv_object *give_up(list_object *self)
{
    trv_unref((trv_object *)self);
    return NULL;
}

static list_object *make(const struct trv_type *type)
{
    list_object *self = trv__container_new(type, type->instance_bytes);

    if (self)
        trv__track(self);
    return self;
}

static int too_many(void)
{
    return trv_raise_int(trv_MemoryError, "list of more than %zu items", COUNT_MOST);
}

/* Makes room for `count` items in all, and with `spare` for some more. */
static int grow(list_object *self, size_t count, bool spare)
{
    size_t capacity = spare ? (count + (count >> 3) + 6) & ~(size_t)3 : count;
    trv_object **items;

    if (count <= self->capacity)
        return 0;
    if (capacity > COUNT_MOST)
        return too_many();
    items = trv__reallocate(self->items, self->capacity * sizeof *items, capacity * sizeof *items);
    if (!items)
        return -1;
    self->items = items;
    self->capacity = capacity;
    return 0;
}

int trv__list_reserve(struct trv__list_object *list, size_t count)
{
    return grow(list, count, false);
}

/* Gives memory back after items were taken out. */
static void shrink(list_object *self)
{
    size_t capacity = self->count + (self->count >> 3);
    trv_object **items = NULL;

    if (self->count >= self->capacity / 2 || self->capacity <= 4)
        return;
    if (capacity && !(items = trv__try_allocate(capacity * sizeof *items)))
        return;
    if (self->count)
        memcpy(items, self->items, self->count * sizeof *items);
    trv__free(self->items, self->capacity * sizeof *items);
    self->items = items;
    self->capacity = capacity;
}

static int append(list_object *self, trv_object *item)
{
    if (UNLIKELY(self->count == self->capacity) && grow(self, self->count + 1, true) < 0)
        return -1;
    self->items[self->count++] = trv_ref(item);
    return 0;
}

static int insert(list_object *self, int64_t index, trv_object *item)
{
    size_t where;

    if (grow(self, self->count + 1, true) < 0)
        return -1;
    if (index < 0)
        index = MAX_OF(index + (int64_t)self->count, 0);
    where = MIN_OF((size_t)index, self->count);
    memmove(self->items + where + 1, self->items + where,
            (self->count - where) * sizeof *self->items);
    self->items[where] = trv_ref(item);
    self->count++;
    return 0;
}

/* Takes an item out of a valid place. Returns the list's reference to it. */
static trv_object *take_out(list_object *self, size_t where)
{
    trv_object *item = self->items[where];

    self->count--;
    memmove(self->items + where, self->items + where + 1,
            (self->count - where) * sizeof *self->items);
    if (UNLIKELY(self->count < self->capacity / 2))
        shrink(self);
    return item;
}

/* Adds the items of a list or tuple. Making room runs no code of users, so that the items can be
 * looked at afterwards, when the list may be its own source. */
static int extend_by_view(list_object *self, trv_object *source, trv__view *view)
{
    trv_object *const *items;
    size_t more;

    view(source, &more);
    if (more > COUNT_MOST - self->count)
        return too_many();
    if (grow(self, self->count + more, self->count > 0) < 0)
        return -1;
    items = view(source, &more);
    for (size_t i = 0; i < more; i++)
        self->items[self->count + i] = trv_ref(items[i]);
    self->count += more;
    return 0;
}

static int extend(list_object *self, trv_object *iterable)
{
    trv_auto trv_object *iterator = NULL;
    size_t hint;
    int more;

    if (iterable->type == &trv__list_type || iterable == (trv_object *)self)
        return extend_by_view(self, iterable, trv__list_items);
    if (iterable->type == &trv__tuple_type)
        return extend_by_view(self, iterable, trv__tuple_items);
    iterator = trv_iter(iterable);
    if (!iterator || trv__length_hint(iterable, &hint) < 0)
        return -1;
    if (hint <= PTRDIFF_MAX - self->count && grow(self, self->count + hint, false) < 0)
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        more = trv_next(iterator, &item);
        if (more == 0)
            shrink(self); /* it was a hint, no promise */
        if (more <= 0)
            return more;
        if (append(self, item) < 0)
            return -1;
    }
}

static int pop(list_object *self, int64_t index, trv_object **item)
{
    size_t where;

    if (!self->count)
        return trv_raise_int(trv_IndexError, "pop from empty list");
    if (!trv__index_in(index, self->count, &where))
        return trv_raise_int(trv_IndexError, "pop index out of range");
    *item = take_out(self, where);
    return 0;
}

static int remove_item(list_object *self, trv_object *item)
{
    size_t where;
    int found = trv__sequence_find((trv_object *)self, item, 0, INT64_MAX, &where, trv__list_items);

    if (found < 0)
        return -1;
    if (!found)
        return trv_raise_int(trv_ValueError, "list.remove(x): x not in list");
    if (where < self->count) /* comparing may have made the list shorter */
        trv_unref(take_out(self, where));
    return 0;
}

static int find(list_object *self, trv_object *item, int64_t start, int64_t stop, size_t *where)
{
    trv_auto trv_object *text = NULL;
    int found = trv__sequence_find((trv_object *)self, item, start, stop, where, trv__list_items);

    if (found)
        return found < 0 ? -1 : 0;
    text = trv_repr(item);
    if (!text)
        return -1;
    return trv_raise_int(trv_ValueError, "%s is not in list", trv_str_utf8(text, NULL));
}

static void reverse(list_object *self)
{
    for (size_t i = 0, j = self->count; i + 1 < j; i++) {
        trv_object *item = self->items[i];
        self->items[i] = self->items[--j];
        self->items[j] = item;
    }
}

static trv_object *copy_of(list_object *self)
{
    list_object *copy = make(&trv__list_type);

    if (copy && extend_by_view(copy, (trv_object *)self, trv__list_items) < 0)
        return give_up(copy);
    return (trv_object *)copy;
}

/* Slots ------------------------------------------------------------------------------------- */

static int list_traverse(trv_object *self, trv_visit visit, void *argument)
{
    list_object *list = trv__as_list(self);
    int stop = 0;

    for (size_t i = 0; i < list->count && !stop; i++)
        stop = visit(list->items[i], argument);
    return stop;
}

static void list_clear(trv_object *self)
{
    trv__detached_drop(trv__list_detach(trv__as_list(self)));
}

static size_t list_size_bytes(trv_object *self)
{
    return trv__as_list(self)->capacity * sizeof(trv_object *);
}

static trv_object *list_repr(trv_object *self)
{
    return trv__sequence_repr(self, '[', ']', "", trv__list_items);
}

static int list_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    if (!trv__type_derives(other->type, &trv__list_type))
        return TRV_UNKNOWN;
    return trv__sequence_compare(self, other, op, trv__list_items);
}

static int list_length(trv_object *self, size_t *length)
{
    *length = trv__as_list(self)->count;
    return 0;
}

static trv_object *list_getitem(trv_object *self, trv_object *key)
{
    list_object *list = trv__as_list(self);
    size_t where;

    if (UNLIKELY(trv__is_slice(key)))
        return trv__list_get_slice(self, key);
    if (trv__sequence_index(&trv__list_type, key, &list->count, false, &where) < 0)
        return NULL;
    return trv_ref(list->items[where]);
}

/* Puts an item into a valid place; NULL takes the place out. */
static void replace(list_object *self, size_t where, trv_object *item)
{
    trv_object *old = self->items[where];

    if (item)
        self->items[where] = trv_ref(item);
    else
        take_out(self, where);
    trv_unref(old);
}

static int list_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    list_object *list = trv__as_list(self);
    size_t where;

    if (UNLIKELY(trv__is_slice(key)))
        return trv__list_set_slice(self, key, value);
    if (trv__sequence_index(&trv__list_type, key, &list->count, true, &where) < 0)
        return -1;
    replace(list, where, value);
    return 0;
}

static int list_contains(trv_object *self, trv_object *item)
{
    size_t where;

    return trv__sequence_find(self, item, 0, INT64_MAX, &where, trv__list_items);
}

static trv_object *concatenate(trv_object *a, trv_object *b)
{
    list_object *made = make(&trv__list_type);
    size_t count_a = trv__as_list(a)->count, count_b = trv__as_list(b)->count;

    if (made &&
        (grow(made, count_a + count_b, false) < 0 || extend_by_view(made, a, trv__list_items) < 0 ||
         extend_by_view(made, b, trv__list_items) < 0))
        return give_up(made);
    return (trv_object *)made;
}

static trv_object *repeat(list_object *list, size_t times)
{
    list_object *made;

    if (list->count && times > COUNT_MOST / list->count)
        return too_many(), NULL;
    made = make(&trv__list_type);
    if (!made || grow(made, list->count * times, false) < 0)
        return give_up(made);
    for (size_t round = 0; list->count && round < times; round++)
        for (size_t i = 0; i < list->count; i++)
            made->items[made->count++] = trv_ref(list->items[i]);
    return (trv_object *)made;
}

static int list_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_object *list;
    size_t times;
    int status;

    if (op == TRV_ADD) {
        if (!trv__type_derives(a->type, &trv__list_type))
            return TRV_UNKNOWN;
        if (!trv__type_derives(b->type, &trv__list_type))
            return trv_raise_int(trv_TypeError, "can only concatenate list (not \"%s\") to list",
                                 b->type->name);
        *result = concatenate(a, b);
        return *result ? 0 : -1;
    }
    if (op != TRV_MULTIPLY)
        return TRV_UNKNOWN;
    status = trv__sequence_times(a, b, &trv__list_type, &list, &times);
    if (status)
        return status;
    *result = repeat(trv__as_list(list), times);
    return *result ? 0 : -1;
}

static int repeat_in_place(list_object *self, size_t times)
{
    size_t count = self->count;

    if (!times || !count) {
        list_clear((trv_object *)self);
        return 0;
    }
    if (times > COUNT_MOST / count)
        return too_many();
    if (grow(self, count * times, false) < 0)
        return -1;
    for (; self->count < count * times; self->count++)
        self->items[self->count] = trv_ref(self->items[self->count - count]);
    return 0;
}

static int list_binary_in_place(trv_object *self, trv_object *other, trv_binary op,
                                trv_object **result)
{
    trv_object *list;
    size_t times;
    int status;

    if (op == TRV_ADD)
        status = extend(trv__as_list(self), other);
    else if (op == TRV_MULTIPLY && !trv__type_derives(other->type, &trv__list_type)) {
        status = trv__sequence_times(self, other, &trv__list_type, &list, &times);
        if (status == 0)
            status = repeat_in_place(trv__as_list(self), times);
    } else
        status = TRV_UNKNOWN;
    if (status == 0)
        *result = trv_ref(self);
    return status;
}

static int list_iterator_next(trv_object *self, trv_object **item)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;
    list_object *list = trv__as_list(iterator->source);

    if (!list || iterator->position >= list->count)
        return trv__iterator_end(self, item);
    *item = trv_ref(list->items[iterator->position++]);
    return 1;
}

TRV__ITERATOR_TYPE(list_iterator, "list_iterator", list_iterator_next, trv__list_iterator_methods);

static trv_object *list_iter(trv_object *self)
{
    return trv__iterator_new(&list_iterator, self);
}

static trv_object *list_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return (trv_object *)make(type);
}

static int list_init(trv_object *self, const trv_args *args)
{
    if (!trv__plain_arguments(self->type, args, 1) ||
        (args->count && !trv__given(args->items[0], "list")))
        return -1;
    if (trv__as_list(self)->count)
        trv__detached_drop(trv__list_detach(trv__as_list(self)));
    return args->count ? extend(trv__as_list(self), args->items[0]) : 0;
}

/* Methods ----------------------------------------------------------------------------------- */

static trv_object *none_unless(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

static trv_object *method_append(const trv_args *args)
{
    trv_object *item;

    if (trv_parse(args, "o", &item) < 0)
        return NULL;
    return none_unless(append(trv__as_list(args->self), item));
}

static trv_object *method_extend(const trv_args *args)
{
    trv_object *iterable;

    if (trv_parse(args, "o", &iterable) < 0)
        return NULL;
    return none_unless(extend(trv__as_list(args->self), iterable));
}

static trv_object *method_insert(const trv_args *args)
{
    trv_object *item, *place;
    int64_t index;

    if (trv_parse(args, "oo", &place, &item) < 0 || trv__place_of(place, &index) < 0)
        return NULL;
    return none_unless(insert(trv__as_list(args->self), index, item));
}

static trv_object *method_pop(const trv_args *args)
{
    trv_object *item, *place = NULL;
    int64_t index = -1;

    if (trv_parse(args, "|o", &place) < 0 || (place && trv__place_of(place, &index) < 0))
        return NULL;
    return pop(trv__as_list(args->self), index, &item) < 0 ? NULL : item;
}

static trv_object *method_remove(const trv_args *args)
{
    trv_object *item;

    if (trv_parse(args, "o", &item) < 0)
        return NULL;
    return none_unless(remove_item(trv__as_list(args->self), item));
}

static trv_object *method_clear(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    list_clear(args->self);
    return trv_none_new();
}

static trv_object *method_index(const trv_args *args)
{
    trv_object *item;
    int64_t start, stop;
    size_t where;

    if (trv__sequence_parse_index(args, &item, &start, &stop) < 0 ||
        find(trv__as_list(args->self), item, start, stop, &where) < 0)
        return NULL;
    return trv_int_new((int64_t)where);
}

static trv_object *method_count(const trv_args *args)
{
    trv_object *item;
    size_t count;

    if (trv_parse(args, "o", &item) < 0 ||
        trv__sequence_count(args->self, item, &count, trv__list_items) < 0)
        return NULL;
    return trv_int_new((int64_t)count);
}

static trv_object *method_sort(const trv_args *args)
{
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *reverse = NULL;
    int is_reverse = 0;

    if (trv_parse(args, "") < 0 || trv__keyword_argument(args, "key", &key) < 0 ||
        trv__keyword_argument(args, "reverse", &reverse) < 0 ||
        (reverse && trv__int_argument(reverse, &is_reverse) < 0))
        return NULL;
    return none_unless(trv_list_sort(args->self, trv__or_null(key), is_reverse));
}

static trv_object *method_reverse(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    reverse(trv__as_list(args->self));
    return trv_none_new();
}

static trv_object *method_reversed(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__list_reversed(args->self);
}

static trv_object *method_copy(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : copy_of(trv__as_list(args->self));
}

static const struct trv__method methods[] = {
    {"__reversed__", "__reversed__(): an iterator from the last item to the first",
     method_reversed},
    {"append", "append(item, /): adds an item at the end", method_append},
    {"clear", "clear(): takes out all items", method_clear},
    {"copy", "copy(): a list of the same items", method_copy},
    {"count", "count(value, /): how many items are equal to value", method_count},
    {"extend", "extend(iterable, /): adds all items of an iterable", method_extend},
    {"index", "index(value, start=, stop=, /): where the first item equal to value is",
     method_index},
    {"insert", "insert(index, item, /): puts an item before an index", method_insert},
    {"pop", "pop(index=, /): takes out an item, the last by default", method_pop},
    {"remove", "remove(value, /): takes out the first item equal to value", method_remove},
    {"reverse", "reverse(): turns the order round", method_reverse},
    {"sort", "sort(*, key=None, reverse=False): sorts, keeping the order of equal items",
     method_sort},
    {0},
};

TRV__READ_ONLY struct trv_type trv__list_type = {
    .handle = trv_list_type,
    .name = "list",
    .doc = "list(iterable=()): a sequence that grows",
    .base = &trv__object_type,
    .instance_bytes = sizeof(list_object),
    .flags = TRV__TYPE_CONTAINER,
    .references = {.width = 1,
                   .items = offsetof(list_object, items),
                   .count = offsetof(list_object, count)},
    .slots = {.traverse = list_traverse,
              .clear = list_clear,
              .init = list_init,
              .size_bytes = list_size_bytes,
              .repr = list_repr,
              .compare = list_compare,
              .iter = list_iter,
              .length = list_length,
              .getitem = list_getitem,
              .setitem = list_setitem,
              .contains = list_contains,
              .binary = list_binary,
              .binary_in_place = list_binary_in_place},
    .methods = methods,
    .construct = list_construct,
};

TRV__READ_ONLY trv_object trv_list_type[1] = {TRV__TYPE_HANDLE(trv__list_type)};

/* The public interface, and what the library shares ------------------------------------------- */

trv_object *const *trv__list_items(const trv_object *list, size_t *count)
{
    *count = trv__as_list(list)->count;
    return trv__as_list(list)->items;
}

trv_object *trv_list_new(void)
{
    return (trv_object *)make(&trv__list_type);
}

trv_object *trv_list_from(trv_object *iterable)
{
    list_object *self = trv__given(iterable, "trv_list_from") ? make(&trv__list_type) : NULL;

    if (self && extend(self, iterable) < 0)
        return give_up(self);
    return (trv_object *)self;
}

int trv_list_len(trv_object *list, size_t *length)
{
    return trv__expect(list, &trv__list_type, "trv_list_len") ? list_length(list, length) : -1;
}

static __attribute__((noinline)) int append_slow(trv_object *list, trv_object *item)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_append") ||
        !trv__given(item, "trv_list_append"))
        return -1;
    return append(trv__as_list(list), item);
}

/* Kept to a few instructions while there is room: it is called a million times a second. */
int trv_list_append(trv_object *list, trv_object *item)
{
    list_object *self = trv__as_list(list);

    if (UNLIKELY(!list || !item || list->type != &trv__list_type || self->count == self->capacity))
        return append_slow(list, item);
    self->items[self->count++] = trv_ref(item);
    return 0;
}

int trv_list_extend(trv_object *list, trv_object *iterable)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_extend") ||
        !trv__given(iterable, "trv_list_extend"))
        return -1;
    return extend(trv__as_list(list), iterable);
}

int trv_list_insert(trv_object *list, int64_t index, trv_object *item)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_insert") ||
        !trv__given(item, "trv_list_insert"))
        return -1;
    return insert(trv__as_list(list), index, item);
}

trv_object *trv_list_pop(trv_object *list, int64_t index)
{
    trv_object *item;

    if (!trv__expect(list, &trv__list_type, "trv_list_pop"))
        return NULL;
    return pop(trv__as_list(list), index, &item) < 0 ? NULL : item;
}

trv_object *trv_list_get(trv_object *list, int64_t index)
{
    size_t where;

    if (!trv__expect(list, &trv__list_type, "trv_list_get"))
        return NULL;
    if (!trv__index_in(index, trv__as_list(list)->count, &where))
        return trv_raise(trv_IndexError, "list index out of range");
    return trv_ref(trv__as_list(list)->items[where]);
}

int trv_list_set(trv_object *list, int64_t index, trv_object *item)
{
    size_t where;

    if (!trv__expect(list, &trv__list_type, "trv_list_set") || !trv__given(item, "trv_list_set"))
        return -1;
    if (!trv__index_in(index, trv__as_list(list)->count, &where))
        return trv_raise_int(trv_IndexError, "list assignment index out of range");
    replace(trv__as_list(list), where, item);
    return 0;
}

int trv_list_remove(trv_object *list, trv_object *item)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_remove") ||
        !trv__given(item, "trv_list_remove"))
        return -1;
    return remove_item(trv__as_list(list), item);
}

int trv_list_index(trv_object *list, trv_object *item, size_t *index)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_index") ||
        !trv__given(item, "trv_list_index"))
        return -1;
    return find(trv__as_list(list), item, 0, INT64_MAX, index);
}

int trv_list_clear(trv_object *list)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_clear"))
        return -1;
    list_clear(list);
    return 0;
}

int trv_list_reverse(trv_object *list)
{
    if (!trv__expect(list, &trv__list_type, "trv_list_reverse"))
        return -1;
    reverse(trv__as_list(list));
    return 0;
}
