#!/usr/bin/env bash
# The figures that the README claims, measured: against the ceiling, nginx and HAProxy, and of
# reprise alone, in one run on one machine. Servers share one core, who asks has the other; rounds
# take turns; medians count. Tables are printed at the end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
shift
rounds=5
seconds=5
connections=32
streams=400
crowds=10
clients=200                     # of a crowd
memcached_connections=(1 16 64)
pool=1024                       # questions that Memcached holds
known=(hits forms memcached passing streams crowd conversions)
tables=("${known[@]}")

usage() {
  printf 'usage: ./dev bench [--rounds N] [--seconds N] [--connections N] [--streams N]\n' >&2
  printf '                   [--crowds N] [--only TABLE[,TABLE]…]\ntables: %s\n' "${known[*]}" >&2
  exit 2
}

while (($# > 0)); do
  case $1=${2:-} in
    --rounds=[1-9]* | --seconds=[1-9]* | --connections=[1-9]* | --streams=[1-9]* | --crowds=[1-9]*)
      declare "${1#--}=$2"
      ;;
    --only=?*)
      IFS=, read -r -a tables <<<"$2"
      for table in "${tables[@]}"; do [[ " ${known[*]} " == *" $table "* ]] || usage; done
      ;;
    *) usage ;;
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
# shellcheck source=bench/tables.sh
source "$here/tables.sh"

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

# The same answer, recorded in one form and in the other: what is asked for again and again is in
# the recorded form, or was converted once.
bench_forms() {
  local round asked recorded more
  local -A members=([whole]='' [stream]=',"stream":true')
  start_mock --tokens 32 --size 690
  start_pinned_reprise
  for recorded in whole stream; do
    for asked in whole stream; do
      for more in "${members[$recorded]}" "${members[$asked]}"; do
        seconds=1 ask_with_wrk "$reprise_port" 1 QUESTION="$recorded-$asked" MORE="$more" >/dev/null
      done
    done
  done
  for ((round = 1; round <= rounds; ++round)); do
    for asked in whole stream; do
      for recorded in whole stream; do
        progress "hits in two forms" "$round"
        measure forms "$recorded-$asked" "$reprise_pid" ask_with_wrk "$reprise_port" \
          "$connections" QUESTION="$recorded-$asked" MORE="${members[$asked]}"
      done
    done
  done
  (($(mock_requests) == 4)) || die "forms: $(mock_requests) questions reached the endpoint"
  stop_all
}

# Many questions, so that no two connections ask the same at once and share one lookup.
bench_memcached() {
  local round count one asked
  start_mock --tokens 32 --size 690
  start_memcached
  start_memcached_nginx
  start_pinned_reprise --memory 0 --memcached "127.0.0.1:$memcached_port"
  seconds=2 ask_with_wrk "$memcached_nginx_port" 16 POOL="$pool" >/dev/null
  seconds=2 ask_with_wrk "$reprise_port" 16 POOL="$pool" >/dev/null
  asked=$(mock_requests)
  for ((round = 1; round <= rounds; ++round)); do
    for count in "${memcached_connections[@]}"; do
      progress "hits from Memcached, $count connections" "$round"
      note batches "nginx-$count" 1
      measure memcached "nginx-$count" "$memcached_nginx_pid,$memcached_pid" \
        ask_with_wrk "$memcached_nginx_port" "$count" POOL="$pool"
      measure_batches memcached "reprise-$count" "$reprise_pid,$memcached_pid" \
        ask_with_wrk "$reprise_port" "$count" POOL="$pool"
    done
  done
  note strays all "$(($(mock_requests) - asked))"
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

# Four processes that share a Memcached, and many clients that ask them all at once.
bench_crowd() {
  local round before ports=() first spread end_spread failures
  start_mock --tokens 40 --rate 40
  start_memcached
  for ((round = 1; round <= 4; ++round)); do
    start_pinned_reprise --memcached "127.0.0.1:$memcached_port"
    ports+=("$reprise_port")
  done
  for ((round = 1; round <= crowds; ++round)); do
    printf 'bench: a crowd, %d of %d\n' "$round" "$crowds" >&2
    before=$(mock_requests)
    read -r _ first spread end_spread failures < <(ask_as_crowd "${ports[*]}" "$round") ||
      die 'crowd: the client failed'
    ((failures == 0)) || die "crowd: $failures clients had no whole answer, or another"
    note crowd all "$(($(mock_requests) - before))" "$first" "$spread" "$end_spread"
  done
  stop_all
}

# No server: the code is called, on the servers' core.
bench_conversions() {
  local round
  for ((round = 1; round <= rounds; ++round)); do
    progress conversions "$round"
    measure_conversions
  done
}

for table in "${tables[@]}"; do "bench_$table"; done
print_machine
for table in "${tables[@]}"; do "print_$table"; done
