-- How a user is reached (A-29, A-38); null where nobody said. Mails are kept in lower case.
ALTER TABLE users ADD COLUMN email varchar(254);
ALTER TABLE users ADD COLUMN phone varchar(32);
ALTER TABLE users ADD COLUMN avatar text;
CREATE UNIQUE INDEX uk_users_email ON users (tenant_id, email);

-- Conversations with customers and what was said in them; ids are in the order of time. ai_enabled: an agent may answer (A-57).
CREATE TABLE conversations (
    id            varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id     varchar(36)  NOT NULL DEFAULT 'default',
    user_id       varchar(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    consultant_id varchar(36),
    title         varchar(200) NOT NULL,
    status        varchar(20)  NOT NULL DEFAULT 'open',
    ai_enabled    boolean      NOT NULL DEFAULT true,
    claimed_at    timestamptz,
    created_at    timestamptz         NOT NULL,
    updated_at    timestamptz         NOT NULL
);
CREATE INDEX idx_conversations_user ON conversations (tenant_id, user_id, id);

-- role: customer, assistant, consultant or system; content is JSON with a schema number.
CREATE TABLE messages (
    id              varchar(36) NOT NULL PRIMARY KEY,
    tenant_id       varchar(36) NOT NULL DEFAULT 'default',
    conversation_id varchar(36) NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    role            varchar(20) NOT NULL,
    sender_id       varchar(36),
    content         jsonb       NOT NULL,
    created_at      timestamptz        NOT NULL
);
CREATE INDEX idx_messages_conversation ON messages (conversation_id, id);

-- What the sample tools work on. Prices are whole yuan.
CREATE TABLE sample_projects (
    id               varchar(40)  NOT NULL,
    tenant_id        varchar(36)  NOT NULL DEFAULT 'default',
    name             varchar(100) NOT NULL,
    category         varchar(20)  NOT NULL,
    description      text         NOT NULL,
    price            integer      NOT NULL,
    duration_minutes integer      NOT NULL,
    recovery_days    integer      NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
INSERT INTO sample_projects (id, name, category, description, price, duration_minutes, recovery_days) VALUES
    ('hydrating-facial', 'Hydrating facial', 'skin', 'Deep cleansing and moisture for dry or tired skin.', 480, 60, 0),
    ('acid-peel', 'Fruit acid peel', 'skin', 'Mild peel against dull skin and clogged pores.', 680, 40, 3),
    ('photo-rejuvenation', 'Photo rejuvenation', 'laser', 'Pulsed light against redness, spots and uneven tone.', 1580, 45, 5),
    ('pico-laser', 'Picosecond laser', 'laser', 'Short laser pulses against pigment and fine scars.', 2980, 50, 7),
    ('hair-removal', 'Laser hair removal', 'laser', 'Lasting reduction of hair on one area of the body.', 890, 30, 1),
    ('hyaluronic-filler', 'Hyaluronic filler', 'injection', 'Volume for lips, cheeks or folds; lasts about a year.', 4200, 40, 3),
    ('wrinkle-relaxer', 'Wrinkle relaxer', 'injection', 'Relaxes the lines of forehead and eyes for some months.', 2600, 20, 1),
    ('skin-consultation', 'Skin consultation', 'consultation', 'A consultant looks at the skin and plans with you.', 0, 30, 0);

CREATE TABLE sample_treatments (
    id         varchar(36) NOT NULL PRIMARY KEY,
    tenant_id  varchar(36) NOT NULL DEFAULT 'default',
    user_id    varchar(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id varchar(40) NOT NULL,
    position   integer     NOT NULL,
    state      varchar(20) NOT NULL,
    price      integer     NOT NULL,
    day        varchar(10) NOT NULL,
    created_at timestamptz        NOT NULL,
    updated_at timestamptz        NOT NULL
);
CREATE INDEX idx_sample_treatments_user ON sample_treatments (tenant_id, user_id, position);

CREATE TABLE sample_preferences (
    tenant_id  varchar(36)  NOT NULL DEFAULT 'default',
    user_id    varchar(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       varchar(50)  NOT NULL,
    value      varchar(200) NOT NULL,
    created_at timestamptz         NOT NULL,
    updated_at timestamptz         NOT NULL,
    PRIMARY KEY (tenant_id, user_id, name)
);

-- value is sealed.
CREATE TABLE sample_sensitive_data (
    id         varchar(36)  NOT NULL PRIMARY KEY,
    tenant_id  varchar(36)  NOT NULL DEFAULT 'default',
    user_id    varchar(36)  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       varchar(50)  NOT NULL,
    value      text         NOT NULL,
    created_at timestamptz         NOT NULL,
    updated_at timestamptz         NOT NULL,
    CONSTRAINT uk_sample_sensitive_data UNIQUE (tenant_id, user_id, name)
);
