/* SPDX-License-Identifier: MIT */
/*
 * heap.*: making and dropping small objects, and what the commonest containers cost.
 *
 * The loops use only public functions, as a program would. A batch of 1000 makes 1000 objects
 * and then drops them, so that one free block does not serve every round. Keys are made and
 * hashed before the clock runs.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MILLION = 1000000, OPERATIONS = 5 * MILLION, BATCH = 1000 };

TRV_STATIC_FUNCTION(first, "first(a, b): a")
{
    return trv_ref(args->items[0]);
}

static trv_object *make_float(int i)
{
    return trv_float_new(i);
}

static trv_object *make_int(int i)
{
    return trv_int_new(MILLION + i);
}

static trv_object *make_key(int i)
{
    char text[32];

    snprintf(text, sizeof text, "key-%012d", i);
    return trv_str_new(text);
}

static void allocate_floats(void)
{
    static trv_object *batch[BATCH];

    if (!bench_wanted("heap.float_alloc_free"))
        return;
    TIMED("heap.float_alloc_free", 7, OPERATIONS, 1e9, "ns", {
        for (int i = 0; i < OPERATIONS; i++)
            trv_unref(trv_float_new(i));
    });
    TIMED("heap.float_alloc_free", 7, OPERATIONS, 1e9, "ns batch of 1000", {
        for (int j = 0; j < OPERATIONS / BATCH; j++) {
            for (int i = 0; i < BATCH; i++)
                batch[i] = trv_float_new(i);
            for (int i = 0; i < BATCH; i++)
                trv_unref(batch[i]);
        }
    });
}

static void allocate_ints(void)
{
    static trv_object *batch[BATCH];

    if (!bench_wanted("heap.int_alloc_free"))
        return;
    TIMED("heap.int_alloc_free", 7, OPERATIONS, 1e9, "ns", {
        for (int i = 0; i < OPERATIONS; i++)
            trv_unref(trv_int_new(MILLION + i));
    });
    TIMED("heap.int_alloc_free", 7, OPERATIONS, 1e9, "ns batch of 1000", {
        for (int j = 0; j < OPERATIONS / BATCH; j++) {
            for (int i = 0; i < BATCH; i++)
                batch[i] = trv_int_new(MILLION + i);
            for (int i = 0; i < BATCH; i++)
                trv_unref(batch[i]);
        }
    });
}

static void append_to_list(void)
{
    trv_auto trv_object *item = GOT(trv_float_new(0.5));

    if (!bench_wanted("heap.list_append"))
        return;
    TIMED("heap.list_append", 15, MILLION, 1e9, "ns", {
        trv_object *list = GOT(trv_list_new());
        for (int i = 0; i < MILLION; i++)
            DID(trv_list_append(list, item));
        trv_unref(list);
    });
}

static trv_object *fill_dict(trv_object **keys, trv_object *value)
{
    trv_object *dict = GOT(trv_dict_new());

    for (int i = 0; i < MILLION; i++)
        DID(trv_dict_set(dict, keys[i], value));
    return dict;
}

static void look_up(trv_object *dict, trv_object *key)
{
    trv_object *value;

    DID(trv_dict_get(dict, key, &value));
    KEEP(value);
    trv_unref(value);
}

/* Filling includes making the dict, and not dropping the one before. */
static void measure_dict_set(const char *workload, trv_object **keys, trv_object *value)
{
    double values[7];

    if (!bench_wanted(workload))
        return;
    for (int r = 0; r < 7; r++) {
        double began = bench_now();
        trv_object *dict = fill_dict(keys, value);
        values[r] = (bench_now() - began) * 1e9 / MILLION;
        trv_unref(dict);
    }
    bench_emit(workload, values, 7, "ns");
}

static void measure_dict_get(const char *workload, trv_object **keys, trv_object *value)
{
    trv_object *dict;
    int *order;

    if (!bench_wanted(workload))
        return;
    dict = fill_dict(keys, value);
    order = bench_shuffled(MILLION);
    TIMED(workload, 7, MILLION, 1e9, "ns", {
        for (int i = 0; i < MILLION; i++)
            look_up(dict, keys[i]);
    });
    TIMED(workload, 7, MILLION, 1e9, "ns random order", {
        for (int i = 0; i < MILLION; i++)
            look_up(dict, keys[order[i]]);
    });
    free(order);
    trv_unref(dict);
}

static void use_dict(const char *set, const char *get, trv_object *(*make)(int i))
{
    trv_auto trv_object *value = GOT(trv_float_new(0.5));
    trv_object **keys;

    if (!bench_wanted(set) && !bench_wanted(get))
        return;
    keys = GOT(malloc(MILLION * sizeof *keys));
    for (int i = 0; i < MILLION; i++) {
        int64_t hash;
        keys[i] = GOT(make(i));
        DID(trv_hash(keys[i], &hash));
    }
    measure_dict_set(set, keys, value);
    measure_dict_get(get, keys, value);
    for (int i = 0; i < MILLION; i++)
        trv_unref(keys[i]);
    free(keys);
}

static void concatenate(void)
{
    trv_auto trv_object *a = GOT(trv_str_new("trivets_"));
    trv_auto trv_object *b = GOT(trv_str_new("_concat!"));

    if (!bench_wanted("heap.str_concat"))
        return;
    TIMED("heap.str_concat", 7, OPERATIONS, 1e9, "ns", {
        for (int i = 0; i < OPERATIONS; i++)
            trv_unref(GOT(trv_add(a, b)));
    });
}

static void call(void)
{
    trv_auto trv_object *x = GOT(trv_float_new(0.5));
    trv_object *items[] = {x, x};

    if (!bench_wanted("heap.call"))
        return;
    TIMED("heap.call", 7, OPERATIONS, 1e9, "ns", {
        for (int i = 0; i < OPERATIONS; i++)
            trv_unref(GOT(trv_call_array(first, items, 2, NULL)));
    });
}

TRV_STATIC_FUNCTION(set_four, "__init__(self): sets four attributes")
{
    trv_object *self = args->items[0];
    trv_auto trv_object *a = GOT(trv_int_new(1));
    trv_auto trv_object *b = GOT(trv_int_new(2));
    trv_auto trv_object *value = GOT(trv_float_new(3.0));
    trv_auto trv_object *d = GOT(trv_int_new(4));

    DID(trv_setattr(self, "a", a));
    DID(trv_setattr(self, "b", b));
    DID(trv_setattr(self, "value", value));
    DID(trv_setattr(self, "d", d));
    return trv_none_new();
}

static void get_attribute(void)
{
    trv_auto trv_object *dict = GOT(trv_build("{s:o}", "__init__", set_four));
    trv_auto trv_object *class = GOT(trv_class_new("C", NULL, dict));
    trv_auto trv_object *instance = GOT(trv_call(class, ""));
    trv_auto trv_object *text = GOT(trv_str_new("value"));
    trv_auto trv_object *name = GOT(trv_intern(text));

    if (!bench_wanted("heap.attr_get"))
        return;
    TIMED("heap.attr_get", 7, OPERATIONS, 1e9, "ns", {
        for (int i = 0; i < OPERATIONS; i++)
            trv_unref(GOT(trv_getattr_str(instance, name)));
    });
}

static double bytes_per_float(void)
{
    double before = bench_resident_bytes();
    trv_object *list = GOT(trv_list_new());

    for (int i = 0; i < OPERATIONS; i++) {
        trv_object *item = GOT(make_float(i));
        DID(trv_list_append(list, item));
        trv_unref(item);
    }
    return (bench_resident_bytes() - before) / OPERATIONS;
}

/* Each time in a fresh child, so that no memory is used again. */
static void fill_list_of_floats(void)
{
    double values[3];

    if (!bench_wanted("heap.bytes_per_float_list"))
        return;
    for (int r = 0; r < 3; r++) {
        int ends[2];
        pid_t pid;
        DID(pipe(ends));
        DID(pid = fork());
        if (pid == 0) {
            double bytes = bytes_per_float();
            _exit(write(ends[1], &bytes, sizeof bytes) != sizeof bytes);
        }
        DID(read(ends[0], &values[r], sizeof values[r]) == sizeof values[r] ? 0 : -1);
        waitpid(pid, NULL, 0);
        close(ends[0]);
        close(ends[1]);
    }
    bench_emit("heap.bytes_per_float_list", values, 3, "bytes RSS/element");
}

void bench_heap(void)
{
    allocate_floats();
    allocate_ints();
    append_to_list();
    use_dict("heap.dict_set_str", "heap.dict_get_str", make_key);
    use_dict("heap.dict_set_int", "heap.dict_get_int", make_int);
    concatenate();
    fill_list_of_floats();
    get_attribute();
    call();
}
