/* SPDX-License-Identifier: MIT */
/*
 * What libFuzzer calls before the first input: the runtime lives as long as the process does.
 */
#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *count TRV_UNUSED, char ***arguments TRV_UNUSED)
{
    FUZZ_ASSERT(trv_init(NULL) == 0);
    return 0;
}
