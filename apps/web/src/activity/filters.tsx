import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { applications } from '../api/queries.js';
import { Button } from '../ui/button.js';
import { barBox } from '../ui/field.js';
import { AUDIT_FILTERS, EVENT_FILTERS, filtersOf, isoOf, localOf } from './activity-query.js';
import type { ActivitySearch, Kind } from './search.js';

/** Typing is over when nothing was typed for so long, milliseconds. */
const TYPED_MS = 350;

const HINTS: Readonly<Record<string, readonly [label: string, example: string]>> = {
  actor: ['Who', 'token:ann'],
  application: ['Application', 'web'],
  cluster: ['Cluster', 'eu-1'],
  rollout: ['Rollout', 'web-12'],
  act: ['Act', 'rollout.'],
  object: ['Object', 'Application/web'],
  since: ['From', ''],
  until: ['Until', ''],
};

/** Acts that the audit knows, by what they begin with. */
const ACTS = [
  'apply',
  'delete',
  'rollout.',
  'cluster.',
  'fleet.',
  'grant.',
  'session.',
  'token.',
  'credential.',
  'webhook.',
  'trust.',
];
const OBJECTS = ['Application/', 'Strategy/', 'Source/', 'Cluster/', 'Rollout/', 'Token/', 'Grant/', 'Session/'];

type Name = (typeof EVENT_FILTERS | typeof AUDIT_FILTERS)[number];

/** What is looked for stands in the address. On a phone the fields fold away. */
export function Filters({
  kind,
  search,
  onChange,
}: {
  readonly kind: Kind;
  readonly search: ActivitySearch;
  readonly onChange: (part: ActivitySearch) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const apps = useQuery({ ...applications, enabled: kind === 'events' });
  const names: readonly Name[] = kind === 'audit' ? AUDIT_FILTERS : EVENT_FILTERS;
  const set = filtersOf(kind, search);
  const known: Partial<Record<Name, readonly string[]>> = {
    act: ACTS,
    object: OBJECTS,
    application: apps.data?.map(({ metadata }) => metadata.name) ?? [],
  };
  return (
    <search className="flex flex-col gap-3" aria-label="Filter the activity">
      <div className="flex gap-2 sm:hidden">
        <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Filter{set.length > 0 && ` (${set.length})`}
        </Button>
        {set.length > 0 && <Clear names={set} onChange={onChange} />}
      </div>
      <div className={`${isOpen ? 'grid' : 'hidden'} grid-cols-1 items-end gap-3 sm:flex sm:flex-wrap`}>
        {names.map((name, index) => (
          <FilterField
            key={name}
            name={name}
            value={search[name]}
            isFirst={index === 0}
            known={known[name] ?? []}
            onChange={(value) => onChange({ [name]: value })}
          />
        ))}
        {set.length > 0 && (
          <div className="hidden sm:block">
            <Clear names={set} onChange={onChange} />
          </div>
        )}
      </div>
    </search>
  );
}

function Clear({
  names,
  onChange,
}: {
  readonly names: readonly (keyof ActivitySearch)[];
  readonly onChange: (part: ActivitySearch) => void;
}) {
  return (
    <Button tone="quiet" onClick={() => onChange(Object.fromEntries(names.map((name) => [name, undefined])))}>
      Clear
    </Button>
  );
}

function FilterField({
  name,
  value,
  isFirst,
  known,
  onChange,
}: {
  readonly name: Name;
  readonly value: string | undefined;
  readonly isFirst: boolean;
  readonly known: readonly string[];
  readonly onChange: (value: string | undefined) => void;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isTime = name === 'since' || name === 'until';
  const shown = isTime ? localOf(value) : (value ?? '');
  useEffect(() => () => clearTimeout(timer.current), []);
  // The address may change without the field; while somebody types it follows the field.
  useEffect(() => {
    if (input.current && document.activeElement !== input.current) input.current.value = shown;
  }, [shown]);
  const tell = (text: string): void => {
    const trimmed = text.trim();
    const told = isTime ? isoOf(trimmed) : trimmed === '' ? undefined : trimmed;
    if (told !== value) onChange(told);
  };
  const [label, example] = HINTS[name] ?? [name, ''];
  return (
    <div className={`flex min-w-0 flex-col gap-1 ${isTime ? '' : 'sm:w-44'}`}>
      <label htmlFor={id} className="text-muted text-xs font-medium">
        {label}
      </label>
      <input
        ref={input}
        id={id}
        type={isTime ? 'datetime-local' : 'search'}
        defaultValue={shown}
        placeholder={example}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        {...(isFirst && { 'data-filter': '' })}
        {...(known.length > 0 && { list: `${id}-known` })}
        onChange={(event) => {
          const text = event.target.value;
          clearTimeout(timer.current);
          timer.current = setTimeout(() => tell(text), TYPED_MS);
        }}
        onBlur={(event) => {
          clearTimeout(timer.current);
          tell(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          clearTimeout(timer.current);
          tell(event.currentTarget.value);
        }}
        className={`${barBox} w-full`}
      />
      {known.length > 0 && (
        <datalist id={`${id}-known`}>
          {known.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </div>
  );
}
