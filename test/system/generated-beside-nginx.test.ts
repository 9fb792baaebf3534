// Configurations that chance puts together from pieces of every phase, run by the real nginx and by the program: where each
// piece is right alone, two together may still meet in the wrong order. `SEED=n` tries others than the usual ones.

import { GENERATED_FILES, GENERATED_HTTP, generateCases } from './generated-cases.ts'
import { describeSideBySide } from './side-by-side.ts'

const SEEDS = process.env.SEED === undefined ? [1, 2, 3, 4, 5, 6, 7, 8] : [Number(process.env.SEED)]

describeSideBySide(
  'generated configurations beside nginx',
  GENERATED_FILES,
  Object.fromEntries(SEEDS.map(seed => [`seed ${seed}`, generateCases(seed, 10, 24)])),
  GENERATED_HTTP,
)
