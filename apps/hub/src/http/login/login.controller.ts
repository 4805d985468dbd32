import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  cliTokenAnswerSchema,
  cliTokenRequestSchema,
  signInMethodsSchema,
  type CliTokenAnswer,
  type CliTokenRequest,
  type SignInMethods,
} from '#contract';
import { SETTINGS, type HubSettings } from '../../parts.js';
import { Permit } from '../access/permit.js';
import { Answers } from '../answers.js';
import { iso } from '../views/time.js';
import { BrowserSessions } from './browser-sessions.js';
import { dropCookie, setCookie, TICKET_COOKIE } from './cookies.js';
import { LoginCodes } from './login-codes.js';
import { returnPath, SIGNED_IN_PATH } from './return-path.js';
import { requireNoOtherSite } from './same-origin.js';
import { cliSchema, TICKET_MS, type SignInTicket } from './sign-in-ticket.js';
import { SignIn } from './sign-in.js';
import { SIGNED_IN_PAGE } from './signed-in-page.js';

/** Set where the hub itself sent the browser here: once is enough. */
const atSchema = z.literal('public').optional();
const placeSchema = z.object({ return: z.string().max(4096).optional() });
const returnSchema = placeSchema.extend({ at: atSchema });
const beginCliSchema = cliSchema.extend({ at: atSchema });
/** A code of another length is as unknown as any other. */
const codeSchema = z.string().max(200);

/** Where people sign in; each of these doors checks its own proof. */
@ApiTags('sign-in')
@Controller('auth')
export class LoginController {
  constructor(
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly signIn: SignIn,
    private readonly codes: LoginCodes,
    private readonly browsers: BrowserSessions,
  ) {}

  /** How people sign in here, for whoever shows them the way. */
  @Get('methods')
  @Permit('public')
  @Answers(signInMethodsSchema)
  methods(): SignInMethods {
    return { oidc: this.settings.login.provider !== null };
  }

  /** Sends a browser to the identity provider. */
  @Get('login')
  @Permit('public')
  async login(
    @Query({ schema: returnSchema }) query: z.output<typeof returnSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (query.at === undefined && this.isElsewhere(request)) return this.sendToPublic(request, reply);
    await this.send(reply, { returnTo: returnPath(query.return), cli: null });
  }

  /** The same for a command line that waits on the person's machine. */
  @Get('cli')
  @Permit('public')
  async cli(
    @Query({ schema: beginCliSchema }) { at, ...cli }: z.output<typeof beginCliSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (at === undefined && this.isElsewhere(request)) return this.sendToPublic(request, reply);
    await this.send(reply, { returnTo: SIGNED_IN_PATH, cli });
  }

  /** Where the identity provider sends the browser back to. */
  @Get('callback')
  @Permit('public')
  async callback(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const ticket = request.cookies[TICKET_COOKIE];
    // Whatever comes of it: one answer for one ticket.
    dropCookie(reply, TICKET_COOKIE);
    const search = new URL(request.raw.url ?? '', 'https://hub.invalid').search;
    const signedIn = await this.signIn.finish(search, ticket);
    if (signedIn.kind === 'cli') return void reply.redirect(signedIn.redirectTo, 303);
    const { actor, owner, returnTo } = signedIn;
    await this.browsers.open(request, reply, { via: 'browser', actor, owner });
    return void reply.redirect(returnTo, 303);
  }

  /** A command line's code, for its session. */
  @Post('token')
  @HttpCode(200)
  @Permit('public')
  @Answers(cliTokenAnswerSchema)
  async token(@Body({ schema: cliTokenRequestSchema }) { code, verifier }: CliTokenRequest): Promise<CliTokenAnswer> {
    const { actor, token, expiresAt } = await this.codes.redeemCli(code, verifier);
    return { actor, token, expiresAt: iso(expiresAt) };
  }

  /** Opens the browser of somebody who holds a token, once. */
  @Get('link/:code')
  @Permit('public')
  async link(
    @Param('code', { schema: codeSchema }) code: string,
    @Query({ schema: placeSchema }) place: z.output<typeof placeSchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    requireNoOtherSite(request.headers);
    // Who only looks whether it is there must not spend it.
    if (request.method === 'HEAD') return void reply.status(204).send();
    const session = await this.codes.redeemLink(code);
    await this.browsers.requireNobodyElse(request, session.actor);
    await this.browsers.open(request, reply, session);
    return void reply.redirect(returnPath(place.return), 303);
  }

  @Get('signed-in')
  @Permit('public')
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return SIGNED_IN_PAGE;
  }

  /** Whether the browser knows the hub by another name than the identity provider does: cookies are of one name. */
  private isElsewhere(request: FastifyRequest): boolean {
    return request.host !== new URL(this.settings.publicUrl).host;
  }

  private sendToPublic(request: FastifyRequest, reply: FastifyReply): void {
    const { pathname, searchParams } = new URL(request.raw.url ?? '/', 'https://hub.invalid');
    searchParams.set('at', 'public');
    void reply.redirect(`${this.settings.publicUrl}${pathname}?${searchParams.toString()}`, 302);
  }

  private async send(reply: FastifyReply, about: Pick<SignInTicket, 'returnTo' | 'cli'>): Promise<void> {
    const { url, ticket } = await this.signIn.begin(about);
    setCookie(reply, TICKET_COOKIE, ticket, TICKET_MS);
    void reply.redirect(url, 302);
  }
}
