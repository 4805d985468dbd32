import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { ClusterView, Whoami } from '#contract';
import { part } from '../api/client.js';
import { useOfferActs } from '../shell/acts.js';
import { ActDialog, type Act } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { LabelsDialog } from './labels-dialog.js';
import { mayOnCluster } from './may.js';
import { RemoveDialog } from './remove-dialog.js';
import { TokenDialog } from './token-dialog.js';

export type ClusterAct = 'hold' | 'unhold' | 'labels' | 'token' | 'remove';

/** Those that whoever looks may do to the cluster as it is now. */
export function actsFor(me: Whoami | undefined, cluster: ClusterView): readonly ClusterAct[] {
  if (!me || cluster.status === 'revoked') return [];
  const isLeaving = cluster.status === 'leaving';
  return [
    ...(mayOnCluster(me, 'operator', cluster) && !isLeaving
      ? ([cluster.hold ? 'unhold' : 'hold', 'labels'] as const)
      : []),
    ...(mayOnCluster(me, 'admin', cluster) ? ([...(isLeaving ? [] : (['token'] as const)), 'remove'] as const) : []),
  ];
}

const WORDS: Readonly<Record<ClusterAct, string>> = {
  hold: 'Hold',
  unhold: 'Let go',
  labels: 'Labels',
  token: 'New join token',
  remove: 'Remove',
};

export function useClusterActs(me: Whoami | undefined, cluster: ClusterView | undefined) {
  const [open, setOpen] = useState<ClusterAct | null>(null);
  const can = useMemo(() => (cluster ? actsFor(me, cluster) : []), [me, cluster]);
  const offered = useMemo(
    () => can.map((act) => ({ name: `${WORDS[act]}: ${cluster?.name ?? ''}`, run: () => setOpen(act) })),
    [can, cluster?.name],
  );
  useOfferActs(offered);
  return { can, open, setOpen };
}

export function ClusterActButtons({
  can,
  onAct,
}: {
  readonly can: readonly ClusterAct[];
  readonly onAct: (act: ClusterAct) => void;
}) {
  return can
    .filter((act) => act !== 'labels')
    .map((act) => (
      <Button key={act} onClick={() => onAct(act)} {...(act === 'remove' && { className: 'text-danger!' })}>
        {WORDS[act]}
      </Button>
    ));
}

export function ClusterActDialog({
  act,
  cluster,
  onClose,
}: {
  readonly act: ClusterAct;
  readonly cluster: ClusterView;
  readonly onClose: () => void;
}) {
  const navigate = useNavigate();
  switch (act) {
    case 'hold':
    case 'unhold':
      return <ActDialog act={holdAct(act, cluster.name)} onClose={onClose} />;
    case 'labels':
      return <LabelsDialog cluster={cluster} onClose={onClose} />;
    case 'token':
      return <TokenDialog cluster={cluster} onClose={onClose} />;
    case 'remove':
      return (
        <RemoveDialog
          cluster={cluster}
          onClose={onClose}
          onRemoved={() => {
            navigate({ to: '/clusters' }).catch(() => undefined);
          }}
        />
      );
  }
}

function holdAct(verb: 'hold' | 'unhold', name: string): Act {
  const path = `/api/v1/clusters/${part(name)}/${verb}`;
  return verb === 'hold'
    ? { title: `Hold ${name}`, verb: 'Hold', path, reason: 'required' }
    : { title: `Let ${name} go`, verb: 'Let go', path, reason: 'optional' };
}
