/* SPDX-License-Identifier: MIT */
/*
 * The arena of stacks and its cache: what a stack costs, what guards it, and who gets it next.
 */
#include "support/harness.h"

#include "base/fault.h"
#include "stack/stack.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where memory is measured the sanitizers' own would be counted too. */
#define IS_INSTRUMENTED (TRV_ASAN || TRV_TSAN || TRV_VALGRIND)
#if TRV_VALGRIND
#include <valgrind/memcheck.h>
#endif

#define EXTRA 200

static struct trv__stacks stacks;
static struct trv__stack thread_stack;

static void begin(const struct trv__stacks_config *config)
{
    ck_assert_int_eq(trv__stacks_init(&stacks, config), 0);
    trv__stack_adopt_thread(&thread_stack);
}

static void end(void)
{
    ck_assert_uint_eq(trv__stacks_in_use(&stacks), 0);
    trv__stack_disown_thread(&thread_stack);
    trv__stacks_fini(&stacks);
}

/* The tests write to the room for frames from outside, which Valgrind is right not to like. */
static void open_frames(struct trv__stack *stack)
{
#if TRV_VALGRIND
    VALGRIND_MAKE_MEM_DEFINED(stack->limit, stack->top - stack->limit);
#endif
    (void)stack;
}

static struct trv__stack *acquire(void)
{
    struct trv__stack *stack = trv__stack_acquire(&stacks, EXTRA);

    ck_assert_msg(stack != NULL, "acquire: %s", strerror(errno));
    return stack;
}

static struct trv__stacks_statistics statistics(void)
{
    struct trv__stacks_statistics s;

    trv__stacks_statistics(&stacks, &s);
    return s;
}

static size_t resident_bytes(void)
{
    unsigned long total, resident;
    FILE *file = fopen("/proc/self/statm", "r");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu %lu", &total, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static int count_mappings(void)
{
    FILE *file = fopen("/proc/self/maps", "r");
    int lines = 0, c;

    ck_assert_ptr_nonnull(file);
    while ((c = getc(file)) != EOF)
        lines += c == '\n';
    fclose(file);
    return lines;
}

/* A coroutine that says where it is, parks once, and ends. Its record is the stack's extra. */
struct record {
    struct trv__stack *stack;
    int state;
};

static void park_once(void *argument)
{
    struct record *record = argument;

    record->state = 1;
    trv__stack_switch(record->stack, &thread_stack);
    record->state = 2;
    trv__stack_switch_final(record->stack, &thread_stack);
}

static struct record *spawn(void)
{
    struct trv__stack *stack = acquire();
    struct record *record = trv__stack_extra(stack);

    record->stack = stack;
    record->state = 0;
    trv__stack_prepare(stack, park_once, record);
    trv__stack_switch(&thread_stack, stack);
    return record;
}

static void finish(struct record *record)
{
    trv__stack_switch(&thread_stack, record->stack);
    ck_assert_int_eq(record->state, 2);
    trv__stack_release(&stacks, record->stack);
}

RAW_TEST(one_page_holds_block_and_first_frames)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t colours[16];

    begin(NULL);
    for (int i = 0; i < 16; i++) {
        struct trv__stack *stack = acquire();
        uintptr_t extra = (uintptr_t)trv__stack_extra(stack), top = (uintptr_t)stack->top;
        ck_assert_uint_eq(extra % 16, 0);
        ck_assert_uint_eq(top % 16, 0);
        ck_assert_uint_ge(extra, top);
        ck_assert_uint_eq((extra + EXTRA - 1) / page, top / page);
        ck_assert_uint_ge(top % page, page / 2);
        ck_assert_uint_ge(top - (uintptr_t)stack->limit, 255 * 1024 - page);
        memset(trv__stack_extra(stack), 0xa5, EXTRA);
        colours[i] = top % page;
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(colours[i], colours[j]);
    }
    trv__stacks_fini(&stacks);
}

RAW_TEST(reuse_is_last_in_first_out)
{
    struct trv__stack *a, *b, *c;

    begin(NULL);
    a = acquire(), b = acquire(), c = acquire();
    trv__stack_release(&stacks, a);
    trv__stack_release(&stacks, c);
    trv__stack_release(&stacks, b);
    ck_assert_ptr_eq(acquire(), b);
    ck_assert_ptr_eq(acquire(), c);
    ck_assert_ptr_eq(acquire(), a);
    ck_assert_uint_eq(statistics().in_use, 3);
    trv__stack_release(&stacks, a);
    trv__stack_release(&stacks, b);
    trv__stack_release(&stacks, c);
    end();
}

RAW_TEST(at_the_maximum_nothing_is_lost)
{
    struct trv__stacks_config config = {.max = 70};
    struct trv__stack *all[70];

    begin(&config);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 70; i++)
            all[i] = acquire();
        for (int i = 0; i < 3; i++) {
            errno = 0;
            ck_assert_ptr_null(trv__stack_acquire(&stacks, EXTRA));
            ck_assert_int_eq(errno, ENOMEM);
        }
        ck_assert_uint_eq(trv__stacks_in_use(&stacks), 70);
        trv__stack_release(&stacks, all[33]);
        ck_assert_ptr_eq(acquire(), all[33]);
        for (int i = 0; i < 70; i++)
            trv__stack_release(&stacks, all[i]);
    }
    ck_assert_uint_eq(statistics().peak, 70);
    end();
}

RAW_TEST(impossible_sizes_are_refused)
{
    struct trv__stacks_config too_big = {.reserve = SIZE_MAX / 2}, too_many = {.max = SIZE_MAX};

    ck_assert_int_eq(trv__stacks_init(&stacks, &too_big), -EINVAL);
    ck_assert_int_eq(trv__stacks_init(&stacks, &too_many), -EINVAL);
    begin(NULL);
    ck_assert_ptr_null(trv__stack_acquire(&stacks, stacks.reserve));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(trv__stack_acquire(&stacks, SIZE_MAX));
    ck_assert_int_eq(errno, EINVAL);
    end();
}

RAW_TEST(large_extra_blocks_have_room)
{
    begin(NULL);
    for (size_t extra = 1; extra < stacks.reserve / 2; extra = extra * 3 + 1) {
        struct trv__stack *stack = trv__stack_acquire(&stacks, extra);
        ck_assert_ptr_nonnull(stack);
        memset(trv__stack_extra(stack), 1, extra);
        ck_assert((char *)trv__stack_extra(stack) + extra <= stack->limit + stacks.reserve);
        trv__stack_release(&stacks, stack);
    }
    ck_assert_uint_eq(statistics().warm, 1);
    end();
}

RAW_TEST(an_address_limit_is_an_error_that_passes)
{
    struct rlimit old, tight;
    struct trv__stack *some[4096];
    int count = 0;

    if (IS_INSTRUMENTED)
        return;
    begin(NULL);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    tight = old;
    tight.rlim_cur = 600ul << 20;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &tight), 0);
    while (count < 4096 && (some[count] = trv__stack_acquire(&stacks, EXTRA)) != NULL)
        count++;
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_int_ge(count, 1024);
    ck_assert_int_lt(count, 2500);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &old), 0);
    some[count] = acquire();
    for (int i = 0; i <= count; i++)
        trv__stack_release(&stacks, some[i]);
    end();
}

/* Guards. Each overflow happens in a child, which is expected to die of it. */

enum overflow { TOUCH_BELOW_LIMIT, RECURSE };

static __attribute__((noinline)) int recurse(volatile char *up, int depth)
{
    volatile char frame[512];

    frame[0] = *up;
    return depth > 0 ? recurse(frame, depth - 1) + frame[0] : 0;
}

static enum overflow overflow_kind;
static struct trv__stack *overflowing;

static void overflow_entry(void *argument)
{
    char start = 1;

    (void)argument;
    if (overflow_kind == RECURSE)
        recurse(&start, 1 << 20);
    ((volatile char *)overflowing->limit)[-8] = 1;
    trv__stack_switch_final(overflowing, &thread_stack);
}

/* Returns: the signal that a child dies of when a stack overflows there; 0 if it survives. */
static int signal_of_overflow(struct trv__stack *stack, enum overflow kind)
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        overflowing = stack;
        overflow_kind = kind;
        trv__stack_prepare(stack, overflow_entry, NULL);
        trv__stack_switch(&thread_stack, stack);
        trv__stack_release(&stacks, stack);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void expect_guards(enum trv__stack_guard guard, int expected_signal)
{
    struct trv__stacks_config config = {.guard = guard, .max = 100, .warm = 40};
    struct trv__stack *some[40];

    begin(&config);
    for (int i = 0; i < 40; i++)
        some[i] = acquire();
    ck_assert_int_eq(signal_of_overflow(some[0], TOUCH_BELOW_LIMIT), expected_signal);
    ck_assert_int_eq(signal_of_overflow(some[39], TOUCH_BELOW_LIMIT), expected_signal);
    if (expected_signal == SIGSEGV && !TRV_TSAN)
        ck_assert_int_eq(signal_of_overflow(some[20], RECURSE), SIGSEGV);
    for (int i = 0; i < 40; i++)
        trv__stack_release(&stacks, some[i]);
    ck_assert_uint_eq(trv__stacks_trim(&stacks, 0), 40);
    for (int i = 0; i < 40; i++)
        some[i] = acquire();
    for (int i = 0; i < 40; i += 13)
        ck_assert_int_eq(signal_of_overflow(some[i], TOUCH_BELOW_LIMIT), expected_signal);
    for (int i = 0; i < 40; i++)
        trv__stack_release(&stacks, some[i]);
    end();
}

RAW_TEST(overflow_hits_the_best_guard)
{
    expect_guards(TRV__STACK_GUARD_BEST, SIGSEGV);
}

RAW_TEST(overflow_hits_a_protected_page)
{
    expect_guards(TRV__STACK_GUARD_MPROTECT, SIGSEGV);
}

RAW_TEST(overflow_without_guard_is_noticed_later)
{
    expect_guards(TRV__STACK_GUARD_ZERO, SIGABRT);
}

RAW_TEST(beyond_the_budget_of_mappings_stacks_are_unguarded)
{
    struct trv__stacks_config config = {.guard = TRV__STACK_GUARD_MPROTECT};
    struct trv__stack *some[100];

    begin(&config);
    stacks.map_budget = 2 * 64;
    for (int i = 0; i < 100; i++)
        some[i] = acquire();
    ck_assert_uint_eq(statistics().unguarded, 100 - 64);
    ck_assert_int_eq(signal_of_overflow(some[63], TOUCH_BELOW_LIMIT), SIGSEGV);
    ck_assert_int_eq(signal_of_overflow(some[64], TOUCH_BELOW_LIMIT), SIGABRT);
    for (int i = 0; i < 100; i++)
        trv__stack_release(&stacks, some[i]);
    end();
}

/* What stacks cost. */

RAW_TEST(a_hundred_thousand_stacks_of_one_page)
{
    size_t count = 100000, before, cost;
    struct record **records;
    int mappings;

    if (IS_INSTRUMENTED)
        return;
    begin(NULL);
    records = malloc(count * sizeof *records);
    ck_assert_ptr_nonnull(records);
    memset(records, 0, count * sizeof *records);
    mappings = count_mappings();
    before = resident_bytes();
    for (size_t i = 0; i < count; i++)
        records[i] = spawn();
    cost = (resident_bytes() - before) / count;
    printf("%zu bytes a parked stack, %d mappings more, %zu unguarded\n", cost,
           count_mappings() - mappings, statistics().unguarded);
    if (sysconf(_SC_PAGESIZE) == 4096)
        ck_assert_uint_lt(cost, 4600);
    if (stacks.guard == TRV__STACK_GUARD_MARKER)
        ck_assert_int_lt(count_mappings() - mappings, 200);
    for (size_t i = 0; i < count; i++)
        finish(records[i]);
    ck_assert_uint_le(statistics().warm, 4096);
    ck_assert_uint_lt(resident_bytes() - before, 40 << 20);
    free(records);
    end();
}

RAW_TEST(trimming_returns_memory)
{
    struct trv__stacks_config config = {.warm = 1000};
    struct record *records[1000];
    size_t before, full, empty;

    begin(&config);
    before = resident_bytes();
    for (int i = 0; i < 1000; i++) {
        records[i] = spawn();
        open_frames(records[i]->stack);
        memset(records[i]->stack->limit, 1, 32768);
    }
    for (int i = 0; i < 1000; i++)
        finish(records[i]);
    full = resident_bytes() - before;
    ck_assert_uint_eq(statistics().warm, 1000);
    ck_assert_uint_eq(trv__stacks_trim(&stacks, 1000), 0);
    ck_assert_uint_eq(trv__stacks_trim(&stacks, 10), 990);
    ck_assert_uint_eq(statistics().warm, 10);
    ck_assert_uint_eq(statistics().cold, 990);
    ck_assert_uint_eq(statistics().trimmed, 990);
    empty = resident_bytes() - before;
    if (!IS_INSTRUMENTED) {
        ck_assert_uint_ge(full, 32u << 20);
        ck_assert_uint_lt(empty, 2u << 20);
    }
    for (int i = 0; i < 1000; i++)
        records[i] = spawn();
    ck_assert_uint_eq(statistics().cold, 0);
    for (int i = 0; i < 1000; i++)
        finish(records[i]);
    end();
}

RAW_TEST(the_watermark_holds)
{
    struct trv__stacks_config config = {.warm = 5};
    struct record *records[300], *last;

    begin(&config);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++)
            records[i] = spawn();
        for (int i = 0; i < 300; i++) {
            finish(records[i]);
            ck_assert_uint_le(statistics().warm, 5);
            ck_assert_uint_eq(statistics().warm + statistics().cold, (unsigned)i + 1);
        }
        last = spawn(); /* the newest is still the first to be taken */
        ck_assert_ptr_eq(last, records[299]);
        finish(last);
    }
    ck_assert_uint_eq(statistics().peak, 300);
    end();
}

/* A model of the arena: every stack that is out carries its owner's mark in its lowest and its
 * highest bytes; were one handed out twice, a mark would be wrong. */
RAW_TEST(no_stack_is_handed_out_twice)
{
    struct trv__stacks_config config = {.warm = 20, .max = 200};
    struct trv__stack *out[200];
    size_t count = 0;
    unsigned seed = 7;

    begin(&config);
    for (unsigned step = 1; step <= 20000; step++) {
        unsigned dice = (unsigned)rand_r(&seed);
        if (dice % 200 >= count) {
            struct trv__stack *stack = trv__stack_acquire(&stacks, dice % 700 + sizeof step);
            ck_assert_ptr_nonnull(stack);
            open_frames(stack);
            memcpy(trv__stack_extra(stack), &step, sizeof step);
            memcpy(stack->limit, &step, sizeof step);
            out[count++] = stack;
        } else {
            size_t which = dice / 200 % count;
            struct trv__stack *stack = out[which];
            ck_assert_mem_eq(trv__stack_extra(stack), stack->limit, sizeof step);
            trv__stack_release(&stacks, stack);
            out[which] = out[--count];
        }
        if (dice % 1000 == 0)
            trv__stacks_trim(&stacks, dice % 20);
        ck_assert_uint_eq(trv__stacks_in_use(&stacks), count);
    }
    while (count > 0)
        trv__stack_release(&stacks, out[--count]);
    end();
}

RAW_TEST(parked_stacks_can_be_abandoned)
{
    struct record *record;

    begin(NULL);
    for (int i = 0; i < 1000; i++) {
        record = spawn();
        ck_assert_int_eq(record->state, 1);
        trv__stack_release(&stacks, record->stack);
        trv__stack_release(&stacks, acquire());
    }
    record = spawn();
    finish(record);
    end();
}

RAW_TEST(a_forked_child_goes_on)
{
    struct record *record;
    int status;
    pid_t pid;

    begin(NULL);
    record = spawn();
    fflush(NULL);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct record *other = spawn();
        trv__stack_switch(&thread_stack, record->stack);
        trv__stack_switch(&thread_stack, other->stack);
        _exit(record->state == 2 && other->state == 2 ? 42 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    ck_assert_int_eq(record->state, 1);
    finish(record);
    end();
}

/* In a build without fault points the first round is the only one. */
RAW_TEST(each_failure_leaves_the_arena_whole)
{
    struct trv__stacks_config config = {.max = 100, .warm = 10};
    struct trv__stack *some[40];
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        int failures = 0;
        trv__fault_arm(nth);
        if (trv__stacks_init(&stacks, &config) != 0) {
            ck_assert(trv__fault_struck());
            continue;
        }
        for (int i = 0; i < 40; i++)
            while ((some[i] = trv__stack_acquire(&stacks, EXTRA)) == NULL) {
                ck_assert_int_eq(errno, ENOMEM);
                ck_assert_int_eq(++failures, 1);
            }
        ck_assert_uint_eq(statistics().in_use, 40);
        for (int i = 0; i < 40; i++) {
            open_frames(some[i]);
            ((volatile char *)some[i]->limit)[0] = 1;
            trv__stack_release(&stacks, some[i]);
        }
        struck = trv__fault_struck();
        trv__fault_arm(0);
        trv__stacks_fini(&stacks);
    }
}

/* A thread's own stack. */

static void check_own_stack(void)
{
    struct trv__stack mine;
    char here;

    trv__stack_adopt_thread(&mine);
    ck_assert(mine.limit < &here || TRV_ASAN);
    ck_assert(mine.limit < (char *)__builtin_frame_address(0));
    ck_assert(mine.top > (char *)__builtin_frame_address(0));
    ck_assert_uint_ge(trv__stack_room(&mine), 16 * 1024);
    ck_assert_uint_lt(trv__stack_room(&mine), (size_t)(mine.top - mine.limit));
    /* What it says is there can be used. */
    ((volatile char *)mine.limit)[0] = 0;
    trv__stack_disown_thread(&mine);
}

static void *check_in_thread(void *argument)
{
    (void)argument;
    check_own_stack();
    return NULL;
}

static void check_on_foreign_stack(void *argument)
{
    struct record *record = argument;
    struct trv__stack mine;

    trv__stack_adopt_thread(&mine);
    record->state = trv__stack_room(&mine) > 8192 && trv__stack_room(&mine) < 65536;
    trv__stack_disown_thread(&mine);
    trv__stack_switch_final(record->stack, &thread_stack);
}

RAW_TEST(threads_know_their_limits)
{
    struct record record;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, check_in_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    begin(NULL);
    ck_assert_uint_ge(trv__stack_room(&thread_stack), 64 * 1024);
    record.stack = acquire();
    trv__stack_prepare(record.stack, check_on_foreign_stack, &record);
    trv__stack_switch(&thread_stack, record.stack);
    ck_assert_int_eq(record.state, 1);
    trv__stack_release(&stacks, record.stack);
    end();
}

struct room {
    struct trv__stack *stack;
    size_t at_entry, deep;
};

static __attribute__((noinline)) size_t room_at(struct room *room, int depth)
{
    volatile char frame[256];

    frame[0] = (char)depth;
    return depth > 0 ? room_at(room, depth - 1) + (frame[0] == 0) : trv__stack_room(room->stack);
}

static void measure_room(void *argument)
{
    struct room *room = argument;

    room->at_entry = trv__stack_room(room->stack);
    room->deep = room_at(room, 99);
    trv__stack_switch_final(room->stack, &thread_stack);
}

RAW_TEST(room_shrinks_with_depth)
{
    struct room room;

    begin(NULL);
    room.stack = acquire();
    trv__stack_prepare(room.stack, measure_room, &room);
    trv__stack_switch(&thread_stack, room.stack);
    ck_assert_uint_le(room.at_entry, stacks.reserve);
    ck_assert_uint_ge(room.at_entry, stacks.reserve - 8192);
    ck_assert_uint_ge(room.at_entry - room.deep, 100 * 16);
    trv__stack_release(&stacks, room.stack);
    end();
}

TEST_LIST(RUN(one_page_holds_block_and_first_frames), RUN(reuse_is_last_in_first_out),
          RUN(at_the_maximum_nothing_is_lost), RUN(impossible_sizes_are_refused),
          RUN(large_extra_blocks_have_room), RUN(an_address_limit_is_an_error_that_passes),
          RUN(overflow_hits_the_best_guard), RUN(overflow_hits_a_protected_page),
          RUN(overflow_without_guard_is_noticed_later),
          RUN(beyond_the_budget_of_mappings_stacks_are_unguarded),
          RUN(a_hundred_thousand_stacks_of_one_page), RUN(trimming_returns_memory),
          RUN(the_watermark_holds), RUN(no_stack_is_handed_out_twice),
          RUN(parked_stacks_can_be_abandoned), RUN(a_forked_child_goes_on),
          RUN(each_failure_leaves_the_arena_whole), RUN(threads_know_their_limits),
          RUN(room_shrinks_with_depth))
