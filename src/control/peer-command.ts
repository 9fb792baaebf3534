// `headgate peer`: changes one peer of a group that has a state file, so that the change holds over restarts. The file is
// replaced first, synced, and only then the running process is told to read it: what is said to be done is kept.

import { callFailedText } from '../base/system-error.ts'
import type { ReadOptions } from '../config/reader.ts'
import { nearest } from '../config/suggest.ts'
import { addressText } from '../model/listener.ts'
import { type Peer, type Upstream, WEIGHT_TOTAL_MAX } from '../model/upstream.ts'
import type { CommandInput } from './command.ts'
import { usualControlPaths } from './control-path.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { type LoadOptions, readFor } from './load.ts'
import { showFindings } from './report.ts'
import { applyState, StateFile } from './state-file.ts'
import { parseServerLine } from './state-peers.ts'
import { stateText } from './state-text.ts'
import { askStatus } from './status-client.ts'
import type { StatusReport } from './status-report.ts'
import { say } from './terminal.ts'

const DONE = 0
const FAILED = 1

/** What can be done to a peer; `weight=` has a number behind it. */
export const PEER_ACTIONS = ['up', 'down', 'drain', 'weight=N', 'add', 'remove'] as const

/** A change that cannot be made: one line why. */
export type ChangedPeers =
  | { readonly peers: readonly Peer[]; readonly problem: null }
  | { readonly problem: string }

/**
 * The peers of a group after a change, purely.
 *
 * @param address as the peer is written in its group, or where it listens
 * @param added the peer that `add` brings; null where the address is none
 */
export function changePeers(
  upstream: Upstream,
  address: string,
  action: string,
  added: Peer | null,
): ChangedPeers {
  const { name, peers } = upstream
  const at = peers.findIndex(peer => peer.name === address || addressText(peer.address) === address)
  if (action === 'add') {
    if (at !== -1) return { problem: `"${address}" is a peer of upstream "${name}" already` }
    if (added === null) return { problem: `"${address}" is no address such as 10.0.0.1:80` }
    return { peers: [...peers, added], problem: null }
  }
  if (at === -1) {
    const names = peers.map(peer => peer.name)
    const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
    return { problem: `upstream "${name}" has no peer "${address}": ${known}` }
  }
  if (action === 'remove') {
    if (peers.length === 1) return { problem: `"${address}" is the last peer of "${name}"` }
    return { peers: peers.toSpliced(at, 1), problem: null }
  }
  const parts = partsOf(action)
  if (parts === null) {
    return { problem: `cannot "${action}" a peer: wants one of ${PEER_ACTIONS.join(', ')}` }
  }
  return { peers: peers.with(at, { ...peers[at]!, ...parts }), problem: null }
}

function partsOf(action: string): Partial<Peer> | null {
  switch (action) {
    case 'up':
      return { isDown: false, isDraining: false }
    case 'down':
      return { isDown: true, isDraining: false }
    case 'drain':
      return { isDown: false, isDraining: true }
  }
  const digits = /^weight=(\d{1,9})$/.exec(action)?.[1]
  const weight = Number(digits ?? 0)
  return weight >= 1 && weight <= WEIGHT_TOTAL_MAX ? { weight } : null
}

/** Changes a peer and waits until the running process has taken it. Returns the exit code. */
export async function changePeer(input: CommandInput, options: LoadOptions): Promise<number> {
  const { values, word, terminal } = input
  const fail = (text: string) => {
    say(terminal, text)
    return FAILED
  }
  const { upstream: group, peer: address } = values
  if (word === null || group === undefined || address === undefined) {
    return fail(`wants --upstream NAME, --peer ADDRESS and one of ${PEER_ACTIONS.join(', ')}`)
  }
  const result = readFor(options)
  if (result.config === null) {
    showFindings(terminal, result, ['error'])
    return fail('nothing was changed: the configuration has errors')
  }
  const { upstreams, process: settings } = result.config
  const written = upstreams.find(({ name }) => name === group)
  if (written === undefined) {
    const names = upstreams.filter(each => !each.isImplicit).map(({ name }) => name)
    const meant = nearest(group, names)
    const hint =
      meant === null ? `there is ${names.join(', ') || 'none'}` : `did you mean "${meant}"?`
    return fail(`there is no upstream "${group}": ${hint}`)
  }
  if (written.statePath === null) {
    const cure = 'add "state FILE;" (YAML: "state: FILE") to it'
    return fail(`upstream "${group}" has no state file to keep a change in: ${cure}`)
  }
  const { prefix, env, hostname } = options
  const reading: ReadOptions = { prefix, env, hostname, globals: '' }
  const { upstream, diagnostics, source } = applyState(written, reading)
  if (diagnostics.some(({ severity }) => severity === 'error')) {
    const sources = new Map(source === null ? [] : [[source.file, source] as const])
    showFindings(terminal, { ...result, diagnostics: [...diagnostics], sources }, ['error'])
    return fail('nothing was changed: the state file has errors')
  }
  const added = word === 'add' ? parseServerLine(`server ${address};`, upstream, reading) : null
  const changed = changePeers(upstream, address, word, added)
  if (changed.problem !== null) return fail(changed.problem)
  const userId = process.getuid?.() ?? -1
  const usual = usualControlPaths({ configFile: options.file, env: terminal.env, userId })
  const { controlPath } = settings
  const sockets = controlPath === null ? usual : controlPath === '' ? [] : [controlPath]
  const before = await running(sockets)
  const text = stateText(group, written.peers, changed.peers)
  try {
    await new StateFile(written.statePath).write(text)
  } catch (error) {
    return fail(`nothing was changed: ${(error as Error).message}`)
  }
  const what = `peer ${address} of upstream "${group}": ${word}, kept in ${written.statePath}`
  if (before === null) {
    terminal.out(
      `${what}; nothing runs (or no control socket answers): it holds from the next start\n`,
    )
    return DONE
  }
  try {
    process.kill(before.pid, 'SIGHUP')
  } catch (error) {
    return fail(
      `${what}, but ${callFailedText('kill', `${before.pid}`, error)}: reload it yourself`,
    )
  }
  const generation = await nextGeneration(sockets, before)
  if (generation === null) {
    return fail(`${what}, but process ${before.pid} has not taken it: its error log says why`)
  }
  terminal.out(`${what}; generation ${generation} serves it\n`)
  return DONE
}

/** What runs with this configuration; null when nobody answers. */
async function running(sockets: readonly string[]): Promise<StatusReport | null> {
  for (const path of sockets) {
    const answer = await askStatus(path)
    if (answer.kind === 'report') return answer.report
  }
  return null
}

/** The number of the generation that came after; null when none came in time. */
async function nextGeneration(
  sockets: readonly string[],
  before: StatusReport,
): Promise<number | null> {
  const { readyTimeoutMs, generationPollMs } = CONTROL_LIMITS
  for (let waitedMs = 0; waitedMs < readyTimeoutMs; waitedMs += generationPollMs) {
    await new Promise(resolve => setTimeout(resolve, generationPollMs))
    const now = await running(sockets)
    if (now === null || now.pid !== before.pid) return null
    if (now.generation > before.generation) return now.generation
  }
  return null
}
