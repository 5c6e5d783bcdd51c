-- What the key versions of encrypted fields are made of, besides the master key (C-36); created_at is milliseconds since 1970.
CREATE TABLE field_keys (
    tenant_id     varchar(36) NOT NULL DEFAULT 'default',
    version       integer     NOT NULL,
    master_key_id varchar(8)  NOT NULL,
    salt          varchar(64) NOT NULL,
    iterations    integer     NOT NULL,
    created_at    bigint      NOT NULL,
    PRIMARY KEY (tenant_id, version)
);
