/* SPDX-License-Identifier: MIT */
/*
 * Generators: iterators whose items are made by a function that pauses.
 *
 *     TRV_FUNCTION(countdown, "countdown(n): n, n - 1 ... 1")
 *     {
 *         int64_t n;
 *         if (trv_parse(args, "l", &n) < 0)
 *             return NULL;
 *         for (; n > 0; n--) {
 *             trv_auto trv_object *number = trv_int_new(n);
 *             trv_auto trv_object *sent = trv_yield(number);
 *             if (!sent)
 *                 return NULL;
 *         }
 *         return trv_none_new();
 *     }
 *     ...
 *     trv_auto trv_object *generator = trv_generator_new(countdown, "l", (int64_t)3);
 *     TRV_FOR(number, generator)
 *         trv_print(number);
 *
 * The function is plain C on a stack of its own, and trv_yield may be called as deep in it as one
 * likes. No loop is needed. A generator that is dropped before its end is closed: its trv_yield
 * fails with GeneratorExit, as a finalizer (what runs then must not block).
 */
#ifndef TRIVET_GENERATOR_H
#define TRIVET_GENERATOR_H

#include <trivet/function.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_generator_type[1];

/* A generator that will run callable(arguments built from a format, as for trv_call) when its first
 * item is asked for. It is an iterator; what the callable returns ends it.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_generator_new(trv_object *callable, const char *format, ...);
TRV_API TRV_MUST_CHECK trv_object *trv_generator_new_array(trv_object *callable,
                                                           trv_object *const *items, size_t count,
                                                           trv_object *keywords);

/* Inside a generator: gives `value` to whoever asked for an item, and pauses until the next one
 * is asked for.
 * Returns: what was sent, None for a plain request. Raises: what was thrown in, GeneratorExit when
 * the generator is closed; RuntimeError outside a generator, inside a TRV_TIMEOUT or TRV_SHIELD
 * block that the generator has entered, and inside a finalizer or callback. May switch: to whoever resumed it. */
TRV_API TRV_MUST_CHECK trv_object *trv_yield(trv_object *value);
/* Inside a generator: yields every item of an iterable; what is sent to or thrown into this
 * generator meanwhile goes to that one, if it is a generator or has methods of these names, and it is
 * closed when this one is.
 * Returns: what the inner generator returned, None for other iterables. Raises: as trv_yield;
 * AttributeError when a value is sent to what has no send. */
TRV_API TRV_MUST_CHECK trv_object *trv_yield_from(trv_object *iterable);

/* Goes on with `value` as the result of the trv_yield it pauses in; None to begin.
 * Returns: 1 and the item it yields next, 0 and what its function returned, -1. Raises: what the
 * function raises; TypeError when a value is sent to one that has not begun; ValueError when it is
 * running. */
TRV_API TRV_MUST_CHECK int trv_generator_send(trv_object *generator, trv_object *value,
                                              trv_object **item);
/* Goes on with an exception raised in the trv_yield it pauses in. Returns, Raises: as trv_generator_send. */
TRV_API TRV_MUST_CHECK int trv_generator_throw(trv_object *generator, trv_object *exception,
                                               trv_object **item);
/* Ends it by throwing GeneratorExit into it, if it has begun and not ended.
 * Raises: what its function raises instead; RuntimeError when it yields once more; ValueError when
 * it is running. */
TRV_API int trv_generator_close(trv_object *generator);
/* Whether it runs now. Returns: 1, 0, or -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_generator_running(trv_object *generator);

TRV_END_DECLARATIONS

#endif
