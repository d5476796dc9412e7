/* SPDX-License-Identifier: MIT */
/*
 * The checker's memory: what a load may see, and which plain data races.
 *
 * An object is known by its address from its first operation in a run. Its stores are numbered; the last
 * few are kept, each with its author, the author's time, and what whoever acquires it then knows.
 * The newest always lies in the real memory as well, so that code which is not under test reads sense.
 *
 * A load by thread T sees no store older than one that T knows of (it happened before), than one that T or
 * somebody T knows of has seen already, and, if it is seq_cst, than the last seq_cst one. A
 * read-modify-write sees the newest, and carries on what its predecessor released. A seq_cst fence
 * tells all that is known here to the next such fence, which is a little more than C11 promises.
 *
 * A futex call looks at the newest value and tells nobody anything; the kernel does at least that.
 */
#include "models/run.h"

enum { KEPT = 4, OBJECTS = 256 }; /* powers of two */

struct store {
    uint64_t value, hash;
    int thread; /* -1: before all threads */
    uint32_t time;
    struct clock released;
};

struct object {
    const void *address;
    uint32_t run; /* in which it was last used; anything else: free */
    bool is_plain;
    uint32_t count;    /* stores so far; the newest is stores[(count - 1) % KEPT] */
    uint32_t last_seq; /* one past the number of the last seq_cst store */
    struct store stores[KEPT];
    uint32_t seen[MODEL_THREADS],
        seen_at[MODEL_THREADS]; /* the newest store seen, plus one; when */
    uint64_t hash;              /* of the newest store, or of a mutex */
};

struct memory_thread model_memory_threads[MODEL_THREADS];
static struct object objects[OBJECTS];
static uint32_t run;
static struct {
    const char *start, *end;
} forbidden[16];
static size_t forbidden_count;
static uint64_t objects_hash;
static struct clock seq_fence;

void model_memory_reset(void)
{
    run++;
    objects_hash = 0;
    forbidden_count = 0;
    seq_fence = (struct clock){{0}};
    for (int t = 0; t < MODEL_THREADS; t++) {
        model_memory_threads[t] = (struct memory_thread){.hash = (uint64_t)t + 1};
        model_memory_threads[t].clock.at[t] = 1;
    }
}

uint64_t model_memory_hash(void)
{
    return objects_hash;
}

/* Values of any size -------------------------------------------------------------------------------- */

static uint64_t get_value(const void *address, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, address, size); /* little-endian machines only; see model_is_of_use */
    return value;
}

static void put_value(void *address, size_t size, uint64_t value)
{
    memcpy(address, &value, size);
}

/* Objects ------------------------------------------------------------------------------------------- */

void model_forbid(const void *memory, size_t size)
{
    if (forbidden_count == COUNT_OF(forbidden))
        model_fail(__FILE__, __LINE__, "more than %zu forbidden places", COUNT_OF(forbidden));
    forbidden[forbidden_count].start = memory;
    forbidden[forbidden_count++].end = (const char *)memory + size;
}

static struct object *object_at(const void *address)
{
    size_t place = trv__hash_mix((uintptr_t)address) & (OBJECTS - 1);

    for (size_t i = 0; i < forbidden_count; i++)
        if ((const char *)address >= forbidden[i].start && (const char *)address < forbidden[i].end)
            model_fail_here("memory that was freed is used");
    for (int tries = 0; tries < OBJECTS; tries++, place = (place + 1) & (OBJECTS - 1)) {
        struct object *object = &objects[place];
        if (object->run == run && object->address == address)
            return object;
        if (object->run != run) {
            *object = (struct object){.address = address, .run = run};
            return object;
        }
    }
    model_fail(__FILE__, __LINE__, "more than %d objects", OBJECTS);
    abort();
}

static struct store *newest(struct object *object)
{
    return &object->stores[(object->count - 1) & (KEPT - 1)];
}

static void set_hash(struct object *object, uint64_t hash)
{
    objects_hash -= object->hash;
    object->hash = trv__hash_mix(hash ^ (uintptr_t)object->address);
    objects_hash += object->hash;
}

static struct store *append(struct object *object, uint64_t value, int thread)
{
    struct store *store = &object->stores[object->count++ & (KEPT - 1)];

    *store = (struct store){.value = value, .thread = thread};
    return store;
}

/* The object of an atomic operation. What was stored past the checker begins it anew. */
static struct object *atomic_at(const void *address, size_t size)
{
    struct object *object = object_at(address);
    uint64_t value = get_value(address, size);

    if (!object->count || newest(object)->value != value) {
        uint64_t hash = trv__hash_mix(value + 1);
        append(object, value, -1)->hash = hash;
        set_hash(object, hash);
    }
    return object;
}

/* What is known ------------------------------------------------------------------------------------- */

static struct memory_thread *tick(int thread)
{
    struct memory_thread *self = &model_memory_threads[thread];

    self->clock.at[thread]++;
    return self;
}

static bool acquires(memory_order order)
{
    return order == memory_order_acquire || order == memory_order_acq_rel ||
           order == memory_order_seq_cst || order == memory_order_consume;
}

static bool releases(memory_order order)
{
    return order == memory_order_release || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static void see(struct object *object, int thread, uint32_t number, memory_order order)
{
    struct memory_thread *self = &model_memory_threads[thread];
    const struct store *store = &object->stores[number & (KEPT - 1)];

    object->seen[thread] = number + 1;
    object->seen_at[thread] = self->clock.at[thread];
    clock_join(acquires(order) ? &self->clock : &self->acquired, &store->released);
    memory_mix(thread, store->hash ^ (uintptr_t)object->address);
}

/* The oldest store that a load may see. */
static uint32_t oldest_visible(const struct object *object, int thread, memory_order order)
{
    const struct clock *clock = &model_memory_threads[thread].clock;
    uint32_t oldest = object->count > KEPT ? object->count - KEPT : 0;

    if (order == memory_order_seq_cst && object->last_seq)
        oldest = MAX_OF(oldest, object->last_seq - 1);
    for (int t = 0; t < MODEL_THREADS; t++)
        if (object->seen[t] && object->seen_at[t] <= clock->at[t])
            oldest = MAX_OF(oldest, object->seen[t] - 1);
    for (uint32_t number = object->count - 1; number > oldest; number--) {
        const struct store *store = &object->stores[number & (KEPT - 1)];
        if (store->thread < 0 || store->time <= clock->at[store->thread])
            return number;
    }
    return oldest;
}

/* Atomic operations --------------------------------------------------------------------------------- */

static void make_store(struct object *object, int thread, uint64_t value, memory_order order,
                       const struct clock *carried)
{
    struct memory_thread *self = &model_memory_threads[thread];
    struct store *store;

    memory_mix(thread, object->hash ^ value);
    store = append(object, value, thread);
    store->time = self->clock.at[thread];
    store->released = releases(order) ? self->clock : self->released;
    if (carried)
        clock_join(&store->released, carried);
    store->hash = self->hash;
    object->seen[thread] = object->count;
    object->seen_at[thread] = store->time;
    if (order == memory_order_seq_cst)
        object->last_seq = object->count;
    set_hash(object, self->hash);
}

uint64_t model_load(const void *address, size_t size, memory_order order, struct model_place place)
{
    int thread = model_self();
    struct object *object;
    uint32_t number, older;

    if (thread < 0)
        return get_value(address, size);
    model_point(place);
    tick(thread);
    object = atomic_at(address, size);
    older = model_is_sequential() ? 0 : object->count - 1 - oldest_visible(object, thread, order);
    number = object->count - 1 - (uint32_t)model_surprise(older + 1, "sees an older value");
    see(object, thread, number, order);
    model_note("= %llu", object->stores[number & (KEPT - 1)].value, 0);
    return object->stores[number & (KEPT - 1)].value;
}

void model_store(void *address, size_t size, uint64_t value, memory_order order,
                 struct model_place place)
{
    int thread = model_self();
    struct object *object;

    if (thread >= 0) {
        model_point(place);
        tick(thread);
        object = atomic_at(address, size);
        make_store(object, thread, value, order, NULL);
        model_note(":= %llu", value, 0);
    }
    put_value(address, size, value);
}

void model_init(void *address, size_t size, uint64_t value)
{
    object_at(address)->count = 0;
    put_value(address, size, value);
}

static uint64_t updated(enum model_update update, uint64_t old, uint64_t operand)
{
    switch (update) {
    case MODEL_EXCHANGE:
        return operand;
    case MODEL_ADD:
        return old + operand;
    case MODEL_SUBTRACT:
        return old - operand;
    case MODEL_OR:
        return old | operand;
    case MODEL_AND:
        return old & operand;
    }
    return old;
}

/* Reads the newest store and makes one after it, in one. */
static void replace(struct object *object, int thread, uint64_t value, memory_order order)
{
    struct clock carried = newest(object)->released;

    see(object, thread, object->count - 1, order);
    make_store(object, thread, value, order, &carried);
}

static uint64_t truncated(uint64_t value, size_t size)
{
    return size == 8 ? value : value & ((UINT64_C(1) << (8 * size)) - 1);
}

uint64_t model_update(void *address, size_t size, enum model_update update, uint64_t operand,
                      memory_order order, struct model_place place)
{
    int thread = model_self();
    uint64_t old, value;

    if (thread >= 0) {
        model_point(place);
        tick(thread);
    }
    old = get_value(address, size);
    value = truncated(updated(update, old, operand), size);
    if (thread >= 0) {
        replace(atomic_at(address, size), thread, value, order);
        model_note("%llu -> %llu", old, value);
    }
    put_value(address, size, value);
    return old;
}

bool model_compare_exchange(void *address, size_t size, void *expected, uint64_t desired,
                            memory_order success, memory_order failure, bool is_weak,
                            struct model_place place)
{
    int thread = model_self();
    uint64_t old, wanted = get_value(expected, size);
    bool succeeds;

    if (thread >= 0) {
        model_point(place);
        tick(thread);
    }
    old = get_value(address, size);
    desired = truncated(desired, size);
    succeeds = old == wanted;
    if (thread >= 0) {
        struct object *object = atomic_at(address, size);
        if (succeeds && is_weak)
            succeeds = !model_surprise(2, "fails for no reason");
        if (succeeds)
            replace(object, thread, desired, success);
        else
            see(object, thread, object->count - 1, failure);
        model_note(succeeds ? "%llu -> %llu" : "is %llu, not changed", old, desired);
    }
    if (succeeds)
        put_value(address, size, desired);
    else
        put_value(expected, size, old);
    return succeeds;
}

void model_fence(memory_order order, struct model_place place)
{
    int thread = model_self();
    struct memory_thread *self;

    if (thread < 0)
        return;
    model_point(place);
    self = tick(thread);
    memory_mix(thread, (uint64_t)order);
    if (acquires(order))
        clock_join(&self->clock, &self->acquired);
    if (order == memory_order_seq_cst) {
        clock_join(&self->clock, &seq_fence);
        seq_fence = self->clock;
        set_hash(object_at(&seq_fence), self->hash);
        memory_mix(thread, object_at(&seq_fence)->hash);
    }
    if (releases(order))
        self->released = self->clock;
}

uint32_t model_memory_peek(int thread, const void *address)
{
    struct object *object = atomic_at(address, sizeof(uint32_t));

    tick(thread);
    see(object, thread, object->count - 1, memory_order_relaxed);
    return (uint32_t)newest(object)->value;
}

/* Mutexes: only what taking and giving one tells; who holds it is the business of checker.c. */

void model_memory_take(int thread, const void *mutex)
{
    struct object *object = object_at(mutex);

    tick(thread);
    if (object->count)
        clock_join(&model_memory_threads[thread].clock, &newest(object)->released);
    memory_mix(thread, object->hash + 1);
    set_hash(object, model_memory_threads[thread].hash);
}

void model_memory_give(int thread, const void *mutex)
{
    struct object *object = object_at(mutex);
    struct memory_thread *self = tick(thread);

    memory_mix(thread, object->hash + 2);
    set_hash(object, self->hash);
    append(object, 0, thread)->released = self->clock;
}

/* Plain data: `seen_at` holds when each thread last read it, stores[0] who wrote it last. ------------- */

static void must_be_known(const char *what, int thread, int other, uint32_t time,
                          struct model_place place)
{
    if (other >= 0 && time > model_memory_threads[thread].clock.at[other])
        model_fail(place.file, place.line, "data race: %s, and thread %c %s it unordered",
                   place.what, 'A' + other, what);
}

void model_plain(const void *address, bool is_write, const char *what, const char *file, int line)
{
    struct model_place place = {what, file, line};
    int thread = model_self();
    struct object *object;
    struct memory_thread *self;

    if (thread < 0)
        return;
    model_point(place);
    self = tick(thread);
    object = object_at(address);
    if (object->is_plain)
        must_be_known("wrote", thread, object->stores[0].thread, object->stores[0].time, place);
    for (int t = 0; is_write && t < MODEL_THREADS; t++)
        if (t != thread)
            must_be_known("read", thread, t, object->seen_at[t], place);
    memory_mix(thread, object->hash);
    if (is_write) {
        object->is_plain = true;
        object->stores[0] = (struct store){.thread = thread, .time = self->clock.at[thread]};
        set_hash(object, self->hash);
    } else {
        object->seen_at[thread] = self->clock.at[thread];
    }
}
