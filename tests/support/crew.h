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
 *
 * crew_start_mixed starts members of both kinds: under a seed, that says which are threads and which
 * are coroutines, of one loop or of two, so that many seeds see every mixture.
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

struct crew_member {
    crew_body *body;
    void *argument;
};
/* The members are read while they start, and need not stay. */
void crew_start_mixed(struct crew *crew, const struct crew_member *members, size_t count);

/* Lets the others run until all of them wait: under a seed, and only there. */
void crew_settle(void);

/* Fails the test, printing the pending exception, if there is one. */
void crew_expect_no_error(const char *what);
/* Fails the test unless an exception of that type is pending; drops it. */
void crew_expect_error(trv_object *type);
/* Fails the test unless a group of so many exceptions of that type is pending; drops it. */
void crew_expect_in_group(trv_object *type, int least, int most);

#endif
