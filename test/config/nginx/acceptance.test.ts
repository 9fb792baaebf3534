// Reads the same small configurations with a real nginx (`nginx -t`) and with our reader: both must
// take them, or both refuse. Where they differ on purpose the row says why; a difference that is
// gone fails too. The nginx at hand was 1.22.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { readConfig } from '../../../src/config/read.ts'

type Where = 'main' | 'http' | 'upstream' | 'server' | 'location'

/** A text in a block, or in the whole file; `ours` says why our answer is the other one. */
interface Row {
  readonly in: Where
  readonly text: string
  readonly ours?: string
  /** Beside a cache "z". */
  readonly hasCache?: boolean
}

const NGINX = findNginx()

function findNginx(): string | null {
  for (const path of ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/nginx/sbin/nginx']) {
    try {
      execFileSync(path, ['-v'], { stdio: 'ignore' })
      return path
    } catch {
      // Not here: the next place, else the test is skipped.
    }
  }
  return null
}

function rows(where: Where, texts: readonly string[]): Row[] {
  return texts.map(text => ({ in: where, text }))
}

/** Takes or refuses, as nginx. */
const SAME: readonly Row[] = [
  ...rows('main', [
    'worker_processes 2;',
    'worker_processes auto;',
    'worker_processes two;',
    'worker_processes 1; worker_processes 1;',
    'daemon maybe;',
    'events { }',
    'server { }',
    'listen 80;',
    ';',
    '}',
    'worker_shutdown_timeout 10s;',
    'error_log stderr loud;',
    "error_log 'stderr' warn;",
    'user root',
    'nosuch on;',
    'timer_resolution 100ms;',
    'worker_cpu_affinity auto;',
  ]),
  ...rows('http', [
    '',
    'send_timeout 30;',
    "send_timeout '1h 30m';",
    "send_timeout '1h 30';",
    "send_timeout ' 1';",
    "send_timeout '5 6';",
    'send_timeout 1ms3;',
    'send_timeout 1s30;',
    'send_timeout h1;',
    'send_timeout h;',
    'send_timeout 30m1h;',
    'send_timeout 1s1s;',
    'send_timeout 1.5;',
    'send_timeout -1;',
    "send_timeout '';",
    'keepalive_timeout 10 5;',
    'keepalive_timeout 10 5ms;',
    'keepalive_timeout 1 2 3;',
    'client_max_body_size 1g;',
    'client_max_body_size 1G;',
    'client_max_body_size 1t;',
    'client_header_buffer_size 4k;',
    'client_header_buffer_size 1g;',
    'large_client_header_buffers 4 8k;',
    'large_client_header_buffers 0 8k;',
    'large_client_header_buffers 4;',
    'sendfile on; tcp_nopush ON;',
    'sendfile perhaps;',
    'sendfile on; sendfile on;',
    'gzip off;',
    'types { text/html html; }',
    'types { text/html; }',
    'types { text/html { } }',
    'default_type a/b; default_type c/d;',
    'index a b; index c;',
    'log_format a $uri; access_log logs/a a;',
    'log_format a $uri; log_format a $uri;',
    'log_format combined $uri;',
    'log_format a;',
    'log_format a escape=json $uri;',
    'log_format a escape=xml $uri;',
    'access_log logs/a nosuch;',
    'access_log logs/a combined flush=1s;',
    'access_log logs/a combined buffer=4k flush=1s if=$host;',
    'access_log logs/$host combined buffer=4k;',
    'access_log logs/a combined size=1k;',
    'access_log logs/a buffer=4k;',
    'access_log off combined;',
    'proxy_set_header A b; proxy_set_header A c;',
    'proxy_set_header A;',
    'proxy_redirect off;',
    'proxy_redirect off; proxy_redirect off;',
    'proxy_redirect default;',
    'proxy_redirect a;',
    'proxy_redirect a b;',
    'proxy_redirect ~a b;',
    'proxy_redirect ~( b;',
    'proxy_next_upstream error timeout off;',
    'proxy_next_upstream errors;',
    'proxy_next_upstream_tries -1;',
    'proxy_http_version 1.1;',
    'proxy_http_version 3;',
    'proxy_buffers 2 4k;',
    'proxy_buffers 1 4k;',
    'proxy_buffer_size 16k;',
    'proxy_buffer_size 32k; proxy_buffers 8 4k;',
    'proxy_buffer_size 16k; proxy_busy_buffers_size 8k;',
    'proxy_busy_buffers_size 28k;',
    'proxy_busy_buffers_size 29k;',
    'proxy_temp_file_write_size 1k;',
    'proxy_max_temp_file_size 0;',
    'proxy_max_temp_file_size 1k;',
    'client_body_temp_path body 1 2 3;',
    'client_body_temp_path body 1 2 3 1;',
    'add_header A b;',
    'add_header A b always;',
    'add_header A b never;',
    'add_header A $nosuch;',
    'add_header A $arg_x$cookie_y$http_z$sent_http_q$upstream_http_r;',
    'add_header A $;',
    'add_header A "${host";',
    'add_header A ${host}x;',
    'add_header A $1;',
    'add_header A $HOST;',
    'resolver 127.0.0.1;',
    'resolver 127.0.0.1:5353 [::1]:53 localhost valid=10s ipv6=off;',
    'resolver 127.0.0.1 valid=0;',
    'resolver valid=10s;',
    'resolver 127.0.0.1 valid=10ms;',
    'resolver 127.0.0.1 valid=;',
    'resolver 127.0.0.1 ipv6=OFF;',
    'resolver 127.0.0.1 VALID=1;',
    'resolver 127.0.0.1:0;',
    'resolver [::1;',
    'resolver off;',
    'resolver 127.0.0.1; resolver 127.0.0.1;',
    'resolver_timeout 0; resolver 127.0.0.1;',
    'resolver_timeout soon;',
    'expires 30d;',
    'expires -1;',
    'expires +1h;',
    'expires modified 1h;',
    'expires @15h30m;',
    'expires @24h;',
    'expires modified @1h;',
    'expires epoch;',
    'expires later;',
    'expires 1h 2h;',
    'error_page 404 /a;',
    'error_page 404 =200 /a;',
    'error_page 404 = /a;',
    'error_page 404 =x /a;',
    'error_page 200 /a;',
    'error_page 600 /a;',
    'error_page 499 /a;',
    'error_page 404;',
    'error_page x /a;',
    'server_tokens off;',
    'server_tokens maybe;',
    'lingering_close always;',
    'lingering_close never;',
    'root a; root b;',
    'root "a b";',
    "root 'a'b;",
    "root 'a;",
    'root $document_root/a;',
    'root a # comment\n;',
    'root a { }',
    'location / { }',
    'upstream { server 127.0.0.1; }',
    'upstream a { }',
    'upstream a { server 127.0.0.1 backup; }',
    'upstream a { server 127.0.0.1; } upstream A { server 127.0.0.1; }',
    'server',
    'server { listen 8081; ',
    'server { listen 8081; } }',
    'server { listen 8081; listen 8082 }',
    'include nosuch.conf;',
    'include nosuch-*.conf;',
    'include;',
    'lua_package_path x;',
    'root "tab\\t quote\\" end";',
    'map_hash_bucket_size 64; server_names_hash_max_size 512; variables_hash_max_size 1024;',
    'keepalive_requests many;',
  ]),
  ...rows('upstream', [
    'server 127.0.0.1;',
    'least_conn; server 127.0.0.1; server 127.0.0.2 backup;',
    'least_conn; least_conn; server 127.0.0.1;',
    'least_conn; ip_hash; server 127.0.0.1;',
    'keepalive 3; least_conn; server 127.0.0.1;',
    'least_conn 3; server 127.0.0.1;',
    'ip_hash; server 127.0.0.1;',
    'ip_hash; server 127.0.0.1; server 127.0.0.2 backup;',
    'server 127.0.0.1; server 127.0.0.2 backup; ip_hash;',
    'hash $uri; server 127.0.0.1;',
    'hash $uri consistent; server 127.0.0.1;',
    'hash "" ; server 127.0.0.1;',
    'hash; server 127.0.0.1;',
    'hash $uri consistant; server 127.0.0.1;',
    'hash $uri consistent x; server 127.0.0.1;',
    'hash $nosuch; server 127.0.0.1;',
    'hash $uri; server 127.0.0.1; server 127.0.0.2 backup;',
    'random; server 127.0.0.1;',
    'random two; server 127.0.0.1;',
    'random two least_conn; server 127.0.0.1;',
    'random three; server 127.0.0.1;',
    'random two most; server 127.0.0.1;',
    'random two least_conn x; server 127.0.0.1;',
    'random; server 127.0.0.1; server 127.0.0.2 backup;',
    'server 127.0.0.1 backup; random;',
    'random; server 127.0.0.1 slow_start=3s;',
    'server 127.0.0.1 max_conns=-1;',
    'server 127.0.0.1 max_conns=;',
    'server 127.0.0.1 fail_timeout=;',
    'zone; server 127.0.0.1;',
    'zone "" 64k; server 127.0.0.1;',
    'zone a 64x; server 127.0.0.1;',
    'zone a 64k; zone b 64k; server 127.0.0.1;',
    'server 127.0.0.1:8080 weight=5 max_fails=0 fail_timeout=30s max_conns=10 down;',
    'server 127.0.0.1 weight=0;',
    'server 127.0.0.1 weight=x;',
    'server 127.0.0.1 wieght=1;',
    'server 127.0.0.1 fail_timeout=1ms;',
    'server 127.0.0.1 down=1;',
    'server 127.0.0.1; server 127.0.0.1 backup;',
    'server [::1]:80;',
    'server [::1;',
    'server unix:/tmp/x.sock;',
    'server unix:;',
    'server http://127.0.0.1;',
    'server 127.0.0.1/x;',
    'server 127.0.0.1:0;',
    'server 127.0.0.1:99999;',
    'server :80;',
    'server;',
    'server 127.0.0.1; keepalive 8; keepalive_timeout 4s; keepalive_requests 10; keepalive_time 1h;',
    'server 127.0.0.1; keepalive 8; keepalive 9;',
    'server 127.0.0.1; keepalive x;',
    'server 127.0.0.1; zone a 64k;',
    'listen 80;',
  ]),
  ...rows('server', [
    'listen 127.0.0.1:8081;',
    'listen 8081 default_server backlog=10 reuseport;',
    'listen 8081; listen 0.0.0.0:8081;',
    'listen 8081 backlog=0;',
    'listen 8081 nosuch;',
    'listen [::1]:8081 ipv6only=on;',
    'listen [::1]:8081 ipv6only=x;',
    'listen unix:web.sock;',
    'listen 8081-8083;',
    'listen 8083-8081;',
    'listen 99999;',
    'listen;',
    'server_name a.example *.b.example c.* .d.example "" _ $hostname;',
    'server_name *;',
    'server_name ~^(?<x>a)$; return 200 $x;',
    'server_name ~(;',
    'server_name ~;',
    'server_name a/b;',
    'return 200;',
    'return 200 a;',
    'return 200 a b;',
    'return http://a/;',
    'return /a;',
    'return $host;',
    'return 1000;',
    'return 404; return 405;',
    'location { }',
    'location / { } location = / { }',
    'location / { } location ^~ / { }',
    'location @a { } location @a { }',
    'location ! / { }',
    'location a { }',
    'location = /a { location /a/b { } }',
    'location /a { location /b { } }',
    'location /a { location /a/b { } location ~ x { } }',
    'location ~ x { location /b { } }',
    'location /a { location @b { } }',
    'location @a { location /b { } }',
    'location ~ ^/[0-9]{2}$ { }',
    'location ~ "^/[0-9]{2}$" { }',
    'location ~*\\.php$ { }',
    'try_files a b;',
    'try_files a =404;',
    'try_files a =x;',
    'try_files a;',
    'proxy_pass http://127.0.0.1;',
    'internal;',
    'alias /x;',
    'merge_slashes off; underscores_in_headers on; ignore_invalid_headers off;',
  ]),
  ...rows('location', [
    'proxy_pass http://127.0.0.1;',
    'proxy_pass http://127.0.0.1:8080/a;',
    'proxy_pass HTTP://127.0.0.1;',
    'proxy_pass http://127.0.0.1?x;',
    'proxy_pass http://[::1]:80/;',
    'proxy_pass http://unix:/tmp/x.sock:/uri;',
    'proxy_pass http://unix:/tmp/x.sock;',
    'proxy_pass http://unix:;',
    'proxy_pass http://group;',
    'proxy_pass http://group:80;',
    'proxy_pass http://GROUP/;',
    'proxy_pass 127.0.0.1;',
    'proxy_pass ftp://127.0.0.1;',
    'proxy_pass http://;',
    'proxy_pass http://127.0.0.1:99999;',
    'proxy_pass http://127.0.0.1; proxy_pass http://127.0.0.1;',
    'proxy_pass http://$host$request_uri;',
    'proxy_pass http://127.0.0.1; proxy_redirect default; proxy_redirect a b;',
    'proxy_redirect default; proxy_pass http://127.0.0.1;',
    'proxy_pass http://$host; proxy_redirect default;',
    'internal; root a;',
    'internal; internal;',
    'root a; alias b;',
    'alias b; alias c;',
    'alias b; index x;',
    'server_name a;',
    'limit_rate 0;',
  ]),
  { in: 'server', text: 'location ~ x { proxy_pass http://127.0.0.1/a; }' },
  { in: 'server', text: 'location ~ x { proxy_pass http://127.0.0.1; }' },
  { in: 'server', text: 'location @x { proxy_pass http://127.0.0.1/; }' },
  { in: 'server', text: 'location @x { alias /a; }' },
]

const ZONE = 'keys_zone=z:1m'

/** Caches, taken or refused as nginx does. */
const SAME_CACHES: readonly Row[] = [
  ...rows(
    'http',
    [
      '',
      'levels=1:2 inactive=30d max_size=1g min_free=1g use_temp_path=off',
      'levels=',
      'levels=3',
      'levels=1:2:2',
      'levels=1:2:2:1',
      'levels=1:',
      'levels=0',
      'inactive=0',
      'inactive=10ms',
      'inactive=',
      'max_size=0',
      'max_size=',
      'max_size=1t',
      'max_size=-1',
      'min_free=x',
      'loader_files=0',
      'loader_files=x',
      'loader_sleep=1ms loader_threshold=1s',
      'loader_sleep=x',
      'manager_files=5 manager_sleep=5 manager_threshold=5',
      'manager_threshold=',
      'use_temp_path=OFF',
      'use_temp_path',
      'inactive=1m inactive=2m',
      'keys_zone=y:1m',
      'keys_zone=y',
      'keys_zone=:1m',
      'keys_zone=y:1g',
      'keys_zone=y:8191',
      'x=y',
      'z',
    ].map(parameters => `proxy_cache_path c ${ZONE} ${parameters};`),
  ),
  ...rows('http', [
    'proxy_cache_path c;',
    'proxy_cache_path c levels=1:2;',
    `proxy_cache_path c ${ZONE} { }`,
    `proxy_cache_path c/ ${ZONE}; proxy_cache_path c keys_zone=y:1m;`,
    `proxy_cache_path c ${ZONE}; proxy_cache_path d ${ZONE};`,
    `proxy_cache_path c ${ZONE}; proxy_cache_path d keys_zone=z:2m;`,
    `proxy_cache_path c ${ZONE}; proxy_cache_path d keys_zone=y:2m;`,
    `proxy_cache_path c ${ZONE}; proxy_temp_path c;`,
    `client_body_temp_path c/; proxy_cache_path c ${ZONE};`,
    `proxy_cache_path c ${ZONE}; proxy_temp_path c/tmp;`,
    `proxy_cache_path $host ${ZONE};`,
    `proxy_cache z; proxy_cache_path c ${ZONE};`,
    'proxy_cache y;',
  ]),
  ...rows(
    'server',
    [
      'proxy_cache z;',
      'proxy_cache y;',
      'proxy_cache "";',
      'proxy_cache Z;',
      'proxy_cache off;',
      'proxy_cache OFF;',
      'proxy_cache $host;',
      'proxy_cache z$host;',
      'proxy_cache $nosuch;',
      'proxy_cache z z;',
      'proxy_cache z; proxy_cache z;',
      'proxy_cache_key "";',
      'proxy_cache_key $uri$is_args$args;',
      'proxy_cache_key a; proxy_cache_key b;',
      'proxy_cache_key a b;',
      'proxy_cache_valid 1m;',
      'proxy_cache_valid 200 304 12h;',
      'proxy_cache_valid 200 any 1m;',
      'proxy_cache_valid ANY 1m;',
      'proxy_cache_valid 99 1m;',
      'proxy_cache_valid 600 1m;',
      'proxy_cache_valid 200 x;',
      'proxy_cache_valid 200 0;',
      'proxy_cache_valid 200 1ms;',
      'proxy_cache_valid;',
      'proxy_cache_valid any 1m; proxy_cache_valid 200 1m;',
      'proxy_cache_methods get POST;',
      'proxy_cache_methods PUT;',
      'proxy_cache_methods GET GET;',
      'proxy_cache_methods GET; proxy_cache_methods POST;',
      'proxy_cache_methods;',
      'proxy_cache_min_uses 0;',
      'proxy_cache_min_uses x;',
      'proxy_cache_min_uses 1; proxy_cache_min_uses 2;',
      'proxy_cache_lock on; proxy_cache_lock_timeout 0; proxy_cache_lock_age 1ms;',
      'proxy_cache_lock yes;',
      'proxy_cache_lock_age x;',
      'proxy_cache_use_stale off error;',
      'proxy_cache_use_stale error timeout invalid_header updating http_500 http_502 http_503 ' +
        'http_504 http_403 http_404 http_429;',
      'proxy_cache_use_stale non_idempotent;',
      'proxy_cache_use_stale ERROR error;',
      'proxy_cache_use_stale http_505;',
      'proxy_cache_use_stale;',
      'proxy_cache_use_stale error; proxy_cache_use_stale off;',
      'proxy_cache_background_update on; proxy_cache_revalidate on; proxy_cache_convert_head off;',
      'proxy_cache_background_update 1;',
      'proxy_cache_revalidate;',
      'proxy_cache_bypass $cookie_a $arg_b a "";',
      'proxy_cache_bypass $nosuch;',
      'proxy_cache_bypass;',
      'proxy_no_cache $host; proxy_no_cache $uri;',
      'proxy_no_cache;',
      'proxy_cache_max_range_offset 1g;',
      'proxy_cache_max_range_offset x;',
      'proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate ' +
        'X-Accel-Buffering X-Accel-Charset Expires Cache-Control Set-Cookie Vary;',
      'proxy_ignore_headers expires; proxy_ignore_headers VARY;',
      'proxy_ignore_headers Age;',
      'proxy_ignore_headers;',
      'slice 1m;',
      'slice 0;',
      'slice 1g;',
      'slice 1m; slice 1m;',
      'proxy_store off; proxy_cache z;',
      'proxy_store on; proxy_cache z;',
      'proxy_cache z; proxy_store on;',
      'proxy_cache z; proxy_store off;',
      'proxy_cache off; proxy_store on;',
      'proxy_store on; proxy_cache off;',
      'proxy_store /data$uri; proxy_store_access user:rw group:rw all:r;',
      'proxy_store on; proxy_store on;',
      'proxy_store on off;',
      'proxy_store;',
      'proxy_store $nonesuch;',
      'proxy_store data/$document_root$uri;',
      'proxy_store_access user:w;',
      'proxy_store_access other:r;',
      'proxy_store_access User:r;',
      'proxy_store_access user:r user:rw group:r;',
      'proxy_store_access user:r group:r all:r all:rw;',
      'proxy_store_access all:r; proxy_store_access all:r;',
      'proxy_store_access;',
      'proxy_cache_path d keys_zone=q:1m;',
      'add_header A $upstream_cache_status$slice_range;',
      'add_header A $upstream_cache_last_modified$upstream_cache_etag;',
      'add_header A $upstream_cache_key;',
    ].map(text => `location /x/ { ${text} }`),
  ).map(row => ({ ...row, hasCache: true })),
]

/** Where our answer is another one. */
const DIFFERENT: readonly Row[] = [
  { in: 'http', text: 'proxy_cache_path c keys_zone=z:8k;', ours: 'our table fits in it' },
  { in: 'http', text: `proxy_cache_path c ${ZONE} purger=on;`, ours: 'of the paid nginx' },
  { in: 'http', text: `proxy_cache_path c ${ZONE} memory=1g;`, ours: 'a parameter of ours' },
  { in: 'http', text: `proxy_cache_path "" ${ZONE};`, ours: 'would be the prefix itself' },
  {
    in: 'http',
    text: `proxy_cache_path c ${ZONE}; proxy_cache_path c/d keys_zone=y:1m;`,
    ours: 'one would take the files of the other for its own',
  },
  {
    in: 'http',
    text: `proxy_cache_path c ${ZONE}; upstream u { zone z 1m; server 127.0.0.1; }`,
    ours: 'each has memory of its own',
  },
  { in: 'http', text: 'proxy_cache_mode standard;', ours: 'a directive of ours' },
  { in: 'http', text: 'fastdfs_verify on;', ours: 'a directive of ours' },
  { in: 'http', text: 'proxy_cache_purge $arg_purge "" 0;', ours: 'of the paid nginx' },
  { in: 'http', text: 'proxy_store "";', ours: 'as refused by newer ones: it would store nothing' },
  { in: 'main', text: 'compat nginx/1.28;', ours: 'a directive of ours' },
  { in: 'main', text: 'worker_processes 0;', ours: 'somebody has to work' },
  { in: 'main', text: 'load_module nosuch.so;', ours: 'modules are not loaded: a notice' },
  { in: 'main', text: 'worker_rlimit_nofile x;', ours: 'without effect, so only counted' },
  { in: 'http', text: 'access_log logs/a b; log_format b $uri;', ours: 'any order' },
  { in: 'http', text: 'access_log logs/a json;', ours: 'a form of ours' },
  { in: 'http', text: 'proxy_pass_trailers on;', ours: 'newer than the nginx at hand' },
  { in: 'http', text: 'add_header "a b" c;', ours: 'would break the head' },
  { in: 'http', text: 'add_header a "b\\nc";', ours: 'would break the head' },
  { in: 'http', text: 'gzip on;', ours: 'not supported yet' },
  { in: 'http', text: 'map $host $x { default 1; }', ours: 'not supported yet' },
  { in: 'http', text: 'expires modified $host;', ours: 'not supported yet' },
  { in: 'upstream', text: 'server 127.0.0.1 slow_start=3s;', ours: 'of the paid nginx' },
  { in: 'upstream', text: 'server 127.0.0.1 drain;', ours: 'newer than the nginx at hand' },
  { in: 'upstream', text: 'server 127.0.0.1 route=a;', ours: 'newer than the nginx at hand' },
  { in: 'upstream', text: 'server 127.0.0.1 resolve;', ours: 'newer than the nginx at hand' },
  { in: 'upstream', text: 'least_time header; server 127.0.0.1;', ours: 'newer than the nginx' },
  { in: 'upstream', text: 'hash $uri maglev; server 127.0.0.1;', ours: 'not of nginx' },
  { in: 'upstream', text: 'random two least_time=header; server 127.0.0.1;', ours: 'not of this' },
  { in: 'upstream', text: 'sticky route $uri; server 127.0.0.1;', ours: 'newer than the nginx' },
  { in: 'upstream', text: 'queue 5; server 127.0.0.1;', ours: 'of the paid nginx' },
  { in: 'upstream', text: 'server 127.0.0.1 weight=1000000000;', ours: 'sums would not fit' },
  { in: 'upstream', text: 'server 127.0.0.1; keepalive 0;', ours: 'as in newer nginx' },
  { in: 'upstream', text: 'server 127.0.0.1; keepalive 4 local;', ours: 'as in newer nginx' },
  { in: 'upstream', text: 'server nosuch.invalid;', ours: 'names are resolved later' },
  { in: 'server', text: 'listen 0;', ours: 'the kernel chooses' },
  { in: 'server', text: 'server_name w*.example;', ours: 'nginx refuses it beside other names' },
  { in: 'server', text: 'listen 8081 http2;', ours: 'not supported yet' },
  { in: 'server', text: 'location ~ a++ { }', ours: 'nothing equal in JavaScript' },
  { in: 'server', text: 'if ($host) { return 403; }', ours: 'not supported yet' },
  { in: 'location', text: 'proxy_pass https://127.0.0.1;', ours: 'not supported yet' },
  { in: 'location', text: 'proxy_pass $scheme://127.0.0.1;', ours: 'not supported yet' },
  { in: 'location', text: 'fastcgi_pass 127.0.0.1:9000;', ours: 'another protocol' },
]

function wholeFile({ in: where, text, hasCache = false }: Row): string {
  const cache = hasCache ? 'proxy_cache_path c keys_zone=z:1m;' : ''
  const main = 'pid logs/x.pid; error_log stderr;\nevents { }\n'
  const group = 'upstream group { server 127.0.0.1; }'
  switch (where) {
    case 'main':
      return `pid logs/x.pid;\nevents { }\n${text}\n`
    case 'http':
      return `${main}http {\n${text}\nserver { listen 8089; } }\n`
    case 'upstream':
      return `${main}http { upstream u {\n${text}\n} }\n`
    case 'server':
      return `${main}http { access_log off; ${cache} server {\n${text}\n} }\n`
    case 'location':
      return `${main}http { access_log off; ${group} server { listen 8081; location /x/ {\n${text}\n} } }\n`
  }
}

describe('nginxReader beside nginx', { skip: NGINX === null && 'no nginx is installed' }, () => {
  let root = ''
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'beside-'))
    mkdirSync(join(root, 'logs'))
  })
  after(() => rmSync(root, { recursive: true }))

  function answers(row: Row): { nginx: boolean; ours: boolean; said: string } {
    const file = join(root, 'nginx.conf')
    writeFileSync(file, wholeFile(row))
    const run = spawnSync(NGINX!, ['-t', '-p', root, '-c', file, '-e', 'stderr'])
    const options = { prefix: root, env: {}, globals: '', hostname: 'here' }
    const { config, diagnostics } = readConfig(file, options)
    const found = diagnostics.map(item => `${item.severity}: ${item.message}`).join('\n')
    return { nginx: run.status === 0, ours: config !== null, said: `${run.stderr}\n${found}` }
  }

  it('takes and refuses the same', () => {
    const found = [...SAME, ...SAME_CACHES]
      .map(row => ({ row, ...answers(row) }))
      .filter(row => row.ours !== row.nginx)
    assert.deepEqual(found.map(say), [])
  })

  it('differs only where it says so', () => {
    const found = DIFFERENT.map(row => ({ row, ...answers(row) })).filter(
      row => row.ours === row.nginx,
    )
    assert.deepEqual(found.map(say), [])
  })
})

function say({ row, ours, said }: { row: Row; ours: boolean; said: string }): string {
  return `we ${ours ? 'take' : 'refuse'} ${row.in}: ${row.text}\n${said}`
}
