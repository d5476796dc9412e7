/* SPDX-License-Identifier: MIT */
/*
 * The context switch: what a function relies on across a call, it finds again after a switch.
 */
#include "support/harness.h"

#include "stack/stack.h"

#include <execinfo.h>
#include <fenv.h>
#include <pthread.h>

/* Tests that call trv__switch itself go behind the sanitizers' backs. */
#define IS_SANITIZED (TRV_ASAN || TRV_TSAN)
#define ROUNDS (IS_SANITIZED || TRV_VALGRIND ? 20000 : 1000000)

static struct trv__stacks stacks;
static struct trv__stack thread_stack;

static void begin(void)
{
    ck_assert_int_eq(trv__stacks_init(&stacks, NULL), 0);
    trv__stack_adopt_thread(&thread_stack);
}

static void end(void)
{
    ck_assert_uint_eq(trv__stacks_in_use(&stacks), 0);
    trv__stack_disown_thread(&thread_stack);
    trv__stacks_fini(&stacks);
}

static struct trv__stack *acquire(void (*entry)(void *), void *argument)
{
    struct trv__stack *stack = trv__stack_acquire(&stacks, 128);

    ck_assert_ptr_nonnull(stack);
    trv__stack_prepare(stack, entry, argument);
    return stack;
}

/* A conversation between the thread and one stack: `turn` goes back and forth. */
struct pair {
    struct trv__stack *stack;
    uint64_t turn;
    uint64_t rounds;
};

static void count_turns(void *argument)
{
    struct pair *pair = argument;
    uint64_t local = 0;

    for (uint64_t i = 0; i < pair->rounds; i++) {
        local += 3;
        pair->turn = local;
        trv__stack_switch(pair->stack, &thread_stack);
    }
    trv__stack_switch_final(pair->stack, &thread_stack);
}

RAW_TEST(locals_survive)
{
    struct pair pair = {.rounds = 10};
    double half = 0.5;

    begin();
    pair.stack = acquire(count_turns, &pair);
    for (uint64_t i = 1; i <= 10; i++) {
        trv__stack_switch(&thread_stack, pair.stack);
        ck_assert_uint_eq(pair.turn, 3 * i);
        half *= 2;
    }
    ck_assert_double_eq(half, 512);
    trv__stack_switch(&thread_stack, pair.stack);
    trv__stack_release(&stacks, pair.stack);
    end();
}

/* Recursion keeps the compiler from seeing through, and puts frames between the switches. */
static __attribute__((noinline)) uint64_t ping_deep(struct pair *pair, int depth)
{
    volatile uint64_t frame[4] = {(uint64_t)depth, 1, 2, 3};

    if (depth > 0)
        return ping_deep(pair, depth - 1) + frame[0];
    for (uint64_t i = 0; i < pair->rounds; i++) {
        pair->turn++;
        trv__stack_switch(pair->stack, &thread_stack);
    }
    return frame[0];
}

static void ping(void *argument)
{
    struct pair *pair = argument;

    pair->turn = ping_deep(pair, 100);
    trv__stack_switch_final(pair->stack, &thread_stack);
}

RAW_TEST(a_million_switches_deep_down)
{
    struct pair pair = {.rounds = ROUNDS / 2};

    begin();
    pair.stack = acquire(ping, &pair);
    for (uint64_t i = 1; i <= pair.rounds; i++) {
        trv__stack_switch(&thread_stack, pair.stack);
        if (pair.turn != i)
            ck_abort_msg("turn %ju in round %ju", (uintmax_t)pair.turn, (uintmax_t)i);
    }
    trv__stack_switch(&thread_stack, pair.stack);
    ck_assert_uint_eq(pair.turn, 5050);
    trv__stack_release(&stacks, pair.stack);
    end();
}

static void ping_inline(void *argument)
{
    struct pair *pair = argument;

    for (uint64_t i = 0; i < pair->rounds; i++) {
        pair->turn++;
        trv__stack_switch_inline(pair->stack, &thread_stack);
    }
    trv__stack_switch_final(pair->stack, &thread_stack);
}

/* The two kinds of switch know the same frames. */
RAW_TEST(both_switches_on_the_same_stacks)
{
    struct pair pair = {.rounds = 1000};

    begin();
    pair.stack = acquire(ping_inline, &pair);
    for (uint64_t i = 1; i <= pair.rounds; i++) {
        if (i % 7 < 3)
            trv__stack_switch(&thread_stack, pair.stack);
        else
            trv__stack_switch_inline(&thread_stack, pair.stack);
        ck_assert_uint_eq(pair.turn, i);
    }
    trv__stack_switch_inline(&thread_stack, pair.stack);
    trv__stack_release(&stacks, pair.stack);
    end();
}

/* A ring: each stack goes on to the next, and the thread sees only the end. */
#define RING 8

static struct trv__stack *ring[RING];
static char trace[3 * RING + 1];

static void ring_entry(void *argument)
{
    size_t me = (size_t)(uintptr_t)argument;

    for (size_t round = 0; round < 3; round++) {
        trace[round * RING + me] = (char)('a' + strlen(trace) % 26);
        trv__stack_switch(ring[me], ring[(me + 1) % RING]);
    }
    if (me == RING - 1)
        trv__stack_switch_final(ring[me], &thread_stack);
    trv__stack_switch_final(ring[me], ring[me + 1]);
}

RAW_TEST(stacks_switch_to_each_other)
{
    begin();
    for (size_t i = 0; i < RING; i++)
        ring[i] = acquire(ring_entry, (void *)(uintptr_t)i);
    trv__stack_switch(&thread_stack, ring[0]);
    ck_assert_str_eq(trace, "abcdefghijklmnopqrstuvwx");
    for (size_t i = 0; i < RING; i++)
        trv__stack_release(&stacks, ring[i]);
    end();
}

/* switch_with_registers(from_sp, to_sp, in, out): fills every callee-saved register from `in`,
 * calls which_switch, and writes what they are afterwards to `out`. */
void (*which_switch)(void **from_sp, void *to_sp) = trv__switch;
void switch_with_registers(void **from_sp, void *to_sp, const uint64_t *in, uint64_t *out);

#if TRV__SWITCH_IS_X86_64
#define REGISTERS 6
__asm__(".text\n"
        ".globl switch_with_registers\n"
        ".type switch_with_registers, @function\n"
        "switch_with_registers:\n"
        "    pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
        "    pushq %rcx\n"
        "    movq (%rdx), %rbx; movq 8(%rdx), %rbp; movq 16(%rdx), %r12\n"
        "    movq 24(%rdx), %r13; movq 32(%rdx), %r14; movq 40(%rdx), %r15\n"
        "    call *which_switch(%rip)\n"
        "    popq %rcx\n"
        "    movq %rbx, (%rcx); movq %rbp, 8(%rcx); movq %r12, 16(%rcx)\n"
        "    movq %r13, 24(%rcx); movq %r14, 32(%rcx); movq %r15, 40(%rcx)\n"
        "    popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
        "    ret\n"
        ".size switch_with_registers, . - switch_with_registers\n");
#elif TRV__SWITCH_IS_AARCH64
#define REGISTERS 19
__asm__(".text\n"
        ".globl switch_with_registers\n"
        ".type switch_with_registers, %function\n"
        "switch_with_registers:\n"
        "    sub sp, sp, #176\n"
        "    stp x19, x20, [sp]; stp x21, x22, [sp, #16]; stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]; stp x27, x28, [sp, #64]; stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]; stp d10, d11, [sp, #112]; stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]; str x3, [sp, #160]\n"
        "    ldp x19, x20, [x2]; ldp x21, x22, [x2, #16]; ldp x23, x24, [x2, #32]\n"
        "    ldp x25, x26, [x2, #48]; ldp x27, x28, [x2, #64]\n"
        "    ldp d8, d9, [x2, #80]; ldp d10, d11, [x2, #96]; ldp d12, d13, [x2, #112]\n"
        "    ldp d14, d15, [x2, #128]; ldr x29, [x2, #144]\n"
        "    adrp x9, which_switch\n"
        "    ldr x9, [x9, :lo12:which_switch]\n"
        "    blr x9\n"
        "    ldr x3, [sp, #160]\n"
        "    stp x19, x20, [x3]; stp x21, x22, [x3, #16]; stp x23, x24, [x3, #32]\n"
        "    stp x25, x26, [x3, #48]; stp x27, x28, [x3, #64]\n"
        "    stp d8, d9, [x3, #80]; stp d10, d11, [x3, #96]; stp d12, d13, [x3, #112]\n"
        "    stp d14, d15, [x3, #128]; str x29, [x3, #144]\n"
        "    ldp x19, x20, [sp]; ldp x21, x22, [sp, #16]; ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]; ldp x27, x28, [sp, #64]; ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]; ldp d10, d11, [sp, #112]; ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #176\n"
        "    ret\n"
        ".size switch_with_registers, . - switch_with_registers\n");
#else
/* Nothing is known about the processor: what the compiler keeps across a call is what counts. */
#define REGISTERS 6
void switch_with_registers(void **from_sp, void *to_sp, const uint64_t *in, uint64_t *out)
{
    uint64_t a = in[0], b = in[1], c = in[2], d = in[3], e = in[4], f = in[5];

    which_switch(from_sp, to_sp);
    out[0] = a, out[1] = b, out[2] = c, out[3] = d, out[4] = e, out[5] = f;
}
#endif

static __attribute__((noinline)) void switch_inline(void **from_sp, void *to_sp)
{
    trv__switch_inline(from_sp, to_sp);
}

static void fill(uint64_t *registers, uint64_t seed)
{
    for (uint64_t i = 0; i < REGISTERS; i++)
        registers[i] = seed + i * UINT64_C(0x0101010101010101);
}

static void other_registers(void *argument)
{
    struct pair *pair = argument;
    uint64_t in[REGISTERS], out[REGISTERS];

    fill(in, 0x5000);
    for (;;) {
        switch_with_registers(&pair->stack->sp, thread_stack.sp, in, out);
        pair->turn = memcmp(in, out, sizeof in) == 0 ? pair->turn + 1 : 0;
    }
}

RAW_TEST(callee_saved_registers_survive)
{
    struct pair pair = {0};
    uint64_t in[REGISTERS], out[REGISTERS];

    if (IS_SANITIZED)
        return;
    begin();
    fill(in, 0x7000);
    pair.stack = acquire(other_registers, &pair);
    for (uint64_t i = 0; i < 8; i++) {
        which_switch = i % 3 ? switch_inline : trv__switch;
        memset(out, 0, sizeof out);
        switch_with_registers(&thread_stack.sp, pair.stack->sp, in, out);
        ck_assert_mem_eq(in, out, sizeof in);
        ck_assert_uint_eq(pair.turn, i);
    }
    trv__stack_release(&stacks, pair.stack);
    end();
}

/* Rounding is what the control words can be seen by: 1/3 in double is the SSE or ARM word, in
 * long double the x87 word where there is one. */
static double third(void)
{
    volatile double one = 1, three = 3;

    return one / three;
}

static long double long_third(void)
{
    volatile long double one = 1, three = 3;

    return one / three;
}

struct rounding {
    struct trv__stack *stack;
    double at_start, up;
    long double long_at_start, long_up;
};

static void round_upwards(void *argument)
{
    struct rounding *rounding = argument;

    rounding->at_start = third();
    rounding->long_at_start = long_third();
    fesetround(FE_UPWARD);
    trv__stack_switch(rounding->stack, &thread_stack);
    rounding->up = third();
    rounding->long_up = long_third();
    trv__stack_switch_final(rounding->stack, &thread_stack);
}

RAW_TEST(rounding_belongs_to_the_stack)
{
    struct rounding rounding = {0};
    double nearest = third(), down;
    long double long_nearest = long_third(), long_down;

    if (TRV_VALGRIND)
        return; /* It knows one rounding mode only in parts. */
    begin();
    rounding.stack = acquire(round_upwards, &rounding);
    trv__stack_switch(&thread_stack, rounding.stack);
    ck_assert(third() == nearest && long_third() == long_nearest);
    fesetround(FE_DOWNWARD);
    down = third();
    long_down = long_third();
    trv__stack_switch(&thread_stack, rounding.stack);
    ck_assert(third() == down && long_third() == long_down);
    ck_assert_int_eq(fegetround(), FE_DOWNWARD);
    fesetround(FE_TONEAREST);
    ck_assert(rounding.at_start == nearest && rounding.long_at_start == long_nearest);
    ck_assert(rounding.up > down && rounding.long_up > long_down);
    trv__stack_release(&stacks, rounding.stack);
    end();
}

RAW_TEST(a_new_stack_rounds_as_its_maker)
{
    struct rounding rounding = {0};
    double up;

    if (TRV_VALGRIND)
        return;
    begin();
    fesetround(FE_UPWARD);
    up = third();
    rounding.stack = acquire(round_upwards, &rounding);
    fesetround(FE_TONEAREST);
    trv__stack_switch(&thread_stack, rounding.stack);
    ck_assert(rounding.at_start == up && third() < up);
    trv__stack_switch(&thread_stack, rounding.stack);
    trv__stack_release(&stacks, rounding.stack);
    end();
}

struct trail {
    struct trv__stack *stack;
    void *addresses[64];
    int count;
};

static __attribute__((noinline)) void walk(struct trail *trail, int depth)
{
    if (depth > 0)
        walk(trail, depth - 1);
    else
        trail->count = backtrace(trail->addresses, 64);
    __asm__ volatile("" ::: "memory"); /* no tail call: each depth keeps its frame */
}

static void unwind_entry(void *argument)
{
    struct trail *trail = argument;

    walk(trail, 10);
    trv__stack_switch_final(trail->stack, &thread_stack);
}

RAW_TEST(unwinding_ends_at_the_entry)
{
    struct trail trail = {.count = 0};

    begin();
    trail.stack = acquire(unwind_entry, &trail);
    trv__stack_switch(&thread_stack, trail.stack);
    /* backtrace, eleven of walk, the entry, and what starts it. */
    ck_assert_int_ge(trail.count, 12);
    ck_assert_int_le(trail.count, 20);
#if !TRV__SWITCH_IS_UCONTEXT
    {
        char *last = trail.addresses[trail.count - 1];
        ck_assert(last > (char *)trv__switch_start && last < (char *)trv__switch_start + 16);
    }
#endif
    trv__stack_release(&stacks, trail.stack);
    end();
}

/* A generator may be resumed by another thread than the one that started it. */
struct migrant {
    struct trv__stack *stack;
    struct trv__stack *home; /* who resumed it */
    int turn;
};

static void migrate_entry(void *argument)
{
    struct migrant *migrant = argument;

    for (int i = 1; i < 4; i++) {
        migrant->turn = i;
        trv__stack_switch(migrant->stack, migrant->home);
    }
    trv__stack_switch_final(migrant->stack, migrant->home);
}

static void resume_here(struct migrant *migrant)
{
    struct trv__stack mine;

    trv__stack_adopt_thread(&mine);
    migrant->home = &mine;
    trv__stack_switch(&mine, migrant->stack);
    trv__stack_disown_thread(&mine);
}

static void *resume_in_thread(void *argument)
{
    resume_here(argument);
    return NULL;
}

RAW_TEST(a_stack_goes_on_in_another_thread)
{
    struct migrant migrant = {0};
    pthread_t thread;

    begin();
    migrant.stack = acquire(migrate_entry, &migrant);
    resume_here(&migrant);
    ck_assert_int_eq(migrant.turn, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, resume_in_thread, &migrant), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(migrant.turn, 2);
    resume_here(&migrant);
    ck_assert_int_eq(migrant.turn, 3);
    resume_here(&migrant);
    trv__stack_release(&stacks, migrant.stack);
    end();
}

TEST_LIST(RUN(locals_survive), RUN(a_million_switches_deep_down),
          RUN(both_switches_on_the_same_stacks), RUN(stacks_switch_to_each_other),
          RUN(callee_saved_registers_survive), RUN(rounding_belongs_to_the_stack),
          RUN(a_new_stack_rounds_as_its_maker), RUN(unwinding_ends_at_the_entry),
          RUN(a_stack_goes_on_in_another_thread))
