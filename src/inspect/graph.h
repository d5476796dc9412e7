/* SPDX-License-Identifier: MIT */
/*
 * The heap as a graph: what the files that search and write it share.
 *
 * The nodes are all objects that live, first those of the heap, then static ones that something refers to.
 * Edges are not stored: they are walked again, with `traverse`, whenever they are wanted. A graph is
 * valid while nothing is made or dropped that it knows; its own memory comes from malloc.
 */
#ifndef TRV_INSPECT_GRAPH_H
#define TRV_INSPECT_GRAPH_H

#include "heap/walk.h"
#include "object/object.h"

struct trv__node {
    trv_object *object;
    int64_t inside; /* references that other nodes hold to it */
    size_t parent;  /* by what it was reached first; TRV__NO_NODE if it was reached without */
    bool is_reached;
};

#define TRV__NO_NODE SIZE_MAX

struct trv__graph {
    struct trv__node *nodes;
    size_t count, capacity;
    size_t *places; /* of nodes, by object, plus 1; open addressing, at most half full */
    size_t place_capacity;
    bool failed; /* memory ran out */
};

/* The whole heap. 0, or -1 with MemoryError and nothing to drop. */
int trv__graph_init(struct trv__graph *graph);
void trv__graph_drop(struct trv__graph *graph);
/* The node of an object, or TRV__NO_NODE. */
size_t trv__graph_find(const struct trv__graph *graph, const trv_object *object);
/* How many references to a node are held by what is no node: variables, stacks, the library. */
int64_t trv__graph_outside(const struct trv__graph *graph, size_t node);

/* Words (inspect/edges.c). All write at most `size` bytes, and run no code of users. */
/* How an object refers to another one, in its nth reference: "['key']", "[3]", "args". */
void trv__edge_name(trv_object *from, const trv_object *to, size_t nth, char *text, size_t size);
/* The same of an exception, where its own fields tell it; else NULL (inspect/exception_edges.c). */
const char *trv__exception_edge(const trv_object *from, const trv_object *to);
/* An object in a few words: "'text'", "list of 3". */
void trv__short_repr(trv_object *object, char *text, size_t size);

/* Who holds an object without being one, in words: "the variable 'cache'" (inspect/roots.c). */
void trv__root_name(trv_object *object, char *text, size_t size);

#endif
