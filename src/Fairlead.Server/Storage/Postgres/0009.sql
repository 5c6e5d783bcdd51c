-- What tools keep of their users and for ever (P-23, P-34). Times are milliseconds since 1970.
CREATE TABLE session_states (
    id         varchar(64) NOT NULL PRIMARY KEY,
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    created_at bigint      NOT NULL,
    version    bigint      NOT NULL,
    data       text        NOT NULL
);
CREATE INDEX idx_session_states ON session_states (created_at);

CREATE TABLE persistent_state (
    tenant_id  varchar(36)  NOT NULL DEFAULT 'default',
    name       varchar(200) NOT NULL,
    version    bigint       NOT NULL,
    value      text         NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
