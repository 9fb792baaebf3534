// A small configuration made by hand, for tests of what comes after reading.

import type { Config, ProcessSettings } from '../../src/model/config.ts'
import { defaultKeepalive, defaultProcess, defaultSettings } from '../../src/model/defaults.ts'
import type { ListenAddress } from '../../src/model/listener.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import type { Server } from '../../src/model/route.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../src/model/upstream.ts'

/** `host:port` → address. */
export function tcp(text: string): ListenAddress {
  const colon = text.lastIndexOf(':')
  return { kind: 'tcp', host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

/** An upstream with a peer for each `host:port`. */
export function sampleUpstream(name: string, ...peers: string[]): Upstream {
  return {
    origin: BUILT_IN,
    name,
    ...PLAIN_UPSTREAM,
    keepalive: defaultKeepalive('nginx/1.30'),
    isImplicit: false,
    peers: peers.map(peer => ({
      origin: { file: 'sample.conf', line: 3, column: 12, endColumn: 20 },
      name: peer,
      address: tcp(peer),
      ...PLAIN_PEER,
    })),
  }
}

export interface SampleParts {
  readonly listen?: readonly ListenAddress[]
  readonly upstreams?: readonly Upstream[]
  readonly process?: Partial<ProcessSettings>
  readonly prefix?: string
}

/** A configuration of one server. */
export function sampleConfig(parts: SampleParts = {}): Config {
  const prefix = parts.prefix ?? '/nowhere'
  const server: Server = {
    origin: BUILT_IN,
    listens: (parts.listen ?? [tcp('127.0.0.1:0')]).map(address => ({
      origin: BUILT_IN,
      address,
      isDefault: false,
      backlog: 511,
      ipv6Only: true,
      expectsProxyHeader: false,
    })),
    names: [],
    name: '',
    settings: defaultSettings('nginx/1.30', prefix),
    returns: null,
    action: { kind: 'files' },
    locations: [],
  }
  return {
    format: 'nginx',
    file: 'sample.conf',
    files: ['sample.conf'],
    compat: 'nginx/1.30',
    isStrict: false,
    process: { ...defaultProcess(prefix), ...parts.process },
    upstreams: parts.upstreams ?? [],
    servers: [server],
    logFormats: [],
    caches: [],
    limitZones: [],
    variables: [],
  }
}
