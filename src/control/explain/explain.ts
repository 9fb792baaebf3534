// Explains one request to a configuration: a generation of it is compiled as for a worker, with nobody behind it, and the
// request goes through what requests go through, up to the answer or to the peer that would be asked.

import { systemDelay, TIMED_OUT, within } from '../../base/delay.ts'
import { parseRequestHead, RequestHead } from '../../http/request-parser.ts'
import type { Config } from '../../model/config.ts'
import { addressText, type ListenAddress } from '../../model/listener.ts'
import type { Server } from '../../model/route.ts'
import type { Generation } from '../../worker/messages.ts'
import { Rehearsal, type Told } from '../../worker/rehearsal.ts'
import type { AddressRuntime } from '../../worker/snapshot.ts'
import type { Loaded } from '../load.ts'
import { listPeers } from '../peer-lines.ts'
import { TOO_MANY_PEERS } from '../reload.ts'
import { listenAddresses } from '../reload-plan.ts'
import { SharedMemory } from '../shared-memory.ts'
import { answerLines, fileDecision } from './answer-lines.ts'
import { type Asked, findArrival } from './asked.ts'
import { cacheReasons } from './cache-reasons.ts'
import type { Decision, Explanation, Outcome } from './explanation.ts'
import { peerReasons } from './peer-reasons.ts'
import { clientDecisions, variableDecisions } from './phase-reasons.ts'
import { Places, placeText } from './places.ts'
import { serverReason } from './route-reasons.ts'
import { addedFields, forwardRules, logDecisions, receivedFields } from './rules-in-force.ts'
import { sentHead } from './sent-head.ts'
import { type Forwarding, Watch } from './watch.ts'

/** Longer than what a configuration may make a request wait before anything is decided (`auth_delay`). */
const PATIENCE_MS = 60_000

export interface ExplainOptions {
  readonly asked: Asked
  /** The listening address, where the URL shall not choose it. */
  readonly listen?: string
  readonly hostname: string
}

/** Explains a request; a text says why that cannot be done. */
export async function explain(
  loaded: Loaded,
  { asked, listen, hostname }: ExplainOptions,
): Promise<Explanation | string> {
  const { config, lines, written } = loaded
  if (config === null) return 'the configuration cannot run'
  const listens = listenAddresses(config)
  const arrival = findArrival(asked, listens, listen)
  if (typeof arrival === 'string') return arrival
  const memory = new SharedMemory()
  const generation = memory.generations.make(config, lines.map(listPeers), listens)
  if (generation === null) return TOO_MANY_PEERS
  const places = new Places(written)
  const watch = new Watch(places, config)
  const rehearsal = new Rehearsal(generation, memory.peerZone, hostname, watch)
  try {
    const key = addressText(arrival.address)
    const address = rehearsal.snapshot.addresses.get(key)!
    const arrived = arriving(asked, arrival, address, places)
    if (typeof arrived === 'string') return arrived
    const told = rehearsal.begin(asked.text, address, {
      serial: 1,
      requests: 1,
      remoteAddress: asked.client,
      remotePort: 0,
      ...localEnd(arrival.address),
    })
    const first = Promise.race([told, watch.forwarding.promise])
    const end = await within(first, PATIENCE_MS, systemDelay)
    if (end === TIMED_OUT) return `nothing is decided within ${PATIENCE_MS / 1000} seconds`
    watch.settle()
    const ended =
      'exchange' in end ? forwarded(end, watch, places, generation) : answered(end, watch, places)
    const { exchange, location } = watch
    const server = exchange?.server.config ?? arrived.server
    const rules = location ?? address.servers.find(arrived.host).server.fallback
    const chain = watch.chain.length > 0 ? watch.chain : [server]
    return {
      method: asked.method,
      url: asked.url,
      server: server.name,
      location: watch.locationText,
      uri: exchange?.uri ?? '',
      outcome: ended.outcome,
      decisions: [
        ...arrived.decisions,
        ...watch.decisions,
        ...madeDecisions(watch, config, places),
        ...ended.decisions,
        ...(ended.outcome.kind === 'peer' ? addedFields(rules, chain, places) : []),
        ...logDecisions(rules, chain, places),
      ],
    }
  } finally {
    rehearsal.close()
  }
}

/** Who the client was taken for, and the values of the configuration's own variables. */
function madeDecisions(
  { exchange, location, chain }: Watch,
  config: Config,
  places: Places,
): readonly Decision[] {
  if (exchange === null || location === null) return []
  return [
    ...clientDecisions(exchange, chain, places),
    ...variableDecisions(exchange, location, config),
  ]
}

interface Arrived {
  readonly server: Server
  readonly host: string
  readonly decisions: readonly Decision[]
}

function arriving(
  asked: Asked,
  { address: listen, reason }: { readonly address: ListenAddress; readonly reason: string },
  address: AddressRuntime,
  places: Places,
): Arrived {
  const head = new RequestHead()
  const bytes = Buffer.from(asked.text, 'latin1')
  // What is wrong with a head, the answer says.
  parseRequestHead(bytes, 0, bytes.length, head, address.limits.head)
  const { host } = head
  const server = address.servers.find(host).server.config
  const isDefault = address.servers.defaultServer.config === server
  const line = server.listens.find(each => addressText(each.address) === addressText(listen))
  const name = server.name === '' ? 'the server' : server.name
  return {
    server,
    host,
    decisions: [
      {
        topic: 'client',
        text: `${asked.client}${asked.isClientAssumed ? ', as --client was not given' : ''}`,
        at: '',
      },
      {
        topic: 'listen',
        text: `${addressText(listen)}: ${reason}`,
        at: line === undefined ? '' : placeText(line.origin),
      },
      {
        topic: 'server',
        text: `${name}: ${serverReason(server, host, isDefault)}`,
        at: places.partOf(server, { nginx: 'server_name', model: 'names' }),
      },
    ],
  }
}

function localEnd(address: ListenAddress): { localAddress: string; localPort: number } {
  if (address.kind === 'unix') return { localAddress: `unix:${address.path}`, localPort: 0 }
  const { host, port } = address
  const isAny = host === '0.0.0.0' || host === '::'
  return { localAddress: isAny ? '127.0.0.1' : host, localPort: port }
}

interface Ended {
  readonly outcome: Outcome
  readonly decisions: readonly Decision[]
}

function forwarded(
  { exchange, location, upstream }: Forwarding,
  { chain }: Watch,
  places: Places,
  generation: Generation,
): Ended {
  const cached = cacheReasons(exchange, location, chain, places)
  exchange.upstream = upstream
  const triesMax = location.settings.proxy.retry.triesMax
  const name = upstream?.config.name
  const resolved = generation.upstreams.find(each => each.name === name)
  const picked =
    upstream === null
      ? lookedUp(exchange.proxyHost)
      : peerReasons(exchange, upstream, resolved, triesMax)
  const sent = sentHead(exchange, location, cached.isFetch, chain, places)
  return {
    outcome: {
      kind: 'peer',
      upstream: name ?? null,
      peer: picked.peer,
      target: sent.target,
    },
    decisions: [
      ...cached.decisions,
      ...picked.decisions,
      ...sent.decisions,
      ...forwardRules(location, chain, places),
      ...receivedFields(location, chain, places),
    ],
  }
}

function lookedUp(name: string): { readonly decisions: readonly Decision[]; readonly peer: null } {
  const text = `${name}: its name is looked up when a request comes`
  return { decisions: [{ topic: 'upstream', text, at: '' }], peer: null }
}

function answered(told: Told, watch: Watch, places: Places): Ended {
  const { head } = told
  const at = answerPlace(watch)
  if (head === '') {
    const text = 'the connection is closed'
    return { outcome: { kind: 'closed' }, decisions: [{ topic: 'answers', text, at }] }
  }
  const [first = ''] = head.split('\r\n', 1)
  const status = Number(first.split(' ')[1])
  const answer: Decision = { topic: 'answers', text: first.slice(first.indexOf(' ') + 1), at }
  return {
    outcome: { kind: 'answer', status },
    decisions: [
      ...fileDecision(watch, status, places),
      answer,
      ...answerLines(told, watch, places),
    ],
  }
}

/** The line of a `return`. */
function answerPlace({ location, exchange, decisions }: Watch): string {
  const level = location?.config ?? exchange?.server.config
  const returns = level?.returns ?? null
  if (returns !== null) return placeText(returns.origin)
  const last = decisions.at(-1)
  return last?.topic === 'rewrite' ? last.at : ''
}
