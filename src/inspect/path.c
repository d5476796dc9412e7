/* SPDX-License-Identifier: MIT */
/*
 * Who keeps an object alive: the shortest way to it from something that is held from outside.
 *
 * All that is held from outside is reached first, then what that refers to, and so on, until the object
 * is reached. One reference to the object itself is taken to be that of whoever asks.
 */
#include "inspect/graph.h"

#include "base/fault.h"
#include "types/builder.h"

#include "trivet/copy.h"
#include "trivet/inspect.h"

struct search {
    struct trv__graph graph;
    size_t *queue;
    size_t head, tail;
    size_t target, from; /* nodes: wanted; whose references are being walked */
    const trv_object *wanted;
    size_t nth, found_nth;
};

static void reach(struct search *search, size_t node, size_t parent)
{
    if (search->graph.nodes[node].is_reached)
        return;
    search->graph.nodes[node].is_reached = true;
    search->graph.nodes[node].parent = parent;
    search->queue[search->tail++] = node;
}

static int reach_child(trv_object *child, void *argument)
{
    struct search *search = argument;

    if (child)
        reach(search, trv__graph_find(&search->graph, child), search->from);
    return 0;
}

/* What others hold; immortal objects of the heap, which nobody needs to hold; static ones do not count. */
static bool is_root(const struct search *search, size_t node)
{
    int64_t own = node == search->target; /* the reference of who asks */

    return trv__graph_outside(&search->graph, node) > own;
}

/* An object that is not in the graph, a static one, is never found. */
static bool is_found(const struct search *search)
{
    return search->target != TRV__NO_NODE && search->graph.nodes[search->target].is_reached;
}

static void walk(struct search *search)
{
    for (size_t i = 0; i < search->graph.count; i++)
        if (is_root(search, i))
            reach(search, i, TRV__NO_NODE);
    while (search->head < search->tail && !is_found(search)) {
        trv_object *object;
        search->from = search->queue[search->head++];
        object = search->graph.nodes[search->from].object;
        if (object->type->slots.traverse)
            object->type->slots.traverse(object, reach_child, search);
    }
}

static int init(struct search *search, trv_object *object)
{
    *search = (struct search){.wanted = object};
    if (trv__graph_init(&search->graph) < 0)
        return -1;
    search->target = trv__graph_find(&search->graph, object);
    search->queue = FAULT() ? NULL : malloc((search->graph.count + 1) * sizeof *search->queue);
    if (search->queue)
        return 0;
    trv__graph_drop(&search->graph);
    return trv_raise_int(trv_MemoryError, "out of memory");
}

/* The way ------------------------------------------------------------------------------------------ */

static int count_until(trv_object *child, void *argument)
{
    struct search *search = argument;

    if (!child)
        return 0;
    search->nth++;
    return child == search->wanted;
}

/* How a node refers to another one. */
static void name_step(struct search *search, trv_object *from, trv_object *to, char *text,
                      size_t size)
{
    search->nth = 0;
    search->wanted = to;
    from->type->slots.traverse(from, count_until, search);
    trv__edge_name(from, to, search->nth - 1, text, size);
}

/* The objects from the root on, each held; their number. A way is never longer than this shows. */
#define STEPS_MOST 10000

/* What a step shows: of a container of the library's own a copy, of garbage nothing. */
static trv_object *shown(trv_object *object)
{
    if (object->flags & TRV__HIDDEN)
        return trv_none_new();
    return object->flags & TRV__PRIVATE ? trv_copy(object) : trv_ref(object);
}

static int add_step(trv_object *list, struct search *search, trv_object *from, trv_object *object)
{
    trv_auto trv_object *seen = NULL;
    trv_auto trv_object *step = NULL;
    char how[256];

    if (from)
        name_step(search, from, object, how, sizeof how);
    else
        trv__root_name(object, how, sizeof how);
    seen = shown(object);
    step = seen ? trv_build("(o s)", seen, how) : NULL;
    return step ? trv_list_append(list, step) : -1;
}

/* Names are asked for when the graph is not needed any more: that makes objects. */
static trv_object *list_way(struct search *search)
{
    trv_auto trv_object *list = trv_list_new();
    size_t count = 0, node = search->target, *way = search->queue;

    for (; node != TRV__NO_NODE; node = search->graph.nodes[node].parent)
        count++;
    node = search->target;
    for (size_t i = count; i > 0; i--, node = search->graph.nodes[node].parent)
        way[i - 1] = node;
    for (size_t i = 0; list && i < count; i++)
        if (add_step(list, search, i ? search->graph.nodes[way[i - 1]].object : NULL,
                     search->graph.nodes[way[i]].object) < 0)
            return NULL;
    return trv_steal(&list);
}

trv_object *trv_heap_path(trv_object *object)
{
    struct search search;
    trv_object *list;

    if (!trv__given(object, "trv_heap_path") || init(&search, object) < 0)
        return NULL;
    walk(&search);
    if (trv__is_immortal(object) && !is_found(&search))
        list = trv_build("[(o s)]", object, "immortal: it never ends");
    else if (!is_found(&search))
        list = trv_list_new();
    else
        list = list_way(&search);
    trv__graph_drop(&search.graph);
    free(search.queue);
    return list;
}

/* As text ------------------------------------------------------------------------------------------ */

static int write_step(struct trv__builder *b, trv_object *step, int depth)
{
    trv_object *object;
    const char *how;
    char shown[128];

    if (trv_parse_tuple(step, "os", &object, &how) < 0)
        return -1;
    trv__short_repr(object, shown, sizeof shown);
    if (depth == 0)
        return trv__builder_printf(b, "%s, held by %s\n", shown, how);
    return trv__builder_printf(b, "%*s%s -> %s\n", 2 * MIN_OF(depth, 40), "", how, shown);
}

trv_object *trv_heap_path_text(trv_object *object)
{
    trv_auto trv_object *list = NULL;
    struct trv__builder b;
    size_t count = 0;
    int status = 0;

    if (!trv__given(object, "trv_heap_path_text") || !(list = trv_heap_path(object)) ||
        trv_list_len(list, &count) < 0)
        return NULL;
    if (!count)
        return trv_str_new("held by nobody but who asks\n");
    trv__builder_init(&b);
    for (size_t i = 0; i < count && status == 0; i++) {
        trv_auto trv_object *step = trv_list_get(list, (int64_t)i);
        status = step ? write_step(&b, step, (int)i) : -1;
    }
    if (status == 0)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}
