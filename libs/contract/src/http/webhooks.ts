import { z } from 'zod';
import { nameSchema } from '../primitives.js';
import { reasonSchema, timeSchema } from './basics.js';

export const WEBHOOK_PROVIDERS = ['github', 'gitlab', 'gitea', 'bitbucket', 'generic'] as const;
export type WebhookProvider = (typeof WEBHOOK_PROVIDERS)[number];

export const webhookProviderSchema = z.enum(WEBHOOK_PROVIDERS, {
  error: `must be one of ${WEBHOOK_PROVIDERS.join(', ')}`,
});

export const webhookRequestSchema = z.strictObject({
  name: nameSchema,
  provider: webhookProviderSchema,
  reason: reasonSchema.optional(),
});

export const webhookViewSchema = z
  .object({
    name: nameSchema,
    provider: webhookProviderSchema,
    /** Where the host sends pushes. */
    url: z.string(),
    createdAt: timeSchema,
    createdBy: z.string(),
    /** When its secret was made. */
    changedAt: timeSchema,
    /** When it last told something with the right signature. */
    heardAt: timeSchema.optional(),
  })
  .meta({ id: 'WebhookView' });

export const webhookAnswerSchema = z
  .object({
    webhook: webhookViewSchema,
    /** Shown once. */
    secret: z.string(),
  })
  .meta({ id: 'WebhookAnswer' });

/** What a push did. */
export const deliveryAnswerSchema = z
  .object({
    /** Sources that are looked at because of it. */
    sources: z.array(z.string()),
    message: z.string(),
  })
  .meta({ id: 'DeliveryAnswer' });

export type WebhookRequest = z.output<typeof webhookRequestSchema>;
export type WebhookView = z.output<typeof webhookViewSchema>;
export type WebhookAnswer = z.output<typeof webhookAnswerSchema>;
export type DeliveryAnswer = z.output<typeof deliveryAnswerSchema>;
