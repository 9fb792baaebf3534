// From a path of the URI to a file: `root` puts a directory in front of it, `alias` puts one in place of what the
// location matched (http://nginx.org/en/docs/http/ngx_http_core_module.html#alias). Latin-1 texts: one character is
// one byte of the file's name.

import type { FileSettings } from '../model/settings.ts'
import { literal, literalText, type Template } from '../model/template.ts'
import type { Exchange } from './exchange.ts'
import type { Render } from './runtime.ts'

/** Compiles a template; handed in, because the variables themselves ask for paths. */
export type CompileTemplate = (template: Template) => Render

/** The root of a request and the names below it. */
export class FilePaths {
  readonly #root: Render
  readonly #isAlias: boolean

  constructor(files: FileSettings, compile: CompileTemplate) {
    this.#isAlias = files.isAlias
    this.#root = compile(files.isAlias ? files.root : withoutLastSlash(files.root))
  }

  /** `$document_root`. */
  root(exchange: Exchange): string {
    return this.#root(exchange)
  }

  /**
   * The file that `uri` stands for; null when it lies outside of the root (`/i` with an alias that ends in a slash
   * makes `../` of `/i../`), or the location's alias has nothing to do with this URI.
   */
  file(exchange: Exchange, uri: string): string | null {
    const root = this.#root(exchange)
    if (!this.#isAlias) return leavesRoot(uri) ? null : root + uri
    const match = exchange.location?.aliasMatch ?? null
    if (match === null) return leavesRoot(uri) ? null : root + uri
    // The alias of a regex is the whole name, made of its captures.
    if (match.kind === 'regex') return root
    if (match.kind === 'named' || !uri.startsWith(match.path)) return null
    const rest = uri.slice(match.path.length)
    return leavesRoot(rest) ? null : root + rest
  }
}

function withoutLastSlash(root: Template): Template {
  const text = literalText(root)
  return text?.endsWith('/') ? literal(text.slice(0, -1)) : root
}

/** Paths that clients send were normalised; those of internal redirects are what a configuration made of them. */
function leavesRoot(rest: string): boolean {
  return rest.includes('..') && /(?:^|\/)\.\.(?:\/|$)/.test(rest)
}
