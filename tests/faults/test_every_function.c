/* SPDX-License-Identifier: MIT */
/*
 * Every public function, with what it should not be given: no memory, NULL, objects of other types, numbers
 * out of any range, an exception that is pending. Nothing crashes, nothing leaks, and a failure has an
 * exception.
 *
 * The calls are the rows of rows.h (calls.c). A row is called through a pointer to a function of words and
 * doubles: integers, addresses and doubles are passed as the machine passes them, doubles apart from the rest
 * wherever Trivet runs. Makers (makers.c) make the objects anew for each call, with faults suspended.
 *
 * FAULTS_ROW=trv_list_pop limits the rows to those of one function. A crash names its row.
 */
#include "faults/every_function.h"

#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define WORDS 10
#define DOUBLES 2
#define MOST_FAULTS 2000

/* What stands for an argument. */
struct argument {
    char word[64];         /* as in the row */
    uint64_t *slot;        /* where its word is, unless it is a double */
    trv_object *object;    /* owned, or NULL */
    trv_object *pair[2];   /* owned; of a pair */
    uint64_t variable[64]; /* of >o, >w, >x */
};

struct call {
    const struct row *row;
    struct argument arguments[WORDS];
    size_t count;
    uint64_t words[WORDS];
    double doubles[DOUBLES];
    uint64_t data[2];
};

/* Rows ------------------------------------------------------------------------------------------------ */

static const char *current_row = "none";
static int standard_error, complaints;

static void name_row(int signum)
{
    static const char text[] = "\nin the row of ";
    ssize_t ignored = write(standard_error, text, sizeof text - 1);

    ignored = write(standard_error, current_row, strlen(current_row));
    ignored = write(standard_error, "\n", 1);
    (void)ignored;
    signal(signum, SIG_DFL);
    raise(signum);
}

static uint64_t number_in(const char *word)
{
    return (uint64_t)strtoll(strchr(word, '=') + 1, NULL, 10);
}

/* Makes what a word of a row says. */
static void make_argument(struct call *call, struct argument *argument, size_t *word,
                          size_t *number)
{
    const char *text = argument->word;
    maker *make = maker_of(text);

    if (!strncmp(text, "d=", 2)) {
        call->doubles[(*number)++] = strtod(text + 2, NULL);
        return;
    }
    argument->slot = &call->words[(*word)++];
    if (make) {
        argument->object = make();
        ck_assert_msg(argument->object != NULL, "%s: %s cannot be made", call->row->name, text);
        *argument->slot = (uintptr_t)argument->object;
    } else if (text[0] == '>') {
        *argument->slot = (uintptr_t)argument->variable;
    } else if (text[0] == 's') {
        *argument->slot = (uintptr_t)(strchr(text, '=') + 1);
    } else if (text[0] == 'n' && text[1] == '=') {
        *argument->slot = number_in(text);
    } else if (!strncmp(text, "c=", 2)) {
        *argument->slot = number_in(text);
    } else if (!strcmp(text, "data")) {
        *argument->slot = (uintptr_t)call->data;
    } else if (!strcmp(text, "pair")) {
        argument->pair[0] = maker_of("list")();
        argument->pair[1] = maker_of("dict")();
        *argument->slot = (uintptr_t)argument->pair;
    } else {
        ck_assert_msg(!strcmp(text, "null"), "%s: what is %s?", call->row->name, text);
    }
}

static void begin_call(struct call *call, const struct row *row)
{
    const char *at = row->arguments;
    size_t word = 0, number = 0;

    trv__fault_suspend(true);
    memset(call, 0, sizeof *call);
    call->row = row;
    memcpy(call->data, "12345678", 8);
    while (*(at += strspn(at, " "))) {
        struct argument *argument = &call->arguments[call->count++];
        size_t length = strcspn(at, " ");

        memcpy(argument->word, at, length);
        at += length;
        make_argument(call, argument, &word, &number);
    }
    ck_assert_int_eq(trv_error_occurred(), 0);
    trv__fault_suspend(false);
}

static uint64_t do_call(struct call *call)
{
    const uint64_t *w = call->words;

    return call->row->function(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9],
                               call->doubles[0], call->doubles[1]);
}

static bool can_fail(const struct row *row)
{
    return strchr("oip", row->returns[0]) != NULL;
}

/* Whether the result says that it failed. */
static bool has_failed(const struct row *row, uint64_t result)
{
    switch (row->returns[0]) {
    case 'o':
    case 'p':
        return result == 0;
    case 'i':
        return (int)(uint32_t)result < 0;
    default:
        return trv_error_occurred();
    }
}

static void end_call(struct call *call, uint64_t result)
{
    trv__fault_suspend(true);
    if (strchr("ot", call->row->returns[0]))
        trv_unref((trv_object *)(uintptr_t)result);
    for (size_t i = 0; i < call->count; i++) {
        struct argument *argument = &call->arguments[i];

        if (!strcmp(argument->word, ">o"))
            trv_unref((trv_object *)(uintptr_t)argument->variable[0]);
        trv_unref(argument->object);
        trv_unref(argument->pair[0]);
        trv_unref(argument->pair[1]);
    }
    trv__fault_suspend(false);
}

static size_t live_objects(void)
{
    trv_heap_stats stats;

    trv__fault_suspend(true);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    trv_heap_stats_get(&stats);
    trv__fault_suspend(false);
    return stats.live_objects;
}

/* Says what is wrong with a row, and goes on with the next. */
__attribute__((format(printf, 2, 3))) static void complain(const struct row *row, const char *what,
                                                           ...)
{
    va_list arguments;

    complaints++;
    dprintf(standard_error, "%s(%s): ", row->name, row->arguments);
    va_start(arguments, what);
    vdprintf(standard_error, what, arguments);
    va_end(arguments);
    dprintf(standard_error, "\n");
}

typedef void each_row(const struct row *row);

/* The first call of a row may make what lasts; after the others there are as many objects as before. */
static void run_rows(each_row *run)
{
    const char *wanted = getenv("FAULTS_ROW");
    int silence;

    standard_error = fcntl(2, F_DUPFD_CLOEXEC, 100);
    silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(standard_error, 0);
    if (!wanted)
        dup2(silence, 2); /* futures and callbacks report what they were given */
    signal(SIGSEGV, name_row);
    signal(SIGBUS, name_row);
    signal(SIGABRT, name_row);
    signal(SIGALRM, name_row);
    for (size_t i = 0; i < row_count; i++) {
        size_t before, after;

        if (wanted && strcmp(wanted, rows[i].name))
            continue;
        current_row = rows[i].name;
        run(&rows[i]);
        before = live_objects();
        run(&rows[i]);
        after = live_objects();
        if (before != after)
            complain(&rows[i], "%zd objects are left", (ssize_t)(after - before));
    }
    signal(SIGABRT, SIG_DFL);
    dup2(standard_error, 2);
    close(standard_error);
    close(silence);
    ck_assert_msg(complaints == 0, "%d complaints (see above)", complaints);
}

/* Memory ---------------------------------------------------------------------------------------------- */

static void judge_fault(const struct row *row, uint64_t result, bool struck, uint64_t nth)
{
    bool failed = has_failed(row, result);
    bool may_fail = strchr(row->returns, '!') || !can_fail(row);

    if (failed && !trv_error_occurred())
        complain(row, "it fails without an exception at fault %d", (int)nth);
    else if (!failed && trv_error_occurred())
        complain(row, "a result and an exception at fault %d", (int)nth);
    else if (failed && !struck && !may_fail)
        complain(row, "it fails with memory, too");
    else if (failed && struck && !may_fail && !trv_error_matches(trv_MemoryError) &&
             !trv_error_matches(trv_OSError))
        complain(row, "fault %d is no MemoryError", (int)nth);
    trv_error_clear();
}

static void without_memory(const struct row *row)
{
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        struct call call;
        uint64_t result;

        if (nth == MOST_FAULTS) {
            complain(row, "its fault points have no end");
            return;
        }
        begin_call(&call, row);
        trv__fault_arm(nth);
        result = do_call(&call);
        struck = trv__fault_struck();
        trv__fault_arm(0);
        judge_fault(row, result, struck, nth);
        end_call(&call, result);
    }
}

TEST(every_function_survives_every_want_of_memory)
{
    run_rows(without_memory);
}

/* Wrong arguments ------------------------------------------------------------------------------------- */

/* A call that may fail: if it says so, there is an exception, and if not, there is none. */
static void judge(struct call *call, const char *what)
{
    const struct row *row = call->row;
    uint64_t result = do_call(call);
    bool failed = has_failed(row, result);

    if (can_fail(row) && failed != trv_error_occurred())
        complain(row, "with %s: %s", what,
                 failed ? "it fails without an exception" : "a result and an exception");
    trv_error_clear();
    end_call(call, failed ? 0 : result);
}

static void with_null(const struct row *row)
{
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++) {
        struct argument *argument = &call.arguments[i];
        bool is_text = argument->word[0] == 's' && strchr(argument->word, '=');

        if (argument->object || is_text) {
            *argument->slot = 0;
            judge(&call, "NULL");
            begin_call(&call, row);
        }
    }
    end_call(&call, 0);
}

TEST(every_function_is_told_of_null)
{
    run_rows(with_null);
}

static void with_objects(const struct row *row)
{
    static const char *const wrong[] = {"any", "key",      "list",      "type",    "none",
                                        "set", "callable", "exception", "instance"};
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++)
        for (size_t j = 0; call.arguments[i].object && j < sizeof wrong / sizeof *wrong; j++) {
            struct argument *argument = &call.arguments[i];

            trv_unref(argument->object);
            argument->object = maker_of(wrong[j])();
            *argument->slot = (uintptr_t)argument->object;
            judge(&call, trv_type_name(argument->object));
            begin_call(&call, row);
        }
    end_call(&call, 0);
}

TEST(every_function_is_told_of_other_types)
{
    run_rows(with_objects);
}

static void with_numbers(const struct row *row)
{
    static const int64_t numbers[] = {0, -1, 1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    static const double doubles[] = {
        0.0, -1.0, 1e300, -1e300, __builtin_nan(""), __builtin_inf(), -__builtin_inf()};
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++)
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            struct argument *argument = &call.arguments[i];
            bool is_marked = strchr(argument->word, '!');
            bool is_double = !strncmp(argument->word, "d=", 2) && !is_marked;

            if (strncmp(argument->word, "n=", 2) && !is_double)
                continue;
            if (is_marked && numbers[j] == INT32_MAX)
                continue;
            if (is_double)
                call.doubles[0] = doubles[j];
            else
                *argument->slot = (uint64_t)numbers[j];
            judge(&call, "a number");
            begin_call(&call, row);
        }
    end_call(&call, 0);
}

TEST(every_function_is_told_of_any_number)
{
    run_rows(with_numbers);
}

/* An argument that is NULL because the call that should have made it failed: its exception stands. */
static void with_failed_argument(const struct row *row)
{
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++) {
        struct argument *argument = &call.arguments[i];
        uint64_t result;

        if (!argument->object || strchr(argument->word, '~'))
            continue;
        *argument->slot = 0;
        (void)trv_raise(trv_IndexError, "of the argument");
        result = do_call(&call);
        if (can_fail(row) && !has_failed(row, result))
            complain(row, "argument %zu has failed, not the call", i + 1);
        else if (can_fail(row) && !trv_error_matches(trv_IndexError))
            complain(row, "the exception of argument %zu is lost", i + 1);
        trv_error_clear();
        end_call(&call, has_failed(row, result) ? 0 : result);
        begin_call(&call, row);
    }
    end_call(&call, 0);
}

TEST(every_function_passes_on_what_failed_before)
{
    run_rows(with_failed_argument);
}

/* An exception that is pending, though all arguments are there: nothing crashes. */
static void with_pending(const struct row *row)
{
    struct call call;
    uint64_t result;

    begin_call(&call, row);
    (void)trv_raise(trv_IndexError, "pending");
    result = do_call(&call);
    if (has_failed(row, result) && can_fail(row) && !trv_error_occurred())
        complain(row, "it fails and clears the exception");
    if (row->returns[0] == 'i' && (int)(uint32_t)result < 0)
        result = 0;
    trv_error_clear();
    end_call(&call, result);
}

TEST(every_function_survives_a_pending_exception)
{
    run_rows(with_pending);
}

TEST_LIST(RUN(every_function_survives_every_want_of_memory), RUN(every_function_is_told_of_null),
          RUN(every_function_is_told_of_other_types), RUN(every_function_is_told_of_any_number),
          RUN(every_function_passes_on_what_failed_before),
          RUN(every_function_survives_a_pending_exception))
