// The JSON Schema of a configuration file, made from the tables: editors complete and check with
// it.

import { cacheDefinitions } from './cache-table.ts'
import { FILE_ROWS } from './file-table.ts'
import { probeDefinitions } from './probe-table.ts'
import { rewriteDefinitions } from './rewrite-table.ts'
import { routeShapes } from './route-table.ts'
import { mappingShape } from './row.ts'

/** Makes the schema (JSON Schema 2020-12). */
export function jsonSchema(): object {
  const { server, route } = routeShapes()
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Headgate configuration',
    ...mappingShape(FILE_ROWS).schema(),
    $defs: {
      server: server.schema(),
      route: route.schema(),
      ...cacheDefinitions(),
      ...probeDefinitions(),
      ...rewriteDefinitions(),
    },
  }
}
