// The `standard` mode: a shared cache by RFC 9111, RFC 9213 and RFC 5861. Here the rules of this folder are only put behind
// the seam; what is asked for every hit makes nothing new where the answer was the same a moment ago.

import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { StaleCondition } from '../../model/cache.ts'
import type { CacheEntry, EntryMeta } from '../entry.ts'
import { ageLine } from './age.ts'
import { type Combination, combineParts, completingLines } from './combine.ts'
import { readDemand } from './demand.ts'
import { invalidatedTargets } from './invalidation.ts'
import { planStore, type StandardOptions } from './plan.ts'
import type { CachePolicy, RequestDemand, ResponseTimes, Reuse, StorePlan } from './policy.ts'
import { decideOnError, decideReuse } from './reuse.ts'
import { DEFAULT_TARGETS, directivesOf } from './targeted.ts'
import { freshenMeta } from './validation.ts'
import { validatingLines } from './validators.ts'
import { isVariant, variantOf } from './vary.ts'

/** What holds where nothing else is said. */
export const STANDARD_OPTIONS: StandardOptions = {
  targets: DEFAULT_TARGETS,
  storesSetCookie: true,
  useStale: [],
}

/** Makes the rules of one location in `standard` mode. */
export function makeStandardPolicy(options: StandardOptions = STANDARD_OPTIONS): CachePolicy {
  return new StandardPolicy(options)
}

class StandardPolicy implements CachePolicy {
  readonly #options: StandardOptions
  /** Names of `no-cache="…"`, which are asked for on each answer. */
  readonly #hidden = new WeakMap<EntryMeta, readonly string[]>()

  constructor(options: StandardOptions) {
    this.#options = options
  }

  demandOf(request: RequestHead): RequestDemand {
    return readDemand(request)
  }

  isSelected(meta: EntryMeta, request: RequestHead): boolean {
    return isVariant(meta.vary, meta.variant, request)
  }

  variantOf(vary: string, request: RequestHead): string {
    return variantOf(vary, request)
  }

  /** `fresh` also for what is stale and the request says it takes (`max-stale`). */
  reuse(entry: CacheEntry, demand: RequestDemand, nowMs: number): Reuse {
    return decideReuse(entry, demand, nowMs, this.#options.useStale)
  }

  mayServeOnError(
    entry: CacheEntry,
    demand: RequestDemand,
    nowMs: number,
    condition: StaleCondition,
  ): boolean {
    return decideOnError(entry, demand, nowMs, condition, this.#options.useStale)
  }

  plan(
    request: RequestHead,
    method: string,
    response: ResponseHead,
    times: ResponseTimes,
    isPiece = false,
  ): StorePlan | null {
    return planStore(request, method, response, times, this.#options, isPiece)
  }

  freshen(
    entry: CacheEntry,
    request: RequestHead,
    response: ResponseHead,
    times: ResponseTimes,
  ): EntryMeta | null {
    return freshenMeta(entry, request, response, times, this.#options)
  }

  planFailure(): null {
    return null
  }

  conditionLines({ head, meta }: CacheEntry): string {
    return validatingLines(head.fields, meta.responseMs)
  }

  combine(
    entry: CacheEntry,
    request: RequestHead,
    response: ResponseHead,
    times: ResponseTimes,
  ): Combination | null {
    return combineParts(entry, request, response, times, this.#options)
  }

  completingLines(entry: CacheEntry): string {
    return completingLines(entry)
  }

  answerLines(entry: CacheEntry, nowMs: number): string {
    return ageLine(entry.meta, nowMs)
  }

  /** RFC 9111 §5.2.2.4. */
  readonly hidesOnReuse = ({ head, meta }: CacheEntry): readonly string[] => {
    let names = this.#hidden.get(meta)
    if (names === undefined) {
      names = directivesOf(head.fields, this.#options.targets).directives.noCacheFields
      this.#hidden.set(meta, names)
    }
    return names
  }

  invalidates(request: RequestHead, response: ResponseHead, scheme: string): readonly string[] {
    return invalidatedTargets(request, response, scheme)
  }
}
