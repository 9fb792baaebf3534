// The keepalived.conf of both machines of a pair, each line with its reason. What is written here `keepalived -t` takes and
// `headgate keepalived check` finds nothing in.

export interface PairOptions {
  readonly interface: string
  /** Virtual addresses, with their prefix length. */
  readonly addresses: readonly string[]
  /** Private addresses of the two; the first begins as master. */
  readonly machines: readonly [string, string]
  readonly routerId: number
  /** Seconds between two adverts; below one VRRP version 3 is used. */
  readonly advertSeconds: number
  readonly isMulticast: boolean
  /** The address stays where it is when the first machine returns. */
  readonly staysPut: boolean
  /** The check, with its whole path. */
  readonly check: string
  /** Who runs it. */
  readonly user: string
  /** Run when a machine takes the address; empty = nothing. */
  readonly notifyMaster: string
}

const PRIORITIES = [110, 100] as const

/** The text for one machine; `index` 0 is the one that begins. */
export function writeKeepalived(options: PairOptions, index: 0 | 1): string {
  const { machines, routerId, advertSeconds, staysPut, user, check } = options
  const self = machines[index]
  const peer = machines[1 - index]!
  const isFast = advertSeconds < 1
  const version = isFast || machines[0].includes(':') ? 3 : 2
  const state = staysPut || index === 1 ? 'BACKUP' : 'MASTER'
  const interval = isFast ? 1 : 2
  return `# ${index === 0 ? 'The machine that begins with the address' : 'Its partner'}: ${self}. Made by "headgate keepalived init"; the other file is for ${peer}.

global_defs {
    router_id ${self}               # how this machine calls itself in mails and logs
    vrrp_version ${version}                  # ${version === 3 ? 'adverts below a second, and IPv6, need 3' : '3 is only needed for adverts below a second, and for IPv6'}
    enable_script_security          # no script that others than ${user === 'root' ? 'root' : `root and ${user}`} may change is run as root
    script_user ${user}                # who runs the check and the notify program
}

vrrp_script headgate {
    script "${check}"
    interval ${interval}                      # seconds between two looks
    timeout ${interval}                       # a look that hangs is a failed one
    fall 2                          # two failures in a row: one slow answer is no fault
    rise 2                          # and two good looks before this machine counts again
    # No weight: a failed check is a fault, and the address moves${staysPut ? ' (with nopreempt a weight would never move it)' : ''}.
}

vrrp_instance headgate {
    state ${state}                    # ${stateReason(options, index)}
    interface ${options.interface}                  # a cut cable here is a fault
    virtual_router_id ${routerId}            # the same on both, and on no other pair of this network
    priority ${PRIORITIES[index]}                    # the higher one has the address when both are well
    advert_int ${advertSeconds}                    # seconds; after about three without an advert the other one takes over
${staysPut ? '    nopreempt                       # who has the address keeps it when the other one comes back\n' : ''}${peerLines(options, self, peer)}
    track_script {
        headgate
    }
${addressLines(options)}${options.notifyMaster === '' ? '' : `    notify_master "${options.notifyMaster}"   # run when the address comes here\n`}}
`
}

/** A router's adverts carry addresses of one family; those of the other move along. */
function addressLines({ addresses, machines }: PairOptions): string {
  const isSame = (address: string) => address.includes(':') === machines[0].includes(':')
  const blockOf = (name: string, list: readonly string[], why: string) =>
    list.length === 0
      ? ''
      : `    ${name} {${why}\n${list.map(each => `        ${each}\n`).join('')}    }\n`
  const others = addresses.filter(address => !isSame(address))
  return (
    blockOf('virtual_ipaddress', addresses.filter(isSame), '') +
    blockOf('virtual_ipaddress_excluded', others, '    # of the other family: not in the adverts')
  )
}

function stateReason({ staysPut }: PairOptions, index: 0 | 1): string {
  if (staysPut) return 'BACKUP on both: nopreempt is heeded with it only'
  return index === 0 ? 'begins with the address' : 'waits for it'
}

function peerLines({ isMulticast }: PairOptions, self: string, peer: string): string {
  if (isMulticast) {
    return `    mcast_src_ip ${self}         # adverts go to 224.0.0.18, which the switch must let through
`
  }
  return `    unicast_src_ip ${self}       # adverts go to the other machine, also where multicast does not
    unicast_peer {
        ${peer}
    }
`
}
