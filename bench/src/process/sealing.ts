/** A way to carry something in a cookie. */
export interface Sealing<T> {
  readonly name: string;
  seal(content: T): string | Promise<string>;
  open(token: string): unknown;
}

export const SECRET = 'a secret of the benchmark, which is 48 bytes long';
