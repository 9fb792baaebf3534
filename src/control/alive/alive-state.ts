// One line that says whether a node can serve, made by the process and read by whoever decides where the virtual address is.
// It carries the machine's uptime, which no clock that is set moves: a line that is old is a process that is stuck or dead.
//
//   ok 123456 4242 app:2 web:1
//   no 123456 4242 draining
//
// The second word is the uptime in hundredths of a second, the third the process; then each group with its peers that can be
// picked, or why it cannot serve.

import { readFileSync } from 'node:fs'

/** Hundredths of a second after which nothing is believed any more: four turns of the process. */
export const STALE_HUNDREDTHS = 200

export interface AliveState {
  readonly pid: number
  /** Why it cannot serve; empty = it can. */
  readonly refusal: string
  /** Peers that can be picked, by group. */
  readonly groups: ReadonlyMap<string, number>
}

export function aliveText({ pid, refusal, groups }: AliveState, hundredths: number): string {
  const rest =
    refusal === ''
      ? [...groups].map(([name, up]) => `${encodeURIComponent(name)}:${up}`).join(' ')
      : refusal.replaceAll(/\s+/g, ' ')
  return `${refusal === '' ? 'ok' : 'no'} ${hundredths} ${pid} ${rest}`.trimEnd().concat('\n')
}

/** Why a node is not to have the address; empty = it may. @param groups each needs a peer that can be picked */
export function judgeAlive(text: string, hundredths: number, groups: readonly string[]): string {
  const match = /^(ok|no) (\d+) (\d+)(?: (.*))?\n/.exec(text)
  if (match === null) return 'its file makes no sense'
  const [, word, stamp, , rest = ''] = match
  const age = hundredths - Number(stamp)
  if (age < 0 || age > STALE_HUNDREDTHS) return `nothing was heard of it for ${age / 100} s`
  if (word === 'no') return rest
  const up = new Map(rest.split(' ').map(each => each.split(':') as [string, string]))
  const missing = groups.find(name => !(Number(up.get(encodeURIComponent(name)) ?? 0) > 0))
  if (missing === undefined) return ''
  const isKnown = up.has(encodeURIComponent(missing))
  return isKnown ? `no peer of "${missing}" can be picked` : `there is no group "${missing}"`
}

/** The machine's uptime; null where the system does not tell. */
export function uptimeHundredths(): number | null {
  try {
    const [seconds = ''] = readFileSync('/proc/uptime', 'latin1').split(' ')
    const [whole, hundredths] = seconds.split('.')
    return Number(whole) * 100 + Number(hundredths)
  } catch {
    // Another system than Linux.
    return null
  }
}
