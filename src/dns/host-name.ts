// Which texts may be asked for as a name (RFC 1035 §2.3, RFC 2181 §11): short labels of letters, digits, `-` and `_`,
// which services and containers have. International names come in their ASCII form; to translate is not our business,
// because two libraries that translate differently mean two different machines.

import { DNS_LIMITS } from './limits.ts'

const LABEL = /^[a-z0-9_-]+$/i

/** Says what is wrong with a name; empty when it can be asked for. A dot at the end is allowed. */
export function hostNameProblem(name: string): string {
  if (!/^[\x21-\x7e]*$/.test(name)) {
    return 'only ASCII is asked for: write an international name as xn--…'
  }
  const text = withoutFinalDot(name)
  if (text === '') return 'the name is empty'
  if (text.length > DNS_LIMITS.nameLengthMax) {
    return `the name has ${text.length} characters, and ${DNS_LIMITS.nameLengthMax} is the limit`
  }
  for (const label of text.split('.')) {
    if (label === '') return 'a label is empty'
    if (label.length > DNS_LIMITS.labelLengthMax) {
      return `a label has ${label.length} characters, and ${DNS_LIMITS.labelLengthMax} is the limit`
    }
    if (!LABEL.test(label))
      return `the label "${label}" has other characters than a-z, 0-9, - and _`
  }
  return ''
}

/** The form in which names are compared and kept: lower case, without the dot at the end. */
export function canonicalName(name: string): string {
  return withoutFinalDot(name).toLowerCase()
}

/**
 * Makes the name of a service's SRV records, as nginx does: `http` at `example.com` is
 * `_http._tcp.example.com`; a service with a dot in it stands in front as it is.
 */
export function serviceName(service: string, name: string): string {
  return service.includes('.') ? `${service}.${name}` : `_${service}._tcp.${name}`
}

function withoutFinalDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
