/* SPDX-License-Identifier: MIT */
/*
 * Looking into the heap of a running program: which objects there are, and what refers to what.
 *
 * Nothing here runs code of a user, unless it says so. What is returned holds references of its own,
 * which are counted like all others while you look.
 */
#ifndef TRIVET_INSPECT_H
#define TRIVET_INSPECT_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* The collector's view -------------------------------------------------------------------- */

/* The objects that the collector watches, of one generation (0, 1, 2) or of all (-1).
 * Returns: a list, which is not among them. Raises: ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_objects(int generation);
/* The watched objects that refer to at least one of these. Returns: a list, as trv_gc_objects. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_referrers(trv_object *const *objects, size_t count);
/* What these objects refer to, each as often as it is referred to. Returns: a list. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_referents(trv_object *const *objects, size_t count);

TRV_END_DECLARATIONS

#endif
