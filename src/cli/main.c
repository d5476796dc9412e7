/* SPDX-License-Identifier: MIT */
/*
 * The `trivet` program: finds the command and hands the rest of the line to it.
 *
 * Commands live in files of their own. A command line that makes no sense ends with one
 * clear line on stderr and exit status 2.
 */
#include "cli/compare.h"
#include "cli/explore.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: trivet COMMAND [OPTION...]\n"
    "\n"
    "  compare    run the same work inline, on threads, processes and coroutines\n"
    "  explore    search the schedules of a program for one under which it fails\n"
    "  --version  print the version\n"
    "  --help     print this\n"
    "\n"
    "trivet help COMMAND says more.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"compare", compare_main}, {"explore", explore_main}};

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    fprintf(stderr, "trivet: no such command: %s: try 'trivet --help'\n", argv[0]);
    return 2;
}

int main(int argc, char **argv)
{
    char option[] = "--help", *help[] = {NULL, option, NULL};

    if (argc < 2) {
        fprintf(stderr, "trivet: no command given: try 'trivet --help'\n");
        return 2;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("trivet %s\n", trv_version());
        return 0;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "help") == 0) {
        help[0] = argv[2];
        return run_command(2, help);
    }
    return run_command(argc - 1, argv + 1);
}
