# scripts/notices' second half: the licence texts of the crates in the first file (name, version, licence, repository), found
# in the files that the second one lists, equal texts once with the names of all who use them.

function repository(url) {
  sub(/^https?:\/\//, "", url); sub(/\.git$/, "", url)
  split(tolower(url), part, "/")
  return part[1] "/" part[2] "/" part[3]
}
function inside(path) { sub(/^.*\/registry\/src\/[^\/]+\//, "", path); return path }
function crate_of(path) { path = inside(path); sub(/\/.*$/, "", path); return path }
function name_of(path) { sub(/^.*\//, "", path); return tolower(path) }
function at_root(path) { return split(inside(path), part, "/") == 2 }
# What is not linked: lz4's and zstd's programs, and zstd's second licence, are under the GPL; their libraries under BSD ones.
function is_beside(path) {
  return inside(path) ~ /\/(test[^\/]*|examples|contrib|programs)\/|\/liblz4\/LICENSE$|\/zstd\/COPYING$/
}
function add(text, crate) {
  if (index(users[text] "\n", "\n" crate "\n") == 0) users[text] = users[text] "\n" crate
}

FNR == NR {
  crate = $1 "-" $2; order[++crates] = crate
  shown[crate] = $1 " " $2; home[crate] = repository($4); url[crate] = $4; licence[crate] = $3
  chosen[crate] = $3 ~ /MIT/ && $3 !~ /AND/
  next
}
is_beside($0) { next }
{ file[++files] = $0; if (at_root($0) && name_of($0) ~ /mit/) has_mit[crate_of($0)] = 1 }

END {
  for (i = 1; i <= files; i++) read(file[i])
  for (i = 1; i <= crates; i++) if (!(order[i] in own)) borrow(order[i])
  for (i = 1; i <= texts; i++) write(kept[i])
  without_text()
}

function read(path, crate, line, body, key, name) {
  crate = crate_of(path); name = name_of(path)
  if (chosen[crate] && has_mit[crate] && at_root(path) && name !~ /mit|notice|copyright|third/) return
  while ((getline line < path) > 0) { gsub(/\t/, "    ", line); gsub(/[\001-\037]/, "", line); sub(/ +$/, "", line); body = body line "\n" }
  close(path)
  gsub(/^\n+|\n+$/, "", body)
  if (length(body) < 80) return  # "../LICENSE": a link that was packed as a file
  key = body; gsub(/[ \t\n]+/, " ", key)
  if (!(key in first)) { first[key] = body; kept[++texts] = key }
  add(key, crate)
  own[crate] = 1
  if (at_root(path) && url[crate] && !((home[crate], key) in lent)) { lent[home[crate], key] = 1; lends[home[crate]] = lends[home[crate]] SUBSEP key }
}
function borrow(crate, n, i, key) {
  n = split(lends[home[crate]], key, SUBSEP)
  for (i = 2; i <= n; i++) add(key[i], crate)
  if (n < 2) bare[crate] = 1
}
function rule(i) { printf "\n"; for (i = 0; i < 120; i++) printf "="; printf "\n" }
function write(key, n, i, name, line, word) {
  rule()
  n = split(users[key], name, "\n"); line = "Used by:"
  for (i = 2; i <= n; i++) {
    word = " " shown[name[i]] (i < n ? "," : "")
    if (length(line word) > 120) { print line; line = "        " }
    line = line word
  }
  print line "\n\n" first[key]
}
# A standard licence named in a package's manifest and nowhere written out: its words stand above, from others.
function without_text(i, any) {
  for (i = 1; i <= crates; i++) if (order[i] in bare) {
    if (!any++) { rule(); print "Without a text in their package:" }
    print "  " shown[order[i]] ": " licence[order[i]] (url[order[i]] ? ", " url[order[i]] : "")
  }
}
