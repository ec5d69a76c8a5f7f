import sodium from 'sodium-native';
import { SECRET, type Sealing } from '../sealing.js';

const KEY = Buffer.from(SECRET).subarray(0, sodium.crypto_secretbox_KEYBYTES);

/** What @fastify/secure-session does between text and cookie, without its session around it. */
export const secureSessionSodium: Sealing<string> = {
  name: 'its sodium alone, without JSON',
  seal(text) {
    const nonce = Buffer.allocUnsafe(sodium.crypto_secretbox_NONCEBYTES);
    sodium.randombytes_buf(nonce);
    const message = Buffer.from(text);
    const sealed = Buffer.allocUnsafe(message.length + sodium.crypto_secretbox_MACBYTES);
    sodium.crypto_secretbox_easy(sealed, message, nonce, KEY);
    return `${sealed.toString('base64')};${nonce.toString('base64')}`;
  },
  open(token) {
    const [body, nonce] = token.split(';') as [string, string];
    const sealed = Buffer.from(body, 'base64');
    const message = Buffer.allocUnsafe(sealed.length - sodium.crypto_secretbox_MACBYTES);
    const isGenuine = sodium.crypto_secretbox_open_easy(
      message,
      sealed,
      Buffer.from(nonce, 'base64'),
      KEY,
    );
    return isGenuine ? message.toString() : undefined;
  },
};
