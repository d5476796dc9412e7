/* SPDX-License-Identifier: MIT */
/*
 * Chunks of a map whose lists and dicts are found and changed, here and in the worker: what is being looked at
 * stays, and the map ends early at worst.
 */
#include "processes/pool_support.h"

#include "object/wreck.h"

#define ITEMS 4

static trv_object *boxes; /* a class: what is in a list of its instances is found */

static trv_object *new_box(int number)
{
    trv_auto trv_object *box = trv_call(boxes, ""), *value = trv_int_new(number);

    ck_assert_int_eq(trv_setattr(box, "number", value), 0);
    return trv_steal(&box);
}

static trv_object *new_boxes(void)
{
    trv_auto trv_object *list = trv_list_new();

    for (int i = 0; i < ITEMS; i++) {
        trv_auto trv_object *box = new_box(i);
        ck_assert_int_eq(trv_list_append(list, box), 0);
    }
    return trv_steal(&list);
}

static trv_object *map_in_a_chunk(trv_object *pool, trv_object *callable)
{
    const trv_map_options options = {.size = sizeof options, .chunk = ITEMS};
    trv_auto trv_object *list = new_boxes();

    return trv_map(pool, callable, list, &options);
}

TRV_STATIC_FUNCTION(wreck_and_tell, "wreck_and_tell(box): its number, when nobody's list has it")
{
    trv_auto trv_object *others = NULL;

    wreck_lists();
    others = new_boxes();
    return trv_getattr(args->items[0], "number");
}

TEST(an_item_stays_while_it_is_worked_on)
{
    trv_object *pool, *map, *item = NULL;

    boxes = trv_class_new("Box", NULL, NULL);
    pool = new_pool(1, 0);
    map = map_in_a_chunk(pool, wreck_and_tell);
    ck_assert_int_eq(trv_next(map, &item), 1);
    ck_assert_int_eq(int_of(item), 0);
    ck_assert_int_eq(trv_next(map, &item), 0);
    trv_unref(map);
    end_pool(&pool);
    trv_clear(&boxes);
}

/* A key that looks like the int 1 until it is compared, which takes all lists away, here and not there. */
static trv_object *key_type;
static bool is_armed;

TRV_STATIC_FUNCTION(hash_of_one, "__hash__(self)")
{
    trv_auto trv_object *one = trv_int_new(1);
    int64_t hash;

    return trv_hash(one, &hash) < 0 ? NULL : trv_int_new(hash);
}

TRV_STATIC_FUNCTION(wreck_when_compared, "__eq__(self, other)")
{
    if (is_armed)
        wreck_lists();
    return trv_bool_new(0);
}

/* The dict of a chunk's failures, by what it has under 2: the exception of the third item. */
static bool is_of_failures(trv_object *object)
{
    trv_auto trv_object *two = trv_int_new(2), *found = NULL;

    return trv_isinstance(object, trv_dict_type) == 1 && trv_dict_get(object, two, &found) == 1 &&
           trv_isinstance(found, trv_ValueError) == 1;
}

static int spoil_failures(void)
{
    trv_auto trv_object *all = trv_gc_objects(-1), *key = trv_call(key_type, "");
    int spoiled = 0;

    TRV_FOR(object, all)
        if (is_of_failures(object) && trv_dict_set(object, key, trv_none_new()) == 0)
            spoiled++;
    return spoiled;
}

TRV_STATIC_FUNCTION(fail_and_spoil, "fail_and_spoil(box): the third fails, the last adds a failure")
{
    trv_auto trv_object *number = trv_getattr(args->items[0], "number");
    int64_t value = -1;

    if (trv_int_get(number, &value) < 0)
        return NULL;
    if (value == 2)
        return trv_raise(trv_ValueError, "the third");
    ck_assert(value != 3 || spoil_failures() == 1);
    return trv_ref(args->items[0]);
}

TEST(results_are_not_read_from_where_they_were)
{
    trv_auto trv_object *names =
        trv_build("{s:o, s:o}", "__hash__", hash_of_one, "__eq__", wreck_when_compared);
    trv_object *pool, *map, *item = NULL;

    boxes = trv_class_new("Box", NULL, NULL);
    key_type = trv_class_new("Key", NULL, names);
    ck_assert_int_eq(trv_pickle_register_name(boxes, "tests", "Box"), 0);
    ck_assert_int_eq(trv_pickle_register_name(key_type, "tests", "Key"), 0);
    pool = new_pool(1, 0);
    map = map_in_a_chunk(pool, fail_and_spoil);
    ck_assert_int_eq(trv_next(map, &item), 1);
    trv_unref(item);
    is_armed = true;
    ck_assert_int_eq(trv_next(map, &item), 0);
    trv_unref(map);
    end_pool(&pool);
    ck_assert_int_eq(trv_pickle_forget(boxes), 0);
    ck_assert_int_eq(trv_pickle_forget(key_type), 0);
    trv_clear(&key_type);
    trv_clear(&boxes);
}

TEST_LIST(RUN(an_item_stays_while_it_is_worked_on), RUN(results_are_not_read_from_where_they_were))
