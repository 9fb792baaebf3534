// Takes a floating address for this machine: looks whose it is, asks for it, looks again, as often and with such pauses as it
// was told. Nothing is done when the address is here already; a reason that will not go away ends it at once.

import type { Delay } from '../../base/delay.ts'
import { CloudError, type FloatingIpProvider } from './provider.ts'

export interface AssignOptions {
  readonly address: string
  /** Null = the provider is asked who this machine is. */
  readonly machine: string | null
  readonly triesMax: number
  readonly pauseMs: number
  /** Of one request. */
  readonly timeoutMs: number
  readonly delay: Delay
  /** Is told what happens, a line each. */
  readonly say: (text: string) => void
}

/** Looks after an order before it is given again: clouds take their time, and refuse a second one meanwhile. */
const LOOKS_MAX = 4

export type AssignOutcome = 'here' | 'assigned' | 'failed'

export async function assignAddress(
  provider: FloatingIpProvider,
  options: AssignOptions,
): Promise<AssignOutcome> {
  const { address, triesMax, pauseMs, timeoutMs, delay, say } = options
  const within = () => AbortSignal.timeout(timeoutMs)
  let { machine } = options
  let isOrdered = false
  let looksLeft = 0
  for (let number = 1; number <= triesMax; number++) {
    try {
      machine ??= await provider.self(within())
      const holder = await provider.holder(address, within())
      if (holder === machine) {
        say(isOrdered ? `${address} is here now (${machine})` : `${address} is here already`)
        return isOrdered ? 'assigned' : 'here'
      }
      if (--looksLeft < 0) {
        if (!isOrdered) say(`${address} is with ${holder ?? 'nobody'}: taking it to ${machine}`)
        await provider.assign(address, machine, within())
        isOrdered = true
        looksLeft = LOOKS_MAX
        if ((await provider.holder(address, within())) === machine) {
          say(`${address} is here now (${machine})`)
          return 'assigned'
        }
      }
      say(`try ${number} of ${triesMax}: ordered, and not here yet`)
    } catch (error) {
      if (!(error instanceof CloudError)) throw error
      say(`try ${number} of ${triesMax}: ${error.message}`)
      if (error.isFinal) {
        say('trying again would not help')
        return 'failed'
      }
    }
    if (number < triesMax) await delay(pauseMs)
  }
  say(`${address} could not be had in ${triesMax} tries`)
  return 'failed'
}
