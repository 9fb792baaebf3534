// Our name and version, as Server, error pages and `version` show them: one source, package.json.

import { readFileSync } from 'node:fs'

/** The name of the program. */
export const PROGRAM = 'headgate'

/** `package.json` lies two folders above, in a checkout (src/base) as in the package (dist/base). */
const packageFile = new URL('../../package.json', import.meta.url)

/** The version of the package. */
export const VERSION: string = JSON.parse(readFileSync(packageFile, 'utf8')).version
