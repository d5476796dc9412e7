/* SPDX-License-Identifier: MIT */
/*
 * The words workload: how often each word occurs in all text files below some directories.
 *
 * A word is a longest run of bytes that are not white space, as `tr -s '[:space:]' '\n'` in the C
 * locale would cut it. A text file is a regular file without a NUL byte in its first 8 KiB. The
 * files are dealt out to tasks by size, largest first, each to the task that has least, so that
 * every task has about the same to do. A task returns a dict of its words; the comparing process
 * adds them up.
 */
#include "cli/compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first of these that is there: many files of prose and code on every Debian. */
static const char *const default_directories[] = {"/usr/share/perl", "/usr/share/doc",
                                                  "/usr/share/common-licenses"};

enum { LOOKED_AT = 8192 };

/* Finding the files --------------------------------------------------------------------------------- */

struct file {
    char *path;
    int64_t size;
};

struct files {
    struct file *items;
    size_t count, capacity;
};

static int add_file(struct files *files, const char *path, int64_t size)
{
    if (files->count == files->capacity) {
        size_t capacity = files->capacity ? 2 * files->capacity : 256;
        struct file *grown = realloc(files->items, capacity * sizeof *grown);
        if (!grown)
            return trv_raise_int(trv_MemoryError, "out of memory");
        files->items = grown;
        files->capacity = capacity;
    }
    files->items[files->count].path = strdup(path);
    files->items[files->count].size = size;
    return files->items[files->count++].path ? 0 : trv_raise_int(trv_MemoryError, "out of memory");
}

/* What cannot be read is passed over, as are links: each file counts once. */
static int find_files(struct files *files, const char *directory)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    int status = 0;

    while (dir && !status && (entry = readdir(dir))) {
        char path[4096];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= sizeof path)
            continue;
        if (lstat(path, &info) < 0)
            continue;
        if (S_ISDIR(info.st_mode))
            status = find_files(files, path);
        else if (S_ISREG(info.st_mode) && info.st_size > 0)
            status = add_file(files, path, info.st_size);
    }
    if (dir)
        closedir(dir);
    return status;
}

/* Largest first; equal sizes by path, so that every process deals them alike. */
static int by_size(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    return x->size != y->size ? (x->size < y->size) - (x->size > y->size)
                              : strcmp(x->path, y->path);
}

/* A list of one tuple for each task, which holds a list of paths. */
static trv_object *deal(const struct files *files, unsigned tasks)
{
    trv_object *inputs = trv_list_new();
    int64_t *load = calloc(tasks, sizeof *load);

    for (unsigned i = 0; inputs && i < tasks; i++) {
        trv_auto trv_object *input = trv_build("([])");
        if (!load || !input || trv_list_append(inputs, input) < 0)
            trv_clear(&inputs);
    }
    for (size_t i = 0; inputs && i < files->count; i++) {
        unsigned least = 0;
        for (unsigned t = 1; t < tasks; t++)
            if (load[t] < load[least])
                least = t;
        load[least] += files->items[i].size + 2000; /* opening a file costs something, too */
        trv_auto trv_object *input = trv_list_get(inputs, least);
        trv_auto trv_object *paths = input ? trv_tuple_get(input, 0) : NULL;
        trv_auto trv_object *path =
            trv_bytes_new(files->items[i].path, strlen(files->items[i].path));
        if (!paths || !path || trv_list_append(paths, path) < 0)
            trv_clear(&inputs);
    }
    free(load);
    return inputs;
}

trv_object *words_inputs(const struct settings *settings)
{
    struct files files = {NULL, 0, 0};
    trv_object *inputs = NULL;
    int status = 0;

    for (size_t i = 0; i < DIRECTORIES_MOST && settings->directories[i] && !status; i++)
        status = find_files(&files, settings->directories[i]);
    for (size_t i = 0; i < sizeof default_directories / sizeof *default_directories; i++)
        if (!settings->directories[0] && !files.count && !status)
            status = find_files(&files, default_directories[i]);
    if (!status && files.count)
        qsort(files.items, files.count, sizeof *files.items, by_size);
    if (!status)
        inputs = deal(&files, settings->tasks);
    for (size_t i = 0; i < files.count; i++)
        free(files.items[i].path);
    free(files.items);
    return inputs;
}

/* Counting ------------------------------------------------------------------------------------------ */

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The whole file in malloc'd memory; NULL if it cannot be read. Without the GIL. */
static char *slurp(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    char *data = NULL;
    ssize_t got = 0;

    *size = 0;
    if (fd >= 0 && fstat(fd, &info) == 0 && (data = malloc((size_t)info.st_size + 1)))
        while ((got = read(fd, data + *size, (size_t)info.st_size - *size)) > 0)
            *size += (size_t)got;
    if (fd >= 0)
        close(fd);
    return data;
}

/* counts[word] += n */
static int add(trv_object *counts, trv_object *word, trv_object *n)
{
    trv_auto trv_object *old = NULL;
    trv_auto trv_object *sum = NULL;
    int found = trv_dict_get(counts, word, &old);

    if (found < 0)
        return -1;
    if (!found)
        return trv_dict_set(counts, word, n);
    sum = trv_add(old, n);
    return sum ? trv_dict_set(counts, word, sum) : -1;
}

static int count_in(trv_object *counts, const char *data, size_t size)
{
    trv_auto trv_object *one = trv_int_new(1);
    size_t i = 0;

    for (;;) {
        size_t start;
        while (i < size && is_space((unsigned char)data[i]))
            i++;
        if (i == size)
            return trv_checkpoint();
        start = i;
        while (i < size && !is_space((unsigned char)data[i]))
            i++;
        trv_auto trv_object *word = trv_bytes_new(data + start, i - start);
        if (!word || add(counts, word, one) < 0)
            return -1;
        if ((start ^ i) >> 12 && trv_checkpoint() < 0) /* every 4 KiB */
            return -1;
    }
}

static int count_file(trv_object *counts, const char *path)
{
    char *data = NULL;
    size_t size = 0;
    int status = 0;

    TRV_ALLOW_THREADS
        data = slurp(path, &size);
    if (data && !memchr(data, 0, size < LOOKED_AT ? size : LOOKED_AT))
        status = count_in(counts, data, size);
    free(data);
    return status;
}

TRV_FUNCTION(count_words, "count_words(paths): how often each word occurs in these files")
{
    trv_object *paths;
    trv_object *counts = trv_dict_new();

    if (!counts || trv_parse(args, "o", &paths) < 0)
        return trv_unref(counts), NULL;
    TRV_FOR(path, paths) {
        const void *data = trv_bytes_data(path, NULL);
        if (!data || count_file(counts, data) < 0)
            break;
    }
    if (trv_error_occurred())
        trv_clear(&counts);
    return counts;
}

/* All counts in one dict: (how many words, how many different ones, the counts sorted by word). */
trv_object *words_combine(trv_object *results)
{
    trv_auto trv_object *counts = trv_dict_new();
    trv_auto trv_object *items = NULL;
    trv_auto trv_object *values = NULL;
    trv_auto trv_object *view = NULL;
    trv_auto trv_object *total = trv_int_new(0);
    size_t different = 0;

    if (!counts || !total)
        return NULL;
    TRV_FOR(result, results) {
        trv_object *word, *n;
        size_t position = 0;
        int more;
        while ((more = trv_dict_next(result, &position, &word, &n)) > 0) {
            int status = add(counts, word, n);
            trv_unref(word);
            trv_unref(n);
            if (status < 0)
                return NULL;
        }
        if (more < 0)
            return NULL;
    }
    if (trv_error_occurred() || trv_dict_len(counts, &different) < 0 ||
        !(values = trv_dict_values(counts)))
        return NULL;
    TRV_FOR(n, values) {
        trv_object *sum = trv_add(total, n);
        trv_unref(total);
        total = sum;
    }
    view = trv_dict_items(counts);
    items = view ? trv_list_from(view) : NULL;
    if (!items || !total || trv_list_sort(items, NULL, 0) < 0)
        return NULL;
    return trv_build("{s:o, s:z, s:o}", "words", total, "different", different, "counts", items);
}

/* "word count" a line, in the order of the words. */
int words_write(trv_object *answer, const char *path)
{
    trv_auto trv_object *key = trv_str_new("counts");
    trv_auto trv_object *items = key ? trv_getitem(answer, key) : NULL;
    FILE *file = items ? fopen(path, "we") : NULL;
    bool is_bad;

    if (items && !file)
        return trv_raise_errno("%s", path), -1;
    TRV_FOR(item, items) {
        trv_auto trv_object *word = trv_tuple_get(item, 0);
        trv_auto trv_object *count = trv_tuple_get(item, 1);
        int64_t n = 0;
        size_t size = 0;
        const void *data = word ? trv_bytes_data(word, &size) : NULL;
        if (!data || trv_int_get(count, &n) < 0)
            break;
        fwrite(data, 1, size, file);
        fprintf(file, " %lld\n", (long long)n);
    }
    is_bad = !file || ferror(file);
    if (file && fclose(file) != 0)
        is_bad = true;
    if (is_bad && !trv_error_occurred())
        return trv_raise_errno("%s", path), -1;
    return trv_error_occurred() ? -1 : 0;
}
