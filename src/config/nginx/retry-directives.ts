// When a request goes on to another peer: nginx's `proxy_next_upstream`, and what we add to it.
// A budget, a back-off and a deadline keep tries from becoming the load that a weak group dies of;
// the hedged connect keeps a peer that went dark from costing anybody more than a moment.

import { RETRY_CONDITIONS, type RetryCondition } from '../../model/proxy-settings.ts'
import { nearest } from '../suggest.ts'
import { type DirectiveRow, type LevelScope, MANY } from './directive-row.ts'
import { countRow, levelRow, oneOf, readTimeMs, timeRow } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { countHint, parseCount, parseTimeMs, timeHint } from './values.ts'

export const RETRY_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'proxy_next_upstream',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: `${RETRY_CONDITIONS.join(' | ')} | off …`,
      doc: 'failures and statuses after which another peer is tried',
    },
    readNextUpstream,
  ),
  countRow('proxy_next_upstream_tries', 'retryTriesMax', { doc: 'tries in all; 0 is no limit' }),
  timeRow('proxy_next_upstream_timeout', 'retryTimeoutMs', {
    doc: 'time after which no other try begins; 0 is no limit',
  }),
  timeRow('proxy_next_upstream_try_timeout', 'retryTryTimeoutMs', {
    doc: 'our own: time of one try up to the head of its response; 0 is no limit',
  }),
  timeRow('proxy_next_upstream_deadline', 'retryDeadlineMs', {
    doc: 'our own: time of all tries together up to the head of a response; 0 is no limit',
  }),
  levelRow(
    'proxy_next_upstream_backoff',
    {
      args: [1, 2],
      syntax: 'time [longest] | off',
      doc: 'our own: a further try waits for a random time below this, doubled with each try',
    },
    readBackoff,
  ),
  levelRow(
    'proxy_next_upstream_budget',
    {
      args: [1, 2],
      syntax: 'percent% [min=n] | off',
      doc: 'our own: further tries that may run at once, of the requests in hand',
    },
    readBudget,
  ),
  levelRow(
    'proxy_next_upstream_hedge',
    {
      args: [1, 2],
      syntax: 'pN [min=time] | off',
      doc:
        'our own: a GET whose answer takes longer than N percent of them gets a second one at ' +
        'the next peer; the first answer wins',
    },
    readHedge,
  ),
  levelRow(
    'proxy_connect_hedge',
    {
      syntax: 'time | off',
      doc:
        'our own: a connect that takes longer (and longer than usual) gets company, one to the ' +
        'next peer; the first to open gets the request; off with `compat … strict`',
    },
    (directive, scope, reading) => {
      const word = directive.args[0]!
      const value = word.text === 'off' ? 0 : readTimeMs(word, directive, reading)
      if (value !== null) scope.level.set('connectHedgeMs', value, statementOrigin(directive))
    },
  ),
]

const BACKOFF_MAX_MS = 250

function readBackoff(directive: Directive, scope: LevelScope, reading: Reading): void {
  const [first, longest] = directive.args
  const backoffMs = first!.text === 'off' ? 0 : readTimeMs(first!, directive, reading)
  const maxMs = longest === undefined ? null : readTimeMs(longest, directive, reading)
  if (backoffMs === null || (longest !== undefined && maxMs === null)) return
  if (maxMs !== null && maxMs < backoffMs) {
    reading.refuseValue(directive, longest!, 'the longest time is not below the first')
    return
  }
  const backoffMaxMs = maxMs ?? Math.max(BACKOFF_MAX_MS, backoffMs)
  scope.level.set('retryBackoff', { backoffMs, backoffMaxMs }, statementOrigin(directive))
}

const HEDGE_MIN_MS = 10

function readHedge(directive: Directive, scope: LevelScope, reading: Reading): void {
  const [share, least] = directive.args
  const match = /^p([1-9]\d?)$/.exec(share!.text)
  if (match === null && share!.text !== 'off') {
    reading.refuseValue(directive, share!, 'write a percentile such as p95, or off')
    return
  }
  let hedgeMinMs: number | null = HEDGE_MIN_MS
  if (least !== undefined) {
    hedgeMinMs = least.text.startsWith('min=') ? parseTimeMs(least.text.slice(4)) : null
    if (hedgeMinMs === null) {
      refuseLeast(least, timeHint(least.text.slice(4), 'write a time: min=10ms'), reading)
      return
    }
  }
  const hedge = { hedgePercentile: match === null ? 0 : Number(match[1]), hedgeMinMs }
  scope.level.set('retryHedge', hedge, statementOrigin(directive))
}

const BUDGET_MIN = 3

function readBudget(directive: Directive, scope: LevelScope, reading: Reading): void {
  const [share, floor] = directive.args
  const percent = share!.text === 'off' ? 0 : readPercent(share!)
  if (percent === null) {
    reading.refuseValue(directive, share!, 'write a share such as 20%, or off')
    return
  }
  const least = floor === undefined ? BUDGET_MIN : readLeast(floor)
  if (least === null) {
    refuseLeast(floor!, countHint(floor!.text.slice(4), 'write digits only: min=3'), reading)
  } else {
    const budget = { budgetPercent: percent, budgetMin: least }
    scope.level.set('retryBudget', budget, statementOrigin(directive))
  }
}

/** @param wanted what stands behind `min=` */
function refuseLeast(word: Word, wanted: string, reading: Reading): void {
  if (!word.text.startsWith('min=')) reading.refuseParameter(word, ['min='])
  else reading.refuse(word, `invalid parameter "${word.text}"`, wanted)
}

function readPercent(word: Word): number | null {
  const match = /^(\d{1,3})%$/.exec(word.text)
  const percent = match === null ? 0 : Number(match[1])
  return percent >= 1 && percent <= 100 ? percent : null
}

function readLeast(word: Word): number | null {
  return word.text.startsWith('min=') ? parseCount(word.text.slice(4)) : null
}

function readNextUpstream(directive: Directive, scope: LevelScope, reading: Reading): void {
  const found = new Set<RetryCondition>(scope.level.values.retryOn ?? [])
  let isOff = false
  for (const word of directive.args) {
    const { text } = word
    const condition = RETRY_CONDITIONS.find(row => row === text)
    if (text === 'off') isOff = true
    else if (condition === undefined) {
      const meant = nearest(text, [...RETRY_CONDITIONS, 'off'])
      const hint =
        meant === null ? `write ${oneOf([...RETRY_CONDITIONS, 'off'])}` : `did you mean "${meant}"?`
      reading.refuseValue(directive, word, hint)
    } else if (found.has(condition)) {
      reading.diagnostics.warning(`duplicate value "${text}"`, wordOrigin(word))
    } else {
      found.add(condition)
    }
  }
  // As in nginx "off" wins over everything beside it.
  scope.level.set('retryOn', isOff ? [] : [...found], statementOrigin(directive))
}
