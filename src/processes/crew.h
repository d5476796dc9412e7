/* SPDX-License-Identifier: MIT */
/*
 * The crew of a process pool: the zygote, its workers, and the thread that looks after them.
 *
 * pool.c    the executor that users see: submitting, cancelling, shutting down
 * crew.c    making and ending a crew, and its thread, the keeper
 * post.c    calls into the rings, results out of them
 * watch.c   notes from the zygote, deaths, replacing workers
 * zygote.c  the process that forks workers; worker.c what they do
 *
 * A crew is shared by the pool object and the keeper, and lives until both have let go: a pool can
 * be dropped while its calls run, and the keeper sees them through. Everything is guarded by the
 * GIL, apart from what is said to be in shared memory. Nobody holds the GIL while sleeping, so
 * results may be taken out of the rings by whoever has it: the keeper, when it is woken; or a
 * thread that submits or waits, which spares two switches of context. One thread that waits may
 * be the *leader*: it sleeps where workers wake it instead of the keeper.
 *
 * The keeper is a thread because a future must be completed while nobody looks. It also forks the
 * zygote: the kernel kills a child (PR_SET_PDEATHSIG) when the thread that forked it ends, and the
 * keeper stays as long as its zygote.
 *
 * A job is in one of three places: in crew->queue; in a cell of a slot (sent, perhaps in part); or
 * settled. It leaves a cell when its result comes, when it is revoked, or when its worker dies.
 */
#ifndef TRV_PROCESSES_CREW_H
#define TRV_PROCESSES_CREW_H

#include "base/futex.h"
#include "processes/message.h"
#include "processes/segment.h"
#include "task/initializer.h"

struct trv__job {
    struct trv__list link; /* in crew->queue; in crew->told, in its cell; or in no list */
    struct trv__crew *crew;
    struct trv__call *call; /* its future and callable; NULL once settled or cancelled */
    struct trv__slot *slot; /* whose cell it is in, or NULL */
    uint32_t cell, ticket;
    uint32_t references;      /* of its place, and of slot->sending */
    uint32_t retries;         /* left */
    int64_t sent_ns;          /* real time */
    int64_t kill_ns;          /* in crew->told: when its worker is killed; real time */
    bool is_told;             /* it runs, and was told to stop */
    struct trv__buffer large; /* the pickle, if it is too large to stand behind the struct */
    const char *pickle;
    size_t pickle_size, part_count;
    trv_object **parts; /* owned; behind the struct */
};

enum trv__slot_state {
    TRV__SLOT_EMPTY,  /* no worker, and none is wanted */
    TRV__SLOT_WANTED, /* a worker is to be asked for */
    TRV__SLOT_ASKED,  /* the zygote was asked */
    TRV__SLOT_LIVE,   /* pid and pidfd are known */
    TRV__SLOT_DYING   /* the pidfd says it is dead; how it died is not known yet */
};

struct trv__slot {
    struct trv__crew *crew;
    uint32_t index;
    enum trv__slot_state state;
    struct trv__segment *segment;       /* shared memory */
    struct trv__ring requests, results; /* our ends */
    struct trv__incoming incoming;
    struct trv__outgoing outgoing; /* of `sending` */
    struct trv__job *sending;      /* a message that is only partly in the ring, or NULL; counted */
    struct trv__job *jobs[64];     /* by cell */
    uint64_t free_cells;           /* bit i: cell i */
    size_t outstanding;            /* cells in use */
    uint64_t seen_read;            /* how far it had read when the keeper looked last */
    int64_t moved_ns;              /* when that had changed last; real time */
    pid_t pid;
    int pidfd;        /* -1: none; the zygote's notes must do */
    bool is_suspect;  /* it did not begin a call in time: others are preferred */
    bool is_overdue;  /* it did not obey in time, and was killed for it */
    bool is_corrupt;  /* it wrote nonsense, and was killed for it */
    uint32_t calls;   /* it was sent */
    bool is_retiring; /* it has run its calls, and was told to quit */
    bool has_status;  /* the zygote told how it died: */
    int code, status; /* as in siginfo_t */
    int64_t bury_ns;  /* DYING: when not to wait for that any longer; real time */
};

struct trv__crew {
    uint32_t references; /* pool, keeper, watchers */
    uint32_t watchers;   /* threads that look at the segments without the GIL */
    bool is_running;     /* from the zygote's first breath until the end */
    bool is_ended;
    bool is_closing;         /* no more calls; ends when it has none */
    bool is_late;            /* a shutdown did not wait for it to the end: nor does the runtime's */
    bool is_broken;          /* the zygote is gone: `reason` */
    bool is_receiving;       /* results are being taken out, further up the stack */
    bool is_keeper_asleep;   /* every ring of results says so, or somebody watches it */
    bool has_leader;         /* a thread that waits for a result sleeps in the keeper's stead */
    bool is_keeper_deaf;     /* ... and it would not look for laggards: wake it for a call */
    _Atomic uint32_t visits; /* how often others than the keeper took out results */
    int64_t active_ns;       /* when there was a call last, as far as the keeper saw */
    char reason[160];
    char name[16];                       /* of its workers, without their numbers */
    uint32_t calls_most;                 /* of each worker; 0: no limit */
    struct trv__initializer initializer; /* of each worker; workers have it from the fork */
    trv_object *failure;                 /* the exception that kept it from starting, or NULL */
    struct trv_runtime *runtime;
    pid_t pid;                /* of the process it belongs to */
    struct trv__list changes; /* who waits for any of the above to change: trv__waiter */
    struct trv__fini_hook hook;

    struct trv__segments segments;
    struct trv__slot *slots;
    size_t slot_count;
    struct trv__list queue; /* of jobs that are in no cell */
    struct trv__list told;  /* of jobs that have to stop by a certain time */
    int64_t kill_after_ns;  /* how much of it they have; 0: for ever */
    size_t pending;         /* jobs that are not settled */
    uint32_t next_ticket;
    uint32_t retries;   /* of each call */
    int64_t average_ns; /* how long calls run, lately */
    size_t barren;      /* deaths of workers that never came up, in a row */
    unsigned processors;
    struct trv__images *images;
    struct trv__packer packer;

    int beds[2]; /* eventfds: the keeper's, the leader's */
    int epoll_fd;
    int control_fd; /* to the zygote */
    pid_t zygote_pid;
    int zygote_pidfd; /* -1: none */
    bool has_zygote;  /* it is there, or was not waited for yet */
    enum { TRV__QUIT_NOT, TRV__QUIT_ASKED, TRV__QUIT_KILLED, TRV__QUIT_KILLED_ALL } quit;
    int64_t quit_ns; /* when to be less patient; real time */
};

/* What passes between parent and zygote. */
enum trv__note_kind {
    TRV__NOTE_FORK = 1, /* to the zygote: fork a worker for the slot */
    TRV__NOTE_KILL,     /* kill the slot's worker: there is no pidfd to do it with */
    TRV__NOTE_QUIT,     /* wait for your children, and end */
    TRV__NOTE_FORKED,   /* from it: pid, with the pidfd; or error ENOSYS: this kernel has none */
    TRV__NOTE_DIED,     /* pid, code, status */
    TRV__NOTE_FAILED    /* could not fork: error */
};

struct trv__note {
    uint32_t kind;
    uint32_t slot;
    int32_t pid;
    int32_t code, status;
    int32_t error;
};

/* crew.c: NULL with an exception. The caller has a reference; the keeper takes its own. */
struct trv__crew *trv__crew_create(size_t workers, size_t ring_bytes, uint32_t retries);
void trv__crew_unref(struct trv__crew *crew);
/* Around looking at the segments without the GIL: keeps them mapped. */
void trv__crew_hold(struct trv__crew *crew);
void trv__crew_release(struct trv__crew *crew);
/* Starts the keeper and waits for the zygote. 0, or -1 with an exception. Blocks. */
int trv__crew_start(struct trv__crew *crew);
/* Makes the keeper look around. */
void trv__crew_wake(struct trv__crew *crew);
/* Raises BrokenProcessPool. Returns -1. */
int trv__crew_raise_broken(const struct trv__crew *crew);
/* Takes no more calls; the keeper ends when it has none. */
void trv__crew_close(struct trv__crew *crew);
/* Waits for a change. As trv__wait_in. */
enum trv__wake trv__crew_wait(struct trv__crew *crew, int64_t deadline_ns);

/* post.c */

/* A job of a call, which it takes over also if it fails: NULL with an exception. */
struct trv__job *trv__job_create_take(struct trv__crew *crew, struct trv__call *call);
/* Whether the worker has claimed a job, which is in a cell. */
bool trv__job_has_begun(const struct trv__job *job);
/* Cancels a job that has not begun. False if it has. */
bool trv__job_cancel(struct trv__job *job);
/* Tells the worker of a job that has begun to stop it. False if it cannot hear. */
bool trv__job_tell(struct trv__job *job);
/* Takes back what a worker has not begun: only its begun jobs stay. */
void trv__slot_take_back(struct trv__slot *slot);
/* Cancels all that have not begun. Runs callbacks. */
void trv__crew_cancel_waiting(struct trv__crew *crew);
/* Ends a job with the pending exception. */
void trv__job_fail(struct trv__job *job);
/* Takes a job out of its cell; its place's reference is the caller's now. */
void trv__job_leave_cell(struct trv__job *job);
void trv__job_unref(struct trv__job *job);
/* Sends what is in the queue to workers that should have it. */
void trv__crew_send(struct trv__crew *crew);
/* Lets idle workers take over what others have not begun. */
void trv__crew_balance(struct trv__crew *crew);
/* Takes results out of the rings and settles futures. Runs callbacks. */
void trv__crew_receive(struct trv__crew *crew);
void trv__slot_receive(struct trv__slot *slot);
/* Marks a slot's rings: whoever is in that bed sleeps. False if there is something to do. */
bool trv__slot_arm(struct trv__slot *slot, enum trv__bed bed);
void trv__slot_disarm(struct trv__slot *slot);
/* Who sleeps now and is to be woken by workers. */
enum trv__bed trv__crew_bed(const struct trv__crew *crew);
/* Waits for a future in the keeper's stead, as far as the calling context can; not long unless it
 * waits for this one alone. 1 if it is done, 0 if not, -1 with an exception. */
int trv__job_help(struct trv__future *future, bool is_alone);
/* The keeper's busy wait while a long message passes. Whether there is something to do. */
bool trv__crew_linger(struct trv__crew *crew);

/* watch.c */

/* Tells a worker to leave when it has nothing to do. */
void trv__slot_quit(struct trv__slot *slot);
/* An empty slot with an empty segment. */
void trv__slot_reset(struct trv__slot *slot);
/* Asks the zygote for the workers that are wanted. */
void trv__crew_ask(struct trv__crew *crew);
/* Takes in what the zygote says. False if it will say nothing more. */
bool trv__crew_read_notes(struct trv__crew *crew);
/* A pidfd became readable. */
void trv__slot_died(struct trv__slot *slot);
void trv__zygote_died(struct trv__crew *crew);
/* Buries dead workers of whom all is known, or nothing more will be. */
void trv__crew_bury(struct trv__crew *crew);
/* Kills workers that did not stop a call in time. */
void trv__crew_insist(struct trv__crew *crew);
/* Kills a worker, if there is one; every worker. */
void trv__slot_kill(struct trv__slot *slot);
void trv__crew_kill(struct trv__crew *crew);
/* Fails every job: nothing will run any more. */
void trv__crew_break(struct trv__crew *crew, const char *reason);
/* The nearest moment at which something of the above is due; TRV__NEVER for none. Real time. */
int64_t trv__crew_due_ns(struct trv__crew *crew);

/* zygote.c: forks the zygote from the calling thread. 0, or -1 with OSError. */
int trv__zygote_start(struct trv__crew *crew);
/* Sends a note; `fd` goes along unless it is -1. 0, or an error number. */
int trv__note_send(int socket, const struct trv__note *note, int fd);
/* Receives one; *fd is -1 if none came along. 1, 0 at the end, or -1 with errno. */
int trv__note_receive(int socket, struct trv__note *note, int *fd);
/* In a worker: it has nothing to do with the zygote's children. */
void trv__forget_children(void);

/* chunk.c: what map calls. */
extern trv_object trv__process_chunk[1];

/* worker.c: the life of a worker, in the child. `zygote` is its parent's pid. */
_Noreturn void trv__worker_main(struct trv__crew *crew, size_t index, pid_t zygote);

#define TRV__SPIN_NS 20000

#endif
