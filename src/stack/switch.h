/* SPDX-License-Identifier: MIT */
/*
 * The context switch: leave one stack, go on on another.
 *
 * A stack that does not run is one pointer, its `sp`: everything that its code relies on
 * across a call lies there, in one frame, whose layout only the files switch_* know. The
 * switch is symmetric (any stack to any other) and keeps what the ABI calls callee-saved,
 * the control words of the floating-point unit included: they are stored always, and
 * loaded only when the two stacks differ in them, because loading costs as much as all the rest.
 *
 * Which implementation is used is decided here, for assembler and C alike, so that every
 * file is always compiled and the ones not chosen are empty. -DTRV_SWITCH_UCONTEXT forces
 * the portable one.
 *
 * Not here: who runs next, limits, sanitizers. See stack.h, which nearly everybody wants instead.
 */
#ifndef TRV_STACK_SWITCH_H
#define TRV_STACK_SWITCH_H

#define TRV__SWITCH_IS_X86_64   0
#define TRV__SWITCH_IS_AARCH64  0
#define TRV__SWITCH_IS_UCONTEXT 0

#if defined(TRV_SWITCH_UCONTEXT)
#undef TRV__SWITCH_IS_UCONTEXT
#define TRV__SWITCH_IS_UCONTEXT 1
#elif defined(__x86_64__) && defined(__LP64__) && defined(__ELF__)
#undef TRV__SWITCH_IS_X86_64
#define TRV__SWITCH_IS_X86_64 1
#elif defined(__aarch64__) && defined(__LP64__) && defined(__ELF__) && !defined(__AARCH64EB__)
#undef TRV__SWITCH_IS_AARCH64
#define TRV__SWITCH_IS_AARCH64 1
#else
#undef TRV__SWITCH_IS_UCONTEXT
#define TRV__SWITCH_IS_UCONTEXT 1
#endif

#ifndef __ASSEMBLER__

#include <stdint.h>
#include <string.h>

/* Saves the caller in *from_sp and continues whoever was saved in to_sp. Returns when somebody
 * switches back. `from_sp` may lie anywhere that outlives the pause. */
__attribute__((visibility("hidden"))) void trv__switch(void **from_sp, void *to_sp);

/* The same, for stacks that leave from one and the same place in the code, as coroutines do in their
 * scheduler: it goes on by returning, which the processor then predicts, and stays in step for
 * the returns that follow. Both may be used on the same stacks. */
__attribute__((visibility("hidden"))) void trv__switch_peer(void **from_sp, void *to_sp);

/* What the first switch to a prepared stack lands on: calls the entry with its argument.
 * Assembly, never called from C. The unwinder finds its end here. */
__attribute__((visibility("hidden"))) void trv__switch_start(void);

#if TRV__SWITCH_IS_X86_64

/* The frame as trv__switch leaves it; the same offsets stand in switch_x86_64.S. */
struct trv__switch_frame {
    uint32_t mxcsr;
    uint16_t x87_control;
    uint16_t unused;
    uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

_Static_assert(sizeof(struct trv__switch_frame) == 64, "switch_x86_64.S knows this layout");

/* Lays a first frame below `top` (16-aligned), so that switching to the result calls
 * entry(argument). The floating-point controls are those of the caller, as with a new thread. */
static inline void *trv__switch_prepare(char *limit, char *top, void (*entry)(void *),
                                        void *argument)
{
    struct trv__switch_frame *frame = (struct trv__switch_frame *)(void *)(top - 16) - 1;

    (void)limit;
    /* With two words above it, that unwinders which cannot read "there is no caller" take for
     * the caller's address. */
    memset(frame, 0, sizeof *frame + 16);
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(frame->x87_control));
    frame->rbx = (uint64_t)entry;
    frame->r12 = (uint64_t)argument;
    frame->rip = (uint64_t)trv__switch_start;
    return frame;
}

#elif TRV__SWITCH_IS_AARCH64

/* The frame as trv__switch leaves it; the same offsets stand in switch_aarch64.S. */
struct trv__switch_frame {
    uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30;
    uint64_t d8, d9, d10, d11, d12, d13, d14, d15;
    uint64_t fpcr;
    uint64_t unused;
};

_Static_assert(sizeof(struct trv__switch_frame) == 176, "switch_aarch64.S knows this layout");

/* Lays a first frame below `top` (16-aligned), so that switching to the result calls
 * entry(argument). The floating-point controls are those of the caller, as with a new thread. */
static inline void *trv__switch_prepare(char *limit, char *top, void (*entry)(void *),
                                        void *argument)
{
    struct trv__switch_frame *frame = (struct trv__switch_frame *)(void *)top - 1;

    (void)limit;
    memset(frame, 0, sizeof *frame);
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
    frame->x19 = (uint64_t)argument;
    frame->x20 = (uint64_t)entry;
    frame->x30 = (uint64_t)trv__switch_start;
    return frame;
}

#else

void *trv__switch_prepare(char *limit, char *top, void (*entry)(void *), void *argument);

#endif

#endif
#endif
