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
}

/** Makes the configuration of a proxy; its folders lie in the given directory. */
export function makeNginxConfig(setting: NginxSetting): string {
  const { directory, port, originPorts, keepalive, accessLogPath } = setting
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
    }
  }
}
`
}
