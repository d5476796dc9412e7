/* SPDX-License-Identifier: MIT */
/*
 * What the heap needs of the floor above: running a user's code in the middle of its own work.
 *
 * Implemented by object/callback.c, on trv__callback_begin and trv__callback_end, but for one.
 */
#ifndef TRV_HEAP_OBJECT_CALLBACK_H
#define TRV_HEAP_OBJECT_CALLBACK_H

#include "heap/type.h"

/* Calls callback(argument); what it raises is printed, naming `what`. A pending exception is kept. */
void trv__call_back(trv_object *callback, trv_object *argument, const char *what);
/* Runs the type's finalizer under the same conditions. */
void trv__call_finalizer(trv_object *object);
/* Gives up what the object floor keeps only to be faster. Implemented by object/lookup.c. */
void trv__drop_caches(void);

/* Tells the callbacks of the collector that a collection begins or has ended. Implemented, as the next
 * one, by object/collector.c. */
void trv__tell_collection(bool has_ended, int generation, size_t collected, double seconds);
/* Puts an object into trv_gc_garbage(); false when out of memory. */
bool trv__keep_garbage(trv_object *object);

#endif
