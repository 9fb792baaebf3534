// What `headgate convert` prints behaves as what it was made of: generated configurations of every phase, as YAML, give the
// same answers as nginx does with the originals.

import { GENERATED_FILES, GENERATED_HTTP, generateCases } from './generated-cases.ts'
import { describeSideBySide } from './side-by-side.ts'

const SEEDS = process.env.SEED === undefined ? [11, 12, 13] : [Number(process.env.SEED)]

describeSideBySide(
  'generated configurations, converted, beside nginx',
  GENERATED_FILES,
  Object.fromEntries(SEEDS.map(seed => [`seed ${seed}`, generateCases(seed, 8, 20)])),
  GENERATED_HTTP,
  'converted',
)
