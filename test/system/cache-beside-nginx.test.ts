// Sequences of requests to a cache, run by the real nginx and by the program on the same configuration, in front of an origin that
// says what the step wants. `CACHE_BESIDE=nginx` puts nginx beside itself: what then differs is wrong in the tables.

import { describeCaches } from './cache-beside.ts'
import { CONDITIONS, RANGES, SLICES } from './cache-sequences-conditions.ts'
import { FRESHNESS, PASSING, VARIANTS } from './cache-sequences-fields.ts'
import { ASKED, STALE, TOGETHER } from './cache-sequences-stale.ts'
import { STORED } from './cache-sequences-stored.ts'

describeCaches('caching beside nginx', {
  'what is stored': STORED,
  'how long it is fresh': FRESHNESS,
  'whom it is for': VARIANTS,
  'who passes it by': PASSING,
  'conditions of clients': CONDITIONS,
  'ranges of clients': RANGES,
  pieces: SLICES,
  'what is stale': STALE,
  'what is asked about': ASKED,
  'many at once': TOGETHER,
})
