import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getIronSession } from 'iron-session';
import type { SessionValues } from '../../session-values.js';
import { type BenchApp, SECRET, seedValues } from './bench-app.js';

/** Express has Node's own request and response, Fastify wraps them. */
type Wrapped<T> = T & { readonly raw?: T };

function sessionOf(request: Wrapped<IncomingMessage>, response: Wrapped<ServerResponse>) {
  const options = { password: SECRET, cookieName: 'session', cookieOptions: { secure: false } };
  return getIronSession<SessionValues>(request.raw ?? request, response.raw ?? response, options);
}

@Controller()
class IronSessionController {
  @Get('plain')
  plain() {
    return { name: 'Peter Lawson' };
  }

  @Get('read')
  async read(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    const session = await sessionOf(request, response);
    return { name: session.user.name };
  }

  @Get('write')
  async write(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    const session = await sessionOf(request, response);
    session.counter++;
    await session.save();
    return { counter: session.counter };
  }

  @Get('seed')
  async seed(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    const session = await sessionOf(request, response);
    Object.assign(session, seedValues());
    await session.save();
  }
}

@Module({ controllers: [IronSessionController] })
class IronSessionModule {}

export default { module: IronSessionModule } satisfies BenchApp;
