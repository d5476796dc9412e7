/* SPDX-License-Identifier: MIT */
/*
 * Stacks: one arena of them, a cache, and the switch from one to another.
 *
 * A stack from the arena lies in memory like this, addresses growing upwards:
 *
 *     guard page | room for frames ............ frames | struct trv__stack | extra | colour
 *                ^ limit                               ^ top                       end of slot
 *
 * The control block (struct trv__stack) and `extra`, the block of whoever acquired the stack,
 * share the top page with the first frames, so that a parked coroutine touches a single page.
 * The colour, up to 15 cache lines, differs between neighbours: without it the hot
 * lines of all stacks fall into the same few cache sets (a round over 1000 stacks costs 45 ns a
 * switch without, 12 ns with).
 *
 * Invariants: a stack either runs (then its `sp` means nothing) or is parked at `sp`; exactly one
 * stack of a thread runs. A stack is parked where trv__stack_switch was called on it, and may go on
 * in another thread, so that no code keeps the address of a thread-local across a switch.
 *
 * Locks: none. Whoever acquires, releases or switches holds the GIL of the runtime that owns
 * the arena. Fork: the child has a copy of the arena as it stood; guard pages, cache and
 * parked stacks stay valid in it, so that nothing is to be done.
 *
 * Not here: objects, the recursion limit's policy, who runs next.
 */
#ifndef TRV_STACK_STACK_H
#define TRV_STACK_STACK_H

#include "base/base.h"
#include "stack/switch.h"

#if TRV_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if TRV_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#define TRV__STACK_NO_SLOT UINT32_MAX

/* Room below the limit of a coroutine or generator for code that does not look at it: the C library,
 * GMP's buffers, callbacks. */
#if TRV_ASAN
#define TRV__STACK_RESERVE (256 * 1024)
#elif TRV_TSAN || TRV_UBSAN
#define TRV__STACK_RESERVE (128 * 1024)
#else
#define TRV__STACK_RESERVE (64 * 1024)
#endif

/* One stack. Those of the arena are made by trv__stack_acquire, those that describe a thread's
 * own stack by trv__stack_adopt_thread. Only `limit` and `top` are for reading elsewhere. */
struct trv__stack {
    void *sp;            /* where it is parked; meaningless while it runs */
    char *limit;         /* lowest usable byte, the guard page is right below */
    char *top;           /* one past the highest byte of its frames, 16-aligned */
    uint32_t slot;       /* its place in the arena, or TRV__STACK_NO_SLOT */
    uint32_t extra_size; /* bytes that were asked for behind this structure */
    bool is_unguarded;   /* no guard page below: the page there must stay all zero instead */
#if TRV_ASAN
    void *fake_stack;              /* AddressSanitizer's, while parked */
    void (*entry)(void *argument); /* what trv__stack_prepare was given */
    void *argument;
#endif
#if TRV_TSAN
    void *fiber; /* ThreadSanitizer's */
#endif
#if TRV_VALGRIND
    unsigned valgrind_id;
#endif
} __attribute__((aligned(16)));

/* How overflow is noticed. A marker (Linux 6.13) costs no mapping; mprotect costs two, and is used
 * up to half of vm.max_map_count; what comes after that has a page below it that must stay
 * zero, looked at when the stack is released, and in debug builds at each switch. */
enum trv__stack_guard {
    TRV__STACK_GUARD_BEST, /* the default: start with the first, and go on as the kernel refuses */
    TRV__STACK_GUARD_MARKER,
    TRV__STACK_GUARD_MPROTECT,
    TRV__STACK_GUARD_ZERO,
};

/* Zero in a member means its default. */
struct trv__stacks_config {
    size_t reserve; /* bytes of a stack, control block included: 256 KB, larger under sanitizers */
    size_t max;     /* stacks at most: 1,048,576; under ThreadSanitizer never above 7,500 */
    size_t warm;    /* released stacks that keep their memory, at most: 4096 */
    enum trv__stack_guard guard;
};

/* What trv__stacks_statistics tells. */
struct trv__stacks_statistics {
    size_t in_use;         /* acquired and not released */
    size_t peak;           /* the most that ever were in use */
    size_t warm;           /* released, memory kept */
    size_t cold;           /* released, memory given back */
    size_t unguarded;      /* made so far without a guard page */
    size_t reserved_bytes; /* address space */
    uint64_t trimmed;      /* how often a stack's memory was given back */
};

struct trv__stacks_chunk;

/* The arena and the cache of one runtime. Private to src/stack/, but for its size. */
struct trv__stacks {
    size_t page;    /* of the system */
    size_t reserve; /* usable bytes of a slot */
    size_t stride;  /* bytes from slot to slot: an odd number of pages */
    uint32_t max;
    enum trv__stack_guard guard; /* for the next chunk; only ever gets worse */

    struct trv__stacks_chunk *chunks; /* table of all that can ever be, zero-filled */
    uint32_t chunk_count;             /* opened */
    uint32_t carved;                  /* slots handed out at least once: those below it */
    char *segment;                    /* reserved and not yet opened: from here to segment_end */
    char *segment_end;
    long map_budget; /* mappings that mprotect may still cost */

    uint32_t *warm; /* ring: the oldest at warm_start, the newest, taken first, at the end */
    uint32_t warm_start;
    uint32_t warm_count;
    uint32_t warm_max;
    uint32_t warm_mask;
    uint32_t *cold; /* LIFO, as roomy as the slots of all open chunks */
    uint32_t cold_count;
    uint32_t cold_capacity;
    uint32_t *batch; /* room for one batch of trimming, sorted there */

    uint32_t in_use;
    uint32_t peak;
    uint32_t unguarded;
    size_t reserved_bytes;
    uint64_t trimmed;
};

/* Make an arena; NULL for the default configuration. Address space is taken as it is needed.
 * Returns: 0, or -errno (EINVAL, ENOMEM). */
__attribute__((warn_unused_result)) int trv__stacks_init(struct trv__stacks *stacks,
                                                         const struct trv__stacks_config *config);

/* Unmap everything. Stacks still in use are gone with it. Harmless on an arena that is all zero. */
void trv__stacks_fini(struct trv__stacks *stacks);

/* A stack with `extra` bytes (uninitialised, 16-aligned) next to its control block; up to half
 * the reserve, but a few hundred if the parked stack is to stay within one page.
 * Returns: it, the one released last if there is any; or NULL with errno ENOMEM or EINVAL. */
__attribute__((warn_unused_result)) struct trv__stack *trv__stack_acquire(
    struct trv__stacks *stacks, size_t extra);

/* Give it back: one that has switched away for the last time, or that is parked and abandoned. */
void trv__stack_release(struct trv__stacks *stacks, struct trv__stack *stack);

/* Give memory back to the system, that of the stacks released longest ago first, until at
 * most `keep` are warm. Returns: how many it were. */
size_t trv__stacks_trim(struct trv__stacks *stacks, size_t keep);

void trv__stacks_statistics(const struct trv__stacks *stacks,
                            struct trv__stacks_statistics *statistics);

static inline size_t trv__stacks_in_use(const struct trv__stacks *stacks)
{
    return stacks->in_use;
}

/* The block that was asked for together with this stack. */
static inline void *trv__stack_extra(struct trv__stack *stack)
{
    return stack + 1;
}

/* Lay the first frame: the next switch to this stack calls entry(argument), which never
 * returns, but ends with trv__stack_switch_final. The floating-point controls (rounding, traps)
 * are those of the caller. */
void trv__stack_prepare(struct trv__stack *stack, void (*entry)(void *argument), void *argument);

/* Describe the calling thread's own stack, so that it can be switched from and back to, and
 * its limit be known. Cannot fail: where the system does not tell, a cautious limit is taken. */
void trv__stack_adopt_thread(struct trv__stack *stack);

/* The opposite, from the same thread. */
void trv__stack_disown_thread(struct trv__stack *stack);

/* In a forked child Valgrind lets the main thread's stack grow by mappings of their own, and the C
 * library takes the upper one of these for the whole stack: sets right what it has told. */
void trv__stack_undo_valgrind(void **lowest, size_t *size);

/* The arena of the runtime; made when first asked for. NULL with MemoryError. Implemented by
 * runtime/runtime.c. */
struct trv__stacks *trv__runtime_stacks(void);

/* The stack the calling context runs on. Implemented by runtime/thread.c. */
struct trv__stack *trv__context_stack(void);

/* Bytes between the caller's frame and the limit of the stack it runs on; 0 when beyond. */
static inline size_t trv__stack_room(const struct trv__stack *stack)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return here > (uintptr_t)stack->limit ? here - (uintptr_t)stack->limit : 0;
}

/* Debug builds look at both ends of each switch: the guard of the one, the saved pointer of the
 * other. Aborts with a line that says what is wrong. */
void trv__stack_check_switch(const struct trv__stack *from, const struct trv__stack *to);

#if TRV_TSAN
/* The checker keeps a signal that comes in the middle of our code for the next atomic operation or call
 * of the C library on the same stack, and once we have left that, this may be never. So what
 * has come is handled before (hold), and what comes meanwhile is the next stack's. Both have the
 * mask of signals that was in force. */
uint64_t trv__stack_hold_signals(void);
void trv__stack_let_signals(uint64_t mask);

static inline void trv__stack_switch_fiber(struct trv__stack *to)
{
    uint64_t mask = trv__stack_hold_signals();

    __tsan_switch_to_fiber(to->fiber, 0);
    trv__stack_let_signals(mask);
}
#endif

/* What is told and checked before and after a switch. */
static inline void trv__stack_switch_begin(struct trv__stack *from, struct trv__stack *to)
{
#if TRV_DEBUG
    trv__stack_check_switch(from, to);
#endif
#if TRV_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->limit, (size_t)(to->top - to->limit));
#endif
#if TRV_TSAN
    trv__stack_switch_fiber(to);
#endif
    (void)from;
    (void)to;
}

static inline void trv__stack_switch_end(struct trv__stack *from)
{
#if TRV_ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
    (void)from;
}

/* Park `from`, the stack that runs, and go on on `to`. Returns when somebody switches back. */
static inline void trv__stack_switch(struct trv__stack *from, struct trv__stack *to)
{
    trv__stack_switch_begin(from, to);
    trv__switch(&from->sp, to->sp);
    trv__stack_switch_end(from);
}

/* The same for schedulers, where the returns that follow count: see trv__switch_inline. */
static inline __attribute__((always_inline)) void trv__stack_switch_inline(struct trv__stack *from,
                                                                           struct trv__stack *to)
{
    trv__stack_switch_begin(from, to);
    trv__switch_inline(&from->sp, to->sp);
    trv__stack_switch_end(from);
}

/* The same as the last act of a function, `return TRV__STACK_SWITCH_THEN(...)`: once somebody
 * switches back, it returns then(argument), which is an int or a pointer. For who takes turns with
 * one other stack and leaves it from ever different callers, as generators do: no return in it is
 * predicted wrong, which costs 20 ns each. */
#if TRV__SWITCH_IS_X86_64 && !TRV_ASAN && !TRV_TSAN
#define TRV__STACK_SWITCH_THEN(type, from, to, then, argument)                                     \
    (trv__stack_switch_begin(from, to),                                                            \
     trv__switch_then_##type(&(from)->sp, (to)->sp, then, argument))
#else
#define TRV__STACK_SWITCH_THEN(type, from, to, then, argument)                                     \
    (trv__stack_switch(from, to), then(argument))
#endif

/* Leave `from` for good. Whoever runs next may release it. */
__attribute__((noreturn)) static inline void trv__stack_switch_final(struct trv__stack *from,
                                                                     struct trv__stack *to)
{
#if TRV_DEBUG
    trv__stack_check_switch(from, to);
#endif
#if TRV_ASAN
    from->fake_stack = NULL;
    __sanitizer_start_switch_fiber(NULL, to->limit, (size_t)(to->top - to->limit));
#endif
#if TRV_TSAN
    trv__stack_switch_fiber(to);
#endif
    trv__switch(&from->sp, to->sp);
    __builtin_trap();
}

#endif
