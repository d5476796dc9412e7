/* SPDX-License-Identifier: MIT */
/*
 * Chunks of a map in a worker: as elsewhere (task/chunk.h), but what cannot travel back is the failure of its
 * own item, and not of the whole chunk.
 *
 * What is no container always can. Of anything else a pickle is made to see, and thrown away.
 */
#include "processes/crew.h"
#include "task/chunk.h"

#include "trivet/process.h"

static trv_object *check(trv_object *outcome)
{
    trv_auto trv_object *pickle = NULL;

    if (!(outcome->type->flags & TRV__TYPE_CONTAINER) && outcome->type->flags & TRV__TYPE_PLAIN)
        return trv_ref(outcome);
    pickle = trv_is_none(outcome) ? trv_none_new() : trv_pickle_dumps(outcome);
    return pickle ? trv_ref(outcome) : NULL;
}

TRV_DEFINE_FUNCTION_(TRV__READ_ONLY, trv__process_chunk,
                     "map_chunk(callable, items): each item's outcome, fit for travel")
{
    return trv__chunk_run(args, check);
}
