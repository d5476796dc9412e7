/* SPDX-License-Identifier: MIT */
/*
 * The ring alone: bytes arrive as they were sent, in rings smaller and larger than what is sent,
 * with both sides at work at once, sleeping and not; and nothing that the other side writes into
 * its counters is believed.
 */
#include "support/harness.h"

#include "processes/ring.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOTAL ((size_t)(TRV_ASAN || TRV_TSAN || TRV_VALGRIND ? 1 << 20 : 1 << 23))

struct pair {
    struct trv__ring_shared *shared;
    char *data;
    size_t capacity;
    struct trv__ring writer, reader;
};

static void make_pair(struct pair *pair, size_t capacity)
{
    size_t size = sizeof *pair->shared + capacity;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert(memory != MAP_FAILED);
    pair->shared = (struct trv__ring_shared *)(void *)memory;
    pair->data = memory + sizeof *pair->shared;
    pair->capacity = capacity;
    trv__ring_format(pair->shared);
    trv__ring_attach(&pair->writer, pair->shared, pair->data, capacity, NULL);
    trv__ring_attach(&pair->reader, pair->shared, pair->data, capacity, NULL);
}

static void drop_pair(struct pair *pair)
{
    munmap(pair->shared, sizeof *pair->shared + pair->capacity);
}

/* The byte that stands at a place of the stream. */
static unsigned char byte_at(size_t place)
{
    return (unsigned char)(place * 167 ^ place >> 7);
}

static size_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(*state >> 33);
}

static void write_stream(struct trv__ring *ring, size_t total, uint64_t seed)
{
    size_t sent = 0;

    while (sent < total) {
        size_t wanted = next_random(&seed) % (2 * ring->capacity) + 1, room;
        unsigned char chunk[1024];
        wanted = MIN_OF(wanted, total - sent);
        ck_assert(trv__ring_room(ring, MIN_OF(wanted, ring->capacity), &room));
        wanted = MIN_OF(MIN_OF(wanted, room), sizeof chunk);
        for (size_t i = 0; i < wanted; i++)
            chunk[i] = byte_at(sent + i);
        if (wanted) {
            trv__ring_write(ring, chunk, wanted);
            sent += wanted;
        }
        if (!wanted || next_random(&seed) % 4 == 0)
            trv__ring_publish_written(ring);
        if (!wanted && trv__ring_writer_arm(ring, TRV__FIRST_BED))
            trv__ring_sleep(&ring->shared->writer_sleeps);
    }
    trv__ring_publish_written(ring);
}

static void read_stream(struct trv__ring *ring, size_t total, uint64_t seed)
{
    size_t taken = 0;

    while (taken < total) {
        size_t wanted = next_random(&seed) % (2 * ring->capacity) + 1, available;
        unsigned char chunk[1024];
        wanted = MIN_OF(wanted, total - taken);
        ck_assert(trv__ring_available(ring, 1, &available));
        wanted = MIN_OF(MIN_OF(wanted, available), sizeof chunk);
        if (!wanted) {
            if (trv__ring_reader_arm(ring, TRV__FIRST_BED))
                trv__ring_sleep(&ring->shared->reader_sleeps);
            continue;
        }
        trv__ring_read(ring, chunk, wanted);
        trv__ring_publish_read(ring);
        for (size_t i = 0; i < wanted; i++)
            if (chunk[i] != byte_at(taken + i))
                ck_abort_msg("byte %zu is wrong", taken + i);
        taken += wanted;
    }
}

/* So many that a small ring, at whose ends both sides sleep most, goes around as often as a large one at least. */
static size_t total_of(size_t capacity)
{
    return MIN_OF(TOTAL, capacity * 2048);
}

static void *write_in_thread(void *argument)
{
    struct pair *pair = argument;

    write_stream(&pair->writer, total_of(pair->capacity), pair->capacity);
    return NULL;
}

static void stream_through(size_t capacity)
{
    struct pair pair;
    pthread_t thread;

    make_pair(&pair, capacity);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_in_thread, &pair), 0);
    read_stream(&pair.reader, total_of(capacity), ~capacity);
    pthread_join(thread, NULL);
    ck_assert(!trv__ring_has_news(pair.shared));
    drop_pair(&pair);
}

RAW_TEST(bytes_arrive_in_order_between_threads)
{
    stream_through(64);
    stream_through(1024);
    stream_through(65536);
}

RAW_TEST(bytes_arrive_in_order_between_processes)
{
    struct pair pair;
    int status;
    pid_t pid;

    make_pair(&pair, 512);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        write_stream(&pair.writer, total_of(512), 1);
        _exit(0);
    }
    read_stream(&pair.reader, total_of(512), 2);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    drop_pair(&pair);
}

/* What is not published is not seen, and room comes back only when it is given back. */
RAW_TEST(publishing_is_a_step_of_its_own)
{
    struct pair pair;
    size_t count;
    char got[8];

    make_pair(&pair, 64);
    trv__ring_write(&pair.writer, "trivet", 6);
    ck_assert(!trv__ring_has_news(pair.shared));
    ck_assert(trv__ring_available(&pair.reader, 1, &count));
    ck_assert_uint_eq(count, 0);
    trv__ring_publish_written(&pair.writer);
    ck_assert(trv__ring_has_news(pair.shared));
    ck_assert(trv__ring_available(&pair.reader, 1, &count));
    ck_assert_uint_eq(count, 6);
    trv__ring_read(&pair.reader, got, 6);
    ck_assert_int_eq(memcmp(got, "trivet", 6), 0);
    ck_assert(trv__ring_room(&pair.writer, 64, &count));
    ck_assert_uint_eq(count, 58);
    trv__ring_publish_read(&pair.reader);
    ck_assert(trv__ring_room(&pair.writer, 64, &count));
    ck_assert_uint_eq(count, 64);
    drop_pair(&pair);
}

RAW_TEST(a_full_ring_wraps_around)
{
    struct pair pair;
    size_t count;
    char in[64], out[64];

    make_pair(&pair, 64);
    for (int round = 0; round < 100; round++) {
        size_t size = (size_t)(round * 13 % 64) + 1;
        memset(in, round, size);
        ck_assert(trv__ring_room(&pair.writer, size, &count));
        ck_assert_uint_eq(count >= size, 1);
        trv__ring_write(&pair.writer, in, size);
        trv__ring_publish_written(&pair.writer);
        ck_assert(trv__ring_available(&pair.reader, size, &count));
        ck_assert_uint_eq(count, size);
        trv__ring_read(&pair.reader, out, size);
        trv__ring_publish_read(&pair.reader);
        ck_assert_int_eq(memcmp(in, out, size), 0);
    }
    drop_pair(&pair);
}

/* A counter that says more than the ring holds, or less than was there before, is refused. */
RAW_TEST(impossible_counters_are_refused)
{
    struct pair pair;
    size_t count;

    make_pair(&pair, 64);
    atomic_store(&pair.shared->written, 65);
    ck_assert(!trv__ring_available(&pair.reader, 1, &count));
    ck_assert(!trv__ring_reader_arm(&pair.reader, TRV__FIRST_BED));
    atomic_store(&pair.shared->written, UINT64_MAX);
    ck_assert(!trv__ring_available(&pair.reader, 1, &count));
    atomic_store(&pair.shared->read, 1);
    ck_assert(!trv__ring_room(&pair.writer, 65, &count));
    ck_assert(!trv__ring_writer_arm(&pair.writer, TRV__FIRST_BED));
    atomic_store(&pair.shared->read, UINT64_MAX - 64);
    ck_assert(!trv__ring_room(&pair.writer, 65, &count));
    drop_pair(&pair);
}

/* One write for a reader that sleeps, to the eventfd it sleeps on; none for one that does not. */
RAW_TEST(only_sleepers_are_woken)
{
    struct pair pair;
    eventfd_t wakes = 0;
    int beds[2] = {eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

    make_pair(&pair, 64);
    pair.writer.beds = beds;
    trv__ring_write(&pair.writer, "a", 1);
    trv__ring_publish_written(&pair.writer);
    ck_assert_int_eq(eventfd_read(beds[0], &wakes), -1);
    ck_assert(!trv__ring_reader_arm(&pair.reader, TRV__FIRST_BED)); /* there is something to read */
    trv__ring_read(&pair.reader, NULL, 1);
    ck_assert(trv__ring_reader_arm(&pair.reader, TRV__FIRST_BED));
    for (int i = 0; i < 3; i++) {
        trv__ring_write(&pair.writer, "b", 1);
        trv__ring_publish_written(&pair.writer);
    }
    ck_assert_int_eq(eventfd_read(beds[0], &wakes), 0);
    ck_assert_uint_eq(wakes, 1);
    ck_assert_int_eq(eventfd_read(beds[1], &wakes), -1);
    trv__ring_read(&pair.reader, NULL, 0);
    atomic_store(&pair.shared->reader_sleeps, TRV__SECOND_BED);
    trv__ring_publish_written(&pair.writer);
    ck_assert_int_eq(eventfd_read(beds[0], &wakes), -1);
    ck_assert_int_eq(eventfd_read(beds[1], &wakes), 0);
    close(beds[0]);
    close(beds[1]);
    drop_pair(&pair);
}

/* A patient writer wakes nobody until it reminds; and not even then if all was read. */
RAW_TEST(a_patient_writer_reminds)
{
    struct pair pair;
    eventfd_t wakes = 0;
    size_t count;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), beds[2] = {fd, fd};

    make_pair(&pair, 64);
    pair.writer.beds = beds;
    pair.writer.is_patient = true;
    for (int i = 0; i < 2; i++) {
        ck_assert(trv__ring_reader_arm(&pair.reader, TRV__FIRST_BED));
        trv__ring_write(&pair.writer, "a", 1);
        trv__ring_publish_written(&pair.writer);
        ck_assert_int_eq(eventfd_read(fd, &wakes), -1);
        if (i == 0)
            trv__ring_remind(&pair.writer);
        ck_assert(trv__ring_available(&pair.reader, 1, &count));
        trv__ring_read(&pair.reader, NULL, count);
        trv__ring_publish_read(&pair.reader);
        trv__ring_remind(&pair.writer);
        ck_assert_int_eq(eventfd_read(fd, &wakes), i == 0 ? 0 : -1);
    }
    close(fd);
    drop_pair(&pair);
}

/* A writer that waits is woken when half of the ring is free, and not before. */
RAW_TEST(a_waiting_writer_is_woken_at_half)
{
    struct pair pair;
    char bytes[64] = "";
    eventfd_t wakes = 0;
    size_t count;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), beds[2] = {fd, fd};

    make_pair(&pair, 64);
    pair.reader.beds = beds;
    trv__ring_write(&pair.writer, bytes, 64);
    trv__ring_publish_written(&pair.writer);
    ck_assert(trv__ring_writer_arm(&pair.writer, TRV__FIRST_BED));
    ck_assert(trv__ring_available(&pair.reader, 64, &count));
    trv__ring_read(&pair.reader, bytes, 31);
    trv__ring_publish_read(&pair.reader);
    ck_assert_int_eq(eventfd_read(fd, &wakes), -1);
    trv__ring_read(&pair.reader, bytes, 1);
    trv__ring_publish_read(&pair.reader);
    ck_assert_int_eq(eventfd_read(fd, &wakes), 0);
    ck_assert(!trv__ring_writer_arm(&pair.writer, TRV__FIRST_BED));
    close(fd);
    drop_pair(&pair);
}

TEST_LIST(RUN(bytes_arrive_in_order_between_threads), RUN(bytes_arrive_in_order_between_processes),
          RUN(publishing_is_a_step_of_its_own), RUN(a_full_ring_wraps_around),
          RUN(impossible_counters_are_refused), RUN(only_sleepers_are_woken),
          RUN(a_patient_writer_reminds), RUN(a_waiting_writer_is_woken_at_half))
