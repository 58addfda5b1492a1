# shellcheck shell=bash disable=SC2034  # some of what is set here is for whoever sources this
# What the demo and the benchmarks share: processes that are started here and ended by their id.

: "${work:?a folder for what the processes write}"

started=()
pid='' address='' admin_address=''

# start NAME COMMAND…: in the background, with its output in $work/NAME.out and NAME.err; sets $pid.
start() {
  local name=$1
  shift
  "$@" >"$work/$name.out" 2>"$work/$name.err" &
  pid=$!
  started+=("$pid")
}

stop_all() {
  local one
  for one in "${started[@]}"; do kill "$one" 2>/dev/null || true; done
  for one in "${started[@]}"; do wait "$one" 2>/dev/null || true; done
  started=()
}

# await_match FILE PATTERN PID: waits for a line that matches and prints what the first group holds.
await_match() {
  local line
  until line=$(grep -m1 -E "$2" "$1" 2>/dev/null); do
    if ! kill -0 "$3" 2>/dev/null; then
      printf 'ended before it listened:\n' >&2
      cat "${1%.*}.err" >&2
      return 1
    fi
    sleep 0.02
  done
  sed -E "s/.*$2.*/\\1/" <<<"$line"
}

# start_listener NAME COMMAND…: for those that print their address first; sets $pid and $address.
start_listener() {
  start "$@"
  address=$(await_match "$work/$1.out" '^listening on ([0-9.:]+)' "$pid")
}

# start_reprise NAME COMMAND…: it logs the addresses; sets $pid, $address and $admin_address.
start_reprise() {
  start "$@"
  admin_address=$(await_match "$work/$1.err" 'admin listening.* address="?([0-9.:]+)' "$pid")
  address=$(grep -v 'admin listening' "$work/$1.err" |
    sed -n -E 's/.*listening.* address="?([0-9.:]+).*/\1/p' | head -n 1)
}
