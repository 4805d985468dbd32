/** Who wrote a commit, of `Name <mail address>` or a bare name; undefined where nobody is named. */
export function authorOf(text: string): { readonly name: string; readonly email: string } | undefined {
  const [, name = '', email = ''] = /^([^<]*)<([^>]*)>$/.exec(text.trim()) ?? ['', text, ''];
  const author = { name: name.trim(), email: email.trim() };
  return author.name === '' && author.email === '' ? undefined : author;
}
