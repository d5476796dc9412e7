/* SPDX-License-Identifier: MIT */
/*
 * Words for what an exception refers to.
 */
#include "inspect/graph.h"
#include "object/exception.h"

const char *trv__exception_edge(const trv_object *from, const trv_object *to)
{
    const struct trv__exception *exception = (const void *)from;

    if (to == exception->args)
        return "args";
    if (to == exception->cause)
        return "__cause__";
    if (to == exception->context)
        return "__context__";
    return to == exception->attributes ? "__dict__" : NULL;
}
