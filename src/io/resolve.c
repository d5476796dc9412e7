/* SPDX-License-Identifier: MIT */
/*
 * Names to addresses.
 *
 * Numeric addresses are read at once. For names the C library may wait for servers, for as long as
 * it pleases, and cannot be interrupted: so it is asked in a thread of its own, and the caller waits
 * for that like for anything else: a coroutine's loop goes on, and cancellation reaches both. Who is
 * cancelled leaves; the thread ends when the C library lets it.
 *
 * The request belongs to both: whoever is last frees it. All under the GIL but getaddrinfo itself.
 */
#include "io/io.h"

#include "base/fault.h"

#include "trivet/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

struct request {
    char port[8];
    struct addrinfo hints;
    struct addrinfo *addresses; /* the answer, or NULL */
    int error;                  /* an EAI number */
    int system_error;           /* errno, if error is EAI_SYSTEM */
    bool is_done;
    unsigned references; /* by who asks, by the thread */
    struct trv__list waiters;
    char host[]; /* "" for none */
};

static void release(struct request *request)
{
    if (--request->references > 0)
        return;
    if (request->addresses)
        freeaddrinfo(request->addresses);
    free(request);
}

static void ask(struct request *request)
{
    request->error = FAULT() ? EAI_MEMORY
                             : getaddrinfo(request->host[0] ? request->host : NULL, request->port,
                                           &request->hints, &request->addresses);
    request->system_error = errno;
}

static void run(void *argument)
{
    struct request *request = argument;

    TRV_ALLOW_THREADS
        ask(request);
    request->is_done = true;
    trv__wake_all(&request->waiters);
    release(request);
}

static int wait_for_answer(struct request *request)
{
    struct trv__waiter waiter;

    while (!request->is_done)
        switch (trv__wait_in(&request->waiters, &waiter, NULL, TRV__NEVER)) {
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        case TRV__WOKEN:
        case TRV__TIMED_OUT:
            break;
        }
    return 0;
}

static int ask_in_thread(struct request *request)
{
    request->hints.ai_flags &= ~AI_NUMERICHOST;
    request->references++;
    if (trv__thread_start(run, request, "resolve", 0) < 0) {
        request->references--;
        return -1;
    }
    return wait_for_answer(request);
}

static struct request *request_create(const char *host, uint16_t port, bool is_passive)
{
    size_t size = strlen(host) + 1;
    struct request *request = FAULT() ? NULL : calloc(1, sizeof *request + size);

    if (!request)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    memcpy(request->host, host, size);
    snprintf(request->port, sizeof request->port, "%u", port);
    request->hints.ai_socktype = SOCK_STREAM;
    request->hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (is_passive ? AI_PASSIVE : 0);
    request->references = 1;
    trv__list_init(&request->waiters);
    return request;
}

/* Listening on any address means both families, of which the newer takes the older's, too. */
static void prefer_version_6(struct addrinfo **first)
{
    for (struct addrinfo **at = first; *at; at = &(*at)->ai_next)
        if ((*at)->ai_family == AF_INET6) {
            struct addrinfo *found = *at;
            *at = found->ai_next;
            found->ai_next = *first;
            *first = found;
            return;
        }
}

static void raise_error(const struct request *request)
{
    if (request->error == EAI_MEMORY)
        trv_raise(trv_MemoryError, "out of memory");
    else if (request->error == EAI_SYSTEM)
        trv_raise_errno_of(request->system_error, "resolving %s", request->host);
    else
        trv_raise(trv_OSError, "resolving %s: %s", request->host, gai_strerror(request->error));
}

struct addrinfo *trv__resolve(const char *host, uint16_t port, bool is_passive)
{
    struct request *request = request_create(host ? host : "", port, is_passive);
    struct addrinfo *addresses = NULL;

    if (!request)
        return NULL;
    ask(request);
    if (request->error != EAI_NONAME || !request->host[0] || ask_in_thread(request) == 0) {
        addresses = request->addresses;
        request->addresses = NULL;
        if (!addresses)
            raise_error(request);
        else if (!request->host[0])
            prefer_version_6(&addresses);
    }
    release(request);
    return addresses;
}
