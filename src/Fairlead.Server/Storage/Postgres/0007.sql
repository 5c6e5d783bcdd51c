-- What became of a service's lists at each reading that found something new; what is a CatalogueChange as JSON.
CREATE TABLE mcp_catalogue_changes (
    id         varchar(36) NOT NULL PRIMARY KEY,
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    service_id varchar(36) NOT NULL REFERENCES mcp_services (id) ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    what       text        NOT NULL
);
CREATE INDEX idx_catalogue_changes ON mcp_catalogue_changes (service_id, id);
