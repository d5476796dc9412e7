/* SPDX-License-Identifier: MIT */
/*
 * Objects for the tests of the heap: nodes with two references and a number, of static types made
 * here, so that these tests need little of the floors above.
 *
 * `node` is a plain container. `final_node` has a finalizer, which counts, and calls `on_finalize`
 * if a test has set it. `hidden_node` refers to others without showing it to the collector.
 */
#ifndef TRV_TESTS_HEAP_NODE_H
#define TRV_TESTS_HEAP_NODE_H

#include "support/harness.h"

#include "heap/pool.h"
#include "object/object.h"

/* An assertion for loops: Check's own write to a file each time they hold. */
#define EXPECT(claim)                                                                              \
    do {                                                                                           \
        if (UNLIKELY(!(claim)))                                                                    \
            ck_abort_msg("%s", #claim);                                                            \
    } while (0)
#define EXPECT_MSG(claim, ...)                                                                     \
    do {                                                                                           \
        if (UNLIKELY(!(claim)))                                                                    \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

struct node {
    TRV__HEAD;
    trv_object *links[2]; /* owned, or NULL */
    int64_t number;
};

static int64_t nodes_cleared, nodes_finalized;
static void (*on_finalize)(struct node *node) TRV_UNUSED;
static void (*on_clear)(struct node *node) TRV_UNUSED;

static inline struct node *as_node(trv_object *object)
{
    return (struct node *)object;
}

static int node_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int answer = 0;

    for (int i = 0; i < 2 && !answer; i++)
        if (as_node(self)->links[i])
            answer = visit(as_node(self)->links[i], argument);
    return answer;
}

static void node_clear(trv_object *self)
{
    nodes_cleared++;
    if (on_clear)
        on_clear(as_node(self));
    trv_clear(&as_node(self)->links[0]);
    trv_clear(&as_node(self)->links[1]);
}

static void node_finalize(trv_object *self)
{
    nodes_finalized++;
    if (on_finalize)
        on_finalize(as_node(self));
}

#define NODE_TYPE(its_name, its_flags, its_traverse, its_finalize)                                 \
    static trv_object its_name##_handle[1] TRV_UNUSED;                                             \
    static struct trv_type its_name##_type TRV_UNUSED = {                                          \
        .handle = its_name##_handle,                                                               \
        .name = #its_name,                                                                         \
        .base = &trv__object_type,                                                                 \
        .instance_bytes = sizeof(struct node),                                                     \
        .flags = its_flags,                                                                        \
        .slots = {.traverse = its_traverse, .clear = node_clear, .finalize = its_finalize}};       \
    static trv_object its_name##_handle[1] = {TRV__TYPE_HANDLE(its_name##_type)}

NODE_TYPE(node, TRV__TYPE_CONTAINER, node_traverse, NULL);
NODE_TYPE(final_node, TRV__TYPE_CONTAINER, node_traverse, node_finalize);
NODE_TYPE(hidden_node, 0, NULL, NULL);

/* A node that takes over the references. */
static inline trv_object *new_node_of(const struct trv_type *type, trv_object *first,
                                      trv_object *second)
{
    struct node *node = type->flags & TRV__TYPE_CONTAINER ? trv__container_new(type, sizeof *node)
                                                          : trv__object_new(type, sizeof *node);

    EXPECT(node);
    node->links[0] = first;
    node->links[1] = second;
    node->number = 0;
    if (type->flags & TRV__TYPE_CONTAINER)
        trv__track(node);
    return (trv_object *)node;
}

static inline trv_object *new_node(trv_object *first, trv_object *second)
{
    return new_node_of(&node_type, first, second);
}

static inline trv_object *new_final_node(trv_object *first, trv_object *second)
{
    return new_node_of(&final_node_type, first, second);
}

/* Two nodes of a type that refer to each other; one of them. */
static inline trv_object *new_cycle_of(const struct trv_type *type)
{
    trv_object *a = new_node_of(type, NULL, NULL), *b = new_node_of(type, trv_ref(a), NULL);

    as_node(a)->links[0] = b;
    return a;
}

static inline trv_object *node_cycle(void)
{
    return new_cycle_of(&node_type);
}

static inline trv_object *final_cycle(void)
{
    return new_cycle_of(&final_node_type);
}

static inline size_t live_objects(void)
{
    trv_heap_stats now;

    trv_heap_stats_get(&now);
    return now.live_objects;
}

static inline trv_gc_stats gc_stats(void)
{
    trv_gc_stats now;

    trv_gc_stats_get(&now);
    return now;
}

/* Of a generation so far. */
static inline uint64_t collections(int generation)
{
    return gc_stats().generations[generation].collections;
}

static inline size_t collect(int generation)
{
    size_t found;

    EXPECT(trv_gc_collect(generation, &found) == 0);
    return found;
}

/* How long a long chain is in this build. */
static inline int64_t long_chain(void)
{
    return TRV_VALGRIND                                     ? 100000
           : TRV_ASAN || TRV_TSAN || TRV_UBSAN || TRV_DEBUG ? 1000000
                                                            : 10000000;
}

#endif
