import { Column, Entity, PrimaryColumn, type ValueTransformer } from 'typeorm';
import { canonicalJson, type Role, type Scope } from '#domain';

/** TypeORM hands bigint on as text, whatever the driver read; all of ours are far below 2^53. */
const asNumber: ValueTransformer = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: number | null) => value,
};
const asScope: ValueTransformer = {
  from: (value: string) => JSON.parse(value) as Scope,
  to: (value: Scope) => canonicalJson(value),
};
const millis = { type: 'bigint', transformer: asNumber } as const;

/** Only what is plain create, read and update; everything that locks, pages by a key or writes in bulk is SQL. */
@Entity('tokens')
export class TokenEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { select: false })
  hash!: string;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  email!: string | null;

  @Column('text')
  role!: Role;

  /** Canonical JSON. */
  @Column('text', { transformer: asScope })
  scope!: Scope;

  @Column({ ...millis, name: 'created_at' })
  createdAt!: number;

  @Column('text', { name: 'created_by' })
  createdBy!: string;

  @Column({ ...millis, name: 'expires_at', nullable: true })
  expiresAt!: number | null;

  @Column({ ...millis, name: 'last_used_at', nullable: true })
  lastUsedAt!: number | null;

  @Column({ ...millis, name: 'revoked_at', nullable: true })
  revokedAt!: number | null;
}

@Entity('settings')
export class SettingEntity {
  @PrimaryColumn('text')
  key!: string;

  @Column('text')
  value!: string;
}

export const storeEntities = [TokenEntity, SettingEntity] as const;
