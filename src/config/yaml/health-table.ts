// `health` of a group: what is learnt about its peers from their requests. Unlike nginx a group
// written in YAML ejects peers that fail while others do not, and never lets health take the whole
// group down: docs/health.md says why these are safe.

import {
  DEFAULT_OUTLIERS,
  DEFAULT_PANIC_PERCENT,
  FAIL_CONDITIONS,
  NGINX_HEALTH,
  type OutlierRules,
  type PassiveHealth,
} from '../../model/passive-health.ts'
import { list } from './collections.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { DURATION, SECONDS } from './measures.ts'
import { record } from './record.ts'
import { isSameData, type Row, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { BOOLEAN, choice, integer } from './words.ts'

/** What holds for a group where nothing is written. */
export const YAML_HEALTH: PassiveHealth = {
  ...NGINX_HEALTH,
  outliers: DEFAULT_OUTLIERS,
  panicPercent: DEFAULT_PANIC_PERCENT,
}

const DEVIATION_MAX = 999

const PERCENT = percentage(0, 'a percentage such as 50%, or off')

const DEVIATION: Kind<number> = wordKind<number>({
  label: 'number',
  wanted: 'standard deviations such as 1.9; 0 = off',
  schema: { type: 'number', minimum: 0, maximum: DEVIATION_MAX },
  parse: text => (/^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : null),
  print: value => value,
})

const WHOLE_SECONDS: Kind<number> = {
  ...SECONDS,
  wanted: 'a duration of whole seconds, at least one, such as 30s',
  read(node, reading) {
    const seconds = SECONDS.read(node, reading)
    return seconds === 0 ? reading.unwanted(node, WHOLE_SECONDS.wanted) : seconds
  },
}

const outlierRow = rowsOf<OutlierRules>()
const OUTLIER_ROWS: readonly Row<OutlierRules>[] = [
  outlierRow('consecutive', 'consecutive', integer(0), {
    doc: 'Failures in a row that eject a peer; 0 = none do',
    nginx: 'outlier_detection consecutive=',
  }),
  outlierRow('interval', 'intervalSeconds', WHOLE_SECONDS, {
    doc: 'How often the peers are compared',
    nginx: 'outlier_detection interval=',
  }),
  outlierRow('base', 'baseSeconds', WHOLE_SECONDS, {
    doc: 'How long the first ejection lasts; the second in a row twice as long, and so on',
    nginx: 'outlier_detection base=',
  }),
  outlierRow('max', 'maxSeconds', WHOLE_SECONDS, {
    doc: 'How long an ejection lasts at most',
    nginx: 'outlier_detection max=',
  }),
  outlierRow('max_ejected', 'maxEjectedPercent', percentage(1, 'a percentage such as 50%'), {
    doc: 'Share of the group that may be ejected at once; one usable peer always stays',
    nginx: 'outlier_detection max_ejected=',
  }),
  outlierRow('deviation', 'deviation', DEVIATION, {
    doc: 'A success rate so many standard deviations below the mean ejects; 0 = none does',
    nginx: 'outlier_detection deviation=',
  }),
  outlierRow('min_peers', 'peersMin', integer(0), {
    doc: 'Peers with enough requests that it takes to compare success rates',
    nginx: 'outlier_detection min_peers=',
  }),
  outlierRow('min_requests', 'requestsMin', integer(0), {
    doc: 'Requests in an interval from which on a peer’s success rate is compared',
    nginx: 'outlier_detection min_requests=',
  }),
  outlierRow('failure_percentage', 'failurePercent', PERCENT, {
    doc: 'Failed share of a peer’s requests in an interval that ejects it; off = none does',
    nginx: 'outlier_detection failure_percentage=',
  }),
  outlierRow('failure_min_requests', 'failureRequestsMin', integer(0), {
    doc: 'Requests in an interval that it takes for that',
    nginx: 'outlier_detection failure_min_requests=',
  }),
]

const RULES: Kind<OutlierRules> = record<OutlierRules>({
  label: '`on`, `off`, mapping',
  wanted: 'on, off, or a mapping such as { consecutive: 5 }',
  place: 'in "outliers"',
  rows: OUTLIER_ROWS,
  blank: () => DEFAULT_OUTLIERS,
})

/** `on`, `off`, or the rules. */
const OUTLIERS: Kind<OutlierRules | null> = {
  ...RULES,
  schema: () => ({ anyOf: [BOOLEAN.schema(), RULES.schema()] }),
  read(node, reading) {
    const text = scalarText(node)
    if (text === null) return RULES.read(node, reading)
    if (text === 'on' || text === 'true') return DEFAULT_OUTLIERS
    return text === 'off' || text === 'false' ? null : reading.unwanted(node, RULES.wanted)
  },
  write(rules) {
    if (rules === null) return false
    return isSameData(rules, DEFAULT_OUTLIERS) ? true : RULES.write(rules)
  },
}

const healthRow = rowsOf<PassiveHealth>()

export const HEALTH_ROWS: readonly Row<PassiveHealth>[] = [
  healthRow('fail_on', 'failOn', nullable(list(choice(FAIL_CONDITIONS))), {
    doc:
      'What counts against a peer, for `max_fails` and `outliers`, whatever is retried. Without it ' +
      '`max_fails` counts what `retry` acts upon, and `outliers` error, timeout, invalid_header ' +
      'and http_5xx',
    nginx: 'fail_on',
  }),
  healthRow('slow', 'slowMs', DURATION, {
    doc: 'A response whose head takes longer counts as a failure; 0 = none does',
    nginx: 'fail_on slow=',
  }),
  healthRow('outliers', 'outliers', OUTLIERS, {
    doc: 'Eject peers that do worse than the others',
    nginx: 'outlier_detection',
  }),
  healthRow('panic', 'panicPercent', PERCENT, {
    doc: 'With a smaller share of usable peers all get requests',
    nginx: 'panic_threshold',
  }),
]

/** Makes the kind of whole percentages up to 100; `off` is 0 where that is one. */
function percentage(min: number, wanted: string): Kind<number> {
  return wordKind<number>({
    label: 'percentage',
    wanted,
    schema:
      min > 0
        ? { type: 'string', pattern: '^[0-9]+%$' }
        : { anyOf: [{ type: 'string', pattern: '^[0-9]+%$|^off$' }, { const: false }] },
    parse: text => {
      if (min === 0 && (text === 'off' || text === 'false')) return 0
      if (!/^[0-9]{1,3}%$/.test(text)) return null
      const percent = Number(text.slice(0, -1))
      return percent >= min && percent <= 100 ? percent : null
    },
    print: percent => (percent === 0 ? 'off' : `${percent}%`),
  })
}
