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

#define TRV__SWITCH_IS_X86_64 0
#define TRV__SWITCH_IS_AARCH64 0
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

/* The same as trv__switch, then `return then(argument)`: see switch_x86_64.S. One function, declared
 * for each type of result, because a conversion of the result would come after the jump. */
__attribute__((visibility("hidden"))) int trv__switch_then_int(
    void **from_sp, void *to_sp, int (*then)(void *argument),
    void *argument) __asm__("trv__switch_then");
__attribute__((visibility("hidden"))) void *trv__switch_then_pointer(
    void **from_sp, void *to_sp, void *(*then)(void *argument),
    void *argument) __asm__("trv__switch_then");

#if defined(__GCC_HAVE_DWARF2_CFI_ASM)
#define TRV__SWITCH_CFA(change) ".cfi_adjust_cfa_offset " change "\n\t"
#else
#define TRV__SWITCH_CFA(change) ""
#endif

/* The same as trv__switch, in place of a call: nothing is left in the processor's stack of return
 * addresses, so that the returns that follow are predicted as if no switch had been. Through a
 * scheduler that is 9 ns a switch instead of 47. Parks in the same frame, 128 bytes further down,
 * because the compiler may keep something in the red zone. */
static inline __attribute__((always_inline)) void trv__switch_inline(void **from_sp, void *to_sp)
{
    __asm__ volatile("leaq -192(%%rsp), %%rsp\n\t" TRV__SWITCH_CFA(
                         "192") "stmxcsr (%%rsp)\n\t"
                                "fnstcw 4(%%rsp)\n\t"
                                "movq %%r15, 8(%%rsp)\n\t"
                                "movq %%r14, 16(%%rsp)\n\t"
                                "movq %%r13, 24(%%rsp)\n\t"
                                "movq %%r12, 32(%%rsp)\n\t"
                                "movq %%rbx, 40(%%rsp)\n\t"
                                "movq %%rbp, 48(%%rsp)\n\t"
                                "leaq 1f(%%rip), %%rcx\n\t"
                                "movq %%rcx, 56(%%rsp)\n\t"
                                "movl (%%rsp), %%eax\n\t"
                                "movzwl 4(%%rsp), %%edx\n\t"
                                "movq %%rsp, (%%rdi)\n\t"
                                "movq 56(%%rsi), %%rcx\n\t"
                                "xorl (%%rsi), %%eax\n\t"
                                "xorw 4(%%rsi), %%dx\n\t"
                                "movq 8(%%rsi), %%r15\n\t"
                                "movq 16(%%rsi), %%r14\n\t"
                                "movq 24(%%rsi), %%r13\n\t"
                                "movq 32(%%rsi), %%r12\n\t"
                                "movq 40(%%rsi), %%rbx\n\t"
                                "movq 48(%%rsi), %%rbp\n\t"
                                "andl $0xffc0, %%eax\n\t"
                                "leaq 64(%%rsi), %%rsp\n\t"
                                "orl %%edx, %%eax\n\t"
                                "jnz 2f\n\t"
                                "notrack jmp *%%rcx\n"
                                "2:\tldmxcsr (%%rsi)\n\t"
                                "fldcw 4(%%rsi)\n\t"
                                "notrack jmp *%%rcx\n"
                                "1:\t" TRV__SWITCH_CFA(
                                    "-64") "leaq 128(%%rsp), %%rsp\n\t" TRV__SWITCH_CFA("-128")
                     : "+D"(from_sp), "+S"(to_sp)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)",
                       "st(5)", "st(6)", "st(7)", "memory", "cc");
}

#elif TRV__SWITCH_IS_AARCH64

/* The same as trv__switch, but goes on by returning. Where all stacks leave from one place in the code,
 * as in a scheduler, that keeps the processor's stack of return addresses in step. */
__attribute__((visibility("hidden"))) void trv__switch_inline(void **from_sp, void *to_sp);

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

void trv__switch_inline(void **from_sp, void *to_sp);
void *trv__switch_prepare(char *limit, char *top, void (*entry)(void *), void *argument);

#endif

#endif
#endif
