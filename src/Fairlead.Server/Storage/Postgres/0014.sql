-- A run of an automation. All times are milliseconds since 1970. step is the place of the next step; who holds the lease works on
-- it, and writes only while the fence is still his.
CREATE TABLE automation_runs (
    id           varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id    varchar(36)  NOT NULL DEFAULT 'default',
    automation   varchar(60)  NOT NULL,
    version      integer      NOT NULL,
    subject      varchar(100) NOT NULL,
    state        varchar(10)  NOT NULL,
    input        jsonb NOT NULL,
    data         jsonb NOT NULL,
    step         integer      NOT NULL DEFAULT 0,
    attempts     integer      NOT NULL DEFAULT 0,
    due_at       bigint       NOT NULL,
    lease_owner  varchar(90),
    lease_until  bigint       NOT NULL DEFAULT 0,
    fence        bigint       NOT NULL DEFAULT 0,
    error        varchar(1000),
    trace_parent varchar(60),
    created_at   bigint       NOT NULL,
    finished_at  bigint,
    CONSTRAINT uk_automation_runs UNIQUE (tenant_id, automation, subject)
);
CREATE INDEX idx_automation_runs_due ON automation_runs (state, due_at);
CREATE INDEX idx_automation_runs_created ON automation_runs (tenant_id, automation, created_at);

-- How each step of a run ended: done, failed or skipped.
CREATE TABLE automation_steps (
    run_id      varchar(36) NOT NULL REFERENCES automation_runs (id) ON DELETE CASCADE,
    position    integer     NOT NULL,
    name        varchar(60) NOT NULL,
    state       varchar(10) NOT NULL,
    attempts    integer     NOT NULL,
    duration_ms bigint      NOT NULL,
    error       varchar(1000),
    ended_at    bigint      NOT NULL,
    PRIMARY KEY (run_id, position)
);
CREATE INDEX idx_automation_steps_name ON automation_steps (name, ended_at);

CREATE TABLE system_settings (
    tenant_id  varchar(36)  NOT NULL DEFAULT 'default',
    name       varchar(100) NOT NULL,
    value      jsonb NOT NULL,
    updated_by varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
