/* SPDX-License-Identifier: MIT */
/*
 * Where in the source an address of code is: for reports of deadlocks, of who held the lock, of
 * schedules. Slow (it reads debug information of the program), so it is asked when something is to be
 * shown to a person, and never in a signal handler.
 */
#ifndef TRV_BASE_LOCATE_H
#define TRV_BASE_LOCATE_H

#include "base/base.h"

struct trv__location {
    char function[128]; /* "?" if it is not known */
    char file[256];     /* the source; or, where line is 0, the program or shared object; or "?" */
    int line;           /* 0: no debug information tells it */
    uintptr_t offset;   /* where line is 0: of the address in that object, for addr2line */
};

/* Of an instruction, or of a function's beginning. Never fails: what is unknown says so. */
void trv__locate(const void *address, struct trv__location *location);
/* Of many at once, which is much faster than one by one. */
void trv__locate_all(const void *const *addresses, size_t count, struct trv__location *locations);
/* The name of a variable, in place of a function's; `module` is some address of the code beside it. */
void trv__locate_variable(const void *address, const void *module, struct trv__location *location);
/* Of the call that returns to an address, as struct trv__context's waits_at. */
static inline void trv__locate_call(const void *return_address, struct trv__location *location)
{
    trv__locate(return_address ? (const char *)return_address - 1 : NULL, location);
}

/* "philosopher (dinner.c:12)", "philosopher (dinner+0x1f00)" or "?"; the file without its directory.
 * At most `size` bytes with the NUL. Returns `text`. */
char *trv__location_text(const struct trv__location *location, char *text, size_t size);

#endif
