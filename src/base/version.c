/* SPDX-License-Identifier: MIT */
/*
 * The version of the library, as the build configured it.
 *
 * It can be asked before trv_init and without the GIL: a program may want it for a message
 * that says why the runtime could not start.
 */
#include "base/base.h"

#include "trivet.h"

const char *trv_version(void)
{
    return PACKAGE_VERSION;
}
