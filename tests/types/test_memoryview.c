/* SPDX-License-Identifier: MIT */
/*
 * Memory views, and types of a program's own that offer their memory.
 */
#include "object/expect.h"
#include "types/exhaust.h"

/* Three ints, which say how often they are being looked at. */
struct numbers {
    int values[3], in_use;
    trv_object *other;
};

static trv_object *numbers_type;

static int numbers_acquire(trv_object *self, trv_buffer *buffer, unsigned flags)
{
    struct numbers *numbers = trv_data(self, numbers_type);

    if (flags & ~(unsigned)(TRV_BUFFER_WRITABLE | TRV_BUFFER_STRIDED))
        return trv_raise_int(trv_BufferError, "what is asked for is unknown");
    buffer->data = numbers->values;
    buffer->size = sizeof numbers->values;
    buffer->format = "i";
    buffer->itemsize = sizeof(int);
    numbers->in_use++;
    return 0;
}

static void numbers_release(trv_object *self, trv_buffer *buffer)
{
    struct numbers *numbers = trv_data(self, numbers_type);

    ck_assert_ptr_eq(buffer->data, numbers->values);
    numbers->in_use--;
}

static int numbers_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct numbers *numbers = trv_data(self, numbers_type);

    return numbers->other ? visit(numbers->other, argument) : 0;
}

static void numbers_clear(trv_object *self)
{
    trv_clear(&((struct numbers *)trv_data(self, numbers_type))->other);
}

static trv_object *make_numbers(void)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Numbers",
                          .data_size = sizeof(struct numbers),
                          .slots = {.acquire_buffer = numbers_acquire,
                                    .release_buffer = numbers_release,
                                    .traverse = numbers_traverse,
                                    .clear = numbers_clear}};
    trv_object *made;
    struct numbers *numbers;

    numbers_type = trv_type_new(&spec);
    made = trv_call(numbers_type, "");
    trv_unref(numbers_type);
    ck_assert_ptr_nonnull(made);
    numbers = trv_data(made, numbers_type);
    for (int i = 0; i < 3; i++)
        numbers->values[i] = 10 * i;
    return made;
}

static trv_object *call(trv_object *object, const char *method)
{
    trv_auto trv_object *function = trv_getattr(object, method);

    return function ? trv_call(function, "") : NULL;
}

static trv_object *slice_of(trv_object *view, int start, int step)
{
    trv_auto trv_object *first = trv_int_new(start), *by = trv_int_new(step),
                        *none = trv_none_new();
    trv_auto trv_object *slice = trv_slice_new(first, none, by);

    return trv_getitem(view, slice);
}

TEST(a_type_of_ones_own_shows_its_memory)
{
    trv_auto trv_object *object = make_numbers(), *view = trv_memoryview_new(object);
    trv_auto trv_object *every_other = slice_of(view, 0, 2), *index = trv_int_new(1),
                        *seven = trv_int_new(7);
    struct numbers *numbers = trv_data(object, numbers_type);

    ck_assert_int_eq(numbers->in_use, 1);
    expect_repr(call(view, "tolist"), "[0, 10, 20]");
    expect_repr(call(every_other, "tolist"), "[0, 20]");
    ck_assert_int_eq(trv_setitem(every_other, index, seven), 0);
    ck_assert_int_eq(numbers->values[2], 7);
    trv_unref(call(view, "release"));
    ck_assert_int_eq(numbers->in_use, 1);
    trv_clear(&every_other);
    ck_assert_int_eq(numbers->in_use, 0);
    EXPECT_NULL(call(view, "tolist"), trv_ValueError,
                "operation forbidden on released memoryview object");
}

static trv_object *hashed_view;

TRV_STATIC_FUNCTION(release_and_hash, "__hash__(self)")
{
    trv_unref(call(hashed_view, "release"));
    return trv_error_occurred() ? NULL : trv_int_new(1);
}

/* The owner's hash, which goes before the view's own, lets go of the memory. */
TEST(a_view_is_not_released_while_it_is_hashed)
{
    trv_auto trv_object *names = trv_build("{s:o}", "__hash__", release_and_hash);
    trv_auto trv_object *class_ = trv_class_new("Octets", trv_bytes_type, names);
    trv_auto trv_object *owner = trv_call(class_, "y", "some octets", (size_t)11);
    int64_t hash;

    hashed_view = trv_memoryview_new(owner);
    trv_clear(&owner);
    EXPECT_MINUS(trv_hash(hashed_view, &hash), trv_BufferError, "memoryview has 1 exported buffer");
    trv_unref(call(hashed_view, "release"));
    trv_clear(&hashed_view);
}

TEST(buffers_are_as_was_asked)
{
    trv_auto trv_object *bytes = trv_bytes_new("abcd", 4), *view = trv_memoryview_new(bytes);
    trv_auto trv_object *every_other = slice_of(view, 0, 2), *text = trv_str_new("text");
    trv_buffer buffer = {0};

    EXPECT_MINUS(trv_buffer_acquire(bytes, &buffer, TRV_BUFFER_WRITABLE), trv_BufferError,
                 "Object is not writable.");
    EXPECT_MINUS(trv_buffer_acquire(every_other, &buffer, 0), trv_BufferError,
                 "memoryview: underlying buffer is not C-contiguous");
    EXPECT_MINUS(trv_buffer_acquire(text, &buffer, 0), trv_TypeError,
                 "a bytes-like object is required, not 'str'");
    ck_assert_int_eq(trv_buffer_check(text), 0);
    ck_assert_int_eq(trv_buffer_acquire(every_other, &buffer, TRV_BUFFER_STRIDED), 0);
    ck_assert_int_eq((int)buffer.stride, 2);
    ck_assert_uint_eq(buffer.size, 2);
    EXPECT_NULL(call(every_other, "release"), trv_BufferError, "memoryview has 1 exported buffer");
    trv_buffer_release(&buffer);
    trv_unref(call(every_other, "release"));
    EXPECT_MINUS(trv_buffer_acquire(every_other, &buffer, 0), trv_ValueError,
                 "operation forbidden on released memoryview object");
}

static trv_object *shaped(trv_object *view, int rows, int columns)
{
    trv_auto trv_object *function = trv_getattr(view, "cast");

    return trv_call(function, "s[i i]", "B", rows, columns);
}

/* A buffer has one dimension: of a view of two it is the items in order, and a copy if they lie apart. */
TEST(buffers_of_several_dimensions)
{
    trv_auto trv_object *array = trv_bytearray_new("abcdef", 6), *view = trv_memoryview_new(array);
    trv_auto trv_object *table = shaped(view, 3, 2), *every_other = slice_of(table, 0, 2);
    trv_buffer buffer = {0};

    ck_assert_uint_gt(trv_sizeof(table), trv_sizeof(view));
    ck_assert_int_eq(trv_buffer_acquire(table, &buffer, TRV_BUFFER_WRITABLE), 0);
    ck_assert_uint_eq(buffer.size, 6);
    *(char *)buffer.data = 'A';
    trv_buffer_release(&buffer);
    ck_assert_int_eq(trv_buffer_acquire(every_other, &buffer, TRV_BUFFER_STRIDED), 0);
    ck_assert_uint_eq(buffer.size, 4);
    ck_assert_int_eq(buffer.stride, 1);
    ck_assert_int_eq(memcmp(buffer.data, "Abef", 4), 0);
    EXPECT_NULL(call(every_other, "release"), trv_BufferError, "memoryview has 1 exported buffer");
    trv_buffer_release(&buffer);
    EXPECT_MINUS(trv_buffer_acquire(every_other, &buffer, 0), trv_BufferError,
                 "memoryview: underlying buffer is not C-contiguous");
    EXPECT_MINUS(trv_buffer_acquire(every_other, &buffer, TRV_BUFFER_STRIDED | TRV_BUFFER_WRITABLE),
                 trv_BufferError, "Object is not writable.");
    trv_unref(call(every_other, "release"));
}

TEST(a_block_releases_the_view)
{
    trv_auto trv_object *array = trv_bytearray_new("abc", 3), *view = trv_memoryview_new(array);

    TRV_WITH(view)
        EXPECT_MINUS(trv_bytearray_resize(array, 0), trv_BufferError,
                     "Existing exports of data: object cannot be re-sized");
    ck_assert_int_eq(trv_bytearray_resize(array, 0), 0);
}

TEST(cycles_through_a_view_are_found)
{
    trv_object *object = make_numbers(), *view = trv_memoryview_new(object);
    struct numbers *numbers = trv_data(object, numbers_type);
    size_t found;

    numbers->other = view;
    trv_unref(object);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_ge(found, 2);
}

TEST(out_of_memory)
{
    trv_auto trv_object *array = trv_bytearray_new("octets", 6), *view = trv_memoryview_new(array);
    trv_auto trv_object *bytes = trv_bytes_new("x", 1), *shown = NULL;
    trv_auto trv_object *table = shaped(view, 3, 2), *apart = slice_of(table, 0, 2);
    trv_auto trv_object *place = trv_build("(i i)", 1, -1);

    EXHAUST(trv_memoryview_new(array));
    EXHAUST(shaped(view, 2, 3));
    EXHAUST(slice_of(table, 1, 1));
    EXHAUST(call(apart, "tolist"));
    EXHAUST(call(apart, "tobytes"));
    EXHAUST(trv_getattr(table, "shape"));
    EXHAUST(trv_getattr(table, "strides"));
    EXHAUST(trv_getitem(apart, place));
    EXHAUST(trv_call(trv_bytes_type, "o", apart));
    EXHAUST(trv_call(trv_bytearray_type, "o", apart));
    EXHAUST(slice_of(view, 0, -1));
    EXHAUST(call(view, "tolist"));
    EXHAUST(call(view, "tobytes"));
    EXHAUST(call(view, "hex"));
    EXHAUST(trv_iter(view));
    EXHAUST(trv_repr(view));
    shown = trv_memoryview_new(bytes);
    ck_assert_int_eq(trv_equal(shown, bytes), 1);
}

TEST_LIST(RUN(a_type_of_ones_own_shows_its_memory), RUN(a_view_is_not_released_while_it_is_hashed),
          RUN(buffers_are_as_was_asked), RUN(buffers_of_several_dimensions),
          RUN(a_block_releases_the_view), RUN(cycles_through_a_view_are_found), RUN(out_of_memory))
