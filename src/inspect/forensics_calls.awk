# SPDX-License-Identifier: MIT
#
# Writes include/trivet/forensics_calls.h: for each public function that returns an object a macro that
# notes the call down. Reads the public headers.
BEGIN {
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Made from the other headers: calls that give the program a reference. See forensics.h. */"
    print "#ifndef TRIVET_FORENSICS_CALLS_H"
    print "#define TRIVET_FORENSICS_CALLS_H"
    print ""
}
/^TRV_API/ { declaration = "" }
/^TRV_API/, /;/ {
    declaration = declaration " " $0
    if ($0 !~ /;/)
        next
    if (match(declaration, /trv_object \*[ \t]*trv_[a-z0-9_]*[a-z0-9]\(/) &&
        declaration !~ /^[^(]*\[/) {
        name = substr(declaration, RSTART, RLENGTH - 1)
        sub(/.*\*[ \t]*/, "", name)
        before = substr(declaration, 1, RSTART - 1)
        gsub(/TRV_API|TRV_MUST_CHECK|[ \t]/, "", before)
        if (before == "" && name !~ /_at$|^trv_forensics/ && !seen[name]++)
            printf "#define %s(...) TRV_GOT_(%s(__VA_ARGS__), \"%s\")\n", name, name, name
    }
    declaration = ""
}
END {
    print ""
    print "#endif"
}
