/* SPDX-License-Identifier: MIT */
/*
 * The fuzzers over the inputs that are kept: tests/fuzz/corpus/NAME is given to fuzz_NAME, file by file.
 */
#include "support/harness.h"

#include <dirent.h>
#include <sys/stat.h>

int fuzz_unpickle_once(const uint8_t *data, size_t size);
#define LLVMFuzzerTestOneInput fuzz_unpickle_once
#include "fuzz/fuzz_unpickle.c"
#undef LLVMFuzzerTestOneInput
int fuzz_format_once(const uint8_t *data, size_t size);
#define LLVMFuzzerTestOneInput fuzz_format_once
#include "fuzz/fuzz_format.c"
#undef LLVMFuzzerTestOneInput
int fuzz_number_once(const uint8_t *data, size_t size);
#define LLVMFuzzerTestOneInput fuzz_number_once
#include "fuzz/fuzz_number.c"
#undef LLVMFuzzerTestOneInput

typedef int fuzz_once(const uint8_t *data, size_t size);

static void run_file(const char *path, fuzz_once *once)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    uint8_t *data;

    ck_assert_msg(file && fstat(fileno(file), &status) == 0, "%s cannot be read", path);
    data = malloc((size_t)status.st_size + 1);
    ck_assert_uint_eq(fread(data, 1, (size_t)status.st_size, file), (size_t)status.st_size);
    fclose(file);
    once(data, (size_t)status.st_size);
    free(data);
}

static void run_corpus(const char *name, fuzz_once *once)
{
    const char *top = getenv("top_srcdir");
    char folder[4096], path[8192];
    const struct dirent *entry;
    int count = 0;
    DIR *files;

    snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top ? top : ".", name);
    files = opendir(folder);
    ck_assert_msg(files != NULL, "%s cannot be opened", folder);
    while ((entry = readdir(files)) != NULL)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            run_file(path, once);
            count++;
        }
    closedir(files);
    ck_assert_int_gt(count, 0);
}

TEST(pickles)
{
    run_corpus("unpickle", fuzz_unpickle_once);
}

TEST(formats)
{
    run_corpus("format", fuzz_format_once);
}

TEST(numbers)
{
    run_corpus("number", fuzz_number_once);
}

TEST_LIST(RUN(pickles), RUN(formats), RUN(numbers))
