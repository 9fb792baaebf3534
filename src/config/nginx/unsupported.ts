// Directives of nginx that are known and will work, but do not yet. They are refused, because
// silence would change what the configuration means; where the written value says only what holds
// anyway, they pass.

import type { Word } from './lexer.ts'

/** Names, in nginx's groups. A `*` at the end stands for the rest of a family. */
export const UNSUPPORTED: Readonly<Record<string, string>> = {
  main: 'stream',
  core: 'post_action',
  proxy: 'proxy_allow_upstream proxy_ssl_*',
  tls: 'ssl_*',
  http2: 'http2_* http3 http3_* quic_*',
  checks: 'api stub_status status_zone',
  content:
    'add_after_body add_before_body addition_types charset charset_map ' +
    'charset_types empty_gif gunzip gunzip_buffers gzip gzip_* mirror mirror_request_body ' +
    'override_charset random_index random_index_* secure_link secure_link_md5 secure_link_secret ' +
    'source_charset ssi ssi_* sub_filter sub_filter_* userid userid_* valid_referers ' +
    'referer_hash_*',
  grpc: 'grpc_*',
}

/** Values that say what holds without the directive. */
const HARMLESS: ReadonlyMap<string, readonly string[]> = new Map([
  ...offs('gzip gzip_static gunzip ssi charset mirror http3 userid random_index'),
  ...values('on', 'mirror_request_body'),
])

const FIXED = new Set<string>()
const PREFIXES: string[] = []
for (const name of Object.values(UNSUPPORTED).flatMap(group => group.split(' '))) {
  if (name.endsWith('*')) PREFIXES.push(name.slice(0, -1))
  else FIXED.add(name)
}

/** Tells whether a directive is known and does not work yet. */
export function isUnsupported(name: string): boolean {
  return FIXED.has(name) || PREFIXES.some(prefix => name.startsWith(prefix))
}

/** Tells whether the arguments say only what holds without the directive. */
export function isHarmless(name: string, args: readonly Word[]): boolean {
  return isHarmlessText(
    name,
    args.map(word => word.text),
  )
}

/** The same of the arguments as texts. */
export function isHarmlessText(name: string, args: readonly string[]): boolean {
  const [text] = args
  return args.length === 1 && HARMLESS.get(name)?.includes(text!.toLowerCase()) === true
}

function offs(names: string): [string, readonly string[]][] {
  return values('off', names)
}

function values(value: string, names: string): [string, readonly string[]][] {
  return names.split(' ').map(name => [name, [value]])
}
