import type { FleetStatus } from '#contract';
import { Copy } from '../ui/copy.js';
import { Empty } from '../ui/words.js';
import { ObjectLink } from './object-link.js';

/** The hub names no more than so many. */
const NAMED = 100;

/** What people made and no file declares: it is left alone. */
export function UndeclaredTab({ of, q }: { readonly of: FleetStatus['undeclared']; readonly q: string }) {
  const wanted = q.trim().toLowerCase();
  const chosen = of.filter((each) => each.toLowerCase().includes(wanted));
  if (of.length === 0)
    return <Empty title="Every object is declared by a file">There is nothing here that Git does not know.</Empty>;
  if (chosen.length === 0) return <Empty title="No object is like that" />;
  return (
    <div className="flex flex-col gap-3">
      <p className="max-w-prose">
        These are left as they are, whatever is committed. To declare them, take their files of an export:
      </p>
      <Copy text="flotilla export --to fleet/" />
      <ul className="grid grid-cols-1 gap-1 sm:grid-cols-2 lg:grid-cols-3" aria-label="Declared by no file">
        {chosen.map((each) => {
          const slash = each.indexOf('/');
          return (
            <li key={each} className="py-1.5">
              <ObjectLink kind={each.slice(0, slash)} name={each.slice(slash + 1)} />
            </li>
          );
        })}
      </ul>
      {of.length >= NAMED && <p className="text-muted">These are the first {NAMED}.</p>}
    </div>
  );
}
