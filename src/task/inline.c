/* SPDX-License-Identifier: MIT */
/*
 * The inline executor: runs each call at once, in the caller. The sequential baseline, and the
 * simplest leg there can be.
 *
 * What the call raises goes into the future, as on every leg; what is pending in the caller stays so.
 * The cancel scopes around the caller are around the call, too. It has no state but the flag that says
 * it was shut down, and there is never anything to wait for.
 */
#include "task/task.h"

static int inline_submit_take(struct trv__executor *executor TRV_UNUSED, struct trv__call *call)
{
    trv__call_run(call);
    return 0;
}

static int inline_shutdown(struct trv__executor *executor TRV_UNUSED, bool wait TRV_UNUSED,
                           bool cancel_pending TRV_UNUSED, int64_t deadline_ns TRV_UNUSED)
{
    return 0;
}

static size_t inline_workers(struct trv__executor *executor TRV_UNUSED)
{
    return 1;
}

static const struct trv__executor_operations operations = {inline_submit_take, inline_shutdown,
                                                           inline_workers, NULL, NULL};

static TRV__READ_ONLY trv_object inline_handle[1];
static TRV__READ_ONLY struct trv_type inline_type = {
    .handle = inline_handle,
    .name = "inline_executor",
    .doc = "runs each call at once, in the caller",
    .base = &trv__executor_type,
    .instance_bytes = sizeof(struct trv__executor),
    .flags = TRV__TYPE_FINAL,
    .construct = trv__executor_construct,
    .slots = {.enter = trv__executor_enter, .exit = trv__executor_exit},
};
static TRV__READ_ONLY trv_object inline_handle[1] = {TRV__TYPE_HANDLE(inline_type)};

bool trv__executor_is_inline(const struct trv__executor *executor)
{
    return executor->operations == &operations;
}

trv_object *trv_inline_executor_new(void)
{
    struct trv__executor *executor = trv__object_new(&inline_type, sizeof *executor);

    if (!executor)
        return NULL;
    executor->operations = &operations;
    executor->is_shut_down = false;
    return (trv_object *)executor;
}
