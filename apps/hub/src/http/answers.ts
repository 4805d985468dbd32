import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiDefaultResponse, ApiOkResponse } from '@nestjs/swagger';
import { problemSchema } from '#contract';
import type { z } from 'zod';

/** Declares a route's answer for the OpenAPI document; errors are always problems. */
export function Answers(schema: z.ZodType): MethodDecorator {
  return applyDecorators(
    ApiBearerAuth(),
    ApiOkResponse({ standardSchema: schema }),
    ApiDefaultResponse({ standardSchema: problemSchema, description: 'RFC 9457 problem details' }),
  );
}
