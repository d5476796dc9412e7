/* SPDX-License-Identifier: MIT */
/*
 * Exceptions.
 *
 * A function that fails sets an exception in the current thread or coroutine and returns NULL or
 * -1. It stays pending until it is taken, cleared or replaced. An exception knows where it was
 * raised (C file, line, function) and which functions it passed; raising while another is being
 * handled records that one as its context; trv_raise_from gives a cause.
 *
 *     if (n < 0)
 *         return trv_raise(trv_ValueError, "n is %d, must not be negative", n);
 */
#ifndef TRIVET_ERROR_H
#define TRIVET_ERROR_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* The tree: X(name, base). A base stands before what is derived from it. */
#define TRV_EXCEPTIONS(X)                                                                          \
    X(Exception, BaseException)                                                                    \
    X(KeyboardInterrupt, BaseException)                                                            \
    X(SystemExit, BaseException)                                                                   \
    X(GeneratorExit, BaseException)                                                                \
    X(CancelledError, BaseException)                                                               \
    X(BaseExceptionGroup, BaseException)                                                           \
    X(ExceptionGroup, BaseExceptionGroup)                                                          \
    X(ArithmeticError, Exception)                                                                  \
    X(FloatingPointError, ArithmeticError)                                                         \
    X(OverflowError, ArithmeticError)                                                              \
    X(ZeroDivisionError, ArithmeticError)                                                          \
    X(AssertionError, Exception)                                                                   \
    X(AttributeError, Exception)                                                                   \
    X(BufferError, Exception)                                                                      \
    X(EOFError, Exception)                                                                         \
    X(IncompleteReadError, EOFError)                                                               \
    X(ImportError, Exception)                                                                      \
    X(ModuleNotFoundError, ImportError)                                                            \
    X(LookupError, Exception)                                                                      \
    X(IndexError, LookupError)                                                                     \
    X(KeyError, LookupError)                                                                       \
    X(MemoryError, Exception)                                                                      \
    X(NameError, Exception)                                                                        \
    X(UnboundLocalError, NameError)                                                                \
    X(OSError, Exception)                                                                          \
    X(BlockingIOError, OSError)                                                                    \
    X(ChildProcessError, OSError)                                                                  \
    X(ConnectionError, OSError)                                                                    \
    X(BrokenPipeError, ConnectionError)                                                            \
    X(ConnectionAbortedError, ConnectionError)                                                     \
    X(ConnectionRefusedError, ConnectionError)                                                     \
    X(ConnectionResetError, ConnectionError)                                                       \
    X(FileExistsError, OSError)                                                                    \
    X(FileNotFoundError, OSError)                                                                  \
    X(InterruptedError, OSError)                                                                   \
    X(IsADirectoryError, OSError)                                                                  \
    X(NotADirectoryError, OSError)                                                                 \
    X(PermissionError, OSError)                                                                    \
    X(ProcessLookupError, OSError)                                                                 \
    X(TimeoutError, OSError)                                                                       \
    X(ReferenceError, Exception)                                                                   \
    X(RuntimeError, Exception)                                                                     \
    X(BrokenExecutor, RuntimeError)                                                                \
    X(BrokenProcessPool, BrokenExecutor)                                                           \
    X(BrokenThreadPool, BrokenExecutor)                                                            \
    X(BrokenBarrierError, RuntimeError)                                                            \
    X(DeadlockError, RuntimeError)                                                                 \
    X(InvalidStateError, RuntimeError)                                                             \
    X(NotImplementedError, RuntimeError)                                                           \
    X(RecursionError, RuntimeError)                                                                \
    X(StopIteration, Exception)                                                                    \
    X(StopAsyncIteration, Exception)                                                               \
    X(SystemError, Exception)                                                                      \
    X(TypeError, Exception)                                                                        \
    X(QueueEmpty, Exception)                                                                       \
    X(QueueFull, Exception)                                                                        \
    X(QueueShutDown, Exception)                                                                    \
    X(PicklingError, Exception)                                                                    \
    X(UnpicklingError, Exception)                                                                  \
    X(ValueError, Exception)                                                                       \
    X(UnicodeError, ValueError)                                                                    \
    X(UnicodeDecodeError, UnicodeError)                                                            \
    X(UnicodeEncodeError, UnicodeError)                                                            \
    X(UnicodeTranslateError, UnicodeError)                                                         \
    X(Warning, Exception)                                                                          \
    X(BytesWarning, Warning)                                                                       \
    X(DeprecationWarning, Warning)                                                                 \
    X(EncodingWarning, Warning)                                                                    \
    X(FutureWarning, Warning)                                                                      \
    X(ImportWarning, Warning)                                                                      \
    X(PendingDeprecationWarning, Warning)                                                          \
    X(ResourceWarning, Warning)                                                                    \
    X(RuntimeWarning, Warning)                                                                     \
    X(SyntaxWarning, Warning)                                                                      \
    X(UnicodeWarning, Warning)                                                                     \
    X(UserWarning, Warning)

extern TRV_API trv_object trv_BaseException[1];
#define TRV_DECLARE_EXCEPTION_(name, base) extern TRV_API trv_object trv_##name[1];
TRV_EXCEPTIONS(TRV_DECLARE_EXCEPTION_)
#undef TRV_DECLARE_EXCEPTION_

/* What the macros below call, with the place they stand at. NULL for the file: no place is noted down.
 * Returns: NULL. */
TRV_API trv_object *trv_raise_at_(const char *file, int line, const char *function,
                                  trv_object *type, const char *format, ...) TRV_PRINTF(5, 6);
/* Of an error number, or of errno (0). Returns: NULL. */
TRV_API trv_object *trv_raise_errno_at_(const char *file, int line, const char *function, int error,
                                        const char *format, ...) TRV_PRINTF(5, 6);
/* Of the exception that is being handled. Returns: NULL. */
TRV_API trv_object *trv_reraise_at_(const char *file, int line, const char *function);
/* Of an exception or a type of them, and its cause, or NULL. Returns: NULL. */
TRV_API trv_object *trv_raise_object_at_(const char *file, int line, const char *function,
                                         trv_object *exception, trv_object *cause);
/* Makes of what such a call returns what a function that gives an int returns. Returns: -1. */
static inline int trv_minus_one_(trv_object *null TRV_UNUSED)
{
    return -1;
}

/* Sets an exception of an exception type with a printf-style message, or, for NULL, without arguments;
 * errno is kept. MemoryError has a message of its own, because it must be raised without memory.
 * Returns: NULL. */
#define trv_raise(type, ...) trv_raise_at_(__FILE__, __LINE__, __func__, type, __VA_ARGS__)
/* The same for functions that return int. Returns: -1. */
#define trv_raise_int(type, ...) trv_minus_one_(trv_raise(type, __VA_ARGS__))
/* Sets the OSError that fits errno, with "message: error text". Returns: NULL. */
#define trv_raise_errno(...) trv_raise_errno_at_(__FILE__, __LINE__, __func__, 0, __VA_ARGS__)
/* The same for an error number (which may be negative). Returns: NULL. */
#define trv_raise_errno_of(error, ...)                                                             \
    trv_raise_errno_at_(__FILE__, __LINE__, __func__, error, __VA_ARGS__)
/* Raises an exception object; it stays yours. Returns: NULL. Raises: TypeError if it is none. */
#define trv_raise_object(exception)                                                                \
    trv_raise_object_at_(__FILE__, __LINE__, __func__, exception, NULL)
/* The same with a cause (an exception, or None for "from None"). Returns: NULL. */
#define trv_raise_from(exception, cause)                                                           \
    trv_raise_object_at_(__FILE__, __LINE__, __func__, exception, cause)

/* Raises again the exception that is being handled. Returns: NULL. Raises: RuntimeError if there is none. */
#define trv_reraise() trv_reraise_at_(__FILE__, __LINE__, __func__)

/* Whether an exception is pending. Returns: 1 or 0. */
TRV_API int trv_error_occurred(void);
/* Whether the pending exception is of a type. Returns: 1 or 0. */
TRV_API int trv_error_matches(trv_object *type);
/* Takes the pending exception; nothing is pending afterwards. Returns: it, or NULL. Cannot fail. */
TRV_API trv_object *trv_error_take(void);
/* Makes an exception pending again; NULL clears. It stays yours. Replaces a pending one.
 * Raises: TypeError if it is none. */
TRV_API void trv_error_restore(trv_object *exception);
/* Drops the pending exception. */
TRV_API void trv_error_clear(void);
/* Writes the pending exception with its traceback, causes and contexts to standard error, as
 * Python would, and drops it. */
TRV_API void trv_error_print(void);

/* An exception of a type, with its arguments in a tuple (NULL for none), not raised.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_new(trv_object *type, trv_object *arguments);
/* The arguments of an exception. Returns: a tuple. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_args(trv_object *exception);
/* Its cause or context. Returns: an exception, or None. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_cause(trv_object *exception);
TRV_API TRV_MUST_CHECK trv_object *trv_exception_context(trv_object *exception);
/* Its text with traceback, causes and contexts, as trv_error_print writes it. Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_format(trv_object *exception);
/* A new exception type derived from `base`. `name` is copied. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_exception_type_new(const char *name, trv_object *base);

TRV_END_DECLARATIONS

#endif
