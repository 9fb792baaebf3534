/**
 * The configuration of HAProxy: one thread, connections to the origin reused by anyone, buffers of
 * the size that nginx has here.
 * HAProxy writes no log file by itself, so it logs to its standard output, which is a file; the
 * format is the "combined" one that nginx writes.
 */

/** What differs from one kind of work to the next. */
export interface HaproxySetting {
  readonly port: number
  readonly originPorts: readonly number[]
  readonly hasAccessLog: boolean
}

const COMBINED =
  '%ci - - [%trl] "%HM %HU %HV" %ST %B "%[capture.req.hdr(0)]" "%[capture.req.hdr(1)]"'

/** Makes the configuration file. */
export function makeHaproxyConfig(setting: HaproxySetting): string {
  const { port, originPorts, hasAccessLog } = setting
  const globalLog = hasAccessLog ? '\n  log stdout format raw local0 info' : ''
  const log = `
  log global
  log-format ${COMBINED.replaceAll('"', '\\"').replaceAll(' ', '\\ ')}
  capture request header Referer len 256
  capture request header User-Agent len 256`
  const servers = originPorts.map((originPort, index) => {
    return `  server origin${index} 127.0.0.1:${originPort}`
  })
  return `global
  nbthread 1
  maxconn 1500
  tune.bufsize 32768${globalLog}

defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always

frontend proxy
  bind 127.0.0.1:${port} backlog 4096
  default_backend origin${hasAccessLog ? log : ''}

backend origin
  balance roundrobin
${servers.join('\n')}
`
}
