/* SPDX-License-Identifier: MIT */
/*
 * The search over schedules: trv__choose_slowly is wrapped by the linker, so the library asks here.
 *
 * One runtime serves all runs of a program. Between two of them nobody is left but the thread that
 * searches: crew_settle lets virtual time pass until all threads have ended. Decisions made meanwhile
 * are the usual ones and are not searched.
 */
#include "models/schedules.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DECISIONS = 400 };

struct decision {
    uint16_t taken, count;
    uint8_t kind;
};

static const struct schedule_program *program;
static struct decision decisions[DECISIONS];
static int decision_count, replay_count;
static int preemptions_left;
static bool is_searching, was_limited, has_failed;
static bool is_exhausted; /* with all three kinds of members */
static unsigned stays;
static uint64_t runs;
static char message[300];

int model_variant;

size_t __real_trv__choose_slowly(struct trv__chooser *chooser, enum trv__choice kind, size_t count);
size_t __wrap_trv__choose_slowly(struct trv__chooser *chooser, enum trv__choice kind, size_t count);

void schedule_fail(const char *file, int line, const char *claim)
{
    if (!has_failed)
        snprintf(message, sizeof message, "%s:%d: not true: %s", file, line, claim);
    has_failed = true;
}

static size_t decide(enum trv__choice kind, size_t count)
{
    struct decision *decision = &decisions[decision_count];

    if (kind == TRV__CHOOSE_SWITCH && !preemptions_left) {
        was_limited = true;
        return 0;
    }
    if (decision_count == DECISIONS) {
        schedule_fail(__FILE__, __LINE__, "a run has not too many decisions");
        return 0;
    }
    if (decision_count >= replay_count)
        *decision = (struct decision){0, (uint16_t)count, (uint8_t)kind};
    else if (decision->count != count || decision->kind != kind)
        schedule_fail(__FILE__, __LINE__, "the program repeats itself");
    decision_count++;
    preemptions_left -= kind == TRV__CHOOSE_SWITCH && decision->taken;
    return decision->taken < count ? decision->taken : 0;
}

size_t __wrap_trv__choose_slowly(struct trv__chooser *chooser, enum trv__choice kind, size_t count)
{
    size_t chosen = 0;

    (void)__real_trv__choose_slowly(chooser, kind, count);
    if (is_searching)
        chosen = decide(kind, count);
    if (!chosen && kind == TRV__CHOOSE_SWITCH && ++stays > 1000)
        chosen = 1; /* whoever waits at safepoints waits for somebody */
    if (chosen || kind != TRV__CHOOSE_SWITCH)
        stays = 0;
    chooser->last.chosen = chosen;
    return chosen;
}

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

static void run_once(int bound)
{
    struct crew_member members[SCHEDULE_MEMBERS];
    struct crew crew;
    size_t count = 0;

    decision_count = 0;
    preemptions_left = bound;
    stays = 0;
    program->begin();
    crew_begin(&crew);
    while (count < SCHEDULE_MEMBERS && program->members[count]) {
        members[count] = (struct crew_member){program->members[count], NULL};
        count++;
    }
    is_searching = true;
    crew_start_mixed(&crew, members, count);
    crew_join(&crew);
    is_searching = false;
    crew_settle();
    program->end();
    runs++;
}

/* Runs all schedules. The runtime is there. */
static void search(void)
{
    for (int bound = 0; !has_failed && bound <= program->preemptions; bound++) {
        replay_count = 0;
        was_limited = false;
        do
            run_once(bound);
        while (!has_failed && next_run());
        if (!was_limited)
            break;
    }
    is_exhausted = is_exhausted && !was_limited;
}

/* Seeds that mean threads, coroutines and a mixture to crew_start_mixed. */
static void explore(const struct schedule_program *p)
{
    static const char *const seeds[] = {"4", "1", "2"};

    program = p;
    has_failed = false;
    is_exhausted = true;
    runs = 0;
    for (size_t i = 0; i < COUNT_OF(seeds) && !has_failed; i++) {
        setenv("TRIVET_SEED", seeds[i], 1);
        harness_with_runtime(search);
    }
}

static void print_decisions(void)
{
    static const char *const kinds[] = {"switch", "thread", "waiter", "ready"};

    for (int i = 0; i < decision_count; i++)
        fprintf(stderr, "    %s: %u of %u\n", kinds[decisions[i].kind], decisions[i].taken,
                decisions[i].count);
}

void schedule_check(const struct schedule_program *p)
{
    model_variant = 0;
    explore(p);
    if (has_failed) {
        fprintf(stderr, "%s, TRIVET_SEED=%s: %s\n", p->name, getenv("TRIVET_SEED"), message);
        print_decisions();
        ck_abort_msg("%s: %s", p->name, message);
    }
    printf("%s: %llu runs, %s %d preemptions\n", p->name, (unsigned long long)runs,
           is_exhausted ? "which is all of them, with less than" : "with up to",
           p->preemptions + is_exhausted);
}

/* In a process of its own, which may end in any way: what is broken may hang or crash. */
static bool is_found_by(const struct model_variant *variant, const struct schedule_program *p)
{
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        alarm(20);
        explore(p);
        if (has_failed)
            printf("%s: found by %s after %llu runs: %s\n", variant->name, p->name,
                   (unsigned long long)runs, message);
        fflush(NULL);
        _exit(has_failed);
    }
    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    if (WIFSIGNALED(status))
        printf("%s: found by %s, which ended by signal %d\n", variant->name, p->name,
               WTERMSIG(status));
    return status != 0;
}

static bool is_found(const struct model_variant *variant,
                     const struct schedule_program *const *programs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_found_by(variant, programs[i]))
            return true;
    return false;
}

void schedule_check_variants(const struct model_variant *variants,
                             const struct schedule_program *const *programs, size_t count)
{
    bool all_found = true;

    for (int i = 0; variants[i].name; i++) {
        bool is_good = variants[i].applies;
        model_variant = i + 1;
        if (!is_good)
            printf("%s: the lines it replaces are not in the source any more\n", variants[i].name);
        else if (!(is_good = is_found(&variants[i], programs, count)))
            printf("%s: NOT FOUND: %s\n", variants[i].name, variants[i].why);
        all_found = all_found && is_good;
        fflush(stdout);
    }
    model_variant = 0;
    ck_assert_msg(all_found, "a variant that is broken on purpose was not found (see above)");
}
