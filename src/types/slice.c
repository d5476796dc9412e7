/* SPDX-License-Identifier: MIT */
/*
 * slice: start, stop and step, as given; what they mean is known only with a length.
 *
 * The three are any objects, as in Python, so that user types may take slices of something other than
 * places; sequences take ints and None. Ints beyond the machine's are cut to its range first,
 * which changes nothing, because no sequence in memory is that long. Ranges may be, and `indices` is asked for
 * any length: they use limits, which are ints of any size.
 */
#include "types/slice.h"

#include "types/arguments.h"
#include "types/int.h"

#include "trivet/container.h"
#include "trivet/copy.h"

struct slice {
    TRV__HEAD;
    trv_object *start, *stop, *step; /* owned; constant */
};

static struct slice *slice_of(trv_object *object)
{
    return (struct slice *)(void *)object;
}

trv_object *trv_slice_new(trv_object *start, trv_object *stop, trv_object *step)
{
    struct slice *self;

    if ((!start || !stop || !step) && trv_error_occurred())
        return NULL;
    self = trv__container_new(&trv__slice_type, sizeof *self);
    if (!self)
        return NULL;
    self->start = start ? trv_ref(start) : trv_none_new();
    self->stop = stop ? trv_ref(stop) : trv_none_new();
    self->step = step ? trv_ref(step) : trv_none_new();
    trv__track(self);
    return (trv_object *)self;
}

/* Meaning --------------------------------------------------------------------------------------------- */

/* An index, cut to the machine's range, or what None stands for. */
static int limit_of(trv_object *object, int64_t none, int64_t *limit)
{
    *limit = none;
    if (trv_is_none(object))
        return 0;
    if (trv__may_index(object))
        return trv__index_get(object, limit);
    return trv_raise_int(trv_TypeError, "slice indices must be integers or None or have an "
                                        "__index__ method");
}

/* Cuts a place to least..most; a negative one counts from the end. */
static int64_t cut(int64_t place, int64_t length, int64_t least, int64_t most)
{
    if (place < 0)
        place += length;
    return MIN_OF(MAX_OF(place, least), most);
}

/* `start`, `stop` and `step` as Python's slice.indices gives them. */
static int indices_of(const struct slice *self, const size_t *size, int64_t *start, int64_t *stop,
                      int64_t *step)
{
    int64_t least, most, length;

    if (limit_of(self->step, 1, step) < 0)
        return -1;
    if (*step == 0)
        return trv_raise_int(trv_ValueError, "slice step cannot be zero");
    *step = MAX_OF(*step, -INT64_MAX); /* so that it can be negated */
    if (limit_of(self->start, *step < 0 ? INT64_MAX : 0, start) < 0 ||
        limit_of(self->stop, *step < 0 ? INT64_MIN : INT64_MAX, stop) < 0)
        return -1;
    if (*size > INT64_MAX)
        return trv_raise_int(trv_OverflowError, "the sequence is too long for a slice");
    length = (int64_t)*size;
    least = *step < 0 ? -1 : 0;
    most = *step < 0 ? length - 1 : length;
    *start = cut(*start, length, least, most);
    *stop = cut(*stop, length, least, most);
    return 0;
}

int trv__slice_places(trv_object *slice, const size_t *length, struct trv__places *places)
{
    if (indices_of(slice_of(slice), length, &places->start, &places->stop, &places->step) < 0)
        return -1;
    places->count = 0;
    if (places->step > 0 && places->start < places->stop)
        places->count = (size_t)((places->stop - places->start - 1) / places->step) + 1;
    else if (places->step < 0 && places->stop < places->start)
        places->count = (size_t)((places->start - places->stop - 1) / -places->step) + 1;
    return 0;
}

int trv_slice_indices(trv_object *slice, size_t length, int64_t *start, int64_t *stop,
                      int64_t *step)
{
    if (!trv__expect(slice, &trv__slice_type, "trv_slice_indices"))
        return -1;
    return indices_of(slice_of(slice), &length, start, stop, step);
}

/* Limits of any size ---------------------------------------------------------------------------------- */

bool trv__slice_is_small(trv_object *slice)
{
    const struct slice *self = slice_of(slice);

    return (trv_is_none(self->start) || trv__is_small_int(self->start)) &&
           (trv_is_none(self->stop) || trv__is_small_int(self->stop)) &&
           (trv_is_none(self->step) || trv__is_small_int(self->step));
}

/* A limit as a plain int: a new reference; `none` is what None stands for. */
static trv_object *plain_limit(trv_object *object, trv_object *none)
{
    trv_auto trv_object *index = NULL;

    if (trv_is_none(object))
        return trv_ref(none);
    if (!trv__may_index(object))
        return trv_raise(trv_TypeError, "slice indices must be integers or None or have an "
                                        "__index__ method");
    index = trv__index_object(object);
    return index ? trv__int_plain(index) : NULL;
}

/* A limit cut to least..most; a negative one counts from the end. */
static trv_object *cut_limit(trv_object *object, trv_object *none, trv_object *length,
                             trv_object *least, trv_object *most)
{
    trv_auto trv_object *limit = plain_limit(object, none);
    trv_auto trv_object *place = NULL;

    if (!limit || trv_is_none(object))
        return trv_steal(&limit);
    place = trv__int_sign(limit) < 0 ? trv_add(limit, length) : trv_ref(limit);
    if (!place)
        return NULL;
    return trv_ref(trv__int_order(place, least) < 0  ? least
                   : trv__int_order(place, most) > 0 ? most
                                                     : place);
}

int trv__slice_limits(trv_object *slice, trv_object *length, trv_object **start, trv_object **stop,
                      trv_object **step)
{
    const struct slice *self = slice_of(slice);
    trv_auto trv_object *zero = trv_int_new(0), *one = trv_int_new(1), *minus = trv_int_new(-1);
    trv_auto trv_object *last = trv_subtract(length, one);
    trv_object *least, *most;
    bool is_down;

    *start = *stop = NULL;
    *step = last ? plain_limit(self->step, one) : NULL;
    if (!*step)
        return -1;
    if (!trv__int_sign(*step))
        return trv_raise_int(trv_ValueError, "slice step cannot be zero");
    is_down = trv__int_sign(*step) < 0;
    least = is_down ? minus : zero;
    most = is_down ? last : length;
    *start = cut_limit(self->start, is_down ? most : least, length, least, most);
    *stop = *start ? cut_limit(self->stop, is_down ? least : most, length, least, most) : NULL;
    return *stop ? 0 : -1;
}

/* Slots ------------------------------------------------------------------------------------------------- */

static int slice_traverse(trv_object *object, trv_visit visit, void *argument)
{
    const struct slice *self = slice_of(object);
    int answer = self->start ? visit(self->start, argument) : 0;

    if (!answer && self->stop)
        answer = visit(self->stop, argument);
    return !answer && self->step ? visit(self->step, argument) : answer;
}

static void slice_clear(trv_object *object)
{
    trv_clear(&slice_of(object)->start);
    trv_clear(&slice_of(object)->stop);
    trv_clear(&slice_of(object)->step);
}

static trv_object *as_tuple(const struct slice *self)
{
    return trv_tuple_new((trv_object *[]){self->start, self->stop, self->step}, 3);
}

static trv_object *slice_repr(trv_object *object)
{
    trv_auto trv_object *tuple = as_tuple(slice_of(object));
    trv_auto trv_object *text = tuple ? trv_repr(tuple) : NULL;

    return text ? trv_str_printf("slice%s", trv_str_utf8(text, NULL)) : NULL;
}

static int slice_compare(trv_object *a, trv_object *b, trv_comparison op)
{
    trv_auto trv_object *x = NULL;
    trv_auto trv_object *y = NULL;

    if (!trv__is_slice(b))
        return TRV_UNKNOWN;
    if (!(x = as_tuple(slice_of(a))) || !(y = as_tuple(slice_of(b))))
        return -1;
    return trv_compare(x, y, op);
}

/* A shallow copy would be the same; a deep one has deep copies of the three. */
static trv_object *slice_copy(trv_object *object, trv_object *memo)
{
    trv_auto trv_object *tuple = memo ? as_tuple(slice_of(object)) : NULL;
    trv_auto trv_object *copied = tuple ? trv_deepcopy_with(tuple, memo) : NULL;
    trv_object *const *items;
    size_t count;

    if (!memo)
        return trv_ref(object);
    if (!copied)
        return NULL;
    items = trv__tuple_items(copied, &count);
    return trv_slice_new(items[0], items[1], items[2]);
}

static trv_object *get_start(const trv_args *args)
{
    return trv_ref(slice_of(args->self)->start);
}

static trv_object *get_stop(const trv_args *args)
{
    return trv_ref(slice_of(args->self)->stop);
}

static trv_object *get_step(const trv_args *args)
{
    return trv_ref(slice_of(args->self)->step);
}

static trv_object *method_indices(const trv_args *args)
{
    trv_auto trv_object *index = NULL, *length = NULL, *start = NULL, *stop = NULL, *step = NULL;
    trv_object *number;

    if (trv_parse(args, "o", &number) < 0 || !(index = trv__index_object(number)) ||
        !(length = trv__int_plain(index)))
        return NULL;
    if (trv__int_sign(length) < 0)
        return trv_raise(trv_ValueError, "length should not be negative");
    if (trv__slice_limits(args->self, length, &start, &stop, &step) < 0)
        return NULL;
    return trv_tuple_new((trv_object *[]){start, stop, step}, 3);
}

static const struct trv__method methods[] = {
    {"indices", "indices(length, /): start, stop and step for that length", method_indices},
    {"start", NULL, get_start},
    {"step", NULL, get_step},
    {"stop", NULL, get_stop},
    {NULL, NULL, NULL},
};

static trv_object *slice_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->keywords)
        return trv_raise(trv_TypeError, "slice() takes no keyword arguments");
    if (!args->count || args->count > 3)
        return trv_raise(trv_TypeError, "slice expected at %s argument%s, got %zu",
                         args->count ? "most 3" : "least 1", args->count ? "s" : "", args->count);
    if (args->count == 1)
        return trv_slice_new(NULL, args->items[0], NULL);
    return trv_slice_new(args->items[0], args->items[1], args->count > 2 ? args->items[2] : NULL);
}

TRV__READ_ONLY struct trv_type trv__slice_type = {
    .handle = trv_slice_type,
    .name = "slice",
    .doc = "slice(start=, stop, step=): places in a sequence",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct slice),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = slice_traverse,
              .clear = slice_clear,
              .repr = slice_repr,
              .compare = slice_compare,
              .copy = slice_copy},
    .methods = methods,
    .construct = slice_construct,
};
TRV__READ_ONLY trv_object trv_slice_type[1] = {TRV__TYPE_HANDLE(trv__slice_type)};
