// Variables of the configuration, compiled. As in nginx a value is worked out when it is first asked for and then holds for
// the request; where nothing that it is made of can change meanwhile, it is not even kept. Definitions that lead back to
// themselves end, as there, with a line in the log and an empty text where they have gone round too often.

import { unreachable } from '../base/assert.ts'
import {
  type DefinitionGraph,
  graphOf,
  orderOf,
  type VariableDefinition,
} from '../model/variable-definitions.ts'
import { compileGeo } from './defined-geo.ts'
import { compileMap } from './defined-map.ts'
import { compileSplit } from './defined-split.ts'
import { logFailure } from './failure-log.ts'
import { isStableVariable } from './head-memo.ts'
import type { Variable } from './variable.ts'

/** What a request says from its beginning to its end, whatever happens to it. */
const CONSTANT: ReadonlySet<string> = new Set([
  'binary_remote_addr',
  'connection',
  'connection_requests',
  'host',
  'hostname',
  'http2',
  'https',
  'nginx_version',
  'pid',
  'proxy_protocol_addr',
  'proxy_protocol_port',
  'proxy_protocol_server_addr',
  'proxy_protocol_server_port',
  'realip_remote_addr',
  'realip_remote_port',
  'remote_addr',
  'remote_port',
  'remote_user',
  'request',
  'request_id',
  'request_uri',
  'scheme',
  'server_addr',
  'server_name',
  'server_port',
  'server_protocol',
])

/** Definitions in definitions, as deep as nginx goes. */
const DEPTH_MAX = 100
/** Definitions that are worked out for one, at most, each as often as it is asked for. */
const COST_MAX = 32
let depthLeft = DEPTH_MAX

/** Compiles all definitions; of two of one name the later one counts. */
export function compileDefinitions(
  definitions: readonly VariableDefinition[],
): ReadonlyMap<string, Variable> {
  const byName = new Map(definitions.map(definition => [definition.name, definition]))
  const graph = graphOf(byName.values())
  const { sorted, cyclic, depth } = orderOf(graph)
  const constant = constantOf(sorted, graph)
  return new Map(
    [...byName].map(([name, definition]) => {
      const plain = compileOne(definition)
      const variable = cyclic.has(name) || depth > DEPTH_MAX ? guarded(name, plain) : plain
      return [name, isKept(definition, constant) ? kept(name, variable) : variable]
    }),
  )
}

/** Those to which a head that comes again on its connection gives the same value. */
export function listStable(definitions: readonly VariableDefinition[]): readonly string[] {
  const graph = graphOf(definitions)
  const { sorted } = orderOf(graph)
  const constant = constantOf(sorted, graph)
  const kept = new Set(definitions.filter(one => isKept(one, constant)).map(({ name }) => name))
  const stable = new Set<string>()
  const isStable = (name: string) => (graph.has(name) ? stable.has(name) : isStableVariable(name))
  for (const name of sorted)
    if (!kept.has(name) && graph.get(name)!.every(isStable)) stable.add(name)
  return [...stable]
}

function compileOne(definition: VariableDefinition): Variable {
  switch (definition.kind) {
    case 'map':
      return compileMap(definition)
    case 'geo':
      return compileGeo(definition)
    case 'split':
      return compileSplit(definition)
    default:
      return unreachable(definition)
  }
}

/** The value of the first time holds for the exchange. */
function kept(name: string, variable: Variable): Variable {
  return exchange => {
    const value = variable(exchange)
    if (value === null) return null
    exchange.ownVariables ??= new Map()
    exchange.ownVariables.set(name, value)
    return value
  }
}

/** Set where it went round too often, until all that stood around it have their values. */
let isTooDeep = false

function guarded(name: string, variable: Variable): Variable {
  return exchange => {
    // Whoever asks twice on each round would otherwise ask more often than there is time.
    if (isTooDeep) return null
    if (depthLeft === 0) {
      isTooDeep = true
      logFailure(exchange, 'error', `cycle while evaluating variable "${name}"`)
      return null
    }
    depthLeft--
    const value = variable(exchange)
    depthLeft++
    if (depthLeft === DEPTH_MAX) isTooDeep = false
    return value
  }
}

/** Whether it shows how often the value is worked out: its parts may change, or it leaves captures behind. */
function isKept(definition: VariableDefinition, constant: ReadonlySet<string>): boolean {
  if (definition.kind !== 'split' && definition.isVolatile) return false
  if (definition.kind === 'map' && definition.regexes.length > 0) return true
  if (definition.kind === 'geo' && definition.proxies.length > 0) return true
  return !constant.has(definition.name)
}

/** The definitions that nothing changes during a request, and that are worked out sooner than looked up. */
function constantOf(sorted: readonly string[], graph: DefinitionGraph): ReadonlySet<string> {
  const constant = new Set<string>()
  const costs = new Map<string, number>()
  const isConstant = (name: string) =>
    graph.has(name)
      ? constant.has(name)
      : CONSTANT.has(name) || name.startsWith('http_') || name.startsWith('cookie_')
  for (const name of sorted) {
    const parts = graph.get(name)!
    const cost = parts.reduce((sum, part) => sum + (costs.get(part) ?? 0), 1)
    costs.set(name, cost)
    if (cost <= COST_MAX && parts.every(isConstant)) constant.add(name)
  }
  return constant
}
