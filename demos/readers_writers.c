/* SPDX-License-Identifier: MIT */
/*
 * Readers and writers: many may read at once, who writes is alone. A condition is all it takes: it
 * says when to look again. (Who reads all the time would keep writers out for ever; these do not.)
 *
 * Each reader waits, while it reads, until three are reading: that ends only because they are let in
 * together. The writers check that nobody else is there.
 */
#include <trivet.h>

#include <stdio.h>

#define READERS 3
#define ROUNDS 5

/* Guarded by the condition. */
static int readers, writers, value;

static int begin_reading(trv_object *changed)
{
    TRV_WITH(changed) {
        while (writers)
            if (trv_condition_wait(changed, TRV_FOREVER) < 0)
                return -1;
        readers++;
    }
    return trv_error_occurred() ? -1 : 0;
}

static int begin_writing(trv_object *changed)
{
    TRV_WITH(changed) {
        while (readers || writers)
            if (trv_condition_wait(changed, TRV_FOREVER) < 0)
                return -1;
        writers++;
    }
    return trv_error_occurred() ? -1 : 0;
}

static int end(trv_object *changed, int *who)
{
    TRV_WITH(changed) {
        --*who;
        trv_condition_notify_all(changed);
    }
    return trv_error_occurred() ? -1 : 0;
}

TRV_FUNCTION(read_value, "read_value(changed, together): reads while others read")
{
    trv_object *changed, *together;
    int seen;

    if (trv_parse(args, "oo", &changed, &together) < 0 || begin_reading(changed) < 0)
        return NULL;
    seen = value;
    if (trv_barrier_wait(together, 10) < 0)
        return NULL;
    if (seen != value)
        printf("it changed while it was read\n");
    return end(changed, &readers) < 0 ? NULL : trv_none_new();
}

TRV_FUNCTION(write_value, "write_value(changed): adds one, slowly")
{
    trv_object *changed;

    if (trv_parse(args, "o", &changed) < 0)
        return NULL;
    for (int i = 0; i < ROUNDS; i++) {
        int before;
        if (begin_writing(changed) < 0)
            return NULL;
        before = value;
        if (readers || writers != 1 || trv_sleep(0.001) < 0)
            return trv_raise(trv_RuntimeError, "the writer is not alone");
        value = before + 1;
        if (end(changed, &writers) < 0)
            return NULL;
    }
    return trv_none_new();
}

TRV_FUNCTION(app, "app(): two writers, three readers")
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 2 + READERS};
    trv_auto trv_object *changed = trv_condition_new(NULL);
    trv_auto trv_object *together = trv_barrier_new(READERS, NULL);
    trv_auto trv_object *pool = trv_thread_pool_new(&options);
    trv_auto trv_object *futures = trv_list_new(), *done = NULL;

    (void)args;
    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *writer = trv_submit(pool, write_value, "o", changed);
        if (!writer || trv_list_append(futures, writer) < 0)
            return NULL;
    }
    for (int i = 0; i < READERS; i++) {
        trv_auto trv_object *reader = trv_submit(pool, read_value, "oo", changed, together);
        if (!reader || trv_list_append(futures, reader) < 0)
            return NULL;
    }
    if (!(done = trv_gather(futures)))
        return NULL;
    printf("three read at once, two wrote alone: the value is %d\n", value);
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
