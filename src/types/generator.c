/* SPDX-License-Identifier: MIT */
/*
 * Generators: a function on a stack of its own, entered and left by switching stacks.
 *
 * A generator has no flow of control of its own: it runs within the context (thread or coroutine) that
 * asks for an item, which for so long runs on the generator's stack: context->stack says so. So a
 * coroutine that parks inside a generator parks the whole chain, without knowing of it, and the
 * pending exception, the scopes and the task are those of whoever resumed it.
 *
 *     PAUSED --resume--> RUNNING --trv_yield--> PAUSED        its stack is parked in trv_yield
 *     NEW    --resume--> RUNNING --return-----> ENDED         NEW and ENDED have no stack
 *
 * `value` is how one side hands something to the other over a switch: what is sent, what is
 * yielded, what is returned. An exception travels as the context's pending one.
 *
 * What is a matter of nesting must be left as it was found when a generator pauses, because the next
 * resume may come from elsewhere: a pause inside a cancel scope or a callback that was begun in
 * the generator is refused. The exception being handled is swapped on both ways, as in Python.
 *
 * What a paused stack refers to is not visible to the collector: those references are roots, and a
 * generator that is dropped is closed by its finalizer, which unwinds them. Unlike a coroutine's task it
 * is closed at once, in the context that dropped it, as Python does: the cleanup is seen in order.
 */
#include "types/generator.h"

#include "object/exception.h"
#include "stack/stack.h"
#include "types/iterator.h"

#include "trivet/exception.h"
#include "trivet/generator.h"

#include "base/fault.h"

/* Generators inside each other: each has a stack, and below their number the memory must not end. */
#define DEPTH_MOST 4000

/* The states, as this file calls them. */
enum {
    NEW = TRV__GENERATOR_NEW,
    PAUSED = TRV__GENERATOR_PAUSED,
    RUNNING = TRV__GENERATOR_RUNNING,
    ENDED = TRV__GENERATOR_ENDED
};

static struct trv__generator *generator_of(trv_object *object)
{
    return (struct trv__generator *)(void *)object;
}

/* Running --------------------------------------------------------------------------------------------- */

/* A StopIteration that leaves the function would look like its end (PEP 479). */
static void replace_stop_iteration(void)
{
    trv_auto trv_object *stop = NULL;
    trv_auto trv_object *arguments = NULL;
    trv_auto trv_object *error = NULL;

    if (!trv_error_matches(trv_StopIteration))
        return;
    stop = trv_error_take();
    arguments = trv_build("(s)", "generator raised StopIteration");
    error = trv_exception_new(trv_RuntimeError, arguments);
    if (error && trv_exception_set_cause(error, stop) == 0)
        trv__error_give_with(trv_steal(&error), stop);
}

static void generator_main(void *argument)
{
    struct trv__generator *self = argument;
    size_t count;
    trv_object *const *items = trv__tuple_items(self->arguments, &count);

    self->value = trv_call_array(self->callable, items, count, self->keywords);
    if (!self->value)
        replace_stop_iteration();
    self->state = ENDED;
    trv__stack_switch_final(self->stack, self->caller);
}

/* Gives it a stack to begin on. */
static int prepare(struct trv__generator *self)
{
    struct trv__stacks *stacks = trv__runtime_stacks();

    if (!stacks)
        return -1;
    self->stack = FAULT() ? NULL : trv__stack_acquire(stacks, 0);
    if (!self->stack)
        return trv_raise_int(trv_MemoryError, "out of memory");
    trv__stack_prepare(self->stack, generator_main, self);
    return 0;
}

/* What it no longer needs once it has ended, or will never begin. */
static void end(struct trv__generator *self)
{
    self->state = ENDED;
    if (self->stack)
        trv__stack_release(trv__runtime_stacks(), self->stack);
    self->stack = NULL;
    trv_clear(&self->callable);
    trv_clear(&self->arguments);
    trv_clear(&self->keywords);
    trv_clear(&self->handled);
}

static void swap_handled(struct trv__generator *self, struct trv__context *context)
{
    trv_object *handled = self->handled;

    self->handled = context->handled;
    context->handled = handled;
}

/* After a switch back that was no pause. */
static __attribute__((noinline)) int ended(struct trv__generator *self, trv_object **item)
{
    bool has_failed = !self->value;

    *item = trv_steal(&self->value);
    if (self->drops_result)
        trv_clear(item);
    end(self);
    return has_failed ? -1 : 0;
}

/* What must be looked at before a resume that is no plain one. */
static __attribute__((noinline)) int may_run(struct trv__generator *self)
{
    const struct trv__generator *outer = trv__current->context->generator;

    if (self->state == RUNNING)
        return trv_raise_int(trv_ValueError, "generator already executing");
    if (outer && outer->depth >= DEPTH_MOST)
        return trv__raise_recursion(" in generators inside each other");
    (void)trv__context_stack();
    return self->state == NEW ? prepare(self) : 0;
}

/* After the switch back: puts the context where it was, and answers as trv_generator_send. */
static int after_run(void *argument)
{
    struct trv__generator *self = argument;
    struct trv__context *context = trv__current->context;
    int answer = 1;

    context->generator = self->outer;
    context->stack = self->caller;
    context->stack_limit = self->caller_limit;
    if (UNLIKELY(self->handled != context->handled))
        swap_handled(self, context);
    if (LIKELY(self->state == PAUSED))
        *self->item = trv_steal(&self->value);
    else
        answer = ended(self, self->item);
    trv_unref((trv_object *)self);
    return answer;
}

/* Goes on with `value`, whose reference is taken over, or with the pending exception for NULL.
 * Answers as trv_generator_send; the state is not ENDED. */
static inline __attribute__((always_inline)) int resume_take(struct trv__generator *self,
                                                             trv_object *value, trv_object **item)
{
    struct trv__context *context = trv__current->context;

    if ((UNLIKELY(self->state != PAUSED) || UNLIKELY(!context->stack) ||
         UNLIKELY(context->generator != NULL)) &&
        may_run(self) < 0) {
        trv_unref(value);
        return -1;
    }
    trv_ref((trv_object *)self);
    self->value = value;
    self->item = item;
    self->state = RUNNING;
    self->caller = context->stack;
    self->caller_limit = context->stack_limit;
    self->outer = context->generator;
    self->depth = self->outer ? self->outer->depth + 1 : 1;
    self->scope = context->scope;
    self->no_switch = context->no_switch;
    if (UNLIKELY(self->handled != context->handled))
        swap_handled(self, context);
    context->generator = self;
    context->stack = self->stack;
    context->stack_limit = self->stack->limit + TRV__STACK_RESERVE;
    return TRV__STACK_SWITCH_THEN(int, self->caller, self->stack, after_run, self);
}

/* Pausing --------------------------------------------------------------------------------------------- */

__attribute__((noinline)) trv_object *trv__raise_may_not_pause(const struct trv__generator *self)
{
    if (!self)
        return trv_raise(trv_RuntimeError, "trv_yield outside a generator");
    if (trv__current->context->no_switch != self->no_switch)
        return trv_raise(trv_RuntimeError, "a finalizer or callback cannot yield");
    return trv_raise(trv_RuntimeError, "a generator cannot yield inside its own cancel scope");
}

/* After the next resume: what came with it. */
static void *after_pause(void *argument)
{
    struct trv__generator *self = argument;

    return trv_steal(&self->value);
}

trv_object *trv__generator_handled(const struct trv__generator *generator)
{
    for (; generator; generator = generator->outer)
        if (generator->handled)
            return generator->handled;
    return NULL;
}

trv_object *trv_yield(trv_object *value)
{
    const struct trv__context *context = trv__current->context;
    struct trv__generator *self = context->generator;

    if (UNLIKELY(!value) && !trv__given(value, "trv_yield"))
        return NULL;
    if (UNLIKELY(!self || context->scope != self->scope || context->no_switch != self->no_switch))
        return trv__raise_may_not_pause(self);
    self->value = trv_ref(value);
    self->state = PAUSED;
    return TRV__STACK_SWITCH_THEN(pointer, self->stack, self->caller, after_pause, self);
}

/* The public interface -------------------------------------------------------------------------------- */

static struct trv__generator *expect_generator(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__generator_type, function) ? generator_of(object) : NULL;
}

static trv_object *create_take(trv_object *callable, trv_object *arguments, trv_object *keywords)
{
    struct trv__generator *self = trv__container_new(&trv__generator_type, sizeof *self);

    if (!self) {
        trv_unref(arguments);
        return NULL;
    }
    memset(&self->state, 0, sizeof *self - offsetof(struct trv__generator, state));
    self->callable = trv_ref(callable);
    self->arguments = arguments;
    self->keywords = trv_ref(keywords);
    trv__track(self);
    return (trv_object *)self;
}

static bool is_sound(trv_object *callable)
{
    if (!trv__given(callable, "trv_generator_new"))
        return false;
    if (trv_callable(callable))
        return true;
    trv_raise(trv_TypeError, "'%s' object is not callable", trv_type_name(callable));
    return false;
}

trv_object *trv_generator_new(trv_object *callable, const char *format, ...)
{
    trv_object *arguments;
    va_list list;

    if (!is_sound(callable))
        return NULL;
    va_start(list, format);
    arguments = trv__build_arguments(format, &list);
    va_end(list);
    return arguments ? create_take(callable, arguments, NULL) : NULL;
}

trv_object *trv_generator_new_array(trv_object *callable, trv_object *const *items, size_t count,
                                    trv_object *keywords)
{
    trv_object *arguments = is_sound(callable) ? trv_tuple_new(items, count) : NULL;

    return arguments ? create_take(callable, arguments, keywords) : NULL;
}

int trv_generator_send(trv_object *generator, trv_object *value, trv_object **item)
{
    struct trv__generator *self = expect_generator(generator, "trv_generator_send");

    *item = NULL;
    if (!self || (UNLIKELY(!value) && !trv__given(value, "trv_generator_send")))
        return -1;
    if (UNLIKELY(self->state == ENDED)) {
        *item = trv_none_new();
        return 0;
    }
    if (UNLIKELY(self->state == NEW) && !trv_is_none(value))
        return trv_raise_int(trv_TypeError,
                             "can't send non-None value to a just-started generator");
    self->drops_result = false;
    return resume_take(self, trv_ref(value), item);
}

int trv_generator_throw(trv_object *generator, trv_object *exception, trv_object **item)
{
    struct trv__generator *self = expect_generator(generator, "trv_generator_throw");

    *item = NULL;
    if (!self)
        return -1;
    if (self->state == RUNNING)
        return trv_raise_int(trv_ValueError, "generator already executing");
    if (!exception || !trv__is_exception(exception))
        return trv_minus_one_(trv_raise_object(exception));
    /* It comes out of the yield as it is: what the caller handles is no context of it. */
    trv__error_give_with(trv_ref(exception), self->handled);
    if (self->state != PAUSED) {
        end(self);
        return -1;
    }
    self->drops_result = false;
    return resume_take(self, NULL, item);
}

/* GeneratorExit(); or MemoryError, which ends the generator as well. */
static void raise_exit(void)
{
    trv_auto trv_object *error = trv_exception_new(trv_GeneratorExit, NULL);

    if (error)
        (void)trv_raise_object(error);
}

int trv_generator_close(trv_object *generator)
{
    struct trv__generator *self = expect_generator(generator, "trv_generator_close");
    trv_object *item;
    int answer;

    if (!self)
        return -1;
    if (self->state == RUNNING)
        return trv_raise_int(trv_ValueError, "generator already executing");
    if (self->state != PAUSED) {
        end(self);
        return 0;
    }
    raise_exit();
    item = NULL;
    self->drops_result = true;
    answer = resume_take(self, NULL, &item);
    trv_unref(item);
    if (answer > 0)
        return trv_raise_int(trv_RuntimeError, "generator ignored GeneratorExit");
    if (answer < 0 &&
        !(trv_error_matches(trv_GeneratorExit) || trv_error_matches(trv_StopIteration)))
        return -1;
    trv_error_clear();
    return 0;
}

int trv_generator_running(trv_object *generator)
{
    const struct trv__generator *self = expect_generator(generator, "trv_generator_running");

    return self ? self->state == RUNNING : -1;
}

/* Slots ------------------------------------------------------------------------------------------------ */

static int generator_next(trv_object *object, trv_object **item)
{
    struct trv__generator *self = generator_of(object);

    *item = NULL;
    if (UNLIKELY(self->state == ENDED))
        return 0;
    self->drops_result = true;
    return resume_take(self, trv_none_new(), item);
}

static int generator_traverse(trv_object *object, trv_visit visit, void *argument)
{
    struct trv__generator *self = generator_of(object);
    trv_object *const held[] = {self->callable, self->arguments, self->keywords, self->value,
                                self->handled};
    int answer = 0;

    for (size_t i = 0; i < sizeof held / sizeof *held && !answer; i++)
        answer = held[i] ? visit(held[i], argument) : 0;
    return answer;
}

static void generator_clear(trv_object *object)
{
    struct trv__generator *self = generator_of(object);

    trv_clear(&self->value);
    end(self);
}

static void generator_finalize(trv_object *object)
{
    (void)trv_generator_close(object);
}

static trv_object *generator_repr(trv_object *object)
{
    trv_object *callable = generator_of(object)->callable;

    return trv_str_printf("<generator object %s at %p>",
                          callable ? trv_function_name(callable) : "(ended)", (void *)object);
}

/* What the methods answer in Python's way: an item, or StopIteration with the result. */
static trv_object *item_or_stop(int answer, trv_object *item)
{
    trv_auto trv_object *result = answer == 0 ? item : NULL;
    trv_auto trv_object *arguments = NULL;
    trv_auto trv_object *stop = NULL;

    if (answer != 0)
        return item;
    arguments = trv_is_none(result) ? trv_build("()") : trv_build("(o)", result);
    stop = trv_exception_new(trv_StopIteration, arguments);
    return stop ? trv_raise_object_at_(NULL, 0, NULL, stop, NULL) : NULL;
}

static trv_object *method_send(const trv_args *args)
{
    trv_object *value, *item = NULL;
    int answer;

    if (trv_parse(args, "o", &value) < 0)
        return NULL;
    answer = trv_generator_send(args->self, value, &item);
    return item_or_stop(answer, item);
}

static trv_object *method_throw(const trv_args *args)
{
    trv_object *exception, *item = NULL;
    int answer;

    if (trv_parse(args, "o", &exception) < 0)
        return NULL;
    answer = trv_generator_throw(args->self, exception, &item);
    return item_or_stop(answer, item);
}

static trv_object *method_close(const trv_args *args)
{
    return trv_parse(args, "") < 0 || trv_generator_close(args->self) < 0 ? NULL : trv_none_new();
}

static trv_object *get_running(const trv_args *args)
{
    return trv_bool_new(generator_of(args->self)->state == RUNNING);
}

static trv_object *get_suspended(const trv_args *args)
{
    return trv_bool_new(generator_of(args->self)->state == PAUSED);
}

static trv_object *get_yieldfrom(const trv_args *args)
{
    const struct trv__generator *self = generator_of(args->self);

    return self->inner && self->state == PAUSED ? trv_ref(self->inner) : trv_none_new();
}

static trv_object *get_name(const trv_args *args)
{
    trv_object *callable = generator_of(args->self)->callable;

    return callable ? trv_str_new(trv_function_name(callable)) : trv_none_new();
}

static const struct trv__method generator_methods[] = {
    {"__name__", NULL, get_name},
    {"gi_running", NULL, get_running},
    {"gi_suspended", NULL, get_suspended},
    {"gi_yieldfrom", NULL, get_yieldfrom},
    {"send", "send(value, /): goes on with value", method_send},
    {"throw", "throw(exception, /): goes on with an exception", method_throw},
    {"close", "close(): ends it", method_close},
    {NULL, NULL, NULL},
};

static trv_object *generator_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

TRV__READ_ONLY struct trv_type trv__generator_type = {
    .handle = trv_generator_type,
    .name = "generator",
    .doc = "an iterator whose items are made by a function that pauses",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__generator),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_EXACT_NEXT,
    .slots = {.traverse = generator_traverse,
              .clear = generator_clear,
              .finalize = generator_finalize,
              .repr = generator_repr,
              .iter = trv__iterator_iter,
              .next = generator_next},
    .methods = generator_methods,
    .construct = generator_construct,
};
TRV__READ_ONLY trv_object trv_generator_type[1] = {TRV__TYPE_HANDLE(trv__generator_type)};
