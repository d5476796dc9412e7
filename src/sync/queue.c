/* SPDX-License-Identifier: MIT */
/*
 * The queue: first in, first out, between threads and coroutines.
 *
 * Items lie in a ring that grows up to the capacity. Whoever makes an exchange possible completes it:
 * a put hands its item to the first getter in line, without passing through the ring; a get moves the
 * item of the first putter in line into the place it has made free. So whoever is woken has what it
 * waited for, a later caller cannot come in between, and an item is never lost with a cancelled getter.
 *
 * Invariants: a getter waits only while the ring is empty; a putter waits only while it is full; nobody
 * waits in a queue that was shut down. A putter that waits has its item in waiter->data, which becomes
 * NULL when the item is taken: one that is woken with it still there met the shutdown.
 */
#include "wait/park.h"

#include "trivet/sync.h"

#define FIRST_ROOM (TRV_TINY ? 1 : 8)

struct queue {
    TRV__HEAD;
    size_t capacity;    /* 0: no limit */
    trv_object **items; /* a ring of `room`, a power of two */
    size_t room, first, count;
    struct trv__list getters, putters;
    bool is_shut_down;
};

extern struct trv_type trv__queue_type;

static struct queue *queue_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__queue_type, function) ? (struct queue *)(void *)object : NULL;
}

trv_object *trv_queue_new(size_t capacity)
{
    struct queue *queue = trv__container_new(&trv__queue_type, sizeof *queue);

    if (!queue)
        return NULL;
    queue->capacity = capacity;
    trv__list_init(&queue->getters);
    trv__list_init(&queue->putters);
    trv__track(queue);
    return (trv_object *)queue;
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

static int append(struct queue *queue, trv_object *item)
{
    if (queue->count == queue->room && grow(queue) < 0)
        return -1;
    queue->items[(queue->first + queue->count++) & (queue->room - 1)] = trv_ref(item);
    return 0;
}

static trv_object *take_first_item(struct queue *queue)
{
    trv_object *item = queue->items[queue->first];

    queue->first = (queue->first + 1) & (queue->room - 1);
    queue->count--;
    return item;
}

/* A place is free in a ring that was full: the first putter in line goes on. */
static void admit_putter(struct queue *queue)
{
    struct trv__waiter *waiter = trv__wake_one(&queue->putters, NULL);
    int answer;

    if (!waiter)
        return;
    answer = append(queue, waiter->data);
    ASSERT(answer == 0); /* there was room for as many */
    (void)answer;
    waiter->data = NULL;
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

int trv_queue_put(trv_object *object, trv_object *item, double timeout)
{
    struct queue *queue = queue_of(object, "trv_queue_put");
    int64_t deadline_ns;

    if (!queue || !trv__given(item, "trv_queue_put") || trv__deadline(timeout, &deadline_ns) < 0 ||
        trv__check_cancelled() < 0)
        return -1;
    if (queue->is_shut_down)
        return raise_shut_down();
    if (!trv__list_is_empty(&queue->getters) && trv__wake_one(&queue->getters, item))
        return 0;
    if (!queue->capacity || queue->count < queue->capacity)
        return append(queue, item);
    if (timeout == 0)
        return raise_full();
    return trv__may_block("queue_put") < 0 ? -1 : wait_for_room(queue, item, deadline_ns);
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

trv_object *trv_queue_get(trv_object *object, double timeout)
{
    struct queue *queue = queue_of(object, "trv_queue_get");
    trv_object *item;
    int64_t deadline_ns;

    if (!queue || trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0)
        return NULL;
    if (queue->count) {
        item = take_first_item(queue);
        if (!trv__list_is_empty(&queue->putters))
            admit_putter(queue);
        return item;
    }
    if (queue->is_shut_down)
        return raise_shut_down(), NULL;
    if (timeout == 0)
        return trv_raise(trv_QueueEmpty, "the queue is empty");
    return trv__may_block("queue_get") < 0 ? NULL : wait_for_item(queue, deadline_ns);
}

int trv_queue_len(trv_object *object, size_t *length)
{
    struct queue *queue = queue_of(object, "trv_queue_len");

    if (!queue)
        return -1;
    *length = queue->count;
    return 0;
}

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
        trv_unref(take_first_item(queue));
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

    if (!queue->capacity)
        return trv_str_printf("<queue at %p: %zu items%s>", (void *)self, queue->count, end);
    return trv_str_printf("<queue at %p: %zu of %zu items%s>", (void *)self, queue->count,
                          queue->capacity, end);
}

static trv_object *queue_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    size_t capacity = 0;

    if (args->keywords)
        return trv_raise(trv_TypeError, "queue([capacity]) takes no keywords");
    if (trv_parse(args, "|z", &capacity) < 0)
        return NULL;
    return trv_queue_new(capacity);
}

TRV__READ_ONLY struct trv_type trv__queue_type = {
    .handle = trv_queue_type,
    .name = "queue",
    .doc = "queue([capacity]): first in, first out, between threads and coroutines",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct queue),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = queue_construct,
    .slots =
        {
            .traverse = queue_traverse,
            .clear = queue_clear,
            .destroy = queue_destroy,
            .size_bytes = queue_size_bytes,
            .repr = queue_repr,
        },
};
TRV__READ_ONLY trv_object trv_queue_type[1] = {TRV__TYPE_HANDLE(trv__queue_type)};
