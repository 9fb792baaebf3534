// The severities of the error log: one list for what writes it and for what a configuration may say of it. The words and
// their order are nginx's (http://nginx.org/en/docs/ngx_core_module.html#error_log).

/** Least to most severe. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warn',
  'error',
  'crit',
  'alert',
  'emerg',
] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
