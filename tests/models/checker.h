/* SPDX-License-Identifier: MIT */
/*
 * A small model checker: runs the real source files of the library under every interleaving.
 *
 * A test includes "models/replace.h", which turns atomic operations, mutexes, futexes and the clock
 * into calls of this checker, and then the source file itself. It describes *scenarios*: two to four
 * logical threads of a few operations each. The threads are stacks of one real thread; before each
 * operation the checker decides who goes on. It runs the scenario again and again, each time taking
 * the last decision that has an alternative the other way, until there are none left.
 *
 * What can happen at no cost: whoever blocks or ends is followed by anybody who can run; when nobody
 * can, the earliest time limit passes. All else is a *surprise*, and a run has at most as many as the
 * scenario's bound: a thread is interrupted although it could go on, a sleep ends early or for no
 * reason, a weak compare-and-swap fails, time jumps, a load sees an older value than the newest, a
 * process is killed. Bounds are tried from 0 upwards, so that what is found has as few as possible:
 * nearly all bugs need one to three.
 *
 * Memory is that of C11 but for one thing: stores are seen in the order in which they were made. Each
 * atomic object remembers its last stores; a load may see any that nothing it knows of comes
 * after (vector clocks: acquire joins what release stored). Plain data that a scenario declares with
 * model_read and model_write must be ordered by that, or it is a data race. So a missing release,
 * acquire or seq_cst is found as well. Not modelled: loads that see stores made later than themselves,
 * plain data of the source files (ThreadSanitizer looks at those).
 *
 * What the checker finds: failed assertions, deadlock (all asleep without a time limit), runs that do
 * not end, data races. It prints the run, an operation a line, with file and line.
 *
 * A state that was reached before, with as many surprises left, is not explored again: two states are
 * the same if each thread saw the same values from the same stores in them. That is exact as long
 * as plain data is touched in ordered sections only.
 */
#ifndef TRV_TESTS_CHECKER_H
#define TRV_TESTS_CHECKER_H

#include "base/base.h"

#define MODEL_THREADS 4
#define MODEL_START_NS INT64_C(1000000000)

struct model_scenario {
    const char *name;
    void (*begin)(void); /* makes the first state; what static variables held is gone */
    void (*threads[MODEL_THREADS])(void); /* the first NULL ends them */
    void (*idle)(void); /* nobody can run, and only time limits are left: what must hold; or NULL */
    void (*death)(void); /* a thread was just killed: what the kernel does about it; or NULL */
    void (*end)(void);   /* after all threads: what must hold; or NULL */
    int surprises;       /* at most so many in one run */
    int64_t tick_ns;     /* so much time passes at each look at the clock */
    int64_t jump_ns;     /* or so much more, which is a surprise; 0: never */
    unsigned mortal;     /* bit set: that thread may be killed at any point, which is a surprise */
    bool is_sequential;  /* loads see the newest value only: for what is about order alone */
};

/* The ways in which the source under test is broken on purpose, made by tests/models/break. */
struct model_variant {
    const char *name, *why;
    bool applies; /* the lines that it replaces are still there, once */
};

/* Which of them is in force; 0: none. */
extern int model_variant;

/* Whether the checker works in this build, on this machine; says why if not. */
bool model_is_of_use(void);
/* Runs all interleavings of a scenario; fails the test with the first bad one. */
void model_check(const struct model_scenario *scenario);
/* Wants each variant to be found by one of the scenarios. `variants` ends with a name of NULL. */
void model_check_variants(const struct model_variant *variants,
                          const struct model_scenario *const *scenarios, size_t count);

/* For the bodies of threads ------------------------------------------------------------------------ */

/* Ends the run as a failed one. Returns only outside of threads (begin, idle, end). */
void model_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define MODEL_ASSERT(claim)                                                                        \
    ((claim) ? (void)0 : model_fail(__FILE__, __LINE__, "not true: %s", #claim))

/* The number of the calling thread; -1 outside of them. */
int model_self(void);
/* What a thread looks at past the checker, other threads' data for instance, makes its state another. */
uint64_t model_saw(uint64_t value);
int64_t model_now_ns(void);
/* Whether it was killed. Who is told so sees all that it did. */
bool model_is_dead(int thread);
/* So much time passes. */
void model_pass(int64_t ns);
/* Whether a thread sleeps in a futex and its deadline, if any, is still to come. */
bool model_is_asleep(int thread);
/* How often it has slept until its deadline. */
int model_time_outs(int thread);
/* One of 0..count-1, each of which is tried; no surprise. */
size_t model_choose(size_t count);
/* Others may go on, at no cost; the caller waits busily, and goes on only when another has done something, if
 * any can. */
void model_yield_at(const char *file, int line, bool waits);
#define model_yield() model_yield_at(__FILE__, __LINE__, true)
/* The same, but the caller may go on as well. */
#define model_pause() model_yield_at(__FILE__, __LINE__, false)
/* From now on no operation of a thread may touch that memory. */
void model_forbid(const void *memory, size_t size);
/* Plain data is read or written here: an operation like any other, which must not race. */
void model_plain(const void *address, bool is_write, const char *what, const char *file, int line);
#define model_read(address) model_plain(address, false, "read " #address, __FILE__, __LINE__)
#define model_write(address) model_plain(address, true, "write " #address, __FILE__, __LINE__)

/* For replace.h -------------------------------------------------------------------------------------- */

struct model_place {
    const char *what, *file;
    int line;
};

enum model_update { MODEL_EXCHANGE, MODEL_ADD, MODEL_SUBTRACT, MODEL_OR, MODEL_AND };

uint64_t model_load(const void *address, size_t size, memory_order order, struct model_place place);
void model_store(void *address, size_t size, uint64_t value, memory_order order,
                 struct model_place place);
void model_init(void *address, size_t size, uint64_t value);
uint64_t model_update(void *address, size_t size, enum model_update update, uint64_t operand,
                      memory_order order, struct model_place place);
bool model_compare_exchange(void *address, size_t size, void *expected, uint64_t desired,
                            memory_order success, memory_order failure, bool is_weak,
                            struct model_place place);
void model_fence(memory_order order, struct model_place place);

void model_mutex_lock(const void *mutex, struct model_place place);
void model_mutex_unlock(const void *mutex, struct model_place place);
void model_futex_wake(const void *word, int count, struct model_place place);
/* 0, or the errno of the system call. */
int model_futex_wait(const void *word, uint32_t expected, int64_t deadline_ns,
                     struct model_place place);
int64_t model_clock_ns(struct model_place place);
/* The place of the next futex call or look at the clock, which is made by an inline function. */
void model_here(struct model_place place);
_Noreturn void model_assertion_failed(const char *claim, const char *file, int line,
                                      const char *function);

#endif
