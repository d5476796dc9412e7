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
    "trivet COMMAND --help says more.\n";

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "compare") == 0)
        return compare_main(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "explore") == 0)
        return explore_main(argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("trivet %s\n", trv_version());
        return 0;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc < 2)
        fprintf(stderr, "trivet: no command given: try 'trivet --help'\n");
    else
        fprintf(stderr, "trivet: no such command: %s: try 'trivet --help'\n", argv[1]);
    return 2;
}
