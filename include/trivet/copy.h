/* SPDX-License-Identifier: MIT */
/*
 * Copies, as Python's module `copy` makes them.
 *
 * What cannot change (None, numbers, strs, bytes, ranges, functions, types) is its own copy. An instance of a
 * class is copied by its methods __copy__() and __deepcopy__(memo), the memo being for
 * trv_deepcopy_with; without them, by what __reduce_ex__ says, which for a class means its attributes and
 * slots, or what its __getstate__ gives and its __setstate__ takes. A type defined in C with data says
 * with its `copy` slot how its instances are copied; without one they cannot be. In a
 * deep copy the slot is given a memo:
 *
 *     static trv_object *node_copy(trv_object *self, trv_object *memo)
 *     {
 *         trv_auto trv_object *copy = trv_call(node_type, "");
 *         struct node *from = trv_data(self, node_type), *to = copy ? trv_data(copy, node_type) : NULL;
 *
 *         if (!to || (memo && trv_memo_set(memo, self, copy) < 0))
 *             return NULL;
 *         to->next = memo ? trv_deepcopy_with(from->next, memo) : trv_ref(from->next);
 *         return to->next ? trv_steal(&copy) : NULL;
 *     }
 */
#ifndef TRIVET_COPY_H
#define TRIVET_COPY_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* A new container of the same items; another object for what can be changed.
 * Raises: TypeError if it cannot be copied. */
TRV_API TRV_MUST_CHECK trv_object *trv_copy(trv_object *object);
/* A copy of an object and of all it refers to, each copied once: what was shared is shared, and what
 * was circular is circular. Containers inside each other may be as deep as memory allows.
 * Raises: TypeError if something in it cannot be copied; RuntimeError if a dict or set changes
 * meanwhile; RecursionError from `copy` slots. */
TRV_API TRV_MUST_CHECK trv_object *trv_deepcopy(trv_object *object);
/* In a `copy` slot: a part's copy within the deep copy that is under way. */
TRV_API TRV_MUST_CHECK trv_object *trv_deepcopy_with(trv_object *object, trv_object *memo);
/* In a `copy` slot, before the parts: notes the copy, for the parts that refer back to the whole. */
TRV_API TRV_MUST_CHECK int trv_memo_set(trv_object *memo, trv_object *object, trv_object *copy);

TRV_END_DECLARATIONS

#endif
