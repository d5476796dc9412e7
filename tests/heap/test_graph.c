/* SPDX-License-Identifier: MIT */
/*
 * Random object graphs against a model that knows nothing but reachability.
 *
 * A vertex is a node; its edges stand in the node, or in a list, a dict, a tuple, a large tuple or
 * the data of a closure that the node refers to. Some vertices have finalizers, and some of those
 * rescue their object by putting it among the roots. Weak references, with callbacks, look at some
 * vertices from outside and from inside the graph. Edges and roots are changed at random, with
 * collections of every generation in between; then all roots are dropped, again and again, until
 * nothing is rescued any more.
 *
 * At every look:
 *   - what a root reaches has not ended, and after a full collection what none reaches has;
 *   - a finalizer ran once if its vertex ended, never while the vertex was reachable;
 *   - a weak reference finds its vertex, or was called back once; never while it was reachable.
 * In the end nothing is left.
 *
 * Among the collections are rounds, which go on by a few units of work between changes. What was
 * unreachable when a full one began has ended when it has, unless a finalizer rescued something.
 *
 * There are some thousand graphs; with TRIVET_STRESS in the environment, 100,000. A failure names the
 * graph; TRIVET_GRAPH=n runs that one alone.
 */
#include "heap/node.h"

#include "heap/collect.h"
#include "heap/round.h"

enum { VERTICES = 60, EDGES = 4, WATCHES = 12, KINDS = 6, LARGE = 70, TESTS = 10 };

struct vertex {
    struct node *node; /* NULL once it has ended */
    int kind;
    int edges[EDGES];     /* vertices, or -1 */
    trv_object *root;     /* owned, or NULL */
    bool is_rescuer;      /* its finalizer makes it a root */
    bool was_unreachable; /* at some time since it was made */
    int finalized, ended;
    bool has_finalizer;
};

struct watch {
    trv_object *weakref; /* owned, or NULL if it lives inside the graph */
    int vertex;          /* that it looks at */
    int holder;          /* the vertex that holds it, or -1 */
    int called;
};

static struct vertex vertices[VERTICES];
static int vertex_count;
static struct watch watches[WATCHES];
static int watch_count;
static bool round_is_watched;   /* the one under way was begun here and is full; */
static bool was_dead[VERTICES]; /* what was unreachable then */
static bool was_anything_rescued;
static uint64_t random_state;
static int graph; /* for messages */

static uint32_t below(uint32_t end)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % end;
}

static struct vertex *vertex_of(struct node *node)
{
    EXPECT(node->number >= 0 && node->number < vertex_count);
    return &vertices[node->number];
}

/* The model ---------------------------------------------------------------------------------------------- */

static void mark_from(int vertex, bool *reachable)
{
    if (vertex < 0 || reachable[vertex])
        return;
    reachable[vertex] = true;
    for (int i = 0; i < EDGES; i++)
        mark_from(vertices[vertex].edges[i], reachable);
}

/* What roots reach; notes what none does. */
static void find_reachable(bool *reachable)
{
    memset(reachable, 0, VERTICES);
    for (int i = 0; i < vertex_count; i++)
        if (vertices[i].root)
            mark_from(i, reachable);
    for (int i = 0; i < vertex_count; i++)
        vertices[i].was_unreachable |= !reachable[i];
}

static void look(bool after_full_collection)
{
    bool reachable[VERTICES];

    find_reachable(reachable);
    for (int i = 0; i < vertex_count; i++) {
        const struct vertex *v = &vertices[i];
        EXPECT_MSG(!reachable[i] || v->node, "graph %d: vertex %d ended, but is reachable", graph,
                   i);
        EXPECT_MSG(reachable[i] || !v->node || !after_full_collection,
                   "graph %d: vertex %d is not reachable, but lives", graph, i);
        EXPECT_MSG(v->ended == !v->node, "graph %d: vertex %d ended %d times", graph, i, v->ended);
        EXPECT_MSG(v->finalized <= v->has_finalizer &&
                       (!v->ended || v->finalized == v->has_finalizer),
                   "graph %d: vertex %d was finalized %d times", graph, i, v->finalized);
        EXPECT_MSG(!v->finalized || v->was_unreachable, "graph %d: vertex %d was finalized alive",
                   graph, i);
    }
    for (int i = 0; i < watch_count; i++) {
        const struct watch *w = &watches[i];
        const struct vertex *v = &vertices[w->vertex];
        EXPECT_MSG(!w->called || v->was_unreachable, "graph %d: watch %d was called early", graph,
                   i);
        EXPECT_MSG(w->called <= 1, "graph %d: watch %d was called %d times", graph, i, w->called);
        if (w->weakref) {
            trv_auto trv_object *referent = trv_weakref_get(w->weakref);
            EXPECT_MSG(trv_is_none(referent) ? w->called == 1
                                             : referent == (trv_object *)v->node && !w->called,
                       "graph %d: watch %d does not know whether its vertex lives", graph, i);
        } else if (!v->node && reachable[w->holder] && !vertices[w->holder].was_unreachable) {
            /* else the two may have been garbage together before the holder was rescued */
            EXPECT_MSG(w->called == 1, "graph %d: watch %d was not called", graph, i);
        }
    }
}

/* Vertices ----------------------------------------------------------------------------------------------- */

static void vertex_finalize(trv_object *self)
{
    struct vertex *v = vertex_of(as_node(self));
    bool reachable[VERTICES];

    find_reachable(reachable);
    v->finalized++;
    if (v->is_rescuer) {
        v->root = trv_ref(self);
        was_anything_rescued = true;
    }
    if (below(20) == 0)
        EXPECT(!(collect(2) > SIZE_MAX / 2)); /* refused, or not: both are harmless */
}

static void vertex_destroy(trv_object *self)
{
    struct vertex *v = vertex_of(as_node(self));

    v->ended++;
    v->was_unreachable = true;
    v->node = NULL;
}

#define VERTEX_TYPE(its_name, its_finalize)                                                        \
    static trv_object its_name##_handle[1];                                                        \
    static struct trv_type its_name##_type = {.handle = its_name##_handle,                         \
                                              .name = #its_name,                                   \
                                              .base = &trv__object_type,                           \
                                              .instance_bytes = sizeof(struct node),               \
                                              .flags = TRV__TYPE_CONTAINER,                        \
                                              .slots = {.traverse = node_traverse,                 \
                                                        .clear = node_clear,                       \
                                                        .destroy = vertex_destroy,                 \
                                                        .finalize = its_finalize}};                \
    static trv_object its_name##_handle[1] = {TRV__TYPE_HANDLE(its_name##_type)}

VERTEX_TYPE(vertex, NULL);
VERTEX_TYPE(final_vertex, vertex_finalize);

static void add_vertex(void)
{
    struct vertex *v = &vertices[vertex_count];

    *v = (struct vertex){.kind = (int)below(KINDS), .has_finalizer = below(3) == 0};
    v->is_rescuer = v->has_finalizer && below(3) == 0;
    for (int i = 0; i < EDGES; i++)
        v->edges[i] = -1;
    v->root = new_node_of(v->has_finalizer ? &final_vertex_type : &vertex_type, NULL, NULL);
    v->node = as_node(v->root);
    v->node->number = vertex_count++;
}

static trv_object *target(const struct vertex *v, int edge)
{
    return v->edges[edge] < 0 ? trv_none_new()
                              : trv_ref((trv_object *)vertices[v->edges[edge]].node);
}

static trv_object *self_of(const trv_args *args)
{
    return trv_ref(args->self);
}

/* A new container with the edges of a vertex. */
static trv_object *container_of(const struct vertex *v)
{
    trv_object *items[LARGE], *made = NULL;
    trv_auto trv_object *inner = NULL;

    for (int i = 0; i < LARGE; i++)
        items[i] = target(v, i % EDGES);
    switch (v->kind) {
    case 1:
        made = trv_build("[o o o o]", items[0], items[1], items[2], items[3]);
        break;
    case 2:
        made = trv_build("{i:o i:o i:o i:o}", 0, items[0], 1, items[1], 2, items[2], 3, items[3]);
        break;
    case 3:
        made = trv_tuple_new(items, EDGES);
        break;
    case 4:
        made = trv_tuple_new(items, LARGE);
        break;
    default:
        inner = trv_build("[o o o o]", items[0], items[1], items[2], items[3]);
        made = trv_function_new(self_of, "self", inner);
    }
    EXPECT(made);
    for (int i = 0; i < LARGE; i++)
        trv_unref(items[i]);
    return made;
}

static bool change_in_place(const struct vertex *v, int edge)
{
    trv_auto trv_object *item = target(v, edge);
    trv_object *container = v->node->links[0];

    if (!container || below(4) == 0)
        return false;
    if (v->kind == 1)
        EXPECT(trv_list_set(container, edge, item) == 0);
    else if (v->kind == 2) {
        trv_auto trv_object *key = trv_int_new(edge);
        EXPECT(trv_dict_set(container, key, item) == 0);
    } else
        return false;
    return true;
}

/* Sets an edge of a vertex that is a root: to another that is one, or to nothing. */
static void set_edge(struct vertex *v, int edge, int to)
{
    trv_object *old;

    if (v->kind == 0)
        edge &= 1;
    v->edges[edge] = to;
    if (v->kind == 0) {
        old = v->node->links[edge];
        v->node->links[edge] = to < 0 ? NULL : trv_ref((trv_object *)vertices[to].node);
    } else if (change_in_place(v, edge)) {
        return;
    } else {
        old = v->node->links[0];
        v->node->links[0] = container_of(v);
    }
    trv_unref(old);
}

/* Weak references ------------------------------------------------------------------------------------------ */

static trv_object *called_back(const trv_args *args)
{
    int64_t index;

    EXPECT(trv_int_get(args->self, &index) == 0);
    watches[index].called++;
    return trv_none_new();
}

static void add_watch(int vertex, int holder)
{
    struct watch *w = &watches[watch_count];
    trv_auto trv_object *index = trv_int_new(watch_count);
    trv_auto trv_object *callback = trv_function_new(called_back, "called_back", index);
    trv_object *weakref = trv_weakref_new((trv_object *)vertices[vertex].node, callback);

    EXPECT(weakref);
    *w = (struct watch){.vertex = vertex, .holder = -1};
    watch_count++;
    if (holder >= 0 && vertices[holder].kind && !vertices[holder].node->links[1]) {
        w->holder = holder;
        vertices[holder].node->links[1] = weakref; /* not an edge */
    } else {
        w->weakref = weakref;
    }
}

/* Changes -------------------------------------------------------------------------------------------------- */

static int random_root(void)
{
    int start = (int)below((uint32_t)vertex_count);

    for (int i = 0; i < vertex_count; i++)
        if (vertices[(start + i) % vertex_count].root)
            return (start + i) % vertex_count;
    return -1;
}

/* Rounds ----------------------------------------------------------------------------------------------- */

static void begin_round(void)
{
    bool is_full = below(2);

    collect(1);
    if (trv__current->heap->round)
        return;
    EXPECT(trv__round_begin(trv__current->heap, is_full));
    round_is_watched = is_full;
    was_anything_rescued = false;
    find_reachable(was_dead);
    for (int i = 0; i < vertex_count; i++)
        was_dead[i] = !was_dead[i] && vertices[i].node;
}

static void check_round_has_found_all(void)
{
    for (int i = 0; i < vertex_count && round_is_watched && !was_anything_rescued; i++)
        EXPECT_MSG(!was_dead[i] || !vertices[i].node, "graph %d: a round has missed vertex %d",
                   graph, i);
    round_is_watched = false;
}

static void go_on_with_round(void)
{
    struct trv__heap *heap = trv__current->heap;

    trv__round_go_on(heap, 1 + below(60));
    look(false);
    if (!heap->round)
        check_round_has_found_all();
}

static void change(int most_vertices)
{
    int root = vertex_count ? random_root() : -1;
    uint32_t choice = below(20);

    if (choice < 5 || root < 0) {
        if (vertex_count < most_vertices)
            add_vertex();
    } else if (choice < 15) {
        set_edge(&vertices[root], (int)below(EDGES), below(8) ? random_root() : -1);
    } else if (choice < 17) {
        trv_clear(&vertices[root].root);
    } else if (choice < 18) {
        if (watch_count < WATCHES)
            add_watch(root, below(2) ? random_root() : -1);
    } else {
        int generation = (int)below(below(4) ? 2 : 3);
        round_is_watched &= generation < 2;
        collect(generation);
        look(false);
    }
    if (below(10) == 0)
        look(false);
    if (trv__current->heap->round)
        go_on_with_round();
    else if (below(30) == 0)
        begin_round();
}

static bool drop_roots(void)
{
    bool had_any = false;

    for (int i = 0; i < vertex_count; i++)
        if (vertices[i].root) {
            had_any = true;
            if (below(4))
                trv_clear(&vertices[i].root);
        }
    return had_any;
}

/* What finalizers rescue in one collection may hold what only the next one finds. */
static void collect_all(void)
{
    size_t found;

    do
        found = collect(2);
    while (found);
}

static void run_graph(int number)
{
    size_t before = live_objects();
    int most_vertices, changes;

    graph = number;
    random_state = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(number + 1);
    vertex_count = watch_count = 0;
    round_is_watched = false;
    most_vertices = 1 + (int)below(below(2) ? 8 : VERTICES);
    changes = most_vertices * 10;
    for (int i = 0; i < changes; i++)
        change(most_vertices);
    look(false);
    collect_all();
    look(true);
    while (drop_roots()) {
        look(false);
        collect_all();
        look(true);
    }
    for (int i = 0; i < watch_count; i++)
        trv_unref(watches[i].weakref);
    collect_all();
    EXPECT_MSG(live_objects() == before, "graph %d: %zd objects are left", graph,
               (ssize_t)(live_objects() - before));
    trv__heap_check(trv__current->heap);
}

static void run_graphs(int part)
{
    const char *alone = getenv("TRIVET_GRAPH");
    int slow = TRV_VALGRIND ? 20 : TRV_ASAN || TRV_TSAN || TRV_GC_STRESS ? 4 : 1;
    int each = getenv("TRIVET_STRESS") ? 100000 / TESTS : 4000 / TESTS / slow;

    if (alone)
        run_graph(atoi(alone));
    else
        for (int i = 0; i < each; i++)
            run_graph(i * TESTS + part);
}

#define PART(number)                                                                               \
    TEST(graphs_##number)                                                                          \
    {                                                                                              \
        run_graphs(number);                                                                        \
    }

PART(0)
PART(1)
PART(2)
PART(3)
PART(4)
PART(5)
PART(6)
PART(7)
PART(8)
PART(9)

TEST_LIST(RUN(graphs_0), RUN(graphs_1), RUN(graphs_2), RUN(graphs_3), RUN(graphs_4), RUN(graphs_5),
          RUN(graphs_6), RUN(graphs_7), RUN(graphs_8), RUN(graphs_9))
