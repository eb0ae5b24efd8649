# The words of #cloud-config that are understood: hostname, and ssh_authorized_keys as a list of one key a line. Each is
# written as "hostname <name>" or "key <key>", any other word at the start of a line as "other <word>".

function plain(text) {
  sub(/^[ \t]+/, "", text)
  sub(/[ \t\r]+$/, "", text)
  if (text ~ /^".*"$/ || text ~ /^'.*'$/) text = substr(text, 2, length(text) - 2)
  return text
}

/^[ \t\r]*(#|$)/ || /^---/ { next }

inKeys && /^[ \t]*- / {
  sub(/^[ \t]*- /, "")
  print "key " plain($0)
  next
}

/^[^ \t-]/ {
  name = $0
  sub(/:.*/, "", name)
  value = $0
  sub(/^[^:]*:?/, "", value)
  value = plain(value)
  inKeys = (name == "ssh_authorized_keys" && value == "")
  if (name == "hostname" && value != "") print "hostname " value
  else if (!inKeys) print "other " plain(name)
  next
}

# Neither a key nor a new word: a value in a form that is not understood.
inKeys { print "other ssh_authorized_keys" }
