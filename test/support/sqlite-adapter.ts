import type { KeyvStoreAdapter, StoredData } from 'keyv';
import sqlite from 'node-sqlite3-wasm';

/** A table of SQLite as an adapter for Keyv: `@keyv/sqlite` needs an addon that has to be compiled. */
export class SqliteAdapter implements KeyvStoreAdapter {
  readonly opts = {};
  private readonly database: InstanceType<typeof sqlite.Database>;

  constructor(file: string) {
    this.database = new sqlite.Database(file);
    this.database.run('CREATE TABLE IF NOT EXISTS keyv (key TEXT PRIMARY KEY, value TEXT)');
  }

  async get<Value>(key: string): Promise<StoredData<Value>> {
    const row = this.database.get('SELECT value FROM keyv WHERE key = ?', [key]);
    return row?.value as StoredData<Value>;
  }

  async getMany<Value>(keys: string[]): Promise<StoredData<Value>[]> {
    return Promise.all(keys.map((key) => this.get<Value>(key)));
  }

  async set(key: string, value: string): Promise<void> {
    this.database.run('INSERT OR REPLACE INTO keyv (key, value) VALUES (?, ?)', [key, value]);
  }

  async delete(key: string): Promise<boolean> {
    return this.database.run('DELETE FROM keyv WHERE key = ?', [key]).changes > 0;
  }

  async clear(): Promise<void> {
    this.database.run('DELETE FROM keyv');
  }

  /** It reports nothing: a call that fails throws. */
  on(): this {
    return this;
  }

  close(): void {
    this.database.close();
  }
}
