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
 * A worker's pidfd is passed to the parent before the worker can be reaped. The exit status follows
 * in a note of its own, because only the zygote can ask for it. Where there are no pidfds (old
 * kernels, Valgrind) that note also tells of the death, and the end of the socket of the zygote's.
 *
 * Between forks the zygote has no descriptors open but the socket and the eventfd, which are from
 * before its own fork. Handlers of pthread_atfork that close descriptors of their library, and
 * open them anew (libuv's do), do not know that the zygote has closed them: so those numbers must
 * not be used for anything else when a worker is forked, and the worker must not close what a
 * handler has opened.
 *
 * Whoever dies takes those below along: the kernel kills the zygote when its keeper is gone, and
 * workers when the zygote is. Both ask after arming that whether their parent is still there.
 */
#include "base/descriptor.h"
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
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &space,
                             .msg_controllen = sizeof space.bytes};
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
    *fd = trv__fd_lift(*fd);
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
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
           signal == SIGTRAP || signal == SIGABRT || signal == SIGSYS;
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
static void close_one_by_one(const int keep[3])
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        int fd = atoi(entry->d_name);
        if (fd > 2 && fd != keep[0] && fd != keep[1] && fd != keep[2] && fd != dirfd(directory))
            close(fd);
    }
    if (directory)
        closedir(directory);
}

static bool close_between(int first, int last)
{
    return first > last || syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) == 0;
}

/* Closes every descriptor but 0 to 2 and those three, which are above them. */
static void close_others(int a, int b, int c)
{
    int low = MIN_OF(MIN_OF(a, b), c), high = MAX_OF(MAX_OF(a, b), c),
        middle = a + b + c - low - high;
    const int keep[3] = {a, b, c};

    if (!close_between(3, low - 1) || !close_between(low + 1, middle - 1) ||
        !close_between(middle + 1, high - 1) || !close_between(high + 1, INT32_MAX))
        close_one_by_one(keep);
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
    trv__signals_abandon(trv__runtime());
    drop_buffered_output();
    close_others(control, crew->beds[0], crew->beds[1]);
    trv__images_fix(crew->images);
    trv_error_clear();
    trv__runtime()->is_worker = true;
    trv__heap_freeze(trv__current->heap);
}

/* Serving ----------------------------------------------------------------------------------------------- */

struct zygote {
    struct trv__crew *crew;
    int control;
    bool is_quitting;
    size_t living;
    pid_t *children; /* by slot; 0: none */
};

static _Noreturn void leave(struct zygote *zygote, int status)
{
    for (size_t i = 0; i < zygote->crew->slot_count; i++)
        if (zygote->children[i])
            kill(zygote->children[i], SIGKILL);
    _exit(status);
}

static void tell(struct zygote *zygote, const struct trv__note *note, int fd)
{
    if (trv__note_send(zygote->control, note, fd) != 0)
        leave(zygote, 1);
}

static int open_pidfd(pid_t pid)
{
    return FAULT() ? -1 : trv__fd_lift((int)syscall(SYS_pidfd_open, pid, 0));
}

static pid_t fork_worker(struct zygote *zygote, size_t slot)
{
    pid_t self = getpid(), pid;

    pid = FAULT() ? -1 : fork();
    if (pid == 0) {
        close(zygote->control);
        trv__worker_main(zygote->crew, slot, self);
    }
    return pid;
}

static void refuse(struct zygote *zygote, uint32_t slot, int error)
{
    tell(zygote, &(struct trv__note){.kind = TRV__NOTE_FAILED, .slot = slot, .error = error}, -1);
}

static void serve_fork(struct zygote *zygote, uint32_t slot)
{
    pid_t pid = fork_worker(zygote, slot);
    struct trv__note answer = {.kind = TRV__NOTE_FORKED, .slot = slot, .pid = pid};
    int pidfd = pid > 0 ? open_pidfd(pid) : -1, error = errno;

    if (pidfd < 0 && pid > 0 && error == ENOSYS) {
        answer.error = error;
    } else if (pidfd < 0) {
        if (pid > 0) {
            kill(pid, SIGKILL);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        }
        refuse(zygote, slot, error);
        return;
    }
    zygote->children[slot] = pid;
    zygote->living++;
    tell(zygote, &answer, pidfd);
    if (pidfd >= 0)
        close(pidfd);
}

static void report_end(struct zygote *zygote, const siginfo_t *info)
{
    struct trv__note note = {.kind = TRV__NOTE_DIED,
                             .pid = info->si_pid,
                             .code = info->si_code,
                             .status = info->si_status};

    for (size_t i = 0; i < zygote->crew->slot_count; i++)
        if (zygote->children[i] == info->si_pid) {
            note.slot = (uint32_t)i;
            zygote->children[i] = 0;
            zygote->living--;
            tell(zygote, &note, -1);
            return;
        }
}

static void reap(struct zygote *zygote)
{
    siginfo_t info = {.si_pid = 0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid) {
        report_end(zygote, &info);
        info.si_pid = 0;
    }
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
    else if (note.kind == TRV__NOTE_FORK && !zygote->is_quitting && !zygote->children[note.slot])
        serve_fork(zygote, note.slot);
    else if (note.kind == TRV__NOTE_KILL && zygote->children[note.slot])
        kill(zygote->children[note.slot], SIGKILL);
}

/* SIGCHLD is let in only while it waits, so none is missed between looking and waiting. */
static _Noreturn void serve(struct zygote *zygote)
{
    struct pollfd polled = {.fd = zygote->control, .events = POLLIN};
    sigset_t none;

    sigemptyset(&none);
    for (;;) {
        reap(zygote);
        if (zygote->is_quitting && !zygote->living)
            _exit(0);
        if (ppoll(&polled, 1, NULL, &none) > 0)
            serve_note(zygote);
    }
}

static void note_child(int number)
{
    (void)number;
}

static void listen_for_children(void)
{
    struct sigaction action = {.sa_handler = note_child, .sa_flags = SA_NOCLDSTOP};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGCHLD, &action, NULL);
}

/* What a worker undoes of that. */
void trv__forget_children(void)
{
    sigset_t set;

    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static _Noreturn void zygote_main(struct trv__crew *crew, pid_t parent, int control)
{
    struct zygote zygote = {.crew = crew, .control = control};

    settle_in(crew, parent, control);
    zygote.children = calloc(crew->slot_count, sizeof *zygote.children);
    if (!zygote.children)
        _exit(1);
    listen_for_children();
    serve(&zygote);
}

/* In the parent ----------------------------------------------------------------------------------------- */

static pid_t fork_zygote(struct trv__crew *crew, const int sockets[2])
{
    pid_t parent = getpid(), pid;

    pid = FAULT() ? -1 : fork();
    if (pid == 0)
        zygote_main(crew, parent, sockets[1]);
    return pid;
}

int trv__zygote_start(struct trv__crew *crew)
{
    int sockets[2], error;

    if (FAULT() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return trv_raise_errno("cannot make a socket for the pool"), -1;
    sockets[0] = trv__fd_lift(sockets[0]);
    sockets[1] = trv__fd_lift(sockets[1]);
    if (sockets[0] < 0 || sockets[1] < 0 || (crew->zygote_pid = fork_zygote(crew, sockets)) < 0 ||
        ((crew->zygote_pidfd = open_pidfd(crew->zygote_pid)) < 0 && errno != ENOSYS)) {
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
    crew->has_zygote = true;
    return 0;
}
