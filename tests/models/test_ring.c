/* SPDX-License-Identifier: MIT */
/*
 * The ring of the process pool under every interleaving, and its cells: src/processes/ring.c as it is,
 * and broken in the ways of ring.broken. The two processes are two threads of the checker.
 *
 * What must hold: the bytes arrive, all and in order; nobody sleeps while there is something to do for it;
 * a byte is never read and written at once. A process killed at any point leaves a ring from which the
 * other reads what was published, and nothing else, and it does not hang. A call is either
 * started or revoked.
 *
 * The parent sleeps in a poll of an eventfd, which a death ends as well (a pidfd in life); the worker
 * sleeps on its word.
 */
#include "models/descriptors.h"

#include "processes/segment.h"

static void *model_copy(void *to, const void *from, size_t size);
static ssize_t model_write_bed(int fd, const void *data, size_t size);
#define memcpy(to, from, size) model_copy(to, from, size)
#define write(fd, data, size) model_write_bed(fd, data, size)
#include "models/ring.inc"
#undef memcpy
#undef write
#include "support/harness.h"

enum { CAPACITY = 2, BED = 0, PARENT = 0, WORKER = 1 };

static struct trv__ring_shared shared;
static char data[CAPACITY];
static struct trv__ring writer, reader;
static const int beds[2] = {BED, BED};
static int total; /* bytes of the scenario */
static int arrived;
static _Atomic uint32_t cell;
static bool has_run, was_revoked;
struct model_descriptors model_descriptors;

static void *model_copy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((char *)to >= data && (char *)to < data + CAPACITY)
            model_write((char *)to + i);
        else
            model_read((const char *)from + i);
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

static ssize_t model_write_bed(int fd, const void *one, size_t size)
{
    (void)one;
    return model_eventfd_write(fd, 1) < 0 ? -1 : (ssize_t)size;
}

static void begin_with(const int *beds_of_reader, const int *beds_of_writer)
{
    memset(&model_descriptors, 0, sizeof model_descriptors);
    memset(data, 0, sizeof data);
    trv__ring_format(&shared);
    trv__ring_attach(&writer, &shared, data, CAPACITY, beds_of_reader);
    trv__ring_attach(&reader, &shared, data, CAPACITY, beds_of_writer);
    arrived = 0;
    total = 4;
    has_run = was_revoked = false;
    atomic_init(&cell, 0);
}

static void begin_on_words(void)
{
    begin_with(NULL, NULL);
}

static void begin_parent_reads(void)
{
    begin_with(beds, NULL);
}

static void begin_parent_writes(void)
{
    begin_with(NULL, beds);
}

static void begin_patient(void)
{
    begin_with(NULL, NULL);
    writer.is_patient = true;
    total = 2;
}

/* Sleeping, as worker.c and crew.c do ----------------------------------------------------------------- */

static void poll_bed(void)
{
    struct pollfd fds[2] = {{.fd = BED, .events = POLLIN},
                            {.fd = MODEL_PIDFD + WORKER, .events = POLLIN}};
    eventfd_t ignored;

    if (model_poll(fds, 2, NULL) > 0 && fds[0].revents)
        eventfd_read(BED, &ignored);
}

static void wait_for_data(void)
{
    if (writer.beds) {
        if (trv__ring_reader_arm(&reader, TRV__SECOND_BED))
            poll_bed();
    } else {
        while (trv__ring_reader_arm(&reader, TRV__FIRST_BED))
            trv__ring_sleep(&shared.reader_sleeps);
    }
    trv__ring_disarm(&shared.reader_sleeps);
}

static void wait_for_room(void)
{
    if (reader.beds) {
        if (trv__ring_writer_arm(&writer, TRV__SECOND_BED))
            poll_bed();
    } else {
        while (trv__ring_writer_arm(&writer, TRV__FIRST_BED))
            trv__ring_sleep(&shared.writer_sleeps);
    }
    trv__ring_disarm(&shared.writer_sleeps);
}

/* The two sides --------------------------------------------------------------------------------------- */

static void write_all(void)
{
    for (int i = 1; i <= total; i++) {
        char byte = (char)i;
        size_t room = 0;
        for (;;) {
            MODEL_ASSERT(trv__ring_room(&writer, 1, &room));
            if (room)
                break;
            if (reader.beds && model_is_dead(WORKER))
                return;
            wait_for_room();
        }
        trv__ring_write(&writer, &byte, 1);
        trv__ring_publish_written(&writer);
    }
    trv__ring_remind(&writer);
}

static void read_all(void)
{
    while (arrived < total) {
        bool is_dead = writer.beds && model_is_dead(WORKER); /* before the last look */
        size_t available;
        char byte;
        while (MODEL_ASSERT(trv__ring_available(&reader, 1, &available)), available > 0) {
            trv__ring_read(&reader, &byte, 1);
            MODEL_ASSERT(byte == ++arrived);
            trv__ring_publish_read(&reader);
        }
        if (is_dead)
            return;
        if (arrived < total)
            wait_for_data();
    }
}

static void all_arrived(void)
{
    MODEL_ASSERT(arrived == total || model_is_dead(WORKER));
}

/* Where bytes end when the worker dies: what it published, the parent has. */
static void what_was_published_arrived(void)
{
    all_arrived();
    MODEL_ASSERT((uint64_t)arrived == atomic_load(&shared.written));
}

#define WORDS .begin = begin_on_words, .threads = {write_all, read_all}, .end = all_arrived
static const struct model_scenario two_workers = {
    .name = "two on their words", WORDS, .surprises = 3};
static const struct model_scenario patient = {.name = "a patient writer",
                                              .begin = begin_patient,
                                              .threads = {write_all, read_all},
                                              .end = all_arrived,
                                              .surprises = 4};
static const struct model_scenario parent_reads = {.name = "the parent reads",
                                                   .begin = begin_parent_reads,
                                                   .threads = {read_all, write_all},
                                                   .end = what_was_published_arrived,
                                                   .mortal = 1 << WORKER,
                                                   .death = model_death,
                                                   .surprises = 3};
static const struct model_scenario parent_writes = {.name = "the parent writes",
                                                    .begin = begin_parent_writes,
                                                    .threads = {write_all, read_all},
                                                    .end = all_arrived,
                                                    .mortal = 1 << WORKER,
                                                    .death = model_death,
                                                    .surprises = 3};

/* Cells ----------------------------------------------------------------------------------------------- */

/* Queues a call, and takes it back when it likes. */
static void queue_and_revoke(void)
{
    char byte = 1;

    atomic_store_explicit(&cell, trv__cell(7, TRV__CELL_QUEUED), memory_order_relaxed);
    trv__ring_write(&writer, &byte, 1);
    trv__ring_publish_written(&writer);
    was_revoked = trv__cell_claim(&cell, 7, TRV__CELL_REVOKED);
}

static void start_call(void)
{
    size_t available = 0;
    char byte;

    while (MODEL_ASSERT(trv__ring_available(&reader, 1, &available)), !available)
        wait_for_data();
    trv__ring_read(&reader, &byte, 1);
    if (trv__cell_claim(&cell, 7, TRV__CELL_STARTED))
        has_run = true;
}

/* The parent believes the cell of a worker that has died. */
static void ran_or_revoked(void)
{
    uint32_t state = atomic_load(&cell) & 7;

    MODEL_ASSERT(!(has_run && was_revoked));
    MODEL_ASSERT(!has_run || state == TRV__CELL_STARTED);
    MODEL_ASSERT(!was_revoked || state == TRV__CELL_REVOKED);
    MODEL_ASSERT(model_is_dead(WORKER) || has_run || was_revoked);
}

static const struct model_scenario started_or_revoked = {.name = "started or revoked",
                                                         .begin = begin_parent_writes,
                                                         .threads = {queue_and_revoke, start_call},
                                                         .end = ran_or_revoked,
                                                         .mortal = 1 << WORKER,
                                                         .death = model_death,
                                                         .surprises = 4};

RAW_TEST(bytes_arrive)
{
    model_check(&two_workers);
    model_check(&patient);
}

RAW_TEST(a_worker_is_killed)
{
    model_check(&parent_reads);
    model_check(&parent_writes);
    model_check(&started_or_revoked);
}

RAW_TEST(what_is_broken_is_found)
{
    static const struct model_scenario *const all[] = {&patient, &two_workers, &parent_reads,
                                                       &parent_writes};

    model_check_variants(model_variants, all, COUNT_OF(all));
}

TEST_LIST(RUN(bytes_arrive), RUN(a_worker_is_killed), RUN(what_is_broken_is_found))
