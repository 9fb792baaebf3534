// `rewrite`, `if`, `set`, `break` and `return` in nginx and in the program, side by side: which path and arguments come
// of it, what a peer gets, which settings hold. And again with the YAML that the configuration converts to.

import { CONDITION_CASES, SETTINGS_CASES, VALUE_CASES } from './rewrite-more-rows.ts'
import { PEER_CASES, REWRITE_FILES, URI_CASES } from './rewrite-rows.ts'
import { describeSideBySide } from './side-by-side.ts'

const TABLES = {
  paths: URI_CASES,
  peers: PEER_CASES,
  conditions: CONDITION_CASES,
  settings: SETTINGS_CASES,
  values: VALUE_CASES,
}

describeSideBySide('rewriting beside nginx', REWRITE_FILES, TABLES)
describeSideBySide(
  'rewriting converted to YAML beside nginx',
  REWRITE_FILES,
  TABLES,
  '',
  'converted',
)
