// The two files of a pair, side by side: what has to be the same is the same, and what has to differ differs.

import type { Diagnostic } from '../../model/diagnostic.ts'
import type { InstanceFacts } from './check-instance.ts'
import { findStatement, firstWord, type Statement } from './tree.ts'

/** What only shows when both are known; each finding stands at the second one's place. */
export function checkPair(
  first: readonly InstanceFacts[],
  second: readonly InstanceFacts[],
): Diagnostic[] {
  const items: Diagnostic[] = []
  const error = (message: string, at: Statement, hint = '') => {
    items.push({ severity: 'error', message, origin: at.origin, hint })
  }
  for (const theirs of second) {
    const ours = first.find(instance => isSameRouter(instance, theirs))
    if (ours === undefined) {
      const id = firstWord(theirs.block, 'virtual_router_id')?.text ?? '?'
      error(`the other file has no router ${id}: the two do not know each other`, theirs.statement)
      continue
    }
    const place = (name: string) => findStatement(theirs.block, name) ?? theirs.statement
    if (ours.version !== theirs.version) {
      error(`VRRP version ${theirs.version} here, ${ours.version} there`, theirs.statement)
    }
    if (ours.priority === theirs.priority) {
      const hint = 'give one a higher one: else the higher address decides'
      error(`both have priority ${ours.priority}`, place('priority'), hint)
    }
    for (const name of ['advert_int', 'authentication', 'virtual_ipaddress'] as const) {
      if (textOf(ours.block, name) === textOf(theirs.block, name)) continue
      error(`"${name}" is not the same in both files`, place(name))
    }
    const isOneFirm = (each: InstanceFacts) => findStatement(each.block, 'nopreempt') !== undefined
    if (isOneFirm(ours) !== isOneFirm(theirs)) {
      error('only one of the two has nopreempt: the other takes the address back', theirs.statement)
    }
    checkUnicast(ours, theirs, error)
  }
  return items
}

function isSameRouter(one: InstanceFacts, other: InstanceFacts): boolean {
  const idOf = ({ block }: InstanceFacts) => firstWord(block, 'virtual_router_id')?.text
  return idOf(one) === idOf(other)
}

function checkUnicast(
  ours: InstanceFacts,
  theirs: InstanceFacts,
  error: (message: string, at: Statement, hint?: string) => void,
): void {
  const sides = [
    [ours, theirs],
    [theirs, ours],
  ] as const
  for (const [one, other] of sides) {
    const peers = findStatement(one.block, 'unicast_peer')
    const source = firstWord(other.block, 'unicast_src_ip')
    if (peers === undefined || source === null) continue
    if ((peers.block ?? []).some(({ name }) => name === source.text)) continue
    const at = findStatement(theirs.block, 'unicast_peer') ?? theirs.statement
    error(
      `"${one.name}" does not name its peer ${source.text}`,
      at,
      'each names the other’s unicast_src_ip',
    )
  }
  const isUnicast = (each: InstanceFacts) => findStatement(each.block, 'unicast_peer') !== undefined
  if (isUnicast(ours) !== isUnicast(theirs)) {
    error('one sends to a peer, the other to the multicast group', theirs.statement)
  }
}

/** The words of a statement with its block, however they are laid out. */
function textOf(block: readonly Statement[], name: string): string {
  const statement = findStatement(block, name)
  return statement === undefined ? '' : flat(statement)
}

function flat({ name, words, block }: Statement): string {
  const own = [name, ...words.map(({ text }) => text)].join(' ')
  return block === null ? own : `${own} { ${block.map(flat).join('; ')} }`
}
