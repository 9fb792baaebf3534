// Whether and when a worker that died is started again. Pure: the supervisor carries it out.

import { CONTROL_LIMITS } from './limits.ts'

/** Deaths in a row of the workers in one place. */
export interface Deaths {
  readonly deaths: number
  /** Of these, the last ones that came before the worker ever served. */
  readonly startDeaths: number
}

/** The life that ended. */
export interface Life {
  readonly hasServed: boolean
  readonly livedMs: number
}

export type RestartDecision =
  | ({ readonly kind: 'restart'; readonly delayMs: number } & Deaths)
  | { readonly kind: 'give-up'; readonly startDeaths: number }

/**
 * Decides about the place of a dead worker. The first death costs no time; each further one doubles the pause.
 * It gives up only when workers die at start again and again and none serves: then nothing is lost by ending, and
 * whoever watches the process learns of it.
 *
 * @param serving how many other workers serve
 */
export function decideRestart(before: Deaths, life: Life, serving: number): RestartDecision {
  const isFresh = life.hasServed && life.livedMs >= CONTROL_LIMITS.restartForgetMs
  const deaths = isFresh ? 1 : before.deaths + 1
  const startDeaths = life.hasServed ? 0 : before.startDeaths + 1
  if (startDeaths >= CONTROL_LIMITS.startDeathsMax && serving === 0) {
    return { kind: 'give-up', startDeaths }
  }
  const doubled = CONTROL_LIMITS.restartDelayMs * 2 ** Math.min(deaths - 2, 20)
  const delayMs = deaths === 1 ? 0 : Math.min(doubled, CONTROL_LIMITS.restartDelayMsMax)
  return { kind: 'restart', delayMs, deaths, startDeaths }
}
