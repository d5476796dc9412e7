/* SPDX-License-Identifier: MIT */
/*
 * Park and unpark, and the cancel scopes every park obeys.
 *
 * A context's scopes form a chain from the innermost outwards, cut by shields. A park ends at the
 * earliest of the caller's deadline and the scopes'; a scope whose deadline has passed counts as
 * cancelled, and remembers that it expired, so that its end can say TimeoutError.
 *
 * Level-triggered: a cancelled scope refuses every park in it, not only the one it interrupted.
 */
#include "wait/deadlock.h"
#include "wait/park.h"

#include <math.h>

enum { CANCELLED = 1, EXPIRED = 2, ENTERED = 4, DONE = 8 };

/* Scopes as seen by a park ------------------------------------------------------------------------------ */

static bool is_cancelled(struct trv_scope *scope, int64_t now_ns)
{
    if (!(scope->state & CANCELLED) && scope->deadline_ns <= now_ns)
        scope->state |= CANCELLED | EXPIRED;
    return scope->state & CANCELLED;
}

/* Whether a scope out to the nearest shield is cancelled. */
static bool chain_is_cancelled(struct trv_scope *scope, int64_t now_ns)
{
    for (; scope && !scope->is_shield; scope = scope->outer)
        if (is_cancelled(scope, now_ns))
            return true;
    return false;
}

static int64_t chain_deadline(const struct trv_scope *scope)
{
    int64_t deadline_ns = TRV__NEVER;

    for (; scope && !scope->is_shield; scope = scope->outer)
        deadline_ns = MIN_OF(deadline_ns, scope->deadline_ns);
    return deadline_ns;
}

int64_t trv__scope_deadline(void)
{
    return chain_deadline(trv__current->context->scope);
}

/* The clock is only read where a scope has a deadline. A finalizer or callback runs in the scopes of
 * whoever happened to drop the object or to complete the future: they are not meant for it, and
 * what it does cannot wait anyway. */
static bool calling_is_cancelled(void)
{
    const struct trv__context *context = trv__current->context;
    struct trv_scope *innermost = context->no_switch ? NULL : context->scope;
    int64_t deadline_ns = TRV__NEVER;

    for (const struct trv_scope *scope = innermost; scope && !scope->is_shield;
         scope = scope->outer) {
        if (scope->state & CANCELLED)
            return true;
        deadline_ns = MIN_OF(deadline_ns, scope->deadline_ns);
    }
    return deadline_ns != TRV__NEVER && chain_is_cancelled(innermost, trv__now_ns());
}

int trv__raise_cancelled(void)
{
    return trv_raise_int(trv_CancelledError, "cancelled");
}

int trv__check_cancelled(void)
{
    return calling_is_cancelled() ? trv__raise_cancelled() : 0;
}

/* Parking -------------------------------------------------------------------------------------------------- */

int trv__raise_may_not_block(const char *what)
{
    return trv_raise_int(trv_RuntimeError, "%s would block inside a finalizer or callback", what);
}

static int to_deadline(double timeout, int64_t *deadline_ns)
{
    if (isnan(timeout) || timeout < 0)
        return trv_raise_int(trv_ValueError, "timeout must be a non-negative number");
    *deadline_ns = isinf(timeout) ? TRV__NEVER : trv__deadline_after(trv__now_ns(), timeout);
    return 0;
}

int trv__deadline(double timeout, int64_t *deadline_ns)
{
    return trv__safepoint() < 0 ? -1 : to_deadline(timeout, deadline_ns);
}

enum trv__wake trv__park(int64_t deadline_ns)
{
    struct trv__context *context = trv__current->context;
    int64_t scope_ns = chain_deadline(context->scope);

    ASSERT(trv__holds_gil() && !context->no_switch && !context->is_parked);
    if (calling_is_cancelled())
        return TRV__CANCELLED;
    context->is_parked = 1;
    context->operations->park(context, MIN_OF(deadline_ns, scope_ns));
    if (trv__is_watched())
        trv__tell_watchdog(context->waits_at);
    if (context->wake == TRV__TIMED_OUT && scope_ns <= deadline_ns && calling_is_cancelled())
        return TRV__CANCELLED;
    return context->wake;
}

bool trv__unpark(struct trv__context *context, enum trv__wake wake)
{
    ASSERT(trv__holds_gil());
    if (!context->is_parked)
        return false;
    context->is_parked = 0;
    context->wake = (uint8_t)wake;
    context->operations->unpark(context);
    return true;
}

/* Whether a deadline will end the context's waits: of its scopes or, in a coroutine, of those around
 * the loop, which then cancels it. */
static bool is_limited(const struct trv__context *context)
{
    const struct trv__context *outer = &context->thread->context;

    return chain_deadline(context->scope) != TRV__NEVER ||
           (context != outer && chain_deadline(outer->scope) != TRV__NEVER);
}

/* Parks for something that somebody in particular has to give. */
static enum trv__wake park_on_owned(int64_t deadline_ns)
{
    struct trv__context *context = trv__current->context;
    enum trv__wake wake;

    if (deadline_ns != TRV__NEVER || is_limited(context) || calling_is_cancelled())
        return trv__park(deadline_ns);
    if (trv__deadlock_check(context) < 0)
        return TRV__FAILED;
    wake = trv__park(TRV__NEVER);
    context->waits_endlessly = false;
    return wake;
}

enum trv__wake trv__wait_in(struct trv__list *list, struct trv__waiter *waiter, trv_object *on,
                            int64_t deadline_ns)
{
    struct trv__context *context = trv__current->context;
    enum trv__wake wake;

    waiter->context = context;
    waiter->given = NULL;
    trv__list_append(list, &waiter->link);
    context->waits_on = on;
    context->line = &waiter->link;
    wake = on && on->type->enders ? park_on_owned(deadline_ns) : trv__park(deadline_ns);
    context->waits_on = NULL;
    context->line = NULL;
    trv__list_remove(&waiter->link);
    return wake;
}

struct trv__waiter *trv__wake_one(struct trv__list *list, trv_object *given)
{
    struct trv__list *node;

    while (!trv__list_is_empty(list)) {
        struct trv__waiter *waiter;
        size_t count = 0;
        if (UNLIKELY(trv__runtime()->chooser.is_seeded))
            LIST_EACH(counted, list)
                count++;
        node = list->next;
        for (size_t chosen = trv__choose(&trv__runtime()->chooser, TRV__CHOOSE_WAITER, count);
             chosen > 0; chosen--)
            node = node->next;
        waiter = CONTAINER_OF(node, struct trv__waiter, link);
        trv__chose(&trv__runtime()->chooser, trv__current->context, waiter->context);
        trv__list_remove(node);
        /* One whose deadline or cancellation came first is passed over. */
        if (!waiter->context->is_parked)
            continue;
        waiter->given = trv_ref(given);
        trv__unpark(waiter->context, TRV__WOKEN);
        return waiter;
    }
    return NULL;
}

void trv__wake_all(struct trv__list *list)
{
    while (trv__wake_one(list, NULL))
        ;
}

/* Scopes --------------------------------------------------------------------------------------------------- */

static void enter(trv_scope *scope)
{
    struct trv__context *context = trv__current->context;

    scope->context = context;
    scope->outer = context->scope;
    scope->state |= ENTERED;
    context->scope = scope;
}

void trv__scope_push(trv_scope *scope)
{
    *scope = (trv_scope){.deadline_ns = TRV__NEVER};
    enter(scope);
}

void trv__scope_push_shield(trv_scope *scope)
{
    *scope = (trv_scope){.deadline_ns = TRV__NEVER, .is_shield = 1};
    enter(scope);
}

void trv__scope_pop(trv_scope *scope)
{
    ASSERT(trv__current->context->scope == scope);
    trv__current->context->scope = scope->outer;
    scope->state |= DONE;
}

int trv_scope_begin(trv_scope *scope, double seconds)
{
    int64_t deadline_ns;

    *scope = (trv_scope){.state = DONE};
    if (to_deadline(seconds, &deadline_ns) < 0)
        return -1;
    *scope = (trv_scope){.deadline_ns = deadline_ns};
    enter(scope);
    return 0;
}

/* Leaves a scope with all that were entered inside it and not left; false if it is none of the
 * caller's. The ones inside may lie on a stack that is gone, and are not written. */
static bool leave(trv_scope *scope)
{
    struct trv__context *context = trv__current->context;
    const trv_scope *inner = context->scope;

    while (inner && inner != scope)
        inner = inner->outer;
    if (!inner)
        return false;
    context->scope = scope->outer;
    scope->state |= DONE;
    return true;
}

int trv_scope_end(trv_scope *scope)
{
    if (scope->state & ENTERED && !(scope->state & DONE) && leave(scope)) {
        if (scope->state & CANCELLED && trv_error_matches(trv_CancelledError) &&
            !calling_is_cancelled()) {
            trv_error_clear();
            if (scope->state & EXPIRED)
                (void)trv_raise(trv_TimeoutError, "timed out");
        }
    }
    return trv_error_occurred() ? -1 : 0;
}

/* Whether a context that is parked now would be refused because of this scope. */
static bool reaches(const struct trv__context *context, const trv_scope *scope)
{
    for (const trv_scope *inner = context->scope; inner && !inner->is_shield; inner = inner->outer)
        if (inner == scope)
            return true;
    return false;
}

void trv__scope_cancel(trv_scope *scope)
{
    struct trv__context *context = scope->context;

    if (scope->state & (CANCELLED | DONE) || !(scope->state & ENTERED))
        return;
    scope->state |= CANCELLED;
    if (context->is_parked && reaches(context, scope))
        trv__unpark(context, TRV__CANCELLED);
}

void trv_scope_cancel(trv_scope *scope)
{
    trv__scope_cancel(scope);
}

int trv_scope_cancelled(const trv_scope *scope)
{
    return scope->state & CANCELLED ||
           (scope->deadline_ns <= trv__now_ns() && !(scope->state & DONE));
}

/* As trv__scope_cancel does, with a scope that was not entered before: a chain, and a context that
 * waits now, may end at a shield, which then keeps it out. */
void trv__context_cancel(struct trv__context *context, trv_scope *outermost)
{
    struct trv_scope **end = (struct trv_scope **)&context->scope;

    if (outermost->state & ENTERED)
        return;
    while (*end)
        end = &(*end)->outer;
    *outermost = (trv_scope){.context = context, .deadline_ns = TRV__NEVER, .state = ENTERED};
    *end = outermost;
    trv__scope_cancel(outermost);
}

/* The block macros: made, entered at the first round, left at the second or by break and return. */

trv_scope trv_scope_made_(double seconds, int is_shield)
{
    trv_scope scope = {.deadline_ns = TRV__NEVER, .is_shield = is_shield};

    if (to_deadline(seconds, &scope.deadline_ns) < 0)
        scope.state = DONE;
    return scope;
}

int trv_scope_once_(trv_scope *scope)
{
    if (scope->state & (ENTERED | DONE))
        return 0;
    enter(scope);
    return 1;
}

void trv_scope_leave_(trv_scope *scope)
{
    trv_scope_end(scope);
}
