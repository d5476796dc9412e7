/* SPDX-License-Identifier: MIT */
/*
 * Reference forensics: the ledger of what a program takes and gives back, kept by the macros of
 * trivet/forensics.h, and the report.
 *
 * Every watched object has a record: its sites, each a place in the program with how often a reference
 * was taken or given back there, and the balance of all. References inside the heap are no business of
 * the ledger; the report counts them when it is asked for, in the graph of the heap.
 *
 * Records hold no reference, so that they change no count and no end. An object that ends in the library
 * is not noticed then, but at the latest when another one is made at its address: one that the program
 * has just been given and that has a count of 1 cannot be the old one, of which references are out.
 *
 * The memory of the ledger comes from malloc; what cannot be noted down is counted as lost.
 */
#include "base/fault.h"
#include "base/locate.h"
#include "inspect/graph.h"
#include "types/builder.h"

#include "trivet/forensics.h"

#include <inttypes.h>
#include <stdio.h>

struct site {
    trv_forensics_site_ place; /* its texts are constants of the program; file NULL: see */
    const void *address;       /* where the call returns to */
    int64_t taken, given;
};

struct record {
    const trv_object *object; /* not held; NULL in a free place */
    const struct trv_type *type;
    int64_t balance;
    struct site *sites;
    size_t count, capacity;
    bool is_alive; /* found by the walk over the heap that is under way */
};

struct trv__forensics {
    struct record *records; /* open addressing */
    size_t capacity, used;
    trv_object **types; /* owned */
    size_t type_count, lost;
};

/* Records ------------------------------------------------------------------------------------------ */

static struct trv__forensics *ledger(void)
{
    return trv__current ? trv__current->objects->forensics : NULL;
}

static struct record *place_of(const struct trv__forensics *self, const trv_object *object)
{
    size_t i = trv__hash_mix((uintptr_t)object) & (self->capacity - 1);

    while (self->records[i].object && self->records[i].object != object)
        i = (i + 1) & (self->capacity - 1);
    return &self->records[i];
}

static struct record *find(const struct trv__forensics *self, const trv_object *object)
{
    struct record *record = self && self->capacity ? place_of(self, object) : NULL;

    return record && record->object ? record : NULL;
}

static bool grow(struct trv__forensics *self)
{
    size_t old_capacity = self->capacity, capacity = old_capacity ? 2 * old_capacity : 64;
    struct record *old = self->records, *records = FAULT() ? NULL : calloc(capacity, sizeof *old);

    if (!records)
        return false;
    self->records = records;
    self->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].object)
            *place_of(self, old[i].object) = old[i];
    free(old);
    return true;
}

/* NULL when out of memory. */
static struct record *add_record(struct trv__forensics *self, const trv_object *object)
{
    struct record *record;

    if (2 * (self->used + 1) > self->capacity && !grow(self))
        return NULL;
    record = place_of(self, object);
    *record = (struct record){.object = object, .type = object->type};
    self->used++;
    return record;
}

/* Moves back those after it that had to step over it. */
static void drop_record(struct trv__forensics *self, struct record *record)
{
    size_t mask = self->capacity - 1, hole = (size_t)(record - self->records), i = hole, home;

    free(record->sites);
    self->used--;
    for (;;) {
        self->records[hole] = (struct record){0};
        do {
            i = (i + 1) & mask;
            if (!self->records[i].object)
                return;
            home = trv__hash_mix((uintptr_t)self->records[i].object) & mask;
        } while (((i - home) & mask) < ((i - hole) & mask));
        self->records[hole] = self->records[i];
        hole = i;
    }
}

/* Noting down -------------------------------------------------------------------------------------- */

static bool is_same_site(const struct site *a, const struct site *b)
{
    return a->address == b->address && a->place.line == b->place.line &&
           a->place.call == b->place.call && a->place.file == b->place.file;
}

static void add_site(struct trv__forensics *self, struct record *record, const struct site *site)
{
    size_t capacity = record->capacity ? 2 * record->capacity : 8;
    struct site *sites;

    for (size_t i = 0; i < record->count; i++)
        if (is_same_site(&record->sites[i], site)) {
            record->sites[i].taken += site->taken;
            record->sites[i].given += site->given;
            return;
        }
    if (record->count == record->capacity) {
        sites = FAULT() ? NULL : realloc(record->sites, capacity * sizeof *sites);
        if (!sites) {
            self->lost++;
            return;
        }
        record->sites = sites;
        record->capacity = capacity;
    }
    record->sites[record->count++] = *site;
}

static bool is_watched_type(const struct trv__forensics *self, const struct trv_type *type)
{
    for (size_t i = 0; i < self->type_count; i++)
        if (trv__type_derives(type, trv__type_of_handle(self->types[i])))
            return true;
    return false;
}

/* The record that something about an object belongs into, if it is watched. */
static struct record *record_of(struct trv__forensics *self, const trv_object *object, bool is_got)
{
    struct record *record = find(self, object);

    if (record && (record->type != object->type ||
                   (is_got && object->refcount == 1 && record->balance > 0))) {
        drop_record(self, record); /* that one has ended */
        record = NULL;
    }
    if (record || !is_got || !is_watched_type(self, object->type))
        return record;
    record = add_record(self, object);
    self->lost += !record;
    return record;
}

static void note(trv_object *object, const struct site *site)
{
    struct trv__forensics *self = ledger();
    struct record *record;

    if (!self || !object || trv__is_immortal(object))
        return;
    record = record_of(self, object, site->taken > 0);
    if (!record)
        return;
    add_site(self, record, site);
    record->balance += site->taken - site->given;
}

trv_object *trv_forensics_got_(trv_object *object, const trv_forensics_site_ *place)
{
    struct site site = {.place = *place, .taken = 1};

    note(object, &site);
    return object;
}

trv_object *trv_forensics_gives_(trv_object *object, const trv_forensics_site_ *place)
{
    struct site site = {.place = *place, .given = 1};

    note(object, &site);
    return object;
}

/* The last reference: it ends. */
static void forget_last(const trv_object *object)
{
    struct record *record = find(ledger(), object);

    if (record && object->refcount == 1)
        drop_record(ledger(), record);
}

void trv_forensics_drops_(trv_object *object, const trv_forensics_site_ *place)
{
    if (!object)
        return;
    trv_forensics_gives_(object, place);
    forget_last(object);
}

void trv_forensics_auto_(trv_object **variable)
{
    struct site site = {
        .place = {.call = "end of a trv_auto"}, .address = __builtin_return_address(0), .given = 1};

    if (!*variable)
        return;
    note(*variable, &site);
    forget_last(*variable);
    trv_unref(*variable);
}

/* Watching ----------------------------------------------------------------------------------------- */

static struct trv__forensics *ledger_made(void)
{
    struct trv__objects *objects = trv__current->objects;

    if (!objects->forensics)
        objects->forensics = FAULT() ? NULL : calloc(1, sizeof *objects->forensics);
    if (!objects->forensics)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    return objects->forensics;
}

int trv_forensics_watch(trv_object *object)
{
    struct site site = {.place = {.call = "trv_forensics_watch"},
                        .address = __builtin_return_address(0),
                        .taken = 1};
    struct trv__forensics *self;
    struct record *record;

    if (!trv__given(object, "trv_forensics_watch"))
        return -1;
    if (trv__is_immortal(object))
        return trv_raise_int(trv_RuntimeError,
                             "'%s' object is immortal: its references are not counted",
                             trv_type_name(object));
    if (!(self = ledger_made()))
        return -1;
    if ((record = find(self, object)))
        drop_record(self, record);
    if (!(record = add_record(self, object)))
        return trv_raise_int(trv_MemoryError, "out of memory");
    add_site(self, record, &site);
    record->balance = 1;
    return 0;
}

int trv_forensics_watch_type(trv_object *type)
{
    struct trv__forensics *self;
    trv_object **types;

    if (!trv__given(type, "trv_forensics_watch_type"))
        return -1;
    if (!trv__is_type(type))
        return trv_raise_int(trv_TypeError, "trv_forensics_watch_type needs a type, not %s",
                             trv_type_name(type));
    if (!(self = ledger_made()))
        return -1;
    types = FAULT() ? NULL : realloc(self->types, (self->type_count + 1) * sizeof *types);
    if (!types)
        return trv_raise_int(trv_MemoryError, "out of memory");
    self->types = types;
    types[self->type_count++] = trv_ref(type);
    return 0;
}

void trv_forensics_stop(void)
{
    struct trv__forensics *self = ledger();

    if (!self)
        return;
    trv__current->objects->forensics = NULL;
    for (size_t i = 0; i < self->capacity; i++)
        free(self->records[i].sites);
    for (size_t i = 0; i < self->type_count; i++)
        trv_unref(self->types[i]);
    free(self->records);
    free(self->types);
    free(self);
}

int64_t trv_forensics_balance(const trv_object *object)
{
    const struct record *record = object ? find(ledger(), object) : NULL;

    return record ? record->balance : 0;
}

/* The report: sites --------------------------------------------------------------------------------- */

/* A site as it is shown. */
struct line {
    char function[128], file[256];
    int line;
    const char *call;
    int64_t taken, given;
    int64_t out; /* of its function, all its sites together */
};

static void fill_line(struct line *line, const struct site *site)
{
    struct trv__location location;
    const char *path = site->place.file, *slash;

    *line = (struct line){.line = site->place.line,
                          .call = site->place.call,
                          .taken = site->taken,
                          .given = site->given};
    if (site->address) {
        trv__locate_call(site->address, &location);
        path = location.file;
        line->line = location.line;
        snprintf(line->function, sizeof line->function, "%s", location.function);
    } else {
        size_t length = strlen(site->place.function);
        size_t suffix = strlen(TRV__BODY_SUFFIX);
        if (length > suffix && !strcmp(site->place.function + length - suffix, TRV__BODY_SUFFIX))
            length -= suffix;
        snprintf(line->function, sizeof line->function, "%.*s", (int)length, site->place.function);
    }
    slash = strrchr(path, '/');
    snprintf(line->file, sizeof line->file, "%s", slash ? slash + 1 : path);
}

static bool is_same_function(const struct line *a, const struct line *b)
{
    return !strcmp(a->function, b->function) && !strcmp(a->file, b->file);
}

/* What is out first, then what was given back too often; functions and lines in order. */
static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = (x->out < y->out) - (x->out > y->out);

    if ((x->out != 0) != (y->out != 0))
        return x->out ? -1 : 1;
    if (!order)
        order = strcmp(x->file, y->file);
    if (!order)
        order = strcmp(x->function, y->function);
    return order ? order : x->line - y->line;
}

static struct line *make_lines(const struct record *record)
{
    struct line *lines = FAULT() ? NULL : calloc(record->count + 1, sizeof *lines);

    for (size_t i = 0; lines && i < record->count; i++)
        fill_line(&lines[i], &record->sites[i]);
    for (size_t i = 0; lines && i < record->count; i++)
        for (size_t j = 0; j < record->count; j++)
            if (is_same_function(&lines[i], &lines[j]))
                lines[i].out += lines[j].taken - lines[j].given;
    if (lines)
        qsort(lines, record->count, sizeof *lines, compare_lines);
    return lines;
}

static int write_line(struct trv__builder *b, const struct line *line)
{
    int status = trv__builder_printf(b, "      line %d: %s", line->line, line->call);

    if (status == 0 && line->taken)
        status = trv__builder_printf(b, " +%" PRId64, line->taken);
    if (status == 0 && line->given)
        status = trv__builder_printf(b, " -%" PRId64, line->given);
    return status < 0 ? -1 : trv__builder_add_text(b, "\n");
}

static int write_function(struct trv__builder *b, const struct line *line)
{
    if (line->out > 0)
        return trv__builder_printf(b, "    %s (%s): %" PRId64 " not given back\n", line->function,
                                   line->file, line->out);
    if (line->out < 0)
        return trv__builder_printf(b, "    %s (%s): %" PRId64 " given back for others\n",
                                   line->function, line->file, -line->out);
    return trv__builder_printf(b, "    %s (%s): even\n", line->function, line->file);
}

static int write_sites(struct trv__builder *b, const struct record *record)
{
    struct line *lines = make_lines(record);
    int status = lines ? 0 : trv_raise_int(trv_MemoryError, "out of memory");

    for (size_t i = 0; status == 0 && i < record->count; i++) {
        if (i == 0 || !is_same_function(&lines[i], &lines[i - 1]))
            status = write_function(b, &lines[i]);
        if (status == 0)
            status = write_line(b, &lines[i]);
    }
    free(lines);
    return status;
}

/* The report: who holds it in the heap ---------------------------------------------------------------- */

struct holders {
    struct trv__builder *b;
    const trv_object *object;
    trv_object *from;
    size_t nth;
    int status;
};

static int see_holder(trv_object *child, void *argument)
{
    struct holders *holders = argument;
    char shown[128], name[128];

    if (!child)
        return 0;
    if (child == holders->object && holders->status == 0) {
        trv__edge_name(holders->from, child, holders->nth, name, sizeof name);
        trv__short_repr(holders->from, shown, sizeof shown);
        holders->status = trv__builder_printf(holders->b, "    held by %s: %s\n", shown, name);
    }
    holders->nth++;
    return 0;
}

static int write_holders(struct trv__builder *b, const struct trv__graph *graph,
                         const trv_object *object)
{
    struct holders holders = {.b = b, .object = object};

    for (size_t i = 0; i < graph->count && holders.status == 0; i++) {
        holders.from = graph->nodes[i].object;
        holders.nth = 0;
        if (holders.from->type->slots.traverse)
            holders.from->type->slots.traverse(holders.from, see_holder, &holders);
    }
    return holders.status;
}

static int write_record(struct trv__builder *b, const struct trv__graph *graph,
                        const struct record *record)
{
    trv_object *object = (trv_object *)(uintptr_t)record->object;
    size_t node = trv__graph_find(graph, object);
    int64_t inside = node == TRV__NO_NODE ? 0 : graph->nodes[node].inside, taken = 0, given = 0;
    char shown[128];

    for (size_t i = 0; i < record->count; i++) {
        taken += record->sites[i].taken;
        given += record->sites[i].given;
    }
    trv__short_repr(object, shown, sizeof shown);
    if (trv__builder_printf(b,
                            "%s, a %s: %" PRId64 " references, %" PRId64 " of them in the heap\n"
                            "    the program took %" PRId64 " and gave back %" PRId64 "\n",
                            shown, object->type->name, trv_refcount(object), inside, taken,
                            given) < 0)
        return -1;
    return write_sites(b, record) < 0 ? -1 : write_holders(b, graph, object);
}

/* The report: which objects ---------------------------------------------------------------------------- */

static void see_object(trv_object *object, void *argument)
{
    struct record *record = find(argument, object);

    if (record && record->type == object->type)
        record->is_alive = true;
}

static int compare_records(const void *a, const void *b)
{
    const struct record *x = *(const struct record *const *)a,
                        *y = *(const struct record *const *)b;

    if (x->balance != y->balance)
        return x->balance < y->balance ? 1 : -1;
    return (x->object > y->object) - (x->object < y->object);
}

/* Those that live and are not even, the most missing first. */
static size_t gather(struct trv__forensics *self, struct record **found)
{
    size_t count = 0;

    for (size_t i = 0; i < self->capacity; i++)
        self->records[i].is_alive = false;
    trv__each_object(trv__current->heap, see_object, self);
    for (size_t i = 0; i < self->capacity; i++)
        if (self->records[i].object && self->records[i].is_alive && self->records[i].balance)
            found[count++] = &self->records[i];
    qsort(found, count, sizeof *found, compare_records);
    return count;
}

static int write_all(struct trv__builder *b, const struct trv__graph *graph)
{
    struct trv__forensics *self = ledger();
    struct record **found = FAULT() ? NULL : malloc((self->used + 1) * sizeof(struct record *));
    size_t count = found ? gather(self, found) : 0;
    int status = found ? 0 : trv_raise_int(trv_MemoryError, "out of memory");

    for (size_t i = 0; i < count && status == 0; i++)
        status = write_record(b, graph, found[i]);
    if (status == 0 && !count)
        status = trv__builder_add_text(b, "all watched objects that live are even\n");
    if (status == 0 && self->lost)
        status = trv__builder_printf(b, "%zu events are lost for want of memory\n", self->lost);
    free(found);
    return status;
}

static int write_report(struct trv__builder *b, trv_object *object)
{
    const struct record *record = object ? find(ledger(), object) : NULL;
    struct trv__graph graph;
    int status;

    if (!ledger() || (object && !record))
        return trv__builder_add_text(b, "not watched\n");
    if (trv__graph_init(&graph) < 0)
        return -1;
    status = object ? write_record(b, &graph, record) : write_all(b, &graph);
    trv__graph_drop(&graph);
    return status;
}

trv_object *trv_forensics_report(trv_object *object)
{
    struct trv__builder b;

    if (!object && trv_error_occurred())
        return NULL;
    trv__builder_init(&b);
    if (write_report(&b, object) == 0)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}
