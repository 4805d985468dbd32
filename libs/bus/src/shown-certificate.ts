import { connect } from 'node:tls';
import { RetryableError, messageOf } from '#kit';
import { type Authority, issuerOf } from './authorities.js';

const TIMEOUT_MS = 5_000;

/**
 * Which of these authorities signed the certificate that a bus shows to whoever connects to it now, for each server of its URL.
 * Says so only of a connection that one of them stands for; null: the certificate is of none of them.
 * @throws RetryableError `bus-unreachable` when one of the servers does not answer
 */
export async function shownAuthorities(
  url: string,
  authorities: readonly Authority[],
): Promise<readonly (string | null)[]> {
  return await Promise.all(url.split(',').map((each) => shownBy(new URL(each.trim()), authorities)));
}

function shownBy({ hostname, port, href }: URL, authorities: readonly Authority[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    // It is looked at and nothing is said to it: whom it is of is what is to be found out.
    const socket = connect({ host, port: Number(port || 4222), rejectUnauthorized: false, timeout: TIMEOUT_MS }, () => {
      const shown = socket.getPeerX509Certificate();
      resolve(shown === undefined ? null : issuerOf(shown.toString(), authorities));
      socket.destroy();
    });
    const fail = (error: Error): void => {
      socket.destroy();
      const why = `The bus at ${href} does not show its certificate: ${messageOf(error, 200)}.`;
      reject(new RetryableError('bus-unreachable', why));
    };
    socket.once('timeout', () => fail(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    socket.once('error', fail);
  });
}
