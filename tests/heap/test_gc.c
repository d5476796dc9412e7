/* SPDX-License-Identifier: MIT */
/*
 * The collector as programs see it: steps, figures of pauses, settings, setting aside, callbacks, and
 * what Python's debug flags do.
 */
#include "heap/node.h"

#include "heap/collect.h"

#include <math.h>

static void drop_old_cycle(void)
{
    trv_object *cycle = new_cycle_of(&node_type);

    collect(1);
    trv_unref(cycle);
}

/* The lists live as long as the runtime; the harness looks before. */
static void drop_lists(void)
{
    trv__gc_lists_drop(trv__current->objects);
    trv_gc_set_debug(0);
    collect(2);
}

/* Steps ------------------------------------------------------------------------------------------------ */

TEST(steps_collect_everything)
{
    size_t before = live_objects();
    int is_done = 0, steps = 0;

    for (int i = 0; i < 2000; i++)
        drop_old_cycle();
    for (; !is_done; steps++)
        ck_assert_int_eq(trv_gc_step(0, &is_done), 0);
    ck_assert_uint_eq(live_objects(), before);
    ck_assert_int_gt(steps, 3);
    ck_assert_int_eq(trv_gc_step(1, &is_done), 0);
    ck_assert_int_eq(is_done, 1);
}

TEST(a_step_with_time_does_it_at_once)
{
    size_t before = live_objects();
    int is_done;

    for (int i = 0; i < 100; i++)
        drop_old_cycle();
    ck_assert_int_eq(trv_gc_step(1000, &is_done), 0);
    ck_assert_int_eq(is_done, 1);
    ck_assert_uint_eq(live_objects(), before);
    ck_assert_int_eq(trv_gc_step(0, NULL), 0);
}

TEST(wrong_budgets)
{
    static const double wrong[] = {-1, -1e-300, NAN};

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        ck_assert_int_eq(trv_gc_step(wrong[i], NULL), -1);
        ck_assert_int_eq(trv_error_matches(trv_ValueError), 1);
        trv_error_clear();
    }
}

/* Figures ---------------------------------------------------------------------------------------------- */

TEST(pauses)
{
    trv_gc_pauses pauses;
    uint64_t sum = 0;

    trv_gc_pauses_reset();
    collect(0);
    collect(2);
    trv_gc_pauses_get(&pauses);
    ck_assert_uint_eq(pauses.count, 2);
    for (int i = 0; i < TRV_GC_PAUSE_BUCKETS; i++)
        sum += pauses.counts[i];
    ck_assert_uint_eq(sum, 2);
    ck_assert(pauses.longest > 0 && pauses.longest <= pauses.seconds);
    for (int i = 0; i < TRV_GC_PAUSE_BUCKETS - 1; i++) /* nothing took longer than the longest */
        ck_assert(!pauses.counts[i] || i == 0 || pauses.longest * 1e6 >= (double)(1 << (i - 1)));
}

TEST(settings)
{
    unsigned a, b, c;

    trv_gc_set_threshold(701, 11, 12);
    trv_gc_get_threshold(NULL, NULL, NULL);
    trv_gc_get_count(NULL, NULL, NULL);
    trv_gc_get_threshold(&a, &b, &c);
    ck_assert_uint_eq(a, 701);
    ck_assert_uint_eq(b, 11);
    ck_assert_uint_eq(c, 12);
    collect(2);
    trv_gc_get_count(&a, &b, &c);
    ck_assert_uint_eq(a + b + c, 0);
    collect(0);
    collect(0);
    trv_gc_get_count(&a, &b, &c);
    ck_assert_uint_eq(b, 2);
    collect(1);
    trv_gc_get_count(&a, &b, &c);
    ck_assert_uint_eq(b, 0);
    ck_assert_uint_eq(c, 1);
}

/* Untracking ------------------------------------------------------------------------------------------- */

/* As in Python: the first collection that sees them lets go of tuples that hold nothing but values. */
TEST(tuples_of_values_are_untracked)
{
    for (int generation = 0; generation < 3; generation++) {
        trv_object *values = trv_build("((i s) (i (i i)) o)", 1, "x", 2, 3, 4, trv_list_type);
        trv_object *list = trv_list_new(), *items[100], *holder, *large;
        trv_auto trv_object *inner = trv_build("(i)", 1);
        EXPECT(values && list && inner);
        for (int i = 0; i < 100; i++)
            items[i] = inner;
        large = trv_tuple_new(items, 100);
        holder = trv_build("(i o)", 1, list);
        EXPECT(holder && trv_list_append(list, holder) == 0);
        ck_assert_int_eq(trv_gc_is_tracked(inner), 0);
        collect(generation);
        ck_assert_int_eq(trv_gc_is_tracked(values), 0);
        ck_assert_int_eq(trv_gc_is_tracked(large), 0);
        ck_assert_int_eq(trv_gc_is_tracked(holder), 1);
        trv_unref(large);
        trv_unref(values);
        trv_unref(list);
        trv_unref(holder);
        ck_assert_uint_eq(collect(2), 2);
    }
}

static int is_tracked_take(trv_object *dict)
{
    int is_tracked = trv_gc_is_tracked(dict);

    EXPECT(dict != NULL);
    trv_unref(dict);
    return is_tracked;
}

/* As in Python: a dict is tracked from the first key or value on that may be part of a cycle; its copies are
 * as it is. */
TEST(dicts_are_tracked_late)
{
    trv_auto trv_object *values = trv_build("(i i)", 1, 2);
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *holder = trv_build("(o)", list);
    trv_object *harmless[] = {trv_int_type, values, trv_dict_type};
    trv_object *others[] = {list, holder};

    collect(0);
    ck_assert_int_eq(is_tracked_take(trv_dict_new()), 0);
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *dict = trv_build("{s:o,o:i}", "a", harmless[i], harmless[i], 1);
        ck_assert_int_eq(trv_gc_is_tracked(dict), 0);
        ck_assert_int_eq(is_tracked_take(trv_call_method(dict, "copy", NULL)), 0);
    }
    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *dict = trv_build("{s:i}", "a", 1);
        trv_auto trv_object *other = trv_dict_new();
        EXPECT(trv_dict_set_str(dict, "a", others[i]) == 0);
        ck_assert_int_eq(trv_gc_is_tracked(dict), 1);
        ck_assert_int_eq(is_tracked_take(trv_call_method(dict, "copy", NULL)), 1);
        EXPECT(trv_dict_update(other, dict) == 0);
        ck_assert_int_eq(trv_gc_is_tracked(other), 1);
        EXPECT(trv_dict_clear(dict) == 0);
        ck_assert_int_eq(trv_gc_is_tracked(dict), 1);
    }
}

/* Whichever way the dict comes into itself. */
TEST(late_tracked_dicts_are_collected)
{
    collect(2);
    for (int way = 0; way < 4; way++) {
        trv_object *dict = trv_build("{i:i}", 0, 1), *other = trv_dict_new(), *result = NULL;
        trv_auto trv_object *key = trv_int_new(way > 2);
        EXPECT(dict && other && key);
        collect(way % 3);
        EXPECT(trv_dict_set(other, key, dict) == 0);
        if (way == 0)
            EXPECT(trv_dict_set(dict, key, dict) == 0);
        else if (way == 1)
            EXPECT(trv_dict_update(dict, other) == 0);
        else if (way == 2)
            EXPECT(trv_dict_clear(dict) == 0 && trv_dict_update(dict, other) == 0);
        else
            EXPECT((result = trv_call_method(dict, "setdefault", "(o o)", key, dict)) != NULL);
        ck_assert_int_eq(trv_gc_is_tracked(dict), 1);
        trv_unref(result);
        trv_unref(other);
        trv_unref(dict);
        ck_assert_uint_eq(collect(2), 1);
    }
}

/* Setting aside ---------------------------------------------------------------------------------------- */

TEST(what_is_set_aside_is_not_collected)
{
    trv_object *old = new_cycle_of(&node_type), *middle, *young, *items[100], *large;
    size_t before = live_objects() - 2, frozen;

    collect(2);
    middle = new_cycle_of(&node_type);
    collect(0);
    young = new_cycle_of(&node_type);
    for (int i = 0; i < 100; i++)
        items[i] = young;
    large = trv_tuple_new(items, 100);
    ck_assert_uint_eq(trv_gc_freeze_count(), 0);
    ck_assert_int_eq(trv_gc_freeze(), 0);
    frozen = trv_gc_freeze_count();
    ck_assert_uint_ge(frozen, 7);
    trv_unref(old);
    trv_unref(middle);
    trv_unref(young);
    as_node(old)->links[1] = large;
    for (int generation = 0; generation < 3; generation++)
        ck_assert_uint_eq(collect(generation), 0);
    ck_assert_int_eq(trv_gc_step(1000, NULL), 0);
    ck_assert_uint_eq(trv_gc_freeze_count(), frozen);
    ck_assert_int_eq(trv_gc_is_tracked(old), 1);
    ck_assert_int_eq(trv_gc_unfreeze(), 0);
    ck_assert_uint_eq(trv_gc_freeze_count(), 0);
    ck_assert_uint_eq(collect(1), 0);
    ck_assert_uint_eq(collect(2), 7);
    ck_assert_uint_eq(live_objects(), before);
}

static int refused;

static void freeze_in_finalizer(struct node *node)
{
    (void)node;
    refused += trv_gc_freeze() < 0 && trv_error_matches(trv_RuntimeError);
    trv_error_clear();
    refused += trv_gc_unfreeze() < 0 && trv_error_matches(trv_RuntimeError);
    trv_error_clear();
}

TEST(not_from_within_a_collection)
{
    on_finalize = freeze_in_finalizer;
    trv_unref(new_cycle_of(&final_node_type));
    collect(2);
    ck_assert_int_eq(refused, 4);
}

/* Callbacks -------------------------------------------------------------------------------------------- */

static char told[4096];

static trv_object *note(const trv_args *args)
{
    trv_auto trv_object *info = trv_str(args->items[1]);
    const char *phase = trv_str_utf8(args->items[0], NULL), *text, *end;

    if (!info)
        return NULL;
    text = trv_str_utf8(info, NULL);
    end = strstr(text, ", 'seconds'");
    EXPECT((end != NULL) == (strcmp(phase, "stop") == 0));
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s %.*s;", phase,
             (int)(end ? end - text : (ptrdiff_t)strlen(text) - 1), text);
    return trv_none_new();
}

static trv_object *complain(const trv_args *args)
{
    (void)args;
    return trv_raise(trv_ValueError, "I am told too much");
}

TEST(callbacks_are_told)
{
    trv_object *callbacks = trv_gc_callbacks(), *again = trv_gc_callbacks();
    trv_auto trv_object *first = trv_function_new(complain, "complain", NULL);
    trv_auto trv_object *second = trv_function_new(note, "note", NULL);

    ck_assert_ptr_eq(callbacks, again);
    trv_gc_disable();
    ck_assert_int_eq(trv_list_append(callbacks, first), 0);
    ck_assert_int_eq(trv_list_append(callbacks, second), 0);
    trv_unref(new_cycle_of(&node_type));
    collect(0);
    ck_assert_str_eq(told, "start {'generation': 0, 'collected': 0, 'uncollectable': 0;"
                           "stop {'generation': 0, 'collected': 2, 'uncollectable': 0;");
    ck_assert_int_eq(trv_error_occurred(), 0);
    drop_old_cycle();
    told[0] = 0;
    ck_assert_int_eq(trv_gc_step(1000, NULL), 0);
    ck_assert_str_eq(told, "start {'generation': 1, 'collected': 0, 'uncollectable': 0;"
                           "stop {'generation': 1, 'collected': 0, 'uncollectable': 0;"
                           "start {'generation': 2, 'collected': 0, 'uncollectable': 0;"
                           "stop {'generation': 2, 'collected': 2, 'uncollectable': 0;");
    ck_assert_int_eq(trv_list_clear(callbacks), 0);
    told[0] = 0;
    collect(2);
    ck_assert_str_eq(told, "");
    trv_unref(again);
    trv_unref(callbacks);
    drop_lists();
}

/* Debugging -------------------------------------------------------------------------------------------- */

TEST(garbage_is_kept)
{
    trv_object *garbage = trv_gc_garbage();
    trv_object *cycle = new_cycle_of(&final_node_type);
    size_t count;

    ck_assert_uint_eq(trv_gc_get_debug(), 0);
    trv_gc_disable();
    trv_gc_set_debug(TRV_GC_DEBUG_SAVEALL);
    ck_assert_uint_eq(trv_gc_get_debug(), 32);
    trv_unref(cycle);
    ck_assert_uint_eq(collect(2), 2);
    ck_assert_int_eq(trv_len(garbage, &count), 0);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(trv_contains(garbage, cycle), 1);
    ck_assert_int_eq(trv_gc_is_finalized(cycle), 1);
    trv_gc_set_debug(0);
    ck_assert_uint_eq(collect(2), 0);
    ck_assert_int_eq(trv_list_clear(garbage), 0);
    ck_assert_uint_eq(collect(2), 2);
    trv_unref(garbage);
    drop_lists();
}

TEST(garbage_of_steps_is_kept)
{
    trv_object *garbage = trv_gc_garbage();
    size_t count;

    trv_gc_disable();
    drop_old_cycle();
    trv_gc_set_debug(TRV_GC_DEBUG_LEAK | TRV_GC_DEBUG_STATS);
    ck_assert_int_eq(trv_gc_step(1000, NULL), 0);
    ck_assert_int_eq(trv_len(garbage, &count), 0);
    ck_assert_uint_eq(count, 2);
    trv_unref(garbage);
    drop_lists();
}

/* Whatever fails to be told or kept, the collection goes on. */
TEST(memory_runs_out_while_telling)
{
    trv_object *callbacks = trv_gc_callbacks();
    trv_auto trv_object *callback = trv_function_new(note, "note", NULL);
    bool struck = true;

    trv_gc_disable();
    ck_assert_int_eq(trv_list_append(callbacks, callback), 0);
    for (uint64_t nth = 1; struck && nth < 200; nth++) {
        trv_unref(new_cycle_of(&node_type));
        told[0] = 0;
        trv_gc_set_debug(TRV_GC_DEBUG_SAVEALL);
        trv__fault_arm(nth);
        collect(2);
        struck = trv__fault_struck();
        trv__fault_arm(0);
        trv_gc_set_debug(0);
        ck_assert_int_eq(trv_error_occurred(), 0);
    }
    trv_unref(callbacks);
    drop_lists();
}

TEST_LIST(RUN(steps_collect_everything), RUN(a_step_with_time_does_it_at_once), RUN(wrong_budgets),
          RUN(pauses), RUN(settings), RUN(dicts_are_tracked_late),
          RUN(late_tracked_dicts_are_collected), RUN(tuples_of_values_are_untracked),
          RUN(what_is_set_aside_is_not_collected), RUN(not_from_within_a_collection),
          RUN(callbacks_are_told), RUN(garbage_is_kept), RUN(garbage_of_steps_is_kept),
          RUN(memory_runs_out_while_telling))
