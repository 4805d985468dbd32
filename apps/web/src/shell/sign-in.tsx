import { useQuery } from '@tanstack/react-query';
import { signInMethods } from '../api/queries.js';
import { Copy } from '../ui/copy.js';
import { Failed } from '../ui/words.js';

/** Nobody is signed in: how one gets in here. */
export function SignIn() {
  const methods = useQuery(signInMethods);
  const back = `${location.pathname}${location.search}`;
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-5 p-5">
      <h1 className="flex items-center gap-3 text-xl">
        <img src="/icon.svg" alt="" className="size-8" /> Sign in to Flotilla
      </h1>
      {methods.error && <Failed error={methods.error} what="how to sign in" onRetry={() => methods.refetch()} />}
      {methods.data?.oidc && (
        <a
          href={`/auth/login?return=${encodeURIComponent(back)}`}
          className="bg-accent text-on-accent grid min-h-11 place-items-center rounded-md font-medium"
        >
          Sign in with your company’s account
        </a>
      )}
      <section className="flex flex-col gap-2">
        <h2>From a terminal</h2>
        <p className="text-muted">
          Where <code>flotilla</code> is signed in, this opens a browser with a link that works once:
        </p>
        <Copy text="flotilla open" />
      </section>
      {methods.data && !methods.data.oidc && (
        <p className="text-muted">
          This hub has no identity provider; <code>FLOTILLA_OIDC_ISSUER</code> sets one.
        </p>
      )}
    </main>
  );
}
