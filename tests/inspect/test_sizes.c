/* SPDX-License-Identifier: MIT */
/*
 * Sizes: what an object says it takes is what the heap gave for it; statistics by size of block.
 */
#include "object/expect.h"
#include "types/exhaust.h"

static size_t live_bytes(void)
{
    trv_heap_stats stats;

    trv_heap_stats_get(&stats);
    return stats.live_bytes;
}

static trv_object *held; /* refers to nothing, and is in what is made */

static trv_object *nothing(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

static trv_object *make_int(void)
{
    return trv_int_new(123456789);
}

static trv_object *make_big(void)
{
    return trv_int_parse("123456789123456789123456789123456789123456789", 10);
}

static trv_object *make_float(void)
{
    return trv_float_new(1.5);
}

static trv_object *make_str(void)
{
    return trv_str_new("of a length that is no multiple of eight");
}

static trv_object *make_bytes(void)
{
    return trv_bytes_new(NULL, 1001);
}

static trv_object *make_tuple(void)
{
    return trv_tuple_new((trv_object *[]){held, held, held}, 3);
}

static trv_object *make_list_of(int count)
{
    trv_object *list = trv_list_new();

    for (int i = 0; i < count; i++)
        ck_assert_int_eq(trv_list_append(list, held), 0);
    return list;
}

static trv_object *make_list(void)
{
    return make_list_of(13);
}

static trv_object *make_long_list(void)
{
    return make_list_of(3000);
}

static trv_object *make_dict(void)
{
    trv_object *dict = trv_dict_new();

    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *key = trv_int_new(i);
        ck_assert_int_eq(trv_dict_set(dict, key, held), 0);
    }
    return dict;
}

static trv_object *make_sparse_dict(void)
{
    trv_object *dict = trv_dict_new();

    for (int i = 0; i < 250; i += 3) {
        trv_auto trv_object *key = trv_int_new(i);
        ck_assert_int_eq(trv_dict_set(dict, key, held), 0);
    }
    return dict;
}

static trv_object *make_set(void)
{
    trv_auto trv_object *range = trv_range_new(0, 30, 1);

    return trv_set_from(range);
}

static trv_object *make_function(void)
{
    return trv_function_new(nothing, "nothing(a, b): text", held);
}

static trv_object *make_capsule(void)
{
    return trv_capsule_new(held, "name", NULL);
}

static trv_object *make_range(void)
{
    return trv_range_new(0, 10, 1);
}

static trv_object *make_slice(void)
{
    return trv_slice_new(NULL, NULL, NULL);
}

static trv_object *make_weakref(void)
{
    return trv_weakref_new(held, NULL);
}

static trv_object *make_iterator(void)
{
    return trv_iter(held);
}

static trv_object *make_queue(void)
{
    return trv_queue_new(0);
}

TEST(every_type_says_what_the_heap_gave)
{
    static trv_object *(*const makers[])(void) = {
        make_int,     make_big,       make_float,  make_str,         make_bytes,    make_tuple,
        make_list,    make_long_list, make_dict,   make_sparse_dict, make_set,      make_function,
        make_capsule, make_range,     make_slice,  make_weakref,     make_iterator, make_queue,
        trv_list_new, trv_dict_new,   trv_set_new, trv_lock_new,     trv_event_new, trv_local_new};

    held = trv_list_new();
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        trv_object *made;
        size_t before;
        trv_unref(makers[i]()); /* what is made once */
        before = live_bytes();
        made = makers[i]();
        ck_assert_msg(live_bytes() - before == trv_sizeof(made), "%s: %zu, not %zu",
                      trv_type_name(made), live_bytes() - before, trv_sizeof(made));
        trv_unref(made);
        ck_assert_uint_eq(live_bytes(), before);
    }
    trv_unref(held);
}

TEST(a_total_counts_each_object_once)
{
    trv_auto trv_object *text = trv_str_new("a text that is no constant, and long enough");
    trv_object *list, *outer;
    size_t before = live_bytes(), total, items;

    list = trv_build("[o o d]", text, text, 1.5);
    outer = trv_build("[o o {s:o}]", list, list, "k", list);
    ck_assert_int_eq(trv_list_append(list, outer), 0);
    ck_assert_int_eq(trv_total_size(outer, &total), 0);
    items = trv_sizeof(text);
    ck_assert_uint_ge(total, live_bytes() - before + items);
    ck_assert_int_eq(trv_list_clear(list), 0);
    trv_unref(list);
    trv_unref(outer);
    EXPECT_MINUS(trv_total_size(NULL, &total), trv_SystemError,
                 "trv_total_size was given NULL, and no exception is pending");
    ck_assert_uint_eq(trv_sizeof(NULL), 0);
}

static size_t used_of(size_t block_bytes)
{
    trv_heap_class classes[64];
    size_t count = trv_heap_classes(classes, 64);

    ck_assert_uint_le(count, 64);
    for (size_t i = 0; i < count; i++)
        if (classes[i].block_bytes == block_bytes)
            return classes[i].used;
    return 0;
}

TEST(classes_are_counted)
{
    trv_object *floats[100];
    size_t before = used_of(24), bytes = 0, count;
    trv_heap_class classes[64];
    trv_heap_stats stats;

    for (int i = 0; i < 100; i++)
        floats[i] = trv_float_new(i);
    ck_assert_uint_eq(used_of(24), before + 100);
    count = trv_heap_classes(classes, 64);
    for (size_t i = 0; i < count; i++)
        bytes += classes[i].used * classes[i].block_bytes;
    trv_heap_stats_get(&stats);
    ck_assert_uint_eq(bytes, stats.pool_bytes);
    ck_assert_uint_eq(trv_heap_classes(NULL, 0), count);
    for (int i = 0; i < 100; i++)
        trv_unref(floats[i]);
    ck_assert_uint_eq(used_of(24), before);
}

TEST(the_text_has_all_figures)
{
    trv_auto trv_object *number = trv_float_new(1.5);
    trv_auto trv_object *text = trv_heap_text();
    const char *utf8 = trv_str_utf8(text, NULL);

    ck_assert_ptr_nonnull(utf8);
    ck_assert_ptr_nonnull(strstr(utf8, "blocks in use"));
    ck_assert_ptr_nonnull(strstr(utf8, "\n   24 "));
    ck_assert_ptr_nonnull(strstr(utf8, " arenas of "));
    EXHAUST(trv_heap_text());
}

TEST_LIST(RUN(every_type_says_what_the_heap_gave), RUN(a_total_counts_each_object_once),
          RUN(classes_are_counted), RUN(the_text_has_all_figures))
