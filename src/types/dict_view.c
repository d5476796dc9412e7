/* SPDX-License-Identifier: MIT */
/*
 * The views of a dict: its keys, its values, its items, as they are at any time.
 *
 * A view holds its dict and nothing else. Keys and items can be told apart by their hashes, so that these two
 * views compare as sets do, and combine with any iterable to a new set; values cannot. An iterator of
 * either kind, forwards or backwards, raises RuntimeError when the dict has changed its size.
 */
#include "types/dict.h"

#include "types/builder.h"
#include "types/iterator.h"
#include "types/set.h"

struct view {
    TRV__HEAD;
    trv_object *dict; /* owned; NULL after clear, when nobody is left to ask */
};

static trv_object *dict_of(trv_object *view)
{
    return ((struct view *)view)->dict;
}

static const struct trv__table *table_of(trv_object *view)
{
    return &trv__as_dict(dict_of(view))->table;
}

static bool is_keys(const trv_object *object)
{
    return object->type == &trv__dict_keys_type;
}

static bool is_items(const trv_object *object)
{
    return object->type == &trv__dict_items_type;
}

/* Iterators --------------------------------------------------------------------------------- */

enum part { KEY, VALUE, ITEM };

/* What an iterator gives of an entry. */
static trv_object *part_of(trv_object **entry, enum part part)
{
    return part == ITEM ? trv_tuple_new(entry, 2) : trv_ref(entry[part == VALUE]);
}

/* The entry before *position, which counts down. */
static bool previous(const struct trv__table *table, size_t *position, size_t *entry)
{
    *position = MIN_OF(*position, table->filled);
    while (*position > 0)
        if (*trv__table_entry(table, *entry = --*position))
            return true;
    return false;
}

static int step(trv_object *self, trv_object **item, enum part part, bool is_backwards)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;
    const struct trv__table *table;
    size_t i;

    *item = NULL;
    if (!iterator->source)
        return 0;
    table = &trv__as_dict(iterator->source)->table;
    if (iterator->expected != table->live) {
        iterator->expected = SIZE_MAX; /* it raises from now on */
        return trv_raise_int(trv_RuntimeError, "dictionary changed size during iteration");
    }
    if (!(is_backwards ? previous : trv__table_next)(table, &iterator->position, &i))
        return trv__iterator_end(self, item);
    if (!iterator->left--) {
        trv__iterator_end(self, item);
        return trv_raise_int(trv_RuntimeError, "dictionary keys changed during iteration");
    }
    *item = part_of(trv__table_entry(table, i), part);
    return *item ? 1 : -1;
}

#define VIEW_ITERATOR(variable, text, part, is_backwards)                                          \
    static int variable##_next(trv_object *self, trv_object **item)                                \
    {                                                                                              \
        return step(self, item, part, is_backwards);                                               \
    }                                                                                              \
    TRV__ITERATOR_TYPE(variable, text, variable##_next, trv__table_iterator_methods)

VIEW_ITERATOR(value_iterator, "dict_valueiterator", VALUE, false);
VIEW_ITERATOR(item_iterator, "dict_itemiterator", ITEM, false);
VIEW_ITERATOR(key_reverse_iterator, "dict_reversekeyiterator", KEY, true);
VIEW_ITERATOR(value_reverse_iterator, "dict_reversevalueiterator", VALUE, true);
VIEW_ITERATOR(item_reverse_iterator, "dict_reverseitemiterator", ITEM, true);

static trv_object *iterate(const struct trv_type *type, trv_object *dict, bool is_backwards)
{
    struct trv__iterator *iterator = (void *)trv__iterator_new(type, dict);

    if (!iterator)
        return NULL;
    iterator->expected = iterator->left = trv__as_dict(dict)->table.live;
    iterator->position = is_backwards ? SIZE_MAX : 0;
    return (trv_object *)iterator;
}

trv_object *trv__dict_reversed(trv_object *dict)
{
    return iterate(&key_reverse_iterator, dict, true);
}

static trv_object *view_iter(trv_object *self)
{
    if (is_keys(self))
        return trv__dict_iter(dict_of(self));
    return iterate(is_items(self) ? &item_iterator : &value_iterator, dict_of(self), false);
}

/* Slots ------------------------------------------------------------------------------------- */

static int view_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return dict_of(self) ? visit(dict_of(self), argument) : 0;
}

static void view_clear(trv_object *self)
{
    trv_clear(&((struct view *)self)->dict);
}

static int view_length(trv_object *self, size_t *length)
{
    *length = table_of(self)->live;
    return 0;
}

static trv_object *view_repr(trv_object *self)
{
    trv_auto trv_object *items = NULL;
    trv_auto trv_object *text = NULL;
    int inside;

    if (trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    inside = trv__repr_enter(self);
    if (inside)
        return inside < 0 ? NULL : trv_str_new("...");
    items = trv_list_from(self);
    text = items ? trv_repr(items) : NULL;
    trv__repr_leave(self);
    return text ? trv_str_printf("%s(%s)", self->type->name, trv_str_utf8(text, NULL)) : NULL;
}

static int keys_contains(trv_object *self, trv_object *item)
{
    return trv_contains(dict_of(self), item);
}

static int items_contains(trv_object *self, trv_object *item)
{
    trv_auto trv_object *value = NULL;
    trv_object *const *pair;
    size_t count;
    int found;

    if (!trv__type_derives(item->type, &trv__tuple_type))
        return 0;
    pair = trv__tuple_items(item, &count);
    if (count != 2)
        return 0;
    found = trv_dict_get(dict_of(self), pair[0], &value);
    return found > 0 ? trv__same_or_equal(value, pair[1]) : found;
}

/* What can be compared with such a view: a set of either kind, or another one. */
static bool is_like_a_set(const trv_object *object)
{
    return trv__is_set(object) || is_keys(object) || is_items(object);
}

static int meets(trv_object *items, trv_object *container, int wanted)
{
    return trv__meets(items, container, trv_contains, wanted);
}

static int all_in(trv_object *items, trv_object *container)
{
    int misses = meets(items, container, 0);

    return misses < 0 ? -1 : !misses;
}

static int view_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    size_t mine, others;
    int equal;

    if (!is_like_a_set(other))
        return TRV_UNKNOWN;
    if (trv__enter_recursion(" in comparison") < 0 || trv_len(self, &mine) < 0 ||
        trv_len(other, &others) < 0)
        return -1;
    switch (op) {
    case TRV_LESS:
        return mine < others ? all_in(self, other) : 0;
    case TRV_LESS_EQUAL:
        return mine <= others ? all_in(self, other) : 0;
    case TRV_GREATER:
        return mine > others ? all_in(other, self) : 0;
    case TRV_GREATER_EQUAL:
        return mine >= others ? all_in(other, self) : 0;
    default:
        equal = mine == others ? all_in(self, other) : 0;
        return equal < 0 ? -1 : equal == (op == TRV_EQUAL);
    }
}

/* Adds those items of an iterable that are (wanted 1) or are not in a container; no others are hashed. */
static int select_into(trv_object *set, trv_object *items, trv_object *container, int wanted)
{
    trv_auto trv_object *iterator = trv_iter(items);

    if (!iterator)
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        int answer = trv_next(iterator, &item);
        if (answer <= 0)
            return answer;
        answer = trv_contains(container, item);
        if (answer < 0 || (answer == wanted && trv_set_add(set, item) < 0))
            return -1;
    }
}

/* What is in both: the items of the shorter of two views, or of what is none, that the view has. */
static int intersect(trv_object *set, trv_object *a, trv_object *b)
{
    bool is_a = is_keys(a) || is_items(a), is_b = is_keys(b) || is_items(b);

    if (!is_a || (is_b && table_of(b)->live > table_of(a)->live))
        return select_into(set, a, b, 1);
    return select_into(set, b, a, 1);
}

/* One of the two is a view; the other may be any iterable. What is not in the result need not have a hash,
 * where Python does not ask for it. */
static int view_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_auto trv_object *left = NULL;
    trv_auto trv_object *right = NULL;

    if (op != TRV_AND && op != TRV_OR && op != TRV_XOR && op != TRV_SUBTRACT)
        return TRV_UNKNOWN;
    if (op == TRV_AND || (op == TRV_XOR && is_items(a) && is_items(b))) {
        if (!(left = trv_set_new()) ||
            (op == TRV_AND                    ? intersect(left, a, b)
             : select_into(left, a, b, 0) < 0 ? -1
                                              : select_into(left, b, a, 0)) < 0)
            return -1;
        *result = trv_steal(&left);
        return 0;
    }
    if (!(left = trv_set_from(a)) || !(right = trv_set_from(b)))
        return -1;
    return trv__set_binary(left, right, op, result);
}

/* Methods ----------------------------------------------------------------------------------- */

static trv_object *method_isdisjoint(const trv_args *args)
{
    trv_object *other;
    size_t length = 0;
    int hits;

    if (trv_parse(args, "o", &other) < 0 || (is_like_a_set(other) && trv_len(other, &length) < 0))
        return NULL;
    hits = length > table_of(args->self)->live ? meets(args->self, other, 1)
                                               : meets(other, args->self, 1);
    return hits < 0 ? NULL : trv_bool_new(!hits);
}

static trv_object *method_reversed(const trv_args *args)
{
    const struct trv_type *type = is_keys(args->self)    ? &key_reverse_iterator
                                  : is_items(args->self) ? &item_reverse_iterator
                                                         : &value_reverse_iterator;

    return trv_parse(args, "") < 0 ? NULL : iterate(type, dict_of(args->self), true);
}

/* The dict, as one that cannot be changed. */
static trv_object *get_mapping(const trv_args *args)
{
    return trv_mappingproxy_new(dict_of(args->self));
}

static const struct trv__method set_methods[] = {
    {"__reversed__", "__reversed__(): an iterator from the last to the first", method_reversed},
    {"isdisjoint", "isdisjoint(other, /): whether nothing is in the other", method_isdisjoint},
    {"mapping", NULL, get_mapping},
    {0},
};

static const struct trv__method values_methods[] = {
    {"__reversed__", "__reversed__(): an iterator from the last to the first", method_reversed},
    {"mapping", NULL, get_mapping},
    {0},
};

static trv_object *view_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

#define VIEW_TYPE(kind, table, ...)                                                                \
    TRV__READ_ONLY struct trv_type trv__dict_##kind##_type = {                                     \
        .handle = trv_dict_##kind##_type,                                                          \
        .name = "dict_" #kind,                                                                     \
        .base = &trv__object_type,                                                                 \
        .instance_bytes = sizeof(struct view),                                                     \
        .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,                     \
        .slots = {.traverse = view_traverse,                                                       \
                  .clear = view_clear,                                                             \
                  .repr = view_repr,                                                               \
                  .iter = view_iter,                                                               \
                  .length = view_length,                                                           \
                  __VA_ARGS__},                                                                    \
        .methods = table,                                                                          \
        .construct = view_construct,                                                               \
    };                                                                                             \
    TRV__READ_ONLY trv_object trv_dict_##kind##_type[1] = {                                        \
        TRV__TYPE_HANDLE(trv__dict_##kind##_type)}

VIEW_TYPE(keys, set_methods, .contains = keys_contains, .compare = view_compare,
          .binary = view_binary);
VIEW_TYPE(values, values_methods, .contains = NULL);
VIEW_TYPE(items, set_methods, .contains = items_contains, .compare = view_compare,
          .binary = view_binary);

/* The public interface ------------------------------------------------------------------------ */

static trv_object *view_new(const struct trv_type *type, trv_object *dict, const char *function)
{
    struct view *view;

    if (!trv__expect(dict, &trv__dict_type, function))
        return NULL;
    view = trv__container_new(type, sizeof *view);
    if (!view)
        return NULL;
    view->dict = trv_ref(dict);
    trv__track(view);
    return (trv_object *)view;
}

trv_object *trv_dict_keys(trv_object *dict)
{
    return view_new(&trv__dict_keys_type, dict, "trv_dict_keys");
}

trv_object *trv_dict_values(trv_object *dict)
{
    return view_new(&trv__dict_values_type, dict, "trv_dict_values");
}

trv_object *trv_dict_items(trv_object *dict)
{
    return view_new(&trv__dict_items_type, dict, "trv_dict_items");
}
