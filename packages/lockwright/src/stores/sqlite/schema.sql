-- The lock database. Protocol number: PRAGMA user_version. Owner mark: PRAGMA application_id.
--
-- Atomicity: every command runs in one transaction begun IMMEDIATE, or is one conditional UPDATE of one row.
-- Clock: CLOCK_MONOTONIC of the machine, in milliseconds; `boot` says of which boot.
-- Complexity: a quiet resource is one row. A crowded one has a row for each holder and waiter, reached by index only.

-- One row. `floor`: no token given out is at or below it for a resource that has no row yet.
CREATE TABLE space (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  boot TEXT NOT NULL,
  floor INTEGER NOT NULL
);

-- `state`: the resource as a JSON document; see document.ts. `version` counts its writes.
CREATE TABLE resource (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  state TEXT NOT NULL
) WITHOUT ROWID;

-- Holders and waiters of resources whose document says that they are kept here.
CREATE TABLE holder (
  resource TEXT NOT NULL,
  id TEXT NOT NULL,
  process TEXT NOT NULL,
  weight INTEGER NOT NULL,
  token INTEGER NOT NULL,
  ttl REAL NOT NULL,
  since REAL NOT NULL,
  expires_at REAL NOT NULL,
  claimed INTEGER NOT NULL,
  upgraded_by TEXT,
  upgraded_from INTEGER,
  label TEXT,
  PRIMARY KEY (resource, id)
) WITHOUT ROWID;
CREATE INDEX holder_expiry ON holder (resource, expires_at);
CREATE INDEX holder_process ON holder (resource, process);

CREATE TABLE waiter (
  resource TEXT NOT NULL,
  id TEXT NOT NULL,
  process TEXT NOT NULL,
  weight INTEGER NOT NULL,
  ttl REAL NOT NULL,
  seq INTEGER NOT NULL,
  since REAL NOT NULL,
  alive_until REAL NOT NULL,
  patience REAL NOT NULL,
  barging INTEGER NOT NULL,
  upgrade TEXT,
  label TEXT,
  PRIMARY KEY (resource, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX waiter_order ON waiter (resource, seq);
CREATE INDEX waiter_alive ON waiter (resource, alive_until);
CREATE INDEX waiter_process ON waiter (resource, process);

CREATE TABLE cell (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  json TEXT NOT NULL
) WITHOUT ROWID;
