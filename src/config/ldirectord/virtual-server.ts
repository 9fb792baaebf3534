// The head of a section: the address that clients use. Only TCP passes through a layer-7 proxy, so
// firewall marks and UDP are errors with their reason.

import { PLACES, readStatements } from './directive-table.ts'
import type { Draft, VirtualDraft } from './draft.ts'
import { nameOrigin, type Section } from './lines.ts'
import type { Reading } from './reading.ts'
import { readServerAddress, type ServerAddress } from './server-address.ts'

/** Reads a section; null where its address or its protocol was refused. */
export function readSection(section: Section, reading: Reading): VirtualDraft | null {
  const values = readStatements(section.options, 'virtual', reading)
  const address = readHead(section, reading)
  if (address === undefined || !isTcp(section, values, address.port, reading)) return null
  reportOtherFamily(section, reading)
  const { host, port } = address
  const hasReals = section.options.some(({ name }) => /^real6?$/.test(name))
  return { host, port, origin: reading.place(section.head), values, hasReals }
}

type Address = ServerAddress & { readonly port: number }

function readHead({ head }: Section, reading: Reading): Address | undefined {
  const value = (head.value ?? '').trim()
  if (value === '') {
    return reading.refuse(head, `Nothing behind "${head.name}"`, 'write virtual=192.168.0.1:80')
  }
  if (/^\d+$/.test(value)) {
    const problem = `Cannot serve the firewall mark ${value}: marks are known to the kernel alone`
    const hint = 'write the address that clients use: virtual=IP:PORT, for each a section'
    return reading.refuse(head, problem, hint)
  }
  const [text = ''] = value.split(/\s/)
  if (text !== value) {
    return reading.refuse(head, `Cannot read "${value}": wants IP:PORT alone`, '', text.length)
  }
  const address = readServerAddress({ text, start: 0 }, head, reading)
  if (address === undefined) return undefined
  const { host, port } = address
  if (port !== null) return { host, port }
  const hint = 'every port at once is not possible: write a section for each'
  return reading.refuse(head, `"${value}" has no port`, /:0$/.test(value) ? hint : 'write IP:PORT')
}

const NO_DATAGRAMS = 'Cannot pass on UDP: this is a proxy for HTTP, which comes over TCP'

function isTcp(section: Section, values: Draft, port: number, reading: Reading): boolean {
  const { protocol } = values
  const { head } = section
  // ldirectord takes the port of names for UDP unless told otherwise.
  const isDatagram = protocol === undefined ? port === 53 : protocol.value === 'udp'
  const origin = protocol?.origin ?? reading.place(head)
  if (isDatagram) {
    const hint =
      protocol === undefined
        ? 'port 53 is UDP unless "protocol=tcp" stands in the section'
        : 'let ldirectord keep this virtual server'
    reading.diagnostics.error(NO_DATAGRAMS, origin, hint)
    return false
  }
  if (protocol?.value !== 'fwm') return true
  const problem = 'Cannot use protocol fwm: the virtual server is an address and a port'
  reading.diagnostics.error(problem, origin, 'write protocol=tcp')
  return false
}

/** `real6` belongs below `virtual6`, and `real` below `virtual`. */
function reportOtherFamily({ head, options }: Section, reading: Reading): void {
  const isIpv6 = head.name === 'virtual6'
  for (const statement of options) {
    const { name, value } = statement
    if (name === 'netmask' && isIpv6 && value?.includes('.') === true) {
      const hint = 'write the bits of a network such as 64'
      reading.refuse(statement, `Cannot use "${value}" as a netmask of IPv6`, hint)
    }
    if (!/^(?:real|fallback)6?$/.test(name) || name.endsWith('6') === isIpv6) continue
    if (!PLACES.isOption(name)) continue
    const right = isIpv6 ? `${name}6` : name.slice(0, -1)
    const problem = `"${name}" does not stand below "${head.name}"`
    reading.diagnostics.error(problem, nameOrigin(statement), `write ${right}`)
  }
}

/** The reals of a section, of either family. */
export function realsOf({ values }: VirtualDraft) {
  return values.real?.value ?? values.real6?.value ?? []
}
