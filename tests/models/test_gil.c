/* SPDX-License-Identifier: MIT */
/*
 * The GIL under every interleaving: src/runtime/gil.c as it is, and broken in the ways of gil.broken.
 *
 * What must hold: one thread at a time is inside, and sees what the ones before it did; whoever
 * waits gets in (all scenarios end); the lock is never free while somebody stands in line and all
 * sleep; who computes hands over within a few safepoints; who has waited long is not overtaken.
 *
 * Not here: src/runtime/turns.c, which takes over under a seed, and fork.
 */
#include "models/replace.h"
#define SPINS 1 /* more looks at the same word find nothing more */
#include "models/gil.inc"
#include "support/harness.h"

#define SLICE_NS 5000000

static struct trv_runtime runtime;
static struct trv__thread threads[MODEL_THREADS];
static struct trv__gil *const gil = &runtime.gil;
static int inside, entered[MODEL_THREADS], plain;
static int64_t released_ns;
static struct trv__thread *due; /* the first of the returning ones at the last release, or NULL */

static void begin_with(enum trv__haste haste, bool is_timed)
{
    memset(&runtime, 0, sizeof runtime);
    memset(threads, 0, sizeof threads);
    memset(entered, 0, sizeof entered);
    inside = 0;
    released_ns = 0;
    due = NULL;
    trv__gil_init(gil, &runtime.chooser, SLICE_NS / 1e9, is_timed);
    gil->may_spin = true;
    for (size_t i = 0; i < MODEL_THREADS; i++) {
        trv__list_init(&threads[i].gil.link);
        threads[i].current.runtime = &runtime;
        threads[i].gil.haste = (uint8_t)haste;
    }
}

static void begin(void)
{
    begin_with(TRV__AT_ONCE, false);
}

static void begin_patient(void)
{
    begin_with(TRV__IN_TURN, false);
}

static void begin_soon(void)
{
    begin_with(TRV__SOON, false);
}

/* Every taking and giving is seen. */
static void begin_timed(void)
{
    begin_with(TRV__AT_ONCE, true);
}

static void end(void)
{
    MODEL_ASSERT((atomic_load(&gil->state) & ~(uintptr_t)TRV__GIL_SLOWLY) == 0);
    MODEL_ASSERT(trv__list_is_empty(&gil->returning) && trv__list_is_empty(&gil->preempted));
}

/* All sleep: nobody, then, who could have the lock, or has it. */
static void idle(void)
{
    if (!trv__gil_holder(gil))
        MODEL_ASSERT(trv__list_is_empty(&gil->returning) && trv__list_is_empty(&gil->preempted));
    for (int i = 0; i < MODEL_THREADS; i++)
        MODEL_ASSERT(trv__gil_holder(gil) != &threads[i] || !model_is_asleep(i));
}

static struct trv__thread *me(void)
{
    struct trv__thread *thread = &threads[model_self()];

    trv__current = &thread->current;
    return thread;
}

/* Whether somebody else comes in although `due` stood in line, visibly, and had waited for too long when
 * the lock was released; unless a debt comes first. */
static bool is_overtaking(void)
{
    return model_saw(due && due != me() && !gil->is_due && trv__list_is_linked(&due->gil.link) &&
                     released_ns - due->gil.queued_ns > STARVING_NS);
}

static void use(void)
{
    MODEL_ASSERT(model_saw((uint64_t)inside++) == 0);
    MODEL_ASSERT(trv__holds_gil());
    MODEL_ASSERT(!is_overtaking());
    due = NULL;
    model_write(&plain);
    inside--;
    entered[model_self()]++;
}

static void take(void)
{
    trv__gil_take(gil, me());
    use();
}

static void give(void)
{
    released_ns = model_now_ns();
    due = NULL;
    if (*(volatile uintptr_t *)&gil->state & TRV__GIL_WAITERS &&
        !trv__list_is_empty(&gil->returning))
        due = thread_at(gil->returning.next);
    model_saw((uintptr_t)due);
    trv__gil_give(gil, me());
}

static void safepoint(void)
{
    if (atomic_load_explicit(&gil->attention, memory_order_relaxed) & TRV__ATTEND_SWITCH) {
        trv__gil_switch(gil, me());
        use();
    }
}

/* Coming and going ------------------------------------------------------------------------------------ */

static void once(void)
{
    take();
    give();
}

static void twice(void)
{
    once();
    once();
}

static void three_times(void)
{
    twice();
    once();
}

static void leave(void)
{
    take();
    trv__gil_leave(gil, me());
}

#define COMMON .idle = idle, .end = end
static const struct model_scenario two_come_and_go = {
    .name = "two come and go", .begin = begin, .threads = {twice, twice}, COMMON, .surprises = 3};
static const struct model_scenario two_come_and_are_timed = {.name = "two come and are timed",
                                                             .begin = begin_timed,
                                                             .threads = {twice, once},
                                                             COMMON,
                                                             .surprises = 3};
static const struct model_scenario three_come = {
    .name = "three come", .begin = begin, .threads = {once, once, leave}, COMMON, .surprises = 3};
static const struct model_scenario the_patient_come = {.name = "the patient come",
                                                       .begin = begin_patient,
                                                       .threads = {once, twice},
                                                       COMMON,
                                                       .surprises = 4};
static const struct model_scenario soon_they_come = {.name = "soon they come",
                                                     .begin = begin_soon,
                                                     .threads = {once, twice},
                                                     COMMON,
                                                     .surprises = 4};
static const struct model_scenario one_comes_often = {.name = "one comes often",
                                                      .begin = begin,
                                                      .threads = {three_times, once},
                                                      COMMON,
                                                      .surprises = 3,
                                                      .jump_ns = 2 * STARVING_NS};

/* Safepoints ------------------------------------------------------------------------------------------ */

static void compute(void)
{
    take();
    for (int i = 0; i < 3; i++)
        safepoint();
    give();
}

static void reschedule(void)
{
    take();
    trv__gil_reschedule(gil, me());
    use();
    give();
}

static const struct model_scenario one_computes = {.name = "one computes",
                                                   .begin = begin,
                                                   .threads = {compute, once},
                                                   COMMON,
                                                   .surprises = 4,
                                                   .jump_ns = 2 * RETURN_NS};
static const struct model_scenario two_compute = {.name = "two compute",
                                                  .begin = begin,
                                                  .threads = {compute, compute},
                                                  COMMON,
                                                  .surprises = 3,
                                                  .jump_ns = SLICE_NS};
static const struct model_scenario one_computes_two_come = {.name = "one computes, two come",
                                                            .begin = begin,
                                                            .threads = {compute, once, once},
                                                            COMMON,
                                                            .surprises = 2,
                                                            .jump_ns = 2 * RETURN_NS};
static const struct model_scenario two_reschedule = {.name = "two reschedule",
                                                     .begin = begin,
                                                     .threads = {reschedule, reschedule, once},
                                                     COMMON,
                                                     .surprises = 2};

/* How soon -------------------------------------------------------------------------------------------- */

static void compute_a_round(int64_t ns)
{
    model_pass(ns);
    model_pause();
}

/* At the next safepoint, by one whose own precedence is over. */
static void compute_beside_who_returns(void)
{
    take();
    me()->gil.is_returning = false;
    for (int i = 0; i < 5; i++) {
        bool is_due;
        compute_a_round(RETURN_NS / 10);
        is_due = model_is_asleep(1);
        safepoint();
        MODEL_ASSERT(!is_due || !model_is_asleep(1));
    }
    give();
}

/* When the time is over that one which has returned itself may take. */
static void return_beside_who_returns(void)
{
    int late = 0;

    take();
    for (int i = 0; i < 5; i++) {
        compute_a_round(RETURN_NS * 2 / 3);
        late += model_is_asleep(1);
        safepoint();
        MODEL_ASSERT(!model_is_asleep(1) || late < 3);
    }
    give();
}

/* When the debt is paid, which fell due while it slept and relied on its request. */
static void compute_in_debt(void)
{
    bool has_fallen_due = false;

    take();
    me()->gil.is_returning = false;
    for (int i = 0; i < 6; i++) {
        compute_a_round(DEBT_DUE_NS / 2);
        if (!has_fallen_due && model_is_asleep(1)) {
            pthread_mutex_lock(&gil->mutex);
            gil->debt_ns = DEBT_DUE_NS;
            gil->is_due = has_fallen_due = true;
            pthread_mutex_unlock(&gil->mutex);
        }
        safepoint();
    }
    give();
}

/* When its patience has ended, which is as long as a slice; and once more for the one sleep that ends
 * too early, as a surprise. */
static void compute_beside_the_patient(void)
{
    take();
    for (int i = 0; i < 10; i++) {
        bool is_due;
        compute_a_round(SLICE_NS / 2);
        is_due = model_is_asleep(1) && model_time_outs(1) >= 2;
        safepoint();
        MODEL_ASSERT(!is_due || !model_is_asleep(1));
    }
    give();
}

static const struct model_scenario who_returns_is_served_soon = {
    .name = "who returns is served soon",
    .begin = begin,
    .threads = {compute_beside_who_returns, once},
    COMMON,
    .surprises = 2,
    .is_sequential = true};
static const struct model_scenario who_returned_gives_way = {
    .name = "who returned gives way",
    .begin = begin,
    .threads = {return_beside_who_returns, once},
    COMMON,
    .surprises = 2,
    .is_sequential = true};
static const struct model_scenario who_waits_for_the_debt = {.name =
                                                                 "who waits for the debt is served",
                                                             .begin = begin,
                                                             .threads = {compute_in_debt, once},
                                                             COMMON,
                                                             .surprises = 1,
                                                             .is_sequential = true};
static const struct model_scenario the_patient_are_served = {
    .name = "the patient are served",
    .begin = begin_patient,
    .threads = {compute_beside_the_patient, once},
    COMMON,
    .surprises = 1,
    .is_sequential = true};

/* All ------------------------------------------------------------------------------------------------- */

RAW_TEST(coming_and_going)
{
    model_check(&two_come_and_go);
    model_check(&two_come_and_are_timed);
    model_check(&three_come);
    model_check(&the_patient_come);
    model_check(&soon_they_come);
    model_check(&one_comes_often);
}

RAW_TEST(safepoints)
{
    model_check(&one_computes);
    model_check(&two_compute);
    model_check(&one_computes_two_come);
    model_check(&two_reschedule);
}

RAW_TEST(how_soon)
{
    model_check(&who_returns_is_served_soon);
    model_check(&who_returned_gives_way);
    model_check(&who_waits_for_the_debt);
    model_check(&the_patient_are_served);
}

RAW_TEST(what_is_broken_is_found)
{
    static const struct model_scenario *const all[] = {
        &one_comes_often,        &who_returns_is_served_soon,
        &who_waits_for_the_debt, &the_patient_are_served,
        &two_come_and_go,        &three_come,
        &one_computes,           &two_compute,
        &two_reschedule};

    if (!TRV_GIL_STRESS) /* which gives way at every safepoint, and so hides that a debt is forgotten */
        model_check_variants(model_variants, all, COUNT_OF(all));
}

TEST_LIST(RUN(coming_and_going), RUN(safepoints), RUN(how_soon), RUN(what_is_broken_is_found))
