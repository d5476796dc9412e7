/* SPDX-License-Identifier: MIT */
/*
 * Acquiring, releasing, preparing and trimming stacks, and describing a thread's own.
 *
 * A free slot is warm, cold or never used, and is looked for in that order. *Warm* slots keep
 * their memory: touching a new page costs 1.5 us, fifty times a warm acquire, so that the one
 * released last is taken first. Beyond the watermark the oldest eighth goes *cold* in one
 * batch, sorted, because one call for 32 neighbours costs 0.2 us a stack and a call for each
 * 1.5 us.
 *
 * Invariants: every slot below `carved` is in use, or once in the ring of warm ones, or once in
 * the list of cold ones; both hold numbers, never pointers into stacks, since the memory of a
 * free stack comes and goes. A control block is complete from acquire to release and means
 * nothing outside.
 *
 * The checkers are told here of everything but the switch itself: which memory a stack is, and
 * that what a finished stack left on it is rubbish. LeakSanitizer does not look for pointers on
 * parked stacks: whatever they hold is released before the process ends, or reported.
 */
#include "stack/stack.h"

#include "base/fault.h"
#include "stack/arena.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#if TRV_ASAN
#include <sanitizer/asan_interface.h>
#endif
#if TRV_TSAN
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#endif
#if TRV_VALGRIND
#include <sys/resource.h>
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#endif

#define DEFAULT_WARM 4096
#define CACHE_LINE 64
#define COLOURS 16
/* Room that an adopted stack is given when the system does not tell. */
#define CAUTIOUS_ROOM (32 * 1024)

#if TRV_VALGRIND
#define FIRST_FRAME_ROOM 2048
#endif

/* Control blocks up to this size are poisoned while their stack is free; colour and rounding, which
 * move them, are smaller than this too. */
#define POISON_ROOM 2048

/* Bytes right below the limit that a stack without a guard page is checked for at a switch. */
#define SWITCH_CHECK_BYTES 256

/* Says so and ends the process: another stack's memory has been written to already. */
__attribute__((noreturn, cold)) static void die(const char *what)
{
    static const char head[] = "trivet: ";

    if (write(STDERR_FILENO, head, sizeof head - 1) > 0 &&
        write(STDERR_FILENO, what, strlen(what)) > 0)
        abort();
    abort();
}

/* The guard page of an unguarded stack. Reading it costs no memory: unless it was written to it
 * is the system's page of zeros. */
static void check_zero(const char *from, size_t size)
{
    const uint64_t *word = (const uint64_t *)(const void *)from;

    for (size_t i = 0; i < size / sizeof *word; i++)
        if (word[i] != 0)
            die("a stack overflowed its limit\n");
}

void trv__stack_check_switch(const struct trv__stack *from, const struct trv__stack *to)
{
    ASSERT(from != to);
    ASSERT((char *)to->sp >= to->limit && (char *)to->sp < to->top);
    if (from->is_unguarded)
        check_zero(from->limit - SWITCH_CHECK_BYTES, SWITCH_CHECK_BYTES);
}

/* What the checkers are told. */

#if TRV_TSAN
uint64_t trv__stack_hold_signals(void)
{
    const uint64_t all = UINT64_MAX;
    uint64_t mask = 0;
    _Atomic int anything = 0;

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof mask);
    atomic_fetch_add(&anything, 1);
    return mask;
}

void trv__stack_let_signals(uint64_t mask)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof mask);
}
#endif

static void tell_acquired(struct trv__stack *stack)
{
#if TRV_ASAN
    stack->fake_stack = NULL;
#endif
#if TRV_TSAN
    stack->fiber = __tsan_create_fiber(0);
#endif
#if TRV_VALGRIND
    VALGRIND_MAKE_MEM_UNDEFINED(trv__stack_extra(stack), stack->extra_size);
    VALGRIND_MAKE_MEM_NOACCESS(stack->limit, stack->top - stack->limit);
    stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->limit, stack->top);
#endif
    (void)stack;
}

#if TRV_ASAN
/* A parked stack that nobody will finish still owns a fake stack, and only leaving a stack for
 * good frees one. So the checker is told that we go there and leave again; the stack pointer
 * stays where it is. */
static void free_fake_stack(struct trv__stack *stack)
{
    void *ours = NULL;
    const void *bottom = NULL;
    size_t size = 0;

    if (!stack->fake_stack)
        return;
    __sanitizer_start_switch_fiber(&ours, stack->limit, (size_t)(stack->top - stack->limit));
    __sanitizer_finish_switch_fiber(stack->fake_stack, &bottom, &size);
    __sanitizer_start_switch_fiber(NULL, bottom, size);
    __sanitizer_finish_switch_fiber(ours, NULL, NULL);
    stack->fake_stack = NULL;
}
#endif

static void tell_released(struct trv__stack *stack)
{
#if TRV_ASAN
    free_fake_stack(stack);
    /* Frames that were never left keep their poison; below sp there are none. */
    if (stack->sp)
        __asan_unpoison_memory_region(stack->sp, (size_t)(stack->top - (char *)stack->sp));
    if (sizeof *stack + stack->extra_size <= POISON_ROOM)
        __asan_poison_memory_region(stack, sizeof *stack + stack->extra_size);
#endif
#if TRV_TSAN
    __tsan_destroy_fiber(stack->fiber);
#endif
#if TRV_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
    VALGRIND_MAKE_MEM_NOACCESS(stack->limit,
                               (char *)stack - stack->limit + sizeof *stack + stack->extra_size);
#endif
    (void)stack;
}

/* The cache. */

static int compare_slots(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Give back the memory of a batch of slots in ascending order: one call for each run of neighbours.
 * Guard pages stay guarded. A refusal (locked memory) only means that the memory stays. */
static void discard(const struct trv__stacks *stacks, const uint32_t *slots, size_t count)
{
    char *start = trv__arena_base(stacks, slots[0]);
    char *end = start + stacks->stride;

    for (size_t i = 1; i < count; i++) {
        char *base = trv__arena_base(stacks, slots[i]);
        if (base != end) {
            madvise(start, (size_t)(end - start), MADV_DONTNEED);
            start = base;
        }
        end = base + stacks->stride;
    }
    madvise(start, (size_t)(end - start), MADV_DONTNEED);
}

/* The oldest warm slots, as many as a batch may hold, turn cold. */
static void trim_batch(struct trv__stacks *stacks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        stacks->batch[i] = stacks->warm[(stacks->warm_start + i) & stacks->warm_mask];
    stacks->warm_start += count;
    stacks->warm_count -= count;
    qsort(stacks->batch, count, sizeof *stacks->batch, compare_slots);
    discard(stacks, stacks->batch, count);
    /* Taken again in ascending order, neighbours first. */
    for (uint32_t i = count; i-- > 0;)
        stacks->cold[stacks->cold_count++] = stacks->batch[i];
    stacks->trimmed += count;
}

static uint32_t batch_size(const struct trv__stacks *stacks)
{
    return stacks->warm_max / 8 + 1;
}

static int take_slot(struct trv__stacks *stacks, uint32_t *slot)
{
    if (stacks->warm_count > 0) {
        stacks->warm_count--;
        *slot = stacks->warm[(stacks->warm_start + stacks->warm_count) & stacks->warm_mask];
        return 0;
    }
    if (stacks->cold_count > 0) {
        *slot = stacks->cold[--stacks->cold_count];
        return 0;
    }
    return trv__arena_carve(stacks, slot);
}

/* Where control blocks of a slot may lie is free, wherever the last one lay. */
static void tell_room(const struct trv__stacks *stacks, uint32_t slot)
{
#if TRV_ASAN
    char *end = trv__arena_base(stacks, slot) + stacks->stride;
    __asan_unpoison_memory_region(end - 2 * POISON_ROOM, 2 * POISON_ROOM);
#endif
    (void)stacks;
    (void)slot;
}

/* Write the control block of a slot, at its colour. */
static struct trv__stack *place(const struct trv__stacks *stacks, uint32_t slot, size_t extra)
{
    char *base = trv__arena_base(stacks, slot);
    size_t below = slot % COLOURS * CACHE_LINE + sizeof(struct trv__stack) + extra;
    uintptr_t block = ((uintptr_t)base + stacks->stride - below) & ~(uintptr_t)(CACHE_LINE - 1);
    struct trv__stack *stack = (struct trv__stack *)block;

    tell_room(stacks, slot);
#if TRV_VALGRIND
    VALGRIND_MAKE_MEM_UNDEFINED(stack, sizeof *stack);
#endif
    stack->sp = NULL;
    stack->limit = base + stacks->page;
    stack->top = (char *)stack;
    stack->slot = slot;
    stack->extra_size = (uint32_t)extra;
    stack->is_unguarded = trv__arena_chunk(stacks, slot)->is_unguarded;
    return stack;
}

/* The public interface: the arena */

int trv__stacks_init(struct trv__stacks *stacks, const struct trv__stacks_config *config)
{
    static const struct trv__stacks_config defaults;
    size_t warm;
    int error;

    memset(stacks, 0, sizeof *stacks);
    if (!config)
        config = &defaults;
    error = trv__arena_init(stacks, config);
    if (error)
        return error;
    warm = config->warm ? config->warm : TRV_TINY ? 2 : DEFAULT_WARM;
    stacks->warm_max = (uint32_t)MIN_OF(warm, stacks->max);
    stacks->warm_mask = 1;
    while (stacks->warm_mask < stacks->warm_max)
        stacks->warm_mask = stacks->warm_mask << 1 | 1;
    if (!FAULT())
        stacks->warm = malloc(((size_t)stacks->warm_mask + 1) * sizeof *stacks->warm);
    if (!FAULT())
        stacks->batch = malloc(batch_size(stacks) * sizeof *stacks->batch);
    if (!stacks->warm || !stacks->batch) {
        trv__stacks_fini(stacks);
        return -ENOMEM;
    }
    return 0;
}

void trv__stacks_fini(struct trv__stacks *stacks)
{
    /* Whatever is mapped at these addresses next is not laid out like this. */
    for (uint32_t slot = 0; TRV_ASAN && slot < stacks->carved; slot++)
        tell_room(stacks, slot);
    trv__arena_fini(stacks);
    free(stacks->warm);
    free(stacks->batch);
    memset(stacks, 0, sizeof *stacks);
}

size_t trv__stacks_trim(struct trv__stacks *stacks, size_t keep)
{
    size_t before = stacks->warm_count;

    while (stacks->warm_count > keep) {
        size_t count = stacks->warm_count - keep;
        trim_batch(stacks, (uint32_t)MIN_OF(count, batch_size(stacks)));
    }
    return before - stacks->warm_count;
}

void trv__stacks_statistics(const struct trv__stacks *stacks,
                            struct trv__stacks_statistics *statistics)
{
    statistics->in_use = stacks->in_use;
    statistics->peak = stacks->peak;
    statistics->warm = stacks->warm_count;
    statistics->cold = stacks->cold_count;
    statistics->unguarded = stacks->unguarded;
    statistics->reserved_bytes = stacks->reserved_bytes;
    statistics->trimmed = stacks->trimmed;
}

/* The public interface: a stack */

struct trv__stack *trv__stack_acquire(struct trv__stacks *stacks, size_t extra)
{
    struct trv__stack *stack;
    uint32_t slot;

    if (extra > stacks->reserve / 2) {
        errno = EINVAL;
        return NULL;
    }
    extra = (extra + 15) & ~(size_t)15;
    if (take_slot(stacks, &slot) < 0) {
        errno = ENOMEM;
        return NULL;
    }
    stack = place(stacks, slot, extra);
    tell_acquired(stack);
    stacks->in_use++;
    if (stacks->in_use > stacks->peak)
        stacks->peak = stacks->in_use;
    return stack;
}

void trv__stack_release(struct trv__stacks *stacks, struct trv__stack *stack)
{
    uint32_t slot = stack->slot;

    if (stack->is_unguarded)
        check_zero(stack->limit - stacks->page, stacks->page);
    tell_released(stack);
    if (UNLIKELY(stacks->warm_count == stacks->warm_max))
        trim_batch(stacks, MIN_OF(batch_size(stacks), stacks->warm_count));
    stacks->warm[(stacks->warm_start + stacks->warm_count) & stacks->warm_mask] = slot;
    stacks->warm_count++;
    stacks->in_use--;
}

#if TRV_ASAN
/* Where a stack really starts: the switch to it is not over before the checker hears of it. */
static void enter(void *argument)
{
    struct trv__stack *stack = argument;

    __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
    stack->entry(stack->argument);
}
#endif

void trv__stack_prepare(struct trv__stack *stack, void (*entry)(void *argument), void *argument)
{
#if TRV_VALGRIND
    /* The first frame and the red zone below it: the machine gets there without pushing. */
    VALGRIND_MAKE_MEM_UNDEFINED(stack->top - FIRST_FRAME_ROOM, FIRST_FRAME_ROOM);
#endif
#if TRV_ASAN
    stack->entry = entry;
    stack->argument = argument;
    entry = enter;
    argument = stack;
#endif
    stack->sp = trv__switch_prepare(stack->limit, stack->top, entry, argument);
}

void trv__stack_undo_valgrind(void **lowest, size_t *size)
{
#if TRV_VALGRIND
    struct rlimit limit;

    if (RUNNING_ON_VALGRIND && gettid() == getpid() && getrlimit(RLIMIT_STACK, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur > *size) {
        *lowest = (char *)*lowest + *size - limit.rlim_cur;
        *size = limit.rlim_cur;
    }
#endif
    (void)lowest;
    (void)size;
}

/* The limit as the thread library knows it. Addresses of the guard page may be counted in. */
static int ask_limits(struct trv__stack *stack)
{
    pthread_attr_t attributes;
    void *address = NULL;
    size_t size = 0, guard = 0;
    int error = pthread_getattr_np(pthread_self(), &attributes);

    if (error)
        return error;
    error = pthread_attr_getstack(&attributes, &address, &size);
    if (!error)
        error = pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    if (error)
        return error;
    trv__stack_undo_valgrind(&address, &size);
    stack->limit = (char *)address + guard;
    stack->top = (char *)address + size;
    return 0;
}

void trv__stack_adopt_thread(struct trv__stack *stack)
{
    char *here = __builtin_frame_address(0);

    memset(stack, 0, sizeof *stack);
    stack->slot = TRV__STACK_NO_SLOT;
    /* For the main thread the library reads a file, which may fail for want of a descriptor; and a
     * foreign program may have put us on a stack of its own making. */
    if (ask_limits(stack) != 0 || here < stack->limit || here >= stack->top) {
        stack->limit = here - CAUTIOUS_ROOM;
        stack->top = here + CAUTIOUS_ROOM;
    }
#if TRV_TSAN
    stack->fiber = __tsan_get_current_fiber();
#endif
}

void trv__stack_disown_thread(struct trv__stack *stack)
{
    memset(stack, 0, sizeof *stack);
}
