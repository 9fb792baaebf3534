// One `vrrp_instance`: whether the pair that it makes does what its words seem to say.

import { isIP } from 'node:net'

import type { DiagnosticList } from '../../config/diagnostic.ts'
import type { Origin } from '../../model/origin.ts'
import { findStatement, firstWord, type Statement } from './tree.ts'

const PASSWORD_MAX = 8

/** What of a `vrrp_script` matters to an instance. */
export interface ScriptFacts {
  readonly weight: number
  readonly origin: Origin
}

export interface InstanceFacts {
  readonly statement: Statement
  readonly block: readonly Statement[]
  readonly name: string
  readonly version: number
  readonly priority: number
}

export function factsOf(statement: Statement, globalVersion: number): InstanceFacts {
  const block = statement.block ?? []
  return {
    statement,
    block,
    name: statement.words[0]?.text ?? '',
    version: Number(firstWord(block, 'version')?.text ?? globalVersion),
    priority: Number(firstWord(block, 'priority')?.text ?? 100),
  }
}

/** Everything that one instance alone can have wrong. */
export function checkInstance(
  instance: InstanceFacts,
  scripts: ReadonlyMap<string, ScriptFacts>,
  diagnostics: DiagnosticList,
): void {
  checkNeeds(instance, diagnostics)
  checkNumbers(instance, diagnostics)
  checkPreempt(instance, scripts, diagnostics)
  checkAdverts(instance, diagnostics)
  checkAuthentication(instance, diagnostics)
  checkPeers(instance, diagnostics)
}

function checkNeeds(instance: InstanceFacts, diagnostics: DiagnosticList): void {
  const { block, statement, name, version } = instance
  const { origin } = statement
  if (name === '') diagnostics.error('a vrrp_instance without a name', origin)
  for (const needed of ['interface', 'virtual_router_id'] as const) {
    if (findStatement(block, needed) === undefined) {
      diagnostics.error(`vrrp_instance "${name}" has no "${needed}"`, origin)
    }
  }
  const addresses = findStatement(block, 'virtual_ipaddress')?.block ?? []
  if (addresses.length === 0) {
    const text = `vrrp_instance "${name}" has no virtual_ipaddress`
    const hint = 'for a cloud’s floating address give it the private address of the pair'
    if (version === 3) diagnostics.error(`${text}: version 3 does not start without`, origin, hint)
    else diagnostics.warning(text, origin, hint)
  }
  const families = addresses.map(each => isIP(each.name.replace(/\/\d+$/, '')))
  for (const [index, each] of addresses.entries()) {
    if (families[index] === 0) diagnostics.error(`"${each.name}" is no address`, each.origin)
    else if (families[index] !== families[0]) {
      const hint = 'write it into virtual_ipaddress_excluded { … }'
      diagnostics.error(
        `"${each.name}" is of another family than the first: it is left out`,
        each.origin,
        hint,
      )
    }
  }
}

function checkNumbers({ block }: InstanceFacts, diagnostics: DiagnosticList): void {
  checkRange(block, 'virtual_router_id', 1, 255, diagnostics)
  checkRange(block, 'priority', 1, 255, diagnostics)
}

function checkRange(
  block: readonly Statement[],
  name: string,
  least: number,
  most: number,
  diagnostics: DiagnosticList,
): void {
  const word = firstWord(block, name)
  if (word === null) return
  const number = /^\d+$/.test(word.text) ? Number(word.text) : Number.NaN
  if (number >= least && number <= most) return
  diagnostics.error(
    `"${name}" is a number from ${least} to ${most}, not "${word.text}"`,
    word.origin,
  )
}

function checkPreempt(
  { block, name, priority }: InstanceFacts,
  scripts: ReadonlyMap<string, ScriptFacts>,
  diagnostics: DiagnosticList,
): void {
  const nopreempt = findStatement(block, 'nopreempt')
  const state = firstWord(block, 'state')
  if (nopreempt !== undefined && state !== null && state.text !== 'BACKUP') {
    diagnostics.error(
      `nopreempt with state ${state.text}: keepalived does not heed it`,
      nopreempt.origin,
      'write "state BACKUP" on both machines; who has the higher priority begins',
    )
  }
  for (const each of findStatement(block, 'track_script')?.block ?? []) {
    const script = scripts.get(each.name)
    if (script === undefined) {
      diagnostics.error(`there is no vrrp_script "${each.name}"`, each.origin)
      continue
    }
    const own = each.words[0]?.text === 'weight' ? Number(each.words[1]?.text) : Number.NaN
    const weight = Number.isNaN(own) ? script.weight : own
    if (nopreempt !== undefined && weight !== 0) {
      diagnostics.error(
        `nopreempt with a check of weight ${weight}: "${name}" never fails over, for the other one may not preempt`,
        each.origin,
        'leave the weight out: then a failed check is a fault, and the address moves',
      )
    } else if (weight > 0) {
      const hint =
        'a weight below 0 takes priority away when the check fails; without one it is a fault'
      diagnostics.warning(
        `a check of weight ${weight} adds priority while all is well`,
        each.origin,
        hint,
      )
    } else if (weight < 0 && priority + weight < 1) {
      const text = `priority ${priority} and weight ${weight} come to less than 1: that is the same as 1`
      diagnostics.warning(text, each.origin)
    }
  }
}

function checkAdverts({ block, version }: InstanceFacts, diagnostics: DiagnosticList): void {
  const word = firstWord(block, 'advert_int')
  if (word === null) return
  const seconds = Number(word.text)
  if (!(seconds > 0)) {
    diagnostics.error(`"advert_int" is a time in seconds, not "${word.text}"`, word.origin)
  } else if (seconds < 1 && version !== 3) {
    const hint = 'write "vrrp_version 3" in global_defs, or "version 3" here'
    diagnostics.error(
      `an advert_int of ${word.text} s needs VRRP version 3: version 2 knows whole seconds`,
      word.origin,
      hint,
    )
  } else if (version === 3 && (seconds < 0.01 || seconds > 40.95)) {
    diagnostics.error(
      `an advert_int of version 3 is 0.01 to 40.95 s, not ${word.text}`,
      word.origin,
    )
  }
}

function checkAuthentication({ block, version }: InstanceFacts, diagnostics: DiagnosticList): void {
  const authentication = findStatement(block, 'authentication')
  if (authentication === undefined) return
  if (version === 3) {
    const text = 'VRRP version 3 has no authentication: this is not heeded'
    diagnostics.warning(text, authentication.origin, 'leave it out; keep strangers off the network')
  }
  const password = firstWord(authentication.block ?? [], 'auth_pass')
  if (password === null || password.text.length <= PASSWORD_MAX) return
  const text = `only the first ${PASSWORD_MAX} characters of auth_pass count`
  diagnostics.warning(text, password.origin, 'shorten it, so that nobody relies on the rest')
}

function checkPeers({ block, name, version }: InstanceFacts, diagnostics: DiagnosticList): void {
  const source = firstWord(block, 'unicast_src_ip')
  const peers = findStatement(block, 'unicast_peer')
  if (source !== null && peers === undefined) {
    const text = `unicast_src_ip without unicast_peer: "${name}" sends to the multicast group`
    diagnostics.warning(text, source.origin, 'name the other machine in unicast_peer { … }')
  }
  if (peers !== undefined && (peers.block ?? []).length === 0) {
    diagnostics.error('unicast_peer is empty', peers.origin)
  }
  for (const peer of peers?.block ?? []) {
    if (isIP(peer.name) === 0) {
      diagnostics.error(`"${peer.name}" is no address`, peer.origin, 'unicast_peer takes addresses')
    } else if (peer.name === source?.text) {
      diagnostics.error('this machine is its own peer', peer.origin, 'name the other one')
    }
  }
  const hasVmac = findStatement(block, 'use_vmac') !== undefined
  if (version === 3 && peers !== undefined && source === null && !hasVmac) {
    diagnostics.notice(
      'the address that adverts come from is left to the interface',
      peers.origin,
      'name it: unicast_src_ip ADDRESS',
    )
  }
}
