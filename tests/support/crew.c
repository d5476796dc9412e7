/* SPDX-License-Identifier: MIT */
/*
 * The crew of crew.h, over trv__thread_start and park.
 *
 * Guarded by the GIL. The last member to end wakes the joiner; its thread is gone before trv_fini
 * returns, which the harness checks.
 */
#include "support/crew.h"

struct member {
    struct crew *crew;
    crew_body *body;
    void *argument;
};

/* Coroutines that one thread is to run. */
struct party {
    struct crew *crew;
    size_t count;
    struct crew_member members[];
};

void crew_begin(struct crew *crew)
{
    crew->left = 0;
    trv__list_init(&crew->waiters);
}

void crew_expect_no_error(const char *what)
{
    if (!trv_error_occurred())
        return;
    trv_error_print();
    ck_abort_msg("%s left an exception pending (see above)", what);
}

void crew_expect_error(trv_object *type)
{
    if (!trv_error_matches(type)) {
        trv_error_print();
        ck_abort_msg("another exception, or none (see above)");
    }
    trv_error_clear();
}

void crew_expect_in_group(trv_object *type, int least, int most)
{
    trv_auto trv_object *error = trv_error_take(), *members = NULL;
    size_t count;

    ck_assert_ptr_nonnull(error);
    members = trv_exception_group_exceptions(error);
    crew_expect_no_error("taking a group apart");
    ck_assert_int_eq(trv_len(members, &count), 0);
    ck_assert_int_ge((int)count, least);
    ck_assert_int_le((int)count, most);
    TRV_FOR(member, members)
        ck_assert_int_eq(trv_isinstance(member, type), 1);
}

static void leave(struct crew *crew)
{
    crew_expect_no_error("a member of the crew");
    if (--crew->left == 0)
        trv__wake_all(&crew->waiters);
}

static void run_member(void *argument)
{
    struct member member = *(struct member *)argument;

    free(argument);
    member.body(member.argument);
    leave(member.crew);
}

static void start_thread(struct crew *crew, void (*run)(void *argument), void *argument)
{
    crew->left++;
    if (trv__thread_start(run, argument, "crew", 0) < 0)
        crew_expect_no_error("starting a thread");
}

void crew_start(struct crew *crew, crew_body *body, void *argument)
{
    struct member *member = malloc(sizeof *member);

    ck_assert_ptr_nonnull(member);
    *member = (struct member){crew, body, argument};
    start_thread(crew, run_member, member);
}

/* Coroutines ---------------------------------------------------------------------------------- */

/* The address of a struct crew_member or struct party, which came as a number. */
static void *address(const trv_args *args)
{
    size_t number = 0;

    ck_assert_int_eq(trv_parse(args, "z", &number), 0);
    return (void *)number; /* NOLINT: it was one */
}

TRV_STATIC_FUNCTION(run_coroutine, "run_coroutine(member): a member of the crew")
{
    const struct crew_member *member = address(args);

    member->body(member->argument);
    crew_expect_no_error("a coroutine of the crew");
    return trv_none_new();
}

TRV_STATIC_FUNCTION(run_party, "run_party(party): all of its members, to their ends")
{
    struct party *party = address(args);
    trv_auto trv_object *futures = trv_list_new();

    for (size_t i = 0; i < party->count; i++) {
        trv_auto trv_object *future =
            trv_spawn(run_coroutine, "z", (size_t)(uintptr_t)&party->members[i]);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
    }
    return trv_gather(futures);
}

static void run_loop(void *argument)
{
    struct party *party = argument;

    trv_unref(trv_run(run_party, "z", (size_t)(uintptr_t)party));
    leave(party->crew);
    free(party);
}

/* Which party a member goes to: 0 for a thread of its own. */
static unsigned party_of(uint64_t seed, size_t member)
{
    switch (seed % 4) {
    case 0:
        return 0; /* all are threads */
    case 1:
        return 1; /* all are coroutines of one loop */
    default:
        return (unsigned)((seed * 0x9e3779b97f4a7c15 >> (20 + 3 * member % 40)) % (seed % 4));
    }
}

void crew_start_mixed(struct crew *crew, const struct crew_member *members, size_t count)
{
    uint64_t seed = trv__runtime()->chooser.is_seeded ? trv__runtime()->chooser.seed : 2;

    for (unsigned number = 1; number <= 2; number++) {
        struct party *party = malloc(sizeof *party + count * sizeof *members);
        ck_assert_ptr_nonnull(party);
        party->crew = crew;
        party->count = 0;
        for (size_t i = 0; i < count; i++)
            if (party_of(seed, i) == number)
                party->members[party->count++] = members[i];
        if (party->count)
            start_thread(crew, run_loop, party);
        else
            free(party);
    }
    for (size_t i = 0; i < count; i++)
        if (party_of(seed, i) == 0)
            crew_start(crew, members[i].body, members[i].argument);
}

/* Waiting ------------------------------------------------------------------------------------- */

void crew_join(struct crew *crew)
{
    struct trv__waiter waiter;

    while (crew->left)
        ck_assert_int_eq(trv__wait_in(&crew->waiters, &waiter, NULL, TRV__NEVER), TRV__WOKEN);
}

void crew_settle(void)
{
    ck_assert_msg(trv__runtime()->chooser.is_seeded, "only virtual time waits for everybody");
    ck_assert_int_eq(trv_sleep(1e-6), 0);
}
