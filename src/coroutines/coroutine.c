/* SPDX-License-Identifier: MIT */
/*
 * Coroutines: beginning, switching straight from one to the next, ending, and how they wait.
 *
 * Whoever parks takes the next out of the ready queue and switches to it; the loop's own stack is
 * returned to only when the queue is empty, a turn's ticks are used up, the attention word asks for
 * something, or what comes next needs care (a call that was cancelled, no memory for a stack).
 *
 * One that ends and finds a call that has not begun runs that on its own stack: many short calls
 * cost no switch at all. Else it stays for a while as a *spare*, which the next call wakes: that is
 * three times as fast as making a coroutine, because the processor has seen the way back. Beyond
 * SPARES it leaves for good. It cannot give its stack back then, as it still runs on it: it is the
 * `corpse`, and whoever runs next releases it.
 *
 * Invariant: trv__current->context is set before the switch, by who switches.
 */
#include "coroutines/loop.h"

#include "base/fault.h"

/* Ended coroutines that a loop keeps. */
#define SPARES (TRV_TINY ? 1 : 64)

/* Switching ---------------------------------------------------------------------------------------- */

static __attribute__((noinline)) void bury(struct trv__loop *loop)
{
    trv__stack_release(loop->stacks, loop->corpse);
    loop->corpse = NULL;
}

/* The stack of who is to run: a coroutine or, for NULL, the loop. It becomes the current context. */
static inline struct trv__stack *set_current(struct trv__loop *loop, struct trv__coroutine *next)
{
    trv__current->context = next ? &next->context : loop->outer;
    return next ? next->context.stack : loop->stack;
}

/* The loop is asked for again afterwards: keeping it would cost a register, saved twice. */
static inline void go_on(struct trv__stack *from, struct trv__stack *to)
{
    struct trv__loop *loop;

    trv__stack_switch_inline(from, to);
    loop = trv__thread_self()->loop;
    if (UNLIKELY(loop->corpse != NULL))
        bury(loop);
}

/* The node that comes next, or NULL where the loop is needed first. It stays in the queue. */
static struct trv__ready *first_ready(struct trv__loop *loop)
{
    struct trv__list *node = loop->ready.next;

    if (--loop->ticks < 0 || node == &loop->ready ||
        UNLIKELY(atomic_load_explicit(trv__current->attention, memory_order_relaxed)))
        return NULL;
    return CONTAINER_OF(node, struct trv__ready, link);
}

/* Takes the call of a node out of the queue, if that is what it is and it is still wanted. */
static struct trv__call *take_call(struct trv__ready *ready)
{
    if (!ready->future || ready->future->state != TRV__PENDING)
        return NULL;
    trv__list_remove(&ready->link);
    return CONTAINER_OF(&ready->link, struct trv__call, link);
}

static struct trv__coroutine *begin_next(struct trv__loop *loop, struct trv__ready *ready)
{
    struct trv__call *call = take_call(ready);
    struct trv__coroutine *coroutine;

    if (!call)
        return NULL;
    coroutine = trv__coroutine_create(loop, call);
    if (!coroutine)
        trv__list_prepend(&loop->ready, &call->link);
    return coroutine;
}

/* Who runs next: taken out of the queue, or NULL for the loop. */
static struct trv__coroutine *take_next(struct trv__loop *loop)
{
    struct trv__ready *ready = first_ready(loop);

    if (!ready)
        return NULL;
    if (ready->future)
        return begin_next(loop, ready);
    trv__list_remove(&ready->link);
    return CONTAINER_OF(ready, struct trv__coroutine, ready);
}

static __attribute__((noinline)) void give_way_slowly(struct trv__coroutine *self)
{
    struct trv__coroutine *next;

    trv__leaving(&trv__runtime()->chooser, &self->context);
    next = take_next(self->loop);
    if (next != self)
        go_on(self->context.stack, set_current(self->loop, next));
}

/* Lets others run until this one is taken out of the queue again. The way to a coroutine that is
 * ready calls no function, so that the switch saves each register once. */
static inline void give_way(struct trv__coroutine *self)
{
    struct trv__loop *loop = self->loop;
    struct trv__ready *first = CONTAINER_OF(loop->ready.next, struct trv__ready, link);
    struct trv__coroutine *next = CONTAINER_OF(first, struct trv__coroutine, ready);

    if (UNLIKELY(loop->ticks <= 0 || &first->link == &loop->ready || first->future ||
                 atomic_load_explicit(trv__current->attention, memory_order_relaxed))) {
        give_way_slowly(self);
        return;
    }
    loop->ticks--;
    loop->ready.next = first->link.next; /* its own link is set when it is next put in */
    first->link.next->previous = &loop->ready;
    if (next != self)
        go_on(self->context.stack, set_current(loop, next));
}

void trv__coroutine_resume(struct trv__loop *loop, struct trv__coroutine *coroutine)
{
    go_on(loop->stack, set_current(loop, coroutine));
}

/* Life --------------------------------------------------------------------------------------------- */

/* The coroutine's state as it is before each call that it runs. */
static void reset(struct trv__coroutine *self, struct trv__call *call)
{
    self->call = call;
    self->task = call->future;
    self->work = call->leg;
    self->was_told = false;
    self->timer = 0;
    self->context.no_switch = 0;
    self->context.is_parked = 0;
    self->context.has_ended = 0;
    self->context.scope = NULL;
    self->context.task = NULL;
}

static void ended(struct trv__loop *loop, struct trv__coroutine *self)
{
    ASSERT(!self->context.scope && !self->context.no_switch && !self->timer);
    trv__context_end(&self->context);
    if (self->was_told)
        loop->told--;
    self->task = NULL;
    if (self->work)
        trv__coroutine_work_done(self->work);
    if (loop->main && trv__future_is_done(loop->main))
        loop->ticks = 0;
}

/* The next call, if that is what comes next, to be run by a coroutine that has ended. */
static struct trv__call *next_call(struct trv__loop *loop)
{
    struct trv__ready *ready = first_ready(loop);
    struct trv__call *call = ready ? take_call(ready) : NULL;

    if (!call)
        loop->ticks++; /* it is looked for once more */
    return call;
}

/* Enters a coroutine among those that run a call, takes it out. */
static void enlist(struct trv__loop *loop, struct trv__coroutine *self, struct trv__call *call)
{
    reset(self, call);
    trv__list_append(&loop->coroutines, &self->link);
    loop->live++;
}

static void delist(struct trv__loop *loop, struct trv__coroutine *self)
{
    trv__list_remove(&self->link);
    loop->live--;
}

/* Waits as a spare for a call. Does not return if there are spares enough. */
static inline void wait_for_call(struct trv__loop *loop, struct trv__coroutine *self)
{
    if (loop->spare_count < SPARES) {
        self->next_spare = loop->spares;
        loop->spares = self;
        loop->spare_count++;
        go_on(self->context.stack, set_current(loop, take_next(loop)));
        return;
    }
    loop->corpse = self->context.stack;
    trv__stack_switch_final(self->context.stack, set_current(loop, take_next(loop)));
}

static void coroutine_main(void *argument)
{
    struct trv__coroutine *self = argument;
    struct trv__loop *loop = self->loop;

    if (loop->corpse)
        bury(loop);
    for (;;) {
        struct trv__call *call = self->call;
        do {
            trv__call_run(call);
            ended(loop, self);
            call = next_call(loop);
            if (call)
                reset(self, call);
        } while (call);
        delist(loop, self);
        wait_for_call(loop, self);
    }
}

static struct trv__coroutine *create(struct trv__loop *loop)
{
    struct trv__coroutine *coroutine;
    struct trv__stack *stack = FAULT() ? NULL : trv__stack_acquire(loop->stacks, sizeof *coroutine);

    if (!stack)
        return NULL;
    coroutine = trv__stack_extra(stack);
    *coroutine = (struct trv__coroutine){.loop = loop};
    coroutine->context.stack = stack;
    coroutine->context.stack_limit = stack->limit + TRV__STACK_RESERVE;
    coroutine->context.thread = loop->thread;
    coroutine->context.operations = &trv__coroutine_operations;
    trv__list_init(&coroutine->ready.link);
    trv__list_init(&coroutine->link);
    trv__stack_prepare(stack, coroutine_main, coroutine);
    return coroutine;
}

struct trv__coroutine *trv__coroutine_create(struct trv__loop *loop, struct trv__call *call)
{
    struct trv__coroutine *coroutine = loop->spares;

    if (!trv__timers_reserve(&loop->timers, loop->live + 1))
        return NULL;
    if (LIKELY(coroutine)) {
        loop->spares = coroutine->next_spare;
        loop->spare_count--;
    } else if (!(coroutine = create(loop))) {
        return NULL;
    }
    enlist(loop, coroutine, call);
    return coroutine;
}

void trv__coroutines_release(struct trv__loop *loop)
{
    while (loop->spares) {
        struct trv__coroutine *spare = loop->spares;
        loop->spares = spare->next_spare;
        trv__stack_release(loop->stacks, spare->context.stack);
    }
    loop->spare_count = 0;
}

/* How a coroutine waits ------------------------------------------------------------------------------ */

void trv__coroutine_park(struct trv__context *context, int64_t deadline_ns)
{
    struct trv__coroutine *self = trv__coroutine_of(context);

    if (deadline_ns != TRV__NEVER)
        trv__timers_add(&self->loop->timers, self, deadline_ns);
    give_way(self);
    ASSERT(!context->is_parked && !self->timer);
}

static void coroutine_unpark(struct trv__context *context)
{
    struct trv__coroutine *coroutine = trv__coroutine_of(context);

    trv__timers_remove(&coroutine->loop->timers, coroutine);
    trv__loop_ready(coroutine->loop, &coroutine->ready);
}

void trv__coroutine_timed_out(struct trv__coroutine *coroutine)
{
    coroutine->context.is_parked = 0;
    coroutine->context.wake = TRV__TIMED_OUT;
    coroutine_unpark(&coroutine->context);
}

static void coroutine_reschedule(struct trv__context *context)
{
    struct trv__coroutine *self = trv__coroutine_of(context);

    trv__list_append(&self->loop->ready, &self->ready.link);
    give_way(self);
}

const struct trv__context_operations trv__coroutine_operations = {
    trv__coroutine_park, coroutine_unpark, trv__coroutine_wait_fd, coroutine_reschedule, NULL};
