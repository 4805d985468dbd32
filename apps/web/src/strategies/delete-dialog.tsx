import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { tell } from '../ui/tell.js';

/** One that is used is not deleted, and who uses it is said before somebody tries. */
export function DeleteDialog({
  name,
  usedBy,
  onClose,
  onDeleted,
}: {
  readonly name: string;
  readonly usedBy: readonly string[];
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete<undefined>(`/api/v1/strategies/${part(name)}`),
    onSuccess: async () => {
      tell(`Strategy ${name} is deleted.`);
      onDeleted();
      await queries.invalidateQueries({ queryKey: ['strategies'] });
    },
  });
  return (
    <Dialog title={`Delete strategy ${name}`} onClose={onClose}>
      {usedBy.length > 0 ? (
        <p>
          It is used by <strong className="text-strong">{usedBy.slice(0, 8).join(', ')}</strong>
          {usedBy.length > 8 && ` and ${usedBy.length - 8} more`}: point them elsewhere first.
        </p>
      ) : (
        <p>
          No application uses it. Rollouts that started with it keep their own copy.
          {name === 'default' && ' The one that is shipped takes its place.'}
        </p>
      )}
      {remove.error && <Refusal error={remove.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Don’t</Button>
        <Button tone="danger" disabled={usedBy.length > 0} isBusy={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
