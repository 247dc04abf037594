/**
 * How far a provider has followed.
 *
 * Owns one table in the catalog plugin's database, so that a restart goes on where the last
 * process stopped, and a new database begins anew.
 */
import type { DatabaseService } from '@backstage/backend-plugin-api';

export interface Place {
  position: string;
  /** When everything was read last, in milliseconds since 1970. */
  fullAt: number;
}

export interface Positions {
  load(): Promise<Place | undefined>;
  save(place: Place): Promise<void>;
}

const TABLE = 'callboard_positions';

/** Positions in the database, by the provider's name. */
export class DatabasePositions implements Positions {
  readonly #database: DatabaseService;
  readonly #provider: string;
  #made = false;

  constructor(database: DatabaseService, provider: string) {
    this.#database = database;
    this.#provider = provider;
  }

  async load(): Promise<Place | undefined> {
    const client = await this.#client();
    const row = await client(TABLE).where({ provider: this.#provider }).first();
    return row && { position: String(row.position), fullAt: Number(row.full_at) };
  }

  async save(place: Place): Promise<void> {
    const client = await this.#client();
    await client(TABLE)
      .insert({ provider: this.#provider, position: place.position, full_at: String(place.fullAt) })
      .onConflict('provider')
      .merge();
  }

  async #client() {
    const client = await this.#database.getClient();
    if (!this.#made && !(await client.schema.hasTable(TABLE))) {
      await client.schema.createTable(TABLE, table => {
        table.string('provider').primary();
        table.string('position').notNullable();
        table.string('full_at').notNullable();
      }).catch(async error => {
        // Another node of this backend made it in between.
        if (!(await client.schema.hasTable(TABLE))) throw error;
      });
    }
    this.#made = true;
    return client;
  }
}
