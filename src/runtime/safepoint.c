/* SPDX-License-Identifier: MIT */
/*
 * What a safepoint does when the attention word is not zero: a due collection, then letting another
 * thread have the GIL. Neither happens where a context may not switch (finalizers, callbacks); the
 * word stays set then, and the next safepoint outside sees to it.
 */
#include "runtime/runtime.h"

int trv__attend(void)
{
    struct trv__current *current = trv__current;
    uint32_t attention = atomic_load_explicit(current->attention, memory_order_relaxed);

    ASSERT(trv__holds_gil());
    if (current->context->no_switch)
        return 0;
    if (attention & TRV__ATTEND_COLLECT)
        trv__collect_due();
    if (attention & (TRV__ATTEND_SWITCH | TRV__ATTEND_SEEDED))
        trv__gil_switch(&current->runtime->gil, trv__thread_self());
    return 0;
}
