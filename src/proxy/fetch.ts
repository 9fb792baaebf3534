// The seam between forwarding and caching: what a request to a peer is for, where a cache stands behind it.

import type { Failure } from '../base/failure.ts'
import type { FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { StaleCondition } from '../model/cache.ts'
import type { Tries } from './tries.ts'

/** Takes a peer's response: on to the client, or into a cache. */
export interface ResponseTaker {
  data(bytes: Buffer, from: number, to: number, isLendable: boolean): void
  /** The peer has no more for the moment. */
  flush(): void
  /** The response is whole; the trailers are borrowed. */
  end(trailers: FieldList | null): void
  /** It broke off. */
  fail(failure: Failure): void
  /** The client took all that was written. */
  onClientDrain(): void
  /** The client is gone. */
  abandon(): void
}

/** Who hears that a response was taken to its end; Forward. */
export interface TakerOwner {
  /** The response is over, whatever it came to; called once, last. */
  onDelivered(): void
  /** The response is not what was asked for after all, and nothing of it was used: another peer may be asked. */
  onRefused(failure: Failure): void
}

/** What a peer is asked for on behalf of a cache. */
export interface Fetch {
  /** Lines that the request gets: whether what is stored still holds. Empty = none. */
  readonly conditionLines: string
  /** Conditions and ranges of the client stay behind: what is asked for is all of it. */
  readonly isWhole: boolean
  /** Whether it goes on for the cache when the client leaves. */
  readonly outlivesClient: boolean
  /**
   * A response that would go to the client. Who answers with it tells the tries.
   *
   * @returns who takes it, and has answered the client; null = it goes to the client
   */
  onResponse(head: ResponseHead, tries: Tries, owner: TakerOwner): ResponseTaker | null
  /**
   * No peer gave an answer.
   *
   * @param condition why
   * @param status of ours that stands for it
   * @returns whether the client was answered from the cache
   */
  onNoResponse(condition: StaleCondition, status: number): boolean
  /** The client has left, and the request goes on: what is still needed of it is the exchange's own from here. */
  onClientGone(): void
  /** The request to the peers is over; last. */
  onOver(): void
}
