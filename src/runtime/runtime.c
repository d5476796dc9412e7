/* SPDX-License-Identifier: MIT */
/*
 * The beginning of a runtime: up in the order of struct trv_runtime's members. It ends in fini.c.
 */
#include "runtime/runtime.h"

#include "base/fault.h"

#include "trivet/runtime.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

static int fail(int error)
{
    errno = error;
    return -1;
}

static double slice_of(const trv_config *config)
{
    double slice = OPTION_GIVEN(config, switch_interval) ? config->switch_interval : 0;

    return slice == 0 ? 0.005 : slice;
}

static const char *seed_of(const trv_config *config)
{
    return OPTION_GIVEN(config, seed) && config->seed ? config->seed : getenv("TRIVET_SEED");
}

static uint8_t fini_policy_of(const trv_config *config)
{
    return OPTION_GIVEN(config, fini_policy) ? (uint8_t)MIN_OF((unsigned)config->fini_policy, 255U)
                                             : TRV_FINI_WAIT;
}

/* NaN if it is not a number. */
static double fini_timeout_of(const trv_config *config)
{
    const char *text = getenv("TRIVET_FINI_TIMEOUT");
    double timeout;
    char *end;

    if (OPTION_GIVEN(config, fini_timeout) && config->fini_timeout != 0)
        return config->fini_timeout;
    if (!text || !*text)
        return 0;
    timeout = strtod(text, &end);
    return *end ? (double)NAN : timeout;
}

/* Seconds, 0 for no watchdog; NaN if it is not a number. */
static double watchdog_of(const trv_config *config)
{
    const char *text = getenv("TRIVET_WATCHDOG");
    double limit;
    char *end;

    if (OPTION_GIVEN(config, watchdog) && config->watchdog != 0)
        return config->watchdog < 0 ? 0 : config->watchdog;
    if (!text || !*text)
        return 0;
    limit = strtod(text, &end);
    return *end ? (double)NAN : limit;
}

static bool times_locks(const trv_config *config)
{
    return (OPTION_GIVEN(config, lock_times) && config->lock_times) || watchdog_of(config) > 0;
}

/* NULL with errno. */
static struct trv_runtime *create_runtime(const trv_config *config)
{
    struct trv_runtime *runtime = FAULT() ? NULL : calloc(1, sizeof *runtime);

    if (runtime &&
        (FAULT() || pthread_key_create(&runtime->attached, trv__thread_detach_late) != 0)) {
        free(runtime);
        runtime = NULL;
    }
    if (!runtime) {
        errno = ENOMEM;
        return NULL;
    }
    trv__list_init(&runtime->threads);
    trv__list_init(&runtime->finished);
    trv__list_init(&runtime->fini_hooks);
    trv__list_init(&runtime->fd_waits);
    trv__list_init(&runtime->fd_keepers);
    runtime->holders = 1;
    runtime->fini_policy = fini_policy_of(config);
    runtime->fini_timeout = fini_timeout_of(config);
    runtime->pid = getpid();
    trv__chooser_init(&runtime->chooser, seed_of(config));
    if (trv__chooser_open(&runtime->chooser) < 0) {
        pthread_key_delete(runtime->attached);
        free(runtime);
        errno = EINVAL;
        return NULL;
    }
    if (runtime->chooser.is_seeded) /* hashes of text are part of the story */
        runtime->objects.hash_key = (struct trv__hash_key){runtime->chooser.seed, 1};
    trv__gil_init(&runtime->gil, &runtime->chooser, slice_of(config), times_locks(config));
    runtime->gil.may_spin = trv_cpu_count() > 1;
    runtime->heap = trv__heap_create(config);
    runtime->main_thread = runtime->heap ? trv__thread_create(runtime) : NULL;
    return runtime;
}

static bool is_sound(const trv_config *config)
{
    struct trv__chooser trial;
    double slice = slice_of(config);

    return (!config || config->size >= sizeof config->size) && isfinite(slice) && slice > 0 &&
           slice < 1e6 && trv__chooser_init(&trial, seed_of(config)) == 0 &&
           fini_policy_of(config) <= TRV_FINI_CANCEL && fini_timeout_of(config) >= 0 &&
           watchdog_of(config) >= 0 && watchdog_of(config) < 1e6;
}

/* Here and not in fork.c, which a program linked statically would not get: nobody else calls it. */
__attribute__((constructor)) static void at_load(void)
{
    trv__watch_forks();
}

int trv_init(const trv_config *config)
{
    struct trv_runtime *runtime;
    struct trv__thread *self;

    if (trv__current)
        return fail(EALREADY);
    if (!is_sound(config))
        return fail(EINVAL);
    runtime = create_runtime(config);
    self = runtime ? runtime->main_thread : NULL;
    if (!self) {
        if (!runtime)
            return -1;
        trv__runtime_let_go(runtime);
        return fail(ENOMEM);
    }
    self->is_main = true;
    self->pthread = pthread_self();
    self->context.stack_limit = trv__thread_stack_limit();
    atomic_store(&self->native_id, (uint32_t)gettid());
    trv__current = &self->current;
    trv__gil_take(&runtime->gil, self);
    trv__list_append(&runtime->threads, &self->link);
    trv__standstill_thread_begins(runtime);
    if (trv__objects_init(&runtime->objects) < 0) {
        trv__current = NULL;
        trv__thread_destroy(self);
        trv__runtime_let_go(runtime);
        return fail(ENOMEM);
    }
    trv__chooser_begin(&runtime->chooser);
    trv__thread_open_entrance(runtime);
    if (OPTION_GIVEN(config, handle_signals) && config->handle_signals && trv__signals_init() < 0) {
        trv_fini();
        return fail(ENOMEM);
    }
    if (watchdog_of(config) > 0 && trv__watchdog_start(runtime, watchdog_of(config)) < 0) {
        int error = errno;
        trv_fini();
        return fail(error);
    }
    return 0;
}

struct trv__stacks *trv__runtime_stacks(void)
{
    struct trv_runtime *runtime = trv__runtime();

    if (!runtime->has_stacks && trv__stacks_init(&runtime->stacks, NULL) < 0)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    runtime->has_stacks = true;
    return &runtime->stacks;
}

int trv_is_initialized(void)
{
    return trv__current != NULL;
}

double trv_time(void)
{
    return (double)trv__now_ns() / 1e9;
}
