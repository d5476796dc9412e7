dnl SPDX-License-Identifier: MIT
dnl
dnl Macros of Trivet's own configure.ac.

dnl TRV_SWITCH(NAME, MACRO, HELP)
dnl A configure switch --enable-NAME, off unless asked for. MACRO is always
dnl defined in config.h, to 0 or 1, so that `#if MACRO` is right under -Wundef.
dnl The shell variable trv_NAME (dashes as underscores) holds yes or no.
AC_DEFUN([TRV_SWITCH], [
  AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$3])], [], [AS_VAR_SET([enable_]m4_translit([$1], [-], [_]), [no])])
  AS_IF([test "x$enable_[]m4_translit([$1], [-], [_])" = xyes],
        [trv_[]m4_translit([$1], [-], [_])=yes
         AC_DEFINE([$2], [1], [$3])],
        [trv_[]m4_translit([$1], [-], [_])=no
         AC_DEFINE([$2], [0])])
])

dnl TRV_ADD_FLAGS(VARIABLE, FLAGS...)
dnl Appends to VARIABLE each of FLAGS (separated by blanks) that the C compiler takes.
AC_DEFUN([TRV_ADD_FLAGS], [
  for trv_flag in $2; do
    AC_MSG_CHECKING([whether $CC takes $trv_flag])
    trv_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $trv_flag"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes])
       $1="${$1:+$$1 }$trv_flag"],
      [AC_MSG_RESULT([no])])
    CFLAGS=$trv_saved_CFLAGS
  done
])
