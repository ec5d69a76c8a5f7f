import { defaultOf, loadPeer } from './peer.js';

/** A secret as cookie-signature takes it. */
export type CookieSecret = string | Uint8Array;

/** What is used of cookie-signature. It compares in constant time. */
interface CookieSignature {
  readonly unsign: (signed: string, secret: CookieSecret) => string | false;
}

/** Opens ids that were signed with HMAC-SHA256: `id.signature`. */
export function signedCookies(title: string, secrets: readonly CookieSecret[]) {
  let signature: CookieSignature;
  return {
    prepare: async (): Promise<void> => {
      type Module = CookieSignature & { default?: CookieSignature };
      signature = defaultOf(await loadPeer<Module>('cookie-signature', title));
    },
    /** @returns the id, or `undefined` where no secret signed it */
    idIn(text: string, prefix: string): string | undefined {
      if (!text.startsWith(prefix)) return undefined;
      const signed = text.slice(prefix.length);
      for (const secret of secrets) {
        const id = signature.unsign(signed, secret);
        if (id !== false) return id === '' ? undefined : id;
      }
      return undefined;
    },
  };
}
