/* SPDX-License-Identifier: MIT */
/*
 * The checker: who goes on, what is tried next, and how a bad run is told.
 *
 * A run is a list of decisions, each one of several possibilities. It is repeated by taking the same
 * decisions again; the next run takes the last one that has an untried possibility the other way, and
 * the first possibility from there on. The first is always the one without a surprise.
 *
 * The threads are stacks of the library (src/stack), switched from one straight to the next; `main_stack`
 * runs between the runs. A run that is broken off (it failed, or its state is known) leaves its stacks as
 * they are: nothing on them owns anything.
 */
#include "models/checker.h"

#include "base/clock.h"
#include "base/current.h"
#include "models/run.h"
#include "stack/stack.h"
#include "support/harness.h"

#include <errno.h>
#include <stdarg.h>

enum { STEPS = 2000, DECISIONS = 2000, OPTIONS = 4 * MODEL_THREADS };

enum status { READY, LOCKED_OUT, ASLEEP, ENDED, DEAD };

struct thread {
    enum status status;
    const void *on;      /* LOCKED_OUT: the mutex; ASLEEP: the word */
    int64_t deadline_ns; /* of its sleep */
    int sleep_error;     /* how its sleep ended */
    int time_outs;
    struct model_place place;
    struct trv__stack *stack;
    struct trv__current *current; /* its trv__current, while it does not run */
    void (*body)(void);
};

struct mutex {
    const void *address;
    int holder;
};

struct decision {
    uint16_t taken, count;
};

struct step {
    int thread;
    struct model_place place; /* without a file: something that happens to a thread */
    const char *note, *surprise;
    uint64_t a, b;
};

enum act { GO_ON, TIME_OUT, WAKE_EARLY, KILL };

struct option {
    enum act act;
    int thread, cost;
};

enum outcome { RUNNING, PASSED, KNOWN, FAILED };

int model_variant;

/* Of the run. */
static const struct model_scenario *scenario;
static struct thread threads[MODEL_THREADS];
static struct mutex mutexes[8];
static int self, thread_count;
static int64_t now_ns;
static struct step steps[STEPS];
static int step_count, surprises_left;
static bool is_yielding, waits_busily;
static struct model_place here;
static enum outcome outcome;
static char message[400];

/* Of the search. */
static struct decision decisions[DECISIONS];
static int decision_count; /* those of this run so far */
static int replay_count;   /* the first ones, which are given */
static bool was_limited;   /* a surprise was left out for want of a larger bound */
static uint64_t runs, states;

static struct trv__stacks stacks;
static struct trv__stack main_stack;

static bool can_go_on(int thread);
static void go_to(int thread);

/* States that were reached before -------------------------------------------------------------------- */

struct known {
    uint64_t key;
    int surprises_left; /* plus one; 0: free */
};

static struct known *known;
static size_t known_room, known_count;

static struct known *place_of(struct known *table, size_t room, uint64_t key)
{
    size_t place = key & (room - 1);

    while (table[place].surprises_left && table[place].key != key)
        place = (place + 1) & (room - 1);
    return &table[place];
}

static void grow_known(void)
{
    size_t room = known_room ? 4 * known_room : 1 << 12;
    struct known *table = calloc(room, sizeof *table);

    ck_assert_ptr_nonnull(table);
    for (size_t i = 0; i < known_room; i++)
        if (known[i].surprises_left)
            *place_of(table, room, known[i].key) = known[i];
    free(known);
    known = table;
    known_room = room;
}

static void forget_known(void)
{
    free(known);
    known = NULL;
    known_room = known_count = 0;
}

/* Whether all that can follow has been, or will be, seen from an earlier run. */
static bool is_known(uint64_t key)
{
    struct known *found;

    if (2 * known_count >= known_room)
        grow_known();
    found = place_of(known, known_room, key);
    if (found->surprises_left > surprises_left)
        return true;
    known_count += !found->surprises_left;
    states += !found->surprises_left;
    *found = (struct known){key, surprises_left + 1};
    return false;
}

/* Who runs counts only if going on costs it nothing. */
static uint64_t state_key(void)
{
    uint64_t key = model_memory_hash() + trv__hash_mix((uint64_t)now_ns);
    int runs_on = self >= 0 && can_go_on(self) && !is_yielding ? self : -1;

    for (int t = 0; t < thread_count; t++)
        key += trv__hash_mix(model_memory_threads[t].hash * 8 + threads[t].status);
    return trv__hash_mix(key ^ (uint64_t)(runs_on + 1) ^
                         (waits_busily ? (uint64_t)(self + 1) << 8 : 0));
}

/* Decisions ------------------------------------------------------------------------------------------ */

/* The number of the possibility to take. */
static size_t decide(size_t count)
{
    struct decision *decision = &decisions[decision_count];

    if (count < 2)
        return 0;
    if (decision_count == DECISIONS)
        model_fail(__FILE__, __LINE__, "more than %d decisions", DECISIONS);
    if (decision_count >= replay_count)
        *decision = (struct decision){0, (uint16_t)count};
    else if (decision->count != count)
        model_fail(__FILE__, __LINE__, "the scenario does not repeat itself");
    decision_count++;
    return decision->taken;
}

/* Takes the last decision that can be taken otherwise; false if there is none. */
static bool next_run(void)
{
    while (decision_count > 0 &&
           decisions[decision_count - 1].taken + 1 == decisions[decision_count - 1].count)
        decision_count--;
    if (!decision_count)
        return false;
    decisions[decision_count - 1].taken++;
    replay_count = decision_count;
    return true;
}

size_t model_choose(size_t count)
{
    size_t chosen = decide(count);

    if (self >= 0)
        memory_mix(self, chosen);
    return chosen;
}

size_t model_surprise(size_t count, const char *what)
{
    size_t chosen;

    if (count < 2)
        return 0;
    if (!surprises_left) {
        was_limited = true;
        return 0;
    }
    chosen = decide(count);
    if (chosen) {
        surprises_left--;
        steps[step_count - 1].surprise = what;
    }
    return chosen;
}

/* Steps ---------------------------------------------------------------------------------------------- */

static void add_step(int thread, struct model_place place)
{
    if (step_count == STEPS) {
        step_count--;
        model_fail(place.file, place.line, "no end after %d operations", STEPS);
    }
    steps[step_count++] = (struct step){.thread = thread, .place = place};
}

void model_note(const char *format, uint64_t a, uint64_t b)
{
    struct step *step = &steps[step_count - 1];

    step->note = format;
    step->a = a;
    step->b = b;
}

static void print_steps(void)
{
    for (int i = 0; i < step_count; i++) {
        const struct step *step = &steps[i];
        char place[80] = "", note[80] = "";
        if (step->place.file)
            snprintf(place, sizeof place, "%s:%d", step->place.file, step->place.line);
        if (step->note)
            snprintf(note, sizeof note, step->note, (unsigned long long)step->a,
                     (unsigned long long)step->b);
        fprintf(stderr, "    %c%*s %-34s %s %s%s%s\n", 'A' + step->thread, 2 * step->thread, "",
                place, step->place.what, note, step->surprise ? "   <- " : "",
                step->surprise ? step->surprise : "");
    }
}

/* Who goes on ---------------------------------------------------------------------------------------- */

static struct mutex *mutex_at(const void *address)
{
    for (size_t i = 0; i < COUNT_OF(mutexes); i++) {
        if (!mutexes[i].address)
            mutexes[i] = (struct mutex){address, -1};
        if (mutexes[i].address == address)
            return &mutexes[i];
    }
    model_fail(__FILE__, __LINE__, "more than %zu mutexes", COUNT_OF(mutexes));
    return &mutexes[0];
}

static bool can_go_on(int thread)
{
    const struct thread *t = &threads[thread];

    return t->status == READY || (t->status == LOCKED_OUT && mutex_at(t->on)->holder < 0);
}

static bool any_can_go_on(void)
{
    for (int t = 0; t < thread_count; t++)
        if (can_go_on(t))
            return true;
    return false;
}

static bool is_earliest(int thread)
{
    for (int t = 0; t < thread_count; t++)
        if (threads[t].status == ASLEEP && threads[t].deadline_ns < threads[thread].deadline_ns)
            return false;
    return true;
}

static size_t add_option(struct option *options, size_t count, enum act act, int thread, int cost)
{
    if (cost > surprises_left) {
        was_limited = true;
        return count;
    }
    options[count] = (struct option){act, thread, cost};
    return count + 1;
}

static size_t find_options(struct option *options)
{
    bool some = any_can_go_on(), mine = self >= 0 && can_go_on(self) && !is_yielding;
    size_t count = 0;

    if (mine)
        count = add_option(options, count, GO_ON, self, 0);
    for (int t = 0; t < thread_count; t++)
        if (can_go_on(t) && t != self)
            count = add_option(options, count, GO_ON, t, mine);
    if (self >= 0 && can_go_on(self) && !mine && !(waits_busily && count))
        count = add_option(options, count, GO_ON, self, 0);
    for (int t = 0; t < thread_count; t++) {
        if (threads[t].status != ASLEEP)
            continue;
        if (threads[t].deadline_ns <= now_ns)
            count = add_option(options, count, TIME_OUT, t, mine);
        else if (threads[t].deadline_ns != TRV__NEVER && (some || is_earliest(t)))
            count = add_option(options, count, TIME_OUT, t, some);
        if (some)
            count = add_option(options, count, WAKE_EARLY, t, 1);
    }
    if (mine && scenario->mortal >> self & 1)
        count = add_option(options, count, KILL, self, 1);
    return count;
}

static void end_sleep(int thread, int error, uint64_t hash)
{
    threads[thread].status = READY;
    threads[thread].sleep_error = error;
    memory_mix(thread, hash + (uint64_t)error);
}

/* Asks the scenario outside of all threads. */
static void ask(void (*what)(void))
{
    int before = self;

    self = -1;
    what();
    self = before;
    if (outcome == FAILED)
        go_to(-1);
}

static void kill_self(void)
{
    threads[self].status = DEAD;
    if (scenario->death)
        ask(scenario->death);
    for (int t = 0; t < thread_count; t++)
        if (threads[t].status == ASLEEP)
            end_sleep(t, EINTR, model_memory_threads[self].hash);
}

/* Does what was decided. Who goes on; -1: decide again. */
static int apply(const struct option *option)
{
    int thread = option->thread;

    surprises_left -= option->cost;
    switch (option->act) {
    case GO_ON:
        if (option->cost)
            add_step(self, (struct model_place){"(is interrupted)", NULL, 0});
        return thread;
    case TIME_OUT:
        now_ns = MAX_OF(now_ns, threads[thread].deadline_ns);
        threads[thread].time_outs++;
        add_step(thread, (struct model_place){"(its time is up)", NULL, 0});
        end_sleep(thread, ETIMEDOUT, 0);
        return thread;
    case WAKE_EARLY:
        add_step(thread, (struct model_place){"(wakes up for no reason)", NULL, 0});
        end_sleep(thread, EINTR, 0);
        return thread;
    case KILL:
        add_step(thread, (struct model_place){"(is killed)", NULL, 0});
        kill_self();
        break;
    }
    return -1;
}

static void go_to(int thread)
{
    struct trv__stack *from = self < 0 ? &main_stack : threads[self].stack;

    if (thread == self)
        return;
    if (self >= 0)
        threads[self].current = trv__current;
    self = thread;
    trv__current = thread < 0 ? NULL : threads[thread].current;
    trv__stack_switch(from, thread < 0 ? &main_stack : threads[thread].stack);
}

static void end_run(enum outcome how)
{
    outcome = how;
    go_to(-1);
}

static void end_quietly(void)
{
    for (int t = 0; t < thread_count; t++)
        if (threads[t].status != ENDED && threads[t].status != DEAD)
            model_fail(threads[t].place.file, threads[t].place.line,
                       "deadlock: thread %c waits here for ever", 'A' + t);
    end_run(PASSED);
}

static void schedule(void)
{
    struct option options[OPTIONS];
    int next = -1;

    while (next < 0) {
        size_t count = find_options(options);
        if (!count)
            end_quietly();
        if (scenario->idle && !any_can_go_on())
            ask(scenario->idle);
        if (count > 1 && decision_count >= replay_count && is_known(state_key()))
            end_run(KNOWN);
        next = apply(&options[decide(count)]);
    }
    is_yielding = waits_busily = false;
    go_to(next);
}

void model_here(struct model_place place)
{
    here = place;
}

void model_point(struct model_place place)
{
    if (here.file)
        place = here;
    here = (struct model_place){0};
    threads[self].place = place;
    schedule();
    add_step(self, place);
    memory_mix(self,
               (uint64_t)place.line); /* it is one operation further, whatever that one tells */
}

/* Mutexes, futexes, time ----------------------------------------------------------------------------- */

void model_mutex_lock(const void *address, struct model_place place)
{
    if (self < 0)
        return;
    model_point(place);
    while (mutex_at(address)->holder >= 0) {
        if (mutex_at(address)->holder == self)
            model_fail(place.file, place.line, "the mutex is held by the caller");
        threads[self].status = LOCKED_OUT;
        threads[self].on = address;
        schedule();
        threads[self].status = READY;
    }
    mutex_at(address)->holder = self;
    model_memory_take(self, address);
}

void model_mutex_unlock(const void *address, struct model_place place)
{
    if (self < 0)
        return;
    model_point(place);
    if (mutex_at(address)->holder != self)
        model_fail(place.file, place.line, "the mutex is not held by the caller");
    mutex_at(address)->holder = -1;
    model_memory_give(self, address);
}

int model_futex_wait(const void *word, uint32_t expected, int64_t deadline_ns,
                     struct model_place place)
{
    struct thread *t = &threads[self];

    model_point(place);
    if (model_memory_peek(self, word) != expected) {
        model_note("has changed", 0, 0);
        return EAGAIN;
    }
    if (deadline_ns <= now_ns)
        return ETIMEDOUT;
    model_note("sleeps", 0, 0);
    t->status = ASLEEP;
    t->on = word;
    t->deadline_ns = deadline_ns;
    schedule();
    return t->sleep_error;
}

/* The kernel wakes those who have slept longest; that they are tried in all orders includes that. */
void model_futex_wake(const void *word, int count, struct model_place place)
{
    int sleepers[MODEL_THREADS], sleeper_count = 0;

    if (self < 0)
        return;
    model_point(place);
    for (int t = 0; t < thread_count; t++)
        if (threads[t].status == ASLEEP && threads[t].on == word)
            sleepers[sleeper_count++] = t;
    for (; count > 0 && sleeper_count > 0; count--) {
        size_t chosen = model_choose((size_t)sleeper_count);
        model_note("wakes %c", 'A' + (uint64_t)sleepers[chosen], 0);
        end_sleep(sleepers[chosen], 0, model_memory_threads[self].hash);
        sleepers[chosen] = sleepers[--sleeper_count];
    }
}

int64_t model_clock_ns(struct model_place place)
{
    if (self < 0)
        return now_ns;
    model_point(place);
    now_ns += scenario->tick_ns;
    if (scenario->jump_ns && model_surprise(2, "much later"))
        now_ns += scenario->jump_ns;
    memory_mix(self, (uint64_t)now_ns);
    model_note("= %llu us", (uint64_t)(now_ns - MODEL_START_NS) / 1000, 0);
    return now_ns;
}

void model_yield_at(const char *file, int line, bool waits)
{
    is_yielding = true;
    waits_busily = waits;
    model_point((struct model_place){"(yields)", file, line});
}

int model_self(void)
{
    return self;
}

void model_pass(int64_t ns)
{
    now_ns += ns;
}

uint64_t model_saw(uint64_t value)
{
    if (self >= 0)
        memory_mix(self, value);
    return value;
}

bool model_is_asleep(int thread)
{
    return model_saw(threads[thread].status == ASLEEP && threads[thread].deadline_ns > now_ns);
}

int model_time_outs(int thread)
{
    return (int)model_saw((uint64_t)threads[thread].time_outs);
}

int64_t model_now_ns(void)
{
    return (int64_t)model_saw((uint64_t)now_ns);
}

bool model_is_dead(int thread)
{
    bool is_dead = model_saw(threads[thread].status == DEAD);

    if (is_dead && self >= 0)
        clock_join(&model_memory_threads[self].clock, &model_memory_threads[thread].clock);
    return is_dead;
}

bool model_is_sequential(void)
{
    return scenario->is_sequential;
}

/* Failures ------------------------------------------------------------------------------------------- */

void model_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    int length;

    if (outcome != FAILED) {
        length = snprintf(message, sizeof message, "%s:%d: ", file ? file : "?", line);
        va_start(arguments, format);
        vsnprintf(message + length, sizeof message - (size_t)length, format, arguments);
        va_end(arguments);
    }
    outcome = FAILED;
    if (self >= 0)
        go_to(-1);
}

void model_fail_here(const char *text)
{
    struct model_place place = steps[step_count - 1].place;

    model_fail(place.file, place.line, "%s: %s", text, place.what);
}

void model_assertion_failed(const char *claim, const char *file, int line, const char *function)
{
    model_fail(file, line, "assertion failed: %s, in %s", claim, function);
    abort();
}

/* The search ----------------------------------------------------------------------------------------- */

static void run_thread(void *argument)
{
    int me = (int)(intptr_t)argument;

    threads[me].body();
    threads[me].status = ENDED;
    schedule();
    abort();
}

static void prepare_threads(void)
{
    thread_count = 0;
    memset(threads, 0, sizeof threads);
    while (thread_count < MODEL_THREADS && scenario->threads[thread_count]) {
        struct thread *t = &threads[thread_count];
        t->body = scenario->threads[thread_count];
        t->stack = trv__stack_acquire(&stacks, 0);
        ck_assert_ptr_nonnull(t->stack);
        trv__stack_prepare(t->stack, run_thread, (void *)(intptr_t)thread_count);
        thread_count++;
    }
}

static void run_once(int bound)
{
    model_memory_reset();
    memset(mutexes, 0, sizeof mutexes);
    now_ns = MODEL_START_NS;
    step_count = decision_count = 0;
    surprises_left = bound;
    is_yielding = waits_busily = false;
    here = (struct model_place){0};
    outcome = RUNNING;
    self = -1;
    prepare_threads();
    scenario->begin();
    if (outcome == RUNNING)
        schedule();
    if (outcome == PASSED && scenario->end)
        scenario->end();
    for (int t = thread_count - 1; t >= 0; t--)
        trv__stack_release(&stacks, threads[t].stack);
    runs += outcome != KNOWN;
}

/* All runs with up to `bound` surprises. False if one failed. */
static bool search(int bound)
{
    replay_count = 0;
    was_limited = false;
    forget_known();
    do
        run_once(bound);
    while (outcome != FAILED && next_run());
    return outcome != FAILED;
}

/* One more in the stress builds, one less where each run is slow; but what is broken must be found. */
static int bound_of(const struct model_scenario *s)
{
    const char *wanted = getenv("TRIVET_SURPRISES");

    if (wanted)
        return atoi(wanted);
    if (model_variant)
        return s->surprises;
    return MAX_OF(1, s->surprises + TRV_GIL_STRESS - (TRV_ASAN || TRV_UBSAN || TRV_VALGRIND));
}

static bool explore(const struct model_scenario *s, int *bound)
{
    int limit = bound_of(s);
    bool passes = true;

    scenario = s;
    ck_assert_int_eq(trv__stacks_init(&stacks, NULL), 0);
    trv__stack_adopt_thread(&main_stack);
    runs = states = 0;
    for (*bound = 0; (passes = search(*bound)) && was_limited && *bound < limit; ++*bound)
        ;
    forget_known();
    trv__stack_disown_thread(&main_stack);
    trv__stacks_fini(&stacks);
    return passes;
}

bool model_is_of_use(void)
{
    if (TRV_TSAN)
        printf("not under ThreadSanitizer: the checker is a single thread\n");
    if (sizeof(void *) != 8 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
        printf("not here: the checker keeps values in little-endian words of 64 bits\n");
    return !TRV_TSAN && sizeof(void *) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

void model_check(const struct model_scenario *s)
{
    int bound;

    if (!model_is_of_use())
        return;
    model_variant = 0;
    if (!explore(s, &bound)) {
        fprintf(stderr, "%s: %s\n", s->name, message);
        print_steps();
        ck_abort_msg("%s: %s", s->name, message);
    }
    printf("%s: %llu runs, %llu states, %s %d surprises\n", s->name, (unsigned long long)runs,
           (unsigned long long)states, was_limited ? "up to" : "never more than", bound);
}

static bool is_found(const struct model_variant *variant,
                     const struct model_scenario *const *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int bound;
        if (explore(scenarios[i], &bound))
            continue;
        printf("%s: found by %s after %llu runs, with %d surprises: %s\n", variant->name,
               scenarios[i]->name, (unsigned long long)runs, bound, message);
        if (getenv("TRIVET_STEPS"))
            print_steps();
        return true;
    }
    return false;
}

void model_check_variants(const struct model_variant *variants,
                          const struct model_scenario *const *scenarios, size_t count)
{
    bool all_found = true;

    if (!model_is_of_use())
        return;
    for (int i = 0; variants[i].name; i++) {
        model_variant = i + 1;
        if (!variants[i].applies) {
            printf("%s: the lines it replaces are not in the source any more\n", variants[i].name);
            all_found = false;
        } else if (!is_found(&variants[i], scenarios, count)) {
            printf("%s: NOT FOUND: %s\n", variants[i].name, variants[i].why);
            all_found = false;
        }
        fflush(stdout);
    }
    model_variant = 0;
    ck_assert_msg(all_found, "a variant that is broken on purpose was not found (see above)");
}
