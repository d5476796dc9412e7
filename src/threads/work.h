/* SPDX-License-Identifier: MIT */
/*
 * Plain C work: functions that know nothing of objects, run by threads that know nothing of the GIL.
 *
 * work.c         the queue, the workers' loop, and the word a group is counted in; needs no GIL
 * work_group.c   what users see: groups of work, waiting for them, work with a future
 * pool.c         asks for the workers of its pool, and ends them
 *
 * Invariant of the queue: while there is something that nobody has claimed, no worker sleeps, or
 * somebody is `coming` or spinning: a worker that was woken or started and has not looked around
 * yet. Whoever looks around and leaves something behind sees to it that the next one comes. So
 * workers are woken one by one, by one another, and a stream of short functions wakes nobody.
 */
#ifndef TRV_THREADS_WORK_H
#define TRV_THREADS_WORK_H

#include "base/base.h"
#include "base/list.h"

#include <pthread.h>

/* How much a worker takes out of the queue at once. */
#define TRV__WORK_BATCH (TRV_TINY ? 2 : 64)

/* What is waited for together. In memory of its own, as workers may outlast the group's object: it
 * is freed by whoever comes last. */
struct trv__work_count {
    _Atomic uint64_t word;    /* see work.c */
    _Atomic uint32_t dropped; /* items that never ran */
    int fd; /* an eventfd, or -1; written before anybody waits, by the holder of the GIL */
};

struct trv__work_item {
    void *(*function)(void *data);
    void *data;
    struct trv__work_count *count;
};

struct trv__work_worker {
    _Alignas(64) _Atomic uint32_t range; /* of `batch`, what is not claimed: first << 16 | end */
    _Atomic uint32_t is_asleep;          /* a futex; cleared by who wakes it, under the mutex */
    struct trv__list link;               /* in work->workers; mutex */
    struct trv__list idle_link; /* in work->idle, linked exactly while it is there; mutex */
    struct trv__work *work;
    pthread_t thread;
    struct trv__work_item batch[TRV__WORK_BATCH]; /* written under the mutex, by its owner */
};

struct trv__work {
    pthread_mutex_t mutex;        /* guards all below; innermost, held for a few instructions */
    struct trv__work_item *items; /* a ring, from `first` on */
    size_t capacity, first;
    _Atomic size_t queued;    /* written under the mutex; a spinner peeks */
    struct trv__list workers; /* all that were started and are not joined */
    struct trv__list idle;    /* those that sleep, the last one first */
    unsigned most, started, alive;
    unsigned asleep;         /* how many are idle */
    _Atomic size_t *helpers; /* constant; counts those of all pools, see struct trv__standstill */
    unsigned coming;         /* started or woken, and have not looked around yet */
    unsigned spinning;       /* looking at `queued`; at most one */
    unsigned processors;     /* constant */
    bool is_closed;          /* workers leave when there is nothing left to do */
    size_t stack_bytes;      /* constant */
    char name[16];           /* constant */
    int fd;                  /* an eventfd, readable once the last worker has left */
};

/* No workers yet. NULL: out of memory or descriptors, errno says so. */
struct trv__work *trv__work_create(unsigned most, size_t stack_bytes, const char *name,
                                   _Atomic size_t *helpers);
/* Waits for the threads of workers that have all left. */
void trv__work_join(struct trv__work *work);
/* Joins and frees. */
void trv__work_destroy(struct trv__work *work);
/* The same in a forked child, where they never were. */
void trv__work_forget(struct trv__work *work);
/* Starts the first worker, without which nothing may be submitted. 0 or an error number. */
int trv__work_begin(struct trv__work *work);
/* 0, or ENOMEM or ESHUTDOWN. Any thread. */
int trv__work_submit(struct trv__work *work, const struct trv__work_item *item);
/* Workers leave when all is done; `drop`: what nobody has claimed is dropped. */
void trv__work_close(struct trv__work *work, bool drop);
/* Whether the last worker has left. */
bool trv__work_has_ended(struct trv__work *work);
/* What a worker's thread does. */
void trv__work_serve(struct trv__work_worker *self);
/* Whether a processor is free for a thread that waits busily. */
bool trv__work_may_spin(struct trv__work *work);

/* A count with nothing in it. NULL: out of memory. */
struct trv__work_count *trv__work_count_create(void);
/* Nobody waits any more; the holder of the GIL may close `fd` on return. */
void trv__work_count_quiet(struct trv__work_count *count);
/* The object is gone, and `fd` closed. */
void trv__work_count_orphan(struct trv__work_count *count);
/* Announces somebody who waits on `fd`: it is written when the last item has run. False if there is
 * nothing to wait for. */
bool trv__work_count_await(struct trv__work_count *count);
/* How many items have not run. */
uint64_t trv__work_count_pending(struct trv__work_count *count);

#endif
