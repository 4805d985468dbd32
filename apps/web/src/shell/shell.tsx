import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, HubProblem, onSignedOut } from '../api/client.js';
import { live } from '../api/live.js';
import { whoami } from '../api/queries.js';
import { refreshFrom } from '../api/refresh.js';
import { chooseTheme, chosenTheme, THEMES, type Theme } from '../theme.js';
import { Button } from '../ui/button.js';
import { tell, ToldMessages } from '../ui/tell.js';
import { Failed, Loading } from '../ui/words.js';
import { KeysHelp, useGlobalKeys } from './keys.js';
import { LiveMark } from './live-mark.js';
import { Palette } from './palette.js';
import { PLACES } from './places.js';
import { SignIn } from './sign-in.js';

/** What stands around every page, once somebody is signed in. */
export function Shell() {
  const me = useQuery(whoami);
  const queries = useQueryClient();
  const [isOut, setOut] = useState(false);
  const [open, setOpen] = useState<'palette' | 'help' | null>(null);
  useEffect(() => onSignedOut(() => setOut(true)), []);
  const isIn = me.isSuccess && !isOut;
  useEffect(() => {
    if (!isIn) return;
    const stop = live.start();
    const forget = refreshFrom(live, queries);
    // A stream that is refused does not say why: whoever is not signed in any more hears it from this.
    const unwatch = live.watch(() => {
      if (live.state().state === 'down')
        queries.invalidateQueries({ queryKey: whoami.queryKey }).catch(() => undefined);
    });
    return () => {
      stop();
      forget();
      unwatch();
    };
  }, [isIn, queries]);
  useGlobalKeys(useMemo(() => ({ palette: () => setOpen('palette'), help: () => setOpen('help') }), []));
  if (isOut || (me.error instanceof HubProblem && me.error.problem.status === 401)) return <SignIn />;
  // While the hub is away, what was read stays: LiveMark says how old it is.
  if (!me.data) {
    if (me.error) return <Failed error={me.error} what="who you are" onRetry={() => me.refetch()} />;
    return <Loading what="Flotilla" />;
  }
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#content"
        className="bg-accent text-on-accent fixed top-2 left-2 z-50 -translate-y-20 rounded-md px-3 py-2 focus:translate-y-0"
      >
        Skip to the content
      </a>
      <Header actor={me.data.actor} role={me.data.role} onPalette={() => setOpen('palette')} />
      <LiveMark />
      <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
        <Outlet />
      </main>
      <ToldMessages />
      {open === 'palette' && <Palette onClose={() => setOpen(null)} />}
      {open === 'help' && <KeysHelp onClose={() => setOpen(null)} />}
    </div>
  );
}

function Header({
  actor,
  role,
  onPalette,
}: {
  readonly actor: string;
  readonly role: string;
  readonly onPalette: () => void;
}) {
  return (
    <header className="border-line bg-card sticky top-0 z-20 flex flex-wrap items-center gap-x-2 border-b px-3 py-1">
      <Link to="/fleet" className="text-strong flex min-h-11 items-center gap-2 pr-2 font-semibold sm:min-h-10">
        <img src="/icon.svg" alt="" className="size-6" /> Flotilla
      </Link>
      <Places />
      <div className="ml-auto flex items-center gap-1">
        <Button tone="quiet" onClick={onPalette} aria-keyshortcuts="Control+K Meta+K">
          Go to …{' '}
          <kbd className="border-line text-muted hidden rounded border px-1 font-mono text-xs lg:inline">Ctrl K</kbd>
        </Button>
        <Me actor={actor} role={role} />
      </div>
    </header>
  );
}

/** In a row of its own on a phone, where it scrolls sideways. */
function Places() {
  const here = useRouterState({ select: ({ location }) => location.pathname });
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (nav.current && link)
      nav.current.scrollLeft = link.offsetLeft - (nav.current.clientWidth - link.offsetWidth) / 2;
  }, [here]);
  return (
    <nav
      ref={nav}
      aria-label="Pages"
      className="order-last -mx-3 flex w-[calc(100%+1.5rem)] overflow-x-auto px-2 lg:order-none lg:mx-0 lg:w-auto lg:px-0"
    >
      {PLACES.map(({ to, name }) => {
        const isHere = here === to || here.startsWith(`${to}/`);
        return (
          <Link
            key={to}
            to={to}
            aria-current={isHere ? 'page' : undefined}
            className={`flex min-h-11 items-center rounded-md px-2.5 whitespace-nowrap lg:min-h-9 ${isHere ? 'bg-raised text-strong font-medium' : 'text-muted hover:text-strong'}`}
          >
            {name}
          </Link>
        );
      })}
    </nav>
  );
}

function Me({ actor, role }: { readonly actor: string; readonly role: string }) {
  const [theme, setTheme] = useState<Theme>(chosenTheme);
  return (
    <details className="relative">
      <summary className="hover:bg-raised flex min-h-11 max-w-44 list-none items-center truncate rounded-md px-2.5 sm:min-h-9">
        <span className="truncate">{actor}</span>
      </summary>
      <div className="bg-card border-line absolute right-0 z-30 mt-1 flex w-60 flex-col gap-3 rounded-lg border p-4 shadow-lg">
        <p className="break-all">
          <span className="text-strong font-medium">{actor}</span>
          <br />
          <span className="text-muted">{role}</span>
        </p>
        <label className="flex items-center justify-between gap-2">
          Theme
          <select
            className="border-line bg-card min-h-9 rounded-md border px-2"
            value={theme}
            onChange={(event) => {
              const chosen = event.target.value as Theme;
              chooseTheme(chosen);
              setTheme(chosen);
            }}
          >
            {THEMES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <Button
          onClick={() => {
            api.post('/api/v1/sessions/end').then(
              () => location.assign('/'),
              (error: unknown) => tell(error instanceof Error ? error.message : 'The hub did not answer', true),
            );
          }}
        >
          Sign out
        </Button>
      </div>
    </details>
  );
}
