/* SPDX-License-Identifier: MIT */
/*
 * range: ints in equal steps, none of which exists before it is asked for.
 *
 * Bounds and step are machine words. Sums are made in unsigned words, which wrap round: every item
 * lies between start and stop, so that its lowest 64 bits are the item. The length of the longest
 * range is just below 2**64.
 *
 * A range and its iterators hold no references, so that the collector has nothing to do with them.
 */
#include "types/range.h"

#include "object/number.h"
#include "types/sequence.h"
#include "types/slice.h"

typedef struct trv__range range_t;

struct range_iterator {
    TRV__HEAD;
    uint64_t next, step, left;
};

static uint64_t length_of(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0)
        return start < stop ? ((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1 : 0;
    return start > stop ? ((uint64_t)start - (uint64_t)stop - 1) / (0 - (uint64_t)step) + 1 : 0;
}

static trv_object *item_at(const range_t *self, uint64_t i)
{
    return trv_int_new((int64_t)((uint64_t)self->start + i * (uint64_t)self->step));
}

/* Whether an int is an item, and which. */
static bool find_int(const range_t *self, int64_t value, uint64_t *where)
{
    uint64_t distance = self->step > 0 ? (uint64_t)value - (uint64_t)self->start
                                       : (uint64_t)self->start - (uint64_t)value;
    uint64_t step = self->step > 0 ? (uint64_t)self->step : 0 - (uint64_t)self->step;
    bool is_beyond = self->step > 0 ? value < self->start : value > self->start;

    *where = distance / step;
    return !is_beyond && distance % step == 0 && *where < self->length;
}

/* Looks for an object: 1 and where, 0, -1. Other things than ints may be equal to an item, too, and
 * must be asked. */
static int find(const range_t *self, trv_object *object, uint64_t *where)
{
    bool is_int = object->type == &trv__int_type;
    int equal = 0;

    if (is_int || object->type == &trv__bool_type)
        return (!is_int || trv__is_small_int(object)) &&
               find_int(self, trv__int_value(object), where);
    for (uint64_t i = 0; equal == 0 && i < self->length; i++) {
        trv_auto trv_object *item = item_at(self, i);
        equal = item ? trv_equal(item, object) : -1;
        *where = i;
    }
    return equal;
}

/* Slots ------------------------------------------------------------------------------------- */

static trv_object *range_repr(trv_object *object)
{
    const range_t *self = trv__as_range(object);

    if (self->step == 1)
        return trv_str_printf("range(%lld, %lld)", (long long)self->start, (long long)self->stop);
    return trv_str_printf("range(%lld, %lld, %lld)", (long long)self->start, (long long)self->stop,
                          (long long)self->step);
}

/* Of what decides about equality: the length, the start unless it is empty, the step if used. */
static int range_hash(trv_object *object, int64_t *hash)
{
    const range_t *self = trv__as_range(object);
    trv_auto trv_object *length = trv_int_new_unsigned(self->length);
    trv_auto trv_object *start = self->length ? trv_int_new(self->start) : trv_none_new();
    trv_auto trv_object *step = self->length > 1 ? trv_int_new(self->step) : trv_none_new();
    trv_auto trv_object *all = trv_tuple_new((trv_object *[]){length, start, step}, 3);

    return trv_hash(all, hash);
}

static int range_compare(trv_object *a, trv_object *b, trv_comparison op)
{
    const range_t *x = trv__as_range(a), *y = trv__as_range(b);
    bool is_equal;

    if (b->type != &trv__range_type || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    is_equal = x->length == y->length && (x->length < 1 || x->start == y->start) &&
               (x->length < 2 || x->step == y->step);
    return is_equal == (op == TRV_EQUAL);
}

static int range_length(trv_object *self, size_t *length)
{
    *length = trv__as_range(self)->length;
    return 0;
}

/* The place of an item that may be one before the first or after the last. */
static bool place_of(const range_t *self, int64_t index, int64_t *place)
{
    int64_t way;

    return !__builtin_mul_overflow(index, self->step, &way) &&
           !__builtin_add_overflow(self->start, way, place);
}

static trv_object *get_slice(const range_t *self, trv_object *slice)
{
    struct trv__places places;
    int64_t start, stop, step;
    size_t length = self->length;

    if (trv__slice_places(slice, &length, &places) < 0)
        return NULL;
    if (!place_of(self, places.start, &start) || !place_of(self, places.stop, &stop) ||
        __builtin_mul_overflow(self->step, places.step, &step))
        return trv_raise(trv_OverflowError, "the range does not fit an int64_t");
    return trv_range_new(start, stop, step);
}

static trv_object *range_getitem(trv_object *object, trv_object *key)
{
    const range_t *self = trv__as_range(object);
    uint64_t where;
    int64_t index;

    if (trv__is_slice(key))
        return get_slice(self, key);
    if (!trv__may_index(key))
        return trv_raise(trv_TypeError, "range indices must be integers or slices, not %s",
                         key->type->name);
    if (trv__index_get(key, &index) < 0)
        return NULL;
    where = index < 0 ? (uint64_t)index + self->length : (uint64_t)index;
    if (index < 0 ? 0 - (uint64_t)index > self->length : where >= self->length)
        return trv_raise(trv_IndexError, "range object index out of range");
    return item_at(self, where);
}

static int range_contains(trv_object *self, trv_object *item)
{
    uint64_t where;

    return find(trv__as_range(self), item, &where);
}

static trv_object *range_iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static int range_iterator_next(trv_object *object, trv_object **item)
{
    struct range_iterator *self = (struct range_iterator *)object;

    *item = NULL;
    if (!self->left)
        return 0;
    *item = trv__int_from((int64_t)self->next);
    if (!*item)
        return -1;
    self->next += self->step;
    self->left--;
    return 1;
}

static TRV__READ_ONLY trv_object range_iterator_handle[1];

static TRV__READ_ONLY struct trv_type range_iterator_type = {
    .handle = range_iterator_handle,
    .name = "range_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct range_iterator),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.iter = range_iterator_iter, .next = range_iterator_next},
};

static TRV__READ_ONLY trv_object range_iterator_handle[1] = {TRV__TYPE_HANDLE(range_iterator_type)};

static trv_object *iterate(uint64_t start, uint64_t step, uint64_t length)
{
    struct range_iterator *made = trv__object_new(&range_iterator_type, sizeof *made);

    if (!made)
        return NULL;
    made->next = start;
    made->step = step;
    made->left = length;
    return (trv_object *)made;
}

static trv_object *range_iter(trv_object *object)
{
    const range_t *self = trv__as_range(object);

    return iterate((uint64_t)self->start, (uint64_t)self->step, self->length);
}

static trv_object *method_reversed(const trv_args *args)
{
    const range_t *self = trv__as_range(args->self);
    uint64_t step = (uint64_t)self->step;

    if (trv_parse(args, "") < 0)
        return NULL;
    return iterate((uint64_t)self->start + (self->length - 1) * step, 0 - step, self->length);
}

static trv_object *range_construct(const struct trv_type *type, const trv_args *args)
{
    int64_t bounds[3] = {0, 0, 1};

    if (!trv__plain_arguments(type, args, 3))
        return NULL;
    if (!args->count)
        return trv_raise(trv_TypeError, "range expected at least 1 argument, got 0");
    for (size_t i = 0; i < args->count; i++) {
        trv_object *bound = args->items[i];
        if (trv__index_of(bound, &bounds[args->count == 1 ? 1 : i]) < 0)
            return NULL;
    }
    return trv_range_new(bounds[0], bounds[1], bounds[2]);
}

/* Methods ----------------------------------------------------------------------------------- */

static trv_object *method_count(const trv_args *args)
{
    trv_object *item;
    uint64_t where;
    int found;

    if (trv_parse(args, "o", &item) < 0 ||
        (found = find(trv__as_range(args->self), item, &where)) < 0)
        return NULL;
    return trv_int_new(found);
}

static trv_object *method_index(const trv_args *args)
{
    trv_auto trv_object *text = NULL;
    trv_object *item;
    uint64_t where;
    int found;

    if (trv_parse(args, "o", &item) < 0 ||
        (found = find(trv__as_range(args->self), item, &where)) < 0)
        return NULL;
    if (found)
        return trv_int_new_unsigned(where);
    if (!trv__is_int(item))
        return trv_raise(trv_ValueError, "sequence.index(x): x not in sequence");
    text = trv_repr(item);
    return text ? trv_raise(trv_ValueError, "%s is not in range", trv_str_utf8(text, NULL)) : NULL;
}

static trv_object *get_start(const trv_args *args)
{
    return trv_int_new(trv__as_range(args->self)->start);
}

static trv_object *get_stop(const trv_args *args)
{
    return trv_int_new(trv__as_range(args->self)->stop);
}

static trv_object *get_step(const trv_args *args)
{
    return trv_int_new(trv__as_range(args->self)->step);
}

static const struct trv__method methods[] = {
    {"__reversed__", "__reversed__(): an iterator from the last item to the first",
     method_reversed},
    {"count", "count(value, /): 1 if value is an item, else 0", method_count},
    {"index", "index(value, /): which item value is", method_index},
    {"start", NULL, get_start},
    {"step", NULL, get_step},
    {"stop", NULL, get_stop},
    {0},
};

TRV__READ_ONLY struct trv_type trv__range_type = {
    .handle = trv_range_type,
    .name = "range",
    .doc = "range(stop) or range(start, stop, step): ints in equal steps",
    .base = &trv__object_type,
    .instance_bytes = sizeof(range_t),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL,
    .slots = {.repr = range_repr,
              .hash = range_hash,
              .compare = range_compare,
              .iter = range_iter,
              .length = range_length,
              .getitem = range_getitem,
              .contains = range_contains},
    .methods = methods,
    .construct = range_construct,
};

TRV__READ_ONLY trv_object trv_range_type[1] = {TRV__TYPE_HANDLE(trv__range_type)};

/* The public interface ------------------------------------------------------------------------ */

trv_object *trv_range_new(int64_t start, int64_t stop, int64_t step)
{
    range_t *self;

    if (!step)
        return trv_raise(trv_ValueError, "range() arg 3 must not be zero");
    self = trv__object_new(&trv__range_type, sizeof *self);
    if (!self)
        return NULL;
    self->start = start;
    self->stop = stop;
    self->step = step;
    self->length = length_of(start, stop, step);
    return (trv_object *)self;
}
