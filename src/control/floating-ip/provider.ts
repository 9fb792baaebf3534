// What moving a cloud's floating address needs of the cloud: who am I, who has the address, give it to me. One small module
// for each cloud; what went wrong says whether trying again can help.

/** One cloud, or a program in its place. */
export interface FloatingIpProvider {
  /** Id of this machine, as the cloud calls it. Rejects with a `CloudError`. */
  self(signal: AbortSignal): Promise<string>
  /** Id of the machine that has the address; null = nobody has it. Rejects with a `CloudError`. */
  holder(address: string, signal: AbortSignal): Promise<string | null>
  /** Resolves when the cloud has taken the order. Rejects with a `CloudError`. */
  assign(address: string, machine: string, signal: AbortSignal): Promise<void>
}

/** A cloud that says no, or nothing. */
export class CloudError extends Error {
  /** Another try would hear the same: a refused token, an unknown address. */
  readonly isFinal: boolean

  constructor(text: string, isFinal: boolean) {
    super(text)
    this.name = 'CloudError'
    this.isFinal = isFinal
  }
}
