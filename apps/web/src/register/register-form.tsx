import { useMutation } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { RegisterAnswer } from '#contract';
import { api, HubProblem } from '../api/client.js';
import { labelProblems, labelsOf, type LabelRow } from '../clusters/label-rows.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { TextField } from '../ui/field.js';
import { fieldErrors } from './field-errors.js';
import { LabelFields } from './label-fields.js';

/** What somebody fills in; kept for the next cluster but for the name. */
export interface Registering {
  readonly name: string;
  readonly labels: readonly LabelRow[];
  readonly namespaces: string;
  readonly tokenTtl: string;
}

export const NOBODY: Registering = {
  name: '',
  labels: [{ id: 0, key: '', value: '' }],
  namespaces: '',
  tokenTtl: '1h',
};

const LIFETIMES = ['15m', '1h', '8h', '1d', '7d'];

/** Names as people write them in a row, by commas or spaces. */
function namesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}

export function RegisterForm({
  form,
  onChange,
  onDone,
}: {
  readonly form: Registering;
  readonly onChange: (form: Registering) => void;
  readonly onDone: (answer: RegisterAnswer) => void;
}) {
  const [isTried, setTried] = useState(false);
  const register = useMutation({
    mutationFn: () => {
      const namespaces = namesOf(form.namespaces);
      return api.post<RegisterAnswer>('/api/v1/clusters', {
        ...{ name: form.name.trim(), labels: labelsOf(form.labels), tokenTtl: form.tokenTtl.trim() },
        ...(namespaces.length > 0 && { namespaces }),
      });
    },
    // The answer holds the token: it is kept by the page alone, for as long as it is shown.
    gcTime: 0,
    onSuccess: onDone,
  });
  const keys = form.labels.map(({ key }) => key);
  const errors = fieldErrors(register.error instanceof HubProblem ? register.error.problem : undefined, keys);
  const own = useMemo(() => labelProblems(form.labels), [form.labels]);
  const problems = new Map([
    ...form.labels.flatMap(({ id, key }): [number, string][] => {
      const told = errors.labels.get(key);
      return told === undefined ? [] : [[id, told]];
    }),
    ...(isTried ? own : []),
  ]);
  const change = (part: Partial<Registering>): void => {
    if (register.error) register.reset();
    onChange({ ...form, ...part });
  };
  const nameError = isTried && form.name.trim() === '' ? 'Give it a name' : errors.name;
  const isTold = register.error instanceof HubProblem && errors.rest.length === 0;
  return (
    <form
      noValidate
      className="flex max-w-2xl flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (form.name.trim() !== '' && own.size === 0 && !register.isPending) register.mutate();
      }}
    >
      <TextField
        label="Name"
        hint="How it is called everywhere: lower-case letters, digits, dashes and dots."
        value={form.name}
        maxLength={100}
        required
        onChange={(event) => change({ name: event.target.value })}
        {...(nameError && { error: nameError })}
      />
      <LabelFields rows={form.labels} problems={problems} onChange={(labels) => change({ labels })} />
      <TextField
        label="Namespaces (optional)"
        hint="The agent’s rights end at these, which must exist, such as shop, pay. Without any it has the whole cluster."
        value={form.namespaces}
        onChange={(event) => change({ namespaces: event.target.value })}
        {...(errors.namespaces && { error: errors.namespaces })}
      />
      <TextField
        label="The line works for"
        hint="1m to 7d; it works once."
        value={form.tokenTtl}
        list="register-lifetimes"
        className="sm:max-w-40"
        onChange={(event) => change({ tokenTtl: event.target.value })}
        {...(errors.tokenTtl && { error: errors.tokenTtl })}
      />
      <datalist id="register-lifetimes">
        {LIFETIMES.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      {register.error && !isTold && <Refusal error={register.error} />}
      <div>
        <Button type="submit" tone="primary" isBusy={register.isPending}>
          Register
        </Button>
      </div>
    </form>
  );
}
