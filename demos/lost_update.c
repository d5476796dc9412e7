/* SPDX-License-Identifier: MIT */
/*
 * The lost update: a counter in a dict, and two threads that each add one to it ten times. Reading
 * it, computing and writing it back are three steps, and a switch between them loses what the other
 * has added. It goes well nearly always, until it does not.
 *
 * A seed decides where threads switch. So this program tries seeds until one loses an update, shows
 * that the same seed loses it again, every time, and that with a lock around the three steps none of
 * all those seeds does.
 */
#include <trivet.h>

#include <stdio.h>

#define SEEDS 200
#define ROUNDS 10

TRV_FUNCTION(one_more, "one_more(n): n + 1")
{
    int64_t n;

    return trv_parse(args, "l", &n) < 0 ? NULL : trv_int_new(n + 1);
}

static int add_one(trv_object *counter, trv_object *key)
{
    trv_auto trv_object *old = trv_getitem(counter, key);
    trv_auto trv_object *sum = trv_call(one_more, "o", old); /* may switch, as every call */

    return sum ? trv_setitem(counter, key, sum) : -1;
}

TRV_FUNCTION(count, "count(counter, key, lock): lock is None, or taken around each addition")
{
    trv_object *counter, *key, *lock;

    if (trv_parse(args, "ooo", &counter, &key, &lock) < 0)
        return NULL;
    for (int i = 0; i < ROUNDS; i++) {
        if (trv_is_none(lock)) {
            if (add_one(counter, key) < 0)
                return NULL;
            continue;
        }
        TRV_WITH(lock)
            if (add_one(counter, key) < 0)
                return NULL;
        if (trv_error_occurred())
            return NULL;
    }
    return trv_none_new();
}

/* Two threads count; what the counter says afterwards, or -1. */
static int64_t count_twice(trv_object *lock)
{
    trv_auto trv_object *key = trv_str_new("n");
    trv_auto trv_object *counter = trv_build("{o:i}", key, 0);
    trv_auto trv_object *one = trv_thread_new(count, "ooo", counter, key, lock);
    trv_auto trv_object *other = trv_thread_new(count, "ooo", counter, key, lock);
    trv_auto trv_object *sum = NULL;
    int64_t answer;

    if (!one || !other || trv_thread_start(one) < 0 || trv_thread_start(other) < 0 ||
        trv_thread_join(one, TRV_FOREVER) < 0 || trv_thread_join(other, TRV_FOREVER) < 0 ||
        !(sum = trv_getitem(counter, key)) || trv_int_get(sum, &answer) < 0)
        return -1;
    return answer;
}

/* A runtime of its own for each seed. How many updates were lost. */
static int64_t lost_with(int seed, int with_lock)
{
    char text[16];
    trv_config config = {.size = sizeof config, .seed = text};
    trv_object *lock;
    int64_t sum;

    snprintf(text, sizeof text, "%d", seed);
    if (trv_init(&config) < 0)
        return -1;
    lock = with_lock ? trv_lock_new() : trv_none_new();
    sum = count_twice(lock);
    trv_unref(lock);
    if (sum < 0)
        trv_error_print();
    trv_fini();
    return sum < 0 ? -1 : 2 * ROUNDS - sum;
}

static int first_that_loses(void)
{
    int seed = 0;

    while (seed < SEEDS && lost_with(seed, 0) == 0)
        seed++;
    return seed;
}

int main(void)
{
    int bad = first_that_loses(), wrong = 0;
    int64_t lost = lost_with(bad, 0);

    printf("without a lock: %s\n", lost > 0 ? "a seed loses updates" : "no seed loses an update");
    for (int again = 0; again < 10; again++)
        wrong += lost_with(bad, 0) != lost;
    printf("the same seed again: %s\n", wrong ? "something else" : "as many, ten times out of ten");
    wrong = 0;
    for (int seed = 0; seed < SEEDS; seed++)
        wrong += lost_with(seed, 1) != 0;
    printf("with a lock: %d of %d seeds lose one\n", wrong, SEEDS);
    return 0;
}
