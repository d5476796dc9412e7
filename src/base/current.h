/* SPDX-License-Identifier: MIT */
/*
 * What every floor may know of the code that is running: the thread, and the flow of control on it.
 *
 * A *context* is a flow of control with an error indicator, a stack and cancel scopes of its own:
 * a thread's own flow, or a coroutine. A thread runs one context at a time; trv__current points to
 * the thread, trv__current->context to the context. All fields here are read and written by the
 * holder of the GIL only, unless they say otherwise.
 *
 * The thread-local pointer is the only file-scope mutable state of the library. Code must not keep
 * its address across a stack switch; a coroutine stays on its thread, so its value may be kept.
 */
#ifndef TRV_BASE_CURRENT_H
#define TRV_BASE_CURRENT_H

#include "base/base.h"

struct trv_object;
struct trv_scope;
struct trv__generator;
struct trv__heap;
struct trv__list;
struct trv__local_values;
struct trv__lock;
struct trv__objects;
struct trv__stack;
struct trv__thread;
struct trv_runtime;
struct trv__context_operations;

/* How a wait ended. */
enum trv__wake {
    TRV__WOKEN,     /* someone called trv__unpark */
    TRV__TIMED_OUT, /* the deadline came first */
    TRV__CANCELLED, /* a cancel scope was cancelled first */
    TRV__FAILED     /* an exception is set: this caller may not block, or a signal was handled */
};

/* What a park is for, seen by the search for deadlocks. */
enum trv__waits_for {
    TRV__WAITS_FOR_OTHERS, /* of a user, for what other threads and coroutines do */
    TRV__WAITS_TO_RETURN,  /* the same, and its failure would be hard to bear: others fail first */
    TRV__WAITS_FOR_WORK,   /* the library's own, with nothing to do: nobody would miss it */
    TRV__WAITS_OUTSIDE     /* for what may come without any thread or coroutine of this runtime */
};

struct trv__context {
    struct trv_object *error; /* the pending exception, owned, or NULL */
    struct trv_object
        *handled;      /* the exception being handled, which new ones take as context; owned */
    char *stack_limit; /* frames below this address are RecursionError; 0: no limit */
    struct trv__stack *stack; /* what it runs on, itself or the generator it is in; NULL: a thread's
                                 own, which nobody has asked for yet (trv__context_stack) */
    struct trv__generator *generator; /* the innermost one it is in, or NULL */
    uint32_t no_switch;               /* above 0: may not block, and safepoints do not switch */
    uint8_t is_parked;                /* between trv__park and trv__unpark */
    uint8_t wake;                     /* enum trv__wake: how the last park ended */
    uint8_t has_ended;    /* its task has: only finalizers of what it leaves behind still run */
    uint8_t waits_for;    /* enum trv__waits_for: what its next parks are */
    bool waits_endlessly; /* parked without a deadline on what somebody in particular has to give */
    struct trv_scope *scope;    /* the innermost cancel scope, or NULL */
    struct trv_object *task;    /* the future of the call this context runs; borrowed, or NULL */
    struct trv__thread *thread; /* the thread it runs on; for a coroutine, that of its loop */
    const struct trv__context_operations *operations; /* how this kind of context waits */
    struct trv__lock *held; /* the locks its task holds, the newest first; see sync/lock.h */
    struct trv__local_values *locals; /* what its task has in local objects; see sync/local.c */

    /* For reports of who waits where; written before each wait, valid while is_parked. */
    const char *waits_in;        /* the blocking call, as "Queue.get"; a constant */
    const void *waits_at;        /* the address in the caller's code that called it */
    struct trv_object *waits_on; /* what it waits for, borrowed (the waiter holds it); or NULL */

    /* For traces of seeded runs. */
    uint32_t number;   /* tells coroutines, and threads, apart */
    const void *place; /* in a traced run: the address in the user's code where it last made way */
    struct trv__list *line; /* its place in the list it waits in, or NULL */
    const void *runs;       /* under a watchdog: the C function of the innermost call, or NULL */
    struct trv_object *function;     /* what the call runs that `task` is of; borrowed, or NULL */
    struct trv__context *next_found; /* in the ring that a search for deadlocks makes, or NULL */
};

/* The part of a thread state that lower floors see; struct trv__thread begins with it. */
struct trv__current {
    struct trv__heap *heap;       /* constant */
    struct trv__objects *objects; /* constant; what the built-in types keep per runtime */
    struct trv__context *context; /* who runs on this thread now */
    _Atomic uint32_t *attention;  /* constant; the runtime's word of requests, see below */
    struct trv_runtime *runtime;  /* constant */
    uintptr_t dying;              /* objects whose end has been put off, linked; see heap/end.c */
    uint32_t last_words_depth; /* finalizers and the like that are running, one inside the other */
    bool is_dropping;          /* objects with content that die now are put off */
};

extern __thread struct trv__current *trv__current __attribute__((tls_model("initial-exec")));

/* Requests to the holder of the GIL. Bits are set by anyone (atomically), cleared by the holder. */
enum {
    TRV__ATTEND_SWITCH = 1,  /* another thread's turn has come */
    TRV__ATTEND_COLLECT = 2, /* enough tracked objects were made */
    TRV__ATTEND_SIGNAL = 8,  /* a signal came, or its exception waits; for the main thread */
    TRV__ATTEND_SEEDED = 4,  /* the chooser decides at every safepoint; never cleared */
    TRV__ATTEND_WATCHED = 16 /* a watchdog counts safepoints; never cleared */
};

static inline void trv__request(uint32_t bits)
{
    atomic_fetch_or_explicit(trv__current->attention, bits, memory_order_relaxed);
}

/* Does what the attention word asks for. Implemented by runtime/safepoint.c.
 * Returns 0, or -1 with an exception set. May switch. */
int trv__attend(void);

/* Under a watchdog: which function the calling context runs, and where it came from if it is known.
 * Implemented by runtime/safepoint.c. */
void trv__tell_watchdog(const void *came_from);

/* Whether a safepoint would have something to do. */
static inline bool trv__must_attend(void)
{
    return UNLIKELY(atomic_load_explicit(trv__current->attention, memory_order_relaxed) != 0);
}

static inline bool trv__is_watched(void)
{
    return UNLIKELY(atomic_load_explicit(trv__current->attention, memory_order_relaxed) &
                    TRV__ATTEND_WATCHED);
}

/* A safepoint: a relaxed load and a branch. Returns 0, or -1 with an exception set. */
static inline int trv__safepoint(void)
{
    return trv__must_attend() ? trv__attend() : 0;
}

/* Whether the calling thread holds the GIL; for assertions. Implemented by runtime/gil.c. */
bool trv__holds_gil(void);

/* Whether there is stack left for another level of recursion; sets RecursionError if not. */
static inline bool trv__stack_is_low(void)
{
    char *here;

    /* Not the address of a local: AddressSanitizer may keep locals on the heap. */
#if defined __x86_64__
    __asm__("mov %%rsp, %0" : "=r"(here)); /* without a frame pointer for its sake */
#else
    here = __builtin_frame_address(0);
#endif
    return UNLIKELY(here < trv__current->context->stack_limit);
}

/* Sets RecursionError: "maximum recursion depth exceeded<where>". Returns -1. Implemented by
 * object/error.c. */
int trv__raise_recursion(const char *where);

#endif
