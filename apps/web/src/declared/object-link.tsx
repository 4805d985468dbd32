import { Link } from '@tanstack/react-router';

const LINK = 'text-accent font-medium underline';

/** An object of the hub's by kind and name, with a way to it where there is a page of it. */
export function ObjectLink({ kind, name }: { readonly kind: string; readonly name: string }) {
  const params = { name };
  return (
    <span className="min-w-0 break-all">
      <span className="text-muted">{kind}</span>{' '}
      {kind === 'Application' || kind === 'Pause' ? (
        <Link to="/applications/$name" params={params} className={LINK}>
          {name}
        </Link>
      ) : kind === 'Strategy' ? (
        <Link to="/strategies/$name" params={params} className={LINK}>
          {name}
        </Link>
      ) : kind === 'Policy' ? (
        <Link to="/policies/$name" params={params} className={LINK}>
          {name}
        </Link>
      ) : kind === 'Cluster' || kind === 'Hold' ? (
        <Link to="/clusters/$name" params={params} className={LINK}>
          {name}
        </Link>
      ) : (
        <strong className="text-strong font-medium">{name}</strong>
      )}
    </span>
  );
}
