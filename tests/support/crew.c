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

static void run_member(void *argument)
{
    struct member member = *(struct member *)argument;

    free(argument);
    member.body(member.argument);
    crew_expect_no_error("a thread of the crew");
    if (--member.crew->left == 0)
        trv__wake_all(&member.crew->waiters);
}

void crew_start(struct crew *crew, crew_body *body, void *argument)
{
    struct member *member = malloc(sizeof *member);

    ck_assert_ptr_nonnull(member);
    *member = (struct member){crew, body, argument};
    crew->left++;
    if (trv__thread_start(run_member, member, "crew", 0) < 0)
        crew_expect_no_error("starting a thread");
}

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
