/** What a request's path is about. */
export type RequestTarget =
  | { readonly what: 'document'; readonly path: readonly string[] }
  | {
      readonly what: 'resource';
      readonly group: string;
      readonly version: string;
      readonly plural: string;
      readonly namespace?: string;
      readonly name?: string;
      readonly subresource?: string;
    };

/** Names are taken verbatim, percent-decoded and never lower-cased. */
export function parseRequestPath(path: string): RequestTarget {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  const [root, ...rest] = parts;
  if (root === 'api' && rest.length > 1) return resource('', rest[0] ?? '', rest.slice(1));
  if (root === 'apis' && rest.length > 2) return resource(rest[0] ?? '', rest[1] ?? '', rest.slice(2));
  return { what: 'document', path: parts };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function resource(group: string, version: string, rest: readonly string[]): RequestTarget {
  const [first = '', second, third, fourth, ...more] = rest;
  const target = { what: 'resource', group, version } as const;
  const tail = more.length > 0 ? { subresource: more.join('/') } : {};
  // `/namespaces/x/status` and `/namespaces/x/finalize` are the namespace's own; everything else below is content.
  const ownSubresource = third === 'status' || third === 'finalize';
  if (first === 'namespaces' && second !== undefined && third !== undefined && !ownSubresource) {
    const named = fourth === undefined ? {} : { name: fourth };
    return { ...target, plural: third, namespace: second, ...named, ...tail };
  }
  const named = second === undefined ? {} : { name: second };
  const sub = third === undefined ? {} : { subresource: [third, fourth, ...more].filter(Boolean).join('/') };
  return { ...target, plural: first, ...named, ...sub };
}
