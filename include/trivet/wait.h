/* SPDX-License-Identifier: MIT */
/*
 * Waiting: one blocking call for every caller.
 *
 * In a coroutine a blocking call parks the coroutine and the next one runs; in any other thread it
 * gives the GIL back and sleeps in the kernel. In a finalizer, a weak reference callback or a
 * future's callback it raises RuntimeError. Timeouts are seconds; TRV_FOREVER is none.
 *
 * Every blocking call also obeys the cancel scopes around it. In a cancelled scope every blocking
 * call raises CancelledError until the scope is left. A scope whose deadline passed turns the
 * CancelledError that leaves it into TimeoutError. Finalizers and callbacks are out of reach of the
 * scopes in which they happen to run.
 */
#ifndef TRIVET_WAIT_H
#define TRIVET_WAIT_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

#define TRV_FOREVER (__builtin_inf())

/* Waits. Raises: ValueError (negative, not a number), CancelledError, RuntimeError. Blocks. May switch. */
TRV_API TRV_MUST_CHECK int trv_sleep(double seconds);

#define TRV_READABLE 1
#define TRV_WRITABLE 2

/* Waits until a descriptor is ready for one of `events` (TRV_READABLE | TRV_WRITABLE). Regular files
 * always are.
 * Returns: the events it is ready for, or -1. Raises: TimeoutError, CancelledError, OSError
 * (bad descriptor), ValueError, RuntimeError. Blocks. May switch. */
TRV_API TRV_MUST_CHECK int trv_wait_fd(int fd, int events, double timeout);
/* Call it before closing a descriptor that was waited for: waiters wake with OSError EBADF, and
 * the loop drops what it keeps about it. */
TRV_API void trv_fd_forget(int fd);

/* A cancel scope. Lives where it is declared; its members are not for use. */
typedef struct trv_scope {
    struct trv_scope *outer;
    void *context;       /* whose it is */
    int64_t deadline_ns; /* on the runtime's clock */
    int32_t state;
    int32_t is_shield;
} trv_scope;

/* Enters a scope that is cancelled when `seconds` have passed. Raises: ValueError. */
TRV_API TRV_MUST_CHECK int trv_scope_begin(trv_scope *scope, double seconds);
/* Leaves a scope, and any inside it that were not left; does nothing if it was left before. If its
 * deadline passed, a pending CancelledError becomes TimeoutError; if it was cancelled by
 * trv_scope_cancel, a pending CancelledError of its own is dropped.
 * Returns: 0, or -1 if an exception is pending afterwards. */
TRV_API int trv_scope_end(trv_scope *scope);
/* Cancels a scope: blocking calls inside fail from now on. Any thread with the GIL may do this. */
TRV_API void trv_scope_cancel(trv_scope *scope);
/* Whether the scope was cancelled or its deadline has passed. Returns: 1 or 0. */
TRV_API int trv_scope_cancelled(const trv_scope *scope);

/* What TRV_TIMEOUT and TRV_SHIELD are made of. */
TRV_API trv_scope trv_scope_made_(double seconds, int is_shield);
TRV_API int trv_scope_once_(trv_scope *scope);
TRV_API void trv_scope_leave_(trv_scope *scope);

#define TRV_SCOPE_BLOCK_(seconds, is_shield)                                                       \
    for (trv_scope TRV_UNIQUE_(trv_scope_)                                                         \
             TRV_CLEANUP_(trv_scope_leave_) = trv_scope_made_(seconds, is_shield);                 \
         trv_scope_once_(&TRV_UNIQUE_(trv_scope_));)

/* Runs its block under a deadline: blocking calls inside fail with CancelledError once it has
 * passed, and if that is still pending at the end of the block it becomes TimeoutError. The block is
 * not entered if seconds is negative or no number (ValueError). */
#define TRV_TIMEOUT(seconds) TRV_SCOPE_BLOCK_(seconds, 0)
/* Runs its block out of reach of the scopes around it; they take effect after it. */
#define TRV_SHIELD TRV_SCOPE_BLOCK_(TRV_FOREVER, 1)

TRV_END_DECLARATIONS

#endif
