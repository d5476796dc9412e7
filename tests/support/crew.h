/* SPDX-License-Identifier: MIT */
/*
 * A crew: threads of the runtime for tests of concurrency, started together and waited for.
 *
 *     struct crew crew;
 *     crew_begin(&crew);
 *     crew_start(&crew, put_ten_items, queue);
 *     crew_join(&crew);
 *
 * A member runs with the GIL held. An exception that it leaves pending is printed and fails the
 * test.
 */
#ifndef TRV_TESTS_CREW_H
#define TRV_TESTS_CREW_H

#include "support/harness.h"
#include "wait/park.h"

typedef void crew_body(void *argument);

struct crew {
    size_t left;              /* members that have not ended */
    struct trv__list waiters; /* who joins */
};

void crew_begin(struct crew *crew);
void crew_start(struct crew *crew, crew_body *body, void *argument);
void crew_join(struct crew *crew);

/* Lets the others run until all of them wait: under a seed, and only there. */
void crew_settle(void);

/* Fails the test, printing the pending exception, if there is one. */
void crew_expect_no_error(const char *what);
/* Fails the test unless an exception of that type is pending; drops it. */
void crew_expect_error(trv_object *type);

#endif
