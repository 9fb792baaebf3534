// Golden cases of the ldirectord.cf reader: one file each, the input, ten dashes, what came out: the findings as
// printed, then the model with everything left out that repeats the defaults of the dialect.

import { isDeepStrictEqual } from 'node:util'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfigText } from '../../../src/config/read.ts'
import type { ReadResult } from '../../../src/config/reader.ts'
import { yamlProcess } from '../../../src/config/yaml/defaults.ts'
import type { Config } from '../../../src/model/config.ts'
import { addressText } from '../../../src/model/listener.ts'
import { PLAIN_PROBE, type Probe } from '../../../src/model/probe.ts'
import { type Template, templateText } from '../../../src/model/template.ts'
import { PLAIN_PEER, type Upstream } from '../../../src/model/upstream.ts'

/** The world around every case. */
export const WORLD = { prefix: '/prefix', env: {}, globals: '', hostname: 'here.example' }

/** Reads a text and checks it, as the program does. */
export function readCf(text: string, file = '/case/ldirectord.cf'): ReadResult {
  return readConfigText(file, text, { ...WORLD, format: 'ldirectord' })
}

/** Reads the input of a case and prints what came out. */
export function runCase(input: string): string {
  const { config, diagnostics, sources } = readCf(input)
  const findings = renderDiagnostics(diagnostics, sources)
  return config === null ? findings : `${findings}${print(describeConfig(config))}\n`
}

/** What a case says without a word: it is the same in all of them. */
const USUAL_PROBE = {
  ...PLAIN_PROBE,
  intervalMs: 10_000,
  isMandatory: true,
  isPersistent: true,
  isAskedOnFailure: true,
}

const USUAL_HTTP = {
  tls: null,
  isHttp2: false,
  method: 'GET',
  headers: [],
  body: '',
  redirectsMax: 7,
  keepaliveMs: 0,
}

type Plain = Record<string, unknown>

function describeConfig({ process, servers, upstreams }: Config): Plain {
  return lean({
    process: difference(process, yamlProcess(WORLD.prefix)),
    servers: servers.map(({ listens, action }) => ({
      listen: listens.map(({ address }) => addressText(address)).join(' '),
      upstream: action.kind === 'proxy' ? action.target.upstream : null,
    })),
    upstreams: upstreams.map(describeUpstream),
  })
}

function describeUpstream(upstream: Upstream): Plain {
  const { keepalive: _, passiveHealth: __, ...rest } = upstream
  return lean({
    ...rest,
    method: upstream.method.kind === 'round_robin' ? null : upstream.method,
    peers: upstream.peers.map(peer => {
      const plain = difference(peer, { ...PLAIN_PEER, failTimeoutSeconds: peer.failTimeoutSeconds })
      const { address, ...others } = plain
      const place = addressText(peer.address)
      return lean(place === peer.name ? others : { ...others, address: place })
    }),
    probes: upstream.probes.map(describeProbe),
  })
}

function describeProbe(probe: Probe): Plain {
  const { check, checksOfPeers = {}, ...rest } = difference(probe, USUAL_PROBE) as unknown as Probe
  const own = Object.entries(checksOfPeers).map(([peer, one]) => [peer, describeCheck(one)])
  return lean({ ...rest, check: describeCheck(check), checksOfPeers: Object.fromEntries(own) })
}

function describeCheck(check: Probe['check']): unknown {
  if (check.kind === 'combined') return { ...check, full: describeCheck(check.full) }
  if (check.kind !== 'http') return check
  const { expect, ...rest } = difference(check, USUAL_HTTP) as unknown as typeof check
  return { ...rest, ...(expect.body.length === 0 ? {} : { body: expect.body }) }
}

/** The properties of `value` that are not those of `base`. */
function difference(value: object, base: object): Plain {
  return Object.fromEntries(
    Object.entries(value).filter(([key, own]) => !isDeepStrictEqual(own, (base as Plain)[key])),
  )
}

/** Leaves out places, empty things and what is false. */
function lean(value: Plain): Plain {
  return Object.fromEntries(
    Object.entries(value).filter(([key, own]) => {
      if (key === 'origin' || key === 'origins') return false
      if (own === null || own === undefined || own === false || own === '') return false
      return typeof own !== 'object' || Object.keys(own).length > 0
    }),
  )
}

/** JSON without places; what is short stands on one line. */
function print(value: unknown): string {
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (key, own: unknown) => {
      if (key === 'origin' || key === 'origins') return undefined
      return key === 'key' && Array.isArray(own) ? templateText(own as Template) : own
    }),
  )
  return indent(plain, '')
}

function indent(value: unknown, margin: string): string {
  const line = JSON.stringify(value)
  if (line.length + margin.length < 110 || typeof value !== 'object' || value === null) return line
  const inner = `${margin}  `
  const parts = Array.isArray(value)
    ? value.map(item => inner + indent(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}"${key}": ${indent(item, inner)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${parts.join(',\n')}\n${margin}${close}`
}
