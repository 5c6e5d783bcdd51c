-- Version 1. SQLite. Every owned row and unique key carries tenant_id (one tenant, 'default', is in use).
CREATE TABLE epoch (
    id    integer NOT NULL PRIMARY KEY CHECK (id = 1),
    value bigint  NOT NULL
);
INSERT INTO epoch (id, value) VALUES (1, 1);

CREATE TABLE users (
    id            varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id     varchar(36)  NOT NULL DEFAULT 'default',
    username      varchar(50)  NOT NULL,
    password_hash text         NOT NULL,
    roles         text       NOT NULL,
    tier          varchar(50),
    enabled       integer       NOT NULL DEFAULT 1,
    created_at    text       NOT NULL,
    updated_at    text       NOT NULL,
    CONSTRAINT uk_users_username UNIQUE (tenant_id, username)
);

-- jti deny list (P-77); rows may go once the token has expired by itself.
CREATE TABLE revoked_tokens (
    jti        varchar(36) NOT NULL PRIMARY KEY,
    expires_at text      NOT NULL
);

-- definition is sealed: it holds credentials of services. A removed service stays, so that its names stay its own.
CREATE TABLE mcp_services (
    id             varchar(36) NOT NULL PRIMARY KEY,
    tenant_id      varchar(36) NOT NULL DEFAULT 'default',
    name           varchar(64) NOT NULL,
    enabled        integer      NOT NULL DEFAULT 1,
    position       integer     NOT NULL,
    definition     text        NOT NULL,
    known_revision varchar(10),
    removed_at     text,
    created_at     text      NOT NULL,
    updated_at     text      NOT NULL,
    CONSTRAINT uk_services_name UNIQUE (tenant_id, name)
);

-- A-58 with the columns of C-12, C-14, C-45 and C-47. api_key is AES-256-GCM ciphertext.
CREATE TABLE mcp_tool_groups (
    id                      varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id               varchar(36)  NOT NULL DEFAULT 'default',
    name                    varchar(100) NOT NULL,
    description             text,
    api_key                 varchar(255) NOT NULL,
    hashed_api_key          varchar(64)  NOT NULL,
    previous_hashed_api_key varchar(64),
    previous_valid_until    text,
    server_code             varchar(64)  NOT NULL,
    user_tier_access        text       NOT NULL,
    allowed_roles           text       NOT NULL,
    calls_per_minute        integer,
    concurrent_calls        integer,
    publish_native          integer       NOT NULL DEFAULT 0,
    enabled                 integer       NOT NULL DEFAULT 1,
    created_by              varchar(36),
    created_at              text       NOT NULL,
    updated_at              text       NOT NULL,
    CONSTRAINT uk_name UNIQUE (tenant_id, name),
    CONSTRAINT uk_server_code UNIQUE (tenant_id, server_code),
    -- Across tenants: the key alone selects the group.
    CONSTRAINT uk_hashed_api_key UNIQUE (hashed_api_key)
);
CREATE INDEX idx_enabled ON mcp_tool_groups (enabled);
CREATE INDEX idx_created_by ON mcp_tool_groups (created_by);

CREATE TABLE mcp_group_services (
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    group_id   varchar(36) NOT NULL REFERENCES mcp_tool_groups (id) ON DELETE CASCADE,
    service_id varchar(36) NOT NULL REFERENCES mcp_services (id) ON DELETE CASCADE,
    position   integer     NOT NULL,
    PRIMARY KEY (tenant_id, group_id, service_id)
);

-- A-59 with C-13: a name is unique in its group. A row with removed_at is a tombstone that keeps the name for its owner.
CREATE TABLE mcp_tools (
    id              varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id       varchar(36)  NOT NULL DEFAULT 'default',
    tool_name       varchar(100) NOT NULL,
    group_id        varchar(36)  NOT NULL REFERENCES mcp_tool_groups (id) ON DELETE CASCADE,
    service_id      varchar(36),
    upstream_name   text         NOT NULL,
    version         varchar(20)  NOT NULL DEFAULT '1.0.0',
    description     text,
    enabled         integer       NOT NULL DEFAULT 1,
    timeout_seconds integer      NOT NULL DEFAULT 30,
    config_data     text,
    removed_at      text,
    created_at      text       NOT NULL,
    updated_at      text       NOT NULL,
    CONSTRAINT uk_tool_name UNIQUE (tenant_id, group_id, tool_name)
);
CREATE INDEX idx_group_enabled ON mcp_tools (group_id, enabled);
CREATE INDEX idx_tool_name ON mcp_tools (tool_name);

-- The same for prompts, resources and resource templates.
CREATE TABLE mcp_publications (
    id              varchar(36) NOT NULL PRIMARY KEY,
    tenant_id       varchar(36) NOT NULL DEFAULT 'default',
    kind            varchar(20) NOT NULL,
    exposed_name    text        NOT NULL,
    group_id        varchar(36) NOT NULL REFERENCES mcp_tool_groups (id) ON DELETE CASCADE,
    service_id      varchar(36),
    upstream_name   text        NOT NULL,
    description     text,
    enabled         integer      NOT NULL DEFAULT 1,
    timeout_seconds integer     NOT NULL DEFAULT 30,
    removed_at      text,
    created_at      text      NOT NULL,
    updated_at      text      NOT NULL,
    CONSTRAINT uk_publication_name UNIQUE (tenant_id, group_id, kind, exposed_name)
);

-- What each service last listed; definition is the service's own JSON, byte for byte.
CREATE TABLE mcp_catalogue (
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    service_id varchar(36) NOT NULL REFERENCES mcp_services (id) ON DELETE CASCADE,
    kind       varchar(20) NOT NULL,
    name       text        NOT NULL,
    position   integer     NOT NULL,
    definition blob      NOT NULL,
    PRIMARY KEY (tenant_id, service_id, kind, name)
);
