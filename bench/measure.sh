# shellcheck shell=bash
# What the benchmarks measure with. Results go to $work/TABLE, one line per subject and round:
#   subject  per-second  cpu-µs-per-piece  mean-µs  median-µs  99th-percentile-µs  [more]

: "${work:?}" "${build:?}" "${here:?}"
: "${server_core:?}" "${client_core:?}" "${seconds:?}" "${streams:?}" "${clients:?}"

die() {
  printf 'bench: %s\n' "$*" >&2
  exit 1
}

# cat goes on where a process has just ended.
children_of() {
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } |
    awk -v parent="$1" '{ id = $1; sub(/.*\) /, ""); if ($2 == parent) print id }'
}

# Microseconds of CPU that a process and its children have used so far.
cpu_us() {
  local one
  for one in "$1" $(children_of "$1"); do cat "/proc/$one/stat"; done |
    awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); sum += $12 + $13 }
      END { printf "%.0f", sum * 1e6 / tick }'
}

# measure TABLE SUBJECT PID[,PID2] COMMAND…: runs a client that prints RESULT, and what the servers
# used meanwhile; what the second one used is the seventh column.
measure() {
  local table=$1 subject=$2 server=${3%,*} second=${3#*,} before second_before result
  local used second_used count duration failures mean p50 p99
  shift 3
  second_before=$(cpu_us "$second")
  before=$(cpu_us "$server")
  result=$("$@" | grep '^RESULT ') || die "$table, $subject: the client failed"
  used=$(($(cpu_us "$server") - before))
  second_used=$(($(cpu_us "$second") - second_before))
  read -r _ count duration failures mean p50 p99 <<<"$result"
  ((failures == 0)) || die "$table, $subject: $failures of $count failed"
  ((count > 0)) || die "$table, $subject: nothing came"
  ((used > 0)) || die "$table, $subject: no CPU used; rounds need to be longer"
  awk -v subject="$subject" -v n="$count" -v us="$duration" -v cpu="$used" \
    -v second="$second_used" -v rest="$mean $p50 $p99" 'BEGIN {
      printf "%s %.1f %.4f %s %.4f\n", subject, n * 1e6 / us, cpu / n, rest, second / n
    }' >>"$work/$table"
}

# The same for reprise, which also tells how many names its questions to Memcached had: BATCHES.
measure_batches() {
  local names questions
  names=$(metric reprise_memcached_batch_size_sum)
  questions=$(metric reprise_memcached_batch_size_count)
  measure "$@"
  names=$(($(metric reprise_memcached_batch_size_sum) - names))
  questions=$(($(metric reprise_memcached_batch_size_count) - questions))
  note batches "$2" "$(awk -v a="$names" -v b="$questions" 'BEGIN { print b ? a / b : 0 }')"
}

# Lines of another kind: conversion/answer/size µs bytes bytes-per-second bytes-written-per-second
# allocations. The columns are found by their names.
measure_conversions() {
  taskset -c "$server_core" "$build/bench/conversion_bench" --benchmark_min_time=0.1 \
    --benchmark_format=csv 2>/dev/null |
    awk -F, '{ gsub(/"/, "") }
      $1 == "name" { for (i = 1; i <= NF; ++i) at[$i] = i }
      $1 ~ /\// { print $1, $at["cpu_time"] / 1000, $at["input"], $at["bytes_per_second"],
        $at["output_per_second"], $at["allocations"] }' >>"$work/conversions" ||
    die 'conversions: the program failed'
}

# note TABLE SUBJECT VALUE…
note() {
  printf '%s\n' "${*:2}" >>"$work/$1"
}

# median TABLE SUBJECT COLUMN: of all rounds. 2: per second, 3: CPU, 4: mean, 5: median, 6: p99,
# 7: CPU of the second server.
median() {
  awk -v subject="$2" -v column="$3" '$1 == subject { print $column }' "$work/$1" | sort -n |
    awk '{ at[NR] = $1 }
      END { print NR % 2 ? at[(NR + 1) / 2] : (at[NR / 2] + at[NR / 2 + 1]) / 2 }'
}

largest() { # TABLE SUBJECT COLUMN
  awk -v subject="$2" -v column="$3" '$1 == subject { print $column }' "$work/$1" | sort -n |
    tail -n 1
}

# sum TABLE SUBJECT: median CPU of both servers together.
sum() {
  awk -v subject="$2" '$1 == subject { print $1, $3 + $7 }' "$work/$1" >"$work/sums"
  median sums "$2" 2
}

per() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%+.0f", a - b }'; }
milliseconds() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'; }
kilobytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f", bytes / 1000 }'; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.0f", bytes / 1e6 }'; }
digits() { printf '%.*f' "$1" "$2"; }

# The clients: all on the client's core.
ask_with_wrk() { # PORT CONNECTIONS [NAME=VALUE for hits.lua]…
  taskset -c "$client_core" env "${@:3}" wrk -t1 -c"$2" -d"${seconds}s" -s "$here/hits.lua" \
    "http://127.0.0.1:$1/v1/chat/completions"
}

ask_for_streams() { # PORT SEED
  taskset -c "$client_core" "$build/bench/stream_client" --port "$1" --seed "$2" \
    --streams "$streams" --seconds "$seconds"
}

# Prints: the first client's first byte, from there to the last one's, from the first one's end to
# the last one's, all in microseconds; failures.
ask_as_crowd() { # "PORT…" QUESTION
  taskset -c "$client_core" "$build/bench/crowd_client" --ports "${1// /,}" --clients "$clients" \
    --question "$2"
}
