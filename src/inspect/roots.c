/* SPDX-License-Identifier: MIT */
/*
 * Who holds an object without being one: what the library knows that it holds, variables of the
 * program, and stacks.
 *
 * Variables are found by reading the writable segments of the program and its libraries, stacks by
 * reading them, word by word, for the address of the object. What is found so is a guess: a word may be
 * left over, or be a number. But nobody is harmed if it is wrong, and mostly it is right.
 */
#include "base/locate.h"
#include "inspect/graph.h"
#include "runtime/runtime.h"

#include <link.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#if TRV_VALGRIND
#include <valgrind/memcheck.h>
#endif

struct hunt {
    const trv_object *object;
    char *text;
    size_t size;
};

#define NO_SANITIZER __attribute__((no_sanitize("address", "thread", "undefined"), noinline))

/* The word that is the object's address, or NULL. */
static NO_SANITIZER const uintptr_t *find_word(uintptr_t low, uintptr_t high,
                                               const trv_object *object)
{
    low = ROUND_UP(low, sizeof(uintptr_t));
    for (const uintptr_t *word = (const uintptr_t *)low; (uintptr_t)(word + 1) <= high; word++) {
        uintptr_t value = *(const volatile uintptr_t *)word;
#if TRV_VALGRIND
        VALGRIND_MAKE_MEM_DEFINED(&value, sizeof value); /* it may be left over */
#endif
        if (value == (uintptr_t)object)
            return word;
    }
    return NULL;
}

/* The same in a stack, whose top is a guess where the system did not tell it: not beyond what is mapped. */
static const uintptr_t *find_in_stack(const void *from, const void *top, const trv_object *object)
{
    uintptr_t low = (uintptr_t)from, high = (uintptr_t)top, page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char is_resident;

    for (uintptr_t at = low & ~(page - 1); at < high; at += page)
        if (mincore((void *)at, page, &is_resident) < 0)
            high = MAX_OF(at, low);
    return find_word(low, high, object);
}

/* What the library holds --------------------------------------------------------------------------- */

static const char *name_of(const struct trv__context *context)
{
    return context->function ? trv_function_name(context->function)
                             : trv__thread_name(context->thread);
}

static bool is_on_stack(const struct trv__stack *stack, const struct hunt *hunt)
{
    return stack && stack->sp && (char *)stack->sp > stack->limit &&
           (char *)stack->sp < stack->top && find_in_stack(stack->sp, stack->top, hunt->object);
}

/* Answers false when it has found it, which ends the walk over contexts. */
static bool see_context(struct trv__context *context, void *argument)
{
    const struct hunt *hunt = argument;
    const char *what = context->error == hunt->object     ? "pending exception"
                       : context->handled == hunt->object ? "handled exception"
                       : context->task == hunt->object    ? "future of the running call"
                                                          : NULL;

    if (what)
        snprintf(hunt->text, hunt->size, "%s of '%s'", what, name_of(context));
    else if (trv__context_is_coroutine(context) && is_on_stack(context->stack, hunt))
        snprintf(hunt->text, hunt->size, "the stack of '%s'", name_of(context));
    return !*hunt->text;
}

static void see_threads(struct hunt *hunt)
{
    LIST_EACH(node, &trv__runtime()->threads) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        if (*hunt->text)
            return;
        if (thread->object == hunt->object)
            snprintf(hunt->text, hunt->size, "thread '%s'", trv__thread_name(thread));
        else if (see_context(&thread->context, hunt) && thread->loop)
            trv__loop_each(thread->loop, see_context, hunt);
    }
}

static void see_library(struct hunt *hunt)
{
    const struct trv_runtime *runtime = trv__runtime();

    if (runtime->objects.memory_error == hunt->object)
        snprintf(hunt->text, hunt->size, "the library: the MemoryError made ahead");
    else if (runtime->thread_hook == hunt->object)
        snprintf(hunt->text, hunt->size, "the library: the hook of threads");
    else if (hunt->object->type == (const struct trv_type *)trv_finalize_type->payload)
        snprintf(hunt->text, hunt->size, "the library: a finalize that waits for its object");
    else
        see_threads(hunt);
}

/* Variables ---------------------------------------------------------------------------------------- */

/* Some address of code in a module. */
static const void *code_of(const struct dl_phdr_info *info)
{
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X)
            return (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    return NULL;
}

static int see_module(struct dl_phdr_info *info, size_t size TRV_UNUSED, void *argument)
{
    const struct hunt *hunt = argument;
    struct trv__location location;

    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t low = info->dlpi_addr + segment->p_vaddr;
        const uintptr_t *word;
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
            continue;
        word = find_word(low, low + segment->p_memsz, hunt->object);
        if (!word)
            continue;
        trv__locate_variable(word, code_of(info), &location);
        snprintf(hunt->text, hunt->size, "the variable '%s'", location.function);
        return 1;
    }
    return 0;
}

/* The stack this code runs on ---------------------------------------------------------------------- */

static NO_SANITIZER void see_own_stack(struct hunt *hunt)
{
    const struct trv__stack *stack = trv__context_stack();
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    if (stack && here > (uintptr_t)stack->limit && here < (uintptr_t)stack->top &&
        find_in_stack((void *)here, stack->top, hunt->object))
        snprintf(hunt->text, hunt->size, "the stack of '%s'", name_of(trv__current->context));
}

void trv__root_name(trv_object *object, char *text, size_t size)
{
    struct hunt hunt = {object, text, size};

    *text = 0;
    see_library(&hunt);
    if (!*text)
        dl_iterate_phdr(see_module, &hunt);
    if (!*text)
        see_own_stack(&hunt);
    if (!*text)
        snprintf(text, size, "somebody outside of the heap");
}
