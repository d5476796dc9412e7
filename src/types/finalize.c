/* SPDX-License-Identifier: MIT */
/*
 * finalize: a call that is made when an object ends, or when the runtime does.
 *
 * It is the callback of a weak reference to the object. What is *alive*, not yet called and not
 * detached, stands in a list of the runtime, which holds it; so nobody else has to. At the end of the
 * runtime those that are still there are called, the newest first, unless their `atexit` is false.
 *
 * The call and what it needs are dropped before it is made: it is made once, whatever it does.
 */
#include "object/object.h"
#include "types/weakref.h"

#include "trivet/copy.h"

struct finalize {
    TRV__HEAD;
    struct trv__list
        link;            /* in objects->finalizers, which holds a reference; or linked in nothing */
    trv_object *weakref; /* owned, as the next three; all NULL once it is not alive */
    trv_object *callable;
    trv_object *arguments; /* a tuple */
    trv_object *keywords;  /* a dict, or NULL */
    bool at_exit;
};

/* What is taken out of one: the call to be made. */
struct call {
    trv_object *callable, *arguments, *keywords;
};

static TRV__READ_ONLY struct trv_type finalize_type;

static struct finalize *as_finalize(trv_object *object)
{
    return (struct finalize *)(void *)object;
}

static bool is_alive(const struct finalize *self)
{
    return trv__list_is_linked(&self->link);
}

static trv_object *referent_of(const struct finalize *self)
{
    return self->weakref ? trv__weakref_referent(self->weakref) : NULL;
}

static void drop_call(struct call *call)
{
    trv_clear(&call->callable);
    trv_clear(&call->arguments);
    trv_clear(&call->keywords);
}

/* Ends it. The list's reference is the caller's then, and what it would have called. */
static struct call take(struct finalize *self)
{
    struct call call = {trv_steal(&self->callable), trv_steal(&self->arguments),
                        trv_steal(&self->keywords)};

    trv__list_remove(&self->link);
    trv_clear(&self->weakref);
    return call;
}

/* Making ------------------------------------------------------------------------------------ */

static trv_object *make(trv_object *object, trv_object *callable, trv_object *arguments,
                        trv_object *keywords)
{
    trv_auto trv_object *made = NULL;
    struct finalize *self;

    if (!trv_callable(callable))
        return trv_raise(trv_TypeError, "finalize needs a callable, not %s",
                         trv_type_name(callable));
    made = trv__container_new(&finalize_type, sizeof *self);
    if (!made)
        return NULL;
    self = as_finalize(made);
    trv__list_init(&self->link);
    trv__track(self);
    self->weakref = trv_weakref_new(object, made);
    if (!self->weakref)
        return NULL;
    self->callable = trv_ref(callable);
    self->arguments = trv_ref(arguments);
    self->keywords = trv_ref(keywords);
    self->at_exit = true;
    trv__list_append(&trv__current->objects->finalizers, &self->link);
    trv_ref(made); /* the list's */
    return trv_steal(&made);
}

trv_object *trv_finalize_new(trv_object *object, trv_object *callable, const char *format, ...)
{
    trv_auto trv_object *arguments = NULL;
    va_list list;

    if (!trv__given(object, "trv_finalize_new") || !trv__given(callable, "trv_finalize_new"))
        return NULL;
    va_start(list, format);
    arguments = trv__build_arguments(format, &list);
    va_end(list);
    return arguments ? make(object, callable, arguments, NULL) : NULL;
}

static trv_object *finalize_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_auto trv_object *arguments = NULL;
    trv_auto trv_object *keywords = NULL;

    if (args->count < 2)
        return trv_raise(trv_TypeError,
                         "finalize(object, callable, ...) takes at least 2 arguments");
    arguments = trv_tuple_new(args->items + 2, args->count - 2);
    if (!arguments || (args->keywords && !(keywords = trv_copy(args->keywords))))
        return NULL;
    return make(args->items[0], args->items[1], arguments, keywords);
}

/* Asking ------------------------------------------------------------------------------------ */

int trv_finalize_alive(trv_object *finalize)
{
    if (!trv__expect(finalize, &finalize_type, "trv_finalize_alive"))
        return -1;
    return is_alive(as_finalize(finalize));
}

/* (object, callable, arguments, keywords), or None. */
static trv_object *peek(struct finalize *self)
{
    trv_object *object = referent_of(self);
    trv_auto trv_object *none = NULL;

    if (!is_alive(self) || !object)
        return trv_none_new();
    if (!self->keywords && !(none = trv_dict_new()))
        return NULL;
    return trv_build("(o o o o)", object, self->callable, self->arguments,
                     self->keywords ? self->keywords : none);
}

trv_object *trv_finalize_detach(trv_object *finalize)
{
    trv_object *told;
    struct call call;

    if (!trv__expect(finalize, &finalize_type, "trv_finalize_detach"))
        return NULL;
    told = peek(as_finalize(finalize));
    if (told && !trv_is_none(told)) {
        call = take(as_finalize(finalize));
        drop_call(&call);
        trv_unref(finalize);
    }
    return told;
}

/* Slots ------------------------------------------------------------------------------------- */

/* Any argument is the weak reference, of which nothing is wanted. */
static trv_object *finalize_call(trv_object *self, const trv_args *args)
{
    trv_object *result, *const *items;
    struct call call;
    size_t count;

    if (args->count > 1 || args->keywords)
        return trv_raise(trv_TypeError, "a finalize object takes no arguments");
    if (!is_alive(as_finalize(self)))
        return trv_none_new();
    call = take(as_finalize(self));
    items = trv__tuple_items(call.arguments, &count);
    result = trv_call_array(call.callable, items, count, call.keywords);
    drop_call(&call);
    trv_unref(self); /* whoever calls it holds another one */
    return result;
}

static int finalize_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct finalize *finalize = as_finalize(self);
    trv_object *parts[] = {finalize->weakref, finalize->callable, finalize->arguments,
                           finalize->keywords};
    int answer = 0;

    for (size_t i = 0; i < COUNT_OF(parts) && !answer; i++)
        if (parts[i])
            answer = visit(parts[i], argument);
    return answer;
}

static void finalize_clear(trv_object *self)
{
    struct call call = take(as_finalize(self));

    drop_call(&call);
}

static trv_object *finalize_repr(trv_object *self)
{
    trv_object *object = referent_of(as_finalize(self));

    if (!object)
        return trv_str_printf("<finalize object at %p; dead>", (void *)self);
    return trv_str_printf("<finalize object at %p; for '%s' at %p>", (void *)self,
                          trv_type_name(object), (void *)object);
}

static int finalize_setattr(trv_object *self, const char *name, trv_object *value)
{
    int at_exit;

    if (strcmp(name, "atexit") != 0 || !value)
        return 1;
    if ((at_exit = trv_truth(value)) < 0)
        return -1;
    as_finalize(self)->at_exit = at_exit;
    return 0;
}

static trv_object *get_alive(const trv_args *args)
{
    return trv_bool_new(is_alive(as_finalize(args->self)));
}

static trv_object *get_atexit(const trv_args *args)
{
    struct finalize *self = as_finalize(args->self);

    return trv_bool_new(is_alive(self) && self->at_exit);
}

static trv_object *method_detach(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_finalize_detach(args->self);
}

static trv_object *method_peek(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : peek(as_finalize(args->self));
}

static const struct trv__method methods[] = {
    {"alive", NULL, get_alive},
    {"atexit", NULL, get_atexit},
    {"detach", "detach(): makes no call; (object, callable, arguments, keywords), or None",
     method_detach},
    {"peek", "peek(): (object, callable, arguments, keywords), or None", method_peek},
    {NULL, NULL, NULL},
};

static TRV__READ_ONLY struct trv_type finalize_type = {
    .handle = trv_finalize_type,
    .name = "finalize",
    .doc = "finalize(object, callable, *arguments, **keywords): calls when the object ends",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct finalize),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = finalize_construct,
    .slots = {.traverse = finalize_traverse,
              .clear = finalize_clear,
              .repr = finalize_repr,
              .call = finalize_call,
              .setattr = finalize_setattr},
    .methods = methods,
};
TRV__READ_ONLY trv_object trv_finalize_type[1] = {TRV__TYPE_HANDLE(finalize_type)};

/* The end of the runtime -------------------------------------------------------------------- */

static trv_object *newest_at_exit(struct trv__objects *objects)
{
    for (struct trv__list *link = objects->finalizers.previous; link != &objects->finalizers;
         link = link->previous) {
        struct finalize *self = CONTAINER_OF(link, struct finalize, link);
        if (self->at_exit)
            return trv_ref((trv_object *)self);
    }
    return NULL;
}

void trv__finalizers_run(struct trv__objects *objects)
{
    trv_object *self;
    struct call call;

    trv_error_clear();
    while ((self = newest_at_exit(objects))) {
        trv_object *result = trv_call_array(self, NULL, 0, NULL);
        if (!result)
            trv_error_print();
        trv_unref(result);
        trv_unref(self);
    }
    while (!trv__list_is_empty(&objects->finalizers)) {
        self = (trv_object *)CONTAINER_OF(objects->finalizers.next, struct finalize, link);
        call = take(as_finalize(self));
        drop_call(&call);
        trv_unref(self);
    }
}
