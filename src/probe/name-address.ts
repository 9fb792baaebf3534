// The address that a program is told in place of a name: what ldirectord hands to its checks is what
// it has looked up itself, and a program that compares addresses knows no names.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import type { ListenAddress } from '../model/listener.ts'

/** Looks a name up; fails with the system's error. */
export type LookUp = (host: string) => Promise<string>

const byMachine: LookUp = async host => (await lookup(host, { order: 'ipv4first' })).address

/** Whether there is a name to look up. */
export function hasName(address: ListenAddress): boolean {
  return address.kind === 'tcp' && isIP(address.host) === 0
}

/** The same address with what its name stands for; as it is where that cannot be found out. Never rejects. */
export async function withoutName(
  address: ListenAddress,
  lookUp: LookUp = byMachine,
): Promise<ListenAddress> {
  if (address.kind !== 'tcp' || !hasName(address)) return address
  try {
    return { ...address, host: await lookUp(address.host) }
  } catch {
    return address
  }
}
