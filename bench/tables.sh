# shellcheck shell=bash
# How the results that measure.sh has collected are shown.

: "${rounds:?}" "${seconds:?}" "${connections:?}" "${streams:?}" "${crowds:?}" "${clients:?}"
: "${server_core:?}" "${client_core:?}" "${pool:?}" "${memcached_connections[*]:?}"

print_machine() {
  printf '%s, %s cores, Linux %s; %s, %s, wrk %s. Servers on core %s, clients on core %s; ' \
    "$(lscpu | sed -n 's/^Model name: *//p' | head -n 1)" "$(nproc)" "$(uname -r)" \
    "$(nginx -v 2>&1 | sed 's/.*: //')" \
    "$(haproxy -v | sed -n -E '1s/^(\S+) version (\S+).*/\1 \2/p')" \
    "$( (wrk -v 2>&1 || true) | sed -n -E '1s/^wrk (\S+).*/\1/p')" "$server_core" "$client_core"
  printf 'medians of %s rounds of %s s.\n' "$rounds" "$seconds"
}

print_hits() {
  local one ceiling nginx cpu
  ceiling=$(median hits ceiling 3)
  nginx=$(median hits nginx 3)
  printf '\nHits from memory: POST of 300 bytes, answered with 1 KB, %s connections.\n\n' \
    "$connections"
  printf '| server | requests/s | CPU µs/request | × ceiling | × nginx | median µs | p99 µs |\n'
  printf '|---|---:|---:|---:|---:|---:|---:|\n'
  for one in ceiling nginx haproxy reprise; do
    cpu=$(median hits "$one" 3)
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$(hits_name "$one")" \
      "$(digits 0 "$(median hits "$one" 2)")" "$(digits 2 "$cpu")" "$(per "$cpu" "$ceiling")" \
      "$(per "$cpu" "$nginx")" "$(digits 0 "$(median hits "$one" 5)")" \
      "$(digits 0 "$(median hits "$one" 6)")"
  done
}

print_forms() {
  local asked recorded plain cpu
  printf '\nHits from memory in both forms of one answer, %s connections.\n\n' "$connections"
  printf '| asked as | recorded as | requests/s | CPU µs/request | × recorded form | p99 µs |\n'
  printf '|---|---|---:|---:|---:|---:|\n'
  for asked in whole stream; do
    plain=$(median forms "$asked-$asked" 3)
    for recorded in whole stream; do
      cpu=$(median forms "$recorded-$asked" 3)
      printf '| %s | %s | %s | %s | %s | %s |\n' "$asked" "$recorded" \
        "$(digits 0 "$(median forms "$recorded-$asked" 2)")" "$(digits 2 "$cpu")" \
        "$(per "$cpu" "$plain")" "$(digits 0 "$(median forms "$recorded-$asked" 6)")"
    done
  done
}

hits_name() {
  case $1 in
    ceiling) echo 'ceiling (libuv + llhttp, a constant)' ;;
    nginx) echo 'nginx proxy_cache, keyed by the body' ;;
    haproxy) echo 'HAProxy cache (GET)' ;;
    *) echo '**reprise**' ;;
  esac
}

print_passing() {
  local one
  printf '\nPassing through: one connection, one request after the other; direct takes %s µs.\n\n' \
    "$(digits 0 "$(median passing direct 5)")"
  printf '| through | added median µs | added mean µs | CPU µs/request |\n|---|---:|---:|---:|\n'
  for one in nginx bypass miss; do
    printf '| %s | %s | %s | %s |\n' "$(passing_name "$one")" \
      "$(less "$(median passing "$one" 5)" "$(median passing direct 5)")" \
      "$(less "$(median passing "$one" 4)" "$(median passing direct 4)")" \
      "$(digits 1 "$(median passing "$one" 3)")"
  done
}

passing_name() {
  case $1 in
    nginx) echo 'nginx, proxy_buffering off' ;;
    bypass) echo '**reprise**, not cacheable' ;;
    *) echo '**reprise**, a miss that is recorded' ;;
  esac
}

print_streams() {
  local one cpu
  printf '\nStreams: %s at once, 40 tokens/s each; direct, a token is %s µs old on arrival.\n\n' \
    "$streams" "$(median streams direct 5)"
  printf '| through | tokens/s | CPU µs/token | × nginx | added median µs | added p99 µs |\n'
  printf '|---|---:|---:|---:|---:|---:|\n'
  for one in nginx reprise; do
    cpu=$(median streams "$one" 3)
    printf '| %s | %s | %s | %s | %s | %s |\n' "$(streams_name "$one")" \
      "$(digits 0 "$(median streams "$one" 2)")" "$(digits 2 "$cpu")" \
      "$(per "$cpu" "$(median streams nginx 3)")" \
      "$(less "$(median streams "$one" 5)" "$(median streams direct 5)")" \
      "$(less "$(median streams "$one" 6)" "$(median streams direct 6)")"
  done
}

streams_name() {
  case $1 in
    nginx) echo 'nginx, proxy_buffering off' ;;
    *) echo '**reprise**, recording' ;;
  esac
}

print_memcached() {
  local count kind one nginx
  printf '\nHits from Memcached (memory tier off): %s questions take turns. One memcached, one ' \
    "$pool"
  printf 'thread, on the servers'\'' core too; nginx keyed by URI. %s lookups went on to the ' \
    "$(median strays all 2)"
  printf 'endpoint.\n\n'
  printf '| connections | server | requests/s | CPU µs/request | + memcached | = sum | × nginx '
  printf '| median µs | p99 µs | p99 ÷ median | names/question |\n'
  printf '|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n'
  for count in "${memcached_connections[@]}"; do
    nginx=$(sum memcached "nginx-$count")
    for kind in nginx reprise; do
      one=$kind-$count
      printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' "$count" \
        "$(memcached_name "$kind")" "$(digits 0 "$(median memcached "$one" 2)")" \
        "$(digits 2 "$(median memcached "$one" 3)")" "$(digits 2 "$(median memcached "$one" 7)")" \
        "$(digits 2 "$(sum memcached "$one")")" "$(per "$(sum memcached "$one")" "$nginx")" \
        "$(digits 0 "$(median memcached "$one" 5)")" "$(digits 0 "$(median memcached "$one" 6)")" \
        "$(per "$(median memcached "$one" 6)" "$(median memcached "$one" 5)")" \
        "$(digits 1 "$(median batches "$one" 2)")"
    done
  done
}

memcached_name() {
  case $1 in
    nginx) echo 'nginx srcache + memc' ;;
    *) echo '**reprise**' ;;
  esac
}

print_crowd() {
  printf '\nA crowd: %s clients ask 4 processes that share a Memcached one new question at once, ' \
    "$clients"
  printf 'streamed at 40 tokens/s; %s times.\n\n' "$crowds"
  printf '| | median | worst |\n|---|---:|---:|\n'
  printf '| requests that reach the endpoint | %s | %s |\n' "$(digits 0 "$(median crowd all 2)")" \
    "$(largest crowd all 2)"
  crowd_row 'first client'\''s first byte, ms' 3
  crowd_row 'from there to the last client'\''s first byte, ms' 4
  crowd_row 'from the first client'\''s last byte to the last client'\''s, ms' 5
}

crowd_row() { # TITLE COLUMN
  printf '| %s | %s | %s |\n' "$1" "$(milliseconds "$(median crowd all "$2")")" \
    "$(milliseconds "$(largest crowd all "$2")")"
}

print_conversions() {
  local kind kinds=(chat tools completions responses messages) conversion
  printf '\nConversions of streams: an answer of 256 tokens, and large ones. '
  printf 'CPU time, one thread.\n\n'
  printf '| conversion | answer | KB | µs | allocations | MB/s, 1 MiB | MB/s, 8 MiB |\n'
  printf '|---|---|---:|---:|---:|---:|---:|\n'
  for conversion in assemble rebuild; do
    for kind in "${kinds[@]}"; do
      common_row "$conversion" "$kind"
      printf ' %s | %s |\n' "$(megabytes "$(median conversions "$conversion/$kind/1MiB" 4)")" \
        "$(megabytes "$(median conversions "$conversion/$kind/8MiB" 4)")"
    done
  done
  printf '\nConversions of JSON into streams: likewise; MB/s are those of the stream.\n\n'
  printf '| conversion | answer | KB | µs | allocations | MB/s, 64 KiB | MB/s, 1 MiB |\n'
  printf '|---|---|---:|---:|---:|---:|---:|\n'
  for kind in "${kinds[@]}"; do
    common_row synthesise "$kind"
    printf ' %s | %s |\n' "$(megabytes "$(median conversions "synthesise/$kind/64KiB" 5)")" \
      "$(megabytes "$(median conversions "synthesise/$kind/1MiB" 5)")"
  done
}

common_row() { # CONVERSION KIND
  local one=$1/$2/answer
  printf '| %s | %s | %s | %s | %s |' "$1" "$2" "$(kilobytes "$(median conversions "$one" 3)")" \
    "$(digits 1 "$(median conversions "$one" 2)")" "$(digits 0 "$(median conversions "$one" 6)")"
}
