/* SPDX-License-Identifier: MIT */
/*
 * Queues between threads and coroutines: first in first out, last in first out, and by priority.
 *
 * Items lie in a ring that grows up to the capacity (a priority queue's begins at its first place, and
 * is a heap). Whoever makes an exchange possible completes it: a put hands its item to the first
 * getter in line, without passing through the ring; a get moves the item of the first putter in line
 * into the place it has made free. So whoever is woken has what it waited for, a later caller cannot
 * come in between, and an item is never lost with a cancelled getter.
 *
 * Invariants: a getter waits only while the ring is empty; a putter waits only while it is full; nobody
 * waits in a queue that was shut down, but for those who join. A putter that waits has its item in
 * waiter->data, which becomes NULL when the item is taken: one that is woken with it still there met
 * the shutdown, or in `given` the exception with which its item could not be put in its place.
 *
 * Comparing items of a priority queue is code of the user, in the middle of a change: it may not
 * switch, and what it does to the same queue is refused.
 */
#include "sync/arguments.h"
#include "sync/priority.h"
#include "wait/park.h"

#include "trivet/sync.h"

#define FIRST_ROOM (TRV_TINY ? 1 : 8)

struct queue {
    TRV__HEAD;
    size_t capacity;    /* 0: no limit */
    trv_object **items; /* a ring of `room`, a power of two */
    size_t room, first, count;
    size_t unfinished; /* items put and not yet task_done */
    struct trv__list getters, putters, joiners;
    bool is_shut_down;
    bool is_comparing; /* its items are being compared */
};

extern struct trv_type trv__queue_type, trv__lifo_queue_type, trv__priority_queue_type;

static struct queue *queue_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__queue_type, function) ? (struct queue *)(void *)object : NULL;
}

static trv_object *create(const struct trv_type *type, size_t capacity)
{
    struct queue *queue = trv__container_new(type, sizeof *queue);

    if (!queue)
        return NULL;
    queue->capacity = capacity;
    trv__list_init(&queue->getters);
    trv__list_init(&queue->putters);
    trv__list_init(&queue->joiners);
    trv__track(queue);
    return (trv_object *)queue;
}

trv_object *trv_queue_new(size_t capacity)
{
    return create(&trv__queue_type, capacity);
}

trv_object *trv_lifo_queue_new(size_t capacity)
{
    return create(&trv__lifo_queue_type, capacity);
}

trv_object *trv_priority_queue_new(size_t capacity)
{
    return create(&trv__priority_queue_type, capacity);
}

/* The ring ------------------------------------------------------------------------------------ */

static int grow(struct queue *queue)
{
    size_t room = queue->room ? 2 * queue->room : FIRST_ROOM, tail;
    trv_object **items =
        trv__reallocate(queue->items, queue->room * sizeof *items, room * sizeof *items);

    if (!items)
        return -1;
    /* What had wrapped around goes behind what had not. */
    tail = queue->room - queue->first;
    if (queue->count > tail)
        memcpy(items + queue->room, items, (queue->count - tail) * sizeof *items);
    queue->items = items;
    queue->room = room;
    return 0;
}

static bool is_priority(const struct queue *queue)
{
    return queue->type == &trv__priority_queue_type;
}

static void begin_comparing(struct queue *queue)
{
    trv__current->context->no_switch++;
    queue->is_comparing = true;
}

static void end_comparing(struct queue *queue)
{
    trv__current->context->no_switch--;
    queue->is_comparing = false;
}

static int check_quiet(const struct queue *queue)
{
    if (LIKELY(!queue->is_comparing))
        return 0;
    return trv_raise_int(trv_RuntimeError,
                         "a queue cannot be changed by the comparison of its items");
}

/* Puts an item in, for which there is room within the capacity. */
static int store(struct queue *queue, trv_object *item)
{
    if (queue->count == queue->room && grow(queue) < 0)
        return -1;
    if (is_priority(queue)) {
        int answer;
        begin_comparing(queue);
        answer = trv__priority_push_take(queue->items, queue->count, item);
        end_comparing(queue);
        if (answer < 0)
            return -1;
        trv_ref(item);
    } else {
        queue->items[(queue->first + queue->count) & (queue->room - 1)] = trv_ref(item);
    }
    queue->count++;
    queue->unfinished++;
    return 0;
}

static trv_object *take_last(struct queue *queue)
{
    return queue->items[(queue->first + --queue->count) & (queue->room - 1)];
}

static trv_object *take_first(struct queue *queue)
{
    trv_object *item = queue->items[queue->first];

    queue->first = (queue->first + 1) & (queue->room - 1);
    queue->count--;
    return item;
}

/* Takes the item out whose turn it is. Only in a priority queue this can fail: NULL, exception. */
static trv_object *take(struct queue *queue)
{
    trv_object *item;

    if (LIKELY(queue->type == &trv__queue_type))
        return take_first(queue);
    if (!is_priority(queue))
        return take_last(queue);
    begin_comparing(queue);
    item = trv__priority_pop(queue->items, queue->count);
    end_comparing(queue);
    queue->count -= item != NULL;
    return item;
}

/* A place is free in a ring that was full: the first putter in line goes on, and so does each whose
 * item cannot be put in, with the reason. */
static void admit_putter(struct queue *queue)
{
    struct trv__waiter *waiter;

    while ((waiter = trv__wake_one(&queue->putters, NULL))) {
        if (store(queue, waiter->data) == 0) {
            waiter->data = NULL;
            return;
        }
        waiter->given = trv_error_take();
    }
}

/* Putting ------------------------------------------------------------------------------------- */

static int raise_shut_down(void)
{
    return trv_raise_int(trv_QueueShutDown, "the queue was shut down");
}

static int raise_full(void)
{
    return trv_raise_int(trv_QueueFull, "the queue is full");
}

static int wait_for_room(struct queue *queue, trv_object *item, int64_t deadline_ns)
{
    struct trv__waiter waiter = {.data = item};
    enum trv__wake wake;

    trv_ref((trv_object *)queue);
    wake = trv__wait_in(&queue->putters, &waiter, (trv_object *)queue, deadline_ns);
    trv_unref((trv_object *)queue);
    switch (wake) {
    case TRV__WOKEN:
        if (waiter.given)
            return trv__error_give(waiter.given), -1;
        return waiter.data ? raise_shut_down() : 0;
    case TRV__TIMED_OUT:
        return raise_full();
    case TRV__CANCELLED:
        return trv__raise_cancelled();
    case TRV__FAILED:
        break;
    }
    return -1;
}

static int put(struct queue *queue, trv_object *item, double timeout, const void *at)
{
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0 ||
        check_quiet(queue) < 0)
        return -1;
    if (queue->is_shut_down)
        return raise_shut_down();
    if (!trv__list_is_empty(&queue->getters) && trv__wake_one(&queue->getters, item)) {
        queue->unfinished++;
        return 0;
    }
    if (!queue->capacity || queue->count < queue->capacity)
        return store(queue, item);
    if (timeout == 0)
        return raise_full();
    return trv__may_block_at("queue_put", at) < 0 ? -1 : wait_for_room(queue, item, deadline_ns);
}

int trv_queue_put(trv_object *object, trv_object *item, double timeout)
{
    struct queue *queue = queue_of(object, "trv_queue_put");

    if (!queue || !trv__given(item, "trv_queue_put"))
        return -1;
    return put(queue, item, timeout, __builtin_return_address(0));
}

/* Getting ------------------------------------------------------------------------------------- */

static trv_object *wait_for_item(struct queue *queue, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;

    trv_ref((trv_object *)queue);
    wake = trv__wait_in(&queue->getters, &waiter, (trv_object *)queue, deadline_ns);
    trv_unref((trv_object *)queue);
    switch (wake) {
    case TRV__WOKEN:
        if (!waiter.given)
            raise_shut_down();
        return waiter.given;
    case TRV__TIMED_OUT:
        return trv_raise(trv_QueueEmpty, "the queue is empty");
    case TRV__CANCELLED:
        trv__raise_cancelled();
        break;
    case TRV__FAILED:
        break;
    }
    return NULL;
}

static trv_object *get(struct queue *queue, double timeout, const void *at)
{
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0 ||
        check_quiet(queue) < 0)
        return NULL;
    if (queue->count) {
        trv_object *item = take(queue);
        if (item && !trv__list_is_empty(&queue->putters))
            admit_putter(queue);
        return item;
    }
    if (queue->is_shut_down)
        return raise_shut_down(), NULL;
    if (timeout == 0)
        return trv_raise(trv_QueueEmpty, "the queue is empty");
    return trv__may_block_at("queue_get", at) < 0 ? NULL : wait_for_item(queue, deadline_ns);
}

trv_object *trv_queue_get(trv_object *object, double timeout)
{
    struct queue *queue = queue_of(object, "trv_queue_get");

    return queue ? get(queue, timeout, __builtin_return_address(0)) : NULL;
}

/* Joining ------------------------------------------------------------------------------------- */

int trv_queue_task_done(trv_object *object)
{
    struct queue *queue = queue_of(object, "trv_queue_task_done");

    if (!queue)
        return -1;
    if (!queue->unfinished)
        return trv_raise_int(trv_ValueError, "task_done() called too many times");
    if (!--queue->unfinished)
        trv__wake_all(&queue->joiners);
    return 0;
}

static int join(struct queue *queue, double timeout, const void *at)
{
    struct trv__waiter waiter;
    enum trv__wake wake;
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0)
        return -1;
    if (!queue->unfinished || timeout == 0)
        return !queue->unfinished;
    if (trv__may_block_at("queue_join", at) < 0)
        return -1;
    trv_ref((trv_object *)queue);
    wake = trv__wait_in(&queue->joiners, &waiter, (trv_object *)queue, deadline_ns);
    trv_unref((trv_object *)queue);
    if (wake == TRV__CANCELLED)
        return trv__raise_cancelled();
    return wake == TRV__FAILED ? -1 : wake == TRV__WOKEN;
}

int trv_queue_join(trv_object *object, double timeout)
{
    struct queue *queue = queue_of(object, "trv_queue_join");

    return queue ? join(queue, timeout, __builtin_return_address(0)) : -1;
}

/* Shutting down ------------------------------------------------------------------------------- */

int trv_queue_shutdown(trv_object *object)
{
    struct queue *queue = queue_of(object, "trv_queue_shutdown");

    if (!queue)
        return -1;
    queue->is_shut_down = true;
    trv__wake_all(&queue->getters);
    trv__wake_all(&queue->putters);
    return 0;
}

/* Dropping an item may run code of the user, which finds the queue shut down and whole. */
static void drain(struct queue *queue)
{
    while (queue->count) {
        trv_object *item = take_last(queue);
        queue->unfinished -= queue->unfinished > 0;
        trv_unref(item);
    }
    if (!queue->unfinished)
        trv__wake_all(&queue->joiners);
}

int trv_queue_shutdown_now(trv_object *object)
{
    struct queue *queue = queue_of(object, "trv_queue_shutdown_now");

    if (!queue || check_quiet(queue) < 0)
        return -1;
    trv_queue_shutdown(object);
    drain(queue);
    return 0;
}

/* Asking -------------------------------------------------------------------------------------- */

int trv_queue_len(trv_object *object, size_t *length)
{
    const struct queue *queue = queue_of(object, "trv_queue_len");

    if (!queue)
        return -1;
    *length = queue->count;
    return 0;
}

int trv_queue_capacity(trv_object *object, size_t *capacity)
{
    const struct queue *queue = queue_of(object, "trv_queue_capacity");

    if (!queue)
        return -1;
    *capacity = queue->capacity;
    return 0;
}

int trv_queue_empty(trv_object *object)
{
    const struct queue *queue = queue_of(object, "trv_queue_empty");

    return queue ? !queue->count : -1;
}

static bool is_full(const struct queue *queue)
{
    return queue->capacity && queue->count >= queue->capacity;
}

int trv_queue_full(trv_object *object)
{
    const struct queue *queue = queue_of(object, "trv_queue_full");

    return queue ? is_full(queue) : -1;
}

/* Methods ------------------------------------------------------------------------------------- */

static struct queue *self_of(const trv_args *args)
{
    return (struct queue *)(void *)args->self;
}

static trv_object *method_put(const trv_args *args)
{
    trv_object *item, *timeout_object = NULL;
    double timeout;

    if (trv_parse(args, "o|o", &item, &timeout_object) < 0 ||
        trv__timeout_get(timeout_object, &timeout) < 0)
        return NULL;
    return trv__done(put(self_of(args), item, timeout, NULL));
}

static trv_object *method_put_nowait(const trv_args *args)
{
    trv_object *item;

    return trv_parse(args, "o", &item) < 0 ? NULL : trv__done(put(self_of(args), item, 0, NULL));
}

static trv_object *method_get(const trv_args *args)
{
    double timeout;

    return trv__timeout_parse(args, &timeout) < 0 ? NULL : get(self_of(args), timeout, NULL);
}

static trv_object *method_get_nowait(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : get(self_of(args), 0, NULL);
}

static trv_object *method_task_done(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv_queue_task_done(args->self));
}

static trv_object *method_join(const trv_args *args)
{
    double timeout;

    if (trv__timeout_parse(args, &timeout) < 0)
        return NULL;
    return trv__answer(join(self_of(args), timeout, NULL));
}

static trv_object *method_shutdown(const trv_args *args)
{
    int immediate = 0;

    if (trv_parse(args, "|b", &immediate) < 0)
        return NULL;
    return trv__done(immediate ? trv_queue_shutdown_now(args->self)
                               : trv_queue_shutdown(args->self));
}

static trv_object *method_qsize(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_int_new_unsigned(self_of(args)->count);
}

static trv_object *method_empty(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_bool_new(!self_of(args)->count);
}

static trv_object *method_full(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_bool_new(is_full(self_of(args)));
}

static trv_object *attribute_maxsize(const trv_args *args)
{
    return trv_int_new_unsigned(self_of(args)->capacity);
}

static trv_object *attribute_unfinished(const trv_args *args)
{
    return trv_int_new_unsigned(self_of(args)->unfinished);
}

static trv_object *attribute_is_shutdown(const trv_args *args)
{
    return trv_bool_new(self_of(args)->is_shut_down);
}

static const struct trv__method methods[] = {
    {"empty", "empty(): whether nothing is in it", method_empty},
    {"full", "full(): whether there is no room", method_full},
    {"get", "get(timeout=): takes an item out, waiting for one", method_get},
    {"get_nowait", "get_nowait(): takes an item out if there is one", method_get_nowait},
    {"is_shutdown", NULL, attribute_is_shutdown},
    {"join", "join(timeout=): waits until all items are done; whether it was in time", method_join},
    {"maxsize", NULL, attribute_maxsize},
    {"put", "put(item, timeout=): puts an item in, waiting for room", method_put},
    {"put_nowait", "put_nowait(item): puts an item in if there is room", method_put_nowait},
    {"qsize", "qsize(): how many items are in it", method_qsize},
    {"shutdown", "shutdown(immediate=): no more puts, and no more gets once it is empty",
     method_shutdown},
    {"task_done", "task_done(): an item that was taken out is done with", method_task_done},
    {"unfinished_tasks", NULL, attribute_unfinished},
    {0},
};

/* Slots --------------------------------------------------------------------------------------- */

static int queue_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct queue *queue = (struct queue *)(void *)self;
    int answer = 0;

    for (size_t i = 0; i < queue->count && !answer; i++)
        answer = visit(queue->items[(queue->first + i) & (queue->room - 1)], argument);
    return answer;
}

static void queue_clear(trv_object *self)
{
    struct queue *queue = (struct queue *)(void *)self;

    while (queue->count)
        trv_unref(take_last(queue));
}

static void queue_destroy(trv_object *self)
{
    struct queue *queue = (struct queue *)(void *)self;

    trv__free(queue->items, queue->room * sizeof *queue->items);
}

static size_t queue_size_bytes(trv_object *self)
{
    return ((struct queue *)(void *)self)->room * sizeof(trv_object *);
}

static trv_object *queue_repr(trv_object *self)
{
    const struct queue *queue = (struct queue *)(void *)self;
    const char *end = queue->is_shut_down ? ", shut down" : "";

    const char *name = self->type->name;

    if (!queue->capacity)
        return trv_str_printf("<%s at %p: %zu items%s>", name, (void *)self, queue->count, end);
    return trv_str_printf("<%s at %p: %zu of %zu items%s>", name, (void *)self, queue->count,
                          queue->capacity, end);
}

static trv_object *queue_construct(const struct trv_type *type, const trv_args *args)
{
    size_t capacity = 0;

    if (args->keywords)
        return trv_raise(trv_TypeError, "%s([capacity]) takes no keywords", type->name);
    if (trv_parse(args, "|z", &capacity) < 0)
        return NULL;
    return create(type, capacity);
}

#define QUEUE_TYPE(stem, base_type, text)                                                          \
    TRV__READ_ONLY struct trv_type trv__##stem##_type = {                                          \
        .handle = trv_##stem##_type,                                                               \
        .name = #stem,                                                                             \
        .doc = #stem "([capacity]): " text ", between threads and coroutines",                     \
        .base = &base_type,                                                                        \
        .instance_bytes = sizeof(struct queue),                                                    \
        .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,                                            \
        .construct = queue_construct,                                                              \
        .methods = methods,                                                                        \
        .slots =                                                                                   \
            {                                                                                      \
                .traverse = queue_traverse,                                                        \
                .clear = queue_clear,                                                              \
                .destroy = queue_destroy,                                                          \
                .size_bytes = queue_size_bytes,                                                    \
                .repr = queue_repr,                                                                \
            },                                                                                     \
    };                                                                                             \
    TRV__READ_ONLY trv_object trv_##stem##_type[1] = {TRV__TYPE_HANDLE(trv__##stem##_type)}

QUEUE_TYPE(queue, trv__object_type, "first in, first out");
QUEUE_TYPE(lifo_queue, trv__queue_type, "last in, first out");
QUEUE_TYPE(priority_queue, trv__queue_type, "the least first");
