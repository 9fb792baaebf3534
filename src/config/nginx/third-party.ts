// Directives of modules that people compile or load into nginx, and of nginx's own modules for
// other protocols. They are unknown here as they are to a plain nginx; the hint says what they are
// and what to do instead.

interface Family {
  readonly names: RegExp
  readonly hint: string
}

const FAMILIES: readonly Family[] = [
  {
    names: /^ngx_fastdfs_module$/,
    hint:
      'it belongs to fastdfs-nginx-module, which serves files inside the nginx of a storage node: ' +
      'leave that nginx as it is, and name it as a "server" of an "upstream" here',
  },
  {
    names: /^(fastcgi|uwsgi|scgi|memcached|tunnel)_/,
    hint: 'peers speak HTTP here: put an HTTP server before the application, and use "proxy_pass"',
  },
  {
    names: /^(mail|imap|pop3|smtp|auth_http)/,
    hint: 'mail is not proxied here: keep an nginx for it',
  },
  {
    names: /_by_lua(_block|_file)?$|^lua_|^js_|^perl/,
    hint: 'programs inside the configuration are not run here',
  },
  {
    names:
      /^(check|check_http_send|check_http_expect_alive|check_keepalive_requests|check_status)$/,
    hint: 'it belongs to a health check module: here "health_check" and "match" ask the peers',
  },
  {
    names: /^more_(set|clear)_/,
    hint: 'use "add_header", "proxy_hide_header" or "proxy_set_header"',
  },
  {
    names: /^(vhost_traffic_status|upstream_show|geoip2?_|geoip_)/,
    hint: 'it belongs to a module',
  },
  {
    names: /^(brotli|zstd|pagespeed)/,
    hint: 'it belongs to a module; responses pass as peers send them',
  },
  {
    names: /^(passenger|rails|modsecurity|naxsi)/i,
    hint: 'it belongs to a module that is compiled into nginx',
  },
  {
    names: /^(image_filter|xslt|xml_|dav_|flv|mp4|browser|ancient_|modern_)/,
    hint: 'it is not planned',
  },
]

/** What a directive of a known module is and what to do instead; null for other names. */
export function thirdPartyHint(name: string): string | null {
  return FAMILIES.find(family => family.names.test(name))?.hint ?? null
}
