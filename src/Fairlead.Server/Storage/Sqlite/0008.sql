-- Failed executions that wait for a person, or did; input is sealed. No foreign key: a group that goes does not take them along.
CREATE TABLE mcp_manual_queue (
    id             varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id      varchar(36)  NOT NULL DEFAULT 'default',
    execution_id   varchar(36)  NOT NULL,
    group_id       varchar(36)  NOT NULL,
    tool_name      text         NOT NULL,
    input          text         NOT NULL,
    priority       integer      NOT NULL,
    timeout_ms     bigint       NOT NULL,
    max_retries    integer      NOT NULL,
    correlation_id varchar(128),
    submitted_by   varchar(50),
    failure_class  varchar(20)  NOT NULL,
    severity       varchar(10)  NOT NULL,
    exception_type varchar(200) NOT NULL,
    error          text         NOT NULL,
    may_have_run   integer      NOT NULL,
    state          varchar(10)  NOT NULL,
    replayed_as    varchar(36),
    decided_by     varchar(50),
    created_at     text  NOT NULL,
    updated_at     text  NOT NULL
);
CREATE INDEX idx_manual_queue ON mcp_manual_queue (tenant_id, state, id);
