# The words of NoCloud's meta-data that are understood: instance-id and local-hostname, as "name: value" at the start of
# a line. Each goes into a file of its own in `directory`.

function plain(text) {
  sub(/^[ \t]+/, "", text)
  sub(/[ \t\r]+$/, "", text)
  if (text ~ /^".*"$/ || text ~ /^'.*'$/) text = substr(text, 2, length(text) - 2)
  return text
}

/^instance-id:/ { print plain(substr($0, 13)) >(directory "/instance-id") }
/^local-hostname:/ { print plain(substr($0, 16)) >(directory "/hostname") }
