/* SPDX-License-Identifier: MIT */
/*
 * Included before a source file of the library that is to be checked: its atomic operations, mutexes,
 * futexes and its clock become calls of the checker, each with its place.
 *
 * What is replaced is the lowest floor that can be: src/base/clock.h and src/base/futex.h are the real
 * ones, compiled over system calls that are not. Their functions leave word of who called them.
 */
#ifndef TRV_TESTS_REPLACE_H
#define TRV_TESTS_REPLACE_H

/* Before base.h declares it, so that a failed assertion is one run that failed. */
#define trv__assertion_failed model_assertion_failed

#include "models/checker.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MODEL_PLACE(text) ((struct model_place){text, __FILE__, __LINE__})
#define MODEL_TYPE(p) __typeof__(((void)0, *(p)))
#define MODEL_BITS(value) ((uint64_t)(uintptr_t)(value))

#undef atomic_load_explicit
#undef atomic_load
#undef atomic_store_explicit
#undef atomic_store
#undef atomic_init
#undef atomic_exchange_explicit
#undef atomic_exchange
#undef atomic_fetch_add_explicit
#undef atomic_fetch_add
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#undef atomic_thread_fence

#define atomic_load_explicit(p, order)                                                             \
    ((MODEL_TYPE(p))(uintptr_t)model_load(p, sizeof *(p), order, MODEL_PLACE("load " #p)))
#define atomic_load(p) atomic_load_explicit(p, memory_order_seq_cst)
#define atomic_store_explicit(p, value, order)                                                     \
    model_store(p, sizeof *(p), MODEL_BITS(value), order, MODEL_PLACE("store " #p))
#define atomic_store(p, value) atomic_store_explicit(p, value, memory_order_seq_cst)
#define atomic_init(p, value) model_init(p, sizeof *(p), MODEL_BITS(value))
#define MODEL_UPDATE(p, update, value, order, text)                                                \
    __extension__({                                                                                \
        MODEL_TYPE(p)                                                                              \
        model_old = (MODEL_TYPE(p))(uintptr_t)model_update(                                        \
            p, sizeof *(p), update, MODEL_BITS(value), order, MODEL_PLACE(text));                  \
        model_old;                                                                                 \
    })
#define atomic_exchange_explicit(p, value, order)                                                  \
    MODEL_UPDATE(p, MODEL_EXCHANGE, value, order, "exchange " #p)
#define atomic_exchange(p, value) atomic_exchange_explicit(p, value, memory_order_seq_cst)
#define atomic_fetch_add_explicit(p, value, order)                                                 \
    MODEL_UPDATE(p, MODEL_ADD, value, order, "add " #p)
#define atomic_fetch_add(p, value) atomic_fetch_add_explicit(p, value, memory_order_seq_cst)
#define atomic_fetch_sub_explicit(p, value, order)                                                 \
    MODEL_UPDATE(p, MODEL_SUBTRACT, value, order, "subtract " #p)
#define atomic_fetch_sub(p, value) atomic_fetch_sub_explicit(p, value, memory_order_seq_cst)
#define atomic_fetch_or_explicit(p, value, order) MODEL_UPDATE(p, MODEL_OR, value, order, "or " #p)
#define atomic_fetch_and_explicit(p, value, order)                                                 \
    MODEL_UPDATE(p, MODEL_AND, value, order, "and " #p)
#define atomic_compare_exchange_strong_explicit(p, expected, value, success, failure)              \
    model_compare_exchange(p, sizeof *(p), expected, MODEL_BITS(value), success, failure, false,   \
                           MODEL_PLACE("compare-exchange " #p))
#define atomic_compare_exchange_weak_explicit(p, expected, value, success, failure)                \
    model_compare_exchange(p, sizeof *(p), expected, MODEL_BITS(value), success, failure, true,    \
                           MODEL_PLACE("compare-exchange " #p))
#define atomic_compare_exchange_strong(p, expected, value)                                         \
    atomic_compare_exchange_strong_explicit(p, expected, value, memory_order_seq_cst,              \
                                            memory_order_seq_cst)
#define atomic_compare_exchange_weak(p, expected, value)                                           \
    atomic_compare_exchange_weak_explicit(p, expected, value, memory_order_seq_cst,                \
                                          memory_order_seq_cst)
#define atomic_thread_fence(order) model_fence(order, MODEL_PLACE("fence"))

#define pthread_mutex_init(mutex, attributes) ((void)(mutex))
#define pthread_mutex_destroy(mutex) ((void)(mutex))
#define pthread_mutex_lock(mutex) model_mutex_lock(mutex, MODEL_PLACE("lock " #mutex))
#define pthread_mutex_unlock(mutex) model_mutex_unlock(mutex, MODEL_PLACE("unlock " #mutex))

#define clock_gettime(clock, time) model_clock_gettime(time, MODEL_PLACE("clock"))
#define syscall(number, ...) model_syscall(number, MODEL_PLACE("futex"), __VA_ARGS__)

static inline int model_clock_gettime(struct timespec *time, struct model_place place)
{
    int64_t ns = model_clock_ns(place);

    *time = (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    return 0;
}

/* futex(2) as the library uses it: waiting with an absolute deadline or with none, and waking. */
static inline long model_syscall(long number, struct model_place place, const void *word, ...)
{
    const struct timespec *deadline;
    va_list arguments;
    uint32_t value;
    int operation, error;

    va_start(arguments, word);
    operation = va_arg(arguments, int) & ~FUTEX_PRIVATE_FLAG;
    value = va_arg(arguments, uint32_t);
    deadline = operation == FUTEX_WAKE ? NULL : va_arg(arguments, const struct timespec *);
    va_end(arguments);
    if (number != SYS_futex)
        model_fail(place.file, place.line, "system call %ld is not modelled", number);
    if (operation == FUTEX_WAKE) {
        place.what = "wake";
        model_futex_wake(word, (int)value, place);
        return 0;
    }
    place.what = "wait";
    error = model_futex_wait(
        word, value, deadline ? deadline->tv_sec * 1000000000 + deadline->tv_nsec : INT64_MAX,
        place);
    errno = error;
    return error ? -1 : 0;
}

#include "base/clock.h"
#include "base/futex.h"

#define trv__clock_ns() (model_here(MODEL_PLACE("clock")), trv__clock_ns())
#define trv__futex_wait(word, expected, deadline_ns)                                               \
    (model_here(MODEL_PLACE("wait for " #word)), trv__futex_wait(word, expected, deadline_ns))
#define trv__futex_wake(word) (model_here(MODEL_PLACE("wake " #word)), trv__futex_wake(word))

#endif
