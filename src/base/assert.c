/* SPDX-License-Identifier: MIT */
/*
 * What happens when an assertion of a debug build does not hold: one line that names it, then
 * abort, so that a core or a debugger shows the place. Nothing here allocates or takes a lock.
 */
#include "base/base.h"

#include <stdio.h>

_Noreturn void trv__assertion_failed(const char *claim, const char *file, int line,
                                     const char *function)
{
    fprintf(stderr, "trivet: assertion failed: %s, in %s (%s:%d)\n", claim, function, file, line);
    abort();
}
