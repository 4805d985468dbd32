import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { StrategyDocumentSpec } from '#contract';
import { HubProblem } from '../api/client.js';
import { checkBySchema } from './check-by-schema.js';
import { parsePath, pathText, type JsonSchema, type Path } from './json-schema.js';
import { lineOf, readDraft, type Draft } from './read-draft.js';
import { applyStrategy } from './reads.js';
import { useDebounced } from './use-debounced.js';

/** Something to mend, and where. */
export interface DraftProblem {
  readonly line: number;
  /** Empty: it is no YAML, and there are no fields. */
  readonly field: string;
  readonly message: string;
}

export interface CheckedDraft {
  readonly draft: Draft;
  readonly problems: readonly DraftProblem[];
  /** The document where nothing is wrong with it by the schema. */
  readonly document?: { readonly metadata: { readonly name: string }; readonly spec: StrategyDocumentSpec };
  /** Whether the hub, which knows rules that no schema tells, was asked and had nothing to say. */
  readonly isTaken: boolean;
}

const SETTLED_MS = 400;

/** Reads and checks the text as it is typed: by the schema at once, by the hub when it stands still. */
export function useCheckedDraft(text: string, schema: JsonSchema | undefined, mayWrite: boolean): CheckedDraft {
  const draft = useMemo(() => readDraft(text), [text]);
  const own = useMemo(() => ownProblems(draft, text, schema), [draft, text, schema]);
  const document =
    draft.state === 'read' && schema && own.length === 0 ? (draft.value as CheckedDraft['document']) : undefined;
  const settled = useDebounced(text, SETTLED_MS);
  const isSettled = settled === text;
  const asked = useQuery({
    queryKey: ['strategy-check', settled],
    queryFn: ({ signal }) => applyStrategy(document, { dryRun: true, signal }),
    enabled: mayWrite && document !== undefined && isSettled,
    retry: false,
    refetchInterval: false,
    staleTime: 30_000,
    gcTime: 60_000,
  });
  const told = useMemo(
    () =>
      isSettled && draft.state === 'read' && asked.error instanceof HubProblem
        ? hubProblems(asked.error, (path) => lineOf(path, draft.places, text))
        : [],
    [asked.error, draft, isSettled, text],
  );
  return {
    draft,
    problems: own.length > 0 ? own : told,
    ...(document && told.length === 0 && { document }),
    isTaken: document !== undefined && isSettled && asked.isSuccess,
  };
}

function ownProblems(draft: Draft, text: string, schema: JsonSchema | undefined): readonly DraftProblem[] {
  switch (draft.state) {
    case 'empty':
      return [{ line: 1, field: '', message: 'is empty: write a strategy, or take one from the list' }];
    case 'broken':
      return [{ line: draft.line, field: '', message: draft.message }];
    case 'read':
      return (schema ? checkBySchema(draft.value, schema) : [])
        .map(({ path, message }) => ({ line: lineOf(path, draft.places, text), field: pathText(path), message }))
        .sort((a, b) => a.line - b.line);
  }
}

/** What the hub says of `documents[0].spec.waves[1].soak`, without the part that is the request's. */
export function hubProblems({ problem }: HubProblem, line: (path: Path) => number): readonly DraftProblem[] {
  return (problem.errors ?? []).flatMap(({ path, message }) => {
    const [first, index, ...rest] = parsePath(path);
    if (first !== 'documents' || index !== 0) return [];
    return [{ line: line(rest), field: pathText(rest), message }];
  });
}
