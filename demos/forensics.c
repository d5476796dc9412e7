/* SPDX-License-Identifier: MIT */
/*
 * A leaked reference: which line took it.
 *
 * `longest` looks at each word of a list, and forgets to drop those that are not the longest. With
 * TRV_FORENSICS the program notes down what it takes and gives back of each list, and in the end it asks
 * which ones are still there, and why.
 */
#define TRV_FORENSICS
#include <trivet.h>

#include <stdio.h>

static trv_object *make_words(const char *first, const char *second)
{
    trv_auto trv_object *words = trv_list_new();
    trv_auto trv_object *a = trv_build("[s]", first);
    trv_auto trv_object *b = trv_build("[s s]", second, second);

    if (trv_list_append(words, a) < 0 || trv_list_append(words, b) < 0)
        return NULL;
    return trv_steal(&words);
}

/* How many items the longest of the lists has. */
static size_t longest(trv_object *lists)
{
    size_t most = 0, count = 0, length = 0;

    if (trv_list_len(lists, &count) < 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        trv_object *list = trv_list_get(lists, (int64_t)i);
        if (trv_list_len(list, &length) < 0 || length <= most)
            continue;
        most = length;
        if (i > 0)
            trv_unref(list); /* and what if i is 0? */
    }
    return most;
}

TRV_FUNCTION(app, "app(): leaks a list, and finds the line")
{
    trv_auto trv_object *report = NULL;
    trv_object *words;

    if (trv_forensics_watch_type(trv_list_type) < 0)
        return NULL;
    words = make_words("plate", "leg");
    printf("the longest has %zu\n", longest(words));
    trv_clear(&words);
    report = trv_forensics_report(NULL);
    if (!report)
        return NULL;
    printf("%s", trv_str_utf8(report, NULL));
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
