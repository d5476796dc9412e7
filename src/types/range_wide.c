/* SPDX-License-Identifier: MIT */
/*
 * Ranges whose bounds or step need more than 64 bits: the arithmetic of range.c with ints.
 *
 * All of this holds for narrow ranges, too, and is used for them where a result might be wide. Most functions
 * pass NULL on: a failed operation makes those after it fail with the same exception, so that only
 * the last is looked at.
 */
#include "types/range.h"

#include "types/builtins.h"
#include "types/int.h"
#include "types/iterator_state.h"
#include "types/slice.h"

typedef struct trv__range range_t;

trv_object *trv__range_part(const range_t *range, enum trv__range_part part)
{
    if (trv__range_is_wide(range))
        return trv_ref(range->wide[part]);
    if (part == TRV__LENGTH)
        return trv_int_new_unsigned(range->length);
    return trv_int_new(part == TRV__START  ? range->start
                       : part == TRV__STOP ? range->stop
                                           : range->step);
}

/* Making ------------------------------------------------------------------------------------ */

static trv_object *length_of(trv_object *start, trv_object *stop, trv_object *step)
{
    bool is_up = trv__int_sign(step) > 0;
    trv_object *low = is_up ? start : stop, *high = is_up ? stop : start;
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *distance = NULL, *last = NULL, *size = NULL, *steps = NULL;

    if (trv__int_order(low, high) >= 0)
        return trv_int_new(0);
    distance = trv_subtract(high, low);
    last = trv_subtract(distance, one);
    size = trv_absolute(step);
    steps = trv_floor_divide(last, size);
    return trv_add(steps, one);
}

static trv_object *make_wide(trv_object *start, trv_object *stop, trv_object *step)
{
    trv_auto trv_object *length = length_of(start, stop, step);
    trv_object *parts[TRV__RANGE_PARTS] = {start, stop, step, length};
    range_t *made = length ? trv__object_new(&trv__range_type, sizeof *made) : NULL;

    if (!made)
        return NULL;
    made->flags |= TRV__TYPE_BIT;
    for (size_t i = 0; i < TRV__RANGE_PARTS; i++)
        made->wide[i] = trv_ref(parts[i]);
    return (trv_object *)made;
}

trv_object *trv__range_from(trv_object *start, trv_object *stop, trv_object *step)
{
    if (!start || !stop || !step)
        return NULL;
    if (!trv__int_sign(step))
        return trv_raise(trv_ValueError, "range() arg 3 must not be zero");
    if (trv__is_big(start) || trv__is_big(stop) || trv__is_big(step))
        return make_wide(start, stop, step);
    return trv_range_new(trv__int_value(start), trv__int_value(stop), trv__int_value(step));
}

/* Items ------------------------------------------------------------------------------------- */

/* start + index * step, which may be one before the first item or after the last. */
static trv_object *place_of(const range_t *range, trv_object *index)
{
    trv_auto trv_object *start = trv__range_part(range, TRV__START);
    trv_auto trv_object *step = trv__range_part(range, TRV__STEP);
    trv_auto trv_object *way = trv_multiply(index, step);

    return trv_add(start, way);
}

trv_object *trv__range_item(const range_t *range, trv_object *index)
{
    trv_auto trv_object *length = trv__range_part(range, TRV__LENGTH);
    trv_auto trv_object *where = trv__int_sign(index) < 0 ? trv_add(index, length) : trv_ref(index);

    if (!length || !where)
        return NULL;
    if (trv__int_sign(where) < 0 || trv__int_order(where, length) >= 0)
        return trv_raise(trv_IndexError, "range object index out of range");
    return place_of(range, where);
}

trv_object *trv__range_slice(const range_t *range, trv_object *slice)
{
    trv_auto trv_object *length = trv__range_part(range, TRV__LENGTH);
    trv_auto trv_object *own_step = trv__range_part(range, TRV__STEP);
    trv_auto trv_object *from = NULL, *to = NULL, *each = NULL;
    trv_auto trv_object *start = NULL, *stop = NULL, *step = NULL;

    if (!length || trv__slice_limits(slice, length, &from, &to, &each) < 0)
        return NULL;
    start = place_of(range, from);
    stop = place_of(range, to);
    step = trv_multiply(own_step, each);
    return trv__range_from(start, stop, step);
}

int trv__range_find(const range_t *range, trv_object *item, trv_object **where)
{
    trv_auto trv_object *start = trv__range_part(range, TRV__START);
    trv_auto trv_object *stop = trv__range_part(range, TRV__STOP);
    trv_auto trv_object *step = trv__range_part(range, TRV__STEP);
    trv_auto trv_object *distance = trv_subtract(item, start);
    trv_auto trv_object *rest = trv_remainder(distance, step);
    bool is_up;

    *where = NULL;
    if (!stop || !rest)
        return -1;
    is_up = trv__int_sign(step) > 0;
    if (trv__int_sign(rest) || trv__int_order(is_up ? start : item, is_up ? item : start) > 0 ||
        trv__int_order(is_up ? item : stop, is_up ? stop : item) >= 0)
        return 0;
    *where = trv_floor_divide(distance, step);
    return *where ? 1 : -1;
}

int trv__range_equal(const range_t *x, const range_t *y)
{
    static const enum trv__range_part decisive[] = {TRV__LENGTH, TRV__START, TRV__STEP};
    trv_auto trv_object *length = trv__range_part(x, TRV__LENGTH), *one = trv_int_new(1);
    size_t count;

    if (!length || !one)
        return -1;
    count = !trv__int_sign(length) ? 1 : trv__int_order(length, one) == 0 ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *ours = trv__range_part(x, decisive[i]);
        trv_auto trv_object *theirs = trv__range_part(y, decisive[i]);
        if (!ours || !theirs)
            return -1;
        if (trv__int_order(ours, theirs))
            return 0;
    }
    return 1;
}

/* Iteration --------------------------------------------------------------------------------- */

struct wide_iterator {
    TRV__HEAD;
    trv_object *next, *step, *left, *length; /* plain ints, owned */
};

static struct wide_iterator *iterator_of(trv_object *object)
{
    return (struct wide_iterator *)object;
}

static int iterator_next(trv_object *object, trv_object **item)
{
    struct wide_iterator *self = iterator_of(object);
    trv_auto trv_object *one = NULL, *next = NULL, *left = NULL;

    *item = NULL;
    if (!trv__int_sign(self->left))
        return 0;
    one = trv_int_new(1);
    next = trv_add(self->next, self->step);
    left = trv_subtract(self->left, one);
    if (!next || !left)
        return -1;
    *item = self->next;
    self->next = trv_steal(&next);
    trv_unref(self->left);
    self->left = trv_steal(&left);
    return 1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static void iterator_clear(trv_object *object)
{
    trv_clear(&iterator_of(object)->next);
    trv_clear(&iterator_of(object)->step);
    trv_clear(&iterator_of(object)->left);
    trv_clear(&iterator_of(object)->length);
}

static trv_object *iterator_hint(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_ref(iterator_of(args->self)->left);
}

/* The range that an iterator began with, and how many items it has given. */
static trv_object *range_of(const struct wide_iterator *self, trv_object **given)
{
    trv_auto trv_object *whole = trv_multiply(self->length, self->step);
    trv_auto trv_object *passed = NULL, *start = NULL, *stop = NULL;

    *given = trv_subtract(self->length, self->left);
    passed = trv_multiply(*given, self->step);
    start = trv_subtract(self->next, passed);
    stop = trv_add(start, whole);
    return trv__range_from(start, stop, self->step);
}

static trv_object *iterator_reduce(const trv_args *args)
{
    trv_auto trv_object *given = NULL, *range = NULL;

    if (trv_parse(args, "") < 0)
        return NULL;
    range = range_of(iterator_of(args->self), &given);
    return range ? trv__iterator_made(trv__builtin_iter(), range, given) : NULL;
}

/* The place, a plain int of at least 0 and at most the length, as a new reference. */
static trv_object *place_from(trv_object *state, trv_object *length)
{
    trv_auto trv_object *zero = trv_int_new(0), *place = trv__index_object(state);
    int is_low = place ? trv_compare(place, zero, TRV_LESS) : -1;
    int is_high = is_low < 0 ? -1 : trv_compare(place, length, TRV_GREATER);

    return is_high < 0 ? NULL : trv__int_plain(is_low ? zero : is_high ? length : place);
}

static trv_object *iterator_set_state(const trv_args *args)
{
    struct wide_iterator *self = iterator_of(args->self);
    trv_auto trv_object *place = NULL, *given = NULL, *more = NULL, *way = NULL, *next = NULL;
    trv_auto trv_object *left = NULL;
    trv_object *state;

    if (trv_parse(args, "o", &state) < 0 || !(place = place_from(state, self->length)))
        return NULL;
    given = trv_subtract(self->length, self->left);
    more = trv_subtract(place, given);
    way = trv_multiply(more, self->step);
    next = trv_add(self->next, way);
    left = trv_subtract(self->length, place);
    if (!next || !left)
        return NULL;
    trv_unref(self->next);
    self->next = trv_steal(&next);
    trv_unref(self->left);
    self->left = trv_steal(&left);
    return trv_none_new();
}

static const struct trv__method iterator_methods[] = {
    {TRV__HINT_METHOD, iterator_hint},
    {TRV__REDUCE_METHOD, iterator_reduce},
    {TRV__STATE_METHOD, iterator_set_state},
    {0},
};

static TRV__READ_ONLY trv_object wide_iterator_handle[1];

static TRV__READ_ONLY struct trv_type wide_iterator_type = {
    .handle = wide_iterator_handle,
    .name = "longrange_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct wide_iterator),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.clear = iterator_clear, .iter = iterator_iter, .next = iterator_next},
    .methods = iterator_methods,
};

static TRV__READ_ONLY trv_object wide_iterator_handle[1] = {TRV__TYPE_HANDLE(wide_iterator_type)};

trv_object *trv__range_iterate(const range_t *range, bool is_reversed)
{
    trv_auto trv_object *one = trv_int_new(1), *step = trv__range_part(range, TRV__STEP);
    trv_auto trv_object *left = trv__range_part(range, TRV__LENGTH), *last = NULL;
    trv_auto trv_object *back = NULL, *next = NULL;
    struct wide_iterator *made;

    if (is_reversed) {
        last = trv_subtract(left, one);
        next = place_of(range, last);
        back = trv_negative(step);
    } else {
        next = trv__range_part(range, TRV__START);
        back = trv_ref(step);
    }
    if (!left || !next || !back || !(made = trv__object_new(&wide_iterator_type, sizeof *made)))
        return NULL;
    made->next = trv_steal(&next);
    made->step = trv_steal(&back);
    made->length = trv_ref(left);
    made->left = trv_steal(&left);
    return (trv_object *)made;
}
