/* SPDX-License-Identifier: MIT */
/*
 * The context switch for processors without one of their own: swapcontext(3).
 *
 * Invariant: a parked stack's saved pointer points at a ucontext_t. A running stack's lies in the
 * frame of the trv__switch that left it; that of a stack not yet started lies at its top.
 *
 * Slower by two system calls a switch, because ucontext also keeps the signal mask.
 */
#include "stack/switch.h"

#if TRV__SWITCH_IS_UCONTEXT

#include <stdlib.h>
#include <ucontext.h>

void trv__switch(void **from_sp, void *to_sp)
{
    ucontext_t here;

    *from_sp = &here;
    if (swapcontext(&here, to_sp) < 0)
        abort();
}

void trv__switch_inline(void **from_sp, void *to_sp)
{
    trv__switch(from_sp, to_sp);
}

/* makecontext passes only ints: two for each pointer. */
static void start(unsigned entry_high, unsigned entry_low, unsigned argument_high,
                  unsigned argument_low)
{
    uint64_t entry = (uint64_t)entry_high << 32 | entry_low;
    uint64_t argument = (uint64_t)argument_high << 32 | argument_low;

    ((void (*)(void *))(uintptr_t)entry)((void *)(uintptr_t)argument);
    abort();
}

void *trv__switch_prepare(char *limit, char *top, void (*entry)(void *), void *argument)
{
    ucontext_t *context = (ucontext_t *)(((uintptr_t)top - sizeof *context) & ~(uintptr_t)63);
    uint64_t e = (uintptr_t)entry, a = (uintptr_t)argument;

    if (getcontext(context) < 0)
        abort();
    context->uc_stack.ss_sp = limit;
    context->uc_stack.ss_size = (size_t)((char *)context - limit);
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))start, 4, (unsigned)(e >> 32), (unsigned)e,
                (unsigned)(a >> 32), (unsigned)a);
    return context;
}

#endif
