/* SPDX-License-Identifier: MIT */
/*
 * Which threads there are: the current one, the main one, all of them.
 *
 * The runtime's list of threads is the truth. A thread that was not made with trv_thread_new gets an
 * object when somebody asks for it, and keeps it until it ends: a name that was given stays, and two
 * questions have one answer.
 *
 * The main thread counts as ended once trv_fini has begun, so that threads which join it end.
 */
#include "threads/thread.h"

static bool has_ended(const struct trv__thread *thread)
{
    return thread->is_main && trv__runtime()->is_ending;
}

static trv_object *name_of(const struct trv__thread *thread)
{
    if (thread->is_main)
        return trv_str_new("MainThread");
    if (thread->name[0])
        return trv_str_new(thread->name);
    return trv_str_printf(thread->was_started ? "Thread-%zu" : "Dummy-%zu",
                          ++trv__runtime()->threads_named);
}

static struct trv__thread_object *create(struct trv__thread *thread)
{
    trv_object *name = name_of(thread);
    struct trv__thread_object *self =
        name ? trv__container_new(&trv__thread_type, sizeof *self) : NULL;

    if (!self) {
        trv_unref(name);
        return NULL;
    }
    trv__list_init(&self->joiners);
    self->name = name;
    self->is_daemon = thread->was_started ? thread->is_daemon : !thread->is_main;
    self->state = TRV__STARTED;
    self->thread = thread;
    trv__track(self);
    return self;
}

struct trv__thread_object *trv__thread_known(struct trv__thread *thread)
{
    if (!thread->object) {
        thread->object = (trv_object *)create(thread);
        thread->ended = trv__thread_object_ended;
        if (has_ended(thread))
            trv__thread_ended(thread);
    }
    return (struct trv__thread_object *)(void *)thread->object;
}

trv_object *trv_thread_current(void)
{
    return trv_ref((trv_object *)trv__thread_known(trv__thread_self()));
}

trv_object *trv_thread_main(void)
{
    return trv_ref((trv_object *)trv__thread_known(trv__runtime()->main_thread));
}

trv_object *trv_thread_enumerate(void)
{
    trv_auto trv_object *list = trv_list_new();

    if (!list)
        return NULL;
    LIST_EACH(node, &trv__runtime()->threads) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        struct trv__thread_object *object;
        if (has_ended(thread))
            continue;
        object = trv__thread_known(thread);
        if (!object || trv_list_append(list, (trv_object *)object) < 0)
            return NULL;
    }
    return trv_steal(&list);
}

size_t trv_thread_active_count(void)
{
    size_t count = 0;

    LIST_EACH(node, &trv__runtime()->threads)
        count += !has_ended(CONTAINER_OF(node, struct trv__thread, link));
    return count;
}
