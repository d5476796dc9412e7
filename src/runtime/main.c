/* SPDX-License-Identifier: MIT */
/*
 * trv_main: a whole program around one function.
 *
 * As many of the command line's arguments are passed as the function's signature names; all of
 * them if it ends in "*name". Too few are the function's own error to report.
 */
#include "runtime/runtime.h"

#include "trivet/runtime.h"

#include <errno.h>
#include <stdio.h>

/* What shells say of a program that an interrupt has ended. */
#define STATUS_INTERRUPTED 130

/* How many arguments a signature takes; SIZE_MAX for any number. */
static size_t count_parameters(const char *signature)
{
    const char *open = signature ? strchr(signature, '(') : NULL;
    size_t count = 0;
    bool in_name = false;

    for (const char *p = open ? open + 1 : ""; *p && *p != ')'; p++) {
        if (*p == '*')
            return SIZE_MAX;
        if (*p == ',')
            in_name = false;
        else if (*p != ' ' && !in_name)
            in_name = true, count++;
    }
    return count;
}

static trv_object *call_with_strs(trv_object *function, char **strs, size_t count)
{
    trv_auto trv_object *arguments = trv_list_new();
    trv_object *const *items;

    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *str = trv_str_new(strs[i]);
        if (!str || !arguments || trv_list_append(arguments, str) < 0)
            return NULL;
    }
    if (!arguments)
        return NULL;
    items = trv__list_items(arguments, &count);
    return trv_call_array(function, items, count, NULL);
}

static int status_of(trv_object *value)
{
    int64_t status;

    if (!value || !trv_isinstance(value, trv_int_type))
        return 0;
    if (trv_int_get(value, &status) == 0)
        return (int)(status & 0xff);
    trv_error_clear();
    return 1;
}

/* SystemExit() is 0, SystemExit(3) is 3, SystemExit("text") prints the text and is 1. */
static int status_of_exit(void)
{
    trv_auto trv_object *exception = trv_error_take();
    trv_auto trv_object *arguments = trv_exception_args(exception);
    trv_auto trv_object *value = NULL;
    trv_auto trv_object *text = NULL;
    const char *utf8;
    size_t count = 0;

    if (arguments && trv_tuple_len(arguments, &count) == 0 && count > 0)
        value = trv_tuple_get(arguments, 0);
    if (!value || trv_is_none(value) || trv_isinstance(value, trv_int_type) == 1)
        return status_of(value);
    text = trv_str(value);
    utf8 = text ? trv_str_utf8(text, NULL) : NULL;
    fprintf(stderr, "%s\n", utf8 ? utf8 : "?");
    trv_error_clear();
    return 1;
}

static int run(trv_object *function, int argc, char **argv)
{
    const trv_function_spec *spec = trv__function_spec(function);
    size_t given = argc > 1 ? (size_t)argc - 1 : 0,
           taken = spec ? count_parameters(spec->signature) : given;
    trv_auto trv_object *result = call_with_strs(function, argv + 1, MIN_OF(given, taken));

    if (result && !trv_error_occurred())
        return status_of(result);
    if (trv_error_matches(trv_SystemExit))
        return status_of_exit();
    if (trv_error_matches(trv_KeyboardInterrupt)) {
        trv__runtime()->fini_policy = TRV_FINI_CANCEL;
        trv__report_uncaught();
        return STATUS_INTERRUPTED;
    }
    trv__report_uncaught();
    return 1;
}

int trv_main(trv_object *function, int argc, char **argv)
{
    int status;

    if (trv_init(NULL) < 0) {
        fprintf(stderr, "trivet: cannot start: %s\n",
                errno == EINVAL ? "a TRIVET_ variable of the environment makes no sense"
                                : strerror(errno));
        return 1;
    }
    status = run(function, argc, argv);
    trv_fini();
    if (fflush(stdout) != 0 && status == 0) {
        fprintf(stderr, "trivet: cannot write to standard output: %s\n", strerror(errno));
        status = 1;
    }
    return status;
}
