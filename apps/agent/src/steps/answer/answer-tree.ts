import type { TreeAnswer } from '#contract';
import { growTree } from './grow-tree.js';
import { type AnswerInput, answerHead, truncatedBy } from './inspected.js';

/** An application's objects with sync and health, and those that they own, down to pods. */
export async function answerTree(input: AnswerInput): Promise<TreeAnswer> {
  const { roots, notes } = await growTree(input);
  return { ...answerHead(input.inspected), ...truncatedBy(notes), objects: [...roots] };
}
