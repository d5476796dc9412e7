/* SPDX-License-Identifier: MIT */
/*
 * trv_map: a call for each item of an input, and an iterator over the results in the input's order.
 *
 * The input is read lazily: so many calls are submitted ahead of the result that is asked for as the
 * look-ahead says, however long the input is. The inline executor looks ahead by one, so that nothing
 * runs before its result is asked for. Elsewhere the first calls are submitted by trv_map itself.
 *
 * An input or a submission that fails ends the input; the results of what was submitted before come
 * first, then the exception. An exception of a call, a timeout or a cancellation ends the iterator, as
 * it ends a generator in Python. However it ends, calls that have not begun are cancelled, and what
 * the others raise is dropped with their results.
 *
 * Invariant: `futures` holds the futures of the calls whose results were not asked for yet, in order.
 * The input is a user's code, so the iterator refuses to be entered while it reads or submits.
 */
#include "task/task.h"

#define LOOKAHEAD_LEAST (TRV_TINY ? 2 : 64)
#define LOOKAHEAD_PER_WORKER (TRV_TINY ? 1 : 4)

struct map {
    TRV__HEAD;
    trv_object *executor; /* these three are NULL once the input has ended */
    trv_object *callable;
    trv_object *input;
    trv_object
        *failure; /* the exception that ended the input, to be raised after the last result */
    int64_t deadline_ns;
    size_t lookahead;
    trv_object **futures; /* a ring of `lookahead` */
    size_t first, count;
    bool is_busy; /* somebody is in it */
};

static struct map *map_of(trv_object *object)
{
    return (struct map *)(void *)object;
}

/* The ring -------------------------------------------------------------------------------------- */

static trv_object *take_first(struct map *map)
{
    trv_object *future = map->futures[map->first];

    map->first = (map->first + 1) % map->lookahead;
    map->count--;
    return future;
}

/* Nobody will ask for what is left: cancels what has not begun. */
static void abandon(struct map *map)
{
    while (map->count) {
        trv_object *future = take_first(map);
        struct trv__future *abandoned = (struct trv__future *)(void *)future;
        abandoned->was_observed = true;
        if (abandoned->state == TRV__PENDING)
            (void)trv_future_cancel(future);
        trv_unref(future);
    }
}

/* The input ------------------------------------------------------------------------------------- */

static void end_input(struct map *map)
{
    trv_clear(&map->executor);
    trv_clear(&map->callable);
    trv_clear(&map->input);
}

/* Submits the call for the next item. False if there was none, or it failed. */
static bool submit_next(struct map *map)
{
    trv_auto trv_object *item = NULL;
    trv_object *future;

    if (trv_next(map->input, &item) <= 0)
        return false;
    if (!(future = trv_submit_array(map->executor, map->callable, &item, 1, NULL)))
        return false;
    map->futures[(map->first + map->count++) % map->lookahead] = future;
    return true;
}

static void look_ahead(struct map *map)
{
    while (map->input && map->count < map->lookahead)
        if (!submit_next(map)) {
            map->failure = trv_error_take();
            end_input(map);
        }
}

/* The iterator ---------------------------------------------------------------------------------- */

static int raise_failure(struct map *map)
{
    trv_auto trv_object *failure = trv_steal(&map->failure);

    if (!failure)
        return 0;
    trv_error_restore(failure);
    return -1;
}

/* The result of the first call, waiting for it. */
static trv_object *first_result(struct map *map)
{
    trv_auto trv_object *future = take_first(map);
    struct trv__future *first = (struct trv__future *)(void *)future;
    int answer = trv__future_wait(first, map->deadline_ns, "map", __builtin_return_address(0));

    if (answer > 0)
        return trv__future_outcome(first);
    first->was_observed = true;
    if (first->state == TRV__PENDING)
        (void)trv_future_cancel(future);
    return answer ? NULL : trv_raise(trv_TimeoutError, "a result of the map was not there in time");
}

static int next_result(struct map *map, trv_object **item)
{
    trv_object *error;

    look_ahead(map);
    if (!map->count)
        return raise_failure(map);
    if ((*item = first_result(map)))
        return 1;
    error = trv_error_take();
    end_input(map);
    trv_clear(&map->failure);
    abandon(map);
    trv__error_give(error);
    return -1;
}

static int map_next(trv_object *self, trv_object **item)
{
    struct map *map = map_of(self);
    int answer;

    *item = NULL;
    if (map->is_busy)
        return trv_raise_int(trv_RuntimeError, "the map is being read by somebody else");
    map->is_busy = true;
    answer = next_result(map, item);
    map->is_busy = false;
    return answer;
}

static trv_object *map_iter(trv_object *self)
{
    return trv_ref(self);
}

/* Life ------------------------------------------------------------------------------------------ */

static int map_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct map *map = map_of(self);
    trv_object *held[] = {map->executor, map->callable, map->input, map->failure};
    int answer = 0;

    for (size_t i = 0; i < COUNT_OF(held) && !answer; i++)
        if (held[i])
            answer = visit(held[i], argument);
    for (size_t i = 0; i < map->count && !answer; i++)
        answer = visit(map->futures[(map->first + i) % map->lookahead], argument);
    return answer;
}

static void map_clear(trv_object *self)
{
    abandon(map_of(self));
    end_input(map_of(self));
    trv_clear(&map_of(self)->failure);
}

static void map_destroy(trv_object *self)
{
    trv__free(map_of(self)->futures, map_of(self)->lookahead * sizeof *map_of(self)->futures);
}

static size_t map_size_bytes(trv_object *self)
{
    return map_of(self)->lookahead * sizeof *map_of(self)->futures;
}

static trv_object *map_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances by calling their type",
                     type->name);
}

static TRV__READ_ONLY trv_object map_handle[1];
static TRV__READ_ONLY struct trv_type map_type = {
    .handle = map_handle,
    .name = "map",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct map),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = map_construct,
    .slots =
        {
            .traverse = map_traverse,
            .clear = map_clear,
            .destroy = map_destroy,
            .size_bytes = map_size_bytes,
            .iter = map_iter,
            .next = map_next,
        },
};
static TRV__READ_ONLY trv_object map_handle[1] = {TRV__TYPE_HANDLE(map_type)};

/* Making ---------------------------------------------------------------------------------------- */

static size_t lookahead_of(struct trv__executor *executor, const trv_map_options *options)
{
    size_t workers;

    if (trv__executor_is_inline(executor))
        return 1;
    if (OPTION_GIVEN(options, lookahead) && options->lookahead)
        return options->lookahead;
    workers = executor->operations->workers(executor);
    return MAX_OF(MIN_OF(workers, 1024) * LOOKAHEAD_PER_WORKER, LOOKAHEAD_LEAST);
}

static int check_arguments(trv_object *executor, trv_object *callable)
{
    if (!trv__expect(executor, &trv__executor_type, "trv_map") || !trv__given(callable, "trv_map"))
        return -1;
    if (!trv_callable(callable))
        return trv_raise_int(trv_TypeError, "'%s' object is not callable", trv_type_name(callable));
    return trv__executor_check_open((struct trv__executor *)(void *)executor);
}

/* An empty map, not tracked yet; takes over `input`, also when it fails. */
static struct map *create_take(trv_object *input, size_t lookahead)
{
    struct map *map = input ? trv__container_new(&map_type, sizeof *map) : NULL;

    if (lookahead > PTRDIFF_MAX / sizeof *map->futures)
        lookahead = PTRDIFF_MAX / sizeof *map->futures;
    if (map && !(map->futures = trv__allocate(lookahead * sizeof *map->futures))) {
        trv__object_discard(map);
        map = NULL;
    }
    if (!map) {
        trv_unref(input);
        return NULL;
    }
    map->lookahead = lookahead;
    map->input = input;
    return map;
}

trv_object *trv_map(trv_object *executor, trv_object *callable, trv_object *iterable,
                    const trv_map_options *options)
{
    struct trv__executor *base = (struct trv__executor *)(void *)executor;
    double timeout =
        OPTION_GIVEN(options, timeout) && options->timeout != 0 ? options->timeout : TRV_FOREVER;
    int64_t deadline_ns;
    struct map *map;

    if (check_arguments(executor, callable) < 0 || trv__deadline(timeout, &deadline_ns) < 0)
        return NULL;
    if (!(map = create_take(trv_iter(iterable), lookahead_of(base, options))))
        return NULL;
    map->executor = trv_ref(executor);
    map->callable = trv_ref(callable);
    map->deadline_ns = deadline_ns;
    trv__track(map);
    if (!trv__executor_is_inline(base)) {
        map->is_busy = true;
        look_ahead(map);
        map->is_busy = false;
    }
    return (trv_object *)map;
}
