/* SPDX-License-Identifier: MIT */
/*
 * Park and unpark of threads under every interleaving: src/runtime/park.c and src/wait/park.c over the
 * real GIL, as they are and broken in the ways of park.broken.
 *
 * What must hold: no wake-up is lost, no cancellation and no deadline; how a wait ends is decided once:
 * what a waker handed over has arrived exactly if the wait says so, and goes to the next in line if
 * a cancellation or a deadline came first.
 *
 * Not here: waiting under a seed, and coroutines, which never wait outside of the GIL.
 */
#include "models/descriptors.h"

#include "runtime/gil.c"

#include "models/park.inc"
#include "support/harness.h"

#define WAIT_NS 1000000

static struct trv_runtime runtime;
static struct trv__thread threads[MODEL_THREADS];
static struct trv__list line;
static struct trv_scope scopes[MODEL_THREADS];
static int handed_over, took, not_taken;
static bool was_told;
struct model_descriptors model_descriptors;

static void begin(void)
{
    memset(&runtime, 0, sizeof runtime);
    memset(threads, 0, sizeof threads);
    memset(scopes, 0, sizeof scopes);
    memset(&model_descriptors, 0, sizeof model_descriptors);
    model_descriptors.count = 1;                    /* a user's */
    runtime.standstill.threads = MODEL_THREADS + 1; /* never do all sleep */
    handed_over = took = not_taken = 0;
    was_told = false;
    trv__list_init(&line);
    trv__list_init(&runtime.fd_waits);
    trv__gil_init(&runtime.gil, &runtime.chooser, 0.005, false);
    for (size_t i = 0; i < MODEL_THREADS; i++) {
        struct trv__thread *thread = &threads[i];
        trv__list_init(&thread->gil.link);
        thread->current.runtime = &runtime;
        thread->current.attention = &runtime.gil.attention;
        thread->current.context = &thread->context;
        thread->context.thread = thread;
        thread->context.operations = &trv__thread_operations;
        thread->event_fd = -1;
    }
}

static void enter_runtime(void)
{
    struct trv__thread *thread = &threads[model_self()];

    trv__current = &thread->current;
    trv__gil_take(&runtime.gil, thread);
}

static void leave_runtime(void)
{
    trv__gil_give(&runtime.gil, &threads[model_self()]);
}

/* Waiting in line, as a primitive does ---------------------------------------------------------------- */

/* Takes what is left, or waits for it; in a scope with a deadline of its own. */
static void wait_until(int64_t deadline_ns, int64_t scope_ns)
{
    struct trv__waiter waiter;
    struct trv_scope *scope = &scopes[model_self()];
    enum trv__wake wake = TRV__WOKEN;

    enter_runtime();
    trv__scope_push(scope);
    scope->deadline_ns = scope_ns;
    if (not_taken > 0)
        not_taken--;
    else
        wake = trv__wait_in(&line, &waiter, NULL, deadline_ns);
    took += wake == TRV__WOKEN;
    if (wake == TRV__TIMED_OUT)
        MODEL_ASSERT(model_now_ns() >= deadline_ns);
    trv__scope_pop(scope);
    leave_runtime();
}

static void wait_for_ever(void)
{
    wait_until(TRV__NEVER, TRV__NEVER);
}

static void wait_a_while(void)
{
    wait_until(MODEL_START_NS + WAIT_NS, TRV__NEVER);
}

static void wait_in_a_scope(void)
{
    wait_until(TRV__NEVER, MODEL_START_NS + WAIT_NS);
}

/* What is late of the first wait's end must not end the second. */
static void wait_twice(void)
{
    wait_a_while();
    wait_for_ever();
}

static void hand_one(void)
{
    enter_runtime();
    handed_over++;
    if (!trv__wake_one(&line, NULL))
        not_taken++;
    leave_runtime();
}

static void hand_two(void)
{
    hand_one();
    hand_one();
}

/* The first thread's wait, if it is in its scope. */
static void cancel_first(void)
{
    enter_runtime();
    trv__scope_cancel(&scopes[0]);
    leave_runtime();
}

static void nothing_is_lost(void)
{
    MODEL_ASSERT(took + not_taken == handed_over);
    MODEL_ASSERT(trv__list_is_empty(&line));
    MODEL_ASSERT(runtime.standstill.asleep == 0);
    for (int t = 0; t < MODEL_THREADS; t++)
        MODEL_ASSERT(!threads[t].context.is_parked);
}

/* While all sleep, nobody is asleep who was woken or cancelled. */
static void all_have_reason_to_sleep(void)
{
    for (int t = 0; t < MODEL_THREADS; t++) {
        if (!model_is_asleep(t))
            continue;
        MODEL_ASSERT(threads[t].context.is_parked);
        MODEL_ASSERT(!(scopes[t].state & CANCELLED));
    }
}

#define COMMON .begin = begin, .idle = all_have_reason_to_sleep, .end = nothing_is_lost
static const struct model_scenario one_waits = {
    .name = "one waits", .threads = {wait_for_ever, hand_one}, COMMON, .surprises = 4};
static const struct model_scenario one_waits_a_while = {
    .name = "one waits a while", .threads = {wait_a_while, hand_one}, COMMON, .surprises = 3};
static const struct model_scenario one_waits_in_a_scope = {
    .name = "one waits in a scope", .threads = {wait_in_a_scope, hand_one}, COMMON, .surprises = 3};
static const struct model_scenario one_waits_twice = {
    .name = "one waits twice", .threads = {wait_twice, hand_two}, COMMON, .surprises = 3};
static const struct model_scenario nobody_comes = {
    .name = "nobody comes", .threads = {wait_a_while, wait_in_a_scope}, COMMON, .surprises = 3};
static const struct model_scenario two_wait = {.name = "two wait",
                                               .threads = {wait_for_ever, wait_for_ever, hand_two},
                                               COMMON,
                                               .surprises = 2};
static const struct model_scenario only_cancelled = {
    .name = "only cancelled", .threads = {wait_a_while, cancel_first}, COMMON, .surprises = 3};
static const struct model_scenario one_is_cancelled = {
    .name = "one is cancelled",
    .threads = {wait_a_while, hand_one, cancel_first},
    COMMON,
    .surprises = 2};
static const struct model_scenario one_of_two_is_cancelled = {
    .name = "one of two is cancelled",
    .threads = {wait_for_ever, wait_for_ever, hand_two, cancel_first},
    COMMON,
    .surprises = 1};

/* Waiting for a descriptor ---------------------------------------------------------------------------- */

/* It ends because of the descriptor, of somebody who tells it, or at its deadline and not before. */
static void poll_once(void)
{
    struct trv__context *context = &threads[model_self()].context;
    struct trv__fd_wait wait = {.context = context, .fd = 0, .events = TRV_READABLE};
    int64_t deadline_ns = MODEL_START_NS + WAIT_NS;
    eventfd_t ignored;

    enter_runtime();
    was_told = false;
    context->is_parked = 1;
    context->operations->wait_fd(context, &wait, deadline_ns);
    MODEL_ASSERT(!context->is_parked && !wait.error);
    if (context->wake == TRV__TIMED_OUT)
        MODEL_ASSERT(!was_told && !wait.ready && model_now_ns() >= deadline_ns);
    else
        MODEL_ASSERT(was_told || wait.ready);
    if (wait.ready)
        MODEL_ASSERT(eventfd_read(0, &ignored) == 0);
    leave_runtime();
}

static void poll_twice(void)
{
    poll_once();
    poll_once();
}

static void tell_first(void)
{
    enter_runtime();
    if (trv__unpark(&threads[0].context, TRV__WOKEN))
        was_told = true;
    leave_runtime();
}

static void make_readable(void)
{
    eventfd_write(0, 1);
}

static void nothing_is_left(void)
{
    nothing_is_lost();
    MODEL_ASSERT(!atomic_load(&model_descriptors.counters[threads[0].event_fd]));
}

static const struct model_scenario one_polls = {.name = "one polls",
                                                .begin = begin,
                                                .idle = all_have_reason_to_sleep,
                                                .threads = {poll_once, tell_first, make_readable},
                                                .end = nothing_is_left,
                                                .surprises = 2};
static const struct model_scenario one_polls_twice = {.name = "one polls twice",
                                                      .begin = begin,
                                                      .idle = all_have_reason_to_sleep,
                                                      .threads = {poll_twice, tell_first},
                                                      .end = nothing_is_left,
                                                      .surprises = 3};

/* All ------------------------------------------------------------------------------------------------- */

RAW_TEST(parking)
{
    model_check(&one_waits);
    model_check(&one_waits_a_while);
    model_check(&one_waits_in_a_scope);
    model_check(&one_waits_twice);
    model_check(&nobody_comes);
    model_check(&two_wait);
}

RAW_TEST(cancelling)
{
    model_check(&only_cancelled);
    model_check(&one_is_cancelled);
    model_check(&one_of_two_is_cancelled);
}

RAW_TEST(polling)
{
    model_check(&one_polls);
    model_check(&one_polls_twice);
}

RAW_TEST(what_is_broken_is_found)
{
    static const struct model_scenario *const all[] = {&one_waits,
                                                       &one_waits_a_while,
                                                       &nobody_comes,
                                                       &one_waits_in_a_scope,
                                                       &only_cancelled,
                                                       &one_is_cancelled,
                                                       &one_of_two_is_cancelled,
                                                       &one_polls,
                                                       &one_polls_twice};

    model_check_variants(model_variants, all, COUNT_OF(all));
}

TEST_LIST(RUN(parking), RUN(cancelling), RUN(polling), RUN(what_is_broken_is_found))
