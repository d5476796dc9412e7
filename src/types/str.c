/* SPDX-License-Identifier: MIT */
/*
 * str: the type, and the making, indexing, joining and comparing of strs.
 *
 * Layout and invariant are in str.h; interning in str_intern.c, repr in str_repr.c, searching and
 * the methods in str_search.c and str_methods.c. Indices of ASCII strs are offsets; how those of
 * others become offsets is in str_index.c.
 */
#include "types/str.h"

#include "types/arguments.h"
#include "types/codec.h"
#include "types/iterator_state.h"
#include "types/octets.h"
#include "types/slice.h"
#include "types/str_methods.h"

/* Making ---------------------------------------------------------------------------------------- */

static trv_object *shared_str(size_t which)
{
    return (trv_object *)&trv__current->objects->shared_strs->slots[which].str;
}

trv_object *trv__str_empty(void)
{
    return shared_str(TRV__EMPTY_STR);
}

/* An object of a str, with nothing in it; one that is not small is told that its index was not made. */
static struct trv__str *allocate_large(size_t size, size_t length)
{
    struct trv__str *str;

    if (size > PTRDIFF_MAX)
        return trv_raise(trv_MemoryError, "str of %zu bytes", size), NULL;
    str = trv__object_new(&trv__str_type, trv__str_bytes(size, length));
    if (!str)
        return NULL;
    str->size = size;
    str->length = length;
    trv__str_begin_index(str);
    return str;
}

static inline struct trv__str *allocate(size_t size, size_t length)
{
    struct trv__str *str = LIKELY(size < TRV__SMALL_MOST - sizeof *str)
                               ? trv__object_new_small(&trv__str_type, sizeof *str + size + 1)
                               : allocate_large(size, length);

    if (UNLIKELY(!str))
        return NULL;
    str->hash = 0;
    str->size = size;
    str->length = length;
    str->text[size] = 0;
    return str;
}

struct trv__str *trv__str_allocate(size_t size, size_t length)
{
    return allocate(size, length);
}

trv_object *trv__str_settle(struct trv__str *str)
{
    trv_object *shared;

    if (str->size >= 2)
        return (trv_object *)str;
    shared = shared_str(str->size ? (unsigned char)*str->text : TRV__EMPTY_STR);
    trv__object_discard(str);
    return shared;
}

trv_object *trv__str_from(const char *text, size_t size, size_t length)
{
    struct trv__str *str;

    if (size < 2)
        return shared_str(size ? (unsigned char)*text : TRV__EMPTY_STR);
    str = trv__str_allocate(size, length);
    if (str)
        trv__copy_text(str->text, text, size);
    return (trv_object *)str;
}

trv_object *trv__str_from_checked(const char *text, size_t size)
{
    return trv__str_from(text, size, trv__utf8_count(text, size));
}

trv_object *trv__str_of_code_point(uint32_t c)
{
    char text[4];
    size_t size = trv__utf8_put(text, c);

    return trv__str_from(text, size, 1);
}

static trv_object *raise_not_utf8(const char *text, const struct trv__utf8_fault *fault)
{
    if (fault->end - fault->start == 1)
        return trv_raise(trv_UnicodeDecodeError,
                         "'utf-8' codec can't decode byte 0x%02x in position %zu: %s",
                         (unsigned char)text[fault->start], fault->start, fault->reason);
    return trv_raise(trv_UnicodeDecodeError,
                     "'utf-8' codec can't decode bytes in position %zu-%zu: %s", fault->start,
                     fault->end - 1, fault->reason);
}

trv_object *trv_str_new_sized(const char *text, size_t size)
{
    struct trv__utf8_fault fault;
    size_t length;

    if (size && !trv__given(text, "trv_str_new_sized"))
        return NULL;
    if (!trv__utf8_check(text, size, &length, &fault))
        return raise_not_utf8(text, &fault);
    return trv__str_from(text, size, length);
}

trv_object *trv_str_new(const char *text)
{
    return trv__given(text, "trv_str_new") ? trv_str_new_sized(text, strlen(text)) : NULL;
}

trv_object *trv_str_vprintf(const char *format, va_list arguments)
{
    struct trv__builder b;

    trv__builder_init(&b);
    if (trv__builder_vprintf(&b, format, arguments) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}

trv_object *trv_str_printf(const char *format, ...)
{
    va_list arguments;
    trv_object *str;

    va_start(arguments, format);
    str = trv_str_vprintf(format, arguments);
    va_end(arguments);
    return str;
}

const char *trv_str_utf8(trv_object *object, size_t *size)
{
    if (!trv__expect(object, &trv__str_type, "trv_str_utf8"))
        return NULL;
    if (size)
        *size = trv__as_str(object)->size;
    return trv__as_str(object)->text;
}

/* Items ----------------------------------------------------------------------------------------- */

#define NEAR 16 /* code points that are walked over, rather than an index asked */

static trv_object *item_at(const struct trv__str *str, size_t index)
{
    const char *at = str->text + trv__str_offset(str, index);

    return trv__str_from(at, trv__utf8_size(*at), 1);
}

/* The offset of the code point `step` from the one at an index and its offset. Those that are near are walked to. */
static size_t step_from(const struct trv__str *str, size_t at, int64_t index, int64_t step)
{
    const char *text = str->text + at;

    if (trv__str_is_ascii(str) || step < -NEAR || step > NEAR)
        return trv__str_offset(str, (size_t)(index + step));
    for (; step > 0; step--)
        text += trv__utf8_size(*text);
    for (; step < 0; step++)
        trv__utf8_previous(&text);
    return (size_t)(text - str->text);
}

static trv_object *pick(const struct trv__str *str, const struct trv__places *places)
{
    struct trv__builder text;
    int64_t index = places->start;
    size_t at = trv__str_offset(str, (size_t)index);

    trv__builder_init(&text);
    for (size_t left = places->count;; index += places->step) {
        if (trv__builder_add(&text, str->text + at, trv__utf8_size(str->text[at])) < 0) {
            trv__builder_drop(&text);
            return NULL;
        }
        if (!--left)
            return trv__builder_finish(&text);
        at = step_from(str, at, index, places->step);
    }
}

/* The code points from one index up to another, which are not all. */
static trv_object *stretch(const struct trv__str *str, size_t first, size_t last)
{
    size_t from = trv__str_offset(str, first), to = trv__str_offset(str, last);

    return trv__str_from(str->text + from, to - from, last - first);
}

static trv_object *get_slice(trv_object *self, trv_object *slice)
{
    const struct trv__str *str = trv__as_str(self);
    struct trv__places places;

    if (trv__slice_places(slice, &str->length, &places) < 0)
        return NULL;
    if (!places.count)
        return trv__str_empty();
    if (places.step != 1)
        return pick(str, &places);
    if (places.count == str->length)
        return trv__value_plain(self);
    return stretch(str, (size_t)places.start, (size_t)places.start + places.count);
}

static trv_object *str_getitem(trv_object *self, trv_object *key)
{
    const struct trv__str *str = trv__as_str(self);
    int64_t index;
    size_t where;

    if (trv__is_slice(key))
        return get_slice(self, key);
    if (!trv__may_index(key))
        return trv_raise(trv_TypeError, "string indices must be integers, not '%s'",
                         trv_type_name(key));
    if (trv__subscript_of(key, &index) < 0)
        return NULL;
    if (!trv__index_in(index, str->length, &where))
        return trv_raise(trv_IndexError, "string index out of range");
    return item_at(str, where);
}

/* Cuts an index to 0..length; a negative one counts from the end. */
static size_t cut_index(int64_t index, size_t length)
{
    if (index < 0)
        index += (int64_t)length;
    return index < 0 ? 0 : MIN_OF((size_t)index, length);
}

trv_object *trv_str_slice(trv_object *object, int64_t start, int64_t end)
{
    const struct trv__str *str;
    size_t first, last;

    if (!trv__expect(object, &trv__str_type, "trv_str_slice"))
        return NULL;
    str = trv__as_str(object);
    first = cut_index(start, str->length);
    last = cut_index(end, str->length);
    if (first >= last)
        return trv__str_empty();
    if (first == 0 && last == str->length)
        return trv__value_plain(object);
    return stretch(str, first, last);
}

static int str_length(trv_object *self, size_t *length)
{
    *length = trv__as_str(self)->length;
    return 0;
}

static int str_contains(trv_object *self, trv_object *item)
{
    const struct trv__str *str = trv__as_str(self), *needle;

    if (!trv__is_any_str(item))
        return trv_raise_int(trv_TypeError, "'in <string>' requires string as left operand, not %s",
                             trv_type_name(item));
    needle = trv__as_str(item);
    return memmem(str->text, str->size, needle->text, needle->size) != NULL;
}

/* Arithmetic ------------------------------------------------------------------------------------ */

trv_object *trv__str_concatenate(trv_object *a, trv_object *b)
{
    const struct trv__str *left = trv__as_str(a), *right = trv__as_str(b);
    struct trv__str *str;

    if (UNLIKELY(!left->size))
        return trv__value_plain(b);
    if (UNLIKELY(!right->size))
        return trv__value_plain(a);
    str = allocate(left->size + right->size, left->length + right->length);
    if (UNLIKELY(!str))
        return NULL;
    trv__copy_text(str->text, left->text, left->size);
    trv__copy_text(str->text + left->size, right->text, right->size);
    return (trv_object *)str;
}

/* Fills `size` bytes with copies of the first `unit`, doubling what is there. */
static void repeat_bytes(char *text, size_t unit, size_t size)
{
    if (unit == 1) {
        memset(text, *text, size);
        return;
    }
    for (size_t done = unit; done < size; done *= 2)
        memcpy(text + done, text, MIN_OF(done, size - done));
}

trv_object *trv__str_repeat(trv_object *object, trv_object *count)
{
    const struct trv__str *unit = trv__as_str(object);
    struct trv__str *str;
    size_t times, size;

    if (trv__times_get(count, &times) < 0)
        return NULL;
    if (!times || !unit->size)
        return trv__str_empty();
    if (times == 1)
        return trv__value_plain(object);
    if (__builtin_mul_overflow(unit->size, times, &size) || size > PTRDIFF_MAX)
        return trv_raise(trv_OverflowError, "repeated string is too long");
    str = trv__str_allocate(size, unit->length * times);
    if (!str)
        return NULL;
    memcpy(str->text, unit->text, unit->size);
    repeat_bytes(str->text, unit->size, size);
    return (trv_object *)str;
}

static int str_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    if (op == TRV_ADD && trv__is_any_str(a)) {
        *result = trv__is_any_str(b)
                      ? trv__str_concatenate(a, b)
                      : trv_raise(trv_TypeError, "can only concatenate str (not \"%s\") to str",
                                  trv_type_name(b));
    } else if (op == TRV_MULTIPLY && trv__is_any_str(a) && trv__is_int(b)) {
        *result = trv__str_repeat(a, b);
    } else if (op == TRV_MULTIPLY && trv__is_any_str(b) && trv__is_int(a)) {
        *result = trv__str_repeat(b, a);
    } else {
        return TRV_UNKNOWN;
    }
    return *result ? 0 : -1;
}

/* Value ----------------------------------------------------------------------------------------- */

static trv_object *str_str(trv_object *self)
{
    return trv__value_plain(self);
}

static int str_hash(trv_object *self, int64_t *hash)
{
    *hash = (int64_t)trv__str_hash(self);
    return 0;
}

static int str_truth(trv_object *self)
{
    return trv__as_str(self)->size != 0;
}

/* The order of UTF-8 is the order of code points. */
static int order_of(const struct trv__str *a, const struct trv__str *b)
{
    int order = memcmp(a->text, b->text, MIN_OF(a->size, b->size));

    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int str_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    int order;

    if (!trv__is_any_str(other))
        return TRV_UNKNOWN;
    if (op == TRV_EQUAL || op == TRV_NOT_EQUAL)
        return trv__str_equal(self, other) == (op == TRV_EQUAL);
    order = order_of(trv__as_str(self), trv__as_str(other));
    return op == TRV_LESS         ? order < 0
           : op == TRV_LESS_EQUAL ? order <= 0
           : op == TRV_GREATER    ? order > 0
                                  : order >= 0;
}

static size_t str_block_bytes(const trv_object *self)
{
    return trv__str_bytes(trv__as_str(self)->size, trv__as_str(self)->length);
}

static void str_destroy(trv_object *self)
{
    if (UNLIKELY(self->flags & TRV__TYPE_BIT))
        trv__str_forget(trv__as_str(self));
}

/* Iteration ------------------------------------------------------------------------------------- */

struct str_iterator {
    TRV__HEAD;
    trv_object *str; /* owned */
    size_t at;       /* the offset of the next code point; SIZE_MAX: it has been at its end */
};

static int iterator_next(trv_object *self, trv_object **item)
{
    struct str_iterator *iterator = (struct str_iterator *)self;
    const struct trv__str *str = trv__as_str(iterator->str);
    size_t size;

    if (iterator->at >= str->size) {
        iterator->at = SIZE_MAX; /* for good */
        return 0;
    }
    size = trv__utf8_size(str->text[iterator->at]);
    *item = trv__str_from(str->text + iterator->at, size, 1);
    if (!*item)
        return -1;
    iterator->at += size;
    return 1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static void iterator_clear(trv_object *self)
{
    trv_clear(&((struct str_iterator *)self)->str);
}

/* How many code points there are before the next one. */
static size_t iterator_place(const struct str_iterator *iterator)
{
    const struct trv__str *str = trv__as_str(iterator->str);
    size_t place = 0;

    if (iterator->at >= str->size || trv__str_is_ascii(str))
        return MIN_OF(iterator->at, str->length);
    for (size_t at = 0; at < iterator->at; at += trv__utf8_size(str->text[at]))
        place++;
    return place;
}

static trv_object *iterator_hint(const trv_args *args)
{
    const struct str_iterator *iterator = (struct str_iterator *)args->self;

    if (trv_parse(args, "") < 0)
        return NULL;
    return trv_int_new_unsigned(trv__as_str(iterator->str)->length - iterator_place(iterator));
}

static trv_object *iterator_reduce(const trv_args *args)
{
    const struct str_iterator *iterator = (struct str_iterator *)args->self;

    if (trv_parse(args, "") < 0)
        return NULL;
    return iterator->at == SIZE_MAX ? trv__iterator_over(trv__str_empty())
                                    : trv__iterator_at(iterator->str, iterator_place(iterator));
}

static trv_object *iterator_set_state(const trv_args *args)
{
    struct str_iterator *iterator = (struct str_iterator *)args->self;
    const struct trv__str *str = trv__as_str(iterator->str);
    int64_t place;

    if (trv__iterator_state(args, 0, str->length, &place) < 0)
        return NULL;
    if (iterator->at != SIZE_MAX)
        iterator->at = trv__str_offset(str, (size_t)place);
    return trv_none_new();
}

static const struct trv__method iterator_methods[] = {
    {TRV__HINT_METHOD, iterator_hint},
    {TRV__REDUCE_METHOD, iterator_reduce},
    {TRV__STATE_METHOD, iterator_set_state},
    {0},
};

static trv_object str_iterator_handle[1];

static TRV__READ_ONLY struct trv_type str_iterator_type = {
    .handle = str_iterator_handle,
    .name = "str_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct str_iterator),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.clear = iterator_clear, .iter = iterator_iter, .next = iterator_next},
    .methods = iterator_methods,
};

static TRV__READ_ONLY trv_object str_iterator_handle[1] = {TRV__TYPE_HANDLE(str_iterator_type)};

static trv_object *str_iter(trv_object *self)
{
    struct str_iterator *iterator = trv__object_new(&str_iterator_type, sizeof *iterator);

    if (!iterator)
        return NULL;
    iterator->str = trv_ref(self);
    iterator->at = 0;
    return (trv_object *)iterator;
}

/* The type -------------------------------------------------------------------------------------- */

static trv_object *construct_bound(const trv_args *args)
{
    trv_object *object = NULL, *encoding = NULL, *errors = NULL;
    const char *encoding_name = NULL, *errors_name = NULL;
    TRV__AUTO_BUFFER octets = {0};

    if (trv_parse(args, "|ooo", &object, &encoding, &errors) < 0 ||
        trv__text_argument(encoding, "str", "'encoding'", &encoding_name) < 0 ||
        trv__text_argument(errors, "str", "'errors'", &errors_name) < 0)
        return NULL;
    if (!object)
        return trv__str_empty();
    if (!encoding && !errors)
        return trv_str(object);
    if (trv__is_any_str(object))
        return trv_raise(trv_TypeError, "decoding str is not supported");
    if (!trv_buffer_check(object))
        return trv_raise(trv_TypeError, "decoding to str: need a bytes-like object, %s found",
                         trv_type_name(object));
    if (trv_buffer_acquire(object, &octets, 0) < 0)
        return NULL;
    return trv__decode(octets.data, octets.size, encoding_name, errors_name);
}

static const trv_function_spec call_spec = {
    .size = sizeof call_spec,
    .name = "str",
    .signature = "str(object=, encoding=, errors=): its text",
};

static trv_object *str_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count > 3)
        return trv_raise(trv_TypeError, "str() takes at most 3 arguments (%zu given)", args->count);
    return trv__call_bound(&call_spec, args, construct_bound);
}

TRV__READ_ONLY struct trv_type trv__str_type = {
    .handle = trv_str_type,
    .name = "str",
    .doc = "Text: a sequence of Unicode code points.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__str),
    .block_bytes = str_block_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_VALUE | TRV__TYPE_NO_WEAKREF | TRV__TYPE_PLAIN,
    .slots = {.destroy = str_destroy,
              .repr = trv__str_repr,
              .str = str_str,
              .hash = str_hash,
              .compare = str_compare,
              .truth = str_truth,
              .iter = str_iter,
              .length = str_length,
              .getitem = str_getitem,
              .contains = str_contains,
              .binary = str_binary},
    .methods = trv__str_methods,
    .class_methods = trv__str_class_methods,
    .construct = str_construct,
};

TRV__READ_ONLY trv_object trv_str_type[1] = {TRV__TYPE_HANDLE(trv__str_type)};
