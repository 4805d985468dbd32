import { Controller, Get, Injectable, type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { RetryableError } from '#kit';
import { Permit } from './access/permit.js';

/** Holds the API's description, which can only be made once the application is. */
@Injectable()
export class OpenApi {
  private document: OpenAPIObject | null = null;

  /** Makes it of the routes and the contract's schemas. */
  describe(app: INestApplication): void {
    const about = new DocumentBuilder()
      .setTitle('Flotilla')
      .setDescription('Multi-cluster fleet control plane. Errors are RFC 9457 problem+json.')
      .setVersion('v1')
      .addBearerAuth()
      .build();
    this.document = SwaggerModule.createDocument(app, about);
  }

  get(): OpenAPIObject {
    if (this.document) return this.document;
    throw new RetryableError('starting', 'The hub is still starting');
  }
}

@Controller('api/v1')
export class OpenApiController {
  constructor(private readonly openApi: OpenApi) {}

  @Get('openapi.json')
  @Permit('viewer', 'anybody')
  document(): OpenAPIObject {
    return this.openApi.get();
  }
}
