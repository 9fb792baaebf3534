// Steps of `rewrite` as a model may have them, for the arbitraries of whole configurations.

import fc from 'fast-check'

import { BUILT_IN } from '../../../src/model/origin.ts'
import {
  FILE_TESTS,
  REWRITE_FLAGS,
  type RewriteCondition,
  type RewriteStep,
} from '../../../src/model/rewrite.ts'
import type { Action, LocationMatch } from '../../../src/model/route.ts'
import type { Settings } from '../../../src/model/settings.ts'
import type { Template } from '../../../src/model/template.ts'

/** The level that steps are drawn for; `match` is null in a server. */
export interface StepPlace {
  readonly settings: Settings
  readonly action: Action
  readonly match: LocationMatch | null
}

/** Steps of a level that is drawn later. */
export type DrawnSteps = (place: StepPlace) => RewriteStep[]

const origin = BUILT_IN

/** Makes steps out of what the other arbitraries have. */
export function makeSteps(parts: {
  readonly template: fc.Arbitrary<Template>
  readonly pattern: fc.Arbitrary<string>
  readonly change: fc.Arbitrary<(settings: Settings, isRoute: boolean) => Settings>
}): fc.Arbitrary<DrawnSteps> {
  const { template, change } = parts
  const some = template.filter(value => value.length > 0)
  const regex = fc.record({ pattern: parts.pattern, isCaseInsensitive: fc.boolean() })
  const isNegated = fc.boolean()
  const condition: fc.Arbitrary<RewriteCondition> = fc.oneof(
    fc.record({ kind: fc.constant('value' as const), value: some, isNegated }),
    fc.record({ kind: fc.constant('equal' as const), value: some, to: template, isNegated }),
    fc.record({ kind: fc.constant('regex' as const), value: some, regex, isNegated }),
    fc.record({
      kind: fc.constant('file' as const),
      test: fc.constantFrom(...FILE_TESTS),
      path: template,
      isNegated,
    }),
  )
  const simple = fc.oneof<fc.Arbitrary<DrawnSteps>[]>(
    fc
      .record({
        name: fc.constantFrom('a', 'b', 'own_name', 'args', 'limit_rate'),
        value: template,
      })
      .map(made => () => [{ kind: 'set', origin, ...made }]),
    fc
      .record({
        regex,
        replacement: some.filter(([first]) => typeof first !== 'string' || !first.includes('://')),
        dropsArgs: fc.boolean(),
        flag: fc.constantFrom('none' as const, ...REWRITE_FLAGS),
      })
      .map(made => () => [{ kind: 'rewrite', origin, ...made }]),
    fc
      .record({ status: fc.constantFrom(200, 301, 404, 444), text: fc.option(template) })
      .map(made => () => [{ kind: 'return', origin, ...made }]),
    fc.constant<DrawnSteps>(() => [{ kind: 'break', origin }]),
  )
  const inner = fc.array(simple, { maxLength: 2 })
  const conditional: fc.Arbitrary<DrawnSteps> = fc
    .record({ condition, inner, change })
    .map(made => place => {
      const { match } = place
      const settings = match === null ? place.settings : made.change(place.settings, true)
      const branch = { ...place, settings }
      const steps = made.inner.flatMap(draw => draw(branch))
      const { action } = place
      const common = { origin, returns: null, isInternal: false, locations: [] }
      const location = match === null ? null : { ...common, match, settings, action }
      return [{ kind: 'if', origin, condition: made.condition, steps, location }]
    })
  return fc
    .array(fc.oneof(simple, conditional), { maxLength: 3 })
    .map(drawn => place => drawn.flatMap(draw => draw(place)))
}
