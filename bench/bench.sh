#!/usr/bin/env bash
# The figures that the README claims, measured: against the ceiling, nginx and HAProxy, in one run
# on one machine. Servers share one core, who asks has the other; rounds take turns; medians count.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
shift
rounds=5
seconds=5
connections=32
streams=400
while (($# > 0)); do
  case $1=${2:-} in
    --rounds=[1-9]* | --seconds=[1-9]* | --connections=[1-9]* | --streams=[1-9]*)
      declare "${1#--}=$2"
      ;;
    *)
      printf 'usage: ./dev bench [--rounds N] [--seconds N] [--connections N] [--streams N]\n' >&2
      exit 2
      ;;
  esac
  shift 2
done

work=$(mktemp -d)
mapfile -t cores < <(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
  awk -F- '{ for (i = $1; i <= $NF; ++i) print i }')
server_core=${cores[0]}
client_core=${cores[1]:-${cores[0]}}

# shellcheck source=bench/lib.sh
source "$here/lib.sh"
# shellcheck source=bench/measure.sh
source "$here/measure.sh"
# shellcheck source=bench/servers.sh
source "$here/servers.sh"

clean_up() {
  stop_all
  rm -rf "$work"
}
trap clean_up EXIT

progress() {
  printf 'bench: %s, round %d of %d\n' "$1" "$2" "$rounds" >&2
}

bench_hits() {
  local round asked
  start_mock --tokens 32 --size 690
  start_ceiling
  start_nginx
  start_haproxy
  start_pinned_reprise
  for ((round = 1; round <= rounds; ++round)); do
    progress 'hits from memory' "$round"
    measure hits ceiling "$ceiling_pid" ask_with_wrk "$ceiling_port" "$connections"
    measure hits nginx "$nginx_pid" ask_with_wrk "$nginx_cache_port" "$connections"
    measure hits haproxy "$haproxy_pid" ask_with_wrk "$haproxy_port" "$connections" METHOD=GET
    measure hits reprise "$reprise_pid" ask_with_wrk "$reprise_port" "$connections"
  done
  # Two caches, each of which may ask once per connection before it has the answer.
  asked=$(mock_requests)
  ((asked <= 2 * connections)) || die "hits: $asked questions reached the endpoint"
  stop_all
}

# One connection that asks one question after the other: what a proxy adds shows in every answer.
bench_passing() {
  local round
  start_mock --tokens 32 --size 690
  start_nginx
  start_pinned_reprise
  for ((round = 1; round <= rounds; ++round)); do
    progress 'passing through' "$round"
    measure passing direct "$mock_pid" ask_with_wrk "$mock_port" 1
    measure passing nginx "$nginx_pid" ask_with_wrk "$nginx_pass_port" 1
    measure passing bypass "$reprise_pid" ask_with_wrk "$reprise_port" 1 MORE=',"store":true'
    measure passing miss "$reprise_pid" ask_with_wrk "$reprise_port" 1 UNIQUE="$round"
  done
  stop_all
}

bench_streams() {
  local round
  start_mock
  start_nginx
  start_pinned_reprise
  for ((round = 1; round <= rounds; ++round)); do
    progress "$streams streams" "$round"
    measure streams direct "$mock_pid" ask_for_streams "$mock_port" "direct$round"
    measure streams nginx "$nginx_pid" ask_for_streams "$nginx_pass_port" "nginx$round"
    measure streams reprise "$reprise_pid" ask_for_streams "$reprise_port" "reprise$round"
  done
  stop_all
}

# --- tables -------------------------------------------------------------------------------------

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

bench_hits
bench_passing
bench_streams
print_machine
print_hits
print_passing
print_streams
