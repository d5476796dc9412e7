/* SPDX-License-Identifier: MIT */
/*
 * The `trivet` program: finds the command and hands the rest of the line to it.
 *
 * Commands live in files of their own. A command line that makes no sense ends with one
 * clear line on stderr and exit status 2.
 */
#include <stdio.h>
#include <string.h>

#include "trivet.h"

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("trivet %s\n", trv_version());
        return 0;
    }
    fprintf(stderr, "trivet: no such command: usage: trivet --version\n");
    return 2;
}
