#!/usr/bin/env bash
# Two questions through reprise, each in both forms: one answered as a stream, one answered whole.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
stay=${2:-}
[[ -z $stay || $stay == --stay ]] || {
  printf 'usage: ./dev demo [--stay]\n' >&2
  exit 2
}
work=$(mktemp -d)
# shellcheck source=bench/lib.sh
source "$here/lib.sh"

clean_up() {
  stop_all
  rm -rf "$work"
}
trap clean_up EXIT

bold='' dim='' plain=''
if [[ -t 1 ]]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

# The words of a stream, as they come.
print_words() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line =~ \"content\":\"(([^\"\\]|\\.)*)\" ]]; then printf '%s' "${BASH_REMATCH[1]}"; fi
  done
  printf '\n'
}

header() {
  sed -n -E "s/^$1: *(.*)\r$/\1/Ip" "$work/head" | head -n 1
}

# ask TITLE QUESTION STREAM(true|false)
ask() {
  local body model first total
  printf '\n%s%s%s\n' "$bold" "$1" "$plain"
  body="{\"model\":\"mock-1\",\"messages\":[{\"role\":\"user\",\"content\":\"$2\"}],\"stream\":$3}"
  curl -sS -N -D "$work/head" -o - -w '%{stderr}%{time_starttransfer} %{time_total}\n' \
    -H 'Content-Type: application/json' -H 'Authorization: Bearer sk-demo' -d "$body" \
    "http://$address/v1/chat/completions" 2>"$work/times" | tee "$work/body" | print_words
  read -r first total <"$work/times"
  model=$(header x-reprise-model)
  [[ -n $model ]] || model=$(sed -n -E 's/.*"model":"([^"]*)".*/\1/p' "$work/body" | head -n 1)
  row X-Cache "$(header x-cache)"
  row Cache-Status "$(header cache-status)"
  row Age "$(header age)"
  row model "$model"
  row 'first byte' "$(awk -v s="$first" 'BEGIN { printf "%.1f ms", s * 1000 }')"
  row 'last byte' "$(awk -v s="$total" 'BEGIN { printf "%.1f ms", s * 1000 }')"
}

row() {
  printf '  %s%-13s%s %s\n' "$dim" "$1" "$plain" "${2:-—}"
}

start_listener mock "$build/bench/mock_endpoint" --rate 25 --tokens 40
mock_address=$address
start_reprise reprise "$build/reprise" --listen 127.0.0.1:0 --admin 127.0.0.1:0 \
  --upstream "http://$mock_address"

printf 'mock endpoint  http://%s   (25 tokens a second)\n' "$mock_address"
printf 'reprise        http://%s\n' "$address"
printf 'admin          http://%s/stats\n' "$admin_address"
river='What does the river say?' stone='What does the stone say?'
ask '1. a question, streamed' "$river" true
ask '2. again, streamed' "$river" true
ask '3. again, whole: made from the stream' "$river" false
ask '4. another question, whole' "$stone" false
ask '5. again, streamed: made from the whole' "$stone" true

if [[ $stay == --stay ]]; then
  printf '\nBoth stay until you press Ctrl-C. Try:\n'
  printf '  OPENAI_BASE_URL=http://%s/v1\n  http://%s/stats\n' "$address" "$admin_address"
  wait
fi
