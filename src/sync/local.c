/* SPDX-License-Identifier: MIT */
/*
 * The local: an object whose attributes belong to the task, thread or coroutine, that sets them.
 *
 * What a task has set in a local lies in a dict of that task and that local. Two lists lead to it:
 * the local's, through which the collector finds the values, and the task's (context->locals), through
 * which it is found and dropped when the task ends. Only the local owns it. For a value can be reached
 * only by who has the local, so one that refers back to its local must not keep it alive: were the
 * values the task's, such a pair would stay as long as the task.
 *
 * A task looks through what it has in all locals, the one it used last first. Programs have few.
 *
 * A task starts with nothing, whoever started it. Calls of a thread pool find what earlier calls have
 * set in the same worker.
 */
#include "runtime/runtime.h"

#include "trivet/sync.h"

struct local {
    TRV__HEAD;
    struct trv__list values; /* struct trv__local_values, of all tasks */
};

struct trv__local_values {
    struct trv__list link; /* in the local's list */
    struct local *local;
    struct trv__context *context;
    struct trv__local_values *next; /* in context->locals */
    trv_object *dict;               /* owned */
};

extern struct trv_type trv__local_type;

trv_object *trv_local_new(void)
{
    struct local *local = trv__container_new(&trv__local_type, sizeof *local);

    if (!local)
        return NULL;
    trv__list_init(&local->values);
    trv__track(local);
    return (trv_object *)local;
}

/* Values -------------------------------------------------------------------------------------- */

static void unlink_from_task(struct trv__local_values *values)
{
    struct trv__local_values **link = &values->context->locals;

    while (*link != values)
        link = &(*link)->next;
    *link = values->next;
}

static void link_to_task(struct trv__local_values *values, struct trv__context *context)
{
    values->context = context;
    values->next = context->locals;
    context->locals = values;
}

/* What the calling task has in a local; NULL if nothing. It is the first of its list then. */
static struct trv__local_values *find(const struct local *local)
{
    struct trv__context *context = trv__current->context;
    struct trv__local_values *values = context->locals;

    if (LIKELY(!values || values->local == local))
        return values;
    while (values && values->local != local)
        values = values->next;
    if (values) {
        unlink_from_task(values);
        link_to_task(values, context);
    }
    return values;
}

static struct trv__local_values *find_or_make(struct local *local)
{
    struct trv__context *context = trv__current->context;
    struct trv__local_values *values = find(local);
    trv_object *dict;

    if (values)
        return values;
    if (context->has_ended)
        return (void *)trv_raise(trv_RuntimeError, "the task that would have the value has ended");
    if (!(dict = trv_dict_new()) || !(values = trv__allocate(sizeof *values))) {
        trv_unref(dict);
        return NULL;
    }
    values->local = local;
    values->dict = dict;
    trv__list_append(&local->values, &values->link);
    link_to_task(values, context);
    return values;
}

/* Dropping them may run code of the user, which finds neither list leading to them. */
static void drop(struct trv__local_values *values)
{
    trv_object *dict = values->dict;

    unlink_from_task(values);
    trv__list_remove(&values->link);
    trv__free(values, sizeof *values);
    trv_unref(dict);
}

void trv__locals_drop(struct trv__context *context)
{
    while (context->locals)
        drop(context->locals);
}

/* Slots --------------------------------------------------------------------------------------- */

static int local_getattr(trv_object *self, const char *name, trv_object **value)
{
    const struct trv__local_values *values = find((struct local *)(void *)self);
    trv_auto trv_object *dict = values ? trv_ref(values->dict) : NULL;

    return dict ? trv_dict_get_str(dict, name, value) : 0;
}

/* Deleting what is not there is told by who asks. */
static int local_delattr(trv_object *self, const char *name)
{
    const struct trv__local_values *values = find((struct local *)(void *)self);
    trv_auto trv_object *dict = values ? trv_ref(values->dict) : NULL;
    trv_auto trv_object *key = dict ? trv_str_new(name) : NULL;
    int found;

    if (!key)
        return dict ? -1 : 1;
    found = trv_contains(dict, key);
    return found <= 0 ? (found < 0 ? -1 : 1) : trv_dict_remove(dict, key);
}

static int local_setattr(trv_object *self, const char *name, trv_object *value)
{
    trv_auto trv_object *dict = NULL;
    const struct trv__local_values *values;

    if (!value)
        return local_delattr(self, name);
    if (!(values = find_or_make((struct local *)(void *)self)))
        return -1;
    dict = trv_ref(values->dict);
    return trv_dict_set_str(dict, name, value);
}

static int local_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct local *local = (struct local *)(void *)self;

    LIST_EACH(node, &local->values) {
        int answer = visit(CONTAINER_OF(node, struct trv__local_values, link)->dict, argument);
        if (answer)
            return answer;
    }
    return 0;
}

static void local_clear(trv_object *self)
{
    struct local *local = (struct local *)(void *)self;

    while (!trv__list_is_empty(&local->values))
        drop(CONTAINER_OF(local->values.next, struct trv__local_values, link));
}

static size_t local_size_bytes(trv_object *self)
{
    size_t count = 0;

    LIST_EACH(node, &((struct local *)(void *)self)->values)
        count++;
    return count * sizeof(struct trv__local_values);
}

static trv_object *local_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "local() takes no arguments");
    return trv_local_new();
}

TRV__READ_ONLY struct trv_type trv__local_type = {
    .handle = trv_local_type,
    .name = "local",
    .doc = "local(): an object whose attributes belong to the thread or coroutine that sets them",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct local),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = local_construct,
    .slots =
        {
            .getattr = local_getattr,
            .setattr = local_setattr,
            .traverse = local_traverse,
            .clear = local_clear,
            .size_bytes = local_size_bytes,
        },
};
TRV__READ_ONLY trv_object trv_local_type[1] = {TRV__TYPE_HANDLE(trv__local_type)};
