/* SPDX-License-Identifier: MIT */
/*
 * The context switch for 64-bit ARM (AAPCS64).
 *
 * Invariant: a parked stack's saved pointer points at a struct trv__switch_frame (switch.h),
 * and the word above that frame is what sp was before the call of trv__switch.
 *
 * Kept are x19 to x30, the lower halves of v8 to v15 and the control register of the
 * floating-point unit. It goes on with an indirect branch rather than with `ret`, because the
 * predictor of returns knows nothing of our stacks (in trv__switch_inline it is kept in step, see
 * switch.h); only where the program is built for
 * branch-target identification it must be `ret`, since the address after a call is no target.
 */
#include "stack/switch.h"

#if TRV__SWITCH_IS_AARCH64

#if defined(__ARM_FEATURE_BTI_DEFAULT) && __ARM_FEATURE_BTI_DEFAULT
#define GO_ON ret
#else
#define GO_ON br x30
#endif

    .text

/* Saves the caller's stack pointer where x0 says, and goes on with that in x1, as far as what both
 * functions below have in common. */
.macro SWITCH
    hint #34
    sub sp, sp, #176
    .cfi_def_cfa_offset 176
    stp x19, x20, [sp, #0]
    .cfi_offset x19, -176
    .cfi_offset x20, -168
    stp x21, x22, [sp, #16]
    .cfi_offset x21, -160
    .cfi_offset x22, -152
    stp x23, x24, [sp, #32]
    .cfi_offset x23, -144
    .cfi_offset x24, -136
    stp x25, x26, [sp, #48]
    .cfi_offset x25, -128
    .cfi_offset x26, -120
    stp x27, x28, [sp, #64]
    .cfi_offset x27, -112
    .cfi_offset x28, -104
    stp x29, x30, [sp, #80]
    .cfi_offset x29, -96
    .cfi_offset x30, -88
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mrs x9, fpcr
    str x9, [sp, #160]
    mov x10, sp

    /* From here on it is the other stack; its frame has the same shape, so that what the
     * unwinder was told above stays true. */
    str x10, [x0]
    mov sp, x1
    ldr x11, [x1, #160]
    ldp x19, x20, [x1, #0]
    ldp x21, x22, [x1, #16]
    ldp x23, x24, [x1, #32]
    ldp x25, x26, [x1, #48]
    ldp x27, x28, [x1, #64]
    ldp x29, x30, [x1, #80]
    ldp d8, d9, [x1, #96]
    ldp d10, d11, [x1, #112]
    ldp d12, d13, [x1, #128]
    ldp d14, d15, [x1, #144]
    add sp, x1, #176
    .cfi_def_cfa_offset 0
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    cmp x9, x11
.endm

    .globl trv__switch
    .hidden trv__switch
    .type trv__switch, %function
    .p2align 4
/* x0: where to save the caller's stack pointer. x1: the stack pointer to go on with. */
trv__switch:
    .cfi_startproc
    SWITCH
    b.ne 1f
    GO_ON
1:  msr fpcr, x11
    GO_ON
    .cfi_endproc
    .size trv__switch, . - trv__switch

    .globl trv__switch_inline
    .hidden trv__switch_inline
    .type trv__switch_inline, %function
    .p2align 4
/* The same; goes on by returning. */
trv__switch_inline:
    .cfi_startproc
    SWITCH
    b.ne 1f
    ret
1:  msr fpcr, x11
    ret
    .cfi_endproc
    .size trv__switch_inline, . - trv__switch_inline

/* Never called: trv__switch_prepare makes it the address that the first switch goes to. The
 * word before it belongs to it, because unwinders look up the address before the one saved. */
    .globl trv__switch_start
    .hidden trv__switch_start
    .type trv__switch_start, %function
    .p2align 4
    .cfi_startproc
    .cfi_undefined x30
    nop
trv__switch_start:
    mov x0, x19
    blr x20
    brk #1
    .cfi_endproc
    .size trv__switch_start, . - trv__switch_start

#if defined(__ARM_FEATURE_BTI_DEFAULT) && __ARM_FEATURE_BTI_DEFAULT
    .pushsection .note.gnu.property, "a", %note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000000, 4, 1, 0
    .popsection
#endif

#else

/* Some symbol, or nm complains of an empty file. */
    .set switch_aarch64_unused, 0

#endif

#if defined(__aarch64__)
    .section .note.GNU-stack, "", %progbits
#else
    .section .note.GNU-stack, "", @progbits
#endif
