/* SPDX-License-Identifier: MIT */
/*
 * The context switch for x86-64 (System V ABI).
 *
 * Invariant: a parked stack's saved pointer points at a struct trv__switch_frame (switch.h),
 * and the word above that frame is what rsp was before the call of trv__switch.
 *
 * It goes on with an indirect jump where a function would return: the processor predicts a
 * `ret` from its own stack of calls, which knows nothing of ours, and was wrong nearly every time
 * when a generator and its caller took turns (11 ns a switch instead of 3). The call that is not
 * returned from still leaves that stack out of step, and the returns that follow are predicted wrong:
 * whoever cannot afford that switches in place, see trv__switch_inline. The flags in
 * mxcsr belong to nobody across a call, so that only its control bits are compared.
 *
 * Control-flow enforcement: the jump says `notrack` and the function starts with endbr64, so
 * that indirect-branch tracking is satisfied and announced. Shadow stacks are not: they would
 * have to be switched too. By not announcing them, whoever links this runs without.
 */
#include "stack/switch.h"

#if TRV__SWITCH_IS_X86_64

    .text
    .globl trv__switch
    .hidden trv__switch
    .type trv__switch, @function
    .p2align 4
/* rdi: where to save the caller's stack pointer. rsi: the stack pointer to go on with. */
trv__switch:
    .cfi_startproc
    endbr64
    leaq -56(%rsp), %rsp
    .cfi_def_cfa_offset 64
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %r15, 8(%rsp)
    .cfi_offset %r15, -56
    movq %r14, 16(%rsp)
    .cfi_offset %r14, -48
    movq %r13, 24(%rsp)
    .cfi_offset %r13, -40
    movq %r12, 32(%rsp)
    .cfi_offset %r12, -32
    movq %rbx, 40(%rsp)
    .cfi_offset %rbx, -24
    movq %rbp, 48(%rsp)
    .cfi_offset %rbp, -16
    movl (%rsp), %eax
    movzwl 4(%rsp), %edx

    /* From here on it is the other stack; its frame has the same shape, so that what the
     * unwinder was told above stays true. */
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    movq 56(%rsi), %rcx
    xorl (%rsi), %eax
    xorw 4(%rsi), %dx
    movq 8(%rsi), %r15
    movq 16(%rsi), %r14
    movq 24(%rsi), %r13
    movq 32(%rsi), %r12
    movq 40(%rsi), %rbx
    movq 48(%rsi), %rbp
    andl $0xffc0, %eax
    leaq 64(%rsi), %rsp
    .cfi_def_cfa %rsp, 0
    .cfi_register %rip, %rcx
    .cfi_restore %r15
    .cfi_restore %r14
    .cfi_restore %r13
    .cfi_restore %r12
    .cfi_restore %rbx
    .cfi_restore %rbp
    orl %edx, %eax
    jnz 1f
    notrack jmp *%rcx

    /* Below rsp, but within the red zone. */
1:  ldmxcsr (%rsi)
    fldcw 4(%rsi)
    notrack jmp *%rcx
    .cfi_endproc
    .size trv__switch, . - trv__switch

    .globl trv__switch_then
    .hidden trv__switch_then
    .type trv__switch_then, @function
    .p2align 4
/* rdi, rsi: as above. rdx: what to call once somebody switches back, with rcx as its argument; its
 * result is returned. Jumped to as the last act of a function, it leaves that function's caller
 * with a jump, and so the whole way there and back without a return that is predicted wrong. */
trv__switch_then:
    .cfi_startproc
    endbr64
    pushq %rcx
    .cfi_def_cfa_offset 16
    pushq %rdx
    .cfi_def_cfa_offset 24
    leaq -64(%rsp), %rsp
    .cfi_def_cfa_offset 88
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %r15, 8(%rsp)
    .cfi_offset %r15, -80
    movq %r14, 16(%rsp)
    .cfi_offset %r14, -72
    movq %r13, 24(%rsp)
    .cfi_offset %r13, -64
    movq %r12, 32(%rsp)
    .cfi_offset %r12, -56
    movq %rbx, 40(%rsp)
    .cfi_offset %rbx, -48
    movq %rbp, 48(%rsp)
    .cfi_offset %rbp, -40
    leaq 2f(%rip), %rcx
    movq %rcx, 56(%rsp)
    movl (%rsp), %eax
    movzwl 4(%rsp), %edx
    movq %rsp, (%rdi)
    movq 56(%rsi), %rcx
    xorl (%rsi), %eax
    xorw 4(%rsi), %dx
    movq 8(%rsi), %r15
    movq 16(%rsi), %r14
    movq 24(%rsi), %r13
    movq 32(%rsi), %r12
    movq 40(%rsi), %rbx
    movq 48(%rsi), %rbp
    andl $0xffc0, %eax
    leaq 64(%rsi), %rsp
    orl %edx, %eax
    jnz 1f
    notrack jmp *%rcx
1:  ldmxcsr (%rsi)
    fldcw 4(%rsi)
    notrack jmp *%rcx

    /* Back, above the frame. */
    .cfi_def_cfa_offset 24
    .cfi_restore %r15
    .cfi_restore %r14
    .cfi_restore %r13
    .cfi_restore %r12
    .cfi_restore %rbx
    .cfi_restore %rbp
2:  popq %rax
    .cfi_def_cfa_offset 16
    popq %rdi
    .cfi_def_cfa_offset 8
    leaq -8(%rsp), %rsp
    .cfi_def_cfa_offset 16
    callq *%rax
    leaq 8(%rsp), %rsp
    .cfi_def_cfa_offset 8
    popq %rcx
    .cfi_def_cfa_offset 0
    .cfi_register %rip, %rcx
    notrack jmp *%rcx
    .cfi_endproc
    .size trv__switch_then, . - trv__switch_then

/* Never called: trv__switch_prepare makes it the address that the first switch goes to. The
 * byte before it belongs to it, because unwinders look up the address before the one saved. */
    .globl trv__switch_start
    .hidden trv__switch_start
    .type trv__switch_start, @function
    .p2align 4
    .cfi_startproc
    .cfi_undefined %rip
    nop
trv__switch_start:
    movq %r12, %rdi
    callq *%rbx
    ud2
    .cfi_endproc
    .size trv__switch_start, . - trv__switch_start

#if defined(__CET__) && (__CET__ & 1)
    .pushsection .note.gnu.property, "a", @note
    .p2align 3
    .long 4, 16, 5
    .asciz "GNU"
    .long 0xc0000002, 4, 1, 0
    .popsection
#endif

#else

/* Some symbol, or nm complains of an empty file. */
    .set switch_x86_64_unused, 0

#endif

    .section .note.GNU-stack, "", @progbits
