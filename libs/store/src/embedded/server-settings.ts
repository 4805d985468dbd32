export interface ServerSettings {
  /** False: nothing waits for the disk, and a crash of the machine loses the database. For tests. */
  readonly durable: boolean;
  readonly maxConnections: number;
  /** Folder of the Unix socket, or null to listen on 127.0.0.1:port. */
  readonly socketFolder: string | null;
  readonly port: number;
}

/**
 * Given on the command line at each start, so that they are this release's whatever the folder's files say. Small: a fleet of
 * 1,000 clusters needs some tens of megabytes. Logged statements and details could hold what a log must not.
 */
export function serverSettings({ durable, maxConnections, socketFolder, port }: ServerSettings): readonly string[] {
  const settings: Record<string, string> = {
    listen_addresses: socketFolder === null ? '127.0.0.1' : '',
    unix_socket_directories: socketFolder ?? '',
    unix_socket_permissions: '0700',
    port: String(port),
    max_connections: String(maxConnections),
    shared_buffers: '32MB',
    wal_buffers: '4MB',
    work_mem: '8MB',
    maintenance_work_mem: '32MB',
    // No replicas: less is written.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '256MB',
    // Worker processes for what never happens here cost memory each.
    io_method: 'sync',
    max_worker_processes: '2',
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    max_logical_replication_workers: '0',
    jit: 'off',
    random_page_cost: '1.1',
    // A plan of thousands of rows leaves as many dead ones behind.
    autovacuum_naptime: '20s',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
