/* SPDX-License-Identifier: MIT */
/*
 * Running a chunk of a map where its call runs; see chunk.h.
 */
#include "task/chunk.h"

struct chunk {
    trv_object *values;   /* a list */
    trv_object *failures; /* a dict, or NULL */
    trv_object *(*check)(trv_object *outcome);
};

static trv_object *checked(const struct chunk *chunk, trv_object *outcome)
{
    return chunk->check ? chunk->check(outcome) : trv_ref(outcome);
}

/* The pending exception is the item's. */
static int note_failure(struct chunk *chunk, int64_t index)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *fit = checked(chunk, error);
    trv_auto trv_object *key = trv_int_new(index);

    if (!fit)
        fit = trv_error_take();
    if (!key || (!chunk->failures && !(chunk->failures = trv_dict_new())) ||
        trv_dict_set(chunk->failures, key, fit) < 0)
        return -1;
    return trv_list_append(chunk->values, trv_none_new());
}

static int run_item(struct chunk *chunk, trv_object *callable, trv_object *item, int64_t index)
{
    trv_auto trv_object *result = NULL;
    trv_auto trv_object *fit = NULL;

    if (trv_checkpoint() < 0)
        return -1;
    result = trv_call_array(callable, &item, 1, NULL);
    if (result)
        fit = checked(chunk, result);
    return fit ? trv_list_append(chunk->values, fit) : note_failure(chunk, index);
}

static int run_items(struct chunk *chunk, trv_object *callable, trv_object *list)
{
    trv_object *const *items;
    size_t count;

    for (size_t i = 0; items = trv__list_items(list, &count), i < count; i++) {
        trv_auto trv_object *item = trv_ref(items[i]);
        if (run_item(chunk, callable, item, (int64_t)i) < 0)
            return -1;
    }
    return 0;
}

trv_object *trv__chunk_run(const trv_args *args, trv_object *(*check)(trv_object *outcome))
{
    struct chunk chunk = {.values = trv_list_new(), .check = check};
    int64_t began_ns = trv__clock_ns();
    trv_object *result = NULL, *callable, *list;

    if (chunk.values && trv_parse(args, "oo", &callable, &list) == 0 &&
        run_items(&chunk, callable, list) == 0)
        result = trv_build("(ool)", chunk.values, chunk.failures ? chunk.failures : trv_none_new(),
                           trv__clock_ns() - began_ns);
    trv_unref(chunk.values);
    trv_unref(chunk.failures);
    return result;
}

TRV_DEFINE_FUNCTION_(TRV__READ_ONLY, trv__chunk, "map_chunk(callable, items): each item's outcome")
{
    return trv__chunk_run(args, NULL);
}
