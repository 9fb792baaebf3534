/**
 * The nginx.conf of the proxy under test, the same text for nginx and for Headgate.
 * It is meant to be a fair and good configuration: connections to the origin are kept, large bodies
 * are passed on through memory (by default nginx writes part of them to files, which no other
 * proxy here does), and no limit on requests per connection or backlog sets it apart from others.
 */

import { join } from 'node:path'

/** What differs from one proxy and one kind of work to the next. */
export interface NginxSetting {
  readonly directory: string
  readonly port: number
  readonly originPorts: readonly number[]
  /** Idle connections kept to the origin. */
  readonly keepalive: number
  readonly accessLogPath: string | null
  /** Null = everything comes from the origin. */
  readonly cache: CacheSetting | null
}

/** How the proxy caches. */
export interface CacheSetting {
  /** Shared memory for so many keys is set aside. */
  readonly keys: number
  /** A parameter of Headgate that nginx has not: memory for what is asked for most. */
  readonly memory: string | null
}

/** Of shared memory: nginx needs 128 on a 64-bit system, and the bodies of pages are rounded. */
const BYTES_PER_KEY = 200

/** Enough for any of the work that does not say how many keys there are. */
const KEYS_MIN = 100_000

/** Makes the configuration of a proxy; its folders lie in the given directory. */
export function makeNginxConfig(setting: NginxSetting): string {
  const { directory, port, originPorts, keepalive, accessLogPath, cache } = setting
  const log = accessLogPath === null ? 'off' : `${accessLogPath} combined`
  const servers = originPorts.map(originPort => `    server 127.0.0.1:${originPort};`)
  return `daemon off;
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;

events {
  worker_connections 4096;
}

http {
  access_log ${log};
  client_body_temp_path ${join(directory, 'client-body')};
  proxy_temp_path ${join(directory, 'proxy')};
  keepalive_requests 100000000;
  client_max_body_size 8m;
  client_body_buffer_size 64k;
  proxy_request_buffering off;
  proxy_buffer_size 16k;
  proxy_buffers 8 32k;
  proxy_max_temp_file_size 0;
${cache === null ? '' : makeCachePath(directory, cache)}

  upstream origin {
${servers.join('\n')}
    keepalive ${keepalive};
    keepalive_requests 100000000;
  }

  server {
    listen 127.0.0.1:${port} backlog=4096;

    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
${cache === null ? '' : makeCacheUse(cache)}
    }
  }
}
`
}

function makeCachePath(directory: string, { keys, memory }: CacheSetting): string {
  const zoneBytes = Math.max(KEYS_MIN, keys) * BYTES_PER_KEY
  const own = memory === null ? '' : ` memory=${memory}`
  return `  sendfile on;
  tcp_nopush on;
  proxy_cache_path ${join(directory, 'cache')} levels=1:2 keys_zone=bench:${zoneBytes} max_size=8g
    inactive=1d use_temp_path=off${own};`
}

/** With many keys those that were asked for once are counted and not stored: a million files would take 4 GiB. */
function makeCacheUse({ keys }: CacheSetting): string {
  return `      proxy_cache bench;
      proxy_cache_valid 200 1h;
      proxy_cache_key $uri$is_args$args;
      proxy_cache_min_uses ${keys > KEYS_MIN ? 2 : 1};`
}
