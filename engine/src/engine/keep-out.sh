#!/usr/bin/dash
# Runs the preprocessor for ccache, and fails for a text with an assembler's .incbin or .include: the
# files that those name decide on the object, and nobody hashes them. ccache then calls the compiler
# as if it were not there. ccache looks for .incbin too, but only with a blank behind it.
"$@" || exit
for word; do
  [ "${last-}" != -o ] || output=$word
  last=$word
done
! grep --extended-regexp --ignore-case --quiet '\.(incbin|s?include)\b' "$output"
