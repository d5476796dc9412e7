/* SPDX-License-Identifier: MIT */
/*
 * The zygote: a fork of the program at the moment the pool was made, which does nothing but fork
 * workers.
 *
 * It is forked by the keeper with the GIL and the runtime's locks held, so its copy of the runtime
 * is whole whatever other threads were doing. It then has one thread, makes every object immortal
 * (so that workers do not dirty pages by counting), closes what descriptors it has no business
 * with, and serves its socket.
 *
 * A worker's pidfd is passed to the parent before the worker can be reaped: the zygote reaps when
 * the pidfd says so, in the loop, after the note was sent. The exit status follows in a note of
 * its own, because only the zygote can ask for it.
 *
 * Whoever dies takes those below along: the kernel kills the zygote when its keeper is gone, and
 * workers when the zygote is. Both ask after arming that whether their parent is still there.
 */
#include "base/fault.h"
#include "processes/crew.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Notes ----------------------------------------------------------------------------------------------- */

union descriptor_space {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

int trv__note_send(int socket, const struct trv__note *note, int fd)
{
    struct iovec part = {(void *)(uintptr_t)note, sizeof *note};
    union descriptor_space space = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd >= 0) {
        struct cmsghdr *control;
        message.msg_control = &space;
        message.msg_controllen = sizeof space.bytes;
        control = CMSG_FIRSTHDR(&message);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(control), &fd, sizeof fd);
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int trv__note_receive(int socket, struct trv__note *note, int *fd)
{
    struct iovec part = {note, sizeof *note};
    union descriptor_space space;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space.bytes};
    struct cmsghdr *control;
    ssize_t size;

    *fd = -1;
    while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0)
        if (errno != EINTR)
            return -1;
    control = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS &&
        control->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(control), sizeof *fd);
    if (size == 0)
        return 0;
    if (size == sizeof *note)
        return 1;
    errno = EPROTO;
    return -1;
}

/* Becoming a zygote --------------------------------------------------------------------------------------- */

/* The signals whose handlers report crashes: they are as good here as in the parent. */
static bool reports_crash(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGTRAP ||
           signal == SIGABRT || signal == SIGSYS;
}

/* Handlers of the program are not for us; what it ignores stays ignored, but for SIGCHLD, without
 * which we would not learn how children end. A key pressed at the terminal is the parent's. */
static void reset_signals(void)
{
    sigset_t none;

    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (reports_crash(signal) || sigaction(signal, NULL, &action) < 0)
            continue;
        if (action.sa_handler == SIG_DFL || (action.sa_handler == SIG_IGN && signal != SIGCHLD))
            continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = SIG_DFL;
        sigaction(signal, &action, NULL);
    }
    signal(SIGINT, SIG_IGN);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Where close_range is not to be had: each one that is open. */
static void close_one_by_one(int keep, int also_keep)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        int fd = atoi(entry->d_name);
        if (fd > 2 && fd != keep && fd != also_keep && fd != dirfd(directory))
            close(fd);
    }
    if (directory)
        closedir(directory);
}

static bool close_between(int first, int last)
{
    return first > last || syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0;
}

void trv__close_others(int keep, int also_keep)
{
    int low = MIN_OF(keep, also_keep), high = MAX_OF(keep, also_keep);

    if (!close_between(3, low - 1) || !close_between(MAX_OF(low, 2) + 1, high - 1) ||
        !close_between(MAX_OF(high, 2) + 1, INT32_MAX))
        close_one_by_one(keep, also_keep);
}

/* What the parent had in its buffers is the parent's to write. */
static void drop_buffered_output(void)
{
    __fpurge(stdout);
    __fpurge(stderr);
}

static void settle_in(struct trv__crew *crew, pid_t parent, int control)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    prctl(PR_SET_NAME, "trivet-zygote");
    reset_signals();
    drop_buffered_output();
    trv__close_others(control, crew->event_fd);
    trv__images_fix(crew->images);
    trv_error_clear();
    trv__runtime()->is_worker = true;
    trv__heap_freeze(trv__current->heap);
}

/* Serving ----------------------------------------------------------------------------------------------- */

struct child {
    pid_t pid; /* 0: none */
    int pidfd;
};

struct zygote {
    struct trv__crew *crew;
    int control;
    bool is_quitting;
    size_t living;
    struct child *children; /* by slot */
    struct pollfd *polled;  /* the control socket, then the children */
};

static _Noreturn void leave(struct zygote *zygote, int status)
{
    for (size_t i = 0; i < zygote->crew->slot_count; i++)
        if (zygote->children[i].pid)
            kill(zygote->children[i].pid, SIGKILL);
    _exit(status);
}

static void tell(struct zygote *zygote, const struct trv__note *note, int fd)
{
    if (trv__note_send(zygote->control, note, fd) != 0)
        leave(zygote, 1);
}

static int open_pidfd(pid_t pid)
{
    return FAULT() ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
}

static pid_t fork_worker(struct zygote *zygote, size_t slot)
{
    struct trv_runtime *runtime = trv__runtime();
    pid_t self = getpid(), pid;

    trv__before_fork(runtime);
    pid = FAULT() ? -1 : fork();
    if (pid == 0) {
        trv__after_fork_in_child(runtime);
        trv__worker_main(zygote->crew, slot, self);
    }
    trv__after_fork_in_parent(runtime);
    return pid;
}

static void serve_fork(struct zygote *zygote, uint32_t slot)
{
    struct child *child = &zygote->children[slot];
    struct trv__note answer = {.kind = TRV__NOTE_FORKED, .slot = slot};

    child->pid = fork_worker(zygote, slot);
    if (child->pid > 0 && (child->pidfd = open_pidfd(child->pid)) < 0) {
        answer.error = errno;
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        child->pid = 0;
    } else if (child->pid < 0) {
        answer.error = errno;
        child->pid = 0;
    }
    if (answer.error) {
        answer.kind = TRV__NOTE_FAILED;
        tell(zygote, &answer, -1);
        return;
    }
    answer.pid = child->pid;
    zygote->living++;
    tell(zygote, &answer, child->pidfd);
}

static void reap(struct zygote *zygote, uint32_t slot)
{
    struct child *child = &zygote->children[slot];
    struct trv__note note = {.kind = TRV__NOTE_DIED, .slot = slot, .pid = child->pid};
    siginfo_t info = {.si_pid = 0};

    while (waitid(P_PID, (id_t)child->pid, &info, WEXITED) < 0 && errno == EINTR)
        ;
    note.code = info.si_code;
    note.status = info.si_status;
    close(child->pidfd);
    child->pid = 0;
    zygote->living--;
    tell(zygote, &note, -1);
}

static void serve_note(struct zygote *zygote)
{
    struct trv__note note;
    int fd, answer = trv__note_receive(zygote->control, &note, &fd);

    if (fd >= 0)
        close(fd);
    if (answer <= 0 || note.slot >= zygote->crew->slot_count)
        leave(zygote, 1);
    if (note.kind == TRV__NOTE_QUIT)
        zygote->is_quitting = true;
    else if (note.kind == TRV__NOTE_FORK && !zygote->is_quitting && !zygote->children[note.slot].pid)
        serve_fork(zygote, note.slot);
    else if (note.kind == TRV__NOTE_KILL && zygote->children[note.slot].pid)
        kill(zygote->children[note.slot].pid, SIGKILL);
}

static _Noreturn void serve(struct zygote *zygote)
{
    size_t count = zygote->crew->slot_count;

    while (!zygote->is_quitting || zygote->living) {
        zygote->polled[0] = (struct pollfd){.fd = zygote->control, .events = POLLIN};
        for (size_t i = 0; i < count; i++)
            zygote->polled[i + 1] = (struct pollfd){
                .fd = zygote->children[i].pid ? zygote->children[i].pidfd : -1, .events = POLLIN};
        if (poll(zygote->polled, count + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < count; i++)
            if (zygote->polled[i + 1].revents)
                reap(zygote, (uint32_t)i);
        if (zygote->polled[0].revents)
            serve_note(zygote);
    }
    _exit(0);
}

static _Noreturn void zygote_main(struct trv__crew *crew, pid_t parent, int control)
{
    struct zygote zygote = {.crew = crew, .control = control};

    settle_in(crew, parent, control);
    zygote.children = calloc(crew->slot_count, sizeof *zygote.children);
    zygote.polled = calloc(crew->slot_count + 1, sizeof *zygote.polled);
    if (!zygote.children || !zygote.polled)
        _exit(1);
    serve(&zygote);
}

/* In the parent ----------------------------------------------------------------------------------------- */

static pid_t fork_zygote(struct trv__crew *crew, const int sockets[2])
{
    pid_t parent = getpid(), pid;

    trv__before_fork(crew->runtime);
    pid = FAULT() ? -1 : fork();
    if (pid == 0) {
        trv__after_fork_in_child(crew->runtime);
        zygote_main(crew, parent, sockets[1]);
    }
    trv__after_fork_in_parent(crew->runtime);
    return pid;
}

/* A socket of our own above the three standard descriptors, which the zygote shares with us. */
static int lift(int *fd)
{
    int lifted = *fd > 2 ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, 3);

    if (lifted < 0)
        return -1;
    if (lifted != *fd)
        close(*fd);
    *fd = lifted;
    return 0;
}

int trv__zygote_start(struct trv__crew *crew)
{
    int sockets[2], error;

    if (FAULT() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return trv_raise_errno("cannot make a socket for the pool"), -1;
    if (lift(&sockets[0]) < 0 || lift(&sockets[1]) < 0 || (crew->zygote_pid = fork_zygote(crew, sockets)) < 0 ||
        (crew->zygote_pidfd = open_pidfd(crew->zygote_pid)) < 0) {
        error = errno;
        if (crew->zygote_pid > 0) {
            kill(crew->zygote_pid, SIGKILL);
            while (waitpid(crew->zygote_pid, NULL, 0) < 0 && errno == EINTR)
                ;
        }
        close(sockets[0]);
        close(sockets[1]);
        return trv_raise_errno_of(error, "cannot start the pool's process"), -1;
    }
    close(sockets[1]);
    fcntl(sockets[0], F_SETFL, O_NONBLOCK);
    crew->control_fd = sockets[0];
    return 0;
}
