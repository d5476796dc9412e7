/* SPDX-License-Identifier: MIT */
/*
 * The thread-local pointer to the current thread state, the only one there is. NULL in a thread
 * that is not attached.
 */
#include "base/current.h"

__thread struct trv__current *trv__current __attribute__((tls_model("initial-exec")));
