import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Sse } from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import { Permit } from './permit.js';
import { requirePermits } from './require-permits.js';

@Controller('whole')
class Whole {
  @Get()
  @Permit('viewer')
  list(): string {
    return this.inner();
  }

  @Sse('stream')
  @Permit('public')
  stream(): Observable<never> {
    return EMPTY;
  }

  private inner(): string {
    return '';
  }
}

@Controller('open')
class Open {
  @Get(':name')
  get(): string {
    return '';
  }
}

@Controller('streaming')
class Streaming {
  @Sse()
  stream(): Observable<never> {
    return EMPTY;
  }
}

describe('requirePermits', () => {
  it('takes controllers whose every route says who may call it', () => {
    expect(() => requirePermits([Whole])).not.toThrow();
  });

  it.each([
    [Open, 'Open.get is a route without @Permit'],
    [Streaming, 'Streaming.stream is a route without @Permit'],
  ])('refuses %p', (controller, message) => {
    expect(() => requirePermits([Whole, controller])).toThrow(message);
  });
});
