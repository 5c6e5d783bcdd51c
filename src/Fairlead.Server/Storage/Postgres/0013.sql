-- What happens once whatever is tried again: an effect is named, and no second one gets its name. Null is what people do.
ALTER TABLE conversations ADD COLUMN effect_key varchar(200);
CREATE UNIQUE INDEX uk_conversations_effect ON conversations (tenant_id, effect_key);
ALTER TABLE messages ADD COLUMN effect_key varchar(200);
CREATE UNIQUE INDEX uk_messages_effect ON messages (tenant_id, effect_key);

-- What one person is told, and how it reached him: channel live or push, state pending, sent or failed. due_at is milliseconds
-- since 1970: when it is tried next.
CREATE TABLE notifications (
    id              varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id       varchar(36)  NOT NULL DEFAULT 'default',
    user_id         varchar(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type            varchar(40)  NOT NULL,
    payload         jsonb        NOT NULL,
    effect_key      varchar(200) NOT NULL,
    channel         varchar(10)  NOT NULL,
    state           varchar(10)  NOT NULL,
    attempts        integer      NOT NULL DEFAULT 0,
    due_at          bigint       NOT NULL,
    error           varchar(500),
    read_at         timestamptz,
    created_at      timestamptz NOT NULL,
    CONSTRAINT uk_notifications_effect UNIQUE (tenant_id, effect_key)
);
CREATE INDEX idx_notifications_user ON notifications (tenant_id, user_id, id);
CREATE INDEX idx_notifications_due ON notifications (state, due_at);

-- Who is connected to which node; seen_at is milliseconds since 1970, and what is old does not count.
CREATE TABLE live_presence (
    node    varchar(90) NOT NULL,
    user_id varchar(36) NOT NULL,
    seen_at bigint      NOT NULL,
    PRIMARY KEY (node, user_id)
);
CREATE INDEX idx_live_presence_user ON live_presence (user_id);

-- What a customer says of a message, 1 to 5.
CREATE TABLE message_feedback (
    message_id varchar(36) NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    user_id    varchar(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    rating     integer     NOT NULL,
    comment    varchar(1000),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, user_id)
);
