/* SPDX-License-Identifier: MIT */
/*
 * What is told about the GIL: the accounts that gil.c keeps, of one thread or of all.
 *
 * The accounts are written by the holder of the GIL only, so whoever calls here, holding it, may read
 * those of every thread. A struct that a program compiled against an older header passes in is
 * shorter: only what fits is written.
 */
#include "runtime/runtime.h"

#include "trivet/function.h"
#include "trivet/runtime.h"

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static void tell(trv_lock_stats *stats, const struct trv__gil_account *account)
{
    trv_lock_stats all = {
        .size = stats->size,
        .waited = seconds(account->waited_ns),
        .blocked = seconds(account->blocked_ns),
        .held = seconds(account->held_ns),
        .longest = seconds(account->longest_ns),
        .acquired = account->acquired,
        .dropped = account->dropped,
    };

    memcpy(stats, &all, MIN_OF(stats->size, sizeof all));
}

void trv_lock_stats_get(trv_lock_stats *stats)
{
    ASSERT(trv__holds_gil());
    tell(stats, &trv__runtime()->gil.account);
}

void trv_lock_stats_of_thread(trv_lock_stats *stats)
{
    ASSERT(trv__holds_gil());
    tell(stats, &trv__thread_self()->gil.account);
}

static trv_object *record_of(const struct trv__thread *thread)
{
    const struct trv__gil_account *account = &thread->gil.account;
    uint32_t native_id = atomic_load_explicit(&thread->native_id, memory_order_relaxed);

    return trv_build("{s:s, s:l, s:d, s:d, s:d, s:d, s:l, s:l}", "name", trv__thread_name(thread),
                     "thread_id", (int64_t)native_id, "waited", seconds(account->waited_ns),
                     "blocked", seconds(account->blocked_ns), "held", seconds(account->held_ns),
                     "longest", seconds(account->longest_ns), "acquired",
                     (int64_t)account->acquired, "dropped", (int64_t)account->dropped);
}

trv_object *trv_lock_stats_threads(void)
{
    trv_auto trv_object *list = trv_list_new();

    LIST_EACH(node, &trv__runtime()->threads) {
        trv_auto trv_object *record = record_of(CONTAINER_OF(node, struct trv__thread, link));
        if (trv_list_append(list, record) < 0)
            return NULL;
    }
    return trv_steal(&list);
}
