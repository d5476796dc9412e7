/* SPDX-License-Identifier: MIT */
/*
 * What a safepoint does when the attention word is not zero: on the main thread, what handles a signal
 * that came; a due collection; letting another thread have the GIL. None of it happens where a context may
 * not switch (finalizers, callbacks), and to a watchdog that is no safepoint; the word stays set then,
 * and the next safepoint outside sees to it.
 */
#include "runtime/runtime.h"

void trv__tell_watchdog(const void *came_from)
{
    struct trv__thread *self = trv__thread_self();

    atomic_store_explicit(&self->runs, trv__current->context->runs, memory_order_relaxed);
    if (came_from)
        atomic_store_explicit(&self->came_from, came_from, memory_order_relaxed);
}

int trv__attend(void)
{
    struct trv__current *current = trv__current;
    uint32_t attention = atomic_load_explicit(current->attention, memory_order_relaxed);

    ASSERT(trv__holds_gil());
    if (current->context->no_switch)
        return 0;
    if (attention & TRV__ATTEND_WATCHED) {
        trv__tell_watchdog(NULL);
        trv__gil_beat(&current->runtime->gil);
    }
    if (UNLIKELY(attention & TRV__ATTEND_SIGNAL) && trv__signals_deliver() < 0)
        return -1;
    if (attention & TRV__ATTEND_COLLECT)
        trv__collect_due();
    if (attention & (TRV__ATTEND_SWITCH | TRV__ATTEND_SEEDED))
        trv__gil_switch(&current->runtime->gil, trv__thread_self());
    return 0;
}
