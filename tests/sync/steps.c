/* SPDX-License-Identifier: MIT */
/*
 * Writes what random sequences of calls give on each primitive, as far as one thread alone can make
 * them. A line is a new object, as Python makes it, or a call or attribute, a tab, and the result's
 * repr or "!" and the exception's type. tests/sync/differential makes the same calls in Python.
 *
 * Left out is what differs on purpose: taking a lock that the caller holds is an error, and so are
 * negative timeouts everywhere and wait_for without the lock.
 */
#include <trivet.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEQUENCES = 300, STEPS = 14 };

enum arguments {
    ATTRIBUTE, /* no call at all */
    NOTHING,
    AT_ONCE, /* a timeout of 0 */
    NUMBER,
    ITEM,
    ITEM_AT_ONCE,
    PREDICATE, /* and a timeout of 0 */
    WHEN_DONE  /* nothing, and only if no item is unfinished: it would wait */
};

struct step {
    const char *name;
    enum arguments arguments;
};

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

TRV_STATIC_FUNCTION(one, "one(): 1")
{
    (void)args;
    return trv_int_new(1);
}

TRV_STATIC_FUNCTION(zero, "zero(): 0")
{
    (void)args;
    return trv_int_new(0);
}

static void report(trv_object *made)
{
    trv_auto trv_object *result = made, *error = NULL, *text = NULL;

    if (result && (text = trv_repr(result))) {
        printf("\t%s\n", trv_str_utf8(text, NULL));
        return;
    }
    error = trv_error_take();
    printf("\t!%s\n", error ? trv_type_name(error) : "NULL");
}

/* Equal items of several types: in which order they leave is part of the result. */
static trv_object *draw_item(char text[16])
{
    int whole = (int)draw(4);

    switch (draw(3)) {
    case 0:
        snprintf(text, 16, "%d.0", whole);
        return trv_float_new(whole);
    case 1:
        snprintf(text, 16, "%s", whole % 2 ? "True" : "False");
        return trv_bool_new(whole % 2);
    default:
        snprintf(text, 16, "%d", whole);
        return trv_int_new(whole);
    }
}

static bool is_unfinished(trv_object *object)
{
    trv_auto trv_object *number = trv_getattr(object, "unfinished_tasks");

    return trv_truth(number) != 0;
}

/* Python lets wait_for pass without the lock if the predicate is true. */
static bool is_held(trv_object *condition)
{
    trv_auto trv_object *text = trv_repr(condition);

    return strstr(trv_str_utf8(text, NULL), ": unlocked") == NULL;
}

static void take_step(trv_object *object, const struct step *step)
{
    trv_auto trv_object *method = NULL, *item = NULL;
    char text[16];
    int64_t number;

    if ((step->arguments == WHEN_DONE && is_unfinished(object)) ||
        (step->arguments == PREDICATE && !is_held(object)))
        return;
    method = trv_getattr(object, step->name);
    switch (step->arguments) {
    case ATTRIBUTE:
        printf("%s", step->name);
        report(trv_steal(&method));
        break;
    case NOTHING:
        printf("%s()", step->name);
        report(trv_call(method, ""));
        break;
    case WHEN_DONE: /* that it was in time has no counterpart */
        printf("%s()", step->name);
        item = trv_call(method, "");
        report(trv_truth(item) == 1 ? trv_none_new() : NULL);
        break;
    case AT_ONCE:
        printf("%s(timeout=0)", step->name);
        report(trv_call(method, "d", 0.0));
        break;
    case NUMBER:
        number = (int64_t)draw(4);
        printf("%s(%d)", step->name, (int)number);
        report(trv_call(method, "l", number));
        break;
    case ITEM:
        item = draw_item(text);
        printf("%s(%s)", step->name, text);
        report(trv_call(method, "o", item));
        break;
    case ITEM_AT_ONCE:
        item = draw_item(text);
        printf("%s(%s, timeout=0)", step->name, text);
        report(trv_call(method, "od", item, 0.0));
        break;
    case PREDICATE:
        number = draw(2);
        printf("%s(lambda: %d, timeout=0)", step->name, (int)number);
        report(trv_call(method, "od", number ? one : zero, 0.0));
        break;
    }
}

static void run_sequences(const char *python, trv_object *type, int least, int most,
                          const struct step *steps, size_t count)
{
    for (int sequence = 0; sequence < SEQUENCES; sequence++) {
        int value = least + (int)draw((uint32_t)(most - least + 1));
        trv_auto trv_object *object = NULL;
        if (least == most) {
            printf("= %s()\n", python);
            object = trv_call(type, "");
        } else {
            printf("= %s(%d)\n", python, value);
            object = trv_call(type, "i", value);
        }
        if (!object) {
            trv_auto trv_object *error = trv_error_take();
            printf("!%s\n", trv_type_name(error));
            continue;
        }
        for (int i = 0; i < STEPS; i++)
            take_step(object, &steps[draw((uint32_t)count)]);
        trv_error_clear();
    }
}

#define RUN(python, type, least, most, ...)                                                        \
    do {                                                                                           \
        static const struct step steps[] = {__VA_ARGS__};                                          \
        run_sequences(python, type, least, most, steps, sizeof steps / sizeof steps[0]);           \
    } while (0)

#define QUEUE_STEPS                                                                                \
    {"put", ITEM_AT_ONCE}, {"put_nowait", ITEM}, {"put_nowait", ITEM}, {"get", AT_ONCE},           \
        {"get_nowait", NOTHING}, {"task_done", NOTHING}, {"join", WHEN_DONE}, {"qsize", NOTHING},  \
        {"empty", NOTHING}, {"full", NOTHING}, {"maxsize", ATTRIBUTE},                             \
    {                                                                                              \
        "unfinished_tasks", ATTRIBUTE                                                              \
    }

/* The same, and sooner or later shut down. */
#define QUEUE_STEPS_TO_THE_END                                                                     \
    QUEUE_STEPS, QUEUE_STEPS, {"shutdown", NOTHING}, {"shutdown", NUMBER},                         \
    {                                                                                              \
        "is_shutdown", ATTRIBUTE                                                                   \
    }

TRV_FUNCTION(app, "app(): all sequences")
{
    (void)args;
    RUN("RLock", trv_rlock_type, 0, 0, {"acquire", AT_ONCE}, {"acquire", NOTHING},
        {"release", NOTHING}, {"release", NOTHING});
    RUN("Lock", trv_lock_type, 0, 0, {"release", NOTHING}, {"locked", NOTHING});
    RUN("Condition", trv_condition_type, 0, 0, {"acquire", AT_ONCE}, {"acquire", NOTHING},
        {"release", NOTHING}, {"release", NOTHING}, {"wait", AT_ONCE}, {"wait_for", PREDICATE},
        {"notify", NOTHING}, {"notify", NUMBER}, {"notify_all", NOTHING});
    RUN("Semaphore", trv_semaphore_type, -1, 3, {"acquire", AT_ONCE}, {"release", NOTHING},
        {"release", NUMBER});
    RUN("BoundedSemaphore", trv_bounded_semaphore_type, -1, 3, {"acquire", AT_ONCE},
        {"release", NOTHING}, {"release", NUMBER});
    RUN("Event", trv_event_type, 0, 0, {"set", NOTHING}, {"clear", NOTHING}, {"is_set", NOTHING},
        {"wait", AT_ONCE});
    RUN("Barrier", trv_barrier_type, 1, 2, {"wait", AT_ONCE}, {"abort", NOTHING},
        {"reset", NOTHING}, {"broken", ATTRIBUTE}, {"n_waiting", ATTRIBUTE}, {"parties", ATTRIBUTE},
        {"wait", AT_ONCE});
    for (int round = 0; round < 4; round++) {
        RUN("Queue", trv_queue_type, 0, 3, QUEUE_STEPS);
        RUN("LifoQueue", trv_lifo_queue_type, 0, 3, QUEUE_STEPS);
        RUN("PriorityQueue", trv_priority_queue_type, 0, 12, QUEUE_STEPS);
        RUN("Queue", trv_queue_type, 0, 3, QUEUE_STEPS_TO_THE_END);
        RUN("LifoQueue", trv_lifo_queue_type, 0, 3, QUEUE_STEPS_TO_THE_END);
        RUN("PriorityQueue", trv_priority_queue_type, 0, 12, QUEUE_STEPS_TO_THE_END);
    }
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
