// All responses of the tables, held against the policy alone and against an nginx that runs beside.

import { CONTROL_ROWS } from './nginx-control-rows.ts'
import { ACCEL_ROWS, EXPIRES_ROWS } from './nginx-expires-rows.ts'
import type { ResponseRow } from './nginx-response-row.ts'
import { REFUSED_ROWS, STATUS_ROWS } from './nginx-status-rows.ts'
import { VARY_ROWS } from './nginx-vary-rows.ts'

export const RESPONSES: readonly ResponseRow[] = [
  ...CONTROL_ROWS,
  ...EXPIRES_ROWS,
  ...ACCEL_ROWS,
  ...STATUS_ROWS,
  ...REFUSED_ROWS,
  ...VARY_ROWS,
]
