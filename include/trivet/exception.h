/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as objects: what they hold, their history, and groups of them.
 *
 * Besides its arguments, cause and context (error.h), an exception has a traceback, notes that are
 * printed below it, and whatever attributes one sets. A group holds several exceptions that came
 * together. A part of it is taken out by type:
 *
 *     if (trv_exception_split(group, trv_OSError, &of_os, &others) < 0)
 *         return NULL;
 *     if (of_os)
 *         ... a group of the same shape that holds the OSErrors alone
 */
#ifndef TRIVET_EXCEPTION_H
#define TRIVET_EXCEPTION_H

#include <trivet/error.h>

TRV_BEGIN_DECLARATIONS

/* Sets the cause of an exception, None for none; its context is not printed then.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_exception_set_cause(trv_object *exception, trv_object *cause);
/* Sets the context of an exception, None for none. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_exception_set_context(trv_object *exception, trv_object *context);
/* Adds a printf-style note, which is printed below the exception.
 * Raises: TypeError if somebody has made __notes__ something else than a list. */
TRV_API TRV_MUST_CHECK int trv_exception_add_note(trv_object *exception, const char *format, ...)
    TRV_PRINTF(2, 3);
/* The notes. Returns: a new list. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_notes(trv_object *exception);

/* Tracebacks ---------------------------------------------------------------------------- */

/* The places an exception came through; it can be indexed and iterated, with entries (file or None, line,
 * function), from the outermost call to where it was raised. */
extern TRV_API trv_object trv_traceback_type[1];
/* The traceback of an exception as it is now. Returns: a traceback, None if it has none.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_traceback(trv_object *exception);
/* Gives an exception another one, None for none. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_exception_set_traceback(trv_object *exception,
                                                       trv_object *traceback);
/* The entries. Returns: a list of tuples. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_traceback_entries(trv_object *traceback);
/* The lines of a traceback as they are printed: the outermost `limit` ones, or the innermost ones if it is
 * negative. Returns: a str. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_traceback_format(trv_object *traceback, int limit);
/* As trv_exception_format, with so many lines of each traceback (see trv_traceback_format), and, if `chain`
 * is 0, without causes and contexts. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_format_limited(trv_object *exception, int limit,
                                                                int chain);
/* What stands below the traceback: the type, the message and the notes. Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_format_only(trv_object *exception);

/* Groups -------------------------------------------------------------------------------- */

/* A group of the exceptions of a list or tuple: an ExceptionGroup, or a BaseExceptionGroup if not
 * all are Exceptions. Raises: TypeError, ValueError if there are none. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_group_new(const char *message,
                                                           trv_object *exceptions);
/* What is in a group. Returns: a tuple. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_group_exceptions(trv_object *group);
/* Divides an exception: *matching gets what is of an exception type, of one of a tuple of types, or
 * what a function answers with true for; *rest gets the rest. Each is an exception of yours, or NULL if
 * there is nothing to put in. An exception that matches as a whole, and one that is no group, is
 * its own part; parts of groups are groups of the same shape, with message, traceback, notes,
 * cause and context of the whole. Either pointer may be NULL.
 * Returns: 0, or -1. Raises: TypeError, RecursionError, what the function raises. */
TRV_API TRV_MUST_CHECK int trv_exception_split(trv_object *exception, trv_object *condition,
                                               trv_object **matching, trv_object **rest);

/* Handling ------------------------------------------------------------------------------ */

/* What a TRV_HANDLE block keeps. */
typedef struct trv_handler_ {
    trv_object *outer, *exception;
    int state; /* 0: nothing to handle, 1: its block is to run, 2: it has run */
} trv_handler_;

/* Takes the pending exception if it is of that type (state is 1 then), which is being handled from now on. */
TRV_API trv_handler_ trv_handle_begin(trv_object *type);
/* Drops the exception; what was being handled before is so again. */
TRV_API void trv_handle_end(trv_handler_ *handler);
/* Whether the block is to run: 1 the first time, if there is something to handle; else 0. */
static inline int trv_handle_once_(trv_handler_ *handler)
{
    int run = handler->state == 1;
    if (run)
        handler->state = 2;
    return run;
}

/* If the pending exception is of a type, or of one of a tuple of types, takes it and runs its block to
 * handle it: `exception` is a view of it there, and it is the context of whatever the block raises.
 * It is dropped at the end of the block, however that ends; trv_reraise() makes it pending again. In other
 * cases the block is skipped and nothing changes.
 *
 *     trv_object *value = trv_getitem(settings, name);
 *     TRV_HANDLE(error, trv_KeyError)
 *         value = trv_str_new("none");
 */
#define TRV_HANDLE(exception_, type)                                                               \
    for (trv_handler_ TRV_UNIQUE_(trv_handler_state_)                                              \
             TRV_CLEANUP_(trv_handle_end) = trv_handle_begin(type);                                \
         trv_handle_once_(&TRV_UNIQUE_(trv_handler_state_));)                                      \
        for (trv_object *exception_ = TRV_UNIQUE_(trv_handler_state_).exception; exception_;       \
             exception_ = NULL)

/* The exception that is being handled, by the innermost TRV_HANDLE or the exit of a context manager.
 * Returns: it, or None. */
TRV_API trv_object *trv_error_handled(void);

/* What a TRV_HANDLE_PARTS block keeps. */
typedef struct trv_parts_ {
    trv_object *whole, *rest, *part, *outer, *failure, *lists[2];
    int state; /* as in trv_handler_ */
    int is_wrapped;
} trv_parts_;

/* Takes the pending exception; one that is no group is handled as the only one of a group. */
TRV_API trv_parts_ trv_parts_begin(void);
/* Takes out of what is left the part that is of a type. Returns: 1 if there is one, to be handled now; 0. */
TRV_API int trv_parts_next(trv_parts_ *parts, trv_object *type);
/* Makes pending what was not handled, and what was raised meanwhile. */
TRV_API void trv_parts_end(trv_parts_ *parts);
/* Whether the block is to run: 1 the first time, if there is something to handle; else 0. */
static inline int trv_parts_once_(trv_parts_ *parts)
{
    int run = parts->state == 1;
    if (run)
        parts->state = 2;
    return run;
}

/* Handles a group that is pending part by part, as Python's except* does:
 *
 *     if (trv_group_join(group) < 0)
 *         TRV_HANDLE_PARTS(parts) {
 *             TRV_HANDLE_PART(timeouts, parts, trv_TimeoutError)
 *                 trv_print(timeouts);
 *             TRV_HANDLE_PART(others, parts, trv_OSError)
 *                 if (is_bad(others))
 *                     trv_reraise();
 *         }
 *
 * Each TRV_HANDLE_PART gets a group of those exceptions of its type that are still there, a view, as its
 * context; it is skipped if there are none. An exception that is no group is handled as a group of
 * one. After the block what nobody handled is pending, together with what the handlers raised. */
#define TRV_HANDLE_PARTS(parts)                                                                    \
    for (trv_parts_ parts TRV_CLEANUP_(trv_parts_end) = trv_parts_begin(); trv_parts_once_(&parts);)
#define TRV_HANDLE_PART(exception_, parts, type)                                                   \
    for (trv_object *exception_ = trv_parts_next(&parts, type) ? parts.part : NULL; exception_;    \
         exception_ = NULL)

/* Takes the part that is of a type out of the pending exception, as trv_exception_split; the rest stays
 * pending, if there is any.
 * Returns: 1 with the part in *matching (yours), 0 if there is none, -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_error_split(trv_object *type, trv_object **matching);

/* Where nobody takes them ---------------------------------------------------------------- */

/* hook(exception, message, object) is called with what a finalizer or callback raised and with the
 * exception of a future that nobody asked for it, instead of writing them to standard error.
 * `message` is what would be written above ("Exception ignored in finalizer of"), `object` whose
 * it is, or None. It may not block. What it raises is written. NULL or None: no hook. Raises: TypeError. */
TRV_API int trv_set_unraisable_hook(trv_object *hook);
/* That hook. Returns: a callable, or None. */
TRV_API TRV_MUST_CHECK trv_object *trv_unraisable_hook(void);
/* hook(exception) is called with what ends the function of trv_main, unless that is SystemExit, instead of
 * writing it to standard error. NULL or None: no hook. Raises: TypeError. */
TRV_API int trv_set_excepthook(trv_object *hook);
/* That hook. Returns: a callable, or None. */
TRV_API TRV_MUST_CHECK trv_object *trv_excepthook(void);

TRV_END_DECLARATIONS

#endif
