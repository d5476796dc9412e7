/* SPDX-License-Identifier: MIT */
/*
 * Thread objects: making, starting, joining, naming.
 *
 * The thread runs its call with trv__call_run, tells the hook what it raised, and ends. That it has
 * ended is told to its object by the runtime (trv__thread_object_ended), as the last thing but
 * leaving the GIL: so whoever was joined finds the thread gone from every list, and its pthread,
 * which needs nothing more from anyone, can be waited for.
 *
 * A thread that fails to start is NEW as before. One that is dropped without having been started
 * cancels its call, because somebody may wait for its future.
 *
 * Everything is guarded by the GIL. What the kernel knows (its name, its number) is the business of
 * runtime/thread.c.
 */
#include "threads/thread.h"

#include "base/futex.h"

/* Making -------------------------------------------------------------------------------------- */

static int check_options(const trv_thread_options *options)
{
    size_t stack_bytes = OPTION_GIVEN(options, stack_bytes) ? options->stack_bytes : 0;

    if (options && options->size < sizeof options->size)
        return trv_raise_int(trv_ValueError, "the thread's options do not say their size");
    if (stack_bytes && stack_bytes < TRV__STACK_LEAST)
        return trv_raise_int(trv_ValueError, "a stack of %zu bytes is too small", stack_bytes);
    return 0;
}

static trv_object *name_for(const trv_thread_options *options, trv_object *callable)
{
    const char *name = OPTION_GIVEN(options, name) ? options->name : NULL;

    if (name)
        return trv_str_new(name);
    return trv_str_printf("Thread-%zu (%s)", ++trv__runtime()->threads_named,
                          trv_function_name(callable));
}

/* A thread that was not made here may have no object yet; it need not have one for this. */
static bool is_daemon_for(const trv_thread_options *options)
{
    const struct trv__thread *current = trv__thread_self();
    int wish = OPTION_GIVEN(options, daemon) ? options->daemon : 0;

    if (wish)
        return wish > 0;
    return current->was_started ? current->is_daemon : !current->is_main;
}

static void run_thread(void *self)
{
    trv__thread_run_call(self);
}

struct trv__thread_object *trv__thread_object_new(const struct trv_type *type, size_t size,
                                                  struct trv__call *call,
                                                  const trv_thread_options *options)
{
    trv_object *name = check_options(options) < 0 ? NULL : name_for(options, call->callable);
    struct trv__thread_object *self = name ? trv__container_new(type, size) : NULL;

    if (!self) {
        trv_unref(name);
        trv__call_drop(call);
        return NULL;
    }
    trv__list_init(&self->joiners);
    self->name = name;
    self->stack_bytes = OPTION_GIVEN(options, stack_bytes) ? options->stack_bytes : 0;
    self->is_daemon = is_daemon_for(options);
    self->run = run_thread;
    self->call = call;
    self->future = call->future;
    trv_ref((trv_object *)call->future);
    trv__track(self);
    return self;
}

bool trv__thread_may_run(trv_object *callable, const char *who)
{
    if (!trv__given(callable, who))
        return false;
    if (!trv_callable(callable))
        trv_raise(trv_TypeError, "'%s' object is not callable", trv_type_name(callable));
    return trv_callable(callable);
}

static trv_object *create(struct trv__call *call, const trv_thread_options *options)
{
    if (!call)
        return NULL;
    return (trv_object *)trv__thread_object_new(&trv__thread_type,
                                                sizeof(struct trv__thread_object), call, options);
}

trv_object *trv_thread_new(trv_object *callable, const char *format, ...)
{
    trv_object *built;
    va_list arguments;

    if (!trv__thread_may_run(callable, "trv_thread_new"))
        return NULL;
    va_start(arguments, format);
    built = trv__build_arguments(format, &arguments);
    va_end(arguments);
    return built ? create(trv__call_create_take(callable, built, NULL), NULL) : NULL;
}

trv_object *trv_thread_new_array(trv_object *callable, trv_object *const *items, size_t count,
                                 trv_object *keywords, const trv_thread_options *options)
{
    if (!trv__thread_may_run(callable, "trv_thread_new_array"))
        return NULL;
    return create(trv__call_create(callable, items, count, keywords), options);
}

size_t trv_thread_stack_size(void)
{
    return trv__runtime()->stack_bytes;
}

int trv_thread_set_stack_size(size_t stack_bytes)
{
    if (stack_bytes && stack_bytes < TRV__STACK_LEAST)
        return trv_raise_int(trv_ValueError, "a stack of %zu bytes is too small", stack_bytes);
    trv__runtime()->stack_bytes = stack_bytes;
    return 0;
}

/* Running ------------------------------------------------------------------------------------- */

static struct trv__call *take_call(struct trv__thread_object *self)
{
    struct trv__call *call = self->call;

    self->call = NULL;
    return call;
}

void trv__thread_run_call(struct trv__thread_object *self)
{
    struct trv__future *future = self->future;

    trv__call_run(take_call(self));
    if (future->exception)
        trv__thread_report(self, future->exception);
    future->was_observed = true;
}

void trv__thread_object_ended(struct trv__thread *thread)
{
    struct trv__thread_object *self = (struct trv__thread_object *)(void *)thread->object;

    if (self->state == TRV__ENDED)
        return;
    self->state = TRV__ENDED;
    self->thread = NULL;
    self->ident = (uint64_t)thread->pthread;
    self->native_id = atomic_load_explicit(&thread->native_id, memory_order_relaxed);
    trv__wake_all(&self->joiners);
}

int trv_thread_start(trv_object *object)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_start");
    struct trv__thread_spec spec;

    if (!self)
        return -1;
    if (self->state != TRV__NEW)
        return trv_raise_int(trv_RuntimeError, "threads can only be started once");
    spec = (struct trv__thread_spec){.run = self->run,
                                     .argument = self,
                                     .name = trv_str_utf8(self->name, NULL),
                                     .stack_bytes = self->stack_bytes,
                                     .is_daemon = self->is_daemon,
                                     .object = object,
                                     .ended = trv__thread_object_ended};
    self->thread = trv__thread_launch(&spec);
    if (!self->thread)
        return -1;
    self->state = TRV__STARTED;
    self->started_ns = trv__now_ns();
    return 0;
}

/* The pthreads of threads that have ended are waited for here, so that after a join nothing of the
 * thread is left. */
static int wait_for_end(struct trv__thread_object *self, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;
    bool has_ended;

    trv_ref((trv_object *)self);
    wake = trv__wait_in(&self->joiners, &waiter, (trv_object *)self, deadline_ns);
    has_ended = self->state == TRV__ENDED;
    trv_unref((trv_object *)self);
    switch (wake) {
    case TRV__CANCELLED:
        return trv__raise_cancelled();
    case TRV__FAILED:
        return -1;
    case TRV__WOKEN:
    case TRV__TIMED_OUT:
        break;
    }
    trv__threads_reap(trv__runtime());
    return has_ended;
}

static int check_joinable(const struct trv__thread_object *self)
{
    if (self->state == TRV__NEW)
        return trv_raise_int(trv_RuntimeError, "cannot join thread before it is started");
    if (self->thread == trv__thread_self())
        return trv_raise_int(trv_RuntimeError, "cannot join current thread");
    return trv__check_cancelled();
}

int trv_thread_join(trv_object *object, double timeout)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_join");
    int64_t deadline_ns;

    if (!self || trv__deadline(timeout, &deadline_ns) < 0 || check_joinable(self) < 0)
        return -1;
    if (self->state == TRV__ENDED || timeout == 0)
        return self->state == TRV__ENDED;
    return trv__may_block("thread_join") < 0 ? -1 : wait_for_end(self, deadline_ns);
}

trv_object *trv_thread_future(trv_object *object)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_future");

    if (!self)
        return NULL;
    if (!self->future)
        return trv_raise(trv_RuntimeError, "the thread runs no call of its own");
    return trv_ref((trv_object *)self->future);
}

int trv_thread_is_alive(trv_object *object)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_is_alive");

    return self ? self->state == TRV__STARTED : -1;
}

/* What a thread is ---------------------------------------------------------------------------- */

trv_object *trv_thread_name(trv_object *object)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_name");

    if (!self)
        return NULL;
    return self->name ? trv_ref(self->name) : trv_str_new("");
}

static void set_name(struct trv__thread_object *self, trv_object *name)
{
    trv_object *old = self->name;

    self->name = trv_ref(name);
    trv_unref(old);
    if (self->thread)
        trv__thread_rename(self->thread, trv_str_utf8(name, NULL));
}

int trv_thread_set_name(trv_object *object, const char *name)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_set_name");
    trv_auto trv_object *text = NULL;

    if (!self || !trv__given(name, "trv_thread_set_name") || !(text = trv_str_new(name)))
        return -1;
    set_name(self, text);
    return 0;
}

int trv_thread_is_daemon(trv_object *object)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_is_daemon");

    return self ? self->is_daemon : -1;
}

int trv_thread_set_daemon(trv_object *object, int daemon)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_set_daemon");

    if (!self)
        return -1;
    if (self->state != TRV__NEW)
        return trv_raise_int(trv_RuntimeError, "cannot set daemon status of active thread");
    self->is_daemon = daemon != 0;
    return 0;
}

int trv_thread_ident(trv_object *object, uint64_t *ident)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_ident");

    if (!self)
        return -1;
    *ident = self->thread ? (uint64_t)self->thread->pthread : self->ident;
    return self->state != TRV__NEW;
}

/* A thread that was just started tells its number without the GIL, which may be held here. */
int trv_thread_native_id(trv_object *object, uint64_t *native_id)
{
    struct trv__thread_object *self = trv__thread_of(object, "trv_thread_native_id");

    if (!self)
        return -1;
    *native_id = self->native_id;
    while (self->thread && !(*native_id = atomic_load(&self->thread->native_id)))
        trv__futex_wait(&self->thread->native_id, 0, TRV__NEVER);
    return self->state != TRV__NEW;
}

/* Slots --------------------------------------------------------------------------------------- */

static struct trv__thread_object *thread_of(trv_object *self)
{
    return (struct trv__thread_object *)(void *)self;
}

int trv__thread_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct trv__call *call = thread_of(self)->call;
    trv_object *held[] = {(trv_object *)thread_of(self)->future,
                          call ? (trv_object *)call->future : NULL, call ? call->callable : NULL,
                          call ? call->arguments : NULL, call ? call->keywords : NULL};
    int answer = 0;

    for (size_t i = 0; i < COUNT_OF(held) && !answer; i++)
        if (held[i])
            answer = visit(held[i], argument);
    return answer;
}

/* One that was not started never will be, whoever can still reach it. */
void trv__thread_clear(trv_object *object)
{
    struct trv__thread_object *self = thread_of(object);
    struct trv__future *future = self->future;
    struct trv__call *call = take_call(self);

    self->state = TRV__ENDED;
    self->future = NULL;
    if (call) {
        trv__future_cancelled(future);
        trv__call_drop(call);
    }
    trv_unref((trv_object *)future);
    trv_clear(&self->name);
}

trv_object *trv__thread_repr(trv_object *object)
{
    static const char *const states[] = {"initial", "started", "stopped"};
    struct trv__thread_object *self = thread_of(object);
    const char *daemon = self->is_daemon ? " daemon" : "";
    trv_auto trv_object *name = trv_thread_name(object);
    const char *utf8 = name ? trv_str_utf8(name, NULL) : NULL;
    uint64_t ident = 0;

    if (!utf8)
        return NULL;
    if (trv_thread_ident(object, &ident) == 0)
        return trv_str_printf("<%s(%s, %s%s)>", self->type->name, utf8, states[self->state],
                              daemon);
    return trv_str_printf("<%s(%s, %s%s %llu)>", self->type->name, utf8, states[self->state],
                          daemon, (unsigned long long)ident);
}

/* Who could end a wait for its end. */
const char *trv__thread_enders(trv_object *object, trv__ender_visit *visit, void *argument)
{
    const struct trv__thread_object *self = thread_of(object);

    if (self->state != TRV__STARTED)
        return NULL;
    visit(&self->thread->context, argument);
    return "is";
}

/* Attributes and methods ---------------------------------------------------------------------- */

static trv_object *get_name(const trv_args *args)
{
    return trv_thread_name(args->self);
}

static trv_object *get_daemon(const trv_args *args)
{
    return trv_bool_new(thread_of(args->self)->is_daemon);
}

static trv_object *get_number(trv_object *self, int (*ask)(trv_object *, uint64_t *))
{
    uint64_t number = 0;
    int has_number = ask(self, &number);

    if (has_number < 0)
        return NULL;
    return has_number ? trv_int_new_unsigned(number) : trv_none_new();
}

static trv_object *get_ident(const trv_args *args)
{
    return get_number(args->self, trv_thread_ident);
}

static trv_object *get_native_id(const trv_args *args)
{
    return get_number(args->self, trv_thread_native_id);
}

static trv_object *method_start(const trv_args *args)
{
    return trv_parse(args, "") < 0 || trv_thread_start(args->self) < 0 ? NULL : trv_none_new();
}

static trv_object *method_join(const trv_args *args)
{
    double timeout = TRV_FOREVER;

    if (trv_parse(args, "|d", &timeout) < 0 || trv_thread_join(args->self, timeout) < 0)
        return NULL;
    return trv_none_new();
}

static trv_object *method_is_alive(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_bool_new(trv_thread_is_alive(args->self));
}

static const struct trv__method methods[] = {
    {"daemon", NULL, get_daemon},
    {"ident", NULL, get_ident},
    {"is_alive", "is_alive(): whether it was started and has not ended", method_is_alive},
    {"join", "join(timeout=): waits until it has ended", method_join},
    {"name", NULL, get_name},
    {"native_id", NULL, get_native_id},
    {"start", "start(): starts it", method_start},
    {0},
};

int trv__thread_setattr(trv_object *self, const char *name, trv_object *value)
{
    int daemon;

    if (value && strcmp(name, "name") == 0) {
        if (!trv__expect(value, &trv__str_type, "the name of a thread"))
            return -1;
        set_name(thread_of(self), value);
        return 0;
    }
    if (!value || strcmp(name, "daemon") != 0)
        return 1;
    daemon = trv_truth(value);
    return daemon < 0 ? -1 : trv_thread_set_daemon(self, daemon);
}

static trv_object *thread_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (!args->count)
        return trv_raise(trv_TypeError, "thread() needs a callable");
    return trv_thread_new_array(args->items[0], args->items + 1, args->count - 1, args->keywords,
                                NULL);
}

TRV__READ_ONLY struct trv_type trv__thread_type = {
    .handle = trv_thread_type,
    .name = "thread",
    .doc = "thread(callable, *arguments, **keywords): a thread that will run a call",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__thread_object),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = thread_construct,
    .enders = trv__thread_enders,
    .slots = {.traverse = trv__thread_traverse,
              .clear = trv__thread_clear,
              .repr = trv__thread_repr,
              .setattr = trv__thread_setattr},
    .methods = methods,
};
TRV__READ_ONLY trv_object trv_thread_type[1] = {TRV__TYPE_HANDLE(trv__thread_type)};
