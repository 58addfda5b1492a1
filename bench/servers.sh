# shellcheck shell=bash disable=SC2034  # what is set here is for whoever sources this
# The servers that are measured, each pinned to the servers' core, with nothing outside of $work.

: "${work:?}" "${build:?}" "${server_core:?}" "${client_core:?}"
pid='' address='' admin_address=''  # the last one that was started
reprises=0

# A port below those that the system hands out, at which nobody answers.
free_port() {
  local candidate
  while :; do
    candidate=$((20000 + RANDOM % 10000))
    (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
  done
  port=$candidate
}

# await_port PORT PID NAME
await_port() {
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    kill -0 "$2" 2>/dev/null || die "$3 did not start: $(cat "$work/$3.err")"
    sleep 0.02
  done
}

# The endpoint shares the client's core: what it costs is nobody's here.
start_mock() { # [options]
  start_listener mock taskset -c "$client_core" "$build/bench/mock_endpoint" "$@"
  mock_pid=$pid mock_port=${address##*:}
}

start_ceiling() {
  start_listener ceiling taskset -c "$server_core" "$build/bench/ceiling"
  ceiling_pid=$pid ceiling_port=${address##*:}
}

start_pinned_reprise() { # [options]
  start_reprise "reprise-$((++reprises))" taskset -c "$server_core" "$build/reprise" --workers 1 \
    --listen 127.0.0.1:0 --admin 127.0.0.1:0 --upstream "http://127.0.0.1:$mock_port" "$@"
  reprise_pid=$pid reprise_port=${address##*:}
}

# One thread, on the servers' core: what it costs is counted beside whoever asks it.
start_memcached() {
  local as=()
  ((EUID == 0)) && as=(-u root)
  free_port
  memcached_port=$port
  start memcached taskset -c "$server_core" memcached "${as[@]}" -l 127.0.0.1 -p "$memcached_port" \
    -t 1 -m 256 -c 4096
  memcached_pid=$pid
  await_port "$memcached_port" "$memcached_pid" memcached
}

# What every nginx here has in common: what stands before `http`, and the beginning of that.
nginx_basics() { # ROOT
  ((EUID == 0)) && printf 'user root;\n'
  cat <<CONF
daemon off;
worker_processes 1;
pid $1/nginx.pid;
error_log $1/error.log warn;
events { worker_connections 8192; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_body_temp_path $1/body;
  proxy_temp_path $1/proxy;
  fastcgi_temp_path $1/fastcgi;
  uwsgi_temp_path $1/uwsgi;
  scgi_temp_path $1/scgi;
  client_body_in_single_buffer on;
  client_body_buffer_size 64k;
  open_file_cache max=1000;
  upstream endpoint {
    server 127.0.0.1:$mock_port;
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
CONF
}

run_nginx() { # NAME PORT, with its configuration in $work/NAME
  local root=$work/$1
  start "$1" taskset -c "$server_core" nginx -p "$root" -e "$root/error.log" -c "$root/nginx.conf"
  await_port "$2" "$pid" "$1"
}

# nginx: one worker; a cache keyed by the body on one port, unbuffered forwarding on another.
start_nginx() {
  local root=$work/nginx
  mkdir -p "$root/cache" "$root/logs"
  free_port
  nginx_cache_port=$port
  until free_port && ((port != nginx_cache_port)); do :; done
  nginx_pass_port=$port
  nginx_basics "$root" >"$root/nginx.conf"
  cat >>"$root/nginx.conf" <<CONF
  proxy_cache_path $root/cache keys_zone=answers:16m inactive=1h;
  server {
    listen 127.0.0.1:$nginx_cache_port backlog=4096;
    location / {
      proxy_pass http://endpoint;
      proxy_cache answers;
      proxy_cache_methods POST;
      proxy_cache_key "\$request_uri|\$http_authorization|\$request_body";
      proxy_cache_valid 200 1h;
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
    }
  }
  server {
    listen 127.0.0.1:$nginx_pass_port backlog=4096;
    location / {
      proxy_pass http://endpoint;
      proxy_buffering off;
    }
  }
}
CONF
  run_nginx nginx "$nginx_pass_port"
  nginx_pid=$pid
}

# Another nginx, whose cache is Memcached. These modules look up before a request's body is read, so
# the key is the URI: cheaper than hashing a body. Nothing is hashed, and connections are kept.
start_memcached_nginx() {
  local root=$work/memcached_nginx modules
  modules=$(nginx -V 2>&1 | sed -n -E 's/.*--modules-path=(\S+).*/\1/p')
  mkdir -p "$root/logs"
  free_port
  memcached_nginx_port=$port
  {
    printf 'load_module %s;\n' "$modules/ngx_http_memc_module.so" \
      "$modules/ngx_http_srcache_filter_module.so"
    nginx_basics "$root"
    cat <<CONF
  upstream memcached {
    server 127.0.0.1:$memcached_port;
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:$memcached_nginx_port backlog=4096;
    location / {
      srcache_methods GET POST;
      srcache_request_cache_control off;
      srcache_response_cache_control off;
      srcache_fetch GET /memcached \$request_uri;
      srcache_store PUT /memcached \$request_uri;
      proxy_pass http://endpoint;
    }
    location = /memcached {
      internal;
      set \$memc_key \$query_string;
      set \$memc_exptime 3600;
      memc_pass memcached;
    }
  }
}
CONF
  } >"$root/nginx.conf"
  run_nginx memcached_nginx "$memcached_nginx_port"
  memcached_nginx_pid=$pid
}

# HAProxy caches GET only, so the ceiling is its origin: the same kilobyte, asked for with no body.
start_haproxy() {
  free_port
  haproxy_port=$port
  cat >"$work/haproxy.cfg" <<CONF
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
cache answers
  total-max-size 64
  max-object-size 65536
  max-age 3600
frontend clients
  bind 127.0.0.1:$haproxy_port
  http-request del-header Authorization
  http-request cache-use answers
  http-response set-header Cache-Control max-age=3600
  http-response cache-store answers
  default_backend origin
backend origin
  server origin 127.0.0.1:$ceiling_port
CONF
  start haproxy taskset -c "$server_core" haproxy -db -f "$work/haproxy.cfg"
  haproxy_pid=$pid
  await_port "$haproxy_port" "$haproxy_pid" haproxy
}

mock_requests() {
  curl -fsS "http://127.0.0.1:$mock_port/mock/requests" | sed -E 's/.*"requests":([0-9]+).*/\1/'
}

# metric NAME: of the reprise that was started last; 0 if it has none such.
metric() {
  curl -fsS "http://$admin_address/metrics" |
    awk -v name="$1" '$1 == name { value = $2 } END { printf "%.0f", value }'
}
