/* SPDX-License-Identifier: MIT */
/*
 * Building the graph: one walk over the heap for the nodes, one over all references to count them.
 *
 * References that are known but not shown by `traverse` are counted too: every instance of a type made
 * at run time holds its type, also those that have no `traverse`. What is left of a count when all of them are taken off is held from
 * outside, as the collector reckons.
 */
#include "inspect/graph.h"

#include "base/fault.h"

#define NODES_LEAST 1024

static size_t *place_of(const struct trv__graph *graph, const trv_object *object)
{
    size_t mask = graph->place_capacity - 1, i = trv__hash_mix((uintptr_t)object) & mask;

    while (graph->places[i] && graph->nodes[graph->places[i] - 1].object != object)
        i = (i + 1) & mask;
    return &graph->places[i];
}

static bool grow(struct trv__graph *graph)
{
    size_t capacity = MAX_OF(2 * graph->capacity, NODES_LEAST);
    struct trv__node *nodes = FAULT() ? NULL : realloc(graph->nodes, capacity * sizeof *nodes);
    size_t *places = nodes && !FAULT() ? calloc(2 * capacity, sizeof *places) : NULL;

    if (nodes)
        graph->nodes = nodes;
    if (!places)
        return false;
    free(graph->places);
    graph->capacity = capacity;
    graph->places = places;
    graph->place_capacity = 2 * capacity;
    for (size_t i = 0; i < graph->count; i++)
        *place_of(graph, graph->nodes[i].object) = i + 1;
    return true;
}

/* The node, made if need be; NULL when out of memory. */
static struct trv__node *enter(struct trv__graph *graph, trv_object *object)
{
    size_t *place;

    if (graph->count == graph->capacity && !grow(graph)) {
        graph->failed = true;
        return NULL;
    }
    place = place_of(graph, object);
    if (!*place) {
        graph->nodes[graph->count] = (struct trv__node){object, 0, TRV__NO_NODE, false};
        *place = ++graph->count;
    }
    return &graph->nodes[*place - 1];
}

static void enter_object(trv_object *object, void *argument)
{
    struct trv__graph *graph = argument;

    if (!graph->failed)
        enter(graph, object);
}

static int count_reference(trv_object *child, void *argument)
{
    struct trv__node *node = child ? enter(argument, child) : NULL;

    if (node)
        node->inside++;
    return 0;
}

/* Nodes that are found on the way are walked, too. */
static void count_references(struct trv__graph *graph)
{
    for (size_t i = 0; i < graph->count && !graph->failed; i++) {
        trv_object *object = graph->nodes[i].object;
        if (object->type->slots.traverse)
            object->type->slots.traverse(object, count_reference, graph);
        else if (object->type->flags & TRV__TYPE_IN_HEAP)
            count_reference(object->type->handle, graph);
    }
}

int trv__graph_init(struct trv__graph *graph)
{
    *graph = (struct trv__graph){0};
    graph->failed = !grow(graph);
    if (!graph->failed)
        trv__each_object(trv__current->heap, enter_object, graph);
    count_references(graph);
    if (!graph->failed)
        return 0;
    trv__graph_drop(graph);
    return trv_raise_int(trv_MemoryError, "out of memory");
}

void trv__graph_drop(struct trv__graph *graph)
{
    free(graph->nodes);
    free(graph->places);
}

size_t trv__graph_find(const struct trv__graph *graph, const trv_object *object)
{
    return *place_of(graph, object) - 1;
}

int64_t trv__graph_outside(const struct trv__graph *graph, size_t node)
{
    const struct trv__node *at = &graph->nodes[node];

    return trv__is_immortal(at->object) ? 0 : at->object->refcount - at->inside;
}
