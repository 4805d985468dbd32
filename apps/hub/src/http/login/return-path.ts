/** Where a browser stands once it is signed in, unless it was to go elsewhere. */
export const SIGNED_IN_PATH = '/auth/signed-in';

/** A path of this hub and of nothing else, however it was written: anything that a browser might read as another host is not taken. */
export function returnPath(asked: string | undefined): string {
  if (asked === undefined || !/^\/[\w./~%?&=:@,+-]*$/.test(asked) || /^\/[/\\]/.test(asked) || asked.length > 1024) {
    return SIGNED_IN_PATH;
  }
  const url = new URL(asked, 'https://hub.invalid');
  // What ends a session, or begins another sign-in, is no place to return to.
  if (url.origin !== 'https://hub.invalid' || url.pathname.startsWith('//') || url.pathname.startsWith('/auth/')) {
    return SIGNED_IN_PATH;
  }
  return url.pathname + url.search;
}
