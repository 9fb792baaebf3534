// One step of `rewrite` as its keys say it, and as the model has it: which keys belong together, and what they come to.

import type { RewriteCondition, RewriteFlag, RewriteStep } from '../../model/rewrite.ts'
import type { Location, LocationMatch, Return } from '../../model/route.ts'
import { literalText, type Template } from '../../model/template.ts'
import type { Level } from './level-rows.ts'
import type { Reading, YamlNode } from './reading.ts'
import type { Origins } from './row.ts'
import type { SetPair } from './set-kind.ts'

/** Where steps stand: the level around them, and its match; null in a server. */
export interface Place {
  readonly level: Level
  readonly match: LocationMatch | null
}

/** One step as its keys say it. */
export interface StepDraft {
  readonly place: Place
  readonly sets: readonly SetPair[] | null
  readonly regex: string | null
  readonly regexAnyCase: string | null
  readonly to: Template | null
  readonly flag: RewriteFlag
  readonly keepsArgs: boolean
  readonly condition: RewriteCondition | null
  readonly branch: Location | null
  readonly steps: readonly RewriteStep[] | null
  readonly returns: Return | null
  readonly isBreak: boolean
}

/** Keys that say what a step does. */
const KINDS = ['set', 'regex', 'regex_i', 'if', 'return', 'break']

function oneOf(words: readonly string[]): string {
  return `one of ${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/**
 * What the keys of one mapping come to: several steps where `set` has several names; undefined after an error.
 */
export function finishStep(
  draft: StepDraft,
  node: YamlNode,
  reading: Reading,
  origins: Origins,
): readonly RewriteStep[] | undefined {
  const { sets, condition, returns, isBreak, to, flag, keepsArgs } = draft
  const pattern = draft.regex ?? draft.regexAnyCase
  const keys = KINDS.filter(key => reading.entries(node)?.has(key))
  if (keys.length !== 1) {
    return reading.error(node, `A step does one thing: wants ${oneOf(KINDS)}`)
  }
  const origin = reading.origin(node)
  const stray = strayKey(draft, keys[0]!, origins)
  if (stray !== null) {
    const owner = stray === 'then' || stray === 'with' ? 'if' : 'regex'
    return reading.error(node, `Cannot use "${stray}" here: it goes with "${owner}"`)
  }
  if (sets !== null) {
    return sets.map(({ name, value }) => ({ kind: 'set', origin, name, value }))
  }
  if (returns !== null) return [{ ...returns, kind: 'return', origin }]
  if (isBreak) return [{ kind: 'break', origin }]
  if (condition !== null) {
    const location = draft.branch === null ? null : { ...draft.branch, origin }
    return [{ kind: 'if', origin, condition, steps: draft.steps ?? [], location }]
  }
  // Of the key that says what is done, the value was wrong.
  if (pattern === null) return undefined
  if (to === null) return reading.error(node, 'A step with "regex" wants "to"')
  const isRedirect = flag === 'redirect' || flag === 'permanent'
  if (!isRedirect && /^https?:\/\//i.test(literalText(to.slice(0, 1)) ?? '')) {
    const hint = 'write flag: redirect or flag: permanent'
    return reading.errorAt(origins.to ?? origin, 'Only a redirect goes to an URL', hint)
  }
  const regex = { pattern, isCaseInsensitive: draft.regex === null }
  return [{ kind: 'rewrite', origin, regex, replacement: to, dropsArgs: !keepsArgs, flag }]
}

/** A key that belongs to another kind of step. */
function strayKey(draft: StepDraft, kind: string, origins: Origins): string | null {
  if (!kind.startsWith('regex')) {
    if (draft.to !== null) return 'to'
    if (draft.flag !== 'none') return 'flag'
    if (!draft.keepsArgs) return 'keep_args'
  }
  if (kind === 'if') return null
  if (draft.steps !== null) return 'then'
  return origins.branch === undefined ? null : 'with'
}

/** The keys of a step; `blank` has those of none. */
export function draftOf(step: RewriteStep, blank: StepDraft): StepDraft {
  switch (step.kind) {
    case 'set':
      return { ...blank, sets: [step] }
    case 'break':
      return { ...blank, isBreak: true }
    case 'return':
      return { ...blank, returns: step }
    case 'if':
      return {
        ...blank,
        condition: step.condition,
        branch: step.location,
        steps: step.steps,
      }
    case 'rewrite': {
      const { pattern, isCaseInsensitive } = step.regex
      const regex = isCaseInsensitive ? { regexAnyCase: pattern } : { regex: pattern }
      const { replacement: to, flag, dropsArgs } = step
      return { ...blank, ...regex, to, flag, keepsArgs: !dropsArgs }
    }
  }
}
