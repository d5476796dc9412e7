/* SPDX-License-Identifier: MIT */
/*
 * The graph as a file: for Graphviz (dot), or for programs (JSON).
 *
 * Written is the whole heap, or what is reached from some objects in so many steps. Nothing is allocated
 * from the heap once the graph is built, but for the short reprs, which are made and dropped in between.
 */
#include "inspect/graph.h"

#include "base/fault.h"

#include "trivet/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct writer {
    struct trv__graph graph;
    FILE *file;
    bool is_json, is_first;
    size_t *queue;
    size_t tail, from, nth;
};

/* Choosing ----------------------------------------------------------------------------------------- */

static void choose(struct writer *writer, trv_object *object)
{
    size_t node = trv__graph_find(&writer->graph, object);

    if (node == TRV__NO_NODE || writer->graph.nodes[node].is_reached)
        return;
    writer->graph.nodes[node].is_reached = true;
    writer->queue[writer->tail++] = node;
}

static int choose_child(trv_object *child, void *argument)
{
    if (child)
        choose(argument, child);
    return 0;
}

/* Step by step: what was chosen in one is walked in the next. */
static void choose_reached(struct writer *writer, trv_object *const *roots, size_t count,
                           size_t depth)
{
    size_t head = 0, end;

    for (size_t i = 0; i < count; i++)
        choose(writer, roots[i]);
    for (size_t step = 0; head < writer->tail && (depth == 0 || step < depth); step++)
        for (end = writer->tail; head < end; head++) {
            trv_object *object = writer->graph.nodes[writer->queue[head]].object;
            if (object->type->slots.traverse)
                object->type->slots.traverse(object, choose_child, writer);
        }
}

static void choose_all(struct writer *writer)
{
    for (size_t i = 0; i < writer->graph.count; i++) {
        writer->graph.nodes[i].is_reached = true;
        writer->queue[writer->tail++] = i;
    }
}

/* Writing ------------------------------------------------------------------------------------------ */

/* Quotes, backslashes and control characters escaped, as both formats want them. */
static void write_quoted(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20)
            fprintf(file, "\\\\x%02x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

static void begin_item(struct writer *writer)
{
    if (writer->is_json && !writer->is_first)
        fputs(",\n", writer->file);
    writer->is_first = false;
}

static void write_node(struct writer *writer, size_t node)
{
    trv_object *object = writer->graph.nodes[node].object;
    int64_t outside = trv__graph_outside(&writer->graph, node);
    char shown[128], label[512];

    trv__short_repr(object, shown, sizeof shown);
    begin_item(writer);
    if (writer->is_json) {
        fprintf(writer->file, "  {\"id\": \"%p\", \"type\": ", (void *)object);
        write_quoted(writer->file, object->type->name);
        fprintf(writer->file,
                ", \"size\": %zu, \"refcount\": %" PRId64 ", \"outside\": %" PRId64 ", \"repr\": ",
                trv_sizeof(object), trv_refcount(object), outside);
        write_quoted(writer->file, shown);
        fputc('}', writer->file);
        return;
    }
    snprintf(label, sizeof label, "%s: %s, %zu bytes", object->type->name, shown,
             trv_sizeof(object));
    fprintf(writer->file, "  \"%p\" [label=", (void *)object);
    write_quoted(writer->file, label);
    fprintf(writer->file, "%s];\n", outside > 0 ? ", style=bold" : "");
}

static int write_edge(trv_object *child, void *argument)
{
    struct writer *writer = argument;
    trv_object *from = writer->graph.nodes[writer->from].object;
    size_t to = child ? trv__graph_find(&writer->graph, child) : TRV__NO_NODE;
    char name[128];

    if (!child)
        return 0;
    writer->nth++;
    if (to == TRV__NO_NODE || !writer->graph.nodes[to].is_reached)
        return 0;
    trv__edge_name(from, child, writer->nth - 1, name, sizeof name);
    begin_item(writer);
    if (writer->is_json)
        fprintf(writer->file, "  {\"from\": \"%p\", \"to\": \"%p\", \"name\": ", (void *)from,
                (void *)child);
    else
        fprintf(writer->file, "  \"%p\" -> \"%p\" [label=", (void *)from, (void *)child);
    write_quoted(writer->file, name);
    fputs(writer->is_json ? "}" : "];\n", writer->file);
    return 0;
}

static void write_edges_of(struct writer *writer, size_t node)
{
    trv_object *object = writer->graph.nodes[node].object;

    writer->from = node;
    writer->nth = 0;
    if (object->type->slots.traverse)
        object->type->slots.traverse(object, write_edge, writer);
}

static void write_all(struct writer *writer)
{
    writer->is_first = true;
    fputs(writer->is_json ? "{\"nodes\": [\n" : "digraph heap {\n  node [shape=box];\n",
          writer->file);
    for (size_t i = 0; i < writer->tail; i++)
        write_node(writer, writer->queue[i]);
    writer->is_first = true;
    if (writer->is_json)
        fputs("\n],\n\"edges\": [\n", writer->file);
    for (size_t i = 0; i < writer->tail; i++)
        write_edges_of(writer, writer->queue[i]);
    fputs(writer->is_json ? "\n]}\n" : "}\n", writer->file);
}

/* Public interface --------------------------------------------------------------------------------- */

static void raise_errno(const char *path)
{
    trv_raise_errno("%s", path ? path : "the file of a graph");
}

static int open_file(struct writer *writer, const trv_graph_options *options)
{
    int descriptor = -1;

    if (options->path)
        writer->file = FAULT() ? NULL : fopen(options->path, "we");
    else if (!FAULT() && (descriptor = dup(options->fd)) >= 0)
        writer->file = fdopen(descriptor, "w");
    if (writer->file)
        return 0;
    raise_errno(options->path);
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

static int close_file(struct writer *writer, const char *path)
{
    bool failed = ferror(writer->file) != 0;

    failed |= fclose(writer->file) != 0;
    if (!failed)
        return 0;
    raise_errno(path);
    return -1;
}

static int write_graph(struct writer *writer, const trv_graph_options *options)
{
    writer->queue = FAULT() ? NULL : malloc((writer->graph.count + 1) * sizeof *writer->queue);
    if (!writer->queue)
        return trv_raise_int(trv_MemoryError, "out of memory");
    if (options->root_count)
        choose_reached(writer, options->roots, options->root_count, options->depth);
    else
        choose_all(writer);
    if (open_file(writer, options) < 0)
        return -1;
    write_all(writer);
    return close_file(writer, options->path);
}

int trv_heap_graph_write(const trv_graph_options *options)
{
    struct writer writer = {0};
    int status;

    if (!trv__given(options, "trv_heap_graph_write"))
        return -1;
    for (size_t i = 0; i < options->root_count; i++)
        if (!trv__given(options->roots ? options->roots[i] : NULL, "trv_heap_graph_write"))
            return -1;
    if (options->format != TRV_GRAPH_DOT && options->format != TRV_GRAPH_JSON)
        return trv_raise_int(trv_ValueError, "unknown format of graphs: %d", (int)options->format);
    writer.is_json = options->format == TRV_GRAPH_JSON;
    if (trv__graph_init(&writer.graph) < 0)
        return -1;
    status = write_graph(&writer, options);
    trv__graph_drop(&writer.graph);
    free(writer.queue);
    return status;
}
