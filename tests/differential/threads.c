/* SPDX-License-Identifier: MIT */
/*
 * Does to threads what threads.py says, so that it can compare what becomes of them with Python's.
 *
 * There are some variables that hold threads. Each line of standard input is an operation, a
 * variable, and a word; each line of standard output is the answer, or "!", the name of an exception,
 * and its message. A thread waits for the event of its variable and then does what its kind says:
 * so what is told of it does not depend on time.
 */
#include <trivet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES 5

static trv_object *threads[VARIABLES], *events[VARIABLES];

static trv_object *wait_for(const trv_args *args)
{
    int variable;

    if (trv_parse(args, "i", &variable) < 0 || trv_event_wait(events[variable], TRV_FOREVER) < 0)
        return NULL;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(work, "work(variable)")
{
    return wait_for(args);
}

TRV_STATIC_FUNCTION(fail, "fail(variable)")
{
    trv_unref(wait_for(args));
    return trv_raise(trv_KeyError, "%s", "why");
}

TRV_STATIC_FUNCTION(leave, "leave(variable)")
{
    trv_unref(wait_for(args));
    return trv_raise(trv_SystemExit, "%s", "now");
}

TRV_STATIC_FUNCTION(join_itself, "join_itself(variable)")
{
    trv_auto trv_object *self = trv_thread_current();

    trv_unref(wait_for(args));
    return trv_thread_join(self, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(hook, "hook(exception, thread)")
{
    trv_auto trv_object *name = trv_thread_name(args->items[1]);
    trv_auto trv_object *text = trv_str(args->items[0]);

    printf("hook %s %s %s\n", trv_type_name(args->items[0]), trv_str_utf8(text, NULL),
           trv_str_utf8(name, NULL));
    return trv_none_new();
}

/* Operations: a new reference to the answer, or NULL. ------------------------------------------------ */

static trv_object *make(int variable, const char *kind)
{
    static trv_object *const functions[] = {work, fail, leave, join_itself};
    static const char *const kinds[] = {"work", "fail", "leave", "join_itself"};

    trv_clear(&threads[variable]);
    trv_clear(&events[variable]);
    events[variable] = trv_event_new();
    if (strcmp(kind, "timer") == 0)
        threads[variable] = trv_timer_new(1e6, work, "i", variable);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            threads[variable] = trv_thread_new(functions[i], "i", variable);
    if (threads[variable] && strcmp(kind, "timer") == 0)
        (void)trv_thread_set_name(threads[variable], "timer");
    return threads[variable] ? trv_none_new() : NULL;
}

/* Lets it go on, and waits for its end if it has a beginning. */
static trv_object *release(int variable, const char *word)
{
    (void)word;
    if (trv_event_set(events[variable]) < 0 || trv_thread_join(threads[variable], TRV_FOREVER) < 0)
        return NULL;
    return trv_none_new();
}

static trv_object *cancel(int variable, const char *word)
{
    int is_timer = trv_isinstance(threads[variable], trv_timer_type);

    (void)word;
    return !is_timer || trv_timer_cancel(threads[variable]) < 0 ? NULL : release(variable, "");
}

/* One that was released or cancelled before ends at once. */
static trv_object *start(int variable, const char *word)
{
    (void)word;
    if (trv_thread_start(threads[variable]) < 0)
        return NULL;
    return trv_event_is_set(events[variable]) ? release(variable, "") : trv_none_new();
}

static trv_object *join(int variable, const char *word)
{
    return trv_thread_join(threads[variable], atof(word)) < 0 ? NULL : trv_none_new();
}

static trv_object *get(int variable, const char *word)
{
    return trv_getattr(threads[variable], word);
}

static trv_object *alive(int variable, const char *word)
{
    (void)word;
    return trv_bool_new(trv_thread_is_alive(threads[variable]));
}

static trv_object *set_name(int variable, const char *word)
{
    return trv_thread_set_name(threads[variable], word) < 0 ? NULL : trv_none_new();
}

static trv_object *set_daemon(int variable, const char *word)
{
    return trv_thread_set_daemon(threads[variable], *word == '1') < 0 ? NULL : trv_none_new();
}

static trv_object *show(int variable, const char *word)
{
    (void)word;
    return trv_repr(threads[variable]);
}

static trv_object *count(int variable, const char *word)
{
    (void)variable, (void)word;
    return trv_int_new((int64_t)trv_thread_active_count());
}

static trv_object *is_listed(int variable, const char *word)
{
    trv_auto trv_object *all = trv_thread_enumerate();

    (void)word;
    return trv_bool_new(all ? trv_contains(all, threads[variable]) : 0);
}

static const struct {
    const char *name;
    trv_object *(*run)(int variable, const char *word);
} operations[] = {
    {"new", make},          {"release", release}, {"cancel", cancel}, {"start", start},
    {"join", join},         {"get", get},         {"alive", alive},   {"set_name", set_name},
    {"daemon", set_daemon}, {"repr", show},       {"count", count},   {"listed", is_listed},
};

static trv_object *run_operation(const char *name, int variable, const char *word)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (strcmp(name, operations[i].name) == 0)
            return operations[i].run(variable, word);
    return trv_raise(trv_SystemError, "no operation '%s'", name);
}

static void answer(trv_object *result)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *text = trv_str(result ? result : error);

    printf("%s%s%s%s\n", result ? "" : "!", result ? "" : trv_type_name(error), result ? "" : " ",
           trv_str_utf8(text, NULL));
    fflush(stdout);
    trv_unref(result);
}

int main(void)
{
    char name[32], word[32];
    int variable;

    if (trv_init(NULL) < 0 || trv_thread_set_excepthook(hook) < 0)
        return 1;
    while (scanf("%31s %d %31s", name, &variable, word) == 3)
        answer(run_operation(name, variable, word));
    for (int i = 0; i < VARIABLES; i++) {
        trv_clear(&threads[i]);
        trv_clear(&events[i]);
    }
    trv_fini();
    return 0;
}
