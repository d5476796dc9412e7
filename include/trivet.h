/* SPDX-License-Identifier: MIT */
/*
 * Trivet: dynamic objects on threads, forked processes and coroutines.
 *
 * This is the umbrella: a program includes it and nothing else of Trivet.
 */
#ifndef TRIVET_H
#define TRIVET_H

#ifdef __cplusplus
extern "C" {
#endif

#define TRV_API __attribute__((visibility("default")))

/* The version of the library in use, such as "0.1.0". Any thread may call it at any time.
 * Returns: a static string. Raises: nothing. GIL: either. Blocks: no. */
TRV_API const char *trv_version(void);

#ifdef __cplusplus
}
#endif

#endif
