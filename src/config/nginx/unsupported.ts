// Directives of nginx that are known and will work, but do not yet. They are refused, because
// silence would change what the configuration means; where the written value says only what holds
// anyway, they pass.

import type { Word } from './lexer.ts'

/** Names, in nginx's groups. A `*` at the end stands for the rest of a family. */
export const UNSUPPORTED: Readonly<Record<string, string>> = {
  main: 'stream',
  core:
    'client_body_in_file_only client_body_in_single_buffer disable_symlinks etag if_modified_since ' +
    'keepalive_disable keepalive_min_timeout limit_except limit_rate limit_rate_after ' +
    'log_subrequest max_headers max_ranges open_file_cache* open_log_file_cache output_buffers ' +
    'post_action postpone_output chunked_transfer_encoding recursive_error_pages ' +
    'reset_timedout_connection satisfy early_hints add_header_inherit',
  rewrite: 'break if rewrite rewrite_log set uninitialized_variable_warn',
  values: 'geo map split_clients',
  access: 'allow deny auth_basic auth_basic_user_file auth_delay auth_request auth_request_set',
  address: 'real_ip_header real_ip_recursive set_real_ip_from',
  limits:
    'limit_conn limit_conn_dry_run limit_conn_log_level limit_conn_status limit_conn_zone ' +
    'limit_req limit_req_dry_run limit_req_log_level limit_req_status limit_req_zone',
  proxy:
    'proxy_allow_upstream proxy_cookie_domain proxy_cookie_flags proxy_cookie_path ' +
    'proxy_force_ranges proxy_limit_rate proxy_method ' +
    'proxy_pass_request_body proxy_pass_request_headers proxy_send_lowat proxy_set_body ' +
    'proxy_ssl_*',
  tls: 'ssl_*',
  http2: 'http2 http2_* http3 http3_* quic_*',
  checks: 'api stub_status status_zone',
  content:
    'add_after_body add_before_body add_trailer addition_types autoindex* charset charset_map ' +
    'charset_types empty_gif gunzip gunzip_buffers gzip gzip_* mirror mirror_request_body ' +
    'override_charset random_index random_index_* secure_link secure_link_md5 secure_link_secret ' +
    'source_charset ssi ssi_* sub_filter sub_filter_* userid userid_* valid_referers ' +
    'referer_hash_*',
  grpc: 'grpc_*',
}

/** Values that say what holds without the directive. */
const HARMLESS: ReadonlyMap<string, readonly string[]> = new Map([
  ...offs(
    'gzip gzip_static gunzip ssi autoindex charset auth_basic auth_request mirror open_file_cache ' +
      'open_log_file_cache log_subrequest rewrite_log http2 http3 userid ' +
      'reset_timedout_connection proxy_force_ranges random_index ' +
      'recursive_error_pages disable_symlinks client_body_in_file_only proxy_ssl_verify ' +
      'proxy_ssl_server_name proxy_cookie_domain proxy_cookie_path proxy_cookie_flags ' +
      'client_body_in_single_buffer limit_conn_dry_run limit_req_dry_run add_header_inherit',
  ),
  ...values('on', 'etag chunked_transfer_encoding proxy_pass_request_headers'),
  ...values('on', 'proxy_pass_request_body uninitialized_variable_warn mirror_request_body'),
  ...values('0', 'limit_rate limit_rate_after proxy_limit_rate proxy_send_lowat'),
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
  const [word] = args
  return args.length === 1 && HARMLESS.get(name)?.includes(word!.text.toLowerCase()) === true
}

function offs(names: string): [string, readonly string[]][] {
  return values('off', names)
}

function values(value: string, names: string): [string, readonly string[]][] {
  return names.split(' ').map(name => [name, [value]])
}
