/* SPDX-License-Identifier: MIT */
/*
 * The checker itself: the little programs whose outcomes the C11 memory model settles, and mistakes that
 * it must find. A scenario counts the outcomes that it has seen; what is forbidden must not
 * be among them, and what is allowed must be.
 */
#include "models/replace.h"
#include "support/harness.h"

static _Atomic uint32_t x, y;
static pthread_mutex_t mutex;
static uint32_t seen[MODEL_THREADS], plain;
static unsigned outcomes; /* bit 2 * seen[0] + seen[1] */
static memory_order store_order, load_order;
static bool has_fences;

static void begin(void)
{
    atomic_init(&x, 0);
    atomic_init(&y, 0);
    memset(seen, 0, sizeof seen);
    plain = 0;
}

static void end(void)
{
    outcomes |= 1U << (2 * seen[0] + seen[1]);
}

static void store_then_load(_Atomic uint32_t *mine, _Atomic uint32_t *other)
{
    atomic_store_explicit(mine, 1, store_order);
    if (has_fences)
        atomic_thread_fence(memory_order_seq_cst);
    seen[model_self()] = atomic_load_explicit(other, load_order);
}

static void x_then_y(void)
{
    store_then_load(&x, &y);
}

static void y_then_x(void)
{
    store_then_load(&y, &x);
}

static unsigned outcomes_of(const struct model_scenario *scenario, memory_order store,
                            memory_order load)
{
    outcomes = 0;
    store_order = store;
    load_order = load;
    model_check(scenario);
    return outcomes;
}

RAW_TEST(store_buffering)
{
    static const struct model_scenario s = {.name = "store buffering",
                                            .begin = begin,
                                            .threads = {x_then_y, y_then_x},
                                            .end = end,
                                            .surprises = 4};

    if (!model_is_of_use())
        return;
    ck_assert_uint_eq(outcomes_of(&s, memory_order_seq_cst, memory_order_seq_cst), 0xe);
    ck_assert_uint_eq(outcomes_of(&s, memory_order_release, memory_order_acquire), 0xf);
    has_fences = true;
    ck_assert_uint_eq(outcomes_of(&s, memory_order_relaxed, memory_order_relaxed), 0xe);
}

/* Outcome 2 * y + x: who sees y must see x. */
static void write_both(void)
{
    atomic_store_explicit(&x, 1, memory_order_relaxed);
    atomic_store_explicit(&y, 1, store_order);
}

static void read_both(void)
{
    seen[0] = atomic_load_explicit(&y, load_order);
    seen[1] = atomic_load_explicit(&x, memory_order_relaxed);
}

RAW_TEST(message_passing)
{
    static const struct model_scenario s = {.name = "message passing",
                                            .begin = begin,
                                            .threads = {write_both, read_both},
                                            .end = end,
                                            .surprises = 4};

    if (!model_is_of_use())
        return;
    ck_assert_uint_eq(outcomes_of(&s, memory_order_release, memory_order_acquire), 0xb);
    ck_assert_uint_eq(outcomes_of(&s, memory_order_relaxed, memory_order_acquire), 0xf);
    ck_assert_uint_eq(outcomes_of(&s, memory_order_release, memory_order_relaxed), 0xf);
}

/* Nobody sees an object go back in time. */
static void count_x(void)
{
    atomic_store_explicit(&x, 1, memory_order_relaxed);
    atomic_store_explicit(&x, 2, memory_order_relaxed);
}

static void read_x_twice(void)
{
    uint32_t first = atomic_load_explicit(&x, memory_order_relaxed);

    MODEL_ASSERT(atomic_load_explicit(&x, memory_order_relaxed) >= first);
}

RAW_TEST(coherence)
{
    static const struct model_scenario s = {
        .name = "coherence", .begin = begin, .threads = {count_x, read_x_twice}, .surprises = 4};

    model_check(&s);
}

/* Mistakes, each a variant of the same few lines ------------------------------------------------------- */

static void add_one(void)
{
    if (model_variant == 1) { /* two operations instead of one */
        uint32_t old = atomic_load_explicit(&x, memory_order_relaxed);
        atomic_store_explicit(&x, old + 1, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&x, 1, memory_order_relaxed);
    }
}

static void both_added(void)
{
    MODEL_ASSERT(atomic_load(&x) == 2);
}

static void wait_for_word(void)
{
    while (!atomic_load_explicit(&y, memory_order_acquire))
        if (model_variant == 2) /* whatever was stored meanwhile */
            trv__futex_wait(&x, atomic_load_explicit(&x, memory_order_relaxed), TRV__NEVER);
        else
            trv__futex_wait(&y, 0, TRV__NEVER);
    model_write(&plain);
}

static void set_word(void)
{
    model_write(&plain);
    atomic_store_explicit(&y, 1, model_variant == 3 ? memory_order_relaxed : memory_order_release);
    trv__futex_wake(model_variant == 2 ? &x : &y);
}

static void lock_and_write(void)
{
    if (model_variant != 4 || model_self())
        pthread_mutex_lock(&mutex);
    model_read(&plain);
    model_write(&plain);
    if (model_variant != 4 || model_self())
        pthread_mutex_unlock(&mutex);
}

static void look_again(void)
{
    while (!atomic_load_explicit(&y, memory_order_acquire) && model_variant != 5)
        model_yield();
    MODEL_ASSERT(atomic_load_explicit(&y, memory_order_acquire));
}

static const struct model_scenario counting = {.name = "counting",
                                               .begin = begin,
                                               .threads = {add_one, add_one},
                                               .end = both_added,
                                               .surprises = 2};
static const struct model_scenario sleeping = {
    .name = "sleeping", .begin = begin, .threads = {wait_for_word, set_word}, .surprises = 2};
static const struct model_scenario locking = {
    .name = "locking", .begin = begin, .threads = {lock_and_write, lock_and_write}, .surprises = 2};
static const struct model_scenario looking = {
    .name = "looking", .begin = begin, .threads = {set_word, look_again}, .surprises = 2};

static const struct model_scenario *const all[] = {&counting, &sleeping, &locking, &looking};

RAW_TEST(mistakes_are_found)
{
    static const struct model_variant variants[] = {
        {"lost_update", "a load and a store are not one operation", true},
        {"wrong_word", "who waits looks at one word and sleeps on another", true},
        {"no_release", "what was written before the word is not ordered", true},
        {"no_lock", "one of two takes no lock", true},
        {"no_loop", "a condition is looked at once", true},
        {NULL, NULL, false}};

    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (i != 3)
            model_check(all[i]);
    model_check_variants(variants, all, COUNT_OF(all));
}

TEST_LIST(RUN(store_buffering), RUN(message_passing), RUN(coherence), RUN(mistakes_are_found))
