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
 * In *chunks*, several items go in one call (chunk.h): as many as the user says, or on legs whose calls cost
 * something as many as take about CHUNK_NS, by what workers tell of earlier ones. So the first
 * chunks have one item. A chunk that cannot be submitted is taken apart, so that one item that cannot
 * travel does not keep back those before it.
 *
 * Invariant: `futures` holds the futures of the calls whose results were not asked for yet, in order.
 * The input is a user's code, so the iterator refuses to be entered while it reads or submits.
 */
#include "task/chunk.h"

#define LOOKAHEAD_LEAST (TRV_TINY ? 2 : 64)
#define LOOKAHEAD_PER_WORKER (TRV_TINY ? 1 : 4)
#define CALLS_LEAST (TRV_TINY ? 2 : 16)
#define CHUNK_MOST (TRV_TINY ? 3 : 256)
#define CHUNK_NS 500000

struct map {
    TRV__HEAD;
    trv_object *executor; /* these three are NULL once the input has ended */
    trv_object *callable;
    trv_object *input;
    trv_object
        *failure; /* the exception that ended the input, to be raised after the last result */
    int64_t deadline_ns;
    trv_object *function; /* what runs a chunk; borrowed, as it is immortal. NULL: no chunks */
    size_t chunk;         /* items of one, as the user says; 0: by what they take */
    double item_ns;       /* what an item takes, lately; below 0: not known */
    size_t calls_most;    /* futures at once */
    size_t lookahead;     /* items at once */
    size_t ahead;         /* items whose results were not asked for yet, but for `values` */
    trv_object **futures; /* a ring of `lookahead` */
    size_t first, count;
    trv_object *values;   /* of the chunk that is being read, a list; or NULL */
    trv_object *failures; /* a dict of its exceptions by index, or NULL */
    size_t at;            /* how far it was read */
    bool is_busy;         /* somebody is in it */
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
    map->ahead = 0;
}

/* The input ------------------------------------------------------------------------------------- */

static void end_input(struct map *map)
{
    trv_clear(&map->executor);
    trv_clear(&map->callable);
    trv_clear(&map->input);
}

static void put_future(struct map *map, trv_object *future, size_t items)
{
    map->futures[(map->first + map->count++) % map->lookahead] = future;
    map->ahead += items;
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
    put_future(map, future, 1);
    return true;
}

static bool submit_list(struct map *map, trv_object *items, size_t count)
{
    trv_object *arguments[] = {map->callable, items};
    trv_object *future =
        trv_submit_array(map->executor, map->function, arguments, COUNT_OF(arguments), NULL);

    if (future)
        put_future(map, future, count);
    return future;
}

/* Each item on its own, up to the one that fails. */
static bool submit_apart(struct map *map, trv_object *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *item = trv_list_get(list, (int64_t)i);
        trv_auto trv_object *single = item ? trv_list_new() : NULL;
        if (!single || trv_list_append(single, item) < 0 || !submit_list(map, single, 1))
            return false;
    }
    return true;
}

static size_t chunk_size(const struct map *map)
{
    size_t size = map->chunk, room = map->lookahead - map->ahead;

    if (!size)
        size = map->item_ns < 0 ? 1 : (size_t)(CHUNK_NS / MAX_OF(map->item_ns, 1.0));
    size = MIN_OF(size, map->chunk ? room : (size_t)CHUNK_MOST);
    return MAX_OF(MIN_OF(size, room), (size_t)1);
}

/* Reads up to so many items into a list. 1; 0 at the input's end; -1 with an exception. */
static int read_items(struct map *map, trv_object *list, size_t wanted, size_t *count)
{
    int answer = 1;

    for (*count = 0; *count < wanted; ++*count) {
        trv_auto trv_object *item = NULL;
        if ((answer = trv_next(map->input, &item)) <= 0)
            break;
        if (trv_list_append(list, item) < 0)
            return -1;
    }
    return answer;
}

/* Submits the next chunk. False if the input ended with it, or something failed. */
static bool submit_chunk(struct map *map)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *error;
    size_t count = 0;
    int answer = list ? read_items(map, list, chunk_size(map), &count) : -1;

    if (!count)
        return false;
    error = trv_error_take();
    if (!submit_list(map, list, count)) {
        if (count > 1)
            trv_error_clear();
        if (count == 1 || !submit_apart(map, list, count)) {
            trv_unref(error); /* it came later */
            return false;
        }
    }
    trv__error_give(error);
    return answer > 0;
}

static void look_ahead(struct map *map)
{
    while (map->input && map->ahead < map->lookahead && map->count < map->calls_most)
        if (!(map->function ? submit_chunk(map) : submit_next(map))) {
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
static trv_object *first_result(struct map *map, const void *at)
{
    trv_auto trv_object *future = take_first(map);
    struct trv__future *first = (struct trv__future *)(void *)future;
    int answer = trv__future_wait(first, map->deadline_ns, "map", at);

    if (answer > 0)
        return trv__future_outcome(first);
    first->was_observed = true;
    if (first->state == TRV__PENDING)
        (void)trv_future_cancel(future);
    return answer ? NULL : trv_raise(trv_TimeoutError, "a result of the map was not there in time");
}

static void note_time(struct map *map, size_t items, int64_t spent_ns)
{
    double item_ns = (double)spent_ns / (double)MAX_OF(items, 1);

    map->item_ns = map->item_ns < 0 ? item_ns : map->item_ns + (item_ns - map->item_ns) / 4;
}

static void close_chunk(struct map *map)
{
    trv_clear(&map->values);
    trv_clear(&map->failures);
    map->at = 0;
}

/* Waits for the first chunk and opens it. 0, or -1 with an exception. */
static int open_chunk(struct map *map, const void *at)
{
    trv_auto trv_object *result = first_result(map, at);
    trv_object *values, *failures;
    int64_t spent_ns;
    size_t count;

    if (!result || trv_parse_tuple(result, "ool", &values, &failures, &spent_ns) < 0)
        return -1;
    if (values->type != &trv__list_type ||
        (!trv_is_none(failures) && failures->type != &trv__dict_type))
        return trv_raise_int(trv_TypeError, "a chunk of the map has no such result");
    map->values = trv_ref(values);
    map->failures = trv_is_none(failures) ? NULL : trv_ref(failures);
    (void)trv__list_items(values, &count);
    map->ahead -= MIN_OF(count, map->ahead);
    note_time(map, count, spent_ns);
    return 0;
}

/* The next outcome of the chunk that is open: 1, 0 if it was read to its end, -1 with its exception. */
static int read_chunk(struct map *map, trv_object **item)
{
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *error = NULL;
    trv_object *const *values;
    size_t count = 0;

    (void)(map->values ? trv__list_items(map->values, &count) : NULL);
    if (map->at >= count)
        return 0;
    if (map->failures) {
        if (!(key = trv_int_new((int64_t)map->at)) || trv_dict_get(map->failures, key, &error) < 0)
            return -1;
        if (error)
            return trv_raise_object(error), -1;
    }
    /* What was sent from another process may have any keys, and their comparison run anything. */
    values = trv__list_items(map->values, &count);
    if (map->at >= count)
        return 0;
    *item = trv_ref(values[map->at++]);
    return 1;
}

static int next_of_chunks(struct map *map, trv_object **item, const void *at)
{
    int answer;

    while (!(answer = read_chunk(map, item))) {
        close_chunk(map);
        look_ahead(map);
        if (!map->count)
            return 0;
        if (open_chunk(map, at) < 0)
            return -1;
    }
    return answer;
}

/* 1, 0 if there are none, -1. */
static int next_of_calls(struct map *map, trv_object **item, const void *at)
{
    look_ahead(map);
    if (!map->count)
        return 0;
    map->ahead--;
    return (*item = first_result(map, at)) ? 1 : -1;
}

static int next_result(struct map *map, trv_object **item, const void *at)
{
    int answer = map->function ? next_of_chunks(map, item, at) : next_of_calls(map, item, at);
    trv_object *error;

    if (answer > 0)
        return 1;
    if (!answer)
        return raise_failure(map);
    error = trv_error_take();
    end_input(map);
    trv_clear(&map->failure);
    close_chunk(map);
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
    answer = next_result(map, item, __builtin_return_address(0));
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
    trv_object *held[] = {map->executor, map->callable, map->input,
                          map->failure,  map->values,   map->failures};
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
    close_chunk(map_of(self));
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

/* What runs chunks, or NULL for none. */
static trv_object *chunk_function(const struct trv__executor *executor,
                                  const trv_map_options *options)
{
    size_t chunk = OPTION_GIVEN(options, chunk) ? options->chunk : 0;
    trv_object *own = executor->operations->chunk;

    if (trv__executor_is_inline(executor) || chunk == 1)
        return NULL;
    return own || !chunk ? own : trv__chunk;
}

/* How many calls, and how many items, are submitted ahead of the result being read. */
static void set_lookahead(struct map *map, struct trv__executor *executor,
                          const trv_map_options *options)
{
    size_t workers = MIN_OF(executor->operations->workers(executor), (size_t)1024);
    size_t asked = OPTION_GIVEN(options, lookahead) ? options->lookahead : 0;
    size_t calls = MAX_OF(workers * LOOKAHEAD_PER_WORKER, (size_t)CALLS_LEAST);

    if (trv__executor_is_inline(executor))
        map->lookahead = 1;
    else if (asked)
        map->lookahead = asked;
    else if (map->function)
        map->lookahead = calls * MIN_OF(MAX_OF(map->chunk, CHUNK_MOST), SIZE_MAX / calls);
    else
        map->lookahead = MAX_OF(workers * LOOKAHEAD_PER_WORKER, (size_t)LOOKAHEAD_LEAST);
    map->calls_most = map->function ? calls : SIZE_MAX;
    map->lookahead = MIN_OF(map->lookahead, PTRDIFF_MAX / sizeof *map->futures);
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
static struct map *create_take(trv_object *input, struct trv__executor *executor,
                               const trv_map_options *options)
{
    struct map *map = input ? trv__container_new(&map_type, sizeof *map) : NULL;

    if (map) {
        map->chunk = OPTION_GIVEN(options, chunk) ? options->chunk : 0;
        map->function = chunk_function(executor, options);
        map->item_ns = -1;
        set_lookahead(map, executor, options);
        map->futures = trv__allocate(map->lookahead * sizeof *map->futures);
    }
    if (map && !map->futures) {
        trv__object_discard(map);
        map = NULL;
    }
    if (!map) {
        trv_unref(input);
        return NULL;
    }
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
    if (!(map = create_take(trv_iter(iterable), base, options)))
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
