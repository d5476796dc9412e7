/* SPDX-License-Identifier: MIT */
/*
 * range: ints in equal steps, none of which exists before it is asked for.
 *
 * Here are those whose bounds and step are machine words; what others do is in range_wide.c. Sums are made in unsigned
 * words, which wrap round: every item lies between start and stop, so that its lowest 64 bits are the
 * item. The length of the longest such range is just below 2**64.
 *
 * A range and its iterators hold no references but to ints, so that the collector has nothing to do with them.
 */
#include "types/range.h"

#include "types/int.h"
#include "types/iterator_state.h"
#include "types/sequence.h"
#include "types/slice.h"

typedef struct trv__range range_t;

struct range_iterator {
    TRV__HEAD;
    uint64_t next, step, left, length;
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

/* Looks for an object by asking each item, since other things than ints may be equal to one, too. Nobody gets
 * beyond 2**64 items. */
static int search(trv_object *self, trv_object *object, uint64_t *where)
{
    trv_auto trv_object *iterator = trv_iter(self);

    for (*where = 0; iterator; ++*where) {
        trv_auto trv_object *item = NULL;
        int status = trv_next(iterator, &item);
        int equal = status > 0 ? trv_equal(item, object) : status;
        if (equal || !status)
            return equal;
    }
    return -1;
}

/* 1 and where, if somebody wants to know, 0, -1. */
static int find(trv_object *self, trv_object *object, trv_object **index)
{
    const range_t *range = trv__as_range(self);
    bool is_int = object->type == &trv__int_type || object->type == &trv__bool_type;
    trv_auto trv_object *wide = NULL;
    uint64_t where = 0;
    int found;

    if (is_int && trv__range_is_wide(range)) {
        trv_auto trv_object *plain = trv__int_plain(object);
        found = plain ? trv__range_find(range, plain, &wide) : -1;
    } else if (is_int) {
        found = !trv__is_big(object) && find_int(range, trv__int_value(object), &where);
    } else {
        found = search(self, object, &where);
    }
    if (found > 0 && index && !(*index = wide ? trv_ref(wide) : trv_int_new_unsigned(where)))
        return -1;
    return found;
}

/* Slots ------------------------------------------------------------------------------------- */

static int range_traverse(trv_object *object, trv_visit visit, void *argument)
{
    const range_t *self = trv__as_range(object);
    int answer = 0;

    for (size_t i = 0; trv__range_is_wide(self) && i < TRV__RANGE_PARTS && !answer; i++)
        answer = self->wide[i] ? visit(self->wide[i], argument) : 0;
    return answer;
}

static void range_clear(trv_object *object)
{
    range_t *self = trv__as_range(object);

    for (size_t i = 0; trv__range_is_wide(self) && i < TRV__RANGE_PARTS; i++)
        trv_clear(&self->wide[i]);
}

static trv_object *wide_repr(const range_t *self)
{
    size_t count =
        trv__is_big(self->wide[TRV__STEP]) || trv__int_value(self->wide[TRV__STEP]) != 1 ? 3 : 2;
    trv_auto trv_object *tuple = trv_tuple_new(self->wide, count);
    trv_auto trv_object *text = trv_repr(tuple);

    return text ? trv_str_printf("range%s", trv_str_utf8(text, NULL)) : NULL;
}

static trv_object *range_repr(trv_object *object)
{
    const range_t *self = trv__as_range(object);

    if (trv__range_is_wide(self))
        return wide_repr(self);
    if (self->step == 1)
        return trv_str_printf("range(%lld, %lld)", (long long)self->start, (long long)self->stop);
    return trv_str_printf("range(%lld, %lld, %lld)", (long long)self->start, (long long)self->stop,
                          (long long)self->step);
}

/* Of what decides about equality: the length, the start unless it is empty, the step if used. */
static int range_hash(trv_object *object, int64_t *hash)
{
    const range_t *self = trv__as_range(object);
    trv_auto trv_object *length = trv__range_part(self, TRV__LENGTH);
    bool is_long = length && (trv__is_big(length) || trv__int_value(length) > 1);
    bool has_items = length && trv__int_sign(length);
    trv_auto trv_object *start = has_items ? trv__range_part(self, TRV__START) : trv_none_new();
    trv_auto trv_object *step = is_long ? trv__range_part(self, TRV__STEP) : trv_none_new();
    trv_auto trv_object *all = trv_tuple_new((trv_object *[]){length, start, step}, 3);

    return trv_hash(all, hash);
}

static int range_compare(trv_object *a, trv_object *b, trv_comparison op)
{
    const range_t *x = trv__as_range(a), *y = trv__as_range(b);
    int is_equal;

    if (b->type != &trv__range_type || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    if (trv__range_is_wide(x) || trv__range_is_wide(y))
        is_equal = trv__range_equal(x, y);
    else
        is_equal = x->length == y->length && (x->length < 1 || x->start == y->start) &&
                   (x->length < 2 || x->step == y->step);
    return is_equal < 0 ? -1 : is_equal == (op == TRV_EQUAL);
}

static int range_length(trv_object *object, size_t *length)
{
    const range_t *self = trv__as_range(object);
    bool is_wide = trv__range_is_wide(self);

    if (is_wide ? trv__is_big(self->wide[TRV__LENGTH]) : self->length > INT64_MAX)
        return trv_raise_int(trv_OverflowError, "Python int too large to convert to C ssize_t");
    *length = is_wide ? (size_t)trv__int_value(self->wide[TRV__LENGTH]) : self->length;
    return 0;
}

static int range_truth(trv_object *object)
{
    const range_t *self = trv__as_range(object);

    return trv__range_is_wide(self) ? trv__int_sign(self->wide[TRV__LENGTH]) : self->length != 0;
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

    if (trv__range_is_wide(self) || length > INT64_MAX || !trv__slice_is_small(slice))
        return trv__range_slice(self, slice);
    if (trv__slice_places(slice, &length, &places) < 0)
        return NULL;
    if (!place_of(self, places.start, &start) || !place_of(self, places.stop, &stop) ||
        __builtin_mul_overflow(self->step, places.step, &step))
        return trv__range_slice(self, slice);
    return trv_range_new(start, stop, step);
}

/* An index as an int that is of no class and no bool. */
static trv_object *plain_index(trv_object *object)
{
    trv_auto trv_object *index = trv__index_object(object);

    return index ? trv__int_plain(index) : NULL;
}

static trv_object *wide_item(const range_t *self, trv_object *key)
{
    trv_auto trv_object *index = plain_index(key);

    return index ? trv__range_item(self, index) : NULL;
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
    if (trv__range_is_wide(self))
        return wide_item(self, key);
    if (trv__index_get(key, &index) < 0)
        return NULL;
    where = index < 0 ? (uint64_t)index + self->length : (uint64_t)index;
    if (index < 0 ? 0 - (uint64_t)index > self->length : where >= self->length)
        return trv_raise(trv_IndexError, "range object index out of range");
    return item_at(self, where);
}

static int range_contains(trv_object *self, trv_object *item)
{
    return find(self, item, NULL);
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

static trv_object *iterator_hint(const trv_args *args)
{
    const struct range_iterator *self = (struct range_iterator *)args->self;

    return trv_parse(args, "") < 0 ? NULL : trv_int_new_unsigned(self->left);
}

/* The range that this iterator began with. */
static trv_object *range_of(const struct range_iterator *self)
{
    int64_t first = (int64_t)(self->next - (self->length - self->left) * self->step);
    trv_auto trv_object *start = trv_int_new(first), *step = trv_int_new((int64_t)self->step);
    trv_auto trv_object *length = trv_int_new_unsigned(self->length);
    trv_auto trv_object *whole = trv_multiply(length, step), *stop = trv_add(start, whole);

    return trv__range_from(start, stop, step);
}

static trv_object *iterator_reduce(const trv_args *args)
{
    const struct range_iterator *self = (struct range_iterator *)args->self;
    trv_auto trv_object *range = trv_parse(args, "") < 0 ? NULL : range_of(self);

    return range ? trv__iterator_at(range, self->length - self->left) : NULL;
}

static trv_object *iterator_set_state(const trv_args *args)
{
    struct range_iterator *self = (struct range_iterator *)args->self;
    uint64_t before = self->length - self->left;
    int64_t place;

    if (trv__iterator_state(args, 0, self->length, &place) < 0)
        return NULL;
    self->next += ((uint64_t)place - before) * self->step;
    self->left = self->length - (uint64_t)place;
    return trv_none_new();
}

static const struct trv__method iterator_methods[] = {
    {TRV__HINT_METHOD, iterator_hint},
    {TRV__REDUCE_METHOD, iterator_reduce},
    {TRV__STATE_METHOD, iterator_set_state},
    {0},
};

static TRV__READ_ONLY trv_object range_iterator_handle[1];

static TRV__READ_ONLY struct trv_type range_iterator_type = {
    .handle = range_iterator_handle,
    .name = "range_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct range_iterator),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.iter = range_iterator_iter, .next = range_iterator_next},
    .methods = iterator_methods,
};

static TRV__READ_ONLY trv_object range_iterator_handle[1] = {TRV__TYPE_HANDLE(range_iterator_type)};

static trv_object *iterate(uint64_t start, uint64_t step, uint64_t length)
{
    struct range_iterator *made = trv__object_new(&range_iterator_type, sizeof *made);

    if (!made)
        return NULL;
    made->next = start;
    made->step = step;
    made->left = made->length = length;
    return (trv_object *)made;
}

static trv_object *range_iter(trv_object *object)
{
    const range_t *self = trv__as_range(object);

    if (trv__range_is_wide(self))
        return trv__range_iterate(self, false);
    return iterate((uint64_t)self->start, (uint64_t)self->step, self->length);
}

static trv_object *method_reversed(const trv_args *args)
{
    const range_t *self = trv__as_range(args->self);
    uint64_t step = (uint64_t)self->step;

    if (trv_parse(args, "") < 0)
        return NULL;
    if (trv__range_is_wide(self))
        return trv__range_iterate(self, true);
    return iterate((uint64_t)self->start + (self->length - 1) * step, 0 - step, self->length);
}

static trv_object *range_construct(const struct trv_type *type, const trv_args *args)
{
    trv_auto trv_object *start = NULL, *stop = NULL, *step = NULL;

    if (!trv__plain_arguments(type, args, 3))
        return NULL;
    if (!args->count)
        return trv_raise(trv_TypeError, "range expected at least 1 argument, got 0");
    start = args->count > 1 ? plain_index(args->items[0]) : trv_int_new(0);
    stop = start ? plain_index(args->items[args->count > 1]) : NULL;
    step = stop && args->count > 2 ? plain_index(args->items[2]) : trv_int_new(1);
    return trv__range_from(start, stop, step);
}

/* Methods ----------------------------------------------------------------------------------- */

static trv_object *method_count(const trv_args *args)
{
    trv_object *item;
    int found;

    if (trv_parse(args, "o", &item) < 0 || (found = find(args->self, item, NULL)) < 0)
        return NULL;
    return trv_int_new(found);
}

static trv_object *method_index(const trv_args *args)
{
    trv_auto trv_object *text = NULL;
    trv_object *item, *where;
    int found;

    if (trv_parse(args, "o", &item) < 0 || (found = find(args->self, item, &where)) < 0)
        return NULL;
    if (found)
        return where;
    if (!trv__is_int(item))
        return trv_raise(trv_ValueError, "sequence.index(x): x not in sequence");
    text = trv_repr(item);
    return text ? trv_raise(trv_ValueError, "%s is not in range", trv_str_utf8(text, NULL)) : NULL;
}

static trv_object *get_start(const trv_args *args)
{
    return trv__range_part(trv__as_range(args->self), TRV__START);
}

static trv_object *get_stop(const trv_args *args)
{
    return trv__range_part(trv__as_range(args->self), TRV__STOP);
}

static trv_object *get_step(const trv_args *args)
{
    return trv__range_part(trv__as_range(args->self), TRV__STEP);
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
    .slots = {.traverse = range_traverse,
              .clear = range_clear,
              .truth = range_truth,
              .repr = range_repr,
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
