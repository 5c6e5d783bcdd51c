-- Definitions as they were first seen, and what was decided on them; text is the canonical form the hash is of, without secrets.
CREATE TABLE mcp_definitions (
    id         varchar(36) NOT NULL PRIMARY KEY,
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    service_id varchar(36) NOT NULL REFERENCES mcp_services (id) ON DELETE CASCADE,
    kind       varchar(20) NOT NULL,
    name       text        NOT NULL,
    hash       varchar(64) NOT NULL,
    text       text        NOT NULL,
    findings   text        NOT NULL,
    state      varchar(10) NOT NULL,
    is_current integer     NOT NULL,
    seen_at    text        NOT NULL,
    decided_at text,
    decided_by varchar(50),
    CONSTRAINT uk_definitions UNIQUE (tenant_id, service_id, kind, name, hash)
);
-- state: served, held (changed since it was approved) or pending (never approved).
ALTER TABLE mcp_catalogue ADD COLUMN hash varchar(64);
ALTER TABLE mcp_catalogue ADD COLUMN state varchar(10) NOT NULL DEFAULT 'served';
ALTER TABLE mcp_catalogue ADD COLUMN changed_at text;
-- Hash of what may be started; null where it was registered before there were any.
ALTER TABLE mcp_services ADD COLUMN launch_hash varchar(64);
