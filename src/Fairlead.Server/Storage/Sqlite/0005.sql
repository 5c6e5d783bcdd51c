-- Secrets of services, referred to as ${secret:NAME}. value is sealed.
CREATE TABLE mcp_secrets (
    id         varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id  varchar(36)  NOT NULL DEFAULT 'default',
    name       varchar(128) NOT NULL,
    value      text         NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    CONSTRAINT uk_secrets_name UNIQUE (tenant_id, name)
);
