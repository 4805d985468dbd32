import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, Sse } from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import { Permit, PERMISSION } from './permit.js';
import { requirePermits } from './require-permits.js';

@Controller('whole')
class Whole {
  @Get()
  @Permit('viewer', 'filtered')
  list(): string {
    return this.inner();
  }

  @Post(':name/parts/:part')
  @Permit('operator', { cluster: 'name', application: 'part' })
  put(): string {
    return '';
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

@Controller('aimless')
class Aimless {
  @Get(':name')
  get(): string {
    return '';
  }
}
Reflect.defineMetadata(PERMISSION, 'viewer', Aimless.prototype.get);

@Controller('misnamed')
class Misnamed {
  @Get(':name')
  @Permit('viewer', { cluster: 'cluster' })
  get(): string {
    return '';
  }
}

describe('requirePermits', () => {
  it('tells every route with who may call it and on what', () => {
    expect(requirePermits([Whole])).toEqual([
      { handler: 'Whole.list', method: 'GET', path: '/whole', permission: 'viewer', target: 'filtered' },
      {
        ...{ handler: 'Whole.put', method: 'POST', path: '/whole/:name/parts/:part', permission: 'operator' },
        target: { cluster: 'name', application: 'part' },
      },
      { handler: 'Whole.stream', method: 'GET', path: '/whole/stream', permission: 'public', target: null },
    ]);
  });

  it.each([
    [Open, 'Open.get is a route without @Permit'],
    [Streaming, 'Streaming.stream is a route without @Permit'],
    [Aimless, 'Aimless.get must say in @Permit what it is about, unless it is public'],
    [Misnamed, 'Misnamed.get is about ":cluster", which its path /misnamed/:name does not have'],
  ])('refuses %p', (controller, message) => {
    expect(() => requirePermits([Whole, controller])).toThrow(message);
  });
});
