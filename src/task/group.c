/* SPDX-License-Identifier: MIT */
/*
 * Task groups: calls that end together, on any executor or on the loop of the calling coroutine.
 *
 * A group has a child for each call that is not done, which watches the call's future. A child that
 * fails cancels its siblings and, inside TRV_WITH, the block: its scope is cancelled, so that what
 * it waits for ends. Nobody has to be in trv_group_join for that. Who joins is back when no child is
 * left, whatever happens: if he is cancelled, or told of a deadlock, he cancels the children and
 * waits for them out of reach of his scopes.
 *
 * What fails is raised in an ExceptionGroup, be it one call, several, or the block: whoever handles it need
 * not know how many there were, and no failure is lost because another came first.
 *
 * Invariant: a child is in `children` until its future is done. Then it is in `failed`, if the future
 * has an exception, in the order in which they came; or gone. Children are moved by their futures, in the
 * middle of whatever completes these, so nothing there may fail or run a user's code, apart from
 * callbacks of futures that are cancelled.
 */
#include "task/watch.h"

#include "trivet/coroutine.h"
#include "trivet/exception.h"

struct group {
    TRV__HEAD;
    bool is_cancelled;         /* so are children that come too late */
    bool is_over;              /* was joined: takes no more */
    bool is_entered;           /* inside TRV_WITH: `scope` is around the block */
    trv_object *executor;      /* owned; NULL: the loop of whoever spawns */
    struct trv__list children; /* struct child */
    struct trv__list failed;   /* struct child */
    struct trv__list waiters;  /* who joins */
    trv_scope scope;
};

struct child {
    struct trv__list link; /* in group->children or group->failed */
    struct trv__watch watch;
    struct group *group;       /* borrowed: the group drops its children before it goes */
    bool was_helped, was_told; /* already */
};

extern struct trv_type trv__group_type;

static struct group *group_of(trv_object *object)
{
    return (struct group *)(void *)object;
}

static struct child *child_at(struct trv__list *node)
{
    return CONTAINER_OF(node, struct child, link);
}

static struct group *expect_group(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__group_type, function) ? group_of(object) : NULL;
}

/* Children ---------------------------------------------------------------------------------------- */

static void drop_child(struct child *child)
{
    trv_object *future = (trv_object *)child->watch.future;

    trv__list_remove(&child->link);
    trv__list_remove(&child->watch.link);
    trv__free(child, sizeof *child);
    trv_unref(future);
}

/* Cancelling ends some at once, and with them whatever their callbacks do: so each is looked for anew. */
static void cancel_children(struct group *group)
{
    bool has_found = true;

    while (has_found) {
        has_found = false;
        LIST_EACH(node, &group->children) {
            struct trv__future *future = child_at(node)->watch.future;
            if (child_at(node)->was_told)
                continue;
            has_found = child_at(node)->was_told = true;
            trv_ref((trv_object *)future);
            (void)trv_future_cancel((trv_object *)future);
            trv_unref((trv_object *)future);
            break;
        }
    }
}

static void cancel_group(struct group *group)
{
    group->is_cancelled = true;
    if (group->is_entered)
        trv__scope_cancel(&group->scope);
    cancel_children(group);
}

/* A child's future is done. */
static void child_done(struct trv__watch *watch)
{
    struct child *child = CONTAINER_OF(watch, struct child, watch);
    struct group *group = child->group;
    bool has_failed = watch->future->exception != NULL;

    watch->future->was_observed = true;
    trv_ref((trv_object *)group);
    if (has_failed) {
        trv__list_remove(&child->link);
        trv__list_append(&group->failed, &child->link);
    } else {
        drop_child(child);
    }
    if (has_failed && !group->is_cancelled)
        cancel_group(group);
    if (trv__list_is_empty(&group->children))
        trv__wake_all(&group->waiters);
    trv_unref((trv_object *)group);
}

/* Spawning ------------------------------------------------------------------------------------------ */

static int check_open(const struct group *group)
{
    if (group->is_over)
        return trv_raise_int(trv_RuntimeError, "the group was joined and takes no more calls");
    if (group->is_cancelled)
        return trv_raise_int(trv_RuntimeError, "the group was cancelled and takes no more calls");
    return 0;
}

/* Takes care of a future: drops `child`, which is empty, if there is nothing to do. */
static void adopt(struct group *group, struct child *child, trv_object *object)
{
    struct trv__future *future = (struct trv__future *)(void *)object;

    *child = (struct child){.group = group, .watch = {.future = future, .done = child_done}};
    trv_ref(object);
    trv__list_init(&child->link);
    trv__list_init(&child->watch.link);
    trv__list_append(&group->children, &child->link);
    if (trv__future_is_done(future)) {
        child_done(&child->watch);
        return;
    }
    trv__list_append(&future->watches, &child->watch.link);
    if (UNLIKELY(group->is_cancelled)) /* meanwhile, by the inline executor or another thread */
        cancel_children(group);
}

static trv_object *spawn(struct group *group, trv_object *callable, trv_object *const *items,
                         size_t count, trv_object *keywords)
{
    struct child *child;
    trv_object *future;

    if (check_open(group) < 0 || !(child = trv__allocate(sizeof *child)))
        return NULL;
    trv_ref((trv_object *)group);
    future = group->executor ? trv_submit_array(group->executor, callable, items, count, keywords)
                             : trv_spawn_array(callable, items, count, keywords);
    if (future)
        adopt(group, child, future);
    else
        trv__free(child, sizeof *child);
    trv_unref((trv_object *)group);
    return future;
}

trv_object *trv_group_spawn_array(trv_object *object, trv_object *callable,
                                  trv_object *const *items, size_t count, trv_object *keywords)
{
    struct group *group = expect_group(object, "trv_group_spawn_array");

    return group ? spawn(group, callable, items, count, keywords) : NULL;
}

trv_object *trv_group_spawn(trv_object *object, trv_object *callable, const char *format, ...)
{
    struct group *group = expect_group(object, "trv_group_spawn");
    trv_auto trv_object *arguments = NULL;
    trv_object *const *items;
    va_list list;
    size_t count;

    if (!group)
        return NULL;
    va_start(list, format);
    arguments = trv__build_arguments(format, &list);
    va_end(list);
    if (!arguments)
        return NULL;
    items = trv__tuple_items(arguments, &count);
    return spawn(group, callable, items, count, NULL);
}

/* Joining ---------------------------------------------------------------------------------------------- */

/* Where nobody else might begin what has not begun: see trv__future.help. Each child is asked once, and all
 * anew after one that ran here. 0, or -1 with an exception. */
static int help_children(struct group *group)
{
    int answer = 1;

    while (answer > 0) {
        answer = 0;
        LIST_EACH(node, &group->children) {
            struct child *child = child_at(node);
            struct trv__future *future = child->watch.future;
            bool is_alone = group->children.next == group->children.previous;
            if (!future->help || child->was_helped)
                continue;
            child->was_helped = true;
            trv_ref((trv_object *)future);
            answer = future->help(future, is_alone);
            trv_unref((trv_object *)future);
            if (!answer)
                answer = 1; /* others may have come or gone */
            break;
        }
    }
    return answer;
}

static int wait_for_children(struct group *group)
{
    struct trv__waiter waiter;

    if (trv__scope_deadline() == TRV__NEVER && help_children(group) < 0)
        return -1;
    while (!trv__list_is_empty(&group->children))
        switch (trv__wait_in(&group->waiters, &waiter, (trv_object *)group, TRV__NEVER)) {
        case TRV__WOKEN:
        case TRV__TIMED_OUT:
            break;
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        }
    return 0;
}

/* Waits until no child is left. An exception that comes meanwhile is pending afterwards. */
static void wait_to_the_end(struct group *group)
{
    trv_object *error;
    trv_scope shield;

    if (trv__check_cancelled() == 0 && wait_for_children(group) == 0)
        return;
    error = trv_error_take();
    cancel_group(group);
    trv__scope_push_shield(&shield);
    if (wait_for_children(group) < 0)
        trv_error_clear(); /* what came first is told */
    trv__scope_pop(&shield);
    trv__error_give(error);
}

/* Failures ------------------------------------------------------------------------------------------------ */

static bool ends_the_program(const trv_object *exception)
{
    return trv__type_derives(exception->type, trv__type_of_handle(trv_KeyboardInterrupt)) ||
           trv__type_derives(exception->type, trv__type_of_handle(trv_SystemExit));
}

/* Whether an exception is a failure of its own, and not how somebody is told to stop. */
static bool is_failure(const trv_object *exception)
{
    return exception &&
           !trv__type_derives(exception->type, trv__type_of_handle(trv_CancelledError));
}

/* Raises what is to end the program as it is, anything else in a group. */
static int raise_list(trv_object *failures)
{
    trv_auto trv_object *group = NULL;
    trv_object *const *items;
    size_t count;

    items = trv__list_items(failures, &count);
    for (size_t i = 0; i < count; i++)
        if (ends_the_program(items[i]))
            return trv_minus_one_(trv_raise_object(items[i]));
    group = trv_exception_group_new("unhandled errors in a TaskGroup", failures);
    return group ? trv_minus_one_(trv_raise_from(group, trv_none_new())) : -1;
}

/* Raises what has failed: calls, the block (`of_block`, or NULL) and whoever joins, whose exception is
 * pending; that alone if it is a cancellation. 0 if nothing has. */
static int raise_failures(struct group *group, trv_object *of_block)
{
    trv_auto trv_object *failures = NULL, *pending = trv_error_take();

    if (trv__list_is_empty(&group->failed) && !is_failure(of_block) && !is_failure(pending)) {
        trv_error_restore(pending);
        return pending ? -1 : 0;
    }
    if (!(failures = trv_group_failures((trv_object *)group)) ||
        (is_failure(of_block) && trv_list_append(failures, of_block) < 0) ||
        (is_failure(pending) && trv_list_append(failures, pending) < 0))
        return -1;
    return raise_list(failures);
}

static int join(struct group *group, trv_object *of_block)
{
    int answer;

    if (!trv__list_is_empty(&group->children)) {
        if (trv__may_block("group_join") < 0)
            return -1;
        trv_ref((trv_object *)group);
        wait_to_the_end(group);
        group->is_over = trv__list_is_empty(&group->children);
        answer = raise_failures(group, of_block);
        trv_unref((trv_object *)group);
        return answer;
    }
    group->is_over = true;
    return raise_failures(group, of_block);
}

int trv_group_join(trv_object *object)
{
    struct group *group = expect_group(object, "trv_group_join");

    return group ? join(group, NULL) : -1;
}

int trv_group_cancel(trv_object *object)
{
    struct group *group = expect_group(object, "trv_group_cancel");

    if (!group)
        return -1;
    trv_ref(object);
    cancel_group(group);
    trv_unref(object);
    return 0;
}

trv_object *trv_group_failures(trv_object *object)
{
    struct group *group = expect_group(object, "trv_group_failures");
    trv_object *list = group ? trv_list_new() : NULL;

    if (list)
        LIST_EACH(node, &group->failed)
            if (trv_list_append(list, child_at(node)->watch.future->exception) < 0) {
                trv_clear(&list);
                break;
            }
    return list;
}

/* The block -------------------------------------------------------------------------------------------- */

static int group_enter(trv_object *self)
{
    struct group *group = group_of(self);

    if (group->is_entered)
        return trv_raise_int(trv_RuntimeError, "the group was entered already");
    if (check_open(group) < 0 || trv_scope_begin(&group->scope, TRV_FOREVER) < 0)
        return -1;
    group->is_entered = true;
    return 0;
}

/* A CancelledError that comes of the group's own cancellation ends with the block. */
static int group_exit(trv_object *self, trv_object *exception)
{
    struct group *group = group_of(self);
    bool was_cancelled = trv_scope_cancelled(&group->scope), is_own;

    if (trv_scope_end(&group->scope) < 0)
        return -1;
    group->is_entered = false;
    if (exception)
        cancel_group(group);
    if (join(group, exception) < 0)
        return -1;
    is_own = exception && was_cancelled && trv_isinstance(exception, trv_CancelledError) > 0;
    return is_own && trv__check_cancelled() == 0;
}

/* Life -------------------------------------------------------------------------------------------------- */

static int group_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct group *group = group_of(self);
    int answer = group->executor ? visit(group->executor, argument) : 0;

    for (int i = 0; i < 2 && !answer; i++)
        LIST_EACH(node, i ? &group->failed : &group->children)
            if ((answer = visit((trv_object *)child_at(node)->watch.future, argument)))
                break;
    return answer;
}

/* Nobody will join it: what runs is told to stop, and nobody asks how it ends. */
static void group_clear(trv_object *self)
{
    struct group *group = group_of(self);

    while (!trv__list_is_empty(&group->children)) {
        struct child *child = child_at(group->children.next);
        trv_object *future = trv_ref((trv_object *)child->watch.future);
        child->watch.future->was_observed = true;
        drop_child(child);
        (void)trv_future_cancel(future);
        trv_unref(future);
    }
    while (!trv__list_is_empty(&group->failed))
        drop_child(child_at(group->failed.next));
    trv_clear(&group->executor);
}

static trv_object *group_repr(trv_object *self)
{
    size_t left = 0, failed = 0;

    LIST_EACH(node, &group_of(self)->children)
        left++;
    LIST_EACH(node, &group_of(self)->failed)
        failed++;
    return trv_str_printf("<group at %p: %zu to be waited for, %zu failed>", (void *)self, left,
                          failed);
}

/* All children have to end; what could end each of them is told of. */
static const char *group_enders(trv_object *self, trv__ender_visit *visit, void *argument)
{
    LIST_EACH(node, &group_of(self)->children) {
        trv_object *future = (trv_object *)child_at(node)->watch.future;
        if (!trv__future_type.enders(future, visit, argument))
            return NULL;
    }
    return "runs for the group";
}

static trv_object *group_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_object *executor = NULL;

    return trv_parse(args, "|o", &executor) < 0 ? NULL : trv_group_new(executor);
}

static TRV__READ_ONLY trv_object group_handle[1];
TRV__READ_ONLY struct trv_type trv__group_type = {
    .handle = group_handle,
    .name = "group",
    .doc = "group(executor=): calls that end together",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct group),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = group_construct,
    .enders = group_enders,
    .slots =
        {
            .traverse = group_traverse,
            .clear = group_clear,
            .repr = group_repr,
            .enter = group_enter,
            .exit = group_exit,
        },
};
static TRV__READ_ONLY trv_object group_handle[1] = {TRV__TYPE_HANDLE(trv__group_type)};

trv_object *trv_group_new(trv_object *executor)
{
    struct group *group;

    if (executor ? !trv__expect(executor, &trv__executor_type, "trv_group_new")
                 : trv_error_occurred())
        return NULL;
    if (!(group = trv__container_new(&trv__group_type, sizeof *group)))
        return NULL;
    trv__list_init(&group->children);
    trv__list_init(&group->failed);
    trv__list_init(&group->waiters);
    group->executor = trv_ref(executor);
    trv__track(group);
    return (trv_object *)group;
}
