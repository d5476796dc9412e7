/* SPDX-License-Identifier: MIT */
/*
 * Addresses of code to functions, files and lines.
 *
 * With elfutils (libdw) the symbols and the debug information of whatever is loaded at the address
 * are read, so static functions, position-independent programs and functions that an optimising
 * compiler has inlined are found as well. Without it, or where a program was stripped, the dynamic
 * symbols remain: exported functions only, and the place as an offset that addr2line takes.
 *
 * Everything is opened and freed within one call: nothing is kept, so no lock of ours is needed and
 * nothing goes stale when objects are loaded or the process forks. Debug information is looked for
 * in the object itself only; a report must not go to the network for it, as libdw's own search may.
 */
#include "base/locate.h"

#include "base/fault.h"

#include "trivet/base.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if TRV_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <signal.h>

#define STACK_BYTES ((size_t)(TRV_ASAN || TRV_TSAN ? 4 : 1) * 2 * 1024 * 1024)
#endif

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* Without what compilers and TRV_FUNCTION put behind the name. */
static void copy_function(struct trv__location *location, const char *name)
{
    char *suffix;

    copy(location->function, sizeof location->function, name);
    suffix = strchr(location->function, '.');
    if (suffix && suffix != location->function)
        *suffix = 0;
    suffix = strstr(location->function, TRV__BODY_SUFFIX);
    if (suffix)
        *suffix = 0;
}

/* From the dynamic linker's tables --------------------------------------------------------------- */

static void ask_linker(const void *address, struct trv__location *location)
{
    Dl_info info;

    if (FAULT() || !dladdr(address, &info))
        return;
    if (info.dli_fname)
        copy(location->file, sizeof location->file, info.dli_fname);
    if (info.dli_sname)
        copy_function(location, info.dli_sname);
    location->offset = (uintptr_t)address - (uintptr_t)info.dli_fbase;
}

/* From debug information ------------------------------------------------------------------------- */

#if TRV_LIBDW

static int find_no_debuginfo(Dwfl_Module *module TRV_UNUSED, void **data TRV_UNUSED,
                             const char *name TRV_UNUSED, Dwarf_Addr base TRV_UNUSED,
                             const char *file TRV_UNUSED, const char *link TRV_UNUSED,
                             GElf_Word crc TRV_UNUSED, char **found TRV_UNUSED)
{
    return -1;
}

/* Where an inlined function was called. */
static void copy_call(Dwarf_Die *unit, Dwarf_Die *inlined, struct trv__location *location)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file, line;
    Dwarf_Files *files;
    const char *name;

    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line) != 0 ||
        dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file) != 0 ||
        dwarf_getsrcfiles(unit, &files, NULL) != 0 ||
        !(name = dwarf_filesrc(files, file, NULL, NULL)))
        return;
    copy(location->file, sizeof location->file, name);
    location->line = (int)line;
}

/* The scopes around an address, outwards through the calls that were inlined. To be freed. */
static int scopes_around(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **scopes)
{
    Dwarf_Die *innermost = NULL; /* and around it, those of its definition */
    int count = dwarf_getscopes(unit, address, &innermost);

    *scopes = NULL;
    if (count > 0)
        count = dwarf_getscopes_die(&innermost[0], scopes);
    free(innermost);
    return count;
}

/* The compilation unit that an address is in, or NULL. Clang writes no table of what is in which: there each
 * unit is asked. */
static Dwarf_Die *unit_of(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

    if (unit)
        return unit;
    do
        unit = dwfl_module_nextcu(module, unit, bias);
    while (unit && dwarf_haspc(unit, address - *bias) <= 0);
    return unit;
}

/* The function that an address belongs to: symbols know the outermost only, but the line is one of the
 * innermost inlined there. Those of our headers are passed over: who called them is meant. */
static void read_inlined(Dwfl_Module *module, Dwarf_Addr address, struct trv__location *location)
{
    Dwarf_Addr bias = 0;
    Dwarf_Die *unit = FAULT() ? NULL : unit_of(module, address, &bias), *scopes = NULL;
    int count = unit ? scopes_around(unit, address - bias, &scopes) : 0;

    for (int i = 0; i < count; i++) {
        int tag = dwarf_tag(&scopes[i]);
        const char *name = dwarf_diename(&scopes[i]);
        if (!name || (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram))
            continue;
        copy_function(location, name);
        if (tag == DW_TAG_subprogram || strncmp(name, "trv_", 4) != 0)
            break;
        copy_call(unit, &scopes[i], location);
    }
    free(scopes);
}

/* The file of an address, and its line; or NULL. */
static const char *file_of(Dwfl_Module *module, Dwarf_Addr address, int *number)
{
    Dwfl_Line *line = dwfl_module_getsrc(module, address);
    Dwarf_Addr bias = 0;
    Dwarf_Line *found;
    Dwarf_Die *unit;

    if (line)
        return dwfl_lineinfo(line, NULL, number, NULL, NULL, NULL);
    unit = unit_of(module, address, &bias);
    found = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
    return found && dwarf_lineno(found, number) == 0 ? dwarf_linesrc(found, NULL, NULL) : NULL;
}

static void read_module(Dwfl_Module *module, Dwarf_Addr address, struct trv__location *location)
{
    const char *function = dwfl_module_addrname(module, address), *file;
    int number = 0;

    if (function)
        copy_function(location, function);
    file = file_of(module, address, &number);
    if (!file || number <= 0)
        return;
    copy(location->file, sizeof location->file, file);
    location->line = number;
    read_inlined(module, address, location);
}

struct question {
    const void *const *addresses;
    struct trv__location *locations;
    size_t count;
    const void *module; /* some address in the module that all of them are in; or NULL: look */
};

static void search(const struct question *question)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                             .find_debuginfo = find_no_debuginfo};
    Dwfl *dwfl = FAULT() ? NULL : dwfl_begin(&callbacks);

    if (!dwfl)
        return;
    if (dwfl_linux_proc_report(dwfl, getpid()) == 0 && dwfl_report_end(dwfl, NULL, NULL) == 0)
        for (size_t i = 0; i < question->count; i++) {
            Dwarf_Addr at = (Dwarf_Addr)(uintptr_t)question->addresses[i];
            Dwarf_Addr in = question->module ? (Dwarf_Addr)(uintptr_t)question->module : at;
            Dwfl_Module *module = at ? dwfl_addrmodule(dwfl, in) : NULL;
            if (module)
                read_module(module, at, &question->locations[i]);
        }
    dwfl_end(dwfl);
}

static void *answer(void *argument)
{
    search(argument);
    return NULL;
}

/* libdw wants more stack than a coroutine has: it is asked on a thread's, which nobody interrupts. */
static void ask_debug_information(const void *const *addresses, size_t count,
                                  struct trv__location *locations, const void *module)
{
    struct question question = {addresses, locations, count, module};
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (!FAULT() && pthread_create(&thread, &attributes, answer, &question) == 0)
        pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

#else

static void ask_debug_information(const void *const *addresses, size_t count,
                                  struct trv__location *locations, const void *module)
{
    (void)module;
    (void)addresses;
    (void)count;
    (void)locations;
}

#endif

/* ------------------------------------------------------------------------------------------------ */

void trv__locate_all(const void *const *addresses, size_t count, struct trv__location *locations)
{
    bool is_any = false;

    for (size_t i = 0; i < count; i++) {
        locations[i] = (struct trv__location){.function = "?", .file = "?"};
        if (addresses[i])
            ask_linker(addresses[i], &locations[i]);
        is_any |= addresses[i] != NULL;
    }
    if (is_any)
        ask_debug_information(addresses, count, locations, NULL);
}

void trv__locate_variable(const void *address, const void *module, struct trv__location *location)
{
    *location = (struct trv__location){.function = "?", .file = "?"};
    ask_linker(address, location);
    ask_debug_information(&address, 1, location, module);
}

void trv__locate(const void *address, struct trv__location *location)
{
    trv__locate_all(&address, 1, location);
}

char *trv__location_text(const struct trv__location *location, char *text, size_t size)
{
    const char *slash = strrchr(location->file, '/');
    const char *file = slash ? slash + 1 : location->file;

    if (location->line)
        snprintf(text, size, "%s (%s:%d)", location->function, file, location->line);
    else if (location->offset)
        snprintf(text, size, "%s (%s+0x%zx)", location->function, file, (size_t)location->offset);
    else
        snprintf(text, size, "%s", location->function);
    return text;
}
